package sheet

import (
	"fmt"
	"math"
	"slices"

	"magn/internal/annotation"
	"magn/internal/volume"
)

// What makes a case suspicious, and how much. A finding says that a network would
// be shown another thing than the lesion that was outlined, or be told that it lies
// elsewhere; a case without one has 0 points, and 100 are the most. What is usual is
// none: a block of axial slices that leaves out one of several lesions, say.
const (
	halfCovered   = .5   // of a lesion: more than that holds its largest section
	leastCovered  = 15.0 // where that much of the largest lesion is missing …
	notCovered    = 40.0 // … and where all of it is: another lesion is shown
	moved         = 3.0  // mm: half a thick slice, and beyond what FindShift errs by
	perMM         = 5.0
	movedMost     = 40.0
	apart         = 3.0 // mm between the shifts of two stacks of a view
	wantAgreement = .6  // Dice of the mask and the carried outline
	smallLesion   = 5.0 // mm; one on few pixels is not held against the carried outline
	thickLesion   = 3.0 // slices that a lesion would be on were it as thick as wide
)

// judge adds what the numbers say; what the pictures say is there already.
func (c *Card) judge(on volume.View, drawn stack) {
	add := func(points float64, format string, args ...any) {
		c.Findings = append(c.Findings, Finding{fmt.Sprintf(format, args...), math.Round(points)})
	}
	unlike := 0
	for _, v := range c.Views {
		if v.Coverage != nil && v.main < halfCovered {
			add(notCovered-(notCovered-leastCovered)*v.main/halfCovered, "%s: the stacks hold %s of the largest lesion", v.View, percent(v.main))
		}
		if v.lost > 0 {
			add(20, "%s: the stacks hold %d %s that the mask does not show", v.View, v.lost, plural(v.lost, "lesion", "lesions"))
		}
		s := v.Shift()
		switch {
		case s != nil && s.Length > moved:
			add(min(movedMost, perMM*(s.Length-moved)+perMM), "%s: the patient moved by %.1f mm", v.View, s.Length)
		case s == nil && len(v.Shifts) > 0 && v.Shifts[0].Doubt == annotation.DoubtFar:
			add(20, "%s: the patient may have moved by more than %.0f mm", v.View, annotation.MaxShift)
		case s == nil && len(v.Shifts) > 0 && v.Shifts[0].Doubt == annotation.DoubtUnlike:
			unlike++
		}
		if d := v.apart(); d > apart {
			add(20, "%s: two stacks disagree by %.1f mm", v.View, d)
		}
		if v.Agreement != nil && *v.Agreement < wantAgreement && c.Diameter > smallLesion {
			add(25, "%s: the mask and the carried outline agree by a Dice of %.2f", v.View, *v.Agreement)
		}
	}
	if unlike > 0 {
		add(10, "%d %s not like the outlined one around the lesion: another contrast, or he moved far", unlike, plural(unlike, "view is", "views are"))
	}
	c.ends(on, drawn, add)
}

func plural(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
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

// ends says where the outline may not be what it is of: where the largest lesion
// is widest on the last slice that there is, its middle may lie beyond; and where
// it is on one slice although it is wider than several slices are thick.
func (c *Card) ends(on volume.View, drawn stack, add func(float64, string, ...any)) {
	n := drawn.Mask.Size[2]
	if n < 3 || c.main.Label == 0 {
		return
	}
	area, sum := make([]int, n), 0
	for k := range n {
		for _, l := range drawn.Mask.Labels[k*len(drawn.Mask.Labels)/n:][:len(drawn.Mask.Labels)/n] {
			if l == c.main.Label {
				area[k]++
			}
		}
		sum += area[k]
	}
	if widest := slices.Max(area); widest > 0 && (area[0] == widest || area[n-1] == widest) {
		add(15, "%s: the largest lesion is widest on the stack's last slice; its middle may lie beyond", on)
	} else if widest == sum && drawn.Image.SpacingKnown && c.main.DiameterMM > thickLesion*drawn.Image.Spacing()[2] {
		add(10, "%s: a lesion of %.0f mm is outlined on one slice only", on, c.main.DiameterMM)
	}
}
