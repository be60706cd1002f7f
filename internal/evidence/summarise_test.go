package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magn/internal/draw"
	"magn/internal/fault"
)

func file(t *testing.T, r Results) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "results.json")
	if err := WriteResults(path, r); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The bytes of results.json do not depend on the order in which units and rows
// come.
func TestOrderDoesNotMatter(t *testing.T) {
	arms, units := study(t)
	info := Info{Study: "test", Positive: "yes", Negative: "no"}
	first, err := Summarise(info, arms, units, nil)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(len(units), func(i, j int) { units[i], units[j] = units[j], units[i] })
	for _, u := range units {
		rng.Shuffle(len(u.Predictions), func(i, j int) { u.Predictions[i], u.Predictions[j] = u.Predictions[j], u.Predictions[i] })
		rng.Shuffle(len(u.Maps), func(i, j int) { u.Maps[i], u.Maps[j] = u.Maps[j], u.Maps[i] })
	}
	second, err := Summarise(info, arms, units, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file(t, first), file(t, second)) {
		t.Error("another order gives other bytes")
	}
}

func TestComparisonMirrors(t *testing.T) {
	arms, units := study(t)
	a, b := arms[0].Name, arms[1].Name
	r, err := Summarise(Info{}, arms, units, []Pair{{a, b, ""}, {b, a, ""}, {a, a, ""}})
	if err != nil {
		t.Fatal(err)
	}
	c := r.Comparisons
	near(t, "delta", c[0].DeltaAUC, -c[1].DeltaAUC, 1e-15)
	near(t, "low", c[0].Low, -c[1].High, 1e-12)
	near(t, "high", c[0].High, -c[1].Low, 1e-12)
	near(t, "p", c[0].P, c[1].P, 0)
	near(t, "p Holm", c[0].PHolm, math.Min(1, 3*c[0].P), 1e-15)
	if c[2].DeltaAUC != 0 || c[2].Low != 0 || c[2].High != 0 || c[2].P != 1 {
		t.Errorf("an arm against itself: %+v", c[2])
	}
}

// A test fold of one class leaves the fold and every mean over folds undefined,
// and nothing else.
func TestFoldOfOneClass(t *testing.T) {
	arms, units := study(t)
	for i := range units {
		if units[i].Fold == 1 {
			units[i].Predictions = slices.DeleteFunc(units[i].Predictions, func(p Prediction) bool { return p.Label == 1 })
			units[i].Maps = nil
		}
	}
	r, err := Summarise(Info{}, arms, units, nil)
	if err != nil {
		t.Fatal(err)
	}
	nan := func(what string, i Interval) {
		t.Helper()
		if !math.IsNaN(i.Value) || !math.IsNaN(i.Low) || !math.IsNaN(i.High) {
			t.Errorf("%s is %v", what, i)
		}
	}
	for _, a := range r.Arms {
		nan("AUC", a.Metrics.AUC)
		nan("AUC of the fold", a.Folds[2].Metrics.AUC)
		nan("sensitivity of the fold", a.Folds[2].Metrics.Sensitivity)
		if math.IsNaN(a.Metrics.AUCPooled.Value) || math.IsNaN(a.Metrics.Accuracy.Low) || math.IsNaN(a.Folds[0].Metrics.AUC.Low) {
			t.Errorf("%s: more is undefined than must be", a.Name)
		}
		if len(a.ROC) != 0 || len(a.Folds[2].ROC) != 0 || a.Folds[2].Positive != 0 {
			t.Errorf("%s: ROC of %d points", a.Name, len(a.ROC))
		}
	}
	if c := r.Comparisons[0]; !math.IsNaN(c.DeltaAUC) || !math.IsNaN(c.P) || !math.IsNaN(c.PHolm) || !math.IsNaN(c.Low) {
		t.Errorf("comparison %+v", c)
	}
	if data := file(t, r); !bytes.Contains(data, []byte(`"delta_auc": null`)) || bytes.Contains(data, []byte("NaN")) {
		t.Error("undefined is not null")
	}
}

