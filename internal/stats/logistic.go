package stats

import "math"

// Logistic1 is the maximum-likelihood fit of P(y) = 1/(1+exp(−(a+b·x))) by
// Newton's method with step halving. y may be fractions (Platt's targets). ok is
// false where there is no finite maximum (the classes are separated by x, or x
// is constant) or nothing to fit; a and b are then NaN.
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
	if !(sd > 0) || math.IsInf(sd, 0) {
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
	const rounds, flat, far = 100, 1e-9, 40
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
		if math.Abs(g0)+math.Abs(g1) < flat*n {
			if math.Abs(a) > far || math.Abs(b) > far {
				break
			}
			return a - b*mean/sd, b / sd, true
		}
		det := h00*h11 - h01*h01
		if !(det > 1e-14*n*n) {
			break
		}
		da, db := (h11*g0-h01*g1)/det, (h00*g1-h01*g0)/det
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
