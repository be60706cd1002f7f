package convert

import (
	"fmt"
	"math"

	"magn/internal/dicom"
)

// scale sets how a stored value becomes a value. private is where Philips'
// elements are: the data set, or the frame's private item; nil where there is
// none.
func (r *reader) scale(s *slice, f *Facts, h header, private *dicom.DataSet) error {
	const slope, intercept = "(0028,1053) Rescale Slope", "(0028,1052) Rescale Intercept"
	for _, x := range [2]struct {
		tag   dicom.Tag
		field string
	}{{tSlope, slope}, {tIntercept, intercept}} {
		if h.damaged(x.tag, tTransformationSeq) {
			return r.bad(x.field, "no finite number", "a number, without which the values are not known", "export the series again")
		}
	}
	rs := h.float(1, tSlope, tTransformationSeq)
	ri := h.float(0, tIntercept, tTransformationSeq)
	f.RescaleType = h.text(tRescaleType, tTransformationSeq)
	if rs == 0 {
		rs, ri = 1, 0 // a slope of 0 would make every voxel the same
		r.notes = append(r.notes, "Rescale Slope is 0; taken as 1")
	}
	s.slope, s.inter = rs, ri
	if private != nil && f.Vendor == "Philips" {
		if philipsSlope.in(private) {
			if ss := philipsSlope.float(private); ss > 1e-30 && ss < 1e30 {
				s.slope, s.inter = philipsPrecise(rs, ri, ss)
			} else {
				r.notes = append(r.notes, "Philips' Scale Slope is no usable number; values are the rescaled ones")
			}
		}
	}
	// Volumes have them in single precision, and values in it.
	const most = 1e30
	if a := math.Abs(s.slope); !(a > 1/most && a < most) {
		return r.bad(slope, fmt.Sprintf("%.4g", s.slope), "a number that single precision can have", "")
	}
	if !(math.Abs(s.inter) < most) {
		return r.bad(intercept, fmt.Sprintf("%.4g", s.inter), "a number that single precision can have", "")
	}
	return nil
}

// philipsPrecise is the slope and intercept to Philips' floating-point value,
// FP = (PV·RS + RI) / (RS·SS), from pixel value, rescale slope and intercept and
// the private Scale Slope (2005,xx0E): Chenevert et al., Transl Oncol 2014,
// PMC3998685. Single precision, step by step, as dcm2niix has it, so that the
// two programs' volumes are equal voxel for voxel; what it rounds away is below
// 1e-5 of the range.
func philipsPrecise(rs, ri, ss float64) (slope, inter float64) {
	a, b, c := float32(rs), float32(ri), float32(ss)
	if a*c == 0 {
		return rs, ri
	}
	l0 := float32(b / float32(a*c))
	l1 := float32(float32(a+b) / float32(a*c))
	if l0 == l1 {
		return rs, ri
	}
	return float64(float32(l1 - l0)), float64(l0)
}

// diffusion is b-value and direction: the standard's macro (PS3.3 C.8.13.5.9),
// else the vendors' private elements: b NaN where nothing is said, and a key as of
// diffusionKey.
func (r *reader) diffusion(h header, private *dicom.DataSet) (b, key float64) {
	b = h.float(nan, tBValue, tDiffusionSeq)
	var g []float64
	for _, d := range h.places(tDiffusionSeq) {
		if items := d.Items(tGradientSeq); len(items) > 0 {
			g = header{top: items[0]}.floats(tGradient)
			break
		}
	}
	if len(g) == 0 {
		g = h.floats(tGradient)
	}
	if private != nil && math.IsNaN(b) {
		switch {
		case siemensB.in(private):
			b = siemensB.float(private)
			if v := siemensG.floats(private); len(v) > 0 {
				g = v
			}
		case philipsB.in(private):
			b = philipsB.float(private)
		case geB.in(private):
			// GE writes 1e9 more than the b-value in some releases.
			if b = geB.float(private); b >= 1e9 {
				b -= 1e9
			}
		case unitedB.in(private):
			b = unitedB.float(private)
			if v := unitedG.floats(private); len(v) > 0 {
				g = v
			}
		}
	}
	if private != nil && len(g) == 0 {
		switch {
		case geG[0].in(private):
			for _, e := range geG {
				x := e.float(private)
				if math.IsNaN(x) {
					x = 0
				}
				g = append(g, x)
			}
		case philipsG[0].in(private):
			for _, e := range philipsG {
				g = append(g, e.float(private))
			}
		}
	}
	if len(g) == 0 && r.base.Vendor == "Canon" {
		g = canonDirection(h.top.Text(tImageComments))
	}
	return b, diffusionKey(b, g)
}

// diffusionKey is a number that is equal for equal b-value and direction, and
// grows with b. Where either is not said that is a value too: b = 0 has no
// direction, and lies in one volume all the same.
func diffusionKey(b float64, g []float64) float64 {
	key, direction := -1.0, -1.9e10
	if len(g) == 3 {
		direction = 0
		for _, x := range g {
			direction = direction*4096 + math.Round(1000*max(-1, min(1, x)))
		}
	}
	if !math.IsNaN(b) {
		key = math.Round(max(0, min(1e5, b)))
	}
	return key*4e10 + direction
}
