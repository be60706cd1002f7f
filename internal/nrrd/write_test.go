package nrrd

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magn/internal/volume"
)

// segmented is 2×2×2 voxels with n layers, the layer axis first: in layer l
// voxel i is 1 where bit l of i is set, and 2 in voxel 0 of the first.
func segmented(keys string, n int) string {
	var data []byte
	for i := range 8 {
		for l := range n {
			v := byte(i >> l & 1)
			if i == 0 && l == 0 {
				v = 2
			}
			data = append(data, v)
		}
	}
	return fmt.Sprintf("NRRD0004\ntype: uint8\ndimension: 4\nspace: left-posterior-superior\nsizes: %d 2 2 2\n"+
		"space directions: none (1,0,0) (0,1,0) (0,0,1)\nkinds: list domain domain domain\nencoding: raw\nspace origin: (0,0,0)\n%s\n%s", n, keys, data)
}

func segment(n int, name string, layer, value int) string {
	return fmt.Sprintf("Segment%d_ID:=id_%d\nSegment%d_Name:=%s\nSegment%d_Layer:=%d\nSegment%d_LabelValue:=%d\n", n, n, n, name, n, layer, n, value)
}

func TestSegments(t *testing.T) {
	keys := segment(0, "body", 0, 1) + segment(1, "corner", 0, 2) + segment(2, `le\\sion\nB`, 1, 1) + segment(3, "top", 2, 1)
	im, err := parse(segmented(keys, 3), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Segment{{"id_0", "body", 0, 1, 1}, {"id_1", "corner", 0, 2, 2}, {"id_2", "le\\sion\nB", 1, 1, 3}, {"id_3", "top", 2, 1, 4}}; !slices.Equal(im.Segments, want) {
		t.Errorf("%+v", im.Segments)
	}
	// Of the three with four voxels each the last listed lies on top.
	m, shared, err := im.Mask()
	if want := []uint16{2, 1, 3, 3, 4, 4, 4, 4}; err != nil || !slices.Equal(m.Labels, want) || shared != 5 {
		t.Errorf("%v, %d shared, %v", m, shared, err)
	}
	m, shared, err = im.Mask("corner", "id_2")
	if want := []uint16{2, 0, 3, 3, 0, 0, 3, 3}; err != nil || !slices.Equal(m.Labels, want) || shared != 0 {
		t.Errorf("%v, %d shared, %v", m, shared, err)
	}
	_, _, err = im.Mask("lesion")
	wantFault(t, err, "name", `"body", "corner"`, `expected "lesion"`)
	if _, err := im.Volume(); err == nil {
		t.Error("three values a voxel became one")
	}

	// A smaller segment is not hidden by a larger one, however they are listed.
	im, err = parse(segmented(segment(0, "corner", 0, 2)+segment(1, "half", 0, 1)+segment(2, "other half", 1, 1), 2), nil)
	if err != nil {
		t.Fatal(err)
	}
	if m, _, err = im.Mask(); err != nil || m.Labels[0] != 1 {
		t.Errorf("%v %v", m, err)
	}

	// Before 4.11: a layer a segment.
	im, err = parse(segmented("Segment0_ID:=a\nSegment1_ID:=b\n", 2), nil)
	if err != nil || im.Segments[1] != (Segment{"b", "b", 1, 1, 2}) {
		t.Errorf("%+v %v", im.Segments, err)
	}
	_, _, err = im.Mask()
	wantFault(t, err, "unlisted", "1 voxels of value 2 in layer 0")

	for keys, say := range map[string]string{
		segment(0, "a", 3, 1):                              "number of layers",
		segment(0, "a", 0, 0):                              "from 1 to 65535",
		segment(0, "a", 0, 70000):                          "from 1 to 65535",
		segment(0, "a", 0, 1) + segment(1, "b", 0, 1):      "another one than that of segment",
		"Segment0_ID:=a\nSegment1_ID:=b\nSegment2_ID:=c\n": "one layer a segment",
	} {
		_, err := parse(segmented(keys, 2), nil)
		wantFault(t, err, keys, say)
	}
	im, err = parse(segmented("", 2), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = im.Mask()
	wantFault(t, err, "no list", "no list of segments")
}

// What is written is read back exactly: the affine in every digit, the values,
// the names.
func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		g := volume.Grid{SpacingKnown: rapid.Bool().Draw(t, "known")}
		for c := range 3 {
			g.Size[c] = rapid.IntRange(1, 4).Draw(t, "size")
			for r := range 4 {
				g.Affine[c][r] = rapid.Float64Range(-1e3, 1e3).Draw(t, "affine")
			}
		}
		if _, err := g.Affine.Inverse(); err != nil {
			return
		}
		typ := rapid.SampledFrom([]DataType{Int8, Uint8, Int16, Uint16, Int32, Uint32, Int64, Uint64, Float32, Float64}).Draw(t, "type")
		v, m := &volume.Volume{Grid: g}, &volume.Mask{Grid: g}
		for range g.Len() {
			x := rapid.Float32Range(0, 127).Draw(t, "value")
			if typ.whole() {
				x = float32(math.Trunc(float64(x)))
			}
			v.Data = append(v.Data, x)
			m.Labels = append(m.Labels, rapid.SampledFrom([]uint16{0, 1, 2, 700}).Draw(t, "label"))
		}
		path := filepath.Join(dir, "a.nrrd")
		if err := WriteVolume(path, v, typ); err != nil {
			t.Fatal(err)
		}
		im, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		back, err := im.Volume()
		if err != nil || im.Type != typ || !im.Oriented {
			t.Fatal(im.Type, im.Oriented, err)
		}
		if d := cmp.Diff(v, back); d != "" {
			t.Fatal(d)
		}
		names := map[uint16]string{1: "L1 \\n", 2: "two\nlines", 700: "Läsion"}
		if err := WriteMask(path, m, names); err != nil {
			t.Fatal(err)
		}
		if im, err = Read(path); err != nil {
			t.Fatal(err)
		}
		again, _, err := im.Mask()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(m, again); d != "" {
			t.Fatal(d)
		}
		for _, s := range im.Segments {
			if names[s.Label] != s.Name {
				t.Fatalf("%+v", s)
			}
		}
	})
}

func TestWriteRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.nrrd")
	g := volume.Grid{Size: [3]int{2, 1, 1}, Affine: volume.Scaling(1, 1, 1), SpacingKnown: true}
	nan := float32(math.NaN())
	for say, err := range map[string]error{
		"voxel (1,0,0): found 300": WriteVolume(path, &volume.Volume{Grid: g, Data: []float32{1, 300}}, Uint8),
		"voxel (0,0,0): found 0.5": WriteVolume(path, &volume.Volume{Grid: g, Data: []float32{.5, 3}}, Int16),
		"voxel (1,0,0): found NaN": WriteVolume(path, &volume.Volume{Grid: g, Data: []float32{.5, nan}}, Float32),
		"1 values on 2×1×1 voxels": WriteVolume(path, &volume.Volume{Grid: g, Data: []float32{1}}, Float32),
		"ends in .nrrd":            WriteMask(filepath.Join(dir, "a.nii"), &volume.Mask{Grid: g, Labels: []uint16{1, 2}}, nil),
		"singular":                 WriteMask(path, &volume.Mask{Grid: volume.Grid{Size: g.Size}, Labels: []uint16{1, 2}}, nil),
	} {
		wantFault(t, err, say, say)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if err := WriteMask(filepath.Join(dir, "no", "a.nrrd"), &volume.Mask{Grid: g, Labels: []uint16{1, 2}}, nil); err == nil || !strings.Contains(err.Error(), "cannot be written") {
		t.Error(err)
	}
}
