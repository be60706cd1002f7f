package phantom

import (
	"math"

	"magn/internal/draw"
)

// anatomy is one person: signal and lesions at every point in patient mm (RAS+:
// x right, y front, z head; z = 0 in the middle of a vertebra). Signals are those
// of T1 after contrast: fat and marrow bright, muscle grey, fluid, bone and air
// dark.
type anatomy struct {
	tex     texture
	lesions []lesion
	period  float64    // from one vertebra to the next, mm
	disc    float64    // height of a disc, mm
	scale   float64    // of the person: 1 is average
	marrow  float64    // signal of healthy marrow, falls with fat's share
	bend    [4]float64 // amplitude and phase of the curve front–back and left–right
	skin    float64    // from the vertebra's middle to the skin of the back, mm
	fat     float64    // thickness of the fat under it, mm
	shift   float64    // of the noise
	table   []linePoint
}

// Signals of tissues.
const (
	air, cortex, fluid, discSignal, muscle = 0., 90., 150., 300., 340.
	cord, organ, vessel, fatSignal         = 430., 400., 760., 900.
)

// newAnatomy draws a person and their lesions. Both exams of a person have the
// same anatomy, but the lesions have grown a little at the second.
func newAnatomy(opt Options, p patient, tex texture) *anatomy {
	r := draw.New("phantom", opt.Seed, "person", p.person)
	a := &anatomy{tex: tex}
	a.scale = .92 + .16*r.Float64()
	a.period = 31 * a.scale * (.95 + .1*r.Float64())
	a.disc = 6.5 + 2.5*r.Float64()
	a.marrow = 560 + 50*r.NormFloat64()
	a.bend = [4]float64{5 + 5*r.Float64(), 2 * math.Pi * r.Float64(), 3 * r.Float64(), 2 * math.Pi * r.Float64()}
	a.skin = 72 + 14*r.Float64()
	a.fat = 8 + 10*r.Float64()
	a.shift = 1000 * r.Float64()
	a.tabulate()
	a.lesions = newLesions(draw.New("phantom", opt.Seed, "lesions", p.person), a, p.label, 1-opt.Difficulty)
	for i := range a.lesions {
		growth := 1 + .1*float64(p.exam)
		for k := range a.lesions[i].radius {
			a.lesions[i].radius[k] *= growth
		}
		a.lesions[i].reach *= growth
	}
	return a
}

// linePoint is where the middle of the spine is at some height, and the slope of
// its front–back course.
type linePoint struct{ x, y, slope float64 }

// The curve is tabulated, since sines at every voxel would be half of the time.
const tableStep, tableHalf = .5, 600.

