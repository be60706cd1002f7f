package annotation

import (
	"math"
	"slices"

	"magn/internal/volume"
)

// shape is one lesion, or a part of it, as a continuous function of the index in
// its mask: above zero inside.
type shape struct {
	a, b, k int         // storage axes: columns, rows, slices
	lo      [3]int      // first column, row and slice; a margin of one pixel around the outlines
	w, h    int         // pixels of a slice
	slices  [][]float32 // in rows; nil where there is no outline
	depth   []float64   // greatest number of each slice: mm from its deepest point to the outline
	step    float64     // mm between slices
}

// newShape takes a lesion, or a part of it, out of a mask: the voxels of bx for
// which part is true, with slices along storage axis k. value makes a slice's numbers out of the pixels inside it.
func newShape(g volume.Grid, k int, bx box, part func(i int) bool, value func(inside []bool, w, h int, sx, sy float64) []float32) *shape {
	s := &shape{a: (k + 1) % 3, b: (k + 2) % 3, k: k}
	s.lo = [3]int{bx.lo[s.a] - 1, bx.lo[s.b] - 1, bx.lo[k]}
	s.w, s.h = bx.hi[s.a]-bx.lo[s.a]+2, bx.hi[s.b]-bx.lo[s.b]+2
	s.slices = make([][]float32, bx.hi[k]-bx.lo[k])
	s.depth = make([]float64, len(s.slices))
	spacing := g.Spacing()
	s.step = spacing[k]
	stride := [3]int{1, g.Size[0], g.Size[0] * g.Size[1]}
	inside := make([]bool, s.w*s.h)
	for n := range s.slices {
		clear(inside)
		any := false
		for y := 1; y < s.h-1; y++ {
			from := (s.lo[2]+n)*stride[k] + (s.lo[1]+y)*stride[s.b] + s.lo[0]*stride[s.a]
			for x := 1; x < s.w-1; x++ {
				if part(from + x*stride[s.a]) {
					inside[y*s.w+x], any = true, true
				}
			}
		}
		if any {
			s.slices[n] = value(inside, s.w, s.h, spacing[s.a], spacing[s.b])
			s.depth[n] = float64(slices.Max(s.slices[n]))
		}
	}
	return s
}

// indicator is 1 inside and 0 outside.
func indicator(inside []bool, _, _ int, _, _ float64) []float32 {
	out := make([]float32, len(inside))
	for i, in := range inside {
		if in {
			out[i] = 1
		}
	}
	return out
}

// outside is what a slice says of a point beyond its margin.
const outside = -1e6

// plane is slice n at column u and row v, both counted from s.lo, linear between
// pixels.
func (s *shape) plane(n int, u, v float64) float64 {
	x, y := int(u), int(v)
	if u < 0 || v < 0 || x >= s.w-1 || y >= s.h-1 {
		return outside
	}
	p := s.slices[n][y*s.w+x:]
	fx, fy := u-float64(x), v-float64(y)
	top := float64(p[0]) + fx*(float64(p[1])-float64(p[0]))
	p = p[s.w:]
	low := float64(p[0]) + fx*(float64(p[1])-float64(p[0]))
	return top + fy*(low-top)
}

// rounding is how far in slices, millimetres or shares a number may lie beyond
// a limit and still count as on it: the same voxels stored otherwise must not
// come out otherwise.
const rounding = 1e-6

// distance is the signed distance in mm at index p of the mask (shape-based
// interpolation: Raya and Udupa 1990, IEEE Trans Med Imaging 9:32): between
// neighbouring slices that both have an outline the cubic of Catmull and Rom
// through the distances on four slices, since a straight line cuts off what bulges;
// beyond the last outline what trend says, up to half a slice; outside elsewhere.
func (s *shape) distance(p [3]float64) float64 {
	u, v, w := p[s.a]-float64(s.lo[0]), p[s.b]-float64(s.lo[1]), p[s.k]-float64(s.lo[2])
	n := int(math.Floor(w))
	f := w - float64(n)
	here, next := s.has(n), s.has(n+1)
	switch {
	case here && next:
		p1, p2 := s.plane(n, u, v), s.plane(n+1, u, v)
		if p1 == outside {
			return outside
		}
		p0, p3 := s.before(n, u, v), s.after(n+1, u, v)
		return p1 + f/2*((p2-p0)+f*((2*p0-5*p1+4*p2-p3)+f*(3*p1-p0-3*p2+p3)))
	case here && f <= .5+rounding:
		return s.end(n, -1, f, u, v)
	case next && f >= .5-rounding:
		return s.end(n+1, +1, 1-f, u, v)
	}
	return outside
}

// before and after are the distance on the slice before and after n, continued by
// trend where that has no outline.
func (s *shape) before(n int, u, v float64) float64 {
	if s.has(n - 1) {
		return s.plane(n-1, u, v)
	}
	d, slope, curve := s.trend(n, +1, u, v)
	return d + slope + curve
}

func (s *shape) after(n int, u, v float64) float64 {
	if s.has(n + 1) {
		return s.plane(n+1, u, v)
	}
	d, slope, curve := s.trend(n, -1, u, v)
	return d + slope + curve
}

// trend is the distance on slice n, how it changed from the neighbour at n+in, a
// slice further in, and how that changes a slice further out. It curves as between
// the last three slices, and at least as a ball does whose section is as wide as
// the outline: the radius r of a ball's section at height z has d²r/dz² = −R²/r³,
// which is −1/r or steeper. But where there is an outline at least half of the slab
// is inside, so that a quarter of a slice from an outline alone its deepest point
// must be: depth − curve·(1/4)²/2 ≥ 0.
func (s *shape) trend(n, in int, u, v float64) (d, slope, curve float64) {
	d = s.plane(n, u, v)
	curve = -min(s.step*s.step/s.depth[n], 32*s.depth[n])
	if !s.has(n + in) {
		return d, 0, curve
	}
	p := s.plane(n+in, u, v)
	if s.has(n + 2*in) {
		curve = min(curve, d-2*p+s.plane(n+2*in, u, v))
	}
	return d, d - p, curve
}

// end is the distance t slices beyond the last outline, on slice n; it never grows
// there. Of an outline that stands alone both sides are its ends.
func (s *shape) end(n, in int, t, u, v float64) float64 {
	d, slope, curve := s.trend(n, in, u, v)
	if !s.has(n + in) {
		return d + t*t/2*curve
	}
	return d + min(0, t*slope+t*(1+t)/2*curve)
}

func (s *shape) has(n int) bool { return n >= 0 && n < len(s.slices) && s.slices[n] != nil }

// share is the weight of the lesion at index p: linear between pixels and slices,
// as if all around were 0.
func (s *shape) share(p [3]float64) float64 {
	u, v, w := p[s.a]-float64(s.lo[0]), p[s.b]-float64(s.lo[1]), p[s.k]-float64(s.lo[2])
	n := int(math.Floor(w))
	f := w - float64(n)
	sum := 0.0
	if s.has(n) {
		sum += (1 - f) * max(0, s.plane(n, u, v))
	}
	if s.has(n + 1) {
		sum += f * max(0, s.plane(n+1, u, v))
	}
	return sum
}
