package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// ShapiroWilk tests for normality by Royston's approximation (1995, Appl. Stat.
// 44:547, algorithm AS R94), for 3 to 5000 values. Undefined for others, and
// where all values are equal.
func ShapiroWilk(x []float64) Test {
	t := noTest("Shapiro–Wilk W")
	n := len(x)
	if n < 3 || n > 5000 {
		return t
	}
	x = slices.Clone(x)
	slices.Sort(x)
	if !(x[n-1] > x[0]) || math.IsInf(x[n-1]-x[0], 0) {
		return t
	}
	a := roystonWeights(n)
	// 1 − W from a difference of roots, since W is near 1.
	m := mean(x)
	var ssa, ssx, sax float64
	for i := range x {
		d := (x[i] - m) / (x[n-1] - x[0])
		ssa, ssx, sax = ssa+a[i]*a[i], ssx+d*d, sax+a[i]*d
	}
	root := math.Sqrt(ssa * ssx)
	w1 := (root - sax) * (root + sax) / (ssa * ssx)
	t.Statistic, t.P = 1-w1, roystonP(w1, n)
	return t
}

// roystonWeights are the coefficients of the order statistics.
func roystonWeights(n int) []float64 {
	a := make([]float64, n)
	if n == 3 {
		a[0], a[2] = -math.Sqrt(0.5), math.Sqrt(0.5)
		return a
	}
	m := make([]float64, n/2)
	var sum float64
	for i := range m {
		m[i] = distuv.UnitNormal.Quantile((float64(i+1) - 0.375) / (float64(n) + 0.25))
		sum += 2 * m[i] * m[i]
	}
	r := 1 / math.Sqrt(float64(n))
	first := -m[0]/math.Sqrt(sum) + polynomial(r, 0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056)
	left, norm := sum-2*m[0]*m[0], 1-2*first*first
	begin := 1
	half := make([]float64, n/2)
	half[0] = first
	if n > 5 {
		half[1] = -m[1]/math.Sqrt(sum) + polynomial(r, 0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633)
		left, norm = left-2*m[1]*m[1], norm-2*half[1]*half[1]
		begin = 2
	}
	for i := begin; i < len(m); i++ {
		half[i] = -m[i] / math.Sqrt(left/norm)
	}
	for i, h := range half {
		a[i], a[n-1-i] = -h, h
	}
	return a
}

// roystonP is the p of 1 − W.
func roystonP(w1 float64, n int) float64 {
	if n == 3 { // exact
		return clamp(6 / math.Pi * (math.Asin(math.Sqrt(1-w1)) - math.Asin(math.Sqrt(0.75))))
	}
	y, x := math.Log(w1), float64(n)
	var mu, sigma float64
	if n <= 11 {
		gamma := polynomial(x, -2.273, 0.459)
		if y >= gamma {
			return 0
		}
		y = -math.Log(gamma - y)
		mu = polynomial(x, 0.544, -0.39978, 0.025054, -6.714e-4)
		sigma = math.Exp(polynomial(x, 1.3822, -0.77857, 0.062767, -0.0020322))
	} else {
		x = math.Log(x)
		mu = polynomial(x, -1.5861, -0.31082, -0.083751, 0.0038915)
		sigma = math.Exp(polynomial(x, -0.4803, -0.082676, 0.0030302))
	}
	return distuv.UnitNormal.Survival((y - mu) / sigma)
}

// polynomial has its coefficients by rising power.
func polynomial(x float64, c ...float64) float64 {
	var y float64
	for i := len(c) - 1; i >= 0; i-- {
		y = y*x + c[i]
	}
	return y
}
