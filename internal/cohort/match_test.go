package cohort

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestMatch(t *testing.T) {
	rows := []string{"0001", "12", "p7", "P 8", "ＡＢ1", "x", "P-0099", " 5 ", "5"}
	images := []string{"0001", "0012", "P007", "P8", "AB1", "y", "p99", "5", "12a"}
	m, err := Match(rows, images, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Pair{{"0001", "0001"}, {"5", "5"}}, m.Pairs); d != "" {
		t.Error(d)
	}
	want := []Unmatched{
		{ID: "12", Suggest: []Suggestion{{"0012", "leading zeros"}}},
		{ID: "P 8", Suggest: []Suggestion{{"P8", "spaces or punctuation"}}},
		{ID: "P-0099", Suggest: []Suggestion{{"p99", "case, spaces or punctuation, leading zeros"}}},
		{ID: "p7", Suggest: []Suggestion{{"P007", "case, leading zeros"}}},
		{ID: "x"},
		{ID: "ＡＢ1", Suggest: []Suggestion{{"AB1", "full width"}}},
	}
	if d := cmp.Diff(want, m.RowsOnly); d != "" {
		t.Error(d)
	}
	if len(m.ImagesOnly) != 7 || m.String() != "2 patients in table and images, 6 in the table only, 7 with images only" {
		t.Errorf("%v %+v", m, m.ImagesOnly)
	}
	if table := m.Table(); len(table) != 1+6+7 || !slices.Equal(table[1], []string{"table", "12", "0012", "leading zeros"}) {
		t.Error(table)
	}

	// A suggestion that somebody has looked at.
	m, err = Match(rows, images, map[string]string{"12": "0012", "x": "y"})
	if err != nil || len(m.Pairs) != 4 || len(m.RowsOnly) != 4 || len(m.ImagesOnly) != 5 {
		t.Errorf("%v %+v", err, m)
	}
	for reason, accept := range map[string]map[string]string{
		"no image has": {"12": "99"}, "two rows": {"12": "0001"}, "the table does not have": {"zz": "y"},
	} {
		_, err := Match(rows, images, accept)
		wantProblem(t, err, "matches", "accepted", reason)
	}
}

// Nobody is lost, nobody is paired with another id, and suggestions go both ways.
func TestMatchLosesNobody(t *testing.T) {
	id := rapid.StringMatching(`[0pPａ]{0,2}[ -]?0{0,2}[1-3]`)
	rapid.Check(t, func(t *rapid.T) {
		rows, images := rapid.SliceOfN(id, 0, 12).Draw(t, "rows"), rapid.SliceOfN(id, 0, 12).Draw(t, "images")
		m, err := Match(rows, images, nil)
		if err != nil {
			t.Fatal(err)
		}
		left, right := idSet(rows), idSet(images)
		for _, p := range m.Pairs {
			if p.Row != p.Image || !left[p.Row] || !right[p.Row] {
				t.Fatalf("pair %v", p)
			}
		}
		back := map[[2]string]bool{}
		for _, u := range m.ImagesOnly {
			for _, s := range u.Suggest {
				back[[2]string{s.ID, u.ID}] = true
			}
			if left[u.ID] || !right[u.ID] {
				t.Fatalf("%q is on both sides", u.ID)
			}
		}
		for _, u := range m.RowsOnly {
			for _, s := range u.Suggest {
				if s.Differs == "" || len(u.Suggest) < 5 && len(m.ImagesOnly) < 5 && !back[[2]string{u.ID, s.ID}] {
					t.Fatalf("%q: %+v", u.ID, s)
				}
			}
		}
		if len(m.Pairs)+len(m.RowsOnly) != len(left) || len(m.Pairs)+len(m.ImagesOnly) != len(right) {
			t.Fatalf("%v of %d and %d", m, len(left), len(right))
		}
	})
}

func TestNames(t *testing.T) {
	same := [][]string{
		{"Zhang^San", "ZHANG, San", "san zhang", "Zhang San", "Zhang^San^^Dr", "ZHANG^SAN=张^三=", "ｚｈａｎｇ　ｓａｎ"},
		{"张三", "张^三", "Zhang^San=张^三", " 张 三 "},
		{"Müller^Jörg", "Muller Jorg", "MÜLLER, JÖRG"},
		{"Zhang^Xiaoming", "Zhang Xiao Ming"},
		{"Yamada^Tarou=山田^太郎=やまだ^たろう", "山田太郎", "やまだ たろう"},
	}
	share := func(a, b string) bool {
		for _, k := range nameKeys(a) {
			if slices.Contains(nameKeys(b), k) {
				return true
			}
		}
		return false
	}
	for i, names := range same {
		for _, n := range names[1:] {
			if !share(names[0], n) {
				t.Errorf("%q and %q: %q, %q", names[0], n, nameKeys(names[0]), nameKeys(n))
			}
			for j, others := range same {
				if i > 1 && j > 1 && i != j && share(n, others[0]) {
					t.Errorf("%q is taken for %q", n, others[0])
				}
			}
		}
	}
	for _, n := range []string{"", "^", "Anonymous", "ANONYMOUS^3", "匿名", "Patient 012", "test", "=", "?"} {
		if k := nameKeys(n); len(k) > 0 {
			t.Errorf("%q has keys %q", n, k)
		}
	}
}

