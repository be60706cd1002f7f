package nifti

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magn/internal/volume"

	"magn/internal/testenv"
)

func stack(w, h, d int, f func(i int) float32) *volume.Volume {
	v := &volume.Volume{Grid: volume.Grid{Size: [3]int{w, h, d}, Affine: volume.Scaling(.7, .7, 4), SpacingKnown: true}}
	v.Data = make([]float32, v.Len())
	for i := range v.Data {
		v.Data[i] = f(i)
	}
	return v
}

// anyGrid is a grid whose affine single precision holds, so that it must come
// back exactly.
func anyGrid(t *rapid.T) volume.Grid {
	g := volume.Grid{SpacingKnown: rapid.Bool().Draw(t, "known")}
	for i := range g.Size {
		g.Size[i] = rapid.IntRange(1, 6).Draw(t, "size")
	}
	perm := rapid.Permutation([]int{0, 1, 2}).Draw(t, "axes")
	for c := range 3 {
		g.Affine[perm[c]][c] = 1 - 2*float64(rapid.IntRange(0, 1).Draw(t, "flip"))
		if g.SpacingKnown {
			g.Affine[perm[c]][c] *= float64(float32(rapid.Float64Range(.1, 8).Draw(t, "spacing")))
			g.Affine[(perm[c]+1)%3][c] = float64(float32(rapid.Float64Range(-.05, .05).Draw(t, "shear")))
		}
		g.Affine[c][3] = float64(rapid.Float32Range(-500, 500).Draw(t, "origin"))
	}
	return g
}

// What is written comes back: every type, every ending, known spacing or not.
func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		types := []DataType{Uint8, Int8, Uint16, Int16, Uint32, Int32, Uint64, Int64, Float32, Float64}
		typ := rapid.SampledFrom(types).Draw(t, "type")
		v := &volume.Volume{Grid: anyGrid(t)}
		k := typ.limits()
		v.Data = make([]float32, v.Len())
		for i := range v.Data {
			x := rapid.Float32Range(k[0], k[1]).Draw(t, "x")
			if typ != Float32 && typ != Float64 {
				x = float32(math.Trunc(float64(x)))
			}
			v.Data[i] = x
		}
		path := filepath.Join(dir, rapid.SampledFrom([]string{"v.nii", "v.nii.gz"}).Draw(t, "path"))
		if err := WriteVolume(path, v, typ); err != nil {
			t.Fatal(err)
		}
		im, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		back, err := im.Volume()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(v, back); d != "" || im.Type != typ {
			t.Fatal(im.Type, d)
		}
	})
}

// limits are the least and greatest float32 within t.
func (t DataType) limits() [2]float32 {
	k := types[t]
	if k.low == k.over {
		return [2]float32{-math.MaxFloat32, math.MaxFloat32}
	}
	return [2]float32{float32(k.low), math.Nextafter32(float32(k.over), 0)}
}

func TestMaskRoundTrip(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		m := &volume.Mask{Grid: anyGrid(t)}
		m.Labels = rapid.SliceOfN(rapid.OneOf(rapid.Uint16Range(0, 3), rapid.Uint16()), m.Len(), m.Len()).Draw(t, "labels")
		path := filepath.Join(dir, "m.nii.gz")
		if err := WriteMask(path, m); err != nil {
			t.Fatal(err)
		}
		im, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		back, err := im.Mask()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(m, back); d != "" {
			t.Fatal(d)
		}
		var most uint16
		for _, l := range m.Labels {
			most = max(most, l)
		}
		if want := map[bool]DataType{true: Uint8, false: Uint16}[most < 256]; im.Type != want {
			t.Fatalf("labels to %d as %v", most, im.Type)
		}
	})
}

// The quaternion says what the sform says, for any rotation and mirror image.
func TestQformIsSform(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := [4]float64{}
		n := 0.0
		for i := range q {
			// Whole numbers, so that half turns and zeros come up.
			q[i] = float64(rapid.IntRange(-3, 3).Draw(t, "q"))
			n += q[i] * q[i]
		}
		if n == 0 {
			return
		}
		for i := range q {
			q[i] /= math.Sqrt(n)
			if q[0] < 0 {
				q[i] = -q[i]
			}
		}
		spacing := [3]float64{.5, 2, 3}
		qfac := float64(1 - 2*rapid.IntRange(0, 1).Draw(t, "mirror"))
		want := quaternAffine([3]float64{q[1], q[2], q[3]}, [3]float64{1, 2, 3}, spacing, qfac)
		g := volume.Grid{Size: [3]int{1, 1, 1}, Affine: want, SpacingKnown: true}
		h := newHeader(g, Uint8)
		h.sform = 0
		h, err := parseHeader("memory", h.bytes(), le)
		if err != nil {
			t.Fatal(err)
		}
		back, err := h.grid("memory")
		if err != nil {
			t.Fatal(err)
		}
		for r := range want {
			for c := range want[r] {
				// The square root of 1-b²-c²-d² near a half turn costs half of
				// single precision's digits.
				if math.Abs(want[r][c]-back.Affine[r][c]) > 2e-3 {
					t.Fatalf("q %v: %v became %v", q, want, back.Affine)
				}
			}
		}
	})
}

