package evidence

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
)

// truth is testdata/truth.json, made with the predictions and maps beside it by
// testdata/truth.py (scikit-learn, scipy, statsmodels; the command is at its
// head).
type truth struct {
	Arms map[string]struct {
		Metrics, Inner, Fold truthMetrics
		F1Limits             [2]float64 `json:"f1_limits"`
		BrierLimits          [2]float64 `json:"brier_limits"`
		Bins                 []struct {
			N        int
			Score    float64
			Observed [3]float64
		}
		Decision []struct {
			Threshold        float64
			Model, All, Gain [3]float64
		}
	}
	Comparison struct {
		Delta  float64
		Limits [2]float64
		P      float64
	}
	Maps map[string]struct {
		N, Zero                 int
		Energy, Share, IoU, Hit [3]float64
		GaussianEnergy          [3]float64 `json:"gaussian_energy"`
		GaussianIoU             [3]float64 `json:"gaussian_iou"`
		GaussianHit             [3]float64 `json:"gaussian_hit"`
	}
}

type truthMetrics struct {
	AUC         [3]float64
	AUCPooled   [3]float64 `json:"auc_pooled"`
	Accuracy    [3]float64
	Sensitivity [3]float64
	Specificity [3]float64
	F1, Brier   float64
}

// study is the fixture of the tests: what testdata holds, as units.
func study(t testing.TB) (arms []Arm, units []Unit) {
	t.Helper()
	predictions, err := ReadPredictions("testdata/predictions.csv")
	if err != nil {
		t.Fatal(err)
	}
	maps, err := ReadMaps("testdata/maps.csv")
	if err != nil {
		t.Fatal(err)
	}
	views := []string{"sagittal", "axial"}
	arms = []Arm{
		{Name: "multi-view", Kind: "magn", Views: views},
		{Name: "multi-view-attention", Kind: "magn", Views: views, Attention: true},
	}
	for _, a := range arms {
		for fold := range 3 {
			for seed := 1; seed <= 2; seed++ {
				u := Unit{Arm: a.Name, Fold: fold, Seed: seed, Epochs: 10 + fold}
				if a.Attention {
					u.Lambda = 0.3
				}
				train := map[string]bool{}
				for _, p := range predictions {
					if p.Arm == a.Name && p.Seed == seed {
						if p.Fold == fold {
							u.Predictions = append(u.Predictions, p)
							u.TestGroups = append(u.TestGroups, p.Group)
						} else {
							train[p.Group] = true
						}
					}
				}
				for _, m := range maps {
					if m.Arm == a.Name && m.Fold == fold && m.Seed == seed {
						u.Maps = append(u.Maps, m)
					}
				}
				fit := Fit{Step: "weights"}
				for g := range train {
					fit.Groups = append(fit.Groups, g)
				}
				u.Fits = []Fit{fit, {Step: "threshold", Groups: fit.Groups[:5]}}
				units = append(units, u)
			}
		}
	}
	return arms, units
}

func summarised(t testing.TB) Results {
	t.Helper()
	arms, units := study(t)
	r, err := Summarise(Info{Study: "test", Positive: "yes", Negative: "no"}, arms, units, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s: got %.17g, want %.17g", what, got, want)
	}
}

func nearInterval(t *testing.T, what string, got Interval, want [3]float64) {
	t.Helper()
	near(t, what, got.Value, want[0], 1e-12)
	near(t, what+", low", got.Low, want[1], 1e-9) // gonum's t quantile is good to 1e-9
	near(t, what+", high", got.High, want[2], 1e-9)
}

func nearMetrics(t *testing.T, what string, got Metrics, want truthMetrics) {
	t.Helper()
	nearInterval(t, what+" AUC", got.AUC, want.AUC)
	nearInterval(t, what+" pooled AUC", got.AUCPooled, want.AUCPooled)
	nearInterval(t, what+" accuracy", got.Accuracy, want.Accuracy)
	nearInterval(t, what+" sensitivity", got.Sensitivity, want.Sensitivity)
	nearInterval(t, what+" specificity", got.Specificity, want.Specificity)
	near(t, what+" F1", got.F1.Value, want.F1, 1e-12)
	near(t, what+" Brier", got.Brier.Value, want.Brier, 1e-12)
}

