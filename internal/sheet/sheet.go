// Package sheet makes pictures of cases for people: Figure 2 of the paper for one
// case, and the contact sheet of a cohort, on which each case is accepted or
// rejected before anything is trained.
//
// A Card is what the sheet shows of a case: a View for each direction that the
// patient was sliced in, numbers, and Findings: what may be wrong, each with
// points. The points add up to the card's suspicion. A View shows the slice with
// the lesion's largest outline, as it stands on a reading screen, around the crop
// that a network would get.
//
// docs/annotation.md lists the findings and their points.
package sheet

import (
	"magn/internal/annotation"
	"magn/internal/volume"
)

// Settings say how a network would see the cases.
type Settings struct {
	Crop    int     `json:"crop"`     // pixels of a side
	PixelMM float64 `json:"pixel_mm"` // in-plane size that images are resampled to; 0: native

	noShift bool // do not look whether the patient moved: most of a card's time, for tests of other things
}

// Card is one case.
type Card struct {
	Case     string    `json:"case"`
	Class    string    `json:"class"`
	Views    []View    `json:"views"`
	Lesions  int       `json:"lesions"`     // outlined, where they were drawn
	Diameter float64   `json:"diameter_mm"` // the largest, where they were drawn; 0 where the spacing is unknown
	VolumeML float64   `json:"volume_ml"`
	Findings []Finding `json:"findings"`
	Error    string    `json:"error,omitempty"` // why there is nothing to show

	main annotation.Lesion // the one of the largest volume; no label where nothing is known
}

// View is one direction of a case.
type View struct {
	View   volume.View `json:"view"`
	Stacks int         `json:"stacks"`
	// How the mask came here: drawn or carried, and by which method; "" where the
	// study does not say.
	How    string            `json:"how,omitempty"`
	Method annotation.Method `json:"method,omitempty"`
	// Lesions with voxels in any stack, and which share of a lesion the stacks hold:
	// of the one that they hold least of, and of the one that they hold most of.
	Lesions  int      `json:"lesions"`
	Coverage *float64 `json:"coverage,omitempty"` // nil: not known
	Covered  float64  `json:"most_covered"`
	// Shifts between the series that was outlined and each stack, in their order.
	Shifts []annotation.Shift `json:"shifts,omitempty"`
	// Agreement of the mask with the outline as annotation carries it (Dice).
	Agreement *float64 `json:"agreement,omitempty"`
	Picture   Picture  `json:"picture"`

	main float64 // the share of the largest lesion that the stacks hold
	lost int     // lesions that the stacks hold most of and the mask does not have
}

// Picture is the slice with the largest outline, around the crop.
type Picture struct {
	Stack, Slice int        // which, from 0, in the view's canonical standing
	W, H         int        // pixels
	MM           float64    // edge of a pixel; 0: not known
	JPEG         []byte     // of at most thumbnail pixels a side
	Outline      string     // SVG path in pixels
	Frame        [4]float64 // the crop: x0, y0, x1, y1 in pixels
	Letters      [4]string  // where left, right, top and bottom of the picture are in the patient

	pix    []float32 // 0…1
	lesion []bool
}

// Finding is something that may be wrong with a case.
type Finding struct {
	Text   string  `json:"text"`
	Points float64 `json:"points"`
}

// Suspicion is the sum of the findings' points, 100 at most.
func (c Card) Suspicion() float64 {
	if c.Error != "" {
		return 100
	}
	sum := 0.0
	for _, f := range c.Findings {
		sum += f.Points
	}
	return min(sum, 100)
}

// Shift is the longest shift of a view that can be trusted; nil where there is none.
func (v View) Shift() *annotation.Shift {
	var worst *annotation.Shift
	for i, s := range v.Shifts {
		if s.Trusted && (worst == nil || s.Length > worst.Length) {
			worst = &v.Shifts[i]
		}
	}
	return worst
}
