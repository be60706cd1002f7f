package radiomics

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"magn/internal/fault"
	"magn/internal/volume"
)

// Image is the picture that an extraction starts from: grey values on a grid,
// and the type they had on disk, which decides how PyRadiomics rounds
// resampled values.
type Image struct {
	volume.Grid
	Values []float64 // one a voxel, x fastest
	Type   PixelType
}

// ImageOf is a volume as an image. Where t is Unknown it is taken to be a
// signed integer type if every voxel is a whole number and float32 otherwise.
func ImageOf(v *volume.Volume, t PixelType) *Image {
	im := &Image{Grid: v.Grid, Values: make([]float64, len(v.Data)), Type: t}
	whole := true
	for i, x := range v.Data {
		im.Values[i] = float64(x)
		whole = whole && math.Trunc(im.Values[i]) == im.Values[i] && math.Abs(im.Values[i]) <= math.MaxInt32
	}
	if t == Unknown {
		im.Type = Float32
		if whole {
			im.Type = Int32
		}
	}
	return im
}

// Prepared is image and mask as the features see them, after normalisation,
// resampling or cropping, mask checks and resegmentation: steps and order are
// PyRadiomics'.
type Prepared struct {
	Image *Image // prepared; its Grid is where the masks lie too
	// Mask is the lesion for all classes but shape; ShapeMask for shape and
	// shape2D. They differ where the mask was resegmented and ResegmentShape is
	// false.
	Mask, ShapeMask []bool
	// Low and High are the first and the last voxel of the smallest box around
	// Mask, along x, y, z. PyRadiomics cuts ShapeMask to the same box.
	Low, High [3]int
	Count     int // voxels in Mask
	Label     uint16
	// Resampled says that image and mask were brought to another spacing,
	// Corrected that the mask was brought to the image's grid, Resegmented that
	// thresholds were applied.
	Resampled, Corrected, Resegmented bool
	// LeftOut says which images were not made because the image is too small
	// for their filter, a sentence each; PyRadiomics logs a warning. Images
	// fills it.
	LeftOut []string

	settings *Settings
	drawn    []bool // the lesion on the mask's own grid, as it was read
}

// Prepare makes image and mask ready for the features of one label: normalises,
// resamples or crops, checks the mask, resegments. Neither is changed. workers
// bounds how many cores it uses. What it cannot use is a *fault.Input whose
// File says whether image or mask is meant.
func Prepare(ctx context.Context, im *Image, mask *volume.Mask, label uint16, s *Settings, workers int) (*Prepared, error) {
	if n := voxels(im.Size); n < 0 || n != len(im.Values) {
		return nil, fmt.Errorf("%d grey values on a grid of %v voxels", len(im.Values), im.Size)
	}
	if n := voxels(mask.Size); n < 0 || n != len(mask.Labels) {
		return nil, fmt.Errorf("%d labels on a grid of %v voxels", len(mask.Labels), mask.Size)
	}
	imageFrame, err := frameOf(im.Grid)
	if err != nil {
		return nil, &fault.Input{File: "image", Err: err}
	}
	maskFrame, err := frameOf(mask.Grid)
	if err != nil {
		return nil, &fault.Input{File: "mask", Err: err}
	}
	inside, err := labelled(mask, label)
	if err != nil {
		return nil, err
	}
	p := &Prepared{Image: &Image{im.Grid, im.Values, im.Type}, Mask: inside, drawn: inside, Label: label, settings: s}
	if s.Normalize {
		p.Image.Values = slices.Clone(im.Values)
		if err := p.Image.normalise(s.NormalizeScale, s.RemoveOutliers); err != nil {
			return nil, err
		}
	}
	steps := preparation{Prepared: p, image: imageFrame, mask: maskFrame, workers: workers}
	switch {
	case s.Interpolator != "" && s.ResampledPixelSpacing != nil:
		err = steps.resample(ctx)
	case s.PreCrop:
		if err = steps.check(ctx); err == nil {
			steps.crop()
		}
	}
	if err == nil {
		err = steps.check(ctx)
	}
	if err != nil {
		return nil, err
	}
	p.ShapeMask = p.Mask
	if len(s.ResegmentRange) > 0 {
		if p.Mask, err = resegment(p.Image.Values, p.Mask, s.ResegmentRange, s.ResegmentMode); err != nil {
			return nil, err
		}
		p.Resegmented = true
		if err := steps.check(ctx); err != nil {
			return nil, err
		}
		if s.ResegmentShape {
			p.ShapeMask = p.Mask
		}
	}
	return p, nil
}

