package phantom

import (
	"math"

	"magn/internal/draw"
)

// anatomy is one person: the tissue at every point in patient mm (RAS+: x right,
// y front, z head; z = 0 in the middle of a vertebra).
type anatomy struct {
	tex     texture
	lesions []lesion
	period  float64    // from one vertebra to the next, mm
	disc    float64    // height of a disc, mm
	scale   float64    // of the person: 1 is average
	marrow  float64    // signal of healthy marrow as a factor, falls with fat's share
	dry     [16]bool   // discs that have lost their water
	bend    [4]float64 // amplitude and phase of the curve front–back and left–right
	skin    float64    // from the vertebra's middle to the skin of the back, mm
	fat     float64    // thickness of the fat under it, mm
	conus   float64    // where the cord ends, mm
	lumbar  float64    // z of the first lumbar vertebra
	lordose float64    // by how much processes point down
	shift   float64    // of the noise
	table   []linePoint
}

// newAnatomy draws a person and their lesions. Both exams of a person have the
// same anatomy, but the lesions have grown a little at the second.
func newAnatomy(opt Options, p patient, tex texture) *anatomy {
	r := draw.New("phantom", opt.Seed, "person", p.person)
	a := &anatomy{tex: tex}
	a.scale = .92 + .16*r.Float64()
	a.period = 32 * a.scale * (.95 + .1*r.Float64())
	a.disc = 6.5 + 2.5*r.Float64()
	a.marrow = 1 + .08*r.NormFloat64()
	a.bend = [4]float64{6 + 6*r.Float64(), 2 * math.Pi * r.Float64(), 3 * r.Float64(), 2 * math.Pi * r.Float64()}
	a.skin = 74 + 14*r.Float64()
	a.fat = 8 + 10*r.Float64()
	// The cord ends at the first or second lumbar vertebra.
	a.lumbar = a.period * p.level().toL1()
	a.conus = a.lumbar + .3*a.period*r.NormFloat64()
	a.lordose = .5 + .4*r.Float64()
	a.shift = 1000 * r.Float64()
	for i := range a.dry {
		a.dry[i] = r.Float64() < .4
	}
	a.tabulate()
	a.lesions = newLesions(draw.New("phantom", opt.Seed, "lesions", p.person), a, p.label, 1-opt.Difficulty)
	for i := range a.lesions {
		a.lesions[i].grow(1 + .1*float64(p.exam))
	}
	return a
}

// linePoint is where the middle of the spine is at some height, and the slope of
// its front–back course.
type linePoint struct{ x, y, slope float64 }

// The curve is tabulated, since sines at every voxel would be half of the time.
const tableStep, tableHalf = .5, 700.

func (a *anatomy) tabulate() {
	const length = 330 // mm of one wave
	a.table = make([]linePoint, int(2*tableHalf/tableStep)+2)
	k := 2 * math.Pi / length
	for i := range a.table {
		z := float64(i)*tableStep - tableHalf
		a.table[i] = linePoint{
			x:     a.bend[2] * math.Sin(k*z*.8+a.bend[3]),
			y:     a.bend[0] * math.Sin(k*z+a.bend[1]),
			slope: a.bend[0] * k * math.Cos(k*z+a.bend[1]),
		}
	}
}

// line is the middle of the spine at height z.
func (a *anatomy) line(z float64) (x, y, slope float64) {
	f := clamp((z+tableHalf)/tableStep, 0, float64(len(a.table)-2))
	i := int(f)
	p, q := a.table[i], a.table[i+1]
	f -= float64(i)
	return p.x + f*(q.x-p.x), p.y + f*(q.y-p.y), p.slope + f*(q.slope-p.slope)
}

// local are the coordinates of the spine, in mm of an average person: u to the
// right and w to the front of its middle, t along it, so that discs stand square
// on the curve.
func (a *anatomy) local(x, y, z float64) (u, w, t float64) {
	cx, cy, slope := a.line(z)
	return (x - cx) / a.scale, (y - cy) / a.scale, z + (y-cy)*slope
}

// patient is about where a point in the coordinates of the spine is, in patient mm.
func (a *anatomy) patient(u, w, t float64) [3]float64 {
	z := t
	var cx, cy float64
	for range 4 { // the slope is small: this converges to micrometres
		x, y, slope := a.line(z)
		cx, cy, z = x, y, t-w*a.scale*slope
	}
	return [3]float64{cx + u*a.scale, cy + w*a.scale, z}
}

