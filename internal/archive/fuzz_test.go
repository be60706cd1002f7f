package archive

import (
	"bytes"
	"errors"
	"testing"

	"magn/internal/dicom"
	"magn/internal/fault"
)

// Whatever stands in a file: a mask on the grid, or a reason.
func FuzzRead(f *testing.F) {
	g := oblique()
	f.Add(structureSet(g, nil, roi{"a", [][][3]float64{square(2, 9, 2, 9, 1), square(4, 5, 4, 5, 1)}}, roi{"b", [][][3]float64{square(0, 3, 2, 9, 2.4)}}).Bytes())
	f.Add(segmentation(g, bitmap, [][]byte{disc(g, 9, 8, 6, 1), disc(g, 9, 8, 2, 1)}, []int{1, 4}, []int{1, 3}, 1).Bytes())
	f.Add(segmentation(g, fractional, [][]byte{disc(g, 9, 8, 6, 200)}, []int{1}, []int{1}, 8).Bytes())
	f.Add(segmentation(g, labelMap, [][]byte{disc(g, 9, 8, 6, 4)}, []int{1}, []int{1}, 8).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := dicom.Read(bytes.NewReader(b), int64(len(b)), "memory.dcm")
		if err != nil {
			return
		}
		for _, o := range []Options{{Series: &g}, {}} {
			a, err := Read(t.Context(), file, o)
			if err != nil {
				var in *fault.Input
				if !errors.As(err, &in) {
					t.Errorf("%v is no *fault.Input", err)
				}
				continue
			}
			n := 0
			for _, s := range a.Segments {
				n += s.Voxels
			}
			for _, l := range a.Mask.Labels {
				if int(l) > len(a.Segments) {
					t.Fatalf("label %d of %d segments", l, len(a.Segments))
				}
				if l != 0 {
					n--
				}
			}
			if n != 0 || len(a.Mask.Labels) != a.Mask.Len() {
				t.Errorf("%d labels more than voxels", n)
			}
		}
	})
}
