package cohort

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// reference is the split of 14 cases, two of them one group, into 3 folds with
// seed 7, as this Python makes it:
//
//	import hashlib
//	cases=[(f'c{i:02}', 'g03' if i in(3,4) else f'g{i:02}', i%3==0 or i==4) for i in range(14)]
//	G={}
//	for c,g,y in cases: G.setdefault(g,[]).append((c,y))
//	n=[0]*3; fold={}
//	for y in(True,False):
//	    k=[0]*3
//	    for g in sorted([g for g in G if G[g][0][1]==y],key=lambda g:hashlib.sha256(f'folds/7/{g}'.encode()).hexdigest()):
//	        f=min(range(3),key=lambda f:(k[f],n[f],f)); fold[g]=f; k[f]+=len(G[g]); n[f]+=len(G[g])
//	print(','.join(f'{c}:{fold[g]}' for c,g,y in cases))
const reference = "c00:2,c01:1,c02:2,c03:0,c04:0,c05:0,c06:1,c07:2,c08:0,c09:1,c10:1,c11:1,c12:2,c13:0"

func referenceCases() []Case {
	var cases []Case
	for i := range 14 {
		c := Case{ID: fmt.Sprintf("c%02d", i), Group: fmt.Sprintf("g%02d", i), Class: "cyst"}
		if i == 4 {
			c.Group = "g03"
		}
		if i%3 == 0 || i == 4 {
			c.Class, c.Label = "tumour", 1
		}
		cases = append(cases, c)
	}
	return cases
}

func text(folds []Fold) string {
	var parts []string
	for _, f := range folds {
		parts = append(parts, fmt.Sprintf("%s:%d", f.Case, f.Fold))
	}
	return strings.Join(parts, ",")
}

func TestFoldsAreTheReferences(t *testing.T) {
	folds, err := MakeFolds(referenceCases(), 3, 7)
	if err != nil {
		t.Fatal(err)
	}
	if got := text(folds); got != reference {
		t.Errorf("got  %s\nwant %s", got, reference)
	}
}

func TestFoldsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cases []Case
		groups := rapid.IntRange(4, 40).Draw(t, "groups")
		for g := range groups {
			label := rapid.IntRange(0, 1).Draw(t, "label")
			for i := range rapid.IntRange(1, 3).Draw(t, "size") {
				cases = append(cases, Case{ID: fmt.Sprintf("%03d-%d", g, i), Group: fmt.Sprint(g), Label: label})
			}
		}
		k, seed := rapid.IntRange(2, 6).Draw(t, "k"), rapid.Int64().Draw(t, "seed")
		groupsOf := [2]map[string]bool{{}, {}}
		for _, c := range cases {
			groupsOf[c.Label][c.Group] = true
		}
		folds, err := MakeFolds(cases, k, seed)
		// Every group goes to an emptier fold first, so k groups of each class are enough.
		if enough := min(len(groupsOf[0]), len(groupsOf[1])) >= k; enough != (err == nil) {
			t.Fatalf("%d and %d groups in %d folds: %v", len(groupsOf[0]), len(groupsOf[1]), k, err)
		}
		if err != nil {
			return
		}
		of := map[string]int{}
		count := [2][]int{make([]int, k), make([]int, k)}
		label := map[string]int{}
		for _, c := range cases {
			label[c.ID] = c.Label
		}
		for _, f := range folds {
			if was, ok := of[f.Group]; ok && was != f.Fold {
				t.Fatalf("group %s in folds %d and %d", f.Group, was, f.Fold)
			}
			of[f.Group] = f.Fold
			count[label[f.Case]][f.Fold]++
		}
		for l := range count { // no fold is ahead of another by more than the largest group
			if slices.Max(count[l])-slices.Min(count[l]) > 3 {
				t.Fatalf("label %d: %v", l, count[l])
			}
		}
		shuffled := rapid.Permutation(cases).Draw(t, "order")
		again, err := MakeFolds(shuffled, k, seed)
		if err != nil || !slices.Equal(folds, again) {
			t.Fatalf("depends on the order of the cases: %v", err)
		}
	})
}

func TestFoldsRefused(t *testing.T) {
	cases := referenceCases()
	_, err := MakeFolds(cases, 1, 0)
	wantProblem(t, err, settingsFile, "number of folds", "2 or more")
	_, err = MakeFolds(cases, 1<<40, 0)
	wantProblem(t, err, settingsFile, "number of folds", "13 groups")
	_, err = MakeFolds(cases, 6, 0) // 5 positive groups
	wantProblem(t, err, settingsFile, "fold 5", "no case of the positive class")
}