func TestDefaultPairs(t *testing.T) {
	all := []string{"sagittal", "coronal", "axial"}
	arms := []Arm{
		{Name: "sagittal", Kind: KindNetwork, Views: all[:1]},
		{Name: "sagittal-attention", Kind: KindNetwork, Views: all[:1], Attention: true},
		{Name: "coronal-attention", Kind: KindNetwork, Views: all[1:2], Attention: true},
		{Name: "axial", Kind: KindNetwork, Views: all[2:]},
		{Name: "multi-view", Kind: KindNetwork, Views: all},
		{Name: "multi-view-attention", Kind: KindNetwork, Views: all, Attention: true},
		{Name: "multi-view-attention-jitter-5", Kind: KindNetwork, Views: all, Attention: true, Of: "multi-view-attention", Variant: "jitter-5"},
		{Name: "multi-view-permuted", Kind: KindNetwork, Views: all, Of: "multi-view", Variant: "permuted"},
		{Name: "radiomics-sagittal", Kind: KindRadiomics, Views: all[:1]},
		{Name: "radiomics-multi-view", Kind: KindRadiomics, Views: all},
		{Name: "radiomics-multi-view-forest", Kind: KindRadiomics, Views: all, Of: "radiomics-multi-view", Variant: "forest"},
		{Name: "outline", Kind: KindBlind, Views: all},
		{Name: "reader-a", Kind: KindReader, Reader: "a"},
		{Name: "reader-a-aided", Kind: KindReader, Reader: "a", Aided: true, Of: "reader-a", Variant: "aided"},
	}
	want := []Pair{
		{"multi-view-attention", "multi-view", Primary},
		{"sagittal-attention", "sagittal", Secondary},
		{"multi-view", "sagittal", Secondary},
		{"multi-view", "axial", Secondary},
		{"multi-view-attention", "radiomics-multi-view", Secondary},
		{"multi-view-attention", "outline", Descriptive},
		{"multi-view-attention", "reader-a", Secondary},
		{"sagittal-attention", "radiomics-sagittal", Secondary},
		{"reader-a-aided", "reader-a", Descriptive},
	}
	if d := cmp.Diff(want, DefaultPairs(arms, nil)); d != "" {
		t.Error(d)
	}
	// A primary comparison that is named comes first and is not made twice.
	want = append([]Pair{{"radiomics-multi-view", "multi-view-attention", Primary}, {"multi-view-attention", "multi-view", Secondary}}, slices.Delete(slices.Clone(want[1:]), 3, 4)...)
	if d := cmp.Diff(want, DefaultPairs(arms, []string{"radiomics-multi-view", "multi-view-attention"})); d != "" {
		t.Error(d)
	}
}

