package radiomics

import (
	"context"
	"math"
)

// splinePole is that of the cubic B-spline: Unser, "Splines: a perfect fit for
// signal and image processing", IEEE Signal Processing Magazine 16(6), 1999.
var splinePole = math.Sqrt(3) - 2

// splineHorizon is the number of samples after which the pole's powers are
// below ITK's tolerance of 1e-10.
var splineHorizon = int(math.Ceil(math.Log(1e-10) / math.Log(math.Abs(splinePole))))

// splineCoefficients replaces the values of a block by those of the cubic
// B-splines whose sum passes through them, mirrored at the block's ends
// (Unser's box 2), in ITK's order of operations. An axis of one voxel is left
// alone.
func splineCoefficients(ctx context.Context, values []float64, size [3]int, workers int) error {
	w, h, d := size[0], size[1], size[2]
	// Along x a row at a time; along y and z whole rows stand for the elements
	// of a line, so that every pass runs over contiguous memory.
	if err := slabs(ctx, workers, d, func(_, from, to int) {
		for z := from; z < to; z++ {
			slice := values[z*w*h:][:w*h]
			for y := range h {
				splineLines(slice[y*w:][:w], w, 1, 1)
			}
			splineLines(slice, h, w, w)
		}
	}); err != nil {
		return err
	}
	return slabs(ctx, workers, h, func(_, from, to int) {
		for y := from; y < to; y++ {
			splineLines(values[y*w:], d, w*h, w)
		}
	})
}

// splineLines does the recursion for width lines side by side: element n of
// line i is at i + n*step.
func splineLines(s []float64, n, step, width int) {
	if n == 1 {
		return
	}
	z := splinePole
	gain := 1 * (1 - z) * (1 - 1/z)
	for k := range n {
		row := s[k*step:][:width]
		for i := range row {
			row[i] *= gain
		}
	}
	for i := range width {
		s[i] = splineStart(s[i:], n, step)
	}
	for k := 1; k < n; k++ {
		row, before := s[k*step:][:width], s[(k-1)*step:][:width]
		for i := range row {
			row[i] += float64(z * before[i])
		}
	}
	last, before := s[(n-1)*step:][:width], s[(n-2)*step:][:width]
	end := z / (z*z - 1)
	for i := range last {
		last[i] = end * (float64(z*before[i]) + last[i])
	}
	for k := n - 2; k >= 0; k-- {
		row, after := s[k*step:][:width], s[(k+1)*step:][:width]
		for i := range row {
			row[i] = z * (after[i] - row[i])
		}
	}
}

// splineStart is the first value of the causal recursion.
func splineStart(s []float64, n, step int) float64 {
	z, zn := splinePole, splinePole
	if splineHorizon < n {
		sum := s[0]
		for k := 1; k < splineHorizon; k++ {
			sum += float64(zn * s[k*step])
			zn *= z
		}
		return sum
	}
	back, inverse := power(z, n-1), 1/z
	sum := s[0] + float64(back*s[(n-1)*step])
	back *= float64(back * inverse)
	for k := 1; k <= n-2; k++ {
		sum += float64((zn + back) * s[k*step])
		zn *= z
		back *= inverse
	}
	return sum / (1 - float64(zn*zn))
}

// power is z to the n-th, n > 0, rounded once as the C library does it.
func power(z float64, n int) float64 {
	high, low := z, 0.0
	for range n - 1 {
		p := high * z
		low = math.FMA(low, z, math.FMA(high, z, -p))
		high = p + low
		low -= high - p
	}
	return high
}

// splineWeights are the four cubic B-splines at x, the first of which is
// centred on the voxel before x's own.
func splineWeights(x float64) (first int, w [4]float64) {
	// ITK finds the voxel in single precision; the splines are smooth enough
	// for it not to matter.
	cell := math.Floor(float64(float32(x)))
	t := x - cell
	w[3] = 1.0 / 6 * t * t * t
	w[0] = 1.0/6 + float64(0.5*t*(t-1)) - w[3]
	w[2] = t + w[0] - float64(2*w[3])
	w[1] = 1 - w[0] - w[2] - w[3]
	return int(cell) - 1, w
}

// mirror is the index that stands for one outside [0, n).
func mirror(i, n int) int {
	if n == 1 {
		return 0
	}
	if i < 0 {
		i = -i
	}
	if i >= n-1 {
		i = 2*(n-1) - i
	}
	return max(i, -i) // two voxels are mirrored twice
}