func TestFoldsCSVIsFrozen(t *testing.T) {
	dir := t.TempDir()
	cases := referenceCases()
	made, err := FoldsCSV(dir, cases, 3, 7)
	if err != nil {
		t.Fatal(err)
	}
	read, err := FoldsCSV(dir, cases, 3, 8) // another seed changes nothing
	if err != nil || !slices.Equal(made, read) || text(read) != reference {
		t.Fatalf("%v: %s", err, text(read))
	}
	path := filepath.Join(dir, foldsFile)
	whole, _ := os.ReadFile(path)
	for name, test := range map[string]struct{ old, new, field, reason string }{
		"a case twice":     {"c01,g01,", "c00,g00,", "line 3, column case", "c00 a second time"},
		"a case too few":   {"c13,g13,", "c13,g13x,", "line 15, column group", "g13x for case c13, expected g13"},
		"an unknown case":  {"c05,", "x05,", "line 7, column case", "x05, which is not in cohort.csv"},
		"no fold":          {"c05,g05,", "c05,g05,x", "line 7, column fold", "whole number"},
		"a huge fold":      {"c05,g05,", "c05,g05,99999999", "line 7, column fold", "whole number"},
		"a fold too many":  {"c05,g05," + foldOf(made, "c05"), "c05,g05,3", "line 7, column fold", `found "3", expected a whole number from 0 to 2`},
		"a split group":    {"c04,g03," + foldOf(made, "c04"), "c04,g03,1", "line 6, column fold", "group g03 in folds"},
		"too many fields":  {"c05,g05,", "c05,g05,0,", "line 7", "4 fields, expected 3"},
		"no header":        {"case,group,fold\n", "", "header", "no column case"},
		"nothing":          {string(whole), "", "header", "an empty file"},
		"a row is missing": {"c05,g05," + foldOf(made, "c05") + "\n", "", "case", "no row for c05"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(string(whole), test.old, test.new, 1)
			if text == string(whole) {
				t.Fatal("the file was not harmed")
			}
			writeText(t, path, text)
			_, err := FoldsCSV(dir, cases, 3, 7)
			wantProblem(t, err, foldsFile, test.field, test.reason)
			if b, _ := os.ReadFile(path); string(b) != text {
				t.Error("folds.csv was written over")
			}
		})
	}
	writeText(t, path, string(whole))
	_, err = FoldsCSV(dir, cases, 4, 7)
	wantProblem(t, err, foldsFile, "fold 3", "found no case, expected cases in each of the 4 folds asked for; they are numbered from 0")
	for _, c := range []struct {
		from, to []string // the numbers that the folds get
		field    string
	}{
		{[]string{",0\n", ",2\n"}, []string{",1\n", ",2\n"}, "fold 0"},
		{[]string{",1\n", ",2\n"}, []string{",2\n", ",2\n"}, "fold 1"},
		{[]string{",0\n", ",1\n"}, []string{",2\n", ",2\n"}, "folds 0, 1"},
	} {
		text := strings.NewReplacer(c.from[0], c.to[0], c.from[1], c.to[1]).Replace(string(whole))
		writeText(t, path, text)
		_, err = FoldsCSV(dir, cases, 3, 7)
		wantProblem(t, err, foldsFile, c.field, "found no case, expected cases in each of the 3 folds")
	}

	var one strings.Builder // all positive cases in fold 0
	one.WriteString("case,group,fold\n")
	for i, c := range cases {
		f := 0
		if c.Label == 0 {
			f = i % 2
		}
		fmt.Fprintf(&one, "%s,%s,%d\n", c.ID, c.Group, f)
	}
	writeText(t, path, one.String())
	_, err = FoldsCSV(dir, cases, 2, 7)
	wantProblem(t, err, foldsFile, "fold 1", "no case of the positive class")
}

func foldOf(folds []Fold, id string) string {
	for _, f := range folds {
		if f.Case == id {
			return fmt.Sprint(f.Fold)
		}
	}
	return "?"
}

func FuzzFolds(f *testing.F) {
	cases := referenceCases()
	folds, err := MakeFolds(cases, 3, 7)
	if err != nil {
		f.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("case,group,fold\n")
	for _, x := range folds {
		fmt.Fprintf(&b, "%s,%s,%d\n", x.Case, x.Group, x.Fold)
	}
	f.Add(b.String())
	f.Add(strings.ReplaceAll(b.String(), ",0\n", ",2\n"))
	f.Add("\xef\xbb\xbffold,case,group\r\n0,c00,\"g00\"\r\n")
	f.Add("case,group,fold\nc00,g00,9223372036854775808\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseFolds("folds.csv", strings.NewReader(text), cases, 3)
		if err != nil {
			return
		}
		// What is accepted is a split: every case once, groups whole, both classes.
		of, both := map[string]int{}, map[[2]int]bool{}
		for i, g := range got {
			if g.Case != cases[i].ID || g.Group != cases[i].Group || g.Fold < 0 || g.Fold > 2 {
				t.Fatalf("row %d: %+v", i, g)
			}
			if was, ok := of[g.Group]; ok && was != g.Fold {
				t.Fatalf("group %s is split", g.Group)
			}
			of[g.Group] = g.Fold
			both[[2]int{g.Fold, cases[i].Label}] = true
		}
		if len(got) != len(cases) || len(both) != 6 {
			t.Fatalf("%d cases, %d folds by class", len(got), len(both))
		}
	})
}

func sha(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
