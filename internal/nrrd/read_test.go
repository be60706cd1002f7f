package nrrd

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"magn/internal/fault"
	"magn/internal/testenv"
	"magn/internal/volume"
)

// truth is what other programs read in a file of testdata; see testdata/make.py.
type truth struct {
	Size   []int
	Layers int
	Affine *volume.Affine
	Values []float64
}

func near(a, b volume.Affine, tol float64) bool {
	for r := range a {
		for c := range a[r] {
			if !(math.Abs(a[r][c]-b[r][c]) <= tol) {
				return false
			}
		}
	}
	return true
}

// Every type, both byte orders, four encodings, every way to say where voxels
// lie and where they are: the same numbers as ITK, pynrrd and teem.
func TestReadAgainstOthers(t *testing.T) {
	b, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]truth
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 45 {
		t.Fatalf("only %d files", len(all))
	}
	for name, want := range all {
		im, err := Read(filepath.Join("testdata", name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want.Size != nil && im.Size != [3]int(want.Size) {
			t.Errorf("%s: size %v, ITK %v", name, im.Size, want.Size)
		}
		if want.Affine != nil && !near(im.Affine, *want.Affine, 1e-12) {
			t.Errorf("%s: affine %v, ITK %v", name, im.Affine, *want.Affine)
		}
		if im.Layers != max(want.Layers, 1) {
			t.Errorf("%s: %d layers, want %d", name, im.Layers, want.Layers)
		}
		got := im.Float64s()
		if len(got) != len(want.Values) {
			t.Errorf("%s: %d values, want %d", name, len(got), len(want.Values))
			continue
		}
		for i := range got {
			if got[i] != want.Values[i] {
				t.Errorf("%s: value %d is %v, want %v", name, i, got[i], want.Values[i])
				break
			}
		}
		unoriented := map[string]bool{"handed.nrrd": true, "space-dimension.nrrd": true, "spacings.nrrd": true, "spacings-mins.nrrd": true, "spacings-node.nrrd": true, "plane.nrrd": true}
		if im.Oriented == unoriented[name] {
			t.Errorf("%s: oriented %v", name, im.Oriented)
		}
		if v, err := im.Volume(); im.Layers == 1 && (err != nil || v.Data[3] != float32(want.Values[3])) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Numbers of SimpleITK 2.5.7: GetOrigin, GetSpacing, GetDirection, and of
// GetArrayFromImage(…) the sum as int64 and the first half of
// sha256(a.astype('<f8').tobytes()).
func TestSharedPyradiomics(t *testing.T) {
	dir := testenv.Data(t, "pyradiomics")
	brain := volume.Affine{{-.7812499999999999, 0, 0, 99.60937499999999}, {0, .7812499999999999, 0, -99.60937499999999}, {0, 0, 6.499999999999998, -77.99999999999996}}
	breast := volume.Affine{{-.664062, 0, 0, 116.54304}, {0, -.664062, 0, 48.14465400000001}, {0, 0, 2.1, 9.45000000000003}}
	for name, want := range map[string]struct {
		affine volume.Affine
		sum    float64
		hash   string
	}{
		"brain1_image":  {brain, 631859459, "ed8c2c20502f30d7"},
		"brain1_label":  {brain, 4137, "4347c0e27d6d1baf"},
		"breast1_image": {breast, 7187342, "6d7680dd88c742c2"},
		"breast1_label": {breast, 143, "120307d3149ef033"},
	} {
		im, err := Read(filepath.Join(dir, name+".nrrd"))
		if err != nil {
			t.Fatal(err)
		}
		h, sum := sha256.New(), 0.0
		for _, x := range im.Float64s() {
			sum += x
			h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)))
		}
		if !near(im.Affine, want.affine, 1e-12) || sum != want.sum || fmt.Sprintf("%x", h.Sum(nil)[:8]) != want.hash {
			t.Errorf("%s: affine %v, sum %v, hash %x", name, im.Affine, sum, h.Sum(nil)[:8])
		}
		if m, _, err := im.Mask(); strings.Contains(name, "label") && (err != nil || len(m.Labels) != im.Len()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// parse reads a file out of memory; files are the data files beside it.
func parse(text string, files map[string]string) (*Image, error) {
	return read("memory.nrrd", strings.NewReader(text), int64(len(text)), func(path string) (io.ReadCloser, int64, error) {
		data, ok := files[path]
		if !ok {
			return nil, 0, &fault.Input{File: path, Err: os.ErrNotExist}
		}
		return io.NopCloser(strings.NewReader(data)), int64(len(data)), nil
	})
}

const good = `NRRD0004
type: uint8
dimension: 3
space: left-posterior-superior
sizes: 2 2 2
space directions: (1,0,0) (0,1,0) (0,0,1)
kinds: domain domain domain
endian: little
encoding: raw
space origin: (0,0,0)

` + "\x00\x01\x02\x03\x04\x05\x06\x07"

func wantFault(t *testing.T, err error, what string, parts ...string) {
	t.Helper()
	var f *fault.Input
	if !errors.As(err, &f) {
		t.Errorf("%s: %v is no *fault.Input", what, err)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %q does not say %q", what, err, p)
		}
	}
}

func TestRefused(t *testing.T) {
	if _, err := parse(good, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, with, say string }{
		{"NRRD0004", "NRRD0006", `magic: found "NRRD0006"`},
		{"NRRD0004", "GIF89a", "header: found \"GIF89a\""},
		{"type: uint8", "type: block", "type: found \"block\""},
		{"type: uint8\n", "", "type: found nothing"},
		{"dimension: 3", "dimension: 17", "dimension"},
		{"dimension: 3", "dimension: 2", "sizes"},
		{"sizes: 2 2 2", "sizes: 2 0 2", "sizes"},
		{"sizes: 2 2 2", "sizes: 2 2 300", "length: found "},
		{"sizes: 2 2 2", "sizes: 9223372036854775807 9223372036854775807 2", "voxels along an axis"},
		{"sizes: 2 2 2", "sizes: 2147483647 2147483647 2147483647", "length"},
		{"(1,0,0) (0,1,0)", "(1,0,0) (1,0,0)", "singular"},
		{"(1,0,0) (0,1,0)", "(1,0,0) (0,1,x)", "space directions"},
		{"(1,0,0) (0,1,0)", "(1,0,0) (0,1", "space directions"},
		{"(1,0,0) (0,1,0)", "(1,0) (0,1)", "vectors of 3 numbers"},
		{"(1,0,0) (0,1,0)", "(1,0,0)", "space directions"},
		{"(1,0,0) (0,1,0) (0,0,1)", "none none none", "sizes"},
		{"space origin: (0,0,0)", "space origin: (0,0)", "space origin"},
		{"space origin: (0,0,0)", "space origin: (0,inf,0)", "finite"},
		{"encoding: raw", "encoding: bzip2", "write it again with gzip"},
		{"encoding: raw", "encoding: zstd", "encoding"},
		{"encoding: raw", "encoding: gzip", "no gzip stream"},
		{"encoding: raw", "encoding: hex", "hexadecimal"},
		{"encoding: raw", "encoding: ascii", "value 0"},
		{"encoding: raw", "encoding: raw\nencoding: raw", "a second value in line"},
		{"encoding: raw", "encoding: raw\nline skip: 3", "line skip"},
		{"encoding: raw", "encoding: raw\nline skip: -3", "line skip"},
		{"encoding: raw", "encoding: raw\nbyte skip: 100", "byte skip"},
		{"encoding: raw", "encoding: raw\nbyte skip: -2", "byte skip"},
		{"encoding: raw", "encoding: raw\nbyte skip: 1", "7 of 8 bytes"},
		{"encoding: raw", "encoding: raw\nspace units: \"furlong\" \"furlong\" \"furlong\"", "space units"},
		{"encoding: raw", "encoding: raw\nspace units: \"mm\" \"mm\" \"m\"", "space units"},
		{"encoding: raw", "encoding: raw\nwhat is this", "line 10"},
		{"encoding: raw", "encoding: raw\ndata file: ../secret", "in the header's folder"},
		{"encoding: raw", "encoding: raw\ndata file: /etc/passwd", "in the header's folder"},
		{"encoding: raw", "encoding: raw\ndata file: LIST", "one file"},
		{"encoding: raw", "encoding: raw\ndata file: slice%03d.raw 1 2 1", "one file"},
		{"encoding: raw", "encoding: raw\ndata file: absent.raw", "absent.raw"},
		{"kinds: domain domain domain", "kinds: domain domain", "kinds"},
		{good[strings.Index(good, "\n\n"):], "", "the end of the file after the header"},
		{"endian: little\n", "endian: middle\n", ""},
	} {
		text := strings.Replace(good, c.old, c.with, 1)
		if text == good {
			t.Fatalf("%q is not in the file", c.old)
		}
		im, err := parse(text, nil)
		if c.say == "" { // one byte a voxel has no order
			if err != nil || im == nil {
				t.Error(err)
			}
			continue
		}
		wantFault(t, err, c.with, c.say)
	}
	wantFault(t, must(parse(strings.Replace(strings.Replace(good, "uint8", "int16", 1), "little", "middle", 1)+"        ", nil)), "endian", "little or big")
	four := strings.NewReplacer("dimension: 3", "dimension: 4", "sizes: 2 2 2", "sizes: 2 2 1 2", "kinds: domain domain domain\n", "", "(0,0,1)", "(0,0,1) (0,0,2)").Replace(good)
	wantFault(t, must(parse(four, nil)), "4-D", "one 3-D image")
	for _, name := range []string{"no such file.nrrd", t.TempDir()} {
		wantFault(t, must(Read(name)), name, name)
	}
}

func must(_ *Image, err error) error { return err }

// A header that promises much costs no memory, and neither does a gzip bomb
// beyond what it was asked for.
func TestBombs(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write(make([]byte, 16<<20)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	head := good[:strings.Index(good, "\n\n")]
	big := strings.Replace(strings.Replace(head, "raw", "gzip", 1), "2 2 2", "4096 4096 1", 1) + "\n\n" + z.String()
	bounded(t, 24<<20, func() {
		wantFault(t, must(parse(strings.Replace(big, "4096 4096 1", "1000000 1000000 1000", 1), nil)), "promise", "length")
		if _, err := parse(strings.Replace(big, "4096 4096 1", "2 2 2", 1), nil); err != nil {
			t.Error(err)
		}
		wantFault(t, must(parse("NRRD0004\n"+strings.Repeat("# comment\n", maxHeader/10+1), nil)), "header", "longer than")
	})
	if im, err := parse(big, nil); err != nil || im.Len() != 16<<20 {
		t.Error(err)
	}
	cut := big[:len(big)-20]
	wantFault(t, must(parse(cut, nil)), "cut", "of 16777216 bytes")
}

func bounded(t *testing.T, bytes uint64, do func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > bytes+uint64(2*maxHeader) {
		t.Errorf("%d bytes were allocated", n)
	}
}

func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/*.nrrd", "testdata/*.nhdr"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatal(err, "no seeds")
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(b))
		}
	}
	f.Add(segmented("Segment0_ID:=a\nSegment0_LabelValue:=1\n", 1))
	f.Fuzz(func(t *testing.T, text string) {
		im, err := parse(text, map[string]string{"raw.raw": strings.Repeat("x", 48)})
		if err != nil {
			var in *fault.Input
			if !errors.As(err, &in) {
				t.Errorf("%v is no *fault.Input", err)
			}
			return
		}
		if n := len(im.Float64s()); n != im.Layers*im.Len() {
			t.Errorf("%d values for %d layers of %v", n, im.Layers, im.Size)
		}
		if v, err := im.Volume(); err == nil && len(v.Data) != im.Len() {
			t.Errorf("%d voxels", len(v.Data))
		}
		if m, _, err := im.Mask(); err == nil && len(m.Labels) != im.Len() {
			t.Errorf("%d labels", len(m.Labels))
		}
		if _, err := im.Affine.Inverse(); err != nil {
			t.Error(err)
		}
	})
}
