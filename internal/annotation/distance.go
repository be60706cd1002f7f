package annotation

import "math"

// signedDistance is, for each pixel of a w×h picture with pixels of sx×sy mm, the
// distance in millimetres to the outline: positive inside, negative outside, and
// zero halfway between neighbours on either side of it. The exact Euclidean
// distance transform to the nearest pixel of the other side is shortened by half
// a pixel, of the smaller edge, so that it stays positive.
//
// Inside must hold at least one pixel of either kind.
func signedDistance(inside []bool, w, h int, sx, sy float64) []float32 {
	out := make([]float32, w*h)
	half := min(sx, sy) / 2
	to := func(side bool, sign float64) {
		d := squaredDistance(inside, !side, w, h, sx, sy)
		for i, in := range inside {
			if in == side {
				out[i] = float32(sign * (math.Sqrt(d[i]) - half))
			}
		}
	}
	to(true, 1)
	to(false, -1)
	return out
}

// squaredDistance is the squared distance of each pixel to the nearest one that
// equals side; +Inf where there is none. Felzenszwalb and Huttenlocher 2012,
// "Distance transforms of sampled functions": first along columns, then the lower
// envelope of parabolas along rows.
func squaredDistance(picture []bool, side bool, w, h int, sx, sy float64) []float64 {
	d := make([]float64, w*h)
	column, line := make([]float64, h), newEnvelope(max(w, h))
	for x := range w {
		for y := range h {
			if column[y] = math.Inf(1); picture[y*w+x] == side {
				column[y] = 0
			}
		}
		line.transform(column, sy)
		for y := range h {
			d[y*w+x] = column[y]
		}
	}
	for y := range h {
		line.transform(d[y*w:][:w], sx)
	}
	return d
}

// envelope is the working memory of a one-dimensional transform.
type envelope struct {
	f     []float64
	apex  []int     // parabolas of the envelope
	start []float64 // where each begins to be the lowest
}

func newEnvelope(n int) *envelope {
	return &envelope{f: make([]float64, n), apex: make([]int, n), start: make([]float64, n+1)}
}

// transform replaces f[x] by min over q of f[q] + (s·(x−q))².
func (e *envelope) transform(f []float64, s float64) {
	copy(e.f, f)
	n := -1
	for q := range f {
		if math.IsInf(e.f[q], 1) {
			continue
		}
		from := math.Inf(-1)
		for n >= 0 {
			p := e.apex[n]
			from = ((e.f[q]-e.f[p])/(s*s) + float64(q*q-p*p)) / float64(2*(q-p))
			if from > e.start[n] {
				break
			}
			n--
			from = math.Inf(-1)
		}
		n++
		e.apex[n], e.start[n] = q, from
	}
	if n < 0 {
		return
	}
	e.start[n+1] = math.Inf(1)
	k := 0
	for x := range f {
		for e.start[k+1] < float64(x) {
			k++
		}
		d := s * float64(x-e.apex[k])
		f[x] = d*d + e.f[e.apex[k]]
	}
}
