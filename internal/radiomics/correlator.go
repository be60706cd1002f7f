package radiomics

import "gonum.org/v1/gonum/dsp/fourier"

// correlator correlates two arrays on a box: for every displacement, the sum of
// products of an element of the one and the element of the other that far away.
// It goes through Fourier transforms on a box of twice the size, so that nothing
// wraps around.
type correlator struct {
	size, padded [3]int
	plans        [3]*fourier.CmplxFFT
}

func newCorrelator(size [3]int) *correlator {
	c := &correlator{size: size}
	for axis, n := range size {
		c.padded[axis] = smooth(2*n - 1)
		c.plans[axis] = fourier.NewCmplxFFT(c.padded[axis])
	}
	return c
}

// smooth is the least number from n on without prime factors above 5, which
// transform fast.
func smooth(n int) int {
	for ; ; n++ {
		rest := n
		for _, p := range []int{2, 3, 5} {
			for rest%p == 0 {
				rest /= p
			}
		}
		if rest == 1 {
			return n
		}
	}
}

// len is the number of values of a spectrum.
func (c *correlator) len() int { return c.padded[0] * c.padded[1] * c.padded[2] }

// transform is the spectrum of real values on the box.
func (c *correlator) transform(values []float64) []complex128 {
	out := make([]complex128, c.len())
	for z := range c.size[2] {
		for y := range c.size[1] {
			row := values[c.size[0]*(y+c.size[1]*z):][:c.size[0]]
			to := out[c.padded[0]*(y+c.padded[1]*z):]
			for x, v := range row {
				to[x] = complex(v, 0)
			}
		}
	}
	c.lines(out, (*fourier.CmplxFFT).Coefficients)
	return out
}

// correlate is, by displacement, the correlation of the arrays of two spectra.
func (c *correlator) correlate(a, b []complex128) []float64 {
	product := make([]complex128, len(a))
	for i, v := range a {
		product[i] = complex(real(v), -imag(v)) * b[i]
	}
	c.lines(product, (*fourier.CmplxFFT).Sequence)
	out := make([]float64, len(product))
	for i, v := range product {
		out[i] = real(v) / float64(len(product))
	}
	return out
}

// lines applies f along every line of each axis.
func (c *correlator) lines(data []complex128, f func(*fourier.CmplxFFT, []complex128, []complex128) []complex128) {
	stride := 1
	for axis, n := range c.padded {
		in, out := make([]complex128, n), make([]complex128, n)
		for start := range data {
			if start/stride%n != 0 {
				continue
			}
			for k := range in {
				in[k] = data[start+k*stride]
			}
			f(c.plans[axis], out, in)
			for k, v := range out {
				data[start+k*stride] = v
			}
		}
		stride *= n
	}
}

// displacements calls f for every displacement between two voxels of the box
// with its place in what correlate returns.
func (c *correlator) displacements(f func(at int, d offset)) {
	at := 0
	var p [3]int
	for p[2] = range c.padded[2] {
		for p[1] = range c.padded[1] {
			for p[0] = range c.padded[0] {
				d, inside := offset{}, true
				for axis, n := range p {
					if n > c.padded[axis]/2 {
						n -= c.padded[axis]
					}
					d[axis] = n
					inside = inside && max(n, -n) < c.size[axis]
				}
				if inside {
					f(at, d)
				}
				at++
			}
		}
	}
}
