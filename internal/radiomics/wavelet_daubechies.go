package radiomics

import (
	"math"
	"math/big"
	"math/cmplx"
)

// daubechies is the low-pass filter, of 2n coefficients, of the orthogonal
// wavelet with n vanishing moments and minimum phase: √2 ((1+z)/2)^n times a
// product of (z-r) over the roots of Daubechies' polynomial inside the unit
// circle. Daubechies, "Ten lectures on wavelets", SIAM 1992, 6.1.
//
// For n = 38 double precision would leave no digit of the roots: they are
// refined, and multiplied, with 320 bits, and every coefficient is that of
// PyWavelets to the last bit.
func daubechies(n int) []float64 {
	poly := []complexBig{toBig(1)}
	for range n {
		poly = timesRoot(poly, toBig(-1))
	}
	for _, r := range daubechiesRoots(n) {
		poly = timesRoot(poly, r)
		if r.im.Sign() != 0 { // its conjugate
			poly = timesRoot(poly, complexBig{r.re, newBig().Neg(r.im)})
		}
	}
	total := newBig()
	for _, c := range poly {
		total.Add(total, c.re)
	}
	scale := newBig().Quo(newBig().Sqrt(newBig().SetInt64(2)), total)
	out := make([]float64, len(poly))
	for i, c := range poly {
		out[i], _ = newBig().Mul(c.re, scale).Float64()
	}
	return out
}

// daubechiesRoots are the roots inside the unit circle, one of each conjugate
// pair.
func daubechiesRoots(n int) []complexBig {
	// The polynomial in y = (2-z-1/z)/4 has the coefficients C(n-1+k, k).
	poly := make([]*big.Float, n)
	approx := make([]complex128, n)
	for k := range poly {
		poly[k] = newBig().SetInt(new(big.Int).Binomial(int64(n-1+k), int64(k)))
		x, _ := poly[k].Float64()
		approx[k] = complex(x, 0)
	}
	var roots []complexBig
	for _, y := range polynomialRoots(approx) {
		if imag(y) < -1e-9 {
			continue // its conjugate stands for it
		}
		if math.Abs(imag(y)) <= 1e-9 {
			y = complex(real(y), 0)
		}
		root := toBig(y)
		for range 8 { // Newton's steps, each doubling the digits
			value, slope := toBig(0), toBig(0)
			for k := n - 1; k >= 0; k-- {
				slope = slope.times(root).plus(value)
				value = value.times(root).plus(complexBig{poly[k], newBig()})
			}
			root = root.minus(value.over(slope))
		}
		// z² - (2-4y)z + 1 = 0, refined likewise.
		yb, _ := root.re.Float64()
		yi, _ := root.im.Float64()
		half := 1 - 2*complex(yb, yi)
		z0 := half - cmplx.Sqrt(half*half-1)
		if cmplx.Abs(z0) > 1 {
			z0 = 1 / z0
		}
		z := toBig(z0)
		b := toBig(2).minus(toBig(4).times(root))
		for range 8 {
			value := z.times(z).minus(b.times(z)).plus(toBig(1))
			z = z.minus(value.over(toBig(2).times(z).minus(b)))
		}
		roots = append(roots, z)
	}
	return roots
}

// polynomialRoots are the roots of a polynomial, lowest power first, by Aberth's
// method.
func polynomialRoots(c []complex128) []complex128 {
	n := len(c) - 1
	roots := make([]complex128, n)
	for i := range roots {
		roots[i] = cmplx.Rect(.5, 2*math.Pi*(float64(i)+.37)/float64(n))
	}
	for range 200 {
		moved := 0.0
		for i, r := range roots {
			value, slope := 0i, 0i
			for k := n; k >= 0; k-- {
				slope = slope*r + value
				value = value*r + c[k]
			}
			if value == 0 {
				continue
			}
			step := value / slope
			push := 0i
			for j, s := range roots {
				if j != i {
					push += 1 / (r - s)
				}
			}
			step /= 1 - step*push
			roots[i] -= step
			moved = max(moved, cmplx.Abs(step)/cmplx.Abs(r))
		}
		if moved < 1e-15 {
			break
		}
	}
	return roots
}

// timesRoot is a polynomial times (z - r), lowest power first.
func timesRoot(poly []complexBig, r complexBig) []complexBig {
	out := make([]complexBig, len(poly)+1)
	for i := range out {
		out[i] = toBig(0)
		if i > 0 {
			out[i] = poly[i-1]
		}
		if i < len(poly) {
			out[i] = out[i].minus(poly[i].times(r))
		}
	}
	return out
}

// complexBig is a complex number of 320 bits a part.
type complexBig struct{ re, im *big.Float }

func newBig() *big.Float { return new(big.Float).SetPrec(320) }

func toBig(z complex128) complexBig {
	return complexBig{newBig().SetFloat64(real(z)), newBig().SetFloat64(imag(z))}
}

func (a complexBig) plus(b complexBig) complexBig {
	return complexBig{newBig().Add(a.re, b.re), newBig().Add(a.im, b.im)}
}

func (a complexBig) minus(b complexBig) complexBig {
	return complexBig{newBig().Sub(a.re, b.re), newBig().Sub(a.im, b.im)}
}

func (a complexBig) times(b complexBig) complexBig {
	return complexBig{
		newBig().Sub(newBig().Mul(a.re, b.re), newBig().Mul(a.im, b.im)),
		newBig().Add(newBig().Mul(a.re, b.im), newBig().Mul(a.im, b.re)),
	}
}

func (a complexBig) over(b complexBig) complexBig {
	size := newBig().Add(newBig().Mul(b.re, b.re), newBig().Mul(b.im, b.im))
	q := a.times(complexBig{b.re, newBig().Neg(b.im)})
	return complexBig{newBig().Quo(q.re, size), newBig().Quo(q.im, size)}
}
