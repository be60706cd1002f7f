package radiomics

import (
	"math"

	"magn/internal/volume"
)

// Diagnostic is one fact about image or mask, under PyRadiomics' name. Value is
// an int, a float64, a string, or an array of numbers along x, y, z.
type Diagnostic struct {
	Name  string // diagnostics_Mask-original_VoxelNum
	Value any
}

// diagnose lists the facts in PyRadiomics' order. Left out are its versions,
// configuration and hashes: they say of the program and of files what is known
// where files are read.
func diagnose(im *Image, mask *volume.Mask, p *Prepared) ([]Diagnostic, error) {
	var d diagnostics
	d.add("Image-original_Dimensionality", "3D")
	d.image("original", im)
	if err := d.mask("original", nil, mask.Grid, p.drawn); err != nil {
		return nil, err
	}
	if p.Resampled {
		d.image("interpolated", p.Image)
		if err := d.mask("interpolated", p.Image, p.Image.Grid, p.ShapeMask); err != nil {
			return nil, err
		}
	}
	if p.Corrected {
		if err := d.mask("corrected", p.Image, p.Image.Grid, p.ShapeMask); err != nil {
			return nil, err
		}
	}
	if p.Resegmented {
		if err := d.mask("resegmented", p.Image, p.Image.Grid, p.Mask); err != nil {
			return nil, err
		}
	}
	return d, nil
}

type diagnostics []Diagnostic

func (d *diagnostics) add(name string, value any) {
	*d = append(*d, Diagnostic{"diagnostics_" + name, value})
}

func (d *diagnostics) image(step string, im *Image) {
	lo, hi, sum := extent(im.Values)
	d.add("Image-"+step+"_Spacing", im.Spacing())
	d.add("Image-"+step+"_Size", im.Size)
	d.add("Image-"+step+"_Mean", sum/float64(len(im.Values)))
	d.add("Image-"+step+"_Minimum", lo)
	d.add("Image-"+step+"_Maximum", hi)
}

// extent is the least and the greatest of x and the sum; of none of them
// infinities and 0. Four sums side by side do not wait for each other: a whole
// image takes as long as many a class of its lesion.
func extent(x []float64) (lo, hi, sum float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	var sums [4]float64
	for rest := x; len(rest) > 0; {
		n := min(4, len(rest))
		for k, v := range rest[:n] {
			if v < lo {
				lo = v
			}
			if v > hi {
				hi = v
			}
			sums[k] += v
		}
		rest = rest[n:]
	}
	sum = sums[0] + sums[1] + (sums[2] + sums[3])
	if math.IsNaN(sum) { // a value that is none leaves no least and no greatest
		for _, v := range x {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	return lo, hi, sum
}

// mask says where the lesion lies; with an image, what its values are there. The
// centre of mass in millimetres is in ITK's frame, which runs to the patient's
// left, back and head.
func (d *diagnostics) mask(step string, im *Image, g volume.Grid, inside []bool) error {
	r, err := newRegion(nil, inside, g.Size, g.Spacing())
	if err != nil {
		return err
	}
	runs := r.runs()
	ones := make([]int32, len(r.Inside))
	var centre [3]float64
	lo, hi, sum := math.Inf(1), math.Inf(-1), 0.0
	for _, s := range runs {
		for k := range s.n {
			ones[s.start+k] = 1
			at := [3]int{r.Start[0] + s.x + k, r.Start[1] + s.y, r.Start[2] + s.z}
			for axis, n := range at {
				centre[axis] += float64(n)
			}
			if im != nil {
				value := im.Values[at[0]+g.Size[0]*(at[1]+g.Size[1]*at[2])]
				lo, hi, sum = min(lo, value), max(hi, value), sum+value
			}
		}
	}
	for axis := range centre {
		centre[axis] /= float64(r.Count)
	}
	zones := 0.0
	for _, z := range r.withLevels(ones, runs).zones(&Options{}) {
		zones += z.n
	}
	mm := g.Affine.Apply(centre)
	d.add("Mask-"+step+"_Spacing", r.Spacing)
	d.add("Mask-"+step+"_Size", g.Size)
	d.add("Mask-"+step+"_BoundingBox", [6]int{r.Start[0], r.Start[1], r.Start[2], r.Size[0], r.Size[1], r.Size[2]})
	d.add("Mask-"+step+"_VoxelNum", r.Count)
	d.add("Mask-"+step+"_VolumeNum", int(zones))
	d.add("Mask-"+step+"_CenterOfMassIndex", centre)
	d.add("Mask-"+step+"_CenterOfMass", [3]float64{-mm[0], -mm[1], mm[2]})
	if im != nil {
		d.add("Mask-"+step+"_Mean", sum/float64(r.Count))
		d.add("Mask-"+step+"_Minimum", lo)
		d.add("Mask-"+step+"_Maximum", hi)
	}
	return nil
}
