package phantom

// tissue is what a point of the body is made of, as far as MRI tells.
type tissue uint8

const (
	air tissue = iota
	cortex
	fluid   // cerebrospinal
	annulus // of a disc
	nucleus // of a disc
	muscle
	cord
	organ  // bowel and the like
	flow   // in arteries and the caval vein: spin echo shows little of it
	venous // slow blood: basivertebral veins, epidural plexus
	fat
	marrow
	ligament
	even  // lesion without structure
	core  // middle of a lesion with a rim
	rim   // its rim
	kinds // how many there are
)

// weighting is the signal of each tissue under one sequence, in units in which
// noise is noiseSD.
type weighting [kinds]float64

// The sequences. After contrast lesions, slow blood and, a little, muscle gain;
// water and fatOnly are the two parts of a Dixon acquisition after contrast, of
// which the others are made. The values are plausible ones, not measurements.
var (
	t1Pre = weighting{
		cortex: 80, fluid: 150, annulus: 335, nucleus: 390, muscle: 330, cord: 420, organ: 370, flow: 90, venous: 260,
		fat: 900, marrow: 570, ligament: 130, even: 300, core: 260, rim: 330,
	}
	t1Post = weighting{
		cortex: 80, fluid: 150, annulus: 345, nucleus: 400, muscle: 360, cord: 430, organ: 440, flow: 110, venous: 760,
		fat: 900, marrow: 590, ligament: 150, even: 800, core: 320, rim: 1080,
	}
	t2 = weighting{
		cortex: 60, fluid: 1050, annulus: 130, nucleus: 560, muscle: 190, cord: 360, organ: 420, flow: 60, venous: 600,
		fat: 760, marrow: 430, ligament: 70, even: 560, core: 660, rim: 480,
	}
	water = weighting{
		cortex: 50, fluid: 160, annulus: 260, nucleus: 310, muscle: 370, cord: 430, organ: 430, flow: 100, venous: 800,
		fat: 90, marrow: 250, ligament: 130, even: 780, core: 330, rim: 1060,
	}
	fatOnly = weighting{
		cortex: 30, fluid: 15, annulus: 20, nucleus: 15, muscle: 50, cord: 25, organ: 60, flow: 15, venous: 30,
		fat: 880, marrow: 420, ligament: 30, even: 60, core: 40, rim: 50,
	}
)

// inPhase and opposed are the sum and the difference of water and fat.
var inPhase, opposed = combine(func(w, f float64) float64 { return w + f }), combine(func(w, f float64) float64 { return max(w-f, f-w) })

func combine(f func(w, f float64) float64) (out weighting) {
	for t := range out {
		out[t] = f(water[t], fatOnly[t])
	}
	return out
}

// spot is what is at one point: up to three tissues by their share, the local
// variation of signal as a factor, and the lesion's label, 0 for none.
type spot struct {
	of    [3]tissue
	share [3]float64
	gain  float64
	label uint16
}

func pure(t tissue, gain float64) spot {
	return spot{of: [3]tissue{t}, share: [3]float64{1}, gain: gain}
}

// blend is b by its share, and a for the rest.
func blend(a, b tissue, share, gain float64) spot {
	return spot{of: [3]tissue{a, b}, share: [3]float64{1 - share, share}, gain: gain}
}

func (w *weighting) signal(s *spot) float64 {
	return (w[s.of[0]]*s.share[0] + w[s.of[1]]*s.share[1] + w[s.of[2]]*s.share[2]) * s.gain
}

// stirred is an inversion recovery that takes fat away.
var stirred = weighting{
	cortex: 50, fluid: 1000, annulus: 200, nucleus: 480, muscle: 260, cord: 430, organ: 420, flow: 60, venous: 600,
	fat: 60, marrow: 150, ligament: 60, even: 620, core: 760, rim: 520,
}
