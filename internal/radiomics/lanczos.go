package radiomics

import "math"

// lanczosSteps bounds the basis that is kept. That many were never needed.
const lanczosSteps = 300

// largestMagnitude is the largest |λ| of a symmetric n×n matrix, given as the
// function that sets y to its product with x. Every new basis vector is made
// orthogonal to all before (Golub and Van Loan, Matrix Computations, 10.3). An
// eigenvalue found this way is off by no more than its vector is, and nearly
// always by that squared: it ends when that is below 10⁻⁸ of it, or below 10⁻⁵
// while the value has settled.
func largestMagnitude(n int, product func(y, x []float64)) float64 {
	steps := min(n, lanczosSteps)
	basis := make([][]float64, 0, steps)
	var diagonal, beside []float64
	q, seed := make([]float64, n), uint64(1)
	for i := range q { // any vector that is orthogonal to no eigenvector
		seed = seed*6364136223846793005 + 1442695040888963407
		q[i] = float64(seed>>11)/(1<<52) - 1
	}
	scale(q, 1/math.Sqrt(dot(q, q)))
	before := math.Inf(1)
	for check := 10; ; {
		basis = append(basis, q)
		w := make([]float64, n)
		product(w, q)
		diagonal = append(diagonal, dot(w, q))
		addScaled(w, -diagonal[len(diagonal)-1], q)
		if k := len(beside); k > 0 {
			addScaled(w, -beside[k-1], basis[k-1])
		}
		rest := math.Sqrt(dot(w, w))
		for again := true; again; { // once more where much cancelled
			for _, v := range basis {
				addScaled(w, -dot(w, v), v)
			}
			left := math.Sqrt(dot(w, w))
			again, rest = left < rest/2 && left > 1e-14, left
		}
		done := len(basis) == steps || rest < 1e-14
		if done || len(basis) == check {
			t := tridiagonal{diagonal, beside}
			lo, hi := t.extremes()
			found := max(hi, -lo)
			near := 1e-8 * found
			if math.Abs(found-before) <= 1e-11*found {
				near = 1e-5 * found
			}
			settled := true
			for _, end := range [2]float64{lo, hi} { // the one that is less may still grow
				off := rest * t.lastOf(end)
				settled = settled && (off < near || math.Abs(end)+off < found)
			}
			if done || settled {
				return found
			}
			before = found
			check += 4 + check/8
		}
		beside = append(beside, rest)
		scale(w, 1/rest)
		q = w
	}
}

// tridiagonal is a symmetric matrix of a diagonal and the one beside it, which
// has no 0.
type tridiagonal struct{ diagonal, beside []float64 }

// extremes are the least and the greatest eigenvalue.
func (t tridiagonal) extremes() (lo, hi float64) {
	radius := 0.0 // of Gershgorin's discs
	for i, d := range t.diagonal {
		r := math.Abs(d)
		if i > 0 {
			r += t.beside[i-1]
		}
		if i < len(t.diagonal)-1 {
			r += t.beside[i]
		}
		radius = max(radius, r)
	}
	return t.nearest(-radius, -1), t.nearest(radius, 1)
}

// nearest is the eigenvalue nearest to x, which lies beyond all of them in the
// direction of sign. Laguerre's method on the characteristic polynomial comes
// closer from there without passing it. The polynomial is the product of the
// pivots d of the matrix less x; u and v are their first and second derivative.
func (t tridiagonal) nearest(x, sign float64) float64 {
	n := float64(len(t.diagonal))
	for range 60 {
		var d, u, v, slope, bend float64 // slope: of the logarithm; bend: less that of the slope
		for i, a := range t.diagonal {
			if i == 0 {
				d, u, v = a-x, -1, 0
			} else {
				b := t.beside[i-1] * t.beside[i-1]
				inverse := 1 / d
				ratio := b * inverse * inverse
				d, u, v = a-x-b*inverse, -1+ratio*u, ratio*(v-2*u*u*inverse)
			}
			if d == 0 {
				return x
			}
			slope += u / d
			bend += (u/d)*(u/d) - v/d
		}
		if !(sign*slope > 0) { // rounding has carried x past it
			return x
		}
		root := math.Sqrt(max(0, (n-1)*(n*bend-slope*slope)))
		step := n / (slope + sign*root)
		if !(math.Abs(step) > 1e-15*math.Abs(x)) {
			return x
		}
		x -= step
	}
	return x
}

// lastOf is the size of the last component of the eigenvector to an extreme
// eigenvalue, found from its end, where it is least.
func (t tridiagonal) lastOf(eigenvalue float64) float64 {
	n := len(t.diagonal)
	after, at, squares := 0.0, 1.0, 1.0
	for i := n - 1; i > 0; i-- {
		next := (eigenvalue - t.diagonal[i]) * at
		if i < n-1 {
			next -= t.beside[i] * after
		}
		after, at = at, next/t.beside[i-1]
		if squares += at * at; squares > 1e40 {
			return 0
		}
	}
	return 1 / math.Sqrt(squares)
}

// dot adds in four places, so that one addition need not wait for another.
func dot(a, b []float64) float64 {
	b = b[:len(a)]
	var s, t, u, v float64
	i := 0
	for ; i+3 < len(a); i += 4 {
		s += a[i] * b[i]
		t += a[i+1] * b[i+1]
		u += a[i+2] * b[i+2]
		v += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s += a[i] * b[i]
	}
	return s + t + (u + v)
}

func addScaled(y []float64, f float64, x []float64) {
	x = x[:len(y)]
	for i := range y {
		y[i] += f * x[i]
	}
}

func scale(x []float64, f float64) {
	for i := range x {
		x[i] *= f
	}
}
