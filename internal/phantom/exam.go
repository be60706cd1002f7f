package phantom

import (
	"math"
	"time"

	"magn/internal/draw"
	"magn/internal/volume"
)

// kind is what a series was acquired for.
type kind uint8

const (
	localizer kind = iota
	t2Image
	stir
	before // T1
	after  // T1 with contrast: what a study is made of
	subtracted
	dixonWater // of a T1 with contrast; so are the other three
	dixonIn
	dixonOpposed
	dixonFat
)

// weights of a kind; nil for a subtraction.
func (k kind) weights() *weighting {
	return [...]*weighting{&t1Pre, &t2, &stirred, &t1Pre, &t1Post, nil, &water, &inPhase, &opposed, &fatOnly}[k]
}

func (k kind) contrast() bool { return k >= after }

// agent is how the scanner was told of the contrast agent.
type agent uint8

const (
	agentAfter  agent = iota // where it was given
	agentNever               // only the order of the series tells
	agentAlways              // typed in for the whole examination
)

// series is what a scanner calls one.
type series struct {
	kind   kind
	number int
	stack  stack
	begin  time.Time
	key    string // of its random numbers
	used   bool   // it is one that a study should be made of
	drawn  bool   // the outline is drawn on it

	image []float32 // whole numbers in signal units of the scanner
}

// exam is one examination of a patient.
type exam struct {
	patient
	identity
	opt    Options
	body   *anatomy
	begin  time.Time
	agent  agent
	series []*series
	gain   bias
	truths map[string]*volume.Mask // by view and station, on the grids of the stacks
}

// newExam plans an examination: what is acquired, where and when.
func newExam(opt Options, p patient, tex texture) *exam {
	e := &exam{
		patient: p, identity: p.identity(opt), opt: opt, body: newAnatomy(opt, p, tex), begin: p.examined(opt),
		truths: map[string]*volume.Mask{},
	}
	e.gain = newBias(draw.New("phantom", opt.Seed, "coil", p.person, p.exam), e.body.focus())
	r := draw.New("phantom", opt.Seed, "protocol", p.person, p.exam)
	withT2, withAxial, withSTIR, withSub, withDixon := r.Float64() < .7, r.Float64() < .2, r.Float64() < .3, r.Float64() < .25, r.Float64() < .12
	switch x := r.Float64(); {
	case x < .15:
		e.agent = agentNever
	case x < .25:
		e.agent = agentAlways
	}
	// Where the header does not tell, the twin before contrast has to.
	withPre := r.Float64() < .85 || e.agent != agentAfter
	if e.agent != agentAfter || p.enhanced {
		withDixon = false
	}
	if p.person <= 3 && p.exam == 0 {
		withT2, withDixon = true, false
	}

	var stacks [3][]stack
	for _, v := range volume.Views {
		stacks[v] = stacksOf(opt, p, e.body, v)
	}
	at := e.begin
	add := func(k kind, s stack, minutes float64) *series {
		x := &series{kind: k, stack: s, begin: at, number: len(e.series) + 1, key: seriesKey(k, s)}
		at = at.Add(time.Duration((minutes + .4*r.Float64()) * float64(time.Minute)).Truncate(10 * time.Millisecond))
		e.series = append(e.series, x)
		return x
	}
	for _, s := range localizers(opt, e.body) {
		add(localizer, s, 0)
	}
	for _, x := range e.series { // the three planes are one series
		x.number, x.begin = 1, e.begin
	}
	at = at.Add(90 * time.Second)
	number := 1
	next := func(k kind, s stack, minutes float64) *series {
		x := add(k, s, minutes)
		number++
		x.number = number
		return x
	}
	sagittal, coronal, axial := stacks[volume.Sagittal], stacks[volume.Coronal], stacks[volume.Axial]
	if withT2 {
		next(t2Image, sagittal[0], 3)
	}
	if withSTIR || p.flaw == noCoronal {
		next(stir, coronal[0], 4)
	}
	if withPre {
		next(before, sagittal[0], 3)
	}
	if withAxial {
		next(before, axial[0], 4)
	}
	at = at.Add(2 * time.Minute) // the injection
	if withDixon {
		begin := at
		for _, k := range []kind{dixonWater, dixonIn, dixonOpposed, dixonFat} {
			at = begin
			x := next(k, sagittal[0], 4)
			x.used, x.drawn = k == dixonWater, k == dixonWater
		}
		sagittal = sagittal[:1]
	} else {
		for i, s := range sagittal {
			x := next(after, s, 3)
			x.used, x.drawn = true, i == 0
		}
	}
	if p.flaw != noCoronal {
		for _, s := range coronal {
			next(after, s, 3).used = true
		}
	}
	for _, s := range axial {
		next(after, s, 4).used = true
	}
	if withSub && withPre && !withDixon {
		next(subtracted, sagittal[0], 0)
	}
	return e
}

// localizers are three slices a plane, coarse and wide.
func localizers(opt Options, body *anatomy) (out []stack) {
	side := max(minSize, min(opt.Size/2, 128))
	size := [3]int{side, side, 3}
	mm := clamp(330/float64(side), .5, 3)
	for _, v := range volume.Views {
		step := steps(v, [3]float64{}, [3]float64{mm, mm, 16})
		g := volume.Grid{Size: size, Affine: affine(step, body.focus(), size), SpacingKnown: true}
		out = append(out, stack{view: v, station: 1, grid: g, thickness: 8})
	}
	return out
}

// noise is the standard deviation of a series' noise: 3 T has less of it, and
// thinner slices more.
func (e *exam) noise(s *series) float64 {
	sd := noiseSD * math.Sqrt(4/s.stack.thickness)
	if e.maker == philips {
		sd *= .7
	}
	if s.kind == localizer {
		sd *= .8
	}
	return sd
}
