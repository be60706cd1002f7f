package cohort

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCovariatesOfACohort(t *testing.T) {
	dir := t.TempDir()
	study := filepath.Join(dir, "s")
	c := &Cohort{
		Covariates: []string{"age", "Hb (g/L)", "note"},
		Cases: []Case{
			{ID: "b", Group: "b", Class: "cyst", Covariates: map[string]string{"age": "54.5", "note": "a, \"b\"\nc"}},
			{ID: "a", Group: "a", Class: "tumour", Label: 1, Covariates: map[string]string{"Hb (g/L)": "117"}},
			{ID: "c", Group: "c", Class: "cyst"},
		},
		Excluded: []Exclusion{{ID: "d", Group: "d", Reason: "no diagnosis is known"}},
	}
	commit := func(c *Cohort) (*Cohort, error) {
		w, err := Create(study)
		if err != nil {
			t.Fatal(err)
		}
		return w.Commit(c)
	}
	got, err := commit(c)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c.Covariates, got.Covariates); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Exclusion{{ID: "d", Group: "d", Class: "unknown", Reason: "no diagnosis is known"}}, got.Excluded); d != "" {
		t.Error(d)
	}
	want := map[string]map[string]string{"a": c.Cases[1].Covariates, "b": c.Cases[0].Covariates, "c": nil}
	for _, k := range got.Cases {
		if d := cmp.Diff(want[k.ID], k.Covariates); d != "" {
			t.Errorf("case %s:\n%s", k.ID, d)
		}
	}
	b, err := os.ReadFile(filepath.Join(study, cohortFile))
	if err != nil || !strings.HasPrefix(string(b), "case,group,class,label,age,Hb (g/L),note\na,a,tumour,1,,117,\n") {
		t.Errorf("%v\n%s", err, b)
	}
	// The same again is left; another covariate is another cohort.
	if _, err := commit(c); err != nil {
		t.Error(err)
	}
	c.Cases[2].Covariates = map[string]string{"age": "1"}
	_, err = commit(c)
	wantProblem(t, err, "s", "study folder", "cohort.csv differs")

	for _, names := range [][]string{{"age", "age"}, {"class"}, {""}, {" age"}, {"age"}} {
		if _, err := cohortRows(c.Cases, names); err == nil {
			t.Errorf("covariates %q are written", names)
		}
	}
	for text, reason := range map[string]string{
		"case,group,class,label,x,x\na,a,t,1,,\nb,b,c,0,,\n": `two columns named "x"`, "case,group,class,label,x\na,a,t,1,\xff\nb,b,c,0,\n": "UTF-8",
		"case,group,class,label,x\na,a,t,1\nb,b,c,0,\n": "4 fields, expected 5",
	} {
		writeText(t, filepath.Join(study, cohortFile), text)
		_, err := Load(study)
		wantProblem(t, err, cohortFile, "", reason)
	}
	// A column without a name is nobody's.
	writeText(t, filepath.Join(study, cohortFile), "case,,group,class,label\na,7,a,t,1\nb,,b,c,0\n")
	if got, err := Load(study); err != nil || len(got.Covariates) != 0 || got.Cases[0].Covariates != nil {
		t.Errorf("%v %+v", err, got)
	}
}
