package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strings"

	"magn/internal/convert"
	"magn/internal/volume"
)

// Verdict is what the rules say of a series by itself.
type Verdict string

// No: it is not the contrast-enhanced T1 of its view. Unsure: it may be. Yes: it is.
const (
	No     Verdict = "no"
	Unsure Verdict = "unsure"
	Yes    Verdict = "yes"
)

// Series is one stack of slices of a patient.
type Series struct {
	*convert.Candidate
	Key     string      // names it in series.csv from one import to the next; tells no UID
	View    volume.View // nearest to its slices' plane
	Block   bool        // voxels nearly as thick as wide: any view may be cut from it
	Degrees float64     // between its normal and the view's

	T1       Verdict // weighting
	Fat      bool    // fat-suppressed
	Contrast Verdict // acquired after contrast was given
	Verdict  Verdict
	Score    int
	Reasons  []string // in words of ours: no free text of the header

	words     words
	contrast  int // its part of the score
	drawnOn   bool
	thumbnail bool
}

// begin is when it was acquired, in seconds; NaN where nobody knows.
func (s *Series) begin() float64 {
	if !math.IsNaN(s.Begin) {
		return s.Begin
	}
	return s.Content
}

func (s *Series) say(format string, args ...any) {
	s.Reasons = append(s.Reasons, fmt.Sprintf(format, args...))
}

// rule takes a series out.
func (s *Series) rule(format string, args ...any) {
	s.Verdict = No
	s.say(format, args...)
}

// newSeries looks at a candidate by itself.
func newSeries(c *convert.Candidate) *Series {
	s := &Series{Candidate: c, Verdict: Unsure, T1: Unsure, Contrast: Unsure, words: wordsOf(c.Facts.Description + " " + c.Facts.Protocol)}
	s.Key = key(c)
	if c.Err != nil {
		s.rule("cannot be converted: %s", plain(c.Err))
		return s
	}
	s.place()
	f := c.Facts
	part := f.Part()
	s.Fat = fat(s)
	switch {
	case f.Modality != "MR":
		s.rule("no MR image (%s)", code(f.Modality))
	case part == "subtraction" || s.words.has(subtraction) && f.Derived():
		s.rule("a subtraction")
	case part == "localizer":
		s.rule("a localizer")
	case part == "projection":
		s.rule("a projection")
	case part == "reformat":
		s.rule("a reformat of another series")
	case part == "fat" || part == "fatfraction" || part == "opposed":
		s.rule("the Dixon part %s", map[string]string{"fat": "fat", "fatfraction": "fat fraction", "opposed": "opposed phase"}[part])
	case part != "" && part != "water" && part != "in" && part != "moco":
		s.rule("a computed map (%s)", part)
	case hasType(s, otherPurposes...):
		s.rule("made for another purpose (perfusion, diffusion, function or flow)")
	case f.Component != "" && f.Component != "magnitude":
		s.rule("the %s, not the magnitude", f.Component)
	case strings.HasPrefix(f.ImageType, `DERIVED\SECONDARY`) && part == "":
		s.rule("computed from other images (DERIVED\\SECONDARY)")
	case composed(f.ImageType):
		s.rule("put together of stations")
	case c.Grid.Size[2] < 3:
		s.rule("fewer than three slices")
	}
	if s.Verdict == No {
		return s
	}
	s.weighting()
	if s.T1 == No {
		s.Verdict = No
	}
	return s
}

// otherPurposes are values of Image Type of images that show no anatomy (PS3.3
// C.8.13.3.1.1, and RCBF … of Siemens' perfusion).
var otherPurposes = []string{"ASL", "PERFUSION", "RCBF", "RCBV", "MTT", "TTP", "DIFFUSION", "FMRI", "VELOCITY", "FLOW_ENCODED"}

// place finds the view: the patient axis that the stack's normal is nearest to.
func (s *Series) place() {
	a, sp := s.Grid.Affine, s.Grid.Spacing()
	var u, v [3]float64
	for r := range 3 {
		u[r], v[r] = a[r][0]/sp[0], a[r][1]/sp[1]
	}
	n := [3]float64{u[1]*v[2] - u[2]*v[1], u[2]*v[0] - u[0]*v[2], u[0]*v[1] - u[1]*v[0]}
	best := 0
	for r := range 3 {
		if math.Abs(n[r]) > math.Abs(n[best]) {
			best = r
		}
	}
	s.View = [3]volume.View{volume.Sagittal, volume.Coronal, volume.Axial}[best]
	s.Degrees = math.Acos(min(1, math.Abs(n[best]))) * 180 / math.Pi
	// The same limit as volume.Canonical has for a block.
	s.Block = s.Grid.Size[2] > 1 && max(sp[0], sp[1], sp[2]) < 1.5*min(sp[0], sp[1], sp[2])
	if s.Degrees > 30 {
		s.say("%.0f° off the %s plane", s.Degrees, s.View)
	}
}

// composed says that an image was put together of stations (Siemens: COMP_AD,
// COMP_SP …; Philips: COMPOSED).
func composed(imageType string) bool {
	for _, w := range strings.Split(strings.ToUpper(imageType), `\`) {
		if w == "COMPOSED" || w == "COMP" || strings.HasPrefix(w, "COMP_") {
			return true
		}
	}
	return false
}

// fat says whether fat is suppressed: by the header, else by the description.
func fat(s *Series) bool {
	f := s.Facts
	switch {
	case f.Part() == "water":
		return true
	case f.Part() == "in":
		return false
	case f.FatSuppression == "none":
		return false
	case strings.Contains(f.FatSuppression, "fat") || f.FatSuppression == "fs":
		return true
	}
	return s.words.has(fatWords)
}

// key is a name for a series that its files give it wherever they lie, and that
// nobody finds UID or patient from.
func key(c *convert.Candidate) string {
	f := c.Facts
	h := sha256.New()
	fmt.Fprintf(h, "series\x00%d\x00%s\x00%s\x00%s\x00%s\x00%d\x00%s\x00%d\x00%v", f.SeriesNumber, f.StudyUID, f.SeriesUID, f.ImageType, f.Component, c.Echo, c.By, c.Index, c.Grid.Size)
	for _, row := range c.Grid.Affine {
		for _, x := range row {
			fmt.Fprintf(h, "\x00%.2f", x+0)
		}
	}
	// The letter keeps spreadsheet programs from reading 12345678e9 as a number.
	return "s" + hex.EncodeToString(h.Sum(nil)[:5])
}

// code is a value of the header that is one of a fixed list, safe to show; what is
// longer than such a value is somebody's text.
func code(s string) string {
	if len(s) == 0 || len(s) > 2 {
		return "another modality"
	}
	return s
}
