package radiomics

import (
	"context"
	"fmt"
	"math"
)

// laplacian is the Laplacian of a Gaussian of the given width in millimetres,
// times its square, in the box: itk::LaplacianRecursiveGaussianImageFilter with
// NormalizeAcrossScale, single precision between its passes included. For each
// axis the second derivative along it is followed by smoothing along the
// others; the sum over axes weighs each by its spacing to the power -2.
//
// The filters are Deriche's recursive ones: Deriche, "Recursively implementing
// the Gaussian and its derivatives", INRIA report 1893, 1993, with the
// coefficients of Farnebäck and Westin, "Improving Deriche-style recursive
// Gaussian filters", JMIV 26(3), 2006. The axes have at least four voxels.
func (im *Image) laplacian(ctx context.Context, b box, sigma float64, workers int) ([]float64, error) {
	spacing := im.Spacing()
	// What lies 25 widths away has a weight of exp(-34), or 1e-15.
	window := box{}
	for a := range 3 {
		reach := int(math.Ceil(math.Min(25*sigma/spacing[a], 1e6))) + 4
		window.low[a] = max(0, b.low[a]-reach)
		window.size[a] = min(im.Size[a], b.low[a]+b.size[a]+reach) - window.low[a]
	}
	inner := box{size: b.size}
	for a := range 3 {
		inner.low[a] = b.low[a] - window.low[a]
	}
	input := window.take(im.Values, im.Size)
	out := make([]float32, voxels(b.size))
	for axis := range 3 {
		size := window.size
		d := newDeriche(2, sigma, spacing[axis])
		values, err := derichePass(ctx, d, input, &size, axis, inner, workers)
		if err != nil {
			return nil, err
		}
		for other := range 3 {
			if other == axis {
				continue
			}
			d := newDeriche(0, sigma, spacing[other])
			if values, err = derichePass(ctx, d, values, &size, other, inner, workers); err != nil {
				return nil, err
			}
		}
		scale := 1 / (spacing[axis] * spacing[axis])
		for i, v := range values {
			out[i] = float32(float64(out[i]) + float64(float64(v)*scale))
		}
	}
	return convert[float64](out), nil
}

// logName is the image's name: the width as Python writes it.
func logName(s Sigma) string { return fmt.Sprintf("log-sigma-%s-mm-3D", s.text()) }

// bundle is how many lines are filtered side by side: their recursions do not
// wait for each other, and columns are read in stretches.
const bundle = 16

// derichePass filters a block of the given size along an axis and keeps of that
// axis what lies in the box; size becomes that of the result.
func derichePass[T float32 | float64](ctx context.Context, d *deriche, in []T, size *[3]int, axis int, b box, workers int) ([]float32, error) {
	from := *size
	to := from
	to[axis] = b.size[axis]
	*size = to
	out := make([]float32, voxels(to))
	n, keep, skip := from[axis], to[axis], b.low[axis]
	// Lines are bundled along x, or along y where they run along x.
	across, rest := 0, 3-axis
	if axis == 0 {
		across, rest = 1, 2
	}
	stride := func(s [3]int) [3]int { return [3]int{1, s[0], s[0] * s[1]} }
	is, os := stride(from), stride(to)
	bundles := (from[across] + bundle - 1) / bundle
	scratch := make([][]float64, max(1, workers))
	err := slabs(ctx, workers, bundles*from[rest], func(w, first, end int) {
		if scratch[w] == nil {
			scratch[w] = make([]float64, 3*n*bundle)
		}
		data, causal, anti := scratch[w][:n*bundle], scratch[w][n*bundle:][:n*bundle], scratch[w][2*n*bundle:]
		for u := first; u < end; u++ {
			c, r := u%bundles*bundle, u/bundles
			lines := min(bundle, from[across]-c)
			src, dst := in[c*is[across]+r*is[rest]:], out[c*os[across]+r*os[rest]:]
			for k := range n {
				row := data[k*bundle:][:lines]
				at := k * is[axis]
				for i := range row {
					row[i] = float64(src[at])
					at += is[across]
				}
			}
			d.filter(data, causal, anti, n)
			for k := range keep {
				forward, back := causal[(skip+k)*bundle:][:lines], anti[(skip+k)*bundle:][:lines]
				at := k * os[axis]
				for i := range forward {
					dst[at] = float32(forward[i] + back[i])
					at += os[across]
				}
			}
		}
	})
	return out, err
}

// deriche is one recursive filter of fourth order: the response to a line is
// the sum of a causal and an anticausal recursion.
type deriche struct {
	n, m [4]float64 // numerators: of x[k], x[k-1] …, and of x[k+1], x[k+2] …
	d    [4]float64 // denominator, both ways: of y[k∓1], y[k∓2] …
	// What stands for d before the line's first element and after its last,
	// which are taken to go on for ever.
	bn, bm [4]float64
}

