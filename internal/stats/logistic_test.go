package stats

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// From scipy 1.10: minimize(lambda p: sum(logaddexp(0, p[0]+p[1]*x) - y*(p[0]+p[1]*x)),
// [0, 0], method="BFGS", options={"gtol": 1e-11}), then Nelder-Mead from there to 1e-13.
func TestLogistic1(t *testing.T) {
	for _, c := range []struct{ x, y, want []float64 }{
		{[]float64{-2, -1, 0, 0.5, 1, 2, 3, -0.5}, []float64{0, 0, 1, 0, 1, 1, 0, 0}, []float64{-0.73886657, 0.46372888}},
		{[]float64{101, 102, 103, 104, 105, 106}, []float64{0, 1, 0, 1, 0, 1}, []float64{-37.396702, 0.36132079}},
		{[]float64{-3, -1, 2, 5}, []float64{.25, .25, .75, .75}, []float64{-0.23936882, 0.33959756}},
	} {
		a, b, ok := Logistic1(c.x, c.y)
		if !ok || math.Abs(a-c.want[0]) > 2e-6*math.Max(1, math.Abs(c.want[0])) || math.Abs(b-c.want[1]) > 1e-6 {
			t.Errorf("%v: %v %v %v, want %v", c.x, a, b, ok, c.want)
		}
	}
}

func TestLogistic1WithoutAMaximum(t *testing.T) {
	for _, c := range []struct{ x, y []float64 }{
		{nil, nil},
		{[]float64{1, 1, 1}, []float64{0, 1, 1}},
		{[]float64{1, 2, 3, 4}, []float64{0, 0, 1, 1}}, // separated
		{[]float64{0, 0, 1}, []float64{1, 0, 0}},       // but for the border
		{[]float64{2, 1, 2, 3}, []float64{0, 0, 1, 1}},
		{[]float64{1, 2, 3}, []float64{1, 1, 1}},
		{[]float64{1, math.NaN(), 3}, []float64{1, 0, 1}},
		{[]float64{1, math.Inf(1), 3}, []float64{1, 0, 1}},
	} {
		if a, b, ok := Logistic1(c.x, c.y); ok || !math.IsNaN(a) || !math.IsNaN(b) {
			t.Errorf("%v, %v: %v %v %v", c.x, c.y, a, b, ok)
		}
	}
}

// At the maximum the residuals are orthogonal to 1 and x.
func TestLogistic1ScoreEquations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(3, 60).Draw(t, "n")
		scale := rapid.Float64Range(1e-3, 1e3).Draw(t, "scale")
		x, y := make([]float64, n), make([]float64, n)
		for i := range x {
			x[i] = scale * rapid.Float64Range(-5, 5).Draw(t, "x")
			y[i] = rapid.Float64Range(0.05, 0.95).Draw(t, "y") // inside: a finite maximum exists
		}
		a, b, ok := Logistic1(x, y)
		if !ok {
			lo, hi := x[0], x[0]
			for _, v := range x {
				lo, hi = min(lo, v), max(hi, v)
			}
			if hi-lo > 1e-6*scale {
				t.Fatal("no fit")
			}
			return
		}
		var g0, g1 float64
		for i := range x {
			d := 1/(1+math.Exp(-a-b*x[i])) - y[i]
			g0, g1 = g0+d, g1+d*x[i]/scale
		}
		if math.Abs(g0) > 1e-6 || math.Abs(g1) > 1e-6 {
			t.Fatalf("gradient %v %v", g0, g1)
		}
	})
}
