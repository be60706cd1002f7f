package cohort

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// checkedStudy is a study folder's tables, without images: two of each class, one
// patient excluded, and the flowchart of an import.
func checkedStudy(t *testing.T) string {
	dir := t.TempDir()
	writeText(t, filepath.Join(dir, cohortFile), "case,group,class,label\na,a,tumour,1\nb,b,tumour,1\nc,c,cyst,0\nd,d,cyst,0\n")
	writeText(t, filepath.Join(dir, excludedFile), "case,group,class,reason\ne,e,cyst,another diagnosis\n")
	if err := os.Mkdir(filepath.Join(dir, "import"), 0o755); err != nil {
		t.Fatal(err)
	}
	flow := Flowchart{
		Patients: 5, Included: 4, Classes: map[string]int{"tumour": 2, "cyst": 2},
		Steps: []Step{{Rule: "class", Before: 5, Excluded: 1, Left: 4, Any: 1, Reasons: map[string]int{"another diagnosis": 1}}},
	}
	b, err := flow.JSON()
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, filepath.Join(dir, flowFile+".json"), string(b))
	return dir
}

func fileText(t *testing.T, parts ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A rejected case leaves the cohort with its reason, in excluded.csv and in the
// flowchart too; accepted it is back, and everything is what it was.
func TestJudge(t *testing.T) {
	dir := checkedStudy(t)
	before, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := Judge(dir, []Checked{{Case: "c", Rejected: true, Reason: "moved"}, {Case: "a"}}); err != nil {
		t.Fatal(err)
	}
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []Exclusion{{"e", "e", "cyst", "another diagnosis"}, {"c", "c", "cyst", "rejected in the check: moved"}}
	if d := cmp.Diff(want, c.Excluded); d != "" || len(c.Cases) != 3 || c.has("c") || c.Negative != "cyst" {
		t.Error(d, c.Cases)
	}
	if got := fileText(t, dir, checkedFile); got != "case,verdict,reason\na,accept,\nc,reject,moved\n" {
		t.Error(got)
	}
	if got := fileText(t, dir, excludedFile); got != "case,group,class,reason\nc,c,cyst,rejected in the check: moved\ne,e,cyst,another diagnosis\n" {
		t.Error(got)
	}
	if got := fileText(t, dir, flowFile+".csv"); !strings.Contains(got, "2,checked,excluded: moved,1\n2,checked,left,3\n3,,included: cyst,1\n3,,included: tumour,2\n3,,included,3\n") {
		t.Error(got)
	}
	var f Flowchart
	if err := json.Unmarshal([]byte(fileText(t, dir, flowFile+".json")), &f); err != nil || f.Included != 3 || f.Steps[1].Before != 4 {
		t.Error(f, err)
	}
	// cohort.csv is the import's.
	if got := fileText(t, dir, cohortFile); !strings.Contains(got, "c,c,cyst,0") {
		t.Error(got)
	}
	// The other one of the class, then both back.
	if err := Judge(dir, []Checked{{Case: "d", Rejected: true, Reason: "  too dark "}, {Case: "c"}}); err != nil {
		t.Fatal(err)
	}
	if got := fileText(t, dir, excludedFile); !strings.Contains(got, "d,d,cyst,rejected in the check: too dark\ne,") || strings.Contains(got, "c,c,") {
		t.Error(got)
	}
	if err := Judge(dir, []Checked{{Case: "d"}}); err != nil {
		t.Fatal(err)
	}
	again, err := Load(dir)
	if d := cmp.Diff(before, again); d != "" || err != nil {
		t.Error(d, err)
	}
	if got := fileText(t, dir, flowFile+".csv"); strings.Contains(got, "checked") || !strings.Contains(got, "included,4") {
		t.Error(got)
	}
}

// A frozen split is not changed by a verdict, said or written.
func TestJudgeIsBeforeTheSplit(t *testing.T) {
	dir := checkedStudy(t)
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := FoldsCSV(dir, c.Cases, 2, 1); err != nil {
		t.Fatal(err)
	}
	err = Judge(dir, []Checked{{Case: "c", Rejected: true, Reason: "moved"}})
	if err == nil || !strings.Contains(err.Error(), "folds.csv: case c: found a frozen split, expected verdicts before the split; to reject the case after all, delete folds.csv") {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, checkedFile)); err == nil {
		t.Error("a refused verdict was written")
	}
	if err := Judge(dir, []Checked{{Case: "c"}}); err != nil { // changes nothing in the cohort
		t.Error(err)
	}
	writeText(t, filepath.Join(dir, checkedFile), "case,verdict,reason\nb,reject,dark\n")
	_, err = Load(dir)
	wantProblem(t, err, checkedFile, "case b", "a rejected case that stands in the frozen split")
}

func TestCheckedRefuses(t *testing.T) {
	for name, test := range map[string]struct{ text, field, reason string }{
		"no reason":   {"case,verdict,reason\na,reject,\n", "line 2, column reason", "why the case is rejected"},
		"other word":  {"case,verdict,reason\na,no,dark\n", "line 2, column verdict", `"no", expected accept, reject or nothing`},
		"twice":       {"case,verdict,reason\na,accept,\na,reject,dark\n", "line 3, column case", "a second time"},
		"no column":   {"case,reason\na,\n", "header", "columns case,verdict,reason"},
		"nobody":      {"case,verdict,reason\nzz,reject,dark\n", "case", `"zz", expected a case of cohort.csv`},
		"not a table": {"", "header", "an empty file"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := checkedStudy(t)
			writeText(t, filepath.Join(dir, checkedFile), test.text)
			_, err := Load(dir)
			wantProblem(t, err, checkedFile, test.field, test.reason)
		})
	}
	dir := checkedStudy(t)
	if err := Judge(dir, []Checked{{Case: "x"}}); err == nil || !strings.Contains(err.Error(), `found "x"`) {
		t.Error(err)
	}
	if err := Judge(dir, []Checked{{Case: "a", Rejected: true}}); err == nil || !strings.Contains(err.Error(), "why the case is rejected") {
		t.Error(err)
	}
	// Undecided rows, in any order of columns, are no verdict; an excluded one is no mistake.
	writeText(t, filepath.Join(dir, "mine.csv"), "\xef\xbb\xbfreason,case,verdict\n,a,\ndark,b,reject\n,c,accept\n")
	got, err := ReadVerdicts(filepath.Join(dir, "mine.csv"))
	if d := cmp.Diff([]Checked{{"b", true, "dark"}, {"c", false, ""}}, got); d != "" || err != nil {
		t.Error(d, err)
	}
	if _, err := ReadVerdicts(filepath.Join(dir, "none.csv")); err == nil {
		t.Error("no file, and no error")
	}
	writeText(t, filepath.Join(dir, checkedFile), "case,verdict,reason\ne,reject,dark\n")
	if _, err := Load(dir); err != nil {
		t.Error(err)
	}
}

// An import of the same again leaves a study with verdicts as it is.
func TestVerdictsSurviveAnImport(t *testing.T) {
	f := newFixture(t)
	c := f.mustImport()
	if err := Judge(c.Dir, []Checked{{Case: "p1", Rejected: true, Reason: "moved"}}); err != nil {
		t.Fatal(err)
	}
	before := fileText(t, c.Dir, excludedFile)
	again := f.mustImport()
	if again.Dir != c.Dir || again.has("p1") || fileText(t, c.Dir, excludedFile) != before {
		t.Error(again.Cases, fileText(t, c.Dir, excludedFile))
	}
}
