package archive

import (
	"fmt"
	"math"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/volume"
)

// segmentation is two frames a segment (slices 1 and 3), 1 bit a pixel, on g; the
// rows are stored from the far side, as PS3.3 lets them be.
func segmentation(g volume.Grid, kind string, values [][]byte, segments []int, slicesAt []int, bits int) dicomtest.File {
	s := dicomtest.New().Put(dicom.SOPClassUID, "UI", segClass).Put(dicom.Modality, "CS", "SEG").
		Put(dicom.FrameOfReferenceUID, "UI", "1.2.9").Put(dicom.SegmentationType, "CS", kind)
	s.Seq(dicom.ReferencedSeriesSequence, dicomtest.New().Put(dicom.SeriesInstanceUID, "UI", "1.2.7"))
	s.Put(dicom.SamplesPerPixel, "US", 1).Put(dicom.PhotometricInterpretation, "CS", "MONOCHROME2").Put(dicom.NumberOfFrames, "IS", len(values)).
		Put(dicom.Rows, "US", g.Size[1]).Put(dicom.Columns, "US", g.Size[0]).Put(dicom.BitsAllocated, "US", bits).Put(dicom.BitsStored, "US", bits).
		Put(dicom.HighBit, "US", bits-1).Put(dicom.PixelRepresentation, "US", 0)
	if kind == fractional {
		s.Put(maximumFractionalValue, "US", 200)
	}
	s.Seq(dicom.SegmentSequence,
		dicomtest.New().Put(dicom.SegmentNumber, "US", 1).Put(dicom.SegmentLabel, "LO", "vertebra"),
		dicomtest.New().Put(dicom.SegmentNumber, "US", 4).Put(dicom.SegmentLabel, "LO", "lesion"))
	var dir [3][3]float64 // columns in LPS, length one
	sp := g.Spacing()
	for c := range 3 {
		for r, sign := range []float64{-1, -1, 1} {
			dir[c][r] = sign * g.Affine[r][c] / sp[c]
		}
	}
	s.Seq(dicom.SharedFunctionalGroupsSequence, dicomtest.New().
		Seq(dicom.PlaneOrientationSequence, dicomtest.New().Put(dicom.ImageOrientationPatient, "DS",
			text(dir[0][0]), text(dir[0][1]), text(dir[0][2]), text(-dir[1][0]), text(-dir[1][1]), text(-dir[1][2]))).
		Seq(dicom.PixelMeasuresSequence, dicomtest.New().Put(dicom.PixelSpacing, "DS", text(sp[1]), text(sp[0])).Put(dicom.SliceThickness, "DS", text(sp[2]))))
	var frames []*dicomtest.Set
	var pixels []byte
	bit := 0
	for n, v := range values {
		p := lps(g, [3]float64{0, float64(g.Size[1] - 1), float64(slicesAt[n])})
		frames = append(frames, dicomtest.New().
			Seq(dicom.PlanePositionSequence, dicomtest.New().Put(dicom.ImagePositionPatient, "DS", text(p[0]), text(p[1]), text(p[2]))).
			Seq(dicom.SegmentIdentificationSequence, dicomtest.New().Put(dicom.ReferencedSegmentNumber, "US", segments[n])))
		for y := range g.Size[1] {
			for x := range g.Size[0] {
				value := v[x+g.Size[0]*(g.Size[1]-1-y)]
				if bits == 8 {
					pixels = append(pixels, value)
					continue
				}
				if bit%8 == 0 {
					pixels = append(pixels, 0)
				}
				pixels[bit/8] |= value << (bit % 8)
				bit++
			}
		}
	}
	if len(pixels)%2 == 1 {
		pixels = append(pixels, 0)
	}
	s.Seq(dicom.PerFrameFunctionalGroupsSequence, frames...)
	s.Put(dicom.PixelData, "OB", pixels)
	return dicomtest.File{Set: s}
}

func text(x float64) string { return fmt.Sprintf("%.9f", x) }

// discs are pixels within r of a point, of value v.
func disc(g volume.Grid, cx, cy, r float64, v byte) []byte {
	out := make([]byte, g.Size[0]*g.Size[1])
	for i := range out {
		if math.Hypot(float64(i%g.Size[0])-cx, float64(i/g.Size[0])-cy) <= r {
			out[i] = v
		}
	}
	return out
}

func TestSegmentations(t *testing.T) {
	g := oblique()
	for _, kind := range []string{bitmap, fractional, labelMap} {
		big, small, bits := byte(1), byte(1), 1
		if kind == fractional {
			big, small, bits = 100, 200, 8
		}
		discs := [][]byte{disc(g, 9, 8, 6, big), disc(g, 9, 8, 2, small), disc(g, 9, 8, 5, big), disc(g, 10, 7, 2, small)}
		segments, at := []int{1, 4, 1, 4}, []int{1, 1, 3, 4}
		if kind == labelMap {
			bits = 8
			merged := disc(g, 9, 8, 6, 1)
			for i, v := range discs[1] {
				if v != 0 {
					merged[i] = 4
				}
			}
			discs, segments, at = [][]byte{merged, disc(g, 9, 8, 5, 1), disc(g, 10, 7, 2, 4)}, []int{1, 1, 4}, []int{1, 3, 4}
		}
		if kind == fractional { // just under half
			for i := range discs[0] {
				if discs[0][i] == 0 {
					discs[0][i] = 99
				}
			}
		}
		f := parse(t, segmentation(g, kind, discs, segments, at, bits))
		a, err := Read(t.Context(), f, Options{Series: &g})
		if err != nil {
			t.Fatal(kind, err)
		}
		for i, l := range a.Mask.Labels {
			v := a.Mask.Voxel(i)
			near := func(cx, cy, r float64) bool { return math.Hypot(float64(v[0])-cx, float64(v[1])-cy) <= r }
			want := uint16(0)
			switch {
			case v[2] == 1 && near(9, 8, 2), v[2] == 4 && near(10, 7, 2):
				want = 2
			case v[2] == 1 && near(9, 8, 6), v[2] == 3 && near(9, 8, 5):
				want = 1
			}
			if l != want {
				t.Fatalf("%s: voxel %v is %d, want %d", kind, v, l, want)
			}
		}
		if kind != labelMap && a.Shared != 13 {
			t.Errorf("%s: %d voxels shared", kind, a.Shared)
		}
		if a.Series != "1.2.7" || a.Frame.UID != "1.2.9" || a.Segments[1] != (Segment{2, 4, "lesion", 26}) {
			t.Errorf("%s: %+v", kind, a)
		}
		// On its own grid: the same points of the patient.
		own, err := Read(t.Context(), f, Options{Names: []string{"lesion"}})
		if err != nil {
			t.Fatal(kind, err)
		}
		if own.Mask.Size != [3]int{20, 16, 4} || count(own.Mask, 1, -1) != 26 || len(own.Segments) != 1 {
			t.Errorf("%s: %v %+v", kind, own.Mask.Size, own.Segments)
		}
		back, err := g.Affine.Inverse()
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range own.Mask.Labels {
			if l == 0 {
				continue
			}
			v := own.Mask.Voxel(i)
			p := back.Apply(own.Mask.Affine.Apply([3]float64{float64(v[0]), float64(v[1]), float64(v[2])}))
			if at := int(math.Round(p[0])) + 20*(int(math.Round(p[1]))+16*int(math.Round(p[2]))); a.Mask.Labels[at] != 2 {
				t.Fatalf("%s: voxel %v of its own grid is none of the series'", kind, v)
			}
		}
	}
}
