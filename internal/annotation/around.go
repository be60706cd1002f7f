package annotation

import (
	"cmp"
	"maps"
	"slices"

	"magn/internal/volume"
)

// mostLesions is around how many lesions a shift is looked for: each takes a while.
const mostLesions = 3

// FindShiftOf is FindShift around the largest lesion of a mask at which the shift
// can be told, of the three with the most voxels: a stack need not show all of
// them, and the box of all may be mostly elsewhere. Where none can tell, it is what
// the largest says, with its doubt. The mask must have a lesion.
func FindShiftOf(reference, target *volume.Volume, outlined *volume.Mask) (first Shift, err error) {
	for i, b := range lesionBoxes(outlined) {
		s, err := FindShift(reference, target, b)
		if err != nil || s.Trusted {
			return s, err
		}
		if i == 0 {
			first = s
		}
	}
	return first, nil
}

// lesionBoxes are the boxes of the largest lesions, the largest first.
func lesionBoxes(m *volume.Mask) []Box {
	count := map[uint16]int{}
	for _, l := range m.Labels {
		if l != 0 {
			count[l]++
		}
	}
	order := slices.SortedFunc(maps.Keys(count), func(a, b uint16) int { return cmp.Or(count[b]-count[a], int(a)-int(b)) })
	var out []Box
	for _, l := range order[:min(len(order), mostLesions)] {
		one := &volume.Mask{Grid: m.Grid, Labels: make([]uint16, len(m.Labels))}
		for i, x := range m.Labels {
			if x == l {
				one.Labels[i] = 1
			}
		}
		if b, ok := Bounds(one); ok {
			out = append(out, b)
		}
	}
	return out
}
