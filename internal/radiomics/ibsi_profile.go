package radiomics

import (
	"context"
	"math"

	"magn/internal/volume"
)

// standard describes a lesion by the definitions of the Image Biomarker
// Standardisation Initiative. Bins of a width begin at the lower end of an
// absolute resegmentRange, else at the least value.
func (e *Extraction) standard(ctx context.Context, im *Image, mask *volume.Mask, label uint16, l *Lesion) error {
	p, err := prepareStandard(ctx, im, mask, label, e.Settings, max(1, e.Workers))
	if err != nil {
		return err
	}
	all, err := IBSI(e.standardInput(p))
	if err != nil {
		return err
	}
	for _, f := range all {
		l.Values = append(l.Values, Value{f.Name, f.Value})
	}
	facts, err := diagnose(im, mask, p)
	l.Diagnostics = append(e.provenance(), facts...)
	return err
}

// standardInput says how the features look at what was prepared.
func (e *Extraction) standardInput(p *Prepared) IBSIInput {
	o := &e.Settings.ImageTypes[0].Options
	in := IBSIInput{
		Values: p.Image.Values, Size: p.Image.Size, Spacing: p.Image.Spacing(),
		Morphological: p.ShapeMask, Intensity: p.Mask,
		Lowest: math.NaN(), VolumeLow: math.NaN(), VolumeHigh: math.NaN(),
		VolumeBins: Binning{Width: o.VolumeBinWidth, Count: o.VolumeBinCount},
	}
	if !e.Levels {
		in.Bins = Binning{Width: o.BinWidth, Count: o.BinCount}
	}
	if s := &e.Settings.Options; len(s.ResegmentRange) > 0 && s.ResegmentMode == "absolute" {
		in.Lowest, in.VolumeLow = s.ResegmentRange[0], s.ResegmentRange[0]
		if len(s.ResegmentRange) > 1 {
			in.VolumeHigh = s.ResegmentRange[1]
		}
	}
	if in.VolumeBins != (Binning{}) {
		return in
	}
	// Section 3.5: values that are whole numbers are steps already, others are
	// put into a thousand bins.
	for v, inside := range p.Mask {
		if inside && math.Trunc(in.Values[v]) != in.Values[v] {
			in.VolumeBins = Binning{Count: 1000}
			break
		}
	}
	return in
}