func TestSummariseAgainstTruth(t *testing.T) {
	data, err := os.ReadFile("testdata/truth.json")
	if err != nil {
		t.Fatal(err)
	}
	var want truth
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	r := summarised(t)
	if r.Cases != 63 || r.Groups != 55 || len(r.Arms) != 2 || len(r.Comparisons) != 1 {
		t.Fatalf("%d cases in %d groups, %d arms, %d comparisons", r.Cases, r.Groups, len(r.Arms), len(r.Comparisons))
	}
	for _, a := range r.Arms {
		w, ok := want.Arms[a.Name]
		if !ok {
			t.Fatalf("no truth for %s", a.Name)
		}
		nearMetrics(t, a.Name, a.Metrics, w.Metrics)
		nearMetrics(t, a.Name+" at inner threshold", a.MetricsInner, w.Inner)
		f := a.Folds[3]
		if f.Fold != 1 || f.Seed != 2 || f.Epochs != 11 {
			t.Fatalf("fold %d, seed %d, %d epochs", f.Fold, f.Seed, f.Epochs)
		}
		nearMetrics(t, a.Name+" fold 1 seed 2", f.Metrics, w.Fold)
		// Monte Carlo: the limits of 2000 draws wander by about .005.
		near(t, "F1 low", a.Metrics.F1.Low, w.F1Limits[0], 0.015)
		near(t, "F1 high", a.Metrics.F1.High, w.F1Limits[1], 0.015)
		near(t, "Brier low", a.Metrics.Brier.Low, w.BrierLimits[0], 0.008)
		near(t, "Brier high", a.Metrics.Brier.High, w.BrierLimits[1], 0.008)
		if len(w.Bins) != 10 || len(a.Calibration.Bins) != len(w.Bins) {
			t.Fatalf("%s: %d bins, want %d", a.Name, len(a.Calibration.Bins), len(w.Bins))
		}
		for i, b := range w.Bins {
			got := a.Calibration.Bins[i]
			if got.N != b.N {
				t.Errorf("%s: bin %d of %d cases, want %d", a.Name, i, got.N, b.N)
			}
			near(t, "score of a bin", got.Score, b.Score, 1e-12)
			nearInterval(t, "share of a bin", got.Observed, b.Observed)
		}
		for _, want := range w.Decision {
			i := slices.IndexFunc(a.Decision, func(d Decision) bool { return math.Abs(d.Threshold-want.Threshold) < 1e-9 })
			if i < 0 {
				t.Fatalf("no threshold %g", want.Threshold)
			}
			d := a.Decision[i]
			for what, x := range map[string]struct {
				got  Interval
				want [3]float64
			}{"model": {d.Model, want.Model}, "all": {d.All, want.All}, "gain": {d.Gain, want.Gain}} {
				what = fmt.Sprintf("%s at %g, %s", a.Name, want.Threshold, what)
				near(t, what, x.got.Value, x.want[0], 1e-12)
				// Monte Carlo, as above: a false positive weighs t/(1 − t) at t.
				noise := 0.012 * (1 + want.Threshold/(1-want.Threshold))
				near(t, what+", low", x.got.Low, x.want[1], noise)
				near(t, what+", high", x.got.High, x.want[2], noise)
			}
		}
		if len(a.ROC) != rocPoints+1 || len(a.Seeds) != 2 || len(a.Folds) != 6 {
			t.Errorf("%s: %d points, seeds %v, %d folds", a.Name, len(a.ROC), a.Seeds, len(a.Folds))
		}
	}
	c := r.Comparisons[0]
	if c.A != "multi-view-attention" || c.B != "multi-view" || c.PHolm != c.P {
		t.Errorf("comparison %+v", c)
	}
	near(t, "delta", c.DeltaAUC, want.Comparison.Delta, 1e-12)
	near(t, "delta low", c.Low, want.Comparison.Limits[0], 0.02)
	near(t, "delta high", c.High, want.Comparison.Limits[1], 0.02)
	near(t, "p", c.P, want.Comparison.P, 0.025)
	if len(r.Arms[0].Maps) != 0 || len(r.Arms[1].Maps) != 4 || r.Arms[1].Maps[0].View != "sagittal" {
		t.Fatalf("maps %+v", r.Arms[1].Maps)
	}
	for _, m := range r.Arms[1].Maps {
		w := want.Maps[m.View+" "+m.Crops]
		if m.N != w.N || m.Zero != w.Zero || m.Zero == 0 {
			t.Errorf("%s: %d maps, %d zero, want %d, %d", m.View, m.N, m.Zero, w.N, w.Zero)
		}
		nearInterval(t, m.View+" energy", m.Energy, w.Energy)
		nearInterval(t, m.View+" share", m.Share, w.Share)
		nearInterval(t, m.View+" IoU", m.IoU, w.IoU)
		nearInterval(t, m.View+" hit", m.Hit, w.Hit)
		nearInterval(t, m.View+" Gaussian energy", m.Gaussian.Energy, w.GaussianEnergy)
		nearInterval(t, m.View+" Gaussian IoU", m.Gaussian.IoU, w.GaussianIoU)
		nearInterval(t, m.View+" Gaussian hit", m.Gaussian.Hit, w.GaussianHit)
	}
	if r.Leakage.Checked != 24 || len(r.Leakage.Violations) != 0 {
		t.Errorf("leakage %+v", r.Leakage)
	}
}
