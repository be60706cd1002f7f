package radiomics

import (
	"fmt"
	"testing"
)

// Anchors, aliases and merges are what they name; a mapping's own keys count
// before those that it merges.
func TestAnchors(t *testing.T) {
	s, err := parseSettings("p.yaml", []byte(`# of a department
setting: &all   # for everything
  binWidth: &w 12
  padDistance: 3
imageType:
  Original: {}
  Wavelet: {<<: *all, level: 2, binWidth: 4}
  Gradient: {binWidth: *w, gradientUseSpacing: false}
featureClass: {shape: null, firstorder: [], glcm: [Contrast]}
`))
	if err != nil {
		t.Fatal(err)
	}
	o := s.ImageTypes
	if s.BinWidth != 12 || s.PadDistance != 3 || len(o) != 3 || o[1].Options.BinWidth != 4 || o[1].Options.Level != 2 || o[1].Options.PadDistance != 3 || o[2].Options.BinWidth != 12 || o[0].Options.Level != 1 {
		t.Errorf("%+v", s)
	}
	if f := s.Features; len(f) != 3 || len(f[0].Names) != 0 || len(f[1].Names) != 0 || len(f[2].Names) != 1 {
		t.Errorf("%+v", s.Features)
	}
}

// doubling is image types of which each merges the one before three times.
var doubling = func() string {
	text := "setting: &a0 {sigma: [1.0]}\nimageType:\n"
	for i, name := range imageTypes {
		text += fmt.Sprintf("  %s: &a%d {<<: [*a%d, *a%d, *a%d]}\n", name, i+1, i, i, i)
	}
	return text
}()
