package radiomics

import (
	"context"
	"fmt"
	"math"

	"magn/internal/fault"
)

// itkTolerance is ITK's default for what geometryTolerance sets.
const itkTolerance = 1e-6

// preparation is a Prepared on the way: image and mask may still lie on
// different grids.
type preparation struct {
	*Prepared
	image, mask frame
	workers     int
}

// check looks whether mask and image fit, corrects the mask where settings ask
// for it, and finds the lesion's box (PyRadiomics' checkMask).
func (p *preparation) check(ctx context.Context) error {
	s := &p.settings.Options
	tolerance := s.GeometryTolerance
	if tolerance == 0 {
		tolerance = itkTolerance
	}
	if differs := p.image.differences(&p.mask, tolerance); differs != "" {
		if !s.CorrectMask {
			return &fault.Input{
				File: "mask", Field: "geometry", Found: "another grid than the image's: " + differs, Expected: "the image's grid",
				Do: "set correctMask to bring the mask to the image's grid, or geometryTolerance where the difference is rounding",
			}
		}
		if err := p.roiInImage(); err != nil {
			return err
		}
		if err := p.toImage(ctx); err != nil {
			return err
		}
		p.Corrected = true
	}
	lo, hi, count := bounds(p.Mask, p.image.size)
	if count == 0 {
		return &fault.Input{
			File: "mask", Field: fmt.Sprintf("label %d", p.Label), Found: "no voxel left on the image's grid", Expected: "at least one",
			Do: "the lesion is smaller than a voxel; resample to smaller ones",
		}
	}
	p.Low, p.High, p.Count = lo, hi, count
	axes := 0
	for a := range 3 {
		if hi[a] > lo[a] {
			axes++
		}
	}
	switch {
	case axes == 0:
		return &fault.Input{File: "mask", Field: fmt.Sprintf("label %d", p.Label), Found: "one voxel", Expected: "a lesion of several"}
	case axes < s.MinimumROIDimensions:
		return &fault.Input{
			File: "mask", Field: fmt.Sprintf("label %d", p.Label), Found: fmt.Sprintf("more than one voxel along %d axes", axes),
			Expected: fmt.Sprintf("along %d (minimumROIDimensions)", s.MinimumROIDimensions),
		}
	case s.MinimumROISize > 0 && count <= s.MinimumROISize:
		return &fault.Input{
			File: "mask", Field: fmt.Sprintf("label %d", p.Label), Found: fmt.Sprintf("%d voxels", count),
			Expected: fmt.Sprintf("more than %d (minimumROISize)", s.MinimumROISize),
		}
	}
	return nil
}

// toImage brings the mask to the image's grid by nearest neighbour.
func (p *preparation) toImage(ctx context.Context) (err error) {
	p.Mask, err = resampleMask(ctx, p.Mask, &p.mask, &p.image, p.workers)
	p.mask = p.image
	return err
}

// crop cuts image and mask to the lesion's box and padDistance voxels around it.
func (p *preparation) crop() {
	pad := p.settings.PadDistance
	var b box
	for a := range 3 {
		b.low[a] = max(0, p.Low[a]-pad)
		b.size[a] = min(p.image.size[a]-1, p.High[a]+pad) - b.low[a] + 1
	}
	p.Image.Values = b.take(p.Image.Values, p.image.size)
	p.Mask = b.takeMask(p.Mask, p.image.size)
	origin := p.image.point([3]float64{float64(b.low[0]), float64(b.low[1]), float64(b.low[2])})
	p.image.origin, p.image.size = origin, b.size
	p.mask = p.image
	p.Image.Grid = p.image.grid(p.Image.SpacingKnown)
}

// resample brings image and mask to resampledPixelSpacing (PyRadiomics'
// resampleImage): on a grid that shares its outer corner with the mask's, cut
// to the lesion and padDistance new voxels around it.
func (p *preparation) resample(ctx context.Context) error {
	s := &p.settings.Options
	if err := p.roiInImage(); err != nil {
		return err
	}
	low, high, _ := bounds(p.Mask, p.mask.size)
	spacing := *s.ResampledPixelSpacing
	same := true
	for a := range 3 {
		// Neither an axis set to 0 nor one along which the lesion has one
		// voxel is resampled.
		if spacing[a] == 0 || low[a] == high[a] {
			spacing[a] = p.mask.spacing[a]
		}
		same = same && math.Abs(p.image.spacing[a]-spacing[a]) <= 1e-8+1e-5*math.Abs(spacing[a])
	}
	if same {
		if err := p.toImage(ctx); err != nil {
			return err
		}
		if p.Low, p.High, p.Count = bounds(p.Mask, p.image.size); p.Count == 0 {
			return p.check(ctx)
		}
		p.crop()
		return nil
	}
	to := p.mask // the direction stays
	to.spacing = spacing
	var origin [3]float64
	for a := range 3 {
		ratio := p.mask.spacing[a] / spacing[a]
		pad := float64(s.PadDistance)
		first := max(0, math.Floor((float64(low[a])-.5)*ratio-pad))
		last := min(math.Ceil(float64(p.mask.size[a])*ratio)-1, math.Ceil((float64(high[a]+1)-.5)*ratio+pad))
		n := last - first + 1
		if !(n <= maxVoxels) {
			return tooFine(spacing)
		}
		to.size[a] = int(n)
		origin[a] = .5*(spacing[a]-p.mask.spacing[a])/p.mask.spacing[a] + first/ratio
	}
	if n := voxels(to.size); n < 0 || n > maxVoxels {
		return tooFine(spacing)
	}
	to.origin = p.mask.point(origin)
	to.derive()
	var err error
	if p.Mask, err = resampleMask(ctx, p.Mask, &p.mask, &to, p.workers); err != nil {
		return err
	}
	if p.Image.Values, err = p.Image.resample(ctx, &p.image, &to, s.Interpolator, p.workers); err != nil {
		return err
	}
	p.image, p.mask = to, to
	p.Image.Grid = to.grid(p.Image.SpacingKnown)
	p.Resampled = true
	return nil
}

func tooFine(spacing [3]float64) error {
	return &fault.Input{
		File: "image", Field: "resampledPixelSpacing", Found: fmt.Sprintf("%v mm, which makes more than %d voxels", spacing, maxVoxels),
		Expected: "larger voxels, or a smaller padDistance",
	}
}

// roiInImage is an error where the lesion's box, in the mask's own grid,
// reaches out of the image by more than a thousandth of a voxel (PyRadiomics'
// _checkROI).
func (p *preparation) roiInImage() error {
	low, high, _ := bounds(p.Mask, p.mask.size)
	var ends [2][3]float64
	for a := range 3 {
		ends[0][a] = float64(low[a]) - .5
		ends[1][a] = float64(high[a]+1) - .5
	}
	for e := range ends {
		ends[e] = p.image.index(p.mask.point(ends[e]))
	}
	for a := range 3 {
		lo, hi := math.Min(ends[0][a], ends[1][a]), math.Max(ends[0][a], ends[1][a])
		if !(lo >= -.5-1e-3 && hi <= float64(p.image.size[a])-.5+1e-3) {
			beyond := math.Max(-.5-lo, hi-(float64(p.image.size[a])-.5)) * p.image.spacing[a]
			return &fault.Input{
				File: "mask", Field: fmt.Sprintf("label %d", p.Label),
				Found:    fmt.Sprintf("a lesion that reaches %.4g mm out of the image along %s", beyond, "xyz"[a:a+1]),
				Expected: "a lesion inside the image", Do: "look at origin, spacing and direction of image and mask",
			}
		}
	}
	return nil
}
