package tabular

import (
	"slices"

	"magn/internal/radiomics"
)

// zScale is what z-scores are multiplied with, PyRadiomics' normalizeScale: bins
// of 5 are then a twentieth of a standard deviation wide.
const zScale = 100

// extraction is FeatureSettings in PyRadiomics' terms. Stack is for stacks whose
// spacing is known and whose slices share one scale; Slice for each slice by itself
// where one of these is not so.
type extraction struct {
	Stack, Slice *radiomics.Settings
	Whole        bool // mode 3d, or a parameter file without force2D: slices cannot stand for themselves
	path         string
}

func newExtraction(f FeatureSettings) (*extraction, error) {
	if f.Params != "" {
		s, err := radiomics.ParseSettings(f.Params)
		if err != nil {
			return nil, err
		}
		s.Label = 1
		return &extraction{Stack: s, Slice: singleSlice(s), Whole: !s.Force2D, path: f.Params}, nil
	}
	s := radiomics.DefaultSettings()
	o := &s.Options
	o.Normalize, o.NormalizeScale, o.BinWidth = true, zScale, f.BinWidth
	o.Force2D = f.Mode == Mode2D
	if mm := f.PixelMM; mm > 0 {
		o.ResampledPixelSpacing = &[3]float64{mm, mm, 0}
		if f.Mode == Mode3D {
			o.ResampledPixelSpacing[2] = mm
		}
	}
	s.Features = classes("shape")
	s.ImageTypes = []radiomics.ImageType{{Name: "Original", Options: *o}}
	if f.Wavelet {
		s.ImageTypes = append(s.ImageTypes, radiomics.ImageType{Name: "Wavelet", Options: *o})
	}
	return &extraction{Stack: s, Slice: singleSlice(s), Whole: f.Mode == Mode3D}, nil
}

// singleSlice is s for one slice at a time: in plane, shape2D in the place of
// shape. How far slices are apart does not come into it.
func singleSlice(s *radiomics.Settings) *radiomics.Settings {
	c := *s
	change := func(o *radiomics.Options) {
		o.Force2D, o.Force2DDimension = true, 0
		if mm := o.ResampledPixelSpacing; mm != nil {
			o.ResampledPixelSpacing = &[3]float64{mm[0], mm[1], 0}
		}
	}
	change(&c.Options)
	c.ImageTypes = slices.Clone(s.ImageTypes)
	for i := range c.ImageTypes {
		change(&c.ImageTypes[i].Options)
	}
	c.Features = nil
	for _, f := range s.Features {
		switch f.Class {
		case "shape2D":
		case "shape":
			c.Features = append(c.Features, radiomics.ClassFeatures{Class: "shape2D"})
		default:
			c.Features = append(c.Features, f)
		}
	}
	if slices.ContainsFunc(s.Features, func(f radiomics.ClassFeatures) bool { return f.Class == "shape2D" }) &&
		!slices.ContainsFunc(c.Features, func(f radiomics.ClassFeatures) bool { return f.Class == "shape2D" }) {
		c.Features = append(c.Features, radiomics.ClassFeatures{Class: "shape2D"})
	}
	return &c
}

// shapeOnly is s for the form of one lesion; nil where s asks for none. Grey values
// do not count, so nothing is done to them that takes time.
func shapeOnly(s *radiomics.Settings) *radiomics.Settings {
	c := *s
	c.Normalize = false
	if c.Interpolator != "" {
		c.Interpolator = radiomics.NearestNeighbor
	}
	c.ImageTypes = c.ImageTypes[:0:0]
	c.Features = nil
	for _, f := range s.Features {
		if f.Class == "shape" || f.Class == "shape2D" {
			c.Features = append(c.Features, f)
		}
	}
	if len(c.Features) == 0 {
		return nil
	}
	return &c
}

// native is s without resampling, where no spacing is known.
func native(s *radiomics.Settings) *radiomics.Settings {
	c := *s
	c.ResampledPixelSpacing = nil
	return &c
}
