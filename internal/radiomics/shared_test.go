package radiomics

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/testenv"
	"magn/internal/volume"
)

// What is read here are the shared files that tests of this package need; the
// package that reads files for users rests on what this one rests on.

// readNRRD reads a three-dimensional gzip-packed little-endian NRRD image in
// left-posterior-superior space.
func readNRRD(t testing.TB, path string) (volume.Grid, []float64, PixelType) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	header, packed, found := bytes.Cut(raw, []byte("\n\n"))
	if !found {
		t.Fatalf("%s: no end of header", path)
	}
	field := map[string]string{}
	for line := range strings.Lines(string(header)) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			field[k] = v
		}
	}
	g := volume.Grid{SpacingKnown: true}
	if _, err := fmt.Sscan(field["sizes"], &g.Size[0], &g.Size[1], &g.Size[2]); err != nil {
		t.Fatal(err)
	}
	vectors := strings.NewReplacer("(", "", ")", "", ",", " ").Replace(field["space directions"] + " " + field["space origin"])
	for column := range 4 {
		for row := range 3 {
			var x float64
			if _, err := fmt.Sscan(vectors, &x); err != nil {
				t.Fatal(err)
			}
			_, vectors, _ = strings.Cut(strings.TrimSpace(vectors), " ")
			if row < 2 {
				x = -x // to right-anterior-superior
			}
			g.Affine[row][column] = x
		}
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	values, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	data := make([]float64, g.Len())
	width := len(values) / len(data)
	u := func(i int) (bits uint64) {
		for b := range width {
			bits |= uint64(values[width*i+b]) << (8 * b)
		}
		return bits
	}
	kinds := map[string]struct {
		is PixelType
		of func(bits uint64) float64
	}{
		"signed char": {Int8, func(b uint64) float64 { return float64(int8(b)) }}, "unsigned char": {Uint8, func(b uint64) float64 { return float64(b) }},
		"short": {Int16, func(b uint64) float64 { return float64(int16(b)) }}, "unsigned short": {Uint16, func(b uint64) float64 { return float64(b) }},
		"int": {Int32, func(b uint64) float64 { return float64(int32(b)) }}, "unsigned int": {Uint32, func(b uint64) float64 { return float64(b) }},
		"float": {Float32, func(b uint64) float64 { return float64(math.Float32frombits(uint32(b))) }}, "double": {Float64, math.Float64frombits},
	}
	if kind, known := kinds[field["type"]]; known {
		for i := range data {
			data[i] = kind.of(u(i))
		}
		return g, data, kind.is
	}
	t.Fatalf("%s: type %s", path, field["type"])
	return g, nil, Unknown
}

// sharedCase reads one of PyRadiomics' test cases. Those called _2D have the
// mask of one slice, as an image of that slice alone; the slices are those of
// the diagnostics rows.
func sharedCase(t testing.TB, name string) (*Image, *volume.Mask) {
	t.Helper()
	if read, ok := sharedCases[name]; ok {
		return read.image, read.mask
	}
	im, m := readCase(t, name)
	sharedCases[name] = readCaseOf{im, m}
	return im, m
}

// sharedCases are those that were read already. Nothing changes them, and the
// tests that use them run one after another.
var sharedCases = map[string]readCaseOf{}

type readCaseOf struct {
	image *Image
	mask  *volume.Mask
}

func readCase(t testing.TB, name string) (*Image, *volume.Mask) {
	t.Helper()
	if name, flat := strings.CutSuffix(name, "_2D"); flat {
		im, m := sharedCase(t, name)
		k := map[string]int{"brain1": 16, "breast1": 9}[name]
		origin := m.Affine.Apply([3]float64{0, 0, float64(k)})
		one := &volume.Mask{Grid: m.Grid, Labels: m.Labels[k*m.Size[0]*m.Size[1]:][:m.Size[0]*m.Size[1]]}
		one.Size[2] = 1
		for row := range 3 {
			one.Affine[row][3] = origin[row]
		}
		return im, one
	}
	dir := testenv.Data(t, "pyradiomics")
	im := &Image{}
	im.Grid, im.Values, im.Type = readNRRD(t, filepath.Join(dir, name+"_image.nrrd"))
	grid, values, _ := readNRRD(t, filepath.Join(dir, name+"_label.nrrd"))
	m := &volume.Mask{Grid: grid, Labels: make([]uint16, len(values))}
	for i, v := range values {
		m.Labels[i] = uint16(v)
	}
	return im, m
}

