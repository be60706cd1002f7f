package evidence

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// A value lies in its interval, and an AUC's interval is never a point, whether
// folds are separated, tied, of few cases or of several in one group.
func TestIntervalsHoldTheirValues(t *testing.T) {
	holds := func(t *rapid.T, what string, i Interval, width float64) {
		if math.IsNaN(i.Low) && math.IsNaN(i.High) {
			return
		}
		if !(i.Low <= i.Value && i.Value <= i.High && i.High-i.Low >= width) {
			t.Fatalf("%s is %v", what, i)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		arms := []Arm{{Name: "a", Views: []string{"axial"}}, {Name: "b"}}
		n, folds := rapid.IntRange(2, 9).Draw(t, "n"), rapid.IntRange(1, 3).Draw(t, "folds")
		var units []Unit
		for fold := range folds {
			groups := make([]string, n)
			for i := range groups {
				groups[i] = fmt.Sprint(fold, "-", rapid.IntRange(0, n-1).Draw(t, "group"))
			}
			for _, arm := range arms {
				u := Unit{Arm: arm.Name, Fold: fold, Fits: []Fit{{"weights", []string{"z"}}}}
				low := rapid.Float64Range(0, 1).Draw(t, "low") // of a positive case's score
				for i := range n {
					p := Prediction{Case: fmt.Sprint(fold, "-", i), Group: groups[i], Arm: arm.Name, Fold: fold, Label: i % 2, Threshold: 0.4}
					p.Score = rapid.Float64Range(float64(p.Label)*low, 1).Draw(t, "score") * (1 - low*float64(1-p.Label))
					u.Predictions = append(u.Predictions, p)
					if len(arm.Views) > 0 {
						u.Maps = append(u.Maps, MapRow{
							Case: p.Case, Group: p.Group, Arm: arm.Name, Fold: fold, View: "axial",
							Share: 0.1, Map: Overlap{p.Score, 1 - p.Score, i%3 == 0}, Gaussian: Overlap{0.5, 0.5, true},
						})
					}
				}
				units = append(units, u)
			}
		}
		r, err := Summarise(Info{}, arms, units, []Pair{{"a", "b", ""}})
		if err != nil {
			t.Fatal(err)
		}
		metrics := func(m Metrics) {
			holds(t, "AUC", m.AUC, 1e-3)
			holds(t, "pooled AUC", m.AUCPooled, 1e-3)
			for what, i := range map[string]Interval{"accuracy": m.Accuracy, "F1": m.F1, "sensitivity": m.Sensitivity, "specificity": m.Specificity, "Brier": m.Brier} {
				holds(t, what, i, 0)
			}
		}
		for _, a := range r.Arms {
			metrics(a.Metrics)
			metrics(a.MetricsInner)
			for _, f := range a.Folds {
				metrics(f.Metrics)
			}
			for _, m := range a.Maps {
				for what, i := range map[string]Interval{"energy": m.Energy, "share": m.Share, "IoU": m.IoU, "hit": m.Hit} {
					holds(t, what, i, 0)
				}
			}
		}
		c := r.Comparisons[0]
		holds(t, "difference", Interval{c.DeltaAUC, c.Low, c.High}, 0)
	})
}
