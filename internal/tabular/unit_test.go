package tabular

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"magn/internal/boost"
	"magn/internal/cohort"
	"magn/internal/testenv"
	"magn/internal/volume"
)

// unitOf is fold 0 of a cohort.
func unitOf(t testing.TB, c *cohort.Cohort, s Settings, cache string) Unit {
	u := Unit{Arm: "arm", Fold: 0, Seed: 1, Settings: s, Dir: t.TempDir(), FeaturesDir: cache}
	u.Test, u.Train = split(c.Cases)
	return u
}

func runUnit(t testing.TB, u Unit) (*Result, []byte) {
	t.Helper()
	r, err := RunUnit(t.Context(), u, nil)
	if err != nil {
		t.Fatal(err)
	}
	model, err := os.ReadFile(filepath.Join(u.Dir, ModelFile))
	if err != nil {
		t.Fatal(err)
	}
	return r, model
}

func groups(cases []cohort.Case) []string {
	set := map[string]bool{}
	for _, c := range cases {
		set[c.Group] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// A class that shows in the lesions is found by radiomics and by the outline;
// every fitted step saw the training groups, all of them and nobody else.
func TestRunUnit(t *testing.T) {
	testenv.XGBoost(t)
	c := newCohort(t, 30, telling(slides), nil)
	cache := filepath.Join(t.TempDir(), "features")
	for _, s := range []Settings{of(Radiomics, volume.Sagittal), of(Outline)} {
		for _, method := range []boost.Method{boost.GradientBoosting, boost.RandomForest} {
			s.Method = method
			u := unitOf(t, c, s, cache)
			var shares []float64
			r, err := RunUnit(t.Context(), u, func(done float64, _ string) { shares = append(shares, done) })
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprint(s.Source, " ", method)
			if a := auc(r.Scores); a < 0.95 {
				t.Errorf("%s: AUC %v", name, a)
			}
			var steps []string
			for _, f := range r.Fits {
				steps = append(steps, f.Step)
				if !slices.Equal(f.Groups, groups(u.Train)) {
					t.Errorf("%s: %s saw %v, want %v", name, f.Step, f.Groups, groups(u.Train))
				}
			}
			if !slices.Equal(steps, []string{"columns", "ranking", "selection", "trees", "threshold"}) {
				t.Errorf("%s: steps %v", name, steps)
			}
			if len(r.Scores) != len(u.Test) {
				t.Errorf("%s: %d scores", name, len(r.Scores))
			}
			for i, x := range r.Scores {
				if x.Case != u.Test[i].ID || x.Group != u.Test[i].Group || x.Label != u.Test[i].Label {
					t.Errorf("%s: score %d is of %s", name, i, x.Case)
				}
				if math.IsInf(x.Logit, 0) || math.Abs(x.Score-1/(1+math.Exp(-x.Logit))) > 1e-15 {
					t.Errorf("%s: score %v of log-odds %v", name, x.Score, x.Logit)
				}
			}
			if len(r.Features) == 0 || len(r.Features) > 30 || r.Candidates < len(r.Features) {
				t.Errorf("%s: %d features of %d", name, len(r.Features), r.Candidates)
			}
			used := 0
			for i, f := range r.Features {
				if f.Rank != i+1 || i > 0 && f.Importance > r.Features[i-1].Importance || f.Used != (i < 15) {
					t.Errorf("%s: %+v at %d", name, f, i)
				}
				if f.Used {
					used++
				}
			}
			if !slices.IsSorted(shares) || shares[len(shares)-1] != 1 {
				t.Errorf("%s: progress %v", name, shares)
			}
			if r.Threshold <= 0 || r.Threshold >= 1 || r.Seconds <= 0 || r.PeakBytes <= 0 {
				t.Errorf("%s: %+v", name, r)
			}
			if used != min(15, len(r.Features)) {
				t.Errorf("%s: %d features used", name, used)
			}
		}
	}
}

// The same unit gives the same bytes, on one core or more, with a cache or
// without; another seed another model.
func TestUnitRepeats(t *testing.T) {
	testenv.XGBoost(t)
	c := newCohort(t, 14, telling(slides), nil)
	u := unitOf(t, c, of(Radiomics, volume.Axial), filepath.Join(t.TempDir(), "features"))
	first, model := runUnit(t, u)
	for _, change := range []func(*Unit){
		func(u *Unit) { u.Threads = 1 },
		func(u *Unit) { u.Threads, u.FeaturesDir = 3, "" },
	} {
		v := u
		v.Dir = t.TempDir()
		change(&v)
		again, bytesAgain := runUnit(t, v)
		if !bytes.Equal(bytesAgain, model) || !slices.Equal(again.Scores, first.Scores) || again.Threshold != first.Threshold {
			t.Error("the same unit gives another answer")
		}
	}
	u.Seed = 2
	if _, other := runUnit(t, u); bytes.Equal(other, model) {
		t.Error("another seed gives the same model")
	}
}

// What the test cases are has no say in what is fitted: their classes, their
// values and who else is tested.
func TestTestCasesHaveNoSay(t *testing.T) {
	testenv.XGBoost(t)
	r := func(i int) map[string]string {
		return map[string]string{"age": fmt.Sprint(40 + i*7%31 + i%2*6), "sex": []string{"M", "F", "O"}[i*i%7%3]}
	}
	c := newCohort(t, 24, always(slides), r)
	u := unitOf(t, c, of(Clinical), "")
	first, model := runUnit(t, u)
	for i := range u.Test {
		u.Test[i].Label = 1 - u.Test[i].Label
		u.Test[i].Covariates = map[string]string{"age": "a hundred", "sex": "unheard of", "other": "3"}
	}
	second, changed := runUnit(t, u)
	if !bytes.Equal(model, changed) || first.Threshold != second.Threshold {
		t.Error("other test cases, another model")
	}
	u.Test = u.Test[:1]
	third, _ := runUnit(t, u)
	if third.Scores[0].Logit != second.Scores[0].Logit {
		t.Error("a score depends on who else is tested")
	}
	// Classes dealt out anew among the training cases do have one.
	for i := range u.Train {
		u.Train[i].Label = i / 2 % 2
	}
	if _, other := runUnit(t, u); bytes.Equal(model, other) {
		t.Error("other training classes, the same model")
	}
}

// A locked model gives other cases the scores that the unit would have given them.
func TestAnswer(t *testing.T) {
	testenv.XGBoost(t)
	c := newCohort(t, 20, telling(slides), func(i int) map[string]string {
		return map[string]string{"sex": []string{"M", "F"}[i*i%5%2], "age [y] = n<": fmt.Sprint(50 + i)}
	})
	for _, s := range []Settings{of(Outline, volume.Coronal), of(Clinical)} {
		s.Method = boost.RandomForest
		u := unitOf(t, c, s, "")
		r, _ := runUnit(t, u)
		scores, err := Answer(t.Context(), filepath.Join(u.Dir, ModelFile), u.Test, s, "")
		if err != nil || !slices.Equal(scores, r.Scores) {
			t.Errorf("%s: %v, %v, want %v", s.Source, scores, err, r.Scores)
		}
	}
}

func TestUnitStops(t *testing.T) {
	c := newCohort(t, 8, always(slides), nil)
	u := unitOf(t, c, of(Radiomics), "")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := RunUnit(ctx, u, func(float64, string) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(u.Dir, ModelFile)); err == nil {
		t.Error("a stopped unit left a model")
	}
}
