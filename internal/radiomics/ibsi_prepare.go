package radiomics

import (
	"context"
	"fmt"
	"math"
	"slices"

	"magn/internal/fault"
	"magn/internal/volume"
)

// The standard's way from files to what its features see (IBSI manual, chapter
// 2): interpolation, rounding, two masks, resegmentation. Settings keep
// PyRadiomics' names:
//
//   - resampledPixelSpacing (0 keeps an axis, as for slices): the grid that shares
//     its centre with the image's (2.4). interpolator: sitkBSpline is the manual's
//     tricubic spline, sitkLinear trilinear; the mask is always interpolated
//     trilinearly, and a voxel is the lesion's from a half on.
//   - resegmentRange and resegmentMode absolute or sigma (2.6); removeOutliers 3
//     filters outliers of more than three standard deviations, besides the range.
//   - binWidth, binCount (2.7) of image and texture; ivhBinWidth, ivhBinCount of
//     the intensity-volume histogram.

// standardMargin is how far around the lesion the image is interpolated: the
// radius of a local peak's sphere, in millimetres.
const standardMargin = 6.2036

// roundingShare keeps rounding errors from deciding where the outcome is half:
// half a voxel of a mask, halves between whole grey values, a grid that is a
// whole number of voxels wide.
const roundingShare = 1e-6

// prepareStandard makes image and mask ready for the standard's features.
func prepareStandard(ctx context.Context, im *Image, mask *volume.Mask, label uint16, s *Settings, workers int) (*Prepared, error) {
	first := *s
	first.PreCrop, first.ResampledPixelSpacing, first.ResegmentRange = false, nil, nil
	p, err := Prepare(ctx, im, mask, label, &first, workers)
	if err != nil {
		return nil, err
	}
	if s.ResampledPixelSpacing != nil && s.Interpolator != "" {
		if err := p.interpolateStandard(ctx, *s.ResampledPixelSpacing, s.Interpolator, workers); err != nil {
			return nil, err
		}
	}
	p.ShapeMask = p.Mask
	if len(s.ResegmentRange) > 0 || s.RemoveOutliers > 0 {
		if err := p.resegmentStandard(&s.Options); err != nil {
			return nil, err
		}
	}
	return p, p.checkAgain(ctx, workers)
}

// checkAgain finds the lesion's box, and checks the least sizes.
func (p *Prepared) checkAgain(ctx context.Context, workers int) error {
	f, err := frameOf(p.Image.Grid)
	if err != nil {
		return err
	}
	steps := preparation{Prepared: p, image: f, mask: f, workers: workers}
	return steps.check(ctx)
}

// centred is the grid of another spacing (0 keeps an axis) that shares the
// frame's centre and has ⌈n s/s'⌉ voxels along an axis of n voxels of s mm
// (IBSI 2.4, align grid centers).
func (f *frame) centred(spacing [3]float64) (frame, error) {
	to := *f
	var origin [3]float64
	for a, mm := range spacing {
		if mm == 0 {
			mm = f.spacing[a]
		}
		n := math.Max(1, math.Ceil(float64(f.size[a])*f.spacing[a]/mm-roundingShare))
		if !(n <= maxVoxels) {
			return to, tooFine(spacing)
		}
		to.size[a], to.spacing[a] = int(n), mm
		origin[a] = (float64(f.size[a]-1) - (n-1)*mm/f.spacing[a]) / 2
	}
	to.origin = f.point(origin)
	to.derive()
	return to, nil
}

// around is the part of the frame within standardMargin of a box of voxels of
// another frame with the same axes.
func (f *frame) around(low, high [3]int, of *frame) frame {
	to := *f
	var origin [3]float64
	first, last := f.index(of.voxel(low[0], low[1], low[2])), f.index(of.voxel(high[0], high[1], high[2]))
	for a := range 3 {
		// A lesion's voxel reaches one of its own beyond its centre where the
		// mask is interpolated.
		beyond := (standardMargin+of.spacing[a])/f.spacing[a] + 1
		lo := math.Max(0, math.Floor(first[a]-beyond))
		hi := math.Min(float64(f.size[a]-1), math.Ceil(last[a]+beyond))
		to.size[a] = int(math.Max(0, hi-lo)) + 1
		origin[a] = lo
	}
	to.origin = f.point(origin)
	return to
}

// interpolateStandard brings image and mask to the standard's grid of a spacing,
// cut to the lesion and what its features look at around it.
func (p *Prepared) interpolateStandard(ctx context.Context, spacing [3]float64, method Interpolator, workers int) error {
	from, err := frameOf(p.Image.Grid)
	if err != nil {
		return err
	}
	whole, err := from.centred(spacing)
	if err != nil {
		return err
	}
	to := whole.around(p.Low, p.High, &from)
	if n := voxels(to.size); n < 0 || n > maxVoxels {
		return tooFine(spacing)
	}
	values, err := p.Image.standardValues(ctx, &from, &to, method, workers)
	if err != nil {
		return err
	}
	inside, err := standardMask(ctx, p.Mask, &from, &to, workers)
	if err != nil {
		return err
	}
	p.Image = &Image{to.grid(p.Image.SpacingKnown), values, p.Image.Type}
	p.Mask, p.Resampled = inside, true
	if !slices.Contains(inside, true) {
		return &fault.Input{
			File: "mask", Field: fmt.Sprintf("label %d", p.Label), Found: fmt.Sprintf("no voxel of %v mm that the lesion fills by half", whole.spacing),
			Expected: "at least one", Do: "the lesion is smaller than a voxel; resample to smaller ones",
		}
	}
	return nil
}

// standardValues are the image's at each voxel of the frame to. An image of whole
// numbers, as CT is, is rounded to whole numbers again (IBSI 2.5).
func (im *Image) standardValues(ctx context.Context, from, to *frame, method Interpolator, workers int) ([]float64, error) {
	exact := &Image{im.Grid, im.Values, Float64}
	values, err := exact.resample(ctx, from, to, method, workers)
	if err != nil || slices.ContainsFunc(im.Values, func(x float64) bool { return math.Trunc(x) != x && !math.IsNaN(x) }) {
		return values, err
	}
	for i, x := range values {
		values[i] = math.Floor(x + .5 + roundingShare)
	}
	return values, nil
}

// standardMask says of each voxel of the frame to whether the mask, interpolated
// linearly, fills it by half or more.
func standardMask(ctx context.Context, mask []bool, from, to *frame, workers int) ([]bool, error) {
	share := &Image{Grid: from.grid(true), Values: make([]float64, len(mask)), Type: Float64}
	for i, in := range mask {
		if in {
			share.Values[i] = 1
		}
	}
	filled, err := share.resample(ctx, from, to, Linear, workers)
	inside := make([]bool, len(filled))
	for i, x := range filled {
		inside[i] = x >= .5-roundingShare
	}
	return inside, err
}

// resegmentStandard leaves in Mask what lies in the range and, of that, is no
// outlier by its own mean and standard deviation (IBSI 2.6). The manual's values
// are met with either of the two first.
func (p *Prepared) resegmentStandard(s *Options) (err error) {
	if len(s.ResegmentRange) > 0 {
		if p.Mask, err = resegment(p.Image.Values, p.Mask, s.ResegmentRange, s.ResegmentMode); err != nil {
			return err
		}
	}
	if s.RemoveOutliers > 0 {
		far := []float64{-s.RemoveOutliers, s.RemoveOutliers}
		if p.Mask, err = resegment(p.Image.Values, p.Mask, far, "sigma"); err != nil {
			return err
		}
	}
	p.Resegmented = true
	return nil
}
