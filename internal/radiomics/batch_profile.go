package radiomics

import (
	"fmt"
	"slices"

	"magn/internal/fault"
)

// Profile is a set of definitions that features follow.
type Profile string

// The profiles on offer.
const (
	PyRadiomics Profile = "pyradiomics"
	IBSIProfile Profile = "ibsi"
)

// Check says what the profile does not offer of what the settings ask for, as a
// *fault.Input whose File is "settings". The profile ibsi takes those that
// ibsi_prepare.go lists and those that check the mask; it computes every feature
// of the original image, in two and three dimensions.
func (e *Extraction) Check() error {
	s := e.Settings
	switch e.Profile {
	case PyRadiomics:
		for _, o := range s.everyOptions() {
			if o.VolumeBinWidth > 0 || o.VolumeBinCount > 0 {
				return &fault.Input{
					File: "settings", Field: "ivhBinWidth, ivhBinCount", Found: "bins of the intensity-volume histogram", Expected: "what PyRadiomics has",
					Do: "leave them out, or take the profile ibsi",
				}
			}
		}
		return nil
	case IBSIProfile:
	default:
		return fmt.Errorf("profile %q", e.Profile)
	}
	all := len(s.Features) == len(FeatureClasses()) || len(s.Features) == len(DefaultSettings().Features)
	for _, c := range s.Features {
		all = all && len(c.Names) == 0
	}
	switch {
	case len(s.ImageTypes) != 1 || s.ImageTypes[0].Name != "Original":
		return notStandard("imageType", "filters", "filtered images are not offered; leave the section out, or take the profile pyradiomics")
	case !all:
		return notStandard("featureClass", "some of PyRadiomics' features", "all of the standard's are computed; leave the section out")
	}
	for _, o := range s.everyOptions() {
		if err := o.checkStandard(); err != nil {
			return err
		}
	}
	return nil
}

// everyOptions are those of the extraction and of each image type.
func (s *Settings) everyOptions() []*Options {
	all := []*Options{&s.Options}
	for k := range s.ImageTypes {
		all = append(all, &s.ImageTypes[k].Options)
	}
	return all
}

func notStandard(key, found, do string) error {
	return &fault.Input{File: "settings", Field: key, Found: found, Expected: "what the profile ibsi offers", Do: do}
}

// checkStandard refuses what the profile ibsi does not offer, by the key.
func (s *Options) checkStandard() error {
	const only = "leave it out, or take the profile pyradiomics"
	switch {
	case s.Normalize:
		return notStandard("normalize", "true", only)
	case s.Force2D:
		return notStandard("force2D", "true", "two and three dimensions are both computed; leave it out")
	case !slices.Equal(s.Distances, []int{1}):
		return notStandard("distances", fmt.Sprint(s.Distances), only)
	case s.WeightingNorm != "":
		return notStandard("weightingNorm", s.WeightingNorm, only)
	case s.GLDMA != 0:
		return notStandard("gldm_a", fmt.Sprint(s.GLDMA), only)
	case !s.SymmetricalGLCM:
		return notStandard("symmetricalGLCM", "false", only)
	case s.VoxelArrayShift != 0:
		return notStandard("voxelArrayShift", fmt.Sprint(s.VoxelArrayShift), only)
	case len(s.ResegmentRange) > 0 && s.ResegmentMode == "relative":
		return notStandard("resegmentMode", "relative", "take absolute or sigma")
	case len(s.ResegmentRange) > 0 && s.ResegmentShape:
		return notStandard("resegmentShape", "true", "form is described by the mask as it was drawn; leave it out")
	}
	return nil
}