// Every step that saw a group of its unit's test fold is named, also where the
// unit does not name its test groups.
func TestLeakage(t *testing.T) {
	arms, units := study(t)
	leaked := units[3].Predictions[0].Group
	units[3].Fits = append(units[3].Fits, Fit{"lambda", []string{leaked, "elsewhere", leaked}})
	units[8].TestGroups = nil
	units[8].Fits[0].Groups = []string{units[8].Predictions[0].Group}
	units[9].TestGroups = append(units[9].TestGroups, "skipped")
	units[9].Fits[1].Groups = []string{"skipped"}
	r, err := Summarise(Info{}, arms, units, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Violation{
		{units[3].Arm, units[3].Fold, units[3].Seed, "lambda", []string{leaked}},
		{units[8].Arm, units[8].Fold, units[8].Seed, "weights", units[8].Fits[0].Groups},
		{units[9].Arm, units[9].Fold, units[9].Seed, "threshold", []string{"skipped"}},
	}
	if d := cmp.Diff(want, r.Leakage.Violations); d != "" || r.Leakage.Checked != 25 {
		t.Error(r.Leakage.Checked, d)
	}
	total := map[string]int{}
	for _, s := range r.Leakage.Steps {
		total["units"] += s.Units
		total["both"] += s.Both
		if s.SeenMin > s.SeenMax || s.TestedMin > s.TestedMax || s.SeenMin < 1 {
			t.Errorf("%+v", s)
		}
	}
	if d := cmp.Diff(map[string]int{"units": 25, "both": 3}, total); d != "" || len(r.Leakage.Steps) != 5 {
		t.Errorf("%d lines: %s", len(r.Leakage.Steps), d)
	}
}

// Each step of each arm has a line with what its units saw and were tested on.
func TestStepsSeen(t *testing.T) {
	units := []Unit{
		{Arm: "b", Fold: 0, TestGroups: []string{"1", "2"}, Fits: []Fit{{"weights", []string{"3", "4", "5", "3"}}, {"epoch", []string{"5"}}}},
		{Arm: "b", Fold: 1, TestGroups: []string{"3", "4", "5"}, Predictions: []Prediction{{Group: "5"}}, Fits: []Fit{{"weights", []string{"1", "2"}}, {"epoch", []string{"2", "3", "3"}}}},
		{Arm: "a", Fold: 0, TestGroups: []string{"1"}, Fits: []Fit{{"weights", []string{"2"}}}},
	}
	want := []StepSeen{
		{"a", "weights", 1, 1, 1, 1, 1, 0},
		{"b", "epoch", 2, 1, 2, 2, 3, 1},
		{"b", "weights", 2, 2, 3, 2, 3, 0},
	}
	if d := cmp.Diff(want, CheckLeakage(units).Steps); d != "" {
		t.Error(d)
	}
}

// What cannot be summed up is refused with the unit and the reason.
func TestRefused(t *testing.T) {
	relabel := func(u []Unit, arm, id string, change func(*Prediction)) {
		for i := range u {
			for k := range u[i].Predictions {
				if p := &u[i].Predictions[k]; p.Case == id && (arm == "" || p.Arm == arm) {
					change(p)
				}
			}
		}
	}
	for name, c := range map[string]struct {
		spoil func(arms []Arm, u []Unit) ([]Arm, []Unit)
		want  []string
	}{
		"unit missing":  {func(a []Arm, u []Unit) ([]Arm, []Unit) { return a, u[1:] }, []string{"multi-view, fold 0, seed 1", "no unit"}},
		"unit twice":    {func(a []Arm, u []Unit) ([]Arm, []Unit) { return a, append(u, u[0]) }, []string{"fold 0, seed 1", "twice"}},
		"arm missing":   {func(a []Arm, u []Unit) ([]Arm, []Unit) { return a[1:], u }, []string{"multi-view, fold 0", "does not have"}},
		"arm unused":    {func(a []Arm, u []Unit) ([]Arm, []Unit) { return append(a, Arm{Name: "new"}), u }, []string{"arm new", "no unit"}},
		"arm twice":     {func(a []Arm, u []Unit) ([]Arm, []Unit) { return append(a, a[0]), u }, []string{"multi-view", "two arms"}},
		"no prediction": {func(a []Arm, u []Unit) ([]Arm, []Unit) { u[2].Predictions = nil; return a, u }, []string{"fold 1, seed 1", "no prediction"}},
		"no fit":        {func(a []Arm, u []Unit) ([]Arm, []Unit) { u[2].Fits = nil; return a, u }, []string{"fold 1, seed 1", "no fitted step"}},
		"answered twice": {func(a []Arm, u []Unit) ([]Arm, []Unit) {
			u[0].Predictions = append(u[0].Predictions, u[0].Predictions[4])
			return a, u
		}, []string{"fold 0, seed 1", "one answer"}},
		"another unit's row": {func(a []Arm, u []Unit) ([]Arm, []Unit) { u[0].Predictions[0].Seed = 9; return a, u }, []string{"seed 1", "seed 9", "own"}},
		"NaN score":          {func(a []Arm, u []Unit) ([]Arm, []Unit) { u[0].Predictions[0].Score = math.NaN(); return a, u }, []string{"score", "NaN"}},
		"case missing under a seed": {func(a []Arm, u []Unit) ([]Arm, []Unit) {
			u[1].Predictions = u[1].Predictions[1:]
			return a, u
		}, []string{"seed 2", "other cases"}},
		"group in two folds": {func(a []Arm, u []Unit) ([]Arm, []Unit) {
			relabel(u, "", "case-00", func(p *Prediction) { p.Group = "group-05" })
			return a, u
		}, []string{"group-05", "in one fold"}},
		"labels differ between arms": {func(a []Arm, u []Unit) ([]Arm, []Unit) {
			relabel(u, "multi-view", "case-00", func(p *Prediction) { p.Label = 1 - p.Label })
			return a, u
		}, []string{"case-00", "label"}},
		"arms on other cases": {func(a []Arm, u []Unit) ([]Arm, []Unit) {
			u[0].Predictions, u[1].Predictions = u[0].Predictions[1:], u[1].Predictions[1:]
			return a, u
		}, []string{"multi-view-attention − multi-view", "63 and 62", "same patients"}},
		"arms on other seeds": {func(a []Arm, u []Unit) ([]Arm, []Unit) {
			return a, slices.DeleteFunc(u, func(u Unit) bool { return u.Arm == "multi-view" && u.Seed == 2 })
		}, []string{"seeds [1 2] and [1]"}},
		"map twice":         {func(a []Arm, u []Unit) ([]Arm, []Unit) { u[6].Maps = append(u[6].Maps, u[6].Maps[0]); return a, u }, []string{"two maps of view"}},
		"map of a stranger": {func(a []Arm, u []Unit) ([]Arm, []Unit) { u[6].Maps[0].Case = "x"; return a, u }, []string{"map of case x", "predicts"}},
	} {
		arms, units := study(t)
		arms, units = c.spoil(arms, units)
		_, err := Summarise(Info{}, arms, units, nil)
		var in *fault.Input
		if !errors.As(err, &in) {
			t.Errorf("%s: %v is no *fault.Input", name, err)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q does not say %q", name, err, w)
			}
		}
	}
	arms, units := study(t)
	if _, err := Summarise(Info{}, arms, units, []Pair{{"multi-view", "nobody", ""}}); err == nil || !strings.Contains(err.Error(), "arm nobody") {
		t.Errorf("unknown arm: %v", err)
	}
}