// newDeriche is the Gaussian (order 0) or sigma squared times its second
// derivative (order 2) for a width and a spacing in millimetres.
func newDeriche(order int, sigma, spacing float64) *deriche {
	const (
		w1, l1 = 0.6681, -1.3932
		w2, l2 = 2.0787, -1.3732
	)
	sd := sigma / spacing
	sin1, cos1, exp1 := math.Sin(w1/sd), math.Cos(w1/sd), math.Exp(l1/sd)
	sin2, cos2, exp2 := math.Sin(w2/sd), math.Cos(w2/sd), math.Exp(l2/sd)
	numerator := func(a1, b1, a2, b2 float64) [4]float64 {
		return [4]float64{
			a1 + a2,
			exp2*(b2*sin2-(a2+2*a1)*cos2) + exp1*(b1*sin1-(a1+2*a2)*cos1),
			2*exp1*exp2*((a1+a2)*cos2*cos1-(b1*cos2*sin1+b2*cos1*sin2)) + a2*exp1*exp1 + a1*exp2*exp2,
			exp2*exp1*exp1*(b2*sin2-a2*cos2) + exp1*exp2*exp2*(b1*sin1-a1*cos1),
		}
	}
	f := &deriche{d: [4]float64{
		-2 * (exp2*cos2 + exp1*cos1),
		4*cos2*cos1*exp1*exp2 + exp1*exp1 + exp2*exp2,
		-2*cos1*exp1*exp2*exp2 - 2*cos2*exp2*exp1*exp1,
		exp1 * exp1 * exp2 * exp2,
	}}
	// Sums of the coefficients, of them times their lag, and times its square.
	dSum := 1 + f.d[0] + f.d[1] + f.d[2] + f.d[3]
	dLag := f.d[0] + 2*f.d[1] + 3*f.d[2] + 4*f.d[3]
	dSquare := f.d[0] + 4*f.d[1] + 9*f.d[2] + 16*f.d[3]
	total := func(c [4]float64) float64 { return c[0] + c[1] + c[2] + c[3] }

	n0 := numerator(1.3530, 1.8151, -0.3531, 0.0902)
	var norm float64
	switch order {
	case 0:
		// Its sum over all samples is 1.
		f.n = n0
		norm = 2*total(n0)/dSum - n0[0]
	default:
		// Its sum is 0, and its second moment 2.
		n2 := numerator(-1.3563, 5.2318, 0.3446, -2.2355)
		beta := -(2*total(n2) - dSum*n2[0]) / (2*total(n0) - dSum*n0[0])
		for i := range f.n {
			f.n[i] = n2[i] + beta*n0[i]
		}
		s, lag, square := total(f.n), f.n[1]+2*f.n[2]+3*f.n[3], f.n[1]+4*f.n[2]+9*f.n[3]
		norm = (square*dSum*dSum - dSquare*s*dSum - 2*lag*dLag*dSum + 2*dLag*dLag*s) / (dSum * dSum * dSum)
		norm /= sigma * sigma
	}
	for i := range f.n {
		f.n[i] /= norm
	}
	for i := range 3 {
		f.m[i] = f.n[i+1] - f.d[i]*f.n[0]
	}
	f.m[3] = -f.d[3] * f.n[0]
	sn, sm := total(f.n), total(f.m)
	for i := range 4 {
		f.bn[i], f.bm[i] = f.d[i]*sn/dSum, f.d[i]*sm/dSum
	}
	return f
}

// filter runs both recursions over n ≥ 4 samples of a bundle of lines; sample k
// of line i is at k*bundle + i.
func (f *deriche) filter(data, causal, anti []float64, n int) {
	at := func(s []float64, k int) *[bundle]float64 { return (*[bundle]float64)(s[k*bundle:]) }
	recursion := func(out []float64, step, first int, num [4]float64, border [4]float64, lag int) {
		edge := at(data, first)
		for t := range n {
			k := first + t*step
			y := at(out, k)
			var x [4]*[bundle]float64
			for j := range x { // the samples that the numerator meets
				x[j] = edge
				if t >= j+lag {
					x[j] = at(data, k-(j+lag)*step)
				}
			}
			c := f.d
			var p [4]*[bundle]float64
			for j := range p { // the results before
				if t > j {
					p[j] = at(out, k-(j+1)*step)
				} else {
					p[j], c[j] = edge, border[j]
				}
			}
			for i := range bundle {
				v := float64(x[0][i]*num[0]) + float64(x[1][i]*num[1]) + float64(x[2][i]*num[2]) + float64(x[3][i]*num[3])
				y[i] = v - (float64(p[0][i]*c[0]) + float64(p[1][i]*c[1]) + float64(p[2][i]*c[2]) + float64(p[3][i]*c[3]))
			}
		}
	}
	recursion(causal, 1, 0, f.n, f.bn, 0)
	recursion(anti, -1, n-1, f.m, f.bm, 1)
}
