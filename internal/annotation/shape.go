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
	lo      [3]int      // first column, row and slice, with the margin around the outlines
	margin  [3]int      // by storage axis: pixels around the outlines, and one slice, beyond which nothing is inside
	w, h    int         // pixels of a slice
	slices  [][]float32 // in rows; nil where there is no outline
	depth   []float64   // greatest number of each slice: mm from its deepest point to the outline
	square  []float64   // area of each outline over π: the square of its radius, mm²
	step    float64     // mm between slices
	imaged  [2]bool     // whether the stack goes on before the first and behind the last of them
}

// newShape takes a lesion, or a part of it, out of a mask: the voxels of bx for
// which part is true, with slices along storage axis k. value makes a slice's numbers out of the pixels inside it.
func newShape(g volume.Grid, k int, bx box, part func(i int) bool, value func(inside []bool, w, h int, sx, sy float64) []float32) *shape {
	s := &shape{a: (k + 1) % 3, b: (k + 2) % 3, k: k}
	spacing := g.Spacing()
	s.step = spacing[k]
	s.margin = [3]int{1, 1, 1}
	for _, axis := range []int{s.a, s.b} {
		s.margin[axis] += int(math.Ceil(s.step * widening / spacing[axis]))
	}
	ma, mb := s.margin[s.a], s.margin[s.b]
	s.lo = [3]int{bx.lo[s.a] - ma, bx.lo[s.b] - mb, bx.lo[k]}
	s.w, s.h = bx.hi[s.a]-bx.lo[s.a]+2*ma, bx.hi[s.b]-bx.lo[s.b]+2*mb
	s.slices = make([][]float32, bx.hi[k]-bx.lo[k])
	s.depth = make([]float64, len(s.slices))
	s.square = make([]float64, len(s.slices))
	s.imaged = [2]bool{bx.lo[k] > 0, bx.hi[k] < g.Size[k]}
	stride := [3]int{1, g.Size[0], g.Size[0] * g.Size[1]}
	inside := make([]bool, s.w*s.h)
	for n := range s.slices {
		clear(inside)
		count := 0
		for y := mb; y < s.h-mb; y++ {
			from := (s.lo[2]+n)*stride[k] + (s.lo[1]+y)*stride[s.b] + s.lo[0]*stride[s.a]
			for x := ma; x < s.w-ma; x++ {
				if part(from + x*stride[s.a]) {
					inside[y*s.w+x] = true
					count++
				}
			}
		}
		if count > 0 {
			s.square[n] = float64(count) * spacing[s.a] * spacing[s.b] / math.Pi
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
// beyond the last outline what end says; outside elsewhere.
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
	case here && !next:
		return s.end(n, -1, f, u, v)
	case next && !here:
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
// is inside, so that a quarter of a slice further out the deepest point still is:
// depth − curve·(1/4)²/2 ≥ 0.
func (s *shape) trend(n, in int, u, v float64) (d, slope, curve float64) {
	d = s.plane(n, u, v)
	curve = -min(s.step*s.step/s.depth[n], 32*s.depth[n])
	p := s.plane(n+in, u, v)
	if s.has(n + 2*in) {
		curve = min(curve, d-2*p+s.plane(n+2*in, u, v))
	}
	return d, d - p, curve
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