func TestGroups(t *testing.T) {
	d := Date{1960, 1, 31}
	people := []Person{
		{Case: "C0001", PatientID: "1", Birth: d, Sex: "M", Name: "Zhang^San"},
		{Case: "C0002", PatientID: "2", Birth: d, Sex: "M", Name: "Li^Si"},
		{Case: "C0003", PatientID: "3", Birth: d, Sex: "M", Name: "zhang san"}, // C0001's person
		{Case: "C0004", PatientID: "4", Birth: d, Sex: "F", Name: "Zhang^San"}, // another sex
		{Case: "C0005", PatientID: "5", Birth: Date{}, Sex: "M", Name: "Zhang^San"},
		{Case: "C0006", PatientID: "6", Birth: d, Sex: "", Name: "Zhang^San"},
		{Case: "C0007", PatientID: " 2 "}, // C0002's id
		{Case: "C0008", PatientID: "8", Birth: Date{1900, 1, 1}, Sex: "M", Name: "Wang^Wu"},
		{Case: "C0009", PatientID: "9", Birth: Date{1900, 1, 1}, Sex: "M", Name: "Wang^Wu"}, // a placeholder's date
		{Case: "C0010", PatientID: "10", Birth: d, Sex: "M", Name: "Anonymous"},
		{Case: "C0011", PatientID: "11", Birth: d, Sex: "M", Name: "Anonymous"},
		{Case: "C0012", PatientID: ""},
		{Case: "C0013", PatientID: ""},
		{Case: "C0014", PatientID: "14", Birth: Date{1970, 5, 5}, Sex: "F", Name: "Zhao^Liu=赵^六"},
		{Case: "C0014", PatientID: "14"}, // a second source of the same case
		{Case: "C0015", PatientID: "15", Birth: Date{1970, 5, 5}, Sex: "F", Name: "赵六"},
		{Case: "C0015", PatientID: "2"}, // and through it C0002
		{Case: "site-b", PatientID: "16"},
	}
	want := map[string]string{
		"C0001": "G0001", "C0003": "G0001", "C0002": "G0002", "C0007": "G0002", "C0014": "G0002", "C0015": "G0002", "C0004": "G0004", "C0005": "G0005", "C0006": "G0006",
		"C0008": "G0008", "C0009": "G0009", "C0010": "G0010", "C0011": "G0011", "C0012": "G0012", "C0013": "G0013", "site-b": "G-site-b",
	}
	g := Groups(people)
	if d := cmp.Diff(want, g.Group); d != "" {
		t.Error(d)
	}
	joined := []Joining{
		{[2]string{"C0001", "C0003"}, samePerson}, {[2]string{"C0002", "C0007"}, sameID}, {[2]string{"C0002", "C0015"}, sameID}, {[2]string{"C0014", "C0015"}, samePerson},
	}
	slices.SortFunc(g.Joined, func(a, b Joining) int { return strings.Compare(a.Cases[0]+a.Cases[1], b.Cases[0]+b.Cases[1]) })
	if d := cmp.Diff(joined, g.Joined); d != "" {
		t.Error(d)
	}
	var many []Person
	for _, c := range []string{"C1", "C2", "C3", "C4", "C5"} {
		many = append(many, Person{Case: c, PatientID: c, Birth: d, Sex: "M", Name: "Doe^John"})
	}
	if g := Groups(many); len(g.Notes) == 0 || !strings.Contains(g.Notes[0], "5 cases from C1 on share one birth date") || strings.Contains(g.Notes[0], "Doe") {
		t.Errorf("%q", g.Notes)
	}
}

// Groups are the connected components, whatever the order of the people.
func TestGroupsAreComponents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		people := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Person {
			return Person{
				Case:      "C" + rapid.StringMatching(`[0-9]`).Draw(t, "case"),
				PatientID: rapid.StringMatching(`[0-6]?`).Draw(t, "id"),
				Birth:     Date{1950 + rapid.IntRange(1, 3).Draw(t, "year"), 2, 3},
				Sex:       rapid.SampledFrom([]string{"M", "F", ""}).Draw(t, "sex"),
				Name:      rapid.SampledFrom([]string{"A B", "b^a", "C=A^B", ""}).Draw(t, "name"),
			}
		}), 0, 12).Draw(t, "people")
		g := Groups(people)
		// By hand: spread the smallest case until nothing changes.
		label := map[string]string{}
		for _, p := range people {
			label[p.Case] = p.Case
		}
		linked := func(p, q Person) bool {
			if p.Case == q.Case || p.PatientID != "" && p.PatientID == q.PatientID {
				return true
			}
			shared := false
			for _, k := range nameKeys(p.Name) {
				shared = shared || slices.Contains(nameKeys(q.Name), k)
			}
			return shared && p.Sex != "" && p.Sex == q.Sex && p.Birth == q.Birth
		}
		for changed := true; changed; {
			changed = false
			for _, p := range people {
				for _, q := range people {
					if linked(p, q) && label[q.Case] < label[p.Case] {
						label[p.Case], changed = label[q.Case], true
					}
				}
			}
		}
		for c, first := range label {
			if g.Group[c] != "G"+first[1:] {
				t.Fatalf("%s in %s, want G%s", c, g.Group[c], first[1:])
			}
		}
		shuffled := Groups(rapid.Permutation(people).Draw(t, "order"))
		if d := cmp.Diff(g.Group, shuffled.Group); d != "" {
			t.Fatal(d)
		}
	})
}
