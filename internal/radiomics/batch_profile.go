package radiomics

import (
	"context"
	"fmt"
	"math"
	"slices"

	"magn/internal/fault"
	"magn/internal/volume"
)

// Profile is a set of definitions that features follow.
type Profile string

// The profiles on offer.
const (
	PyRadiomics Profile = "pyradiomics"
	IBSIProfile Profile = "ibsi"
)

// Check says what the profile does not offer of what the settings ask for, as a
// *fault.Input whose File is "settings". The profile ibsi takes binWidth or
// binCount, resegmentRange (absolute or sigma), and what checks the mask; it
// computes every feature of the original image, in two and three dimensions.
func (e *Extraction) Check() error {
	switch e.Profile {
	case PyRadiomics:
		return nil
	case IBSIProfile:
	default:
		return fmt.Errorf("profile %q", e.Profile)
	}
	s := e.Settings
	refuse := func(key, found, do string) error {
		return &fault.Input{File: "settings", Field: key, Found: found, Expected: "what the profile ibsi offers", Do: do}
	}
	const only = "leave it out, or take the profile pyradiomics"
	all := len(s.Features) == len(FeatureClasses()) || len(s.Features) == len(DefaultSettings().Features)
	for _, c := range s.Features {
		all = all && len(c.Names) == 0
	}
	switch {
	case s.ResampledPixelSpacing != nil && s.Interpolator != "":
		return refuse("resampledPixelSpacing", "interpolation", "interpolation on the standard's grid is not offered yet; resample image and mask beforehand, or take the profile pyradiomics")
	case len(s.ImageTypes) != 1 || s.ImageTypes[0].Name != "Original":
		return refuse("imageType", "filters", "filtered images are not offered yet; leave the section out, or take the profile pyradiomics")
	case !all:
		return refuse("featureClass", "some of PyRadiomics' features", "all of the standard's are computed; leave the section out")
	case s.Normalize:
		return refuse("normalize", "true", only)
	case s.Force2D:
		return refuse("force2D", "true", "two and three dimensions are both computed; leave it out")
	case !slices.Equal(s.Distances, []int{1}):
		return refuse("distances", fmt.Sprint(s.Distances), only)
	case s.WeightingNorm != "":
		return refuse("weightingNorm", s.WeightingNorm, only)
	case s.GLDMA != 0:
		return refuse("gldm_a", fmt.Sprint(s.GLDMA), only)
	case !s.SymmetricalGLCM:
		return refuse("symmetricalGLCM", "false", only)
	case s.VoxelArrayShift != 0:
		return refuse("voxelArrayShift", fmt.Sprint(s.VoxelArrayShift), only)
	case len(s.ResegmentRange) > 0 && s.ResegmentMode == "relative":
		return refuse("resegmentMode", "relative", "take absolute or sigma")
	case len(s.ResegmentRange) > 0 && s.ResegmentShape:
		return refuse("resegmentShape", "true", "form is described by the mask as it was drawn; leave it out")
	}
	return nil
}

// standard describes a lesion by the definitions of the Image Biomarker
// Standardisation Initiative. Bins of a width begin at the lower end of an
// absolute resegmentRange, else at the least value.
func (e *Extraction) standard(ctx context.Context, im *Image, mask *volume.Mask, label uint16, l *Lesion) error {
	s := *e.Settings
	s.PreCrop = false // local peaks look around the lesion
	p, err := Prepare(ctx, im, mask, label, &s, max(1, e.Workers))
	if err != nil {
		return err
	}
	in := IBSIInput{
		Values: p.Image.Values, Size: p.Image.Size, Spacing: p.Image.Spacing(),
		Morphological: p.ShapeMask, Intensity: p.Mask,
		Lowest: math.NaN(), VolumeLow: math.NaN(), VolumeHigh: math.NaN(),
	}
	if !e.Levels {
		in.Bins = Binning{Width: s.BinWidth, Count: s.BinCount}
	}
	if len(s.ResegmentRange) > 0 && s.ResegmentMode == "absolute" {
		in.Lowest, in.VolumeLow = s.ResegmentRange[0], s.ResegmentRange[0]
		if len(s.ResegmentRange) > 1 {
			in.VolumeHigh = s.ResegmentRange[1]
		}
	}
	// Section 3.5: values that are whole numbers are steps already, others are
	// put into a thousand bins.
	for v, inside := range p.Mask {
		if inside && math.Trunc(in.Values[v]) != in.Values[v] {
			in.VolumeBins = Binning{Count: 1000}
			break
		}
	}
	all, err := IBSI(in)
	if err != nil {
		return err
	}
	// Their distances are those to the edge of the mask as it was drawn, and IBSI
	// takes them to the edge of what resegmentation left.
	noDistances := !slices.Equal(p.Mask, p.ShapeMask)
	if noDistances {
		l.Notes = append(l.Notes, "distance-zone features (dzm) are left out: they are not offered yet where resegmentRange takes voxels away")
	}
	for _, f := range all {
		if f.Class == "dzm" && noDistances {
			continue
		}
		l.Values = append(l.Values, Value{f.Name, f.Value})
	}
	facts, err := diagnose(im, mask, p)
	l.Diagnostics = append(e.provenance(), facts...)
	return err
}
