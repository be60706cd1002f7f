package evidence

import (
	"math"
	"testing"
)

var designs = []Design{
	{Cases: 112, Positive: 55, Folds: 5, Seeds: 1, Twins: 10, AUC: 0.78, Delta: 0.1, Training: 0.2},
	{Cases: 217, Positive: 79, Folds: 5, Seeds: 3, Twins: 20, AUC: 0.95},
}

func TestSimulatedCases(t *testing.T) {
	for _, d := range designs {
		a, b := d.tables(0)
		if len(a.cases) != d.Cases || len(a.score) != d.Seeds || len(b.score) != d.Seeds || len(a.folds) != d.Folds {
			t.Fatalf("%d cases, %d and %d seeds, %d folds", len(a.cases), len(a.score), len(b.score), len(a.folds))
		}
		if err := pairable(a, b); err != nil {
			t.Fatal(err)
		}
		first, size := map[string]tableCase{}, map[string]int{}
		ids, positive, byFold := map[string]bool{}, 0, map[[2]int]int{}
		for _, c := range a.cases {
			if f, ok := first[c.group]; ok && (f.fold != c.fold || f.label != c.label) {
				t.Errorf("group %s in folds %d and %d, classes %d and %d", c.group, f.fold, c.fold, f.label, c.label)
			}
			first[c.group] = c
			size[c.group]++
			ids[c.id] = true
			positive += c.label
			byFold[[2]int{c.fold, c.label}]++
		}
		twins := 0
		for _, n := range size {
			if n == 2 {
				twins++
			}
		}
		if positive != d.Positive || len(ids) != d.Cases || twins != d.Twins || len(size) != d.Cases-d.Twins {
			t.Errorf("%d positive, %d ids, %d twins, %d groups", positive, len(ids), twins, len(size))
		}
		for fold := range d.Folds {
			if n := byFold[[2]int{fold, 1}]; math.Abs(float64(n)-float64(d.Positive)/5) > 2.5 {
				t.Errorf("%d positive cases in fold %d", n, fold)
			}
		}
	}
}

// The mean over data sets is what the design says, for A, B and their difference;
// scores of different folds lie on different scales, so the pooled AUC is less.
func TestSimulatedAUCs(t *testing.T) {
	const runs = 120
	for _, d := range designs {
		var auc, pooled [2]float64
		for run := range runs {
			a, b := d.tables(run)
			for k, tab := range [2]*table{a, b} {
				m, p := tab.auc(tab.rows(everyFold), tab.everySeed())
				auc[k] += m.Value / runs
				pooled[k] += p.Value / runs
			}
		}
		// Four standard errors: a set's AUC has a deviation of at most .05.
		near(t, "AUC of A", auc[0], d.AUC+d.Delta, 0.018)
		near(t, "AUC of B", auc[1], d.AUC, 0.018)
		if pooled[1] > auc[1]-0.02 {
			t.Errorf("pooled AUC %.3f, mean of folds %.3f: the folds have one scale", pooled[1], auc[1])
		}
	}
}

// What Simulate says is what a study would say of the same predictions.
func TestSimulateIsTheStudysComparison(t *testing.T) {
	for _, d := range designs {
		a, b := d.tables(7)
		arms := []Arm{{Name: "A"}, {Name: "B"}}
		var units []Unit
		for k, tab := range [2]*table{a, b} {
			for s, seed := range tab.seeds {
				for _, fold := range tab.folds {
					u := Unit{Arm: arms[k].Name, Fold: fold, Seed: seed, Fits: []Fit{{Step: "weights", Groups: []string{"other"}}}}
					for _, i := range tab.rows(fold) {
						c := tab.cases[i]
						u.Predictions = append(u.Predictions, Prediction{
							Case: c.id, Group: c.group, Arm: u.Arm, Fold: fold, Seed: seed, Label: c.label,
							Logit: tab.score[s][i], Score: 1 / (1 + math.Exp(-tab.score[s][i]/4)), Threshold: 0.5,
						})
					}
					units = append(units, u)
				}
			}
		}
		r, err := Summarise(Info{}, arms, units, []Pair{{A: "A", B: "B"}})
		if err != nil {
			t.Fatal(err)
		}
		got, want := d.Simulate(7), r.Comparisons[0]
		if got.DeltaAUC != want.DeltaAUC || got.Low != want.Low || got.High != want.High || got.P != want.P {
			t.Errorf("simulated %+v, in a study %+v", got, want)
		}
		if again := d.Simulate(7); again != got {
			t.Errorf("the same data set gives %+v and %+v", got, again)
		}
		if other := d.Simulate(8); other == got {
			t.Error("two data sets are one")
		}
	}
}