// at is what is at a point of the patient.
func (a *anatomy) at(x, y, z float64) spot {
	u, w, t := a.local(x, y, z)
	for i := range a.lesions {
		l := &a.lesions[i]
		if !l.near(u, w, t) {
			continue
		}
		if d, beside := l.depth(a.tex, u, w, t); d < 1 && a.room(l, beside, u, w, t) {
			return l.spot(a.tex, d, u, w, t, uint16(i+1))
		}
	}
	switch {
	case w > -15.6 && w < 17.5 && u > -26 && u < 26:
		if s, ok := a.column(u, w, t); ok {
			return s
		}
	case w <= -15.6 && w > -62 && u > -36 && u < 36:
		if s, ok := a.arch(u, w, t); ok {
			return s
		}
	}
	return a.soft(x, u, w, t, z)
}

// room says that a lesion may grow at a point: discs and the dura resist, other
// vertebrae are spared, and only some lobes leave the bone.
func (a *anatomy) room(l *lesion, beside bool, u, w, t float64) bool {
	level, phase := a.vertebra(t)
	if level != l.level {
		return false
	}
	fromDisc, half, q := a.body(u, w, phase)
	if fromDisc < half && q < 1.3 {
		return false
	}
	v := w + 25
	if u*u/(11.5*11.5)+v*v/(8.5*8.5) < .85 {
		return false
	}
	return beside || q < 1.13 || w < -13 && a.bone(u, w, phase) > -1.5
}

// vertebra is which one a height belongs to, 0 in the middle, and how far up it is
// in it, 0 to 1.
func (a *anatomy) vertebra(t float64) (level int, phase float64) {
	phase = t/a.period + .5
	f := math.Floor(phase)
	return int(f), phase - f
}

// body is the shape of a vertebral body: the distance to the middle of the next
// disc, half that disc's height there, both mm, and q, which is below 1 inside the
// body's outline.
func (a *anatomy) body(u, w, phase float64) (fromDisc, half, q float64) {
	fromDisc = a.period * min(phase, 1-phase)
	half = a.disc/2 + 1 - 2.4*smooth((u*u/(21*21)+w*w/(14*14)-.05)*.9) // endplates are hollow
	waist := 1 - .11*smooth((fromDisc-half)/10)
	wide, deep := 23*waist, 15.5*waist
	if w < -9 && u > -9 && u < 9 { // the wall to the canal is flat
		deep = 15.2
	}
	return fromDisc, half, superellipse(u/wide, w/deep)
}

// superellipse is below 1 inside a rounded box of half sides 1.
func superellipse(u, w float64) float64 {
	u, w = u*u, w*w
	return u*u*.55 + w*w*.55 + (u+w)*.45
}

// column is vertebral bodies and discs.
func (a *anatomy) column(u, w, t float64) (spot, bool) {
	level, phase := a.vertebra(t)
	fromDisc, half, q := a.body(u, w, phase)
	inDisc := fromDisc < half
	if inDisc && q < 1.06 || q < 1 {
		switch {
		case inDisc:
			below := level
			if phase > .5 {
				below++
			}
			wet := smooth((.62 - q) / .4)
			if a.dry[(below+8)&15] {
				wet *= .25
			}
			return blend(annulus, nucleus, wet, 1+.06*a.tex.at(u/4+a.shift, w/4, t/4)), true
		case fromDisc < half+1.2:
			return pure(cortex, 1), true
		case q > .915:
			return pure(cortex, 1), true
		}
		mid := a.period/2 - fromDisc
		// Basivertebral veins run from the middle to the wall of the canal.
		if d := u*u/(3+.06*(w-1)*(w-1)) + mid*mid/5; w < 1 && d < 1 {
			return blend(marrow, venous, smooth((1.6-w)/8)*smooth(1.3-d), a.marrow), true
		}
		// Marrow is patchy, and fatter beside the veins and the endplates.
		g := a.marrow * (1 + .07*a.tex.at(u/3.2+a.shift, w/3.2, t/3.2) + .1*a.tex.at(u/9, w/9+a.shift, t/8))
		return blend(marrow, fat, .22*smooth(a.tex.at(u/5, w/5, t/5+a.shift)*2-.5)+.15*smooth((half+4-fromDisc)/3), g), true
	}
	if w > 15.5-2.5 && q < 1.12 && u > -8 && u < 8 { // the ligament in front
		return pure(ligament, 1), true
	}
	return spot{}, false
}

