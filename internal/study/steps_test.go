package study

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magn/internal/evidence"
	"magn/internal/fault"
	"magn/internal/magn"
	"magn/internal/tabular"
)

func TestSteps(t *testing.T) {
	network := func(inner float64, attention bool, lambda []float64, backbones ...string) Unit {
		training := magn.DefaultTraining()
		training.InnerFraction, training.Lambda = inner, lambda
		return Unit{Network: &NetworkWork{Attention: attention, Backbones: backbones, Training: training}}
	}
	table := func(inner float64) Unit {
		s := tabular.DefaultSettings()
		s.InnerFraction = inner
		return Unit{Table: &s}
	}
	several := []float64{0.1, 0.5}
	for _, c := range []struct {
		name      string
		unit      Unit
		threshold float64
		notes     []string
		want      string
	}{
		{"nothing to choose", network(0, true, several[:1]), 0.5, nil, "weights, contribution mean, gaussian width"},
		{"epoch", network(0.2, false, several), 0.4, nil, "weights, contribution mean, gaussian width, epoch, threshold"},
		{"one lambda", network(0.2, true, several[:1]), 0.4, nil, "weights, contribution mean, gaussian width, epoch, threshold"},
		{"all", network(0.2, true, several, "resnet18", "resnet34"), 0.4, nil, "weights, contribution mean, gaussian width, epoch, threshold, backbone, lambda"},
		{"table", table(0.2), 0.4, []string{"3 cases without an outline"}, "columns, ranking, selection, trees, threshold"},
		{"no inner split", table(0), 0.5, nil, "columns, ranking, selection, trees"},
		{"prevalence", table(0.2), 0.5, []string{"fold 1: no column tells its training cases apart, so every case …"}, "prevalence"},
		{"no column inside", table(0.2), 0.5, []string{"fold 1: no column tells the cases of its inner split apart, so the threshold is 0.5"}, "columns, ranking, selection, trees"},
		{"chosen all the same", table(0.2), 0.4, []string{"fold 1: no column tells the cases of its inner split apart, so the threshold is 0.5"}, "columns, ranking, selection, trees, threshold"},
		{"recentred", Unit{Recentred: &RecentredWork{}}, 0.5, nil, "weights, contribution mean, gaussian width"},
		{"maps", Unit{Exam: &ExamWork{}}, 0, nil, ""},
	} {
		got := c.unit.steps(c.threshold, c.notes)
		if d := cmp.Diff(c.want, strings.Join(got, ", ")); d != "" {
			t.Errorf("%s:\n%s", c.name, d)
		}
		fits := make([]evidence.Fit, len(got))
		for i, step := range got {
			fits[i].Step = step
		}
		if err := c.unit.checkSteps(fits, c.threshold, c.notes); err != nil {
			t.Error(c.name, err)
		}
		for i, step := range got {
			if err := c.unit.checkSteps(slices.Delete(slices.Clone(fits), i, i+1), c.threshold, c.notes); err == nil || !strings.Contains(err.Error(), step) {
				t.Errorf("%s without %s: %v", c.name, step, err)
			}
		}
	}
}

// A unit that keeps quiet about a step is not done.
func TestForgottenStepEndsTheUnit(t *testing.T) {
	dir := fixture(t, strings.Replace(fixtureConfig, "lambda: [0.5]", "lambda: [0.1, 0.5]", 1))
	_, err := run(t, dir, "forget sagittal-attention 1")
	var partial *fault.Partial
	if !errors.As(err, &partial) || partial.Done != 3 || !strings.Contains(err.Error(), "sagittal-attention, fold 1, seed 1: found nothing of the step lambda") {
		t.Fatal(err)
	}
	mustRun(t, dir)
}

// changeFits rewrites a done unit's fits.json and its sum in unit.json, as a
// program that records too little would have left them.
func changeFits(t *testing.T, unit string, change func([]evidence.Fit) []evidence.Fit) {
	t.Helper()
	path := filepath.Join(unit, fitsFile)
	fits, err := evidence.ReadFits(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := evidence.WriteFits(path, change(fits)); err != nil {
		t.Fatal(err)
	}
	rec, err := readRecord(unit)
	if err != nil {
		t.Fatal(err)
	}
	if rec.Files[fitsFile], err = hashFile(path); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(rec)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFile(filepath.Join(unit, recordFile), data); err != nil {
		t.Fatal(err)
	}
}

// Evidence is not made of units that leave a step out, nor of such as answer with
// another unit's network and name other groups than it.
func TestEvidenceNeedsEveryStep(t *testing.T) {
	dir := fixture(t, strings.Replace(fixtureConfig, "sagittal-attention", "sagittal-jitter-5", 1))
	mustRun(t, dir)
	for arm, c := range map[string]struct {
		change func([]evidence.Fit) []evidence.Fit
		want   string
	}{
		"sagittal":          {func(f []evidence.Fit) []evidence.Fit { return f[:len(f)-1] }, "found nothing of the step threshold"},
		"sagittal-jitter-5": {func(f []evidence.Fit) []evidence.Fit { f[0].Groups = f[0].Groups[1:]; return f }, "found other steps or groups"},
	} {
		unit := filepath.Join(dir, runsFolder, arm, "1-1")
		changeFits(t, unit, c.change)
		_, err := open(t, dir).Evidence()
		if err == nil {
			t.Fatalf("%s: taken", arm)
		}
		if in := asInput(t, err); in.File != filepath.Join(unit, fitsFile) || !strings.Contains(in.Error(), arm+", fold 1, seed 1: "+c.want) || in.Do != again(unit) {
			t.Errorf("%s: %v", arm, in)
		}
		removeFile(t, filepath.Join(unit, recordFile))
		mustRun(t, dir)
	}
}