func (a *anatomy) tabulate() {
	const length = 190 // mm of one wave
	n := int(2*tableHalf/tableStep) + 2
	a.table = make([]linePoint, n)
	for i := range a.table {
		z := float64(i)*tableStep - tableHalf
		k := 2 * math.Pi / length
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

// at is the signal at a point and the label of the lesion there, 0 for none.
func (a *anatomy) at(x, y, z float64) (signal float64, label uint16) {
	for i := range a.lesions {
		l := &a.lesions[i]
		if d := l.depth(a.tex, x, y, z); d < 1 {
			return l.value(a.tex, d, x, y, z), uint16(i + 1)
		}
	}
	cx, cy, slope := a.line(z)
	// u right, w front of the middle of the spine, t along it: discs stand
	// square on the curve.
	u, w, t := (x-cx)/a.scale, (y-cy)/a.scale, z+(y-cy)*slope
	switch {
	case w > -15.5 && w < 17 && u > -25 && u < 25:
		if s, ok := a.column(u, w, t); ok {
			return s, 0
		}
	case w <= -15.5 && w > -62 && u > -36 && u < 36:
		if s, ok := a.arch(u, w, t); ok {
			return s, 0
		}
	}
	return a.soft(x, u, w, z), 0
}

// column is vertebral bodies and discs.
func (a *anatomy) column(u, w, t float64) (float64, bool) {
	// Distance to the disc's middle plane.
	phase := t/a.period + .5
	phase -= math.Floor(phase)
	fromDisc := a.period * min(phase, 1-phase)
	half := a.disc/2 + .03*(u*u+w*w)/8 - .8 // endplates are hollow
	waist := 1 - .09*smooth((fromDisc-half)/9)
	q := superellipse(u/(23*waist), w/(15.5*waist))
	if q >= 1 {
		return 0, false
	}
	switch {
	case fromDisc < half:
		nucleus := smooth((.8 - q) / .5)
		return discSignal - 70*nucleus + 20*a.tex.at(u/4+a.shift, w/4, t/4), true
	case fromDisc < half+1.1 || q > .91:
		return cortex, true
	case w < -6 && u*u < 4 && fromDisc > a.period/2-2.5:
		return vessel, true // basivertebral vein
	}
	return a.marrow + 55*a.tex.at(u/3+a.shift, w/3, t/3), true
}

// superellipse is below 1 inside a rounded box of half sides 1.
func superellipse(u, w float64) float64 {
	u, w = u*u, w*w
	return u*u*.5 + w*w*.5 + (u+w)*.5
}

// arch is what lies behind the bodies: canal with cord, pedicles, laminae,
// transverse and spinous processes.
func (a *anatomy) arch(u, w, t float64) (float64, bool) {
	v := w + 25 // from the canal's middle
	canal := u*u/(11.5*11.5) + v*v/(8.5*8.5)
	if canal < 1 {
		switch {
		case u*u/(6.3*6.3)+v*v/(4.4*4.4) < 1:
			return cord + 15*a.tex.at(u/3, v/3+a.shift, t/6), true
		case canal > .86:
			return fatSignal * .75, true // epidural
		}
		return fluid, true
	}
	phase := t/a.period + .5
	phase -= math.Floor(phase)
	bone := -1.0 // how deep inside, mm
	au := math.Abs(u)
	if phase > .45 && phase < .85 { // pedicles and transverse processes
		bone = max(bone, min(4-math.Abs(w+19), au-9, 33-au, 5-math.Abs(phase-.65)*25))
	}
	if ring := u*u/(16*16) + v*v/(13*13); ring < 1 && v < 0 && phase > .2 && phase < .8 { // laminae
		bone = max(bone, 3)
	}
	if dip := phase + (w+36)/70; w < -34 && dip > .05 && dip < .6 { // spinous process, pointing down
		bone = max(bone, min(3.6-au, w+60, 12*min(dip-.05, .6-dip)*a.period/12))
	}
	switch {
	case bone < 0:
		if au < 3 && w < -34 {
			return muscle * .6, true // interspinous ligament
		}
		return 0, false
	case bone < 1:
		return cortex, true
	}
	return a.marrow*.95 + 50*a.tex.at(u/3, w/3+a.shift, t/3), true
}

// soft is everything else: muscles, fat, vessels, belly.
func (a *anatomy) soft(x, u, w, z float64) float64 {
	// The trunk is an ellipse, the spine near its back.
	deep := w + a.skin
	centre := 98 - a.skin
	out := (u*u)/(158*158) + (w-centre)*(w-centre)/(98*98)
	if out > 1 {
		return air
	}
	if under := (1 - out) * 49; under < a.fat { // near enough the distance to the skin, mm
		if under < 1.6 {
			return muscle
		}
		return fatSignal + 40*a.tex.at(u/9, w/9, z/9+a.shift) - 250*smooth(a.tex.at(u/5, w/2.5, z/5)*4-2.6)
	}
	au := math.Abs(u)
	if w < -20+.002*u*u { // behind the belly: erector spinae, with streaks of fat along it
		back := (au-31)*(au-31)/(29*29) + (w+46)*(w+46)/(27*27)
		if back < 1 {
			streak := a.tex.at(u/3.5+a.shift, w/3.5, z/24)
			return muscle + 35*streak + 420*smooth(streak*5-2.6) + 60*smooth((back-.9)*12)
		}
		if deep > 0 {
			return fatSignal * (.82 + .06*a.tex.at(u/6, w/6, z/6))
		}
	}
	if (au-41)*(au-41)/(17*17)+(w+1)*(w+1)/(20*20) < 1 { // psoas
		streak := a.tex.at(u/4+a.shift, w/4, z/30)
		return muscle + 30*streak + 250*smooth(streak*5-3.2)
	}
	if (u+9)*(u+9)+(w-29)*(w-29) < 8.5*8.5 { // aorta, to the patient's left
		return vessel
	}
	if (u-14)*(u-14)/(11*11)+(w-27)*(w-27)/(8*8) < 1 { // caval vein
		return vessel * .9
	}
	// Belly: loops of bowel in fat.
	loops := a.tex.at(x/19+a.shift, w/19, z/19) + .4*a.tex.at(x/7, w/7+a.shift, z/7)
	in := smooth((loops + .12) * 6)
	return in*(organ+90*a.tex.at(x/5, w/5, z/5)) + (1-in)*fatSignal*.85
}