// A sheared grid keeps its shear in the sform; the qform is the nearest rotation.
func TestShearedQform(t *testing.T) {
	sheared := volume.Grid{Size: [3]int{1, 1, 1}, Affine: volume.Affine{{1, 0, 0, 0}, {0, 1, .3, 0}, {0, 0, 2, 0}}}
	h := newHeader(sheared, Uint8)
	if h.sform != 1 || h.qform != 1 || h.srow != sheared.Affine {
		t.Errorf("sform_code %d, qform_code %d, srow %v", h.sform, h.qform, h.srow)
	}
	// numpy: a = A[:, :3] / np.linalg.norm(A[:, :3], axis=0); u, _, v = np.linalg.svd(a); u @ v
	// [[1, 0, 0], [0, 0.99724, 0.0742425], [0, -0.0742425, 0.99724]]: half the shear's angle about x.
	if want := -math.Sin(math.Atan2(.3, 2) / 4); math.Abs(h.quatern[0]-want) > 1e-9 || h.quatern[1] != 0 || h.quatern[2] != 0 {
		t.Errorf("quatern %v, want (%g, 0, 0)", h.quatern, want)
	}
}

// An image of stored voxels keeps them, its slope and its intercept, in blocks
// of any number and packed by any number of processors.
func TestImageRoundTrip(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []int{1, gzipBlock/2 - 272, gzipBlock/2 - 271, gzipBlock / 2, 3 * gzipBlock / 2, 3*gzipBlock + 7} {
		raw := make([]byte, 2*n)
		for i := range raw {
			raw[i] = byte(i * i >> 3)
		}
		g := volume.Grid{Size: [3]int{n, 1, 1}, Affine: volume.Scaling(1, 2, 3), SpacingKnown: true}
		im, err := New(g, Uint16, 1.0/3, -500, bytes.Clone(raw))
		if err != nil {
			t.Fatal(err)
		}
		var first []byte
		for _, procs := range []int{1, 3} {
			path := filepath.Join(dir, fmt.Sprintf("%d-%d.nii.gz", n, procs))
			before := runtime.GOMAXPROCS(procs)
			err := im.Write(path)
			runtime.GOMAXPROCS(before)
			if err != nil {
				t.Fatal(err)
			}
			back, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(back.Stored(), raw) || back.Slope != float64(float32(1.0/3)) || back.Inter != -500 || back.Type != Uint16 {
				t.Errorf("%d voxels: not as written: %v ×%g+%g", n, back.Type, back.Slope, back.Inter)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if first != nil && !bytes.Equal(b, first) {
				t.Errorf("%d voxels: the bytes depend on the number of processors", n)
			}
			first = b
		}
	}
	for _, bad := range []struct{ slope, inter float64 }{{0, 0}, {math.NaN(), 0}, {1, math.Inf(1)}} {
		if _, err := New(volume.Grid{Size: [3]int{1, 1, 1}, Affine: volume.Scaling(1, 1, 1), SpacingKnown: true}, Int16, bad.slope, bad.inter, []byte{0, 0}); err == nil {
			t.Errorf("slope %g and intercept %g are taken", bad.slope, bad.inter)
		}
	}
}

// Sizes beyond 16 bits make it NIfTI-2.
func TestLongAxis(t *testing.T) {
	path := filepath.Join(t.TempDir(), "long.nii")
	v := stack(40000, 1, 2, func(i int) float32 { return float32(i % 251) })
	if err := WriteVolume(path, v, Uint8); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || le.Uint32(b) != size2 || len(b) != size2+4+80000 {
		t.Fatal(len(b), err)
	}
	back, err := mustRead(t, b).Volume()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(v, back); d != "" {
		t.Fatal(d)
	}
}

// Unknown spacing needs our own mark: units alone are left out by many programs
// whose files are in millimetres.
func TestUnknownSpacing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "u.nii")
	v := stack(2, 2, 2, func(int) float32 { return 1 })
	v.SpacingKnown = false
	wantFault(t, WriteVolume(path, v, Uint8), "u.nii", "unknown spacing with voxels of 0.7×0.7×4")
	v.Affine = volume.Scaling(-1, 1, 1)
	if err := WriteVolume(path, v, Uint8); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(path)
	if b[123] != 0 || mustRead(t, b).SpacingKnown {
		t.Error("spacing is known, or units are given")
	}
	// Somebody found the spacing out and wrote it in.
	c := bytes.Clone(b)
	le.PutUint32(c[280:], math.Float32bits(-.7))
	if !mustRead(t, c).SpacingKnown {
		t.Error("voxels of .7 × 1 × 1 have no known spacing")
	}
	// Or said that the units are millimetres.
	c = bytes.Clone(b)
	c[123] = unitsMM
	if !mustRead(t, c).SpacingKnown {
		t.Error("voxels of 1 mm have no known spacing")
	}
	clear(b[148:228])
	if !mustRead(t, b).SpacingKnown {
		t.Error("another program's file without units counts as unknown")
	}
}

func TestWriteRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "v.nii.gz")
	one := func(x float32) *volume.Volume {
		return stack(2, 3, 2, func(i int) float32 {
			if i == 9 {
				return x
			}
			return 0
		})
	}
	nan := float32(math.NaN())
	for _, c := range []struct {
		t DataType
		x float32
	}{
		{Uint8, 256},
		{Uint8, -1},
		{Uint8, .5},
		{Int8, 128},
		{Int8, -129},
		{Int16, 32768},
		{Uint16, 65536},
		{Int32, 1 << 31},
		{Uint32, 1 << 32},
		{Uint32, -1},
		{Int64, 1 << 63},
		{Uint64, 0x1p64},
		{Uint64, nan},
		{Float32, nan},
		{Float64, float32(math.Inf(1))},
		{Int32, nan},
	} {
		wantFault(t, WriteVolume(path, one(c.x), c.t), "v.nii.gz", "voxel (1,1,1): found ", "expected a ")
	}
	wantFault(t, WriteVolume(path, one(0), 32), "v.nii.gz", "complex64")
	wantFault(t, WriteVolume(filepath.Join(dir, "v.mha"), one(0), Uint8), "v.mha", ".nii.gz")
	short := one(0)
	short.Data = short.Data[1:]
	wantFault(t, WriteVolume(path, short, Uint8), "v.nii.gz", "11 values on 2×3×2 voxels")
	flat := one(0)
	flat.Affine[2] = flat.Affine[1]
	wantFault(t, WriteVolume(path, flat, Uint8), "v.nii.gz", "singular")
	wantFault(t, WriteMask(path, &volume.Mask{}), "v.nii.gz", "0 values")
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("%v left behind", files)
	}
}

// A disk that fills up in the middle of a file: the limit on a file's size is
// one that every user may set, and fails the same writes. Not parallel: the
// limit is the process's.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"v.nii", "v.nii.gz"} {
		path := filepath.Join(dir, name)
		old := stack(3, 3, 3, func(i int) float32 { return float32(i) })
		if err := WriteVolume(path, old, Uint8); err != nil {
			t.Fatal(err)
		}
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		noise := uint32(1)
		big := stack(100, 100, 100, func(int) float32 {
			noise = noise*1664525 + 1013904223
			return float32(noise >> 16)
		})
		err = limited(t, 100_000, func() error { return WriteVolume(path, big, Uint16) })
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "file too large") {
			t.Errorf("%s: error is %v", name, err)
		}
		after, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the old file is not what it was: %v", name, err)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) != 2 {
		t.Errorf("%v: something was left behind", files)
	}
}

// limited runs f while no file can grow beyond n bytes.
func limited(t *testing.T, n uint64, f func() error) error {
	t.Helper()
	defer testenv.SmallDisk(t, n)()
	return f()
}

// A folder that is not there, and one that nothing can be made in. (/proc takes
// no files from anybody, the administrator included, unlike a read-only mode.)
func TestNoFolder(t *testing.T) {
	v := stack(2, 2, 2, func(int) float32 { return 1 })
	for _, dir := range []string{filepath.Join(t.TempDir(), "none"), "/proc"} {
		path := filepath.Join(dir, "v.nii.gz")
		if err := WriteVolume(path, v, Uint8); err == nil || !strings.HasPrefix(err.Error(), path+" cannot be written: ") {
			t.Errorf("error is %v", err)
		}
		if err := WriteMask(path, &volume.Mask{Grid: v.Grid, Labels: make([]uint16, 8)}); err == nil {
			t.Error("no error")
		}
	}
}

// The same voxels give the same bytes.
func TestDeterministic(t *testing.T) {
	dir := t.TempDir()
	v := stack(64, 64, 8, func(i int) float32 { return float32(i * i % 4093) })
	var all [2][]byte
	for i := range all {
		path := filepath.Join(dir, "v.nii.gz")
		if err := WriteVolume(path, v, Uint16); err != nil {
			t.Fatal(err)
		}
		all[i], _ = os.ReadFile(path)
	}
	if len(all[0]) == 0 || !bytes.Equal(all[0], all[1]) {
		t.Error("two writes differ")
	}
}
