package archive

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"magn/internal/dicom"
	"magn/internal/testenv"
	"magn/internal/volume"
)

func open(t *testing.T, parts ...string) *dicom.File {
	t.Helper()
	f, err := dicom.Open(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// niftiMask reads the labels of the two masks of the shared data, which are
// NIfTI-1 of one byte a voxel and stored as the series is.
func niftiMask(t *testing.T, path string, g volume.Grid) *volume.Mask {
	t.Helper()
	packed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	le := binary.LittleEndian
	for i, size := range g.Size {
		if int(le.Uint16(b[42+2*i:])) != size {
			t.Fatalf("%s: size %d along axis %d, the series' %d", path, le.Uint16(b[42+2*i:]), i, size)
		}
	}
	if b = b[352:]; len(b) != g.Len() {
		t.Fatalf("%s: %d bytes of voxels", path, len(b))
	}
	m := &volume.Mask{Grid: g}
	for _, x := range b {
		m.Labels = append(m.Labels, uint16(x))
	}
	return m
}

// overlap is Dice's coefficient and the voxels that only one of two masks has.
func overlap(a, b *volume.Mask) (dice float64, onlyA, onlyB int) {
	both, na, nb := 0, 0, 0
	for i := range a.Labels {
		x, y := a.Labels[i] != 0, b.Labels[i] != 0
		switch {
		case x && y:
			both++
		case x:
			onlyA++
		case y:
			onlyB++
		}
		if x {
			na++
		}
		if y {
			nb++
		}
	}
	return 2 * float64(both) / float64(na+nb), onlyA, onlyB
}

// Structure sets of a public archive against the masks that others made of them.
func TestSharedStructureSets(t *testing.T) {
	for _, set := range []string{"sts_004", "sts_008"} {
		dir := testenv.Data(t, "dicom", "annotated", set)
		want := niftiMask(t, filepath.Join(dir, "MR_T1_mask.nii.gz"), seriesGrid(t, filepath.Join(dir, "image")))
		f := open(t, dir, "mask", "RS.dcm")
		if !Is(f) {
			t.Error("not told to be an annotation")
		}
		a, err := Read(t.Context(), f, Options{Series: &want.Grid})
		if err != nil {
			t.Fatal(err)
		}
		dice, ours, theirs := overlap(a.Mask, want)
		t.Logf("%s: Dice %.5f, %d voxels ours alone, %d theirs, %+v %v", set, dice, ours, theirs, a.Segments, a.Notes)
		if dice < .99 {
			t.Errorf("%s: Dice %.5f", set, dice)
		}
		image := firstImage(t, dir)
		if a.Series != image.Text(dicom.SeriesInstanceUID) || a.Frame.UID != image.Text(dicom.FrameOfReferenceUID) || a.Frame.UID == "" {
			t.Errorf("%s: series %q, frame %+v", set, a.Series, a.Frame)
		}
		if len(a.Segments) != 1 || a.Segments[0].Name != "GTV_Mass_MR_T1" || a.Segments[0].Label != 1 {
			t.Errorf("%s: %+v", set, a.Segments)
		}
	}
}

func firstImage(t *testing.T, dir string) *dicom.File {
	t.Helper()
	files, err := os.ReadDir(filepath.Join(dir, "image"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	return open(t, dir, "image", files[0].Name())
}

// seriesGrid is the grid of the classic slices in a folder: columns, rows, and
// slices along the normal (PS3.3 C.7.6.2.1.1).
func seriesGrid(t *testing.T, dir string) volume.Grid {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	g := volume.Grid{SpacingKnown: true}
	var depths []float64
	first := math.Inf(1)
	for _, file := range files {
		f := open(t, dir, file.Name())
		p, _ := three(f.DataSet, dicom.ImagePositionPatient)
		cos, _ := f.Floats(dicom.ImageOrientationPatient)
		s, _ := f.Floats(dicom.PixelSpacing)
		pl := plane{column: [3]float64{-cos[0], -cos[1], cos[2]}, row: [3]float64{-cos[3], -cos[4], cos[5]}}
		n := pl.normal()
		origin := [3]float64{-p[0], -p[1], p[2]}
		depth := dot(origin, n)
		if slices.Contains(depths, depth) {
			continue
		}
		if depths = append(depths, depth); depth < first {
			first = depth
			for r := range 3 {
				g.Affine[r] = [4]float64{pl.column[r] * s[1], pl.row[r] * s[0], n[r], origin[r]}
			}
		}
		g.Size[0], _ = f.Int(dicom.Columns, 0)
		g.Size[1], _ = f.Int(dicom.Rows, 0)
	}
	slices.Sort(depths)
	g.Size[2] = len(depths)
	step := (depths[len(depths)-1] - depths[0]) / float64(len(depths)-1)
	for r := range 3 {
		g.Affine[r][2] *= step
	}
	return g
}

// A fractional segmentation of 42 frames on a sagittal series of 60 slices, of
// which the file's order is another. Numbers of pydicom 3.0.2:
//
//	v = ds.pixel_array >= 128; v.sum(); v.sum((1, 2))[[0, 20, 41]]
func TestSharedSegmentation(t *testing.T) {
	dir := testenv.Data(t, "dicom", "annotated", "breast_seg")
	files, err := filepath.Glob(filepath.Join(dir, "mask", "*.dcm"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	f := open(t, files[0])
	g := seriesGrid(t, filepath.Join(dir, "image_dce_3dfgre_orig"))
	a, err := Read(t.Context(), f, Options{Series: &g})
	if err != nil {
		t.Fatal(err)
	}
	own, err := Read(t.Context(), f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v: %+v %v; own grid %v", a.Mask.Size, a.Segments, a.Notes, own.Mask.Size)
	perSlice := map[int]int{}
	for i, l := range a.Mask.Labels {
		if l != 0 {
			perSlice[a.Mask.Voxel(i)[2]]++
		}
	}
	if a.Segments[0].Voxels != 82527 {
		t.Errorf("%+v", a.Segments)
	}
	// Frame 0 lies at x = 139.8 (LPS), frame 41 at 57.8; the series' slice 0 at 157.8.
	for frame, want := range map[int]int{0: 328, 20: 2914, 41: 1876} {
		k := 9 + frame
		if perSlice[k] != want {
			t.Errorf("frame %d: %d voxels in slice %d, want %d", frame, perSlice[k], k, want)
		}
	}
	if own.Mask.Size != [3]int{256, 256, 42} || own.Segments[0] != a.Segments[0] || a.Segments[0].Name != "Breast" {
		t.Errorf("own grid %v, %+v", own.Mask.Size, own.Segments)
	}
}
