package stats

import (
	"math"
	"testing"
)

func TestYoudenThreshold(t *testing.T) {
	logits, positive := []float64{-2, -1.5, -1, -0.2, 0.1, 0.1, 0.7, 1.2, 2}, []bool{false, false, true, false, false, true, false, true, true}
	// Halfway between 0.7 and 1.2: 1/(1+exp(-0.95)).
	if got := YoudenThreshold(logits, positive); math.Abs(got-0.7211151780228631) > 1e-15 {
		t.Errorf("threshold %v", got)
	}
	if got := YoudenThreshold(logits[:1], positive[:1]); got != 0.5 {
		t.Errorf("threshold of one score is %v", got)
	}
}
