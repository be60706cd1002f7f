package annotation

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/mat"

	"magn/internal/volume"
)

// Shift is the translation that best aligns two images around a lesion.
type Shift struct {
	// MM is where the target's anatomy lies relative to the reference's: what is
	// at p in the reference is at p + MM in the target; patient mm, RAS+. Length
	// is its length.
	MM     [3]float64 `json:"mm"`
	Length float64    `json:"length_mm"`
	// NCC is the normalised cross-correlation at MM, and Before without any shift.
	NCC    float64 `json:"ncc"`
	Before float64 `json:"ncc_before"`
	// Trusted says that MM can be believed; otherwise Doubt says why not.
	Trusted bool   `json:"trusted"`
	Doubt   string `json:"doubt,omitempty"`
}

// Box is a part of the patient, in mm (RAS+).
type Box struct{ Min, Max [3]float64 }

// Bounds is the box around all lesions of m, to the outer faces of their voxels;
// not ok where there is none.
func Bounds(m *volume.Mask) (b Box, ok bool) {
	inf := math.Inf(1)
	b = Box{Min: [3]float64{inf, inf, inf}, Max: [3]float64{-inf, -inf, -inf}}
	for _, bx := range boxes(Merge(m), labels(Merge(m))) {
		ok = true
		for corner := range 8 {
			var p [3]float64
			for a := range p {
				if p[a] = float64(bx.lo[a]) - .5; corner>>a&1 == 1 {
					p[a] = float64(bx.hi[a]) - .5
				}
			}
			p = m.Affine.Apply(p)
			for a := range p {
				b.Min[a], b.Max[a] = min(b.Min[a], p[a]), max(b.Max[a], p[a])
			}
		}
	}
	return b, ok
}

// What the search looks at, in millimetres, and what it takes for an answer.
const (
	MaxShift    = 15.0 // longest translation that is looked for
	shiftMargin = 15.0 // anatomy around the lesion that is compared
	shiftStep   = 2.0  // between the points that are compared; larger in large boxes
	shiftPoints = 40   // along an axis, at most
	minNCC      = .5   // less is no alignment
	minOverlap  = .4   // of the points in the reference, and of those in the target
	minDrop     = .02  // that NCC must lose 5 mm away in any direction
	minContrast = .02  // deviation around the lesion, of the image's range
)

// Doubts that say something about the images, and not only that nothing can be told.
const (
	DoubtUnlike = "the images are not alike around the lesion"
	DoubtFar    = "the best alignment is at the end of the search"
)

// FindShift looks for the translation of up to MaxShift mm that best aligns
// target with reference around a lesion: normalised cross-correlation of both,
// smoothed to the resolution of the thicker slices, at points up to shiftMargin
// around the box; on a grid of 5 mm, then on ever finer ones around the best.
// The answer is to a fraction of a voxel, and exact translations of a few tenths
// of a millimetre are below what thick slices can tell.
func FindShift(reference, target *volume.Volume, lesion Box) (Shift, error) {
	for _, v := range []*volume.Volume{reference, target} {
		if err := usable(v.Grid); err != nil {
			return Shift{}, err
		}
	}
	blur := max(thickness(reference.Grid), thickness(target.Grid)) / 2
	a, err := newSampler(reference, blur, lesion)
	if err != nil {
		return Shift{}, err
	}
	b, err := newSampler(target, blur, lesion)
	if err != nil {
		return Shift{}, err
	}
	m := &matcher{target: b, points: points(lesion)}
	m.values, m.known = make([]float64, len(m.points)), make([]bool, len(m.points))
	for i, p := range m.points {
		m.values[i], m.known[i] = a.at(p)
	}
	var s Shift
	before, overlap := m.ncc([3]float64{})
	s.Before = before
	if s.Doubt = m.flat(a, "reference"); s.Doubt != "" {
		return s, nil
	}
	if overlap < minOverlap { // a shift that only brings the images together says nothing
		s.Doubt = "the target image covers too little around the lesion"
		return s, nil
	}
	best, ncc := m.search()
	s.MM, s.NCC = best, ncc
	s.Length = math.Sqrt(best[0]*best[0] + best[1]*best[1] + best[2]*best[2])
	s.Doubt = m.doubt(best, ncc)
	s.Trusted = s.Doubt == ""
	return s, nil
}

// thickness is the widest spacing.
func thickness(g volume.Grid) float64 {
	s := g.Spacing()
	return max(s[0], s[1], s[2])
}

// points are those that are compared: a regular grid over the box and its margin.
func points(b Box) [][3]float64 {
	var n [3]int
	var step [3]float64
	for a := range 3 {
		length := b.Max[a] - b.Min[a] + 2*shiftMargin
		n[a] = min(int(length/shiftStep)+1, shiftPoints)
		step[a] = length / float64(max(n[a]-1, 1))
	}
	var all [][3]float64
	for z := range n[2] {
		for y := range n[1] {
			for x := range n[0] {
				all = append(all, [3]float64{
					b.Min[0] - shiftMargin + float64(x)*step[0],
					b.Min[1] - shiftMargin + float64(y)*step[1],
					b.Min[2] - shiftMargin + float64(z)*step[2],
				})
			}
		}
	}
	return all
}