// sharedRegion is a case's lesion in the image as it is.
func sharedRegion(t testing.TB, name string) *Region {
	t.Helper()
	im, m := sharedCase(t, name)
	inside := make([]bool, len(m.Labels))
	for i, l := range m.Labels {
		inside[i] = l == 1
	}
	r, err := NewRegion(im.Values, inside, im.Size, im.Spacing())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// grey is a region discretised, which must succeed.
func grey(t testing.TB, r *Region, b Binning) *Grey {
	t.Helper()
	g, err := r.Discretise(b)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// baseline is a column of one of PyRadiomics' baseline files.
type baseline struct {
	class, test, image string
	settings           string // as YAML
	features           map[string]float64
}

func baselines(t testing.TB, class string) []*baseline {
	t.Helper()
	f, err := os.Open(filepath.Join(testenv.Data(t, "pyradiomics", "baseline"), "baseline_"+class+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []*baseline
	for column, name := range rows[0] {
		if column == 0 {
			continue
		}
		b := &baseline{class: class, test: name, features: map[string]float64{}}
		for _, row := range rows[1:] {
			value := row[column]
			switch key := row[0]; {
			case key == "diagnostics_Configuration_TestCase":
				b.image = value
			case key == "diagnostics_Configuration_Settings":
				// A Python dictionary, but for its words, is a JSON object, and
				// that is a YAML mapping.
				object := strings.NewReplacer("'", `"`, "None", "null", "True", "true", "False", "false").Replace(value)
				if !json.Valid([]byte(object)) {
					t.Fatalf("settings of %s: %s", name, value)
				}
				b.settings = fmt.Sprintf("imageType: {Original: {}}\nfeatureClass: {%s: null}\nsetting: %s\n", class, object)
			case strings.HasPrefix(key, "original_"):
				var x float64
				if _, err := fmt.Sscan(value, &x); err != nil {
					t.Fatal(err)
				}
				b.features[strings.TrimPrefix(key, "original_"+class+"_")] = x
			}
		}
		all = append(all, b)
	}
	return all
}

// readNPY reads an array of float64 of numpy's, in C order.
func readNPY(t testing.TB, path string) (shape []int, data []float64) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := int(binary.LittleEndian.Uint16(raw[8:]))
	header := string(raw[10 : 10+n])
	_, dims, _ := strings.Cut(header, "'shape': (")
	dims, _, _ = strings.Cut(dims, ")")
	total := 1
	for d := range strings.SplitSeq(dims, ",") {
		var k int
		if _, err := fmt.Sscan(d, &k); err == nil {
			shape, total = append(shape, k), total*k
		}
	}
	if !strings.Contains(header, "'<f8'") {
		t.Fatalf("%s: %s", path, header)
	}
	stored := make([]float64, total)
	for i := range stored {
		stored[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[10+n+8*i:]))
	}
	if !strings.Contains(header, "'fortran_order': True") {
		return shape, stored
	}
	data = make([]float64, total) // two dimensions
	for i := range shape[0] {
		for j := range shape[1] {
			data[i*shape[1]+j] = stored[i+shape[0]*j]
		}
	}
	return shape, data
}

// relative is the difference of a from b as a share of b, as itself where b is
// 0.
func relative(a, b float64) float64 {
	if a == b || math.IsNaN(a) && math.IsNaN(b) {
		return 0
	}
	if b == 0 {
		return math.Abs(a)
	}
	return math.Abs(a-b) / math.Abs(b)
}