// bone is how deep inside the arch's bone a point is, mm; below 0 outside.
func (a *anatomy) bone(u, w, phase float64) float64 {
	v := w + 25 // from the canal's middle
	au := math.Abs(u)
	bone := -9.
	if phase > .48 && phase < .86 { // pedicles, and behind them the transverse processes
		bone = max(bone, min(w+26, -13-w, 4.2-math.Abs(au-14)*.8, 6-math.Abs(phase-.67)*32))
		bone = max(bone, min(3.6-math.Abs(w+23+.18*(au-12)), au-11, 35-au, 4.2-math.Abs(phase-.63)*32))
	}
	if ring := u*u/(17.5*17.5) + v*v/(14*14); ring < 1 && v < 2 && phase > .12 && phase < .74 { // laminae
		bone = max(bone, min((1-ring)*9, (phase-.12)*30, (.74-phase)*30, 4))
	}
	// Articular processes reach past the disc's level on both sides.
	if d := (au-15.5)*(au-15.5)/36 + (v+6)*(v+6)/30; d < 1.4 {
		bone = max(bone, min((1.2-d)*4, 3.4))
	}
	// The spinous process points down, thick at its end.
	dip := ((phase-.43)*a.period - a.lordose*(w+36)*.45) / (7.5 + .05*(w+36)*-1)
	far := (w + 46) / 14.5
	bone = max(bone, min(3.6-au*.9, (1-math.Sqrt(dip*dip*dip*dip*.5+dip*dip*.5+far*far*far*far))*6))
	return bone
}

// arch is what lies behind the bodies: canal with cord, pedicles, laminae,
// articular, transverse and spinous processes.
func (a *anatomy) arch(u, w, t float64) (spot, bool) {
	v := w + 25
	_, phase := a.vertebra(t)
	au := math.Abs(u)
	if canal := u*u/(11.5*11.5) + v*v/(8.5*8.5); canal < 1 {
		return a.canal(u, v, t, phase, canal), true
	}
	bone := a.bone(u, w, phase)
	switch {
	case bone < 0:
		if v < -7 && au < 8+v*.2 && w > -42 && !(phase > .2 && phase < .62) { // fat behind the dura, between the laminae
			return pure(fat, .9), true
		}
		if au < 2.2 && w < -36 {
			return blend(ligament, fat, .35+.3*a.tex.at(u/2, w/4, t/4), 1), true // interspinous
		}
		// Neural foramina: fat around a root.
		if au > 9 && au < 21 && v > -6 && v < 9 {
			if (au-16)*(au-16)+(v-2)*(v-2) < 7 && phase > .28 && phase < .46 {
				return pure(cord, .9), true
			}
			return pure(fat, .93), true
		}
		return spot{}, false
	case bone < 1.1:
		return pure(cortex, 1), true
	}
	return blend(marrow, fat, .15, a.marrow*(1+.08*a.tex.at(u/3, w/3+a.shift, t/3))), true
}

// canal is what the dural sac holds: the cord, below its end the roots.
func (a *anatomy) canal(u, v, t, phase, canal float64) spot {
	if canal > .87 {
		if v > 3 {
			if math.Abs(phase-.5) > .42 || math.Abs(u) < 2 {
				return pure(ligament, 1) // posterior longitudinal
			}
			return pure(venous, .8)
		}
		return pure(fat, .8)
	}
	end := smooth((t - a.conus) / 25)
	if end > 0 {
		thick := .55 + .45*end
		if u*u/(6.2*6.2)+(v+.8*(1-end))*(v+.8*(1-end))/(4.5*4.5) < thick*thick {
			return pure(cord, 1+.04*a.tex.at(u/2, v/2+a.shift, t/6))
		}
	}
	// Roots float at the back of the sac.
	roots := smooth(a.tex.at(u/1.1+a.shift, v/1.1, t/60)*3-.3) * smooth((.5-v)/5)
	return blend(fluid, cord, .75*roots*(1-end)+.1*end, 1)
}

func (a *anatomy) slope(z float64) float64 {
	_, _, s := a.line(z)
	return s
}

// focus is what the images are aimed at, patient mm: the first lesion. focus2 is
// where a second slab of slices goes: the lesion that is farthest from it, else
// three vertebrae below.
func (a *anatomy) focus() [3]float64 {
	m := a.lesions[0].lobes[0].a
	return a.patient(m[0]/2, m[1]-4, m[2])
}

func (a *anatomy) focus2() [3]float64 {
	level := 0
	for _, l := range a.lesions {
		if max(l.level, -l.level) > max(level, -level) {
			level = l.level
		}
	}
	if max(level, -level) < 2 {
		level = -3
	}
	return a.patient(0, -5, float64(level)*a.period)
}

// slab is the middle of axial slices: that of all lesions, but at most this many mm
// from the first one.
func (a *anatomy) slab(most float64) [3]float64 {
	first := a.lesions[0].lobes[0].a
	low, high := first[2], first[2]
	for _, l := range a.lesions {
		low, high = min(low, l.lobes[0].a[2]), max(high, l.lobes[0].a[2])
	}
	return a.patient(first[0]/2, first[1]-4, clamp((low+high)/2, first[2]-max(most, 0), first[2]+max(most, 0)))
}
