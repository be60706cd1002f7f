package evidence

import (
	"fmt"
	"math"
	"testing"

	"magn/internal/stats"
)

// Calibration is of the logits as the models gave them, also of those so large
// that their probability is 0 or 1.
func TestCalibrationOfLargeLogits(t *testing.T) {
	arms, units := study(t)
	logits, groups, positive := map[string]float64{}, map[string]string{}, map[string]bool{}
	var order []string
	for _, u := range units {
		for i := range u.Predictions {
			p := &u.Predictions[i]
			p.Logit *= 30
			p.Score = 1 / (1 + math.Exp(-p.Logit))
			if p.Arm == arms[0].Name {
				if _, ok := logits[p.Case]; !ok {
					order = append(order, p.Case)
				}
				logits[p.Case], groups[p.Case], positive[p.Case] = logits[p.Case]+p.Logit/2, p.Group, p.Label == 1
			}
		}
	}
	var z []float64
	var y []bool
	var g []string
	largest := 0.0
	for _, c := range order {
		z, y, g = append(z, logits[c]), append(y, positive[c]), append(g, groups[c])
		largest = max(largest, math.Abs(logits[c]))
	}
	want := stats.Recalibrate(z, y, g)
	r, err := Summarise(Info{}, arms, units, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := r.Arms[0].Calibration
	near(t, "slope", got.Slope.Value, want.Slope.Interval.Value, 1e-9)
	near(t, "in the large", got.InTheLarge.Value, want.InTheLarge.Interval.Value, 1e-9)
	if largest < 60 {
		t.Errorf("largest logit %g: nothing is tested", largest)
	}
}

// The curve stands where neighbouring patients are closer than .05, in parts, and
// not at all where there are few patients or few scores.
func TestCurveWherePatientsAre(t *testing.T) {
	sample := func(n int, score func(i int) float64) (scores, truth []float64) {
		for i := range n {
			scores, truth = append(scores, score(i)), append(truth, float64(i%3%2))
		}
		return scores, truth
	}
	apart := func(i int) float64 { return float64(i%2)*0.6 + 0.1 + 0.2*float64(i)/60 }
	points := curve(sample(60, apart))
	parts := map[int]int{}
	for _, p := range points {
		parts[p.Part]++
		if p.Score > 0.3 && p.Score < 0.7 || p.Observed < 0 || p.Observed > 1 {
			t.Errorf("a point where no patient is: %+v", p)
		}
	}
	if len(parts) != 2 || parts[0] < 5 || parts[1] < 5 {
		t.Errorf("parts %v", parts)
	}
	if points[0].Score != 0.1 {
		t.Errorf("begins at %g", points[0].Score)
	}
	if got := curve(sample(60, func(i int) float64 { return float64(i) / 60 })); len(got) != curvePoints || got[curvePoints-1].Part != 0 {
		t.Errorf("%d points without a gap", len(got))
	}
	if got := curve(sample(49, func(i int) float64 { return float64(i) / 49 })); got != nil {
		t.Errorf("%d points of 49 patients", len(got))
	}
	if got := curve(sample(90, func(i int) float64 { return float64(i%9) / 30 })); got != nil {
		t.Errorf("%d points of nine scores", len(got))
	}
}

// A category is compared where it has no more levels than a third of the patients,
// and the order of its parts makes no level.
func TestThinCategories(t *testing.T) {
	var cases []tableCase
	facts := map[string]map[string]string{}
	for i := range 18 {
		id := fmt.Sprint(i)
		cases = append(cases, tableCase{id: id, label: i / 9})
		facts[id] = map[string]string{
			"many": fmt.Sprint("T", i%7), "some": fmt.Sprint("T", i%6),
			"parts": []string{"L1+L2", "L2 + L1", "L2", "S1"}[i%4],
		}
	}
	p := Patients{Columns: []Column{{Name: "many"}, {Name: "some"}, {Name: "parts"}}, Facts: facts}
	got := p.characteristics(cases)
	if c := got[0]; !c.TooThin() || c.Test != "" || !math.IsNaN(float64(c.P)) || !math.IsNaN(float64(c.SMD)) || len(c.Levels) != 7 {
		t.Errorf("7 levels of 18: %+v", c)
	}
	if c := got[1]; c.TooThin() || c.Test == "" || math.IsNaN(float64(c.P)) || math.IsNaN(float64(c.SMD)) {
		t.Errorf("6 levels of 18: %+v", c)
	}
	if c := got[2]; len(c.Levels) != 3 || c.Levels[0] != (Level{"L1+L2", 5, 5}) {
		t.Errorf("parts in any order: %+v", c.Levels)
	}
	if c := (Characteristic{Levels: make([]Level, 2), Positive: Summary{N: 2}, Negative: Summary{N: 2}}); c.TooThin() {
		t.Error("two levels of four patients")
	}
}