// One seed, one fold, one case a group: nothing there needs several.
func TestSmallest(t *testing.T) {
	u := Unit{Arm: "a", Fits: []Fit{{"weights", []string{"z"}}}}
	for i, label := range []int{0, 1} {
		id := fmt.Sprint(i)
		u.Predictions = append(u.Predictions, Prediction{Case: id, Group: id, Arm: "a", Label: label, Score: float64(label), Threshold: 0.5})
	}
	r, err := Summarise(Info{}, []Arm{{Name: "a"}}, []Unit{u}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m := r.Arms[0].Metrics; m.AUC.Value != 1 || m.Accuracy.Value != 1 || m.Brier.Value != 0 || m.Accuracy.Low > 0.4 ||
		math.Abs(m.AUC.Low-0.025) > 1e-12 || m.AUC.High != 1 { // one pair in order: Clopper and Pearson's interval of 1 of 1
		t.Errorf("%+v", m)
	}
	if _, err := Summarise(Info{}, nil, nil, nil); err != nil {
		t.Errorf("a study without arms: %v", err)
	}
}

// Resampling stays within folds, and for comparisons within classes: errors that
// are constant within each fold leave no spread, and a fold with one positive
// case has an AUC in every draw.
func TestBootstrapIsStratified(t *testing.T) {
	arms := []Arm{{Name: "a"}, {Name: "b"}}
	var units []Unit
	for k, arm := range arms {
		for fold := range 2 {
			u := Unit{Arm: arm.Name, Fold: fold, Fits: []Fit{{"weights", []string{"z"}}}}
			for i := range 6 {
				p := Prediction{Case: fmt.Sprint(fold, i), Group: fmt.Sprint(fold, i), Arm: arm.Name, Fold: fold, Threshold: 0.5}
				p.Score = 0.1 + 0.4*float64(fold)
				if i == 0 {
					p.Label, p.Score = 1, 1-p.Score
				}
				if k == 1 {
					p.Score = float64(i) / 6
				}
				u.Predictions = append(u.Predictions, p)
			}
			units = append(units, u)
		}
	}
	r, err := Summarise(Info{}, arms, units, []Pair{{"a", "b", ""}})
	if err != nil {
		t.Fatal(err)
	}
	m := r.Arms[0].Metrics
	near(t, "Brier", m.Brier.Value, (0.01+0.25)/2, 1e-15)
	near(t, "Brier low", m.Brier.Low, m.Brier.Value, 1e-15)
	near(t, "Brier high", m.Brier.High, m.Brier.Value, 1e-15)
	// In fold 1 every score is .5, which is positive: sensitivity 1, specificity
	// of half the negative cases.
	near(t, "sensitivity", m.Sensitivity.Value, 1, 0)
	near(t, "specificity", m.Specificity.Value, 0.5, 0)
	if c := r.Comparisons[0]; math.IsNaN(c.Low) || math.IsNaN(c.P) || c.DeltaAUC != 0.75 {
		t.Errorf("comparison %+v", c)
	}
}

// Where two arms differ by nothing but noise, p < .05 comes up about once in
// twenty comparisons and the interval holds 0 about as often as it should. The
// numbers logged stand in docs/methods/statistics.md.
func TestComparisonHoldsItsLevel(t *testing.T) {
	for _, c := range []struct {
		runs, n   int     // n cases a fold, five folds
		shift     float64 // 1.09: AUC .78, 2.33: .95
		low, high float64 // of the share of p < .05
	}{{200, 22, 1.09, 0.01, 0.09}, {100, 22, 2.33, 0, 0.11}, {100, 5, 2.33, 0, 0.11}} {
		var significant, holds float64
		for run := range c.runs {
			rng := draw.New("null comparison", run, c.n, c.shift)
			tables := [2]*table{{seeds: []int{0}, score: make([][]float64, 1)}, {seeds: []int{0}, score: make([][]float64, 1)}}
			for _, tab := range tables {
				tab.folds = []int{0, 1, 2, 3, 4}
			}
			for fold := range 5 {
				for i := range c.n {
					id, shared := fmt.Sprint(fold, "-", i), math.Sqrt(0.6)*rng.NormFloat64()+float64(i%2)*c.shift
					for _, tab := range tables {
						tab.cases = append(tab.cases, tableCase{id, id, fold, i % 2})
						tab.score[0] = append(tab.score[0], shared+math.Sqrt(0.4)*rng.NormFloat64())
					}
				}
			}
			d := difference(tables[0], tables[1])
			if d.P < 0.05 {
				significant++
			}
			if d.Low <= 0 && 0 <= d.High {
				holds++
			}
		}
		significant, holds = significant/float64(c.runs), holds/float64(c.runs)
		t.Logf("5 folds of %d, shift %.2f: p < .05 in %.3f, interval holds 0 in %.3f", c.n, c.shift, significant, holds)
		if significant < c.low || significant > c.high || holds < 0.9 {
			t.Errorf("want p < .05 in %.3f to %.3f, 0 in the interval in .9 or more", c.low, c.high)
		}
	}
}

func BenchmarkSummarise(b *testing.B) {
	arms, units := study(b)
	for b.Loop() {
		if _, err := Summarise(Info{}, arms, units, nil); err != nil {
			b.Fatal(err)
		}
	}
}
