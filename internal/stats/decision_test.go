package stats

import (
	"math"
	"strconv"
	"testing"

	"magn/internal/draw"
)

// The benefit at one threshold is a mean over cases (1 for a true positive,
// −t/(1−t) for a false one), so the bootstrap's limits must be near those of its
// clustered standard error. Where groups are drawn within class, the benefit of
// treating all cannot vary.
func TestDecisionCurveLimits(t *testing.T) {
	rng := draw.New("decision curve")
	var scores, gains []float64
	var positive []bool
	var groups, classes, one []string
	const threshold = 0.3
	for g := range 150 {
		common := rng.NormFloat64()
		for range 1 + g%2 {
			y := g%3 == 0
			p := expit(common/2 + rng.NormFloat64()/2 + 1.5*float64(class(y)) - 1)
			gain := 0.0
			switch {
			case p >= threshold && y:
				gain = 1
			case p >= threshold:
				gain = -threshold / (1 - threshold)
			}
			scores, gains, positive = append(scores, p), append(gains, gain), append(positive, y)
			groups, classes, one = append(groups, strconv.Itoa(g)), append(classes, strconv.Itoa(class(y))), append(one, "")
		}
	}
	mean, v, _ := clustered(gains, groups)
	b := DecisionCurve([][]float64{scores}, positive, []float64{threshold, 1.5}, NewResampler(one, groups), "k")
	half := Z * math.Sqrt(v)
	near(t, "benefit", b[0].Model.Value, mean, 1e-12)
	near(t, "low", b[0].Model.Low, mean-half, 0.15*half)
	near(t, "high", b[0].Model.High, mean+half, 0.15*half)
	if !math.IsNaN(b[1].Model.Value) || !math.IsNaN(b[1].All.Low) {
		t.Errorf("a threshold of 1.5: %+v", b[1])
	}
	within := DecisionCurve([][]float64{scores}, positive, []float64{threshold}, NewResampler(classes, groups), "k")[0]
	if w := within.All.High - within.All.Low; w > 0.12 { // groups of one and two cases
		t.Errorf("treating all varies by %g within class", w)
	}
	if w := within.Model.High - within.Model.Low; !(w > 0) || w >= b[0].Model.High-b[0].Model.Low {
		t.Errorf("drawn within class the benefit varies by %g, otherwise by %g", w, b[0].Model.High-b[0].Model.Low)
	}
	two := DecisionCurve([][]float64{scores, minus(scores)}, positive, []float64{threshold}, nil, "")[0]
	near(t, "mean over seeds", two.Model.Value, mean/2, 1e-12) // the second treats none
	if !math.IsNaN(two.Model.Low) {
		t.Errorf("limits without a bootstrap: %+v", two)
	}
	if none := DecisionCurve(nil, positive, []float64{threshold}, nil, "")[0]; !math.IsNaN(none.Model.Value) || math.IsNaN(none.All.Value) {
		t.Errorf("without scores: %+v", none)
	}
}
