package evidence

import (
	"math"
	"testing"
)

// The third case of stats.TestLogistic1, from scipy: two cases a class give
// Platt's targets 1/4 and 3/4, although the logits separate the classes.
func TestCalibrate(t *testing.T) {
	p := []Prediction{{Label: 0, Logit: -3}, {Label: 1, Logit: 2}, {Label: 0, Logit: -1}, {Label: 1, Logit: 5}}
	a, b := Calibrate(p)
	if math.Abs(a+0.23936882) > 1e-6 || math.Abs(b-0.33959756) > 1e-6 {
		t.Errorf("intercept %v, slope %v", a, b)
	}
	for i := range p {
		p[i].Logit = 3
	}
	if a, b := Calibrate(p); a != 0 || b != 1 {
		t.Errorf("equal logits: intercept %v, slope %v", a, b)
	}
}
