package phantom

import (
	"math"
	"math/rand/v2"
)

// lesion is one lesion: lobes with an uneven surface that grow in one vertebra
// and beside it, in the coordinates of the spine (see anatomy.local), mm.
type lesion struct {
	level         int // of the vertebra, 0 where z is 0
	lobes         []lobe
	low, high     [3]float64 // bounds of it
	rim           float64    // 0: homogeneous … 1: rim and patchy core
	gain          float64    // of its signal
	shift         float64    // of its noise, so that two lesions differ
	pedicle, para bool       // grows into a pedicle; beside the spine
}

// lobe is the points within reach of a line from a to b, radii apart from each
// other in u, w and t.
type lobe struct {
	a, b   [3]float64
	radius [3]float64
	beside bool // may leave the bone
}

// unevenness of a lesion's surface, as a share of its radius.
const unevenness = .3

// newLesions draws the lesions of a person. effect is 1 − difficulty: at 0 the
// label has no say in any draw.
//
// What differs, after what is written of the two on MRI: myeloma enhances evenly,
// has more lesions and spares the pedicle; a metastasis has a rim and a patchy
// core, takes the pedicle and grows beside the spine more often. How much it
// differs is this phantom's choice and no finding.
func newLesions(r *rand.Rand, a *anatomy, label int, effect float64) []lesion {
	sign := 1.0 // towards metastasis
	if label == 1 {
		sign = -1
	}
	style := clamp(.5+sign*.5*effect+.14*r.NormFloat64(), 0, 1)
	n := 1
	if r.Float64() < .45-sign*.2*effect {
		n++
		if r.Float64() < .3-sign*.15*effect {
			n++
		}
	}
	next := 1 - 2*r.IntN(2)
	levels := []int{0, next * (1 + r.IntN(2)), -next}
	out := make([]lesion, 0, n)
	for i := range n {
		l := lesion{level: levels[i], rim: clamp(style+.06*r.NormFloat64(), 0, 1), gain: 1 + .06*r.NormFloat64(), shift: 100 * r.Float64()}
		size := 9.5 + 5.5*r.Float64()
		if i > 0 {
			size *= .8
		}
		var radius, wander [3]float64
		for k := range radius {
			radius[k], wander[k] = size*(.85+.3*r.Float64()), r.Float64()-.5
		}
		side := float64(1 - 2*r.IntN(2))
		l.pedicle = r.Float64() < .4+sign*.3*effect
		l.para = r.Float64() < .3+sign*.22*effect
		reach := 4.5 + 2*r.Float64()
		mass := 7 + 4*r.Float64()

		t := float64(l.level) * a.period
		middle := [3]float64{wander[0] * 16, wander[1]*8 - 1, t + wander[2]*5}
		if l.pedicle || l.para { // on the side on which it leaves the body
			middle[0] = side * (4 + 5*math.Abs(wander[0]))
		}
		l.lobes = append(l.lobes, lobe{a: middle, b: middle, radius: radius})
		if l.pedicle {
			into := [3]float64{side * 14, -24, t + .15*a.period}
			l.lobes = append(l.lobes, lobe{a: middle, b: into, radius: [3]float64{reach, reach, reach}})
		}
		if l.para {
			out := [3]float64{side * (24 + mass*.3), wander[1] * 10, t + wander[2]*4}
			l.lobes = append(l.lobes, lobe{a: middle, b: out, radius: [3]float64{mass, mass * 1.2, mass * 1.25}, beside: true})
		}
		out = append(out, l)
	}
	return out
}

// grow makes the lesion larger, as at a later examination, and finds its bounds.
func (l *lesion) grow(factor float64) {
	l.low, l.high = [3]float64{1e9, 1e9, 1e9}, [3]float64{-1e9, -1e9, -1e9}
	for i := range l.lobes {
		b := &l.lobes[i]
		for k := range b.radius {
			b.radius[k] *= factor
			l.low[k] = min(l.low[k], min(b.a[k], b.b[k])-b.radius[k]*(1+unevenness))
			l.high[k] = max(l.high[k], max(b.a[k], b.b[k])+b.radius[k]*(1+unevenness))
		}
	}
}

func (l *lesion) near(u, w, t float64) bool {
	return t > l.low[2] && t < l.high[2] && u > l.low[0] && u < l.high[0] && w > l.low[1] && w < l.high[1]
}

// depth is below 1 inside a lobe, 0 on its line; beside says that the lobe may
// leave the bone.
func (l *lesion) depth(tex texture, u, w, t float64) (depth float64, beside bool) {
	depth = 2
	for i := range l.lobes {
		b := &l.lobes[i]
		var at, along [3]float64
		dot, square := 0., 0.
		for k, x := range [3]float64{u, w, t} {
			at[k], along[k] = (x-b.a[k])/b.radius[k], (b.b[k]-b.a[k])/b.radius[k]
			dot += at[k] * along[k]
			square += along[k] * along[k]
		}
		f := 0.
		if square > 0 {
			f = clamp(dot/square, 0, 1)
		}
		d := 0.
		for k := range at {
			d += (at[k] - f*along[k]) * (at[k] - f*along[k])
		}
		if d = math.Sqrt(d); d < depth {
			depth, beside = d, b.beside
		}
	}
	return depth + unevenness*(.7*tex.at(u/8+l.shift, w/8, t/8)+.3*tex.at(u/3.5, w/3.5+l.shift, t/3.5)), beside
}

// spot is what the lesion is at a depth: even where rim is 0; where it is 1, a
// bright rim around a dark core with patches.
func (l *lesion) spot(tex texture, depth, u, w, t float64, label uint16) spot {
	edge := smooth((depth - .5) / .3)
	patch := .5 + .5*tex.at(u/3, w/3, t/3+l.shift)
	gain := l.gain * (1 + .03*tex.at(u/5, w/5+l.shift, t/5))
	inner := l.rim * (1 - edge) * clamp(1.25-patch, 0, 1)
	return spot{of: [3]tissue{even, core, rim}, share: [3]float64{1 - l.rim*edge - inner, inner, l.rim * edge}, gain: gain, label: label}
}

func clamp(x, lo, hi float64) float64 { return min(max(x, lo), hi) }

// smooth is the cubic step from 0 to 1 over [0, 1].
func smooth(x float64) float64 {
	x = clamp(x, 0, 1)
	return x * x * (3 - 2*x)
}
