package evidence

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"magn/internal/draw"
)

// Design says how the scores of two arms A and B are drawn, to see how often the
// comparison of a study is wrong and how often it sees a difference. Within a
// class and a unit (arm, fold, seed) scores are normal; classes lie so far apart
// that the expected AUC of every unit is that of its arm. Each unit has a score
// scale of its own, as five trained models do, and each fold the same share of
// either class, as far as that divides.
type Design struct {
	Cases    int     `json:"cases"`
	Positive int     `json:"positive"` // of the cases
	Folds    int     `json:"folds"`
	Seeds    int     `json:"seeds"`
	Twins    int     `json:"twins"` // groups of two cases of one class; every other group is one case
	AUC      float64 `json:"auc"`   // of arm B
	Delta    float64 `json:"delta"` // A's AUC minus B's
	Training float64 `json:"training"`
}

// Parts of a score's variance within its class: what both arms see in a case,
// what one arm sees under every seed, and what one seed adds. Of the first two,
// two cases of one group have half in common.
const (
	sharedVariance = 0.6
	armVariance    = 0.3
	seedVariance   = 0.1
	twinShare      = 0.5
)

// Simulate draws data set number run and compares the arms as a study does: the
// same function, bootstrap and p. Design.Training is the standard deviation, in
// standard deviations of the score, of what training adds to or takes from the
// distance between the classes in each unit.
func (d Design) Simulate(run int) Comparison {
	a, b := d.tables(run)
	return difference(a, b)
}

// tables are the two arms' answers.
func (d Design) tables(run int) (a, b *table) {
	rng := draw.New("simulated comparison", d.Cases, d.Positive, d.Folds, d.Seeds, d.Twins, d.AUC, d.Delta, d.Training, run)
	arms := [2]*table{{arm: Arm{Name: "A"}}, {arm: Arm{Name: "B"}}}
	cases := d.deal()
	var distance [2]float64 // of the classes, so that the mean AUC over trainings is the arm's
	for k, auc := range [2]float64{d.AUC + d.Delta, d.AUC} {
		distance[k] = distuv.UnitNormal.Quantile(auc) * math.Sqrt(2+d.Training*d.Training)
	}
	group := map[string]*[3]float64{} // what its cases have in common: shared, A's, B's
	seen := make([][3]float64, len(cases))
	for i, c := range cases {
		g := group[c.group]
		if g == nil {
			g = &[3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
			group[c.group] = g
		}
		for k := range seen[i] {
			seen[i][k] = math.Sqrt(twinShare)*g[k] + math.Sqrt(1-twinShare)*rng.NormFloat64()
		}
	}
	for k, t := range arms {
		t.cases = cases
		for f := range d.Folds {
			t.folds = append(t.folds, f)
		}
		for s := range d.Seeds {
			t.seeds = append(t.seeds, s)
			scale, offset, trained := make([]float64, d.Folds), make([]float64, d.Folds), make([]float64, d.Folds)
			for f := range d.Folds {
				scale[f], offset[f] = math.Exp(rng.NormFloat64()/2), rng.NormFloat64()
				trained[f] = distance[k] + d.Training*rng.NormFloat64()
			}
			score := make([]float64, len(cases))
			for i, c := range cases {
				x := trained[c.fold]*float64(c.label) + math.Sqrt(sharedVariance)*seen[i][0] +
					math.Sqrt(armVariance)*seen[i][1+k] + math.Sqrt(seedVariance)*rng.NormFloat64()
				score[i] = offset[c.fold] + scale[c.fold]*x
			}
			t.score = append(t.score, score)
		}
	}
	return arms[0], arms[1]
}

// deal makes the cases, positive and negative groups in turn to the folds; twins
// are spread over both classes.
func (d Design) deal() []tableCase {
	byFold := make([][]tableCase, d.Folds)
	left := [2]int{d.Cases - d.Positive, d.Positive}
	twins := [2]int{d.Twins - d.Twins/2, d.Twins / 2}
	next, n, groups := 0, 0, 0
	for label := range 2 {
		for left[label] > 0 {
			size := 1
			if twins[label] > 0 && left[label] > 1 {
				size, twins[label] = 2, twins[label]-1
			}
			for range size {
				byFold[next] = append(byFold[next], tableCase{fmt.Sprintf("c%04d", n), fmt.Sprintf("g%04d", groups), next, label})
				n++
			}
			groups++
			left[label] -= size
			next = (next + 1) % d.Folds
		}
	}
	var cases []tableCase
	for _, c := range byFold {
		cases = append(cases, c...)
	}
	return cases
}
