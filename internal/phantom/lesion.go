package phantom

import (
	"math"
	"math/rand/v2"
)

// lesion is a blob in a vertebra: an ellipsoid with an uneven surface.
type lesion struct {
	centre [3]float64 // patient mm
	radius [3]float64 // mm
	reach  float64    // nothing of it is farther from the centre, mm
	rim    float64    // 0: homogeneous (myeloma) … 1: rim and patchy core (metastasis)
	signal float64    // of a homogeneous one
	shift  float64    // of the noise, so that two lesions differ
}

// unevenness of a lesion's surface, as a share of its radius.
const unevenness = .18

// newLesions draws the lesions of a person. effect is 1 − difficulty: at 0 the
// label has no say in any draw.
func newLesions(r *rand.Rand, a *anatomy, label int, effect float64) []lesion {
	sign := -1.0 // towards myeloma
	if label == 0 {
		sign = 1
	}
	style := clamp(.5+sign*.5*effect+.12*r.NormFloat64(), 0, 1)
	several := r.Float64() < .4-sign*.15*effect
	n := 1
	if several {
		n = 2
	}
	var out []lesion
	next := 1 // neighbour above or below
	if r.IntN(2) == 0 {
		next = -1
	}
	for i := range n {
		size := 8 + 5.5*r.Float64()
		if i > 0 {
			size *= .75
		}
		l := lesion{rim: clamp(style+.05*r.NormFloat64(), 0, 1), signal: 760 + 60*r.NormFloat64(), shift: 100 * r.Float64()}
		for k := range l.radius {
			l.radius[k] = size * (.85 + .3*r.Float64())
		}
		l.reach = max(l.radius[0], l.radius[1], l.radius[2]) * (1 + unevenness)
		// In the body of a vertebra, off its middle.
		z := float64(i*next)*a.period + (r.Float64()-.5)*6
		cx, cy, _ := a.line(z)
		l.centre = [3]float64{cx + (r.Float64()-.5)*18, cy + (r.Float64()-.5)*8, z}
		out = append(out, l)
	}
	return out
}

// depth is below 1 inside the lesion, 0 at its centre.
func (l *lesion) depth(t texture, x, y, z float64) float64 {
	dx, dy, dz := x-l.centre[0], y-l.centre[1], z-l.centre[2]
	if dx*dx+dy*dy+dz*dz > l.reach*l.reach {
		return 2
	}
	dx, dy, dz = dx/l.radius[0], dy/l.radius[1], dz/l.radius[2]
	return math.Sqrt(dx*dx+dy*dy+dz*dz) + unevenness*t.at(x/7+l.shift, y/7, z/7)
}

// value is the signal inside, at a depth: even where rim is 0; where it is 1, a
// bright rim around a dark core with patches.
func (l *lesion) value(t texture, depth, x, y, z float64) float64 {
	even := l.signal + 25*t.at(x/5, y/5+l.shift, z/5)
	edge := smooth((depth - .55) / .25)
	core := 300 + 170*t.at(x/3, y/3, z/3+l.shift)
	return even + l.rim*((1-edge)*core+edge*1050-even)
}

func clamp(x, lo, hi float64) float64 { return min(max(x, lo), hi) }

// smooth is the cubic step from 0 to 1 over [0, 1].
func smooth(x float64) float64 {
	x = clamp(x, 0, 1)
	return x * x * (3 - 2*x)
}
