package radiomics

import (
	"fmt"
	"math"

	"magn/internal/fault"
)

// Region is what features are computed from: the smallest box around the
// lesion in one prepared (resampled, filtered) image, and which of the box's
// voxels are the lesion's.
type Region struct {
	Size    [3]int     // voxels of the box along x, y, z
	Spacing [3]float64 // millimetres from one voxel to the next along x, y, z
	Start   [3]int     // the box's first voxel in the image it was cut from
	Values  []float64  // every voxel of the box; (x,y,z) is at x + Size[0]*(y + Size[1]*z)
	Inside  []bool     // which of them are the lesion's
	Count   int        // how many are

	single bool // values are of single precision
}

// NewRegion cuts the smallest box around the voxels of inside from an image of
// the given size and spacing. values and inside hold one element a voxel, x
// fastest; what the region holds is a copy. It is a *fault.Input where no voxel
// is inside, and where one that is inside is NaN or infinite.
func NewRegion(values []float64, inside []bool, size [3]int, spacing [3]float64) (*Region, error) {
	if len(values) != len(inside) {
		return nil, fmt.Errorf("region of %d values and %d mask voxels", len(values), len(inside))
	}
	r, err := newRegion(values, inside, size, spacing)
	if err != nil {
		return nil, err
	}
	for i, in := range r.Inside {
		if in && (math.IsNaN(r.Values[i]) || math.IsInf(r.Values[i], 0)) {
			at := r.position(i)
			return nil, &fault.Input{
				File: "image", Field: fmt.Sprintf("voxel (%d, %d, %d)", r.Start[0]+at[0], r.Start[1]+at[1], r.Start[2]+at[2]),
				Found: fmt.Sprint(r.Values[i]), Expected: "a finite number inside the lesion",
				Do: "leave the voxel out of the mask; after a logarithm or exponential filter, leave that image type out",
			}
		}
	}
	return r, nil
}

// newRegion is NewRegion that does not look at values, which may be nil.
func newRegion(values []float64, inside []bool, size [3]int, spacing [3]float64) (*Region, error) {
	if n := voxels(size); n != len(inside) {
		return nil, fmt.Errorf("region of %v voxels from %d mask voxels", size, len(inside))
	}
	for axis, s := range spacing {
		if !(s > 0) || math.IsInf(s, 0) {
			return nil, &fault.Input{File: "image", Field: "spacing along " + "xyz"[axis:axis+1], Found: fmt.Sprint(s), Expected: "a length above 0 mm"}
		}
	}
	lo, hi, count := bounds(inside, size)
	if count == 0 {
		return nil, &fault.Input{File: "mask", Found: "no voxel of the lesion", Expected: "at least one", Do: "look at the label's number, and at resampling and resegmentation: both may take a small lesion away"}
	}
	r := &Region{Spacing: spacing, Start: lo, Count: count}
	for axis := range r.Size {
		r.Size[axis] = hi[axis] - lo[axis] + 1
	}
	r.Inside = make([]bool, voxels(r.Size))
	if values != nil {
		r.Values = make([]float64, len(r.Inside))
	}
	for z := range r.Size[2] {
		for y := range r.Size[1] {
			from := lo[0] + size[0]*(lo[1]+y+size[1]*(lo[2]+z))
			to := r.Size[0] * (y + r.Size[1]*z)
			copy(r.Inside[to:to+r.Size[0]], inside[from:])
			if values != nil {
				copy(r.Values[to:to+r.Size[0]], values[from:])
			}
		}
	}
	return r, nil
}

// position is the index (x,y,z) of the n-th voxel of the box.
func (r *Region) position(n int) [3]int {
	return [3]int{n % r.Size[0], n / r.Size[0] % r.Size[1], n / (r.Size[0] * r.Size[1])}
}

// voxels is the product of size, -1 where one is not positive.
func voxels(size [3]int) int {
	n := 1
	for _, s := range size {
		if s < 1 || n > math.MaxInt32/s {
			return -1
		}
		n *= s
	}
	return n
}

// bounds is the smallest box, both corners included, around the voxels of
// inside, and how many they are.
func bounds(inside []bool, size [3]int) (lo, hi [3]int, count int) {
	lo, hi = size, [3]int{-1, -1, -1}
	for z := range size[2] {
		for y := range size[1] {
			row := inside[size[0]*(y+size[1]*z):][:size[0]]
			first, last := -1, -1
			for x, in := range row {
				if in {
					if first < 0 {
						first = x
					}
					last = x
					count++
				}
			}
			if first >= 0 {
				lo = [3]int{min(lo[0], first), min(lo[1], y), min(lo[2], z)}
				hi = [3]int{max(hi[0], last), max(hi[1], y), max(hi[2], z)}
			}
		}
	}
	return lo, hi, count
}
