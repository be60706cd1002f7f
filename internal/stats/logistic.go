package stats

import "math"

// Logistic1 is the maximum-likelihood fit of P(y) = 1/(1+exp(−(a+b·x))) by
// Newton's method with step halving. y may be fractions (Platt's targets). ok is
// false where there is no finite maximum (x is constant, or separates the classes,
// a shared border value included) or nothing to fit; a and b are then NaN.
func Logistic1(x, y []float64) (a, b float64, ok bool) {
	sameLength(len(x), len(y))
	// Newton on the standardised variable, where the Hessian is well scaled.
	n := float64(len(x))
	var mean, ss float64
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		ss += (v - mean) * (v - mean)
	}
	sd := math.Sqrt(ss / n)
	if !(sd > 0) || math.IsInf(sd, 0) || !overlap(x, y) {
		return math.NaN(), math.NaN(), false
	}
	loss := func(a, b float64) float64 {
		var l float64
		for i, v := range x {
			z := a + b*(v-mean)/sd
			l += math.Max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) - y[i]*z
		}
		return l
	}
	const rounds, flat = 100, 1e-9
	now := loss(0, 0)
	for range rounds {
		var g0, g1, h00, h01, h11 float64
		for i, v := range x {
			v = (v - mean) / sd
			p := 1 / (1 + math.Exp(-(a + b*v)))
			d, w := p-y[i], p*(1-p)
			g0, g1 = g0+d, g1+d*v
			h00, h01, h11 = h00+w, h01+w*v, h11+w*v*v
		}
		det := h00*h11 - h01*h01
		da, db := (h11*g0-h01*g1)/det, (h00*g1-h01*g0)/det
		if math.Abs(g0)+math.Abs(g1) < flat*n {
			if !(det > 0) {
				break
			}
			a, b = a-da, b-db // once more: from here a step doubles the digits
			return a - b*mean/sd, b / sd, true
		}
		if !(det > 1e-14*n*n) {
			break
		}
		step := 1.0
		next := loss(a-da, b-db)
		for next > now+1e-12*(1+now) && step > 1e-8 { // near the minimum rounding decides which is less
			step /= 2
			next = loss(a-step*da, b-step*db)
		}
		a, b, now = a-step*da, b-step*db, next
	}
	return math.NaN(), math.NaN(), false
}

// overlap says whether some case that is (partly) positive lies below one that is
// (partly) negative, and some above: the condition for a finite maximum (Albert &
// Anderson 1984, Biometrika 71:1).
func overlap(x, y []float64) bool {
	low, high := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)} // of negative, positive
	for i, v := range x {
		if y[i] < 1 {
			low[0], high[0] = math.Min(low[0], v), math.Max(high[0], v)
		}
		if y[i] > 0 {
			low[1], high[1] = math.Min(low[1], v), math.Max(high[1], v)
		}
	}
	return low[1] < high[0] && low[0] < high[1]
}
