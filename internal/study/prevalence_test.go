package study

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/cohort"
	"magn/internal/evidence"
	"magn/internal/magn"
	"magn/internal/tabular"
	"magn/internal/testenv"
)

// A scanner arm of a study that leaves one scanner out knows nothing in the folds
// whose training patients come from one scanner: it answers with their prevalence,
// ranks nobody, and its note says so. Where only the inner split knows nothing, the
// threshold is 0.5.
func TestFoldWithoutAColumn(t *testing.T) {
	testenv.XGBoost(t)
	dir := fixture(t, strings.Replace(fixtureConfig, "[sagittal, sagittal-attention]", "[scanner]", 1)+"split_by: scanner\n")
	scanners(t, dir, func(i int) string { return []string{"A", "B"}[i/4%2] })
	if _, err := run(t, dir, realWork); err != nil {
		t.Fatal(err)
	}
	r, err := evidence.ReadResults(filepath.Join(dir, reportFolder, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	a := r.Arms[0]
	if len(a.Folds) != 2 || len(a.Features) != 0 || r.Leakage.Checked != 2 || len(r.Leakage.Violations) != 0 {
		t.Errorf("%d folds, features %v, %+v", len(a.Folds), a.Features, r.Leakage)
	}
	plan, err := open(t, dir).Plan()
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range plan {
		if auc := a.Folds[i].Metrics.AUC.Value; auc != .5 {
			t.Errorf("%s: AUC %g", p.Name(), auc)
		}
		positive := 0
		for _, c := range p.Unit.Train {
			positive += c.Label
		}
		n := len(p.Unit.Train)
		rows, err := evidence.ReadPredictions(filepath.Join(p.Unit.Dir, predictionsFile))
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if want := (float64(positive) + .5) / (float64(n) + 1); math.Abs(row.Score-want) > 1e-12 || row.Threshold != .5 {
				t.Errorf("%s: %+v, want a score of %g", p.Name(), row, want)
			}
		}
		rec, err := readRecord(p.Unit.Dir)
		if err != nil || len(rec.Notes) != 1 || !strings.HasPrefix(rec.Notes[0], fmt.Sprintf("fold %d: no column tells its training cases apart", p.Unit.Fold)) {
			t.Errorf("%s: notes %q, %v", p.Name(), rec.Notes, err)
		}
	}
	if _, err := open(t, dir).Verify(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// Where only those whom the inner split sets aside differ, the fold is fitted all
// the same, with a threshold of 0.5; what nobody differs in is refused before
// anything runs.
func TestInnerSplitWithoutAColumn(t *testing.T) {
	testenv.XGBoost(t)
	s := tabular.DefaultSettings()
	s.Source, s.InnerFraction = tabular.Clinical, 0.2
	u := Unit{Arm: "clinical", Seed: 1, Dir: t.TempDir(), Table: &s}
	for i := range 160 {
		id := fmt.Sprintf("p%03d", i)
		c := cohort.Case{ID: id, Group: id, Label: i % 2, Covariates: map[string]string{"site": "north"}}
		if i < 120 {
			u.Train = append(u.Train, c)
		} else {
			c.Covariates["site"] = []string{"east", "west"}[i%2]
			u.Test = append(u.Test, c)
		}
	}
	aside, err := cohort.InnerSplit(u.Train, s.InnerFraction, u.Seed, u.Fold)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range u.Train {
		if aside[c.Group] {
			c.Covariates["site"] = []string{"east", "west"}[c.Label]
		}
	}
	r, err := runUnit(t.Context(), u, func(magn.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	if r.Threshold != .5 || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "inner split") || len(r.Features) == 0 {
		t.Errorf("threshold %g, notes %q, features %v", r.Threshold, r.Notes, r.Features)
	}
	for _, p := range r.Predictions {
		if (p.Score > .5) != (p.Label == 1) {
			t.Errorf("%+v, whose site tells the class", p)
		}
	}
	dir := fixture(t, strings.Replace(strings.Replace(fixtureConfig, "[sagittal, sagittal-attention]", "[scanner]", 1), "epochs: 4", "epochs: 4, inner_fraction: 0", 1))
	scanners(t, dir, func(int) string { return "A" })
	if _, err := open(t, dir).Plan(); err == nil || !strings.Contains(err.Error(), "arm scanner") || !strings.Contains(err.Error(), "the same value for every case") {
		t.Errorf("one scanner throughout: %v", err)
	}
}

// scanners gives the fixture's patients a scanner each.
func scanners(t *testing.T, dir string, of func(i int) string) {
	t.Helper()
	path := filepath.Join(dir, "cohort.csv")
	rows := strings.Split(strings.TrimSpace(read(t, path)), "\n")
	rows[0] += ",scanner"
	for i := range rows[1:] {
		rows[i+1] += "," + of(i)
	}
	if err := os.WriteFile(path, []byte(strings.Join(rows, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