// matcher compares the reference's values at points with the target's.
type matcher struct {
	target *sampler
	points [][3]float64
	values []float64 // of the reference
	known  []bool    // that lie in the reference
	every  int       // only each such point, where above 1
}

// ncc is the normalised cross-correlation at a shift over the points that both
// images have, and their share of those that the reference has; 0 where either is
// flat there.
func (m *matcher) ncc(d [3]float64) (ncc, overlap float64) {
	var n, sa, sb, saa, sbb, sab float64
	step := max(1, m.every)
	tried := 0
	for i := 0; i < len(m.points); i += step {
		if !m.known[i] {
			continue
		}
		tried++
		p := m.points[i]
		y, ok := m.target.at([3]float64{p[0] + d[0], p[1] + d[1], p[2] + d[2]})
		if !ok {
			continue
		}
		x := m.values[i]
		n++
		sa, sb, saa, sbb, sab = sa+x, sb+y, saa+x*x, sbb+y*y, sab+x*y
	}
	if n < 8 {
		return 0, 0
	}
	va, vb := saa-sa*sa/n, sbb-sb*sb/n
	if va <= 1e-9*saa || vb <= 1e-9*sbb {
		return 0, n / float64(tried)
	}
	return (sab - sa*sb/n) / math.Sqrt(va*vb), n / float64(tried)
}

// score is ncc where enough of the points lie in both images.
func (m *matcher) score(d [3]float64) float64 {
	if d[0]*d[0]+d[1]*d[1]+d[2]*d[2] > MaxShift*MaxShift+rounding {
		return -1
	}
	ncc, overlap := m.ncc(d)
	if overlap < minOverlap {
		return -1
	}
	return ncc
}

// search tries all shifts on a coarse grid with a part of the points, and goes
// uphill from the best few with all of them, halving the step.
func (m *matcher) search() ([3]float64, float64) {
	const coarse = 5.0
	type candidate struct {
		at    [3]float64
		score float64
	}
	var all []candidate
	m.every = max(1, len(m.points)/4000) | 1 // odd: it must not walk along a column
	for z := -MaxShift; z <= MaxShift; z += coarse {
		for y := -MaxShift; y <= MaxShift; y += coarse {
			for x := -MaxShift; x <= MaxShift; x += coarse {
				at := [3]float64{x, y, z}
				all = append(all, candidate{at, m.score(at)})
			}
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].score > all[j].score })
	best := candidate{score: -2}
	for _, c := range all[:4] {
		for step := coarse / 2; step > 1; step /= 2 {
			c.at, c.score = m.climb(c.at, step)
		}
		if c.score > best.score {
			best = c
		}
	}
	m.every = 1
	for step := 1.25; step > .05; step /= 2 {
		best.at, best.score = m.climb(best.at, step)
	}
	return best.at, best.score
}

// climb moves along the axes, a step at a time, as long as that is better.
func (m *matcher) climb(at [3]float64, step float64) ([3]float64, float64) {
	best := m.score(at)
	for range 40 {
		moved := false
		for a := range 3 {
			for _, sign := range []float64{-1, 1} {
				to := at
				to[a] += sign * step
				if s := m.score(to); s > best {
					at, best, moved = to, s, true
				}
			}
		}
		if !moved {
			break
		}
	}
	return at, best
}

// flat says that there is nothing to align.
func (m *matcher) flat(a *sampler, which string) string {
	var n, sum, sq float64
	for i, ok := range m.known {
		if ok {
			n, sum, sq = n+1, sum+m.values[i], sq+m.values[i]*m.values[i]
		}
	}
	if n < minOverlap*float64(len(m.points)) {
		return "the " + which + " image covers too little around the lesion"
	}
	if math.Sqrt(max(0, sq/n-sum*sum/n/n)) < minContrast*a.contrast {
		return "the " + which + " image is flat around the lesion"
	}
	return ""
}

// doubt says why the best shift is not to be believed; "" where it is.
func (m *matcher) doubt(at [3]float64, ncc float64) string {
	switch {
	case ncc <= -1:
		return "the target image covers too little around the lesion"
	case ncc < minNCC:
		return DoubtUnlike
	case math.Sqrt(at[0]*at[0]+at[1]*at[1]+at[2]*at[2]) > MaxShift-1:
		return DoubtFar
	}
	// The curvature of the correlation at its peak: along its flattest direction
	// it must fall, or the shift along that is anything.
	const h = 2.0
	hess := mat.NewSymDense(3, nil)
	off := func(a int, x float64, b int, y float64) float64 {
		d := at
		d[a] += x
		d[b] += y
		v, _ := m.ncc(d)
		return v
	}
	for a := range 3 {
		hess.SetSym(a, a, (off(a, h, a, 0)-2*ncc+off(a, -h, a, 0))/(h*h))
		for b := a + 1; b < 3; b++ {
			hess.SetSym(a, b, (off(a, h, b, h)-off(a, h, b, -h)-off(a, -h, b, h)+off(a, -h, b, -h))/(4*h*h))
		}
	}
	var e mat.EigenSym
	if !e.Factorize(hess, false) {
		return "the correlation has no peak"
	}
	if v := e.Values(nil); v[2]*25/2 > -minDrop {
		return "the images do not tell a shift in one direction"
	}
	return ""
}
