package nifti

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/fault"
	"magn/internal/volume"
)

// truth is what nibabel reads in a file of testdata; see testdata/make.py.
type truth struct {
	Shape  []int
	Affine volume.Affine
	Values []float64
}

func expected(t *testing.T) map[string]truth {
	t.Helper()
	b, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]truth
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// refusedFiles of testdata hold something other than one scalar volume, and
// what the message must say of it.
var refusedFiles = map[string]string{
	"4d-two.nii":    "dim[4]: found a 4-D image of 2 volumes",
	"vector.nii":    "dim[5]: found 2 values a voxel",
	"complex64.nii": "datatype: found 32 (complex64)",
	"rgb.nii":       "datatype: found 128 (RGB24)",
}

// Every type, both byte orders, both versions, each way to say where voxels
// lie: the same numbers as nibabel.
func TestReadAgainstNibabel(t *testing.T) {
	all := expected(t)
	if len(all) < 50 {
		t.Fatalf("only %d files", len(all))
	}
	for name, want := range all {
		im, err := Read(filepath.Join("testdata", name))
		if part, ok := refusedFiles[name]; ok {
			wantFault(t, err, name, part)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i := range 3 {
			n := 1
			if i < len(want.Shape) {
				n = want.Shape[i]
			}
			if im.Size[i] != n {
				t.Errorf("%s: size %v, nibabel %v", name, im.Size, want.Shape)
			}
		}
		for r := range 3 {
			for c := range 4 {
				if d := im.Affine[r][c] - want.Affine[r][c]; math.Abs(d) > 2e-6 {
					t.Errorf("%s: affine[%d][%d] off by %g", name, r, c, d)
				}
			}
		}
		if !im.SpacingKnown {
			t.Errorf("%s: spacing unknown", name)
		}
		got := im.Float64s()
		if len(got) != len(want.Values) {
			t.Errorf("%s: %d values, nibabel %d", name, len(got), len(want.Values))
			continue
		}
		v, err := im.Volume()
		if err != nil && !strings.HasPrefix(name, "float64") {
			t.Errorf("%s: %v", name, err)
		}
		for i := range got {
			if math.Abs(got[i]-want.Values[i]) > 1e-15*math.Abs(want.Values[i]) {
				t.Errorf("%s: value %d is %v, nibabel %v", name, i, got[i], want.Values[i])
			}
			if v != nil && v.Data[i] != float32(want.Values[i]) {
				t.Errorf("%s: float32 %d is %v, nibabel %v", name, i, v.Data[i], want.Values[i])
			}
		}
	}
}

// wantFault checks that err is about the file and says what it must.
func wantFault(t *testing.T, err error, name string, parts ...string) {
	t.Helper()
	var f *fault.Input
	if !errors.As(err, &f) {
		t.Errorf("%s: %v is no *fault.Input", name, err)
		return
	}
	for _, p := range append(parts, name) {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %q does not say %q", name, err, p)
		}
	}
}

// With neither form, nifti1.h's method 1: pixdim, first voxel in the origin.
// (nibabel centres and mirrors such images as Analyze files were.)
func TestNeitherForm(t *testing.T) {
	b, err := os.ReadFile("testdata/qform.nii")
	if err != nil {
		t.Fatal(err)
	}
	le.PutUint16(b[252:], 0)
	im := mustRead(t, b)
	if want := volume.Scaling(.5, .75, 4); im.Affine != want {
		t.Errorf("affine %v, want %v", im.Affine, want)
	}
}

// A sheet's thickness is often left at 0; a 0 along an axis with voxels cannot be.
func TestZeroPixdim(t *testing.T) {
	b, _ := os.ReadFile("testdata/one-slice.nii")
	le.PutUint16(b[254:], 0)
	le.PutUint32(b[88:], 0)
	if im := mustRead(t, b); im.Spacing() != [3]float64{.5, .75, 1} {
		t.Errorf("spacing %v", im.Spacing())
	}
	le.PutUint32(b[80:], 0)
	_, err := readBytes(b)
	wantFault(t, err, "memory", "pixdim", "singular")
}

