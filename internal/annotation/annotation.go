// Package annotation carries outlines from where they were drawn to where they
// are needed, and measures them.
//
// A lesion is one label of a mask. The stack axis of a grid is the storage axis
// along which its slices follow one another (Axis); a slab is the part of space that
// one slice images, from half a slice before its centre plane to half a slice
// behind. An outline is what a lesion covers of one slice. A frame is a
// FrameOfReferenceUID: patient coordinates of two series mean the same point
// only where their frames are one.
//
// Fit brings a mask to the grid of its own series without resampling. Transfer
// carries it through patient coordinates to the grid of another series: a voxel
// is the lesion's where at least half of its slab is. Measure says how large
// lesions are, Coverage how much of them the stacks of a view hold, and FindShift
// whether the patient moved between two series.
package annotation

import (
	"math"

	"magn/internal/fault"
	"magn/internal/volume"
)

// Frame says in which coordinates a series was acquired. Empty parts are unknown,
// and what is unknown does not differ.
type Frame struct {
	UID   string // FrameOfReferenceUID (0020,0052)
	Study string // StudyInstanceUID (0020,000D)
}

// Match is nil where the coordinates of f and o may mean the same points, and
// otherwise a *fault.Input without a file.
func (f Frame) Match(o Frame) error {
	differ := func(field, what string) error {
		return &fault.Input{
			Field: field, Found: "another one than the series'", Expected: "the same " + what,
			Do: "patient coordinates may not agree; magn transfer --any-frame takes it nevertheless, and its shift should then be looked at",
		}
	}
	if f.UID != "" && o.UID != "" && f.UID != o.UID {
		return differ("FrameOfReferenceUID", "frame of reference")
	}
	if f.Study != "" && o.Study != "" && f.Study != o.Study {
		return differ("StudyInstanceUID", "study")
	}
	return nil
}

// Axis says along which storage axis of a grid its slices follow one another.
type Axis uint8

// The axes. Who knows says: magn convert stores slices along the Third, and what
// Fit brings to a series is stored as the series is.
const (
	Guess Axis = iota // StackAxis
	First
	Second
	Third
)

// of is the storage axis of g.
func (x Axis) of(g volume.Grid) int {
	if x == Guess || x > Third {
		return StackAxis(g)
	}
	return int(x - First)
}

// StackAxis guesses the storage axis along which the slices of g follow one
// another from its size and spacing alone: the only axis with one voxel; else, as
// pixels are square, the one whose spacing is not that of the two others (to a
// tenth of a percent), be it wider or, as in thin CT, narrower; of three that
// differ the widest where it is half as wide again as the next. Otherwise, as on
// isotropic grids, nothing tells, and it is the third, as images are stored by
// custom.
func StackAxis(g volume.Grid) int {
	for a := range 3 {
		if b, c := (a+1)%3, (a+2)%3; g.Size[a] == 1 && g.Size[b] > 1 && g.Size[c] > 1 {
			return a
		}
	}
	s := g.Spacing()
	alike := func(x, y float64) bool { return math.Abs(x-y) <= .001*max(x, y) }
	odd, pairs := 2, 0
	for a := range 3 {
		if alike(s[(a+1)%3], s[(a+2)%3]) {
			odd = a
			pairs++
		}
	}
	switch pairs {
	case 1:
		return odd
	case 0:
		for a := range 3 {
			if s[a] >= 1.5*max(s[(a+1)%3], s[(a+2)%3]) {
				return a
			}
		}
	}
	return 2
}

// usable is an error where nothing can be measured on g.
func usable(g volume.Grid) error {
	if !g.SpacingKnown {
		return &fault.Input{Field: "spacing", Found: "none", Expected: "voxels of known size", Do: "write the spacing into the image with any tool"}
	}
	_, err := g.Affine.Inverse()
	return err
}

// labels lists the labels of a mask in ascending order.
func labels(m *volume.Mask) []uint16 {
	var seen [math.MaxUint16 + 1]bool
	for _, l := range m.Labels {
		seen[l] = true
	}
	var all []uint16
	for l := 1; l < len(seen); l++ {
		if seen[l] {
			all = append(all, uint16(l))
		}
	}
	return all
}

// Merge is m with all lesions as one, of label 1.
func Merge(m *volume.Mask) *volume.Mask {
	out := &volume.Mask{Grid: m.Grid, Labels: make([]uint16, len(m.Labels))}
	for i, l := range m.Labels {
		if l != 0 {
			out.Labels[i] = 1
		}
	}
	return out
}

// box is a half-open range of indices along each storage axis.
type box struct{ lo, hi [3]int }

// boxes is the box of each label, in the order of all.
func boxes(m *volume.Mask, all []uint16) []box {
	at := make([]int32, math.MaxUint16+1)
	out := make([]box, len(all))
	for n, l := range all {
		at[l] = int32(n)
		out[n] = box{lo: m.Size}
	}
	i := 0
	for z := range m.Size[2] {
		for y := range m.Size[1] {
			for x := range m.Size[0] {
				if l := m.Labels[i]; l != 0 {
					b := &out[at[l]]
					b.lo = [3]int{min(b.lo[0], x), min(b.lo[1], y), min(b.lo[2], z)}
					b.hi = [3]int{max(b.hi[0], x+1), max(b.hi[1], y+1), max(b.hi[2], z+1)}
				}
				i++
			}
		}
	}
	return out
}

// voxel is index p in floating point.
func voxel(p [3]int) [3]float64 { return [3]float64{float64(p[0]), float64(p[1]), float64(p[2])} }
