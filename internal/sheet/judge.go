package sheet

import (
	"fmt"
	"math"

	"magn/internal/volume"
)

// What makes a case suspicious, and how much. A case that nothing is wrong with
// has 0 points; 100 are the most.
const (
	wantCoverage  = .95  // of each lesion, in each view
	leastCovered  = 15.0 // where a lesion is not covered at all …
	mostCovered   = 25.0 // … and with it where none is
	moved         = 3.0  // mm: half a thick slice, and beyond what FindShift errs by
	perMM         = 5.0
	movedMost     = 40.0
	apart         = 3.0 // mm between the shifts of two stacks of a view
	wantAgreement = .6  // Dice of the mask and the carried outline
	smallLesion   = 5.0 // mm; one on few pixels is not held against the carried outline
)

// judge adds what the numbers say; what the pictures say is there already.
func (c *Card) judge(on volume.View, drawn stack) {
	add := func(points float64, format string, args ...any) {
		c.Findings = append(c.Findings, Finding{fmt.Sprintf(format, args...), math.Round(points)})
	}
	for _, v := range c.Views {
		if v.Coverage != nil && *v.Coverage < wantCoverage {
			add(max(1, leastCovered*(1-*v.Coverage)+mostCovered*(1-v.Covered)), "%s: the stacks hold %s of a lesion", v.View, percent(*v.Coverage))
		}
		if v.Lesions < c.Lesions && (v.Coverage == nil || *v.Coverage > .05) { // else it is said
			add(20, "%s: shows %d of %d lesions", v.View, v.Lesions, c.Lesions)
		}
		if s := v.Shift(); s != nil && s.Length > moved {
			add(min(movedMost, perMM*(s.Length-moved)+perMM), "%s: the patient moved by %.1f mm", v.View, s.Length)
		} else if s == nil && len(v.Shifts) > 0 {
			add(5, "%s: whether the patient moved is not known: %s", v.View, v.Shifts[0].Doubt)
		}
		if d := v.apart(); d > apart {
			add(20, "%s: two stacks disagree by %.1f mm", v.View, d)
		}
		if v.Agreement != nil && *v.Agreement < wantAgreement && c.Diameter > smallLesion {
			add(25, "%s: the mask and the carried outline agree by a Dice of %.2f", v.View, *v.Agreement)
		}
	}
	c.ends(on, drawn, add)
}

// apart is how far the shifts of two stacks differ.
func (v View) apart() float64 {
	far := 0.0
	for i, a := range v.Shifts {
		for _, b := range v.Shifts[i+1:] {
			if a.Trusted && b.Trusted {
				d := 0.0
				for r := range 3 {
					d += (a.MM[r] - b.MM[r]) * (a.MM[r] - b.MM[r])
				}
				far = max(far, math.Sqrt(d))
			}
		}
	}
	return far
}

// ends says where the outline may go on beyond what was imaged, and where it tells
// little.
func (c *Card) ends(on volume.View, drawn stack, add func(float64, string, ...any)) {
	first, last := drawn.Mask.Size[2], -1
	for _, d := range drawn.Mask.Drawn() {
		first, last = min(first, d.Slice), max(last, d.Slice)
	}
	if n := drawn.Mask.Size[2]; n > 1 && (first == 0 || last == n-1) {
		add(10, "%s: a lesion is outlined on the stack's last slice and may go on", on)
	}
	if first == last && drawn.Mask.Size[2] > 1 {
		add(5, "%s: outlined on one slice only", on)
	}
}