func TestRefused(t *testing.T) {
	good, err := os.ReadFile("testdata/scaled.nii")
	if err != nil {
		t.Fatal(err)
	}
	nan, inf := math.Float32bits(float32(math.NaN())), math.Float32bits(float32(math.Inf(1)))
	for _, c := range []struct {
		say  string
		edit func(b []byte) []byte
	}{
		{"found the end of the file", func(b []byte) []byte { return nil }},
		{"found the end of the file, expected 348 bytes", func(b []byte) []byte { return b[:100] }},
		{"expected a NIfTI header", func(b []byte) []byte { b[0] = 1; return b }},
		{"magic", func(b []byte) []byte { b[345] = 0; return b }},
		{"an image in two files", func(b []byte) []byte { copy(b[344:], "ni1"); return b }},
		{"found 399 bytes, expected 4×3×2 int16 voxels from byte 352 on", func(b []byte) []byte { return b[:len(b)-1] }},
		{"dim[0]: found 8", func(b []byte) []byte { b[40] = 8; return b }},
		{"dim[0]: found 0", func(b []byte) []byte { b[40] = 0; return b }},
		{"dim[2]: found 0", func(b []byte) []byte { b[44] = 0; return b }},
		{"dim[1]: found -4", func(b []byte) []byte { le.PutUint16(b[42:], 0xfffc); return b }},
		{"bitpix: found 8", func(b []byte) []byte { b[72] = 8; return b }},
		{"datatype: found 17", func(b []byte) []byte { b[70] = 17; return b }},
		{"vox_offset: found NaN", func(b []byte) []byte { le.PutUint32(b[108:], nan); return b }},
		{"vox_offset: found -1", func(b []byte) []byte { le.PutUint32(b[108:], math.Float32bits(-1)); return b }},
		{"vox_offset: found 352.5", func(b []byte) []byte { le.PutUint32(b[108:], math.Float32bits(352.5)); return b }},
		{"length", func(b []byte) []byte { le.PutUint32(b[108:], math.Float32bits(1e9)); return b }},
		{"scl_inter: found +Inf", func(b []byte) []byte { le.PutUint32(b[116:], inf); return b }},
		{"xyzt_units: found 5", func(b []byte) []byte { b[123] = 5; return b }},
		{"srow_x, srow_y, srow_z (sform): affine is singular", func(b []byte) []byte { le.PutUint32(b[300:], nan); return b }},
		{"srow_x, srow_y, srow_z (sform): affine is singular", func(b []byte) []byte { copy(b[280:], b[296:312]); return b }},
	} {
		b := c.edit(append([]byte(nil), good...))
		_, err := readBytes(b)
		wantFault(t, err, "memory", c.say)
		if _, err = readBytes(pack(t, b)); err == nil {
			t.Errorf("accepted as gzip: %s", c.say)
		}
	}
}

func TestReadNoFile(t *testing.T) {
	dir := t.TempDir()
	_, err := Read(filepath.Join(dir, "none.nii.gz"))
	wantFault(t, err, "none.nii.gz", "no such file")
	_, err = Read(dir)
	wantFault(t, err, dir, "no regular file")
	for _, n := range []string{"a.hdr", "a.img", "a.IMG.gz"} {
		_, err = Read(filepath.Join(dir, n))
		wantFault(t, err, n, "two files", "join the pair")
	}
}

func TestMaskRefusesWhatIsNoLabel(t *testing.T) {
	for name, say := range map[string]string{
		"scaled.nii":         "voxel (0,0,0): found -3.5",
		"int16-1-be.nii":     "voxel (2,2,1): found -32768",
		"uint32-1-le.nii.gz": "voxel (3,2,1): found 4.294967295e+09",
		"float32-2-le.nii":   "voxel (0,0,0): found -7",
	} {
		im, err := Read(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		_, err = im.Mask()
		wantFault(t, err, name, say, "0 to 65535")
	}
	for _, name := range []string{"uint8-1-be.nii", "uint16-2-be.nii.gz", "4d-one.nii", "slope-zero.nii"} {
		im, err := Read(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		m, err := im.Mask()
		if err != nil {
			t.Fatal(err)
		}
		for i, x := range expected(t)[name].Values {
			if float64(m.Labels[i]) != x {
				t.Errorf("%s: label %d is %d, want %g", name, i, m.Labels[i], x)
			}
		}
	}
}

func TestVolumeRefusesNaN(t *testing.T) {
	b, err := os.ReadFile("testdata/float32-2-le.nii")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []float64{math.NaN(), math.Inf(-1)} {
		le.PutUint32(b[544+4*(1+4*2):], math.Float32bits(float32(x)))
		_, err = mustRead(t, b).Volume()
		wantFault(t, err, "memory", "voxel (1,2,0): found ", "expected a finite number")
	}
	im := mustRead(t, b)
	im.Slope = 2 // not the fast path
	_, err = im.Volume()
	wantFault(t, err, "memory", "voxel (1,2,0): found -Inf")
	_, err = im.Mask()
	wantFault(t, err, "memory", "voxel (0,0,0): found -14")
	// A float64 beyond float32 would become infinite.
	b, err = os.ReadFile("testdata/float64-2-le.nii")
	if err != nil {
		t.Fatal(err)
	}
	le.PutUint64(b[544+8*3:], math.Float64bits(1e200))
	_, err = mustRead(t, b).Volume()
	wantFault(t, err, "memory", "voxel (3,0,0): found 1e+200")
}