// labelled says which voxels have the label.
func labelled(mask *volume.Mask, label uint16) ([]bool, error) {
	inside := make([]bool, len(mask.Labels))
	var there [1 << 16]bool
	for i, l := range mask.Labels {
		inside[i] = l == label
		there[l] = true
	}
	if label != 0 && there[label] {
		return inside, nil
	}
	bad := &fault.Input{File: "mask", Field: fmt.Sprintf("label %d", label), Expected: "at least one voxel with it"}
	var others []string
	for l := 1; l < len(there) && len(others) < 10; l++ {
		if there[l] {
			others = append(others, fmt.Sprint(l))
		}
	}
	bad.Found = "no label anywhere"
	if len(others) > 0 {
		bad.Found = "labels " + strings.Join(others, ", ")
		bad.Do = "name one of these"
	}
	return nil, bad
}

// ShapeRegion is what shape features are computed from: ShapeMask within the
// box around Mask, as PyRadiomics cuts it.
func (p *Prepared) ShapeRegion() (*Region, error) {
	box := p.box()
	values := box.take(p.Image.Values, p.Image.Size)
	return box.region(values, box.takeMask(p.ShapeMask, p.Image.Size), p.Image.Spacing())
}

// Images calls visit for each image of the settings' image types in
// PyRadiomics' order: original, wavelet-LLH, log-sigma-3-0-mm-3D … with the
// options of its type and the region. A type that the image is too small for
// is left out, as in PyRadiomics. An error of visit ends it and is returned.
func (p *Prepared) Images(ctx context.Context, workers int, visit func(name string, o *Options, r *Region) error) error {
	p.LeftOut = nil
	box := p.box()
	inside := box.takeMask(p.Mask, p.Image.Size)
	spacing := p.Image.Spacing()
	for i := range p.settings.ImageTypes {
		t := &p.settings.ImageTypes[i]
		err := p.filter(ctx, t, workers, func(name string, values []float64) error {
			r, err := box.region(values, inside, spacing)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			r.single = t.single(p.Image.Type)
			return visit(name, &t.Options, r)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// box is a part of an image: size voxels from low on.
type box struct{ low, size [3]int }

func (p *Prepared) box() box {
	b := box{low: p.Low}
	for a := range b.size {
		b.size[a] = p.High[a] - p.Low[a] + 1
	}
	return b
}

// take copies the box from values of an image of the given size.
func (b box) take(values []float64, size [3]int) []float64 { return takeBox(b, values, size) }

func (b box) takeMask(mask []bool, size [3]int) []bool { return takeBox(b, mask, size) }

func takeBox[T any](b box, values []T, size [3]int) []T {
	out := make([]T, 0, voxels(b.size))
	for z := range b.size[2] {
		for y := range b.size[1] {
			from := b.low[0] + size[0]*(b.low[1]+y+size[1]*(b.low[2]+z))
			out = append(out, values[from:][:b.size[0]]...)
		}
	}
	return out
}

// region is the lesion in the box.
func (b box) region(values []float64, inside []bool, spacing [3]float64) (*Region, error) {
	r, err := NewRegion(values, inside, b.size, spacing)
	if err != nil {
		return nil, err
	}
	for a := range r.Start {
		r.Start[a] += b.low[a]
	}
	return r, nil
}
