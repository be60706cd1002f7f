package convert

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"magn/internal/dicom"
)

// vendorKeys adds what only private elements, or the standard's newest, say of
// which volume a slice is part of. private is where they are: the data set, or the
// frame's private item; nil where there is none.
func (r *reader) vendorKeys(s *slice, h header, private *dicom.DataSet) {
	context := h.text(tASLContext, tASLSeq)
	s.keys[keyInstance] = nan
	if h.frame == nil {
		s.keys[keyInstance] = h.float(nan, tInstanceNumber)
	}
	if private == nil {
		s.keys[keyLabel] = labelKey(context)
		return
	}
	switch s.facts.Vendor {
	case "Philips":
		// Directions closer than their rounding (diffusionKey) still have a number
		// each; it counts anew for each b-value.
		s.keys[keyNumber] = 1e4*philipsBNumber.float(private) + philipsGNumber.float(private)
		if t := private.Private(0x2005, philips5, 0x29); t != 0 && context == "" {
			context = private.Text(t)
		}
	case "GE":
		if t := geTimer.float(private); t > 0 {
			s.keys[keyTimer] = t
		}
	}
	s.keys[keyLabel] = labelKey(context)
}

// labelKey orders the words of ASL Context (PS3.3 C.8.13.5.14): controls, then
// labels, then calibration images; NaN for none of them.
func labelKey(context string) float64 {
	switch strings.ToUpper(context) {
	case "CONTROL":
		return 1
	case "LABEL":
		return 2
	case "M_ZERO_SCAN":
		return 3
	}
	return nan
}

// canonDirection is the gradient direction in Image Comments, where Toshiba and
// Canon write it: "b=1500(0.445,0.000,0.895)". Nil where it has no such text.
func canonDirection(comments string) []float64 {
	var b float64
	g := make([]float64, 3)
	if n, err := fmt.Sscanf(strings.TrimSpace(comments), "b=%g(%g,%g,%g)", &b, &g[0], &g[1], &g[2]); n != 4 || err != nil {
		return nil
	}
	for _, x := range g {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil
		}
	}
	return g
}

// geFieldMap is the component of an image of GE's B0 mapping sequences, which
// store a field map in Hz and a magnitude image under one series with no other
// difference in the header: the flag that GE calls Vas Collapse is 0 in the map.
// Empty for other sequences.
func geFieldMap(d *dicom.DataSet) string {
	name := strings.ToLower(geSequence.text(d) + " " + geInternalSequence.text(d))
	if !strings.Contains(name, "b0map") {
		return ""
	}
	switch geVasCollapse.float(d) {
	case 0:
		return "field map"
	case 2:
		return "magnitude"
	}
	return ""
}

// pepolar mends the place of images that GE's epi_pepolar sequence stores upside
// down: those of reversed phase encoding have their rows in reverse order, and the
// same Image Position and Orientation as the others
// (https://github.com/rordenlab/dcm2niix/issues/532). User variable 12 says which
// volumes are: 0 none, 1 all, 2 the odd ones, 3 the even ones.
func (r *reader) pepolar(s *slice, h header) error {
	if !strings.Contains(geSequence.text(h.top), "epi_pepolar") {
		return nil
	}
	mode := geUser12.float(h.top)
	reversed := mode == 1
	if mode == 2 || mode == 3 {
		t := h.int(tTemporalPosition)
		if t <= 0 {
			return r.bad("(0020,0100) Temporal Position Identifier", "none in an image of GE's epi_pepolar", "a number, which says whether it is stored upside down", "export the series again")
		}
		reversed = (t%2 == 1) == (mode == 2)
	}
	if !reversed {
		return nil
	}
	f := s.facts
	s.pos = along(s.pos, float64(f.Rows-1)*f.PixelSpacing[0], s.col)
	s.col = [3]float64{-s.col[0], -s.col[1], -s.col[2]}
	f.Reversed = true
	return nil
}

// siemensXA reads Scanning Sequence, Sequence Variant and Scan Options, which the
// enhanced MR object does not have, from where Siemens XA puts them.
func (f *Facts) siemensXA(shared *dicom.DataSet) {
	if !siemensShared.in(shared) {
		return
	}
	items := shared.Items(shared.Private(siemensShared.group, siemensShared.creator, siemensShared.element))
	if len(items) == 0 {
		return
	}
	f.Scanning = cmp.Or(siemensScanning.text(items[0]), f.Scanning)
	f.Variant = cmp.Or(f.Variant, siemensVariant.text(items[0]))
	f.ScanOptions = cmp.Or(f.ScanOptions, siemensOptions.text(items[0]))
	if f.FatSuppression == "" {
		f.FatSuppression = fatSuppression("", f.ScanOptions)
	}
}
