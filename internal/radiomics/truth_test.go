package radiomics

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magn/internal/testenv"
	"magn/internal/volume"
)

var writeTruth = flag.Bool("truth", false, "write testdata/filters.json from what the peers say")

// truthFile has what testdata/filters.py says, each result as its digest.
const truthFile = "testdata/filters.json"

// A truthCase is one image and one thing done with it, here and in
// testdata/filters.py.
type truthCase struct {
	Name      string     `json:"name"`
	Op        string     `json:"op"` // function of the script
	Size      [3]int     `json:"size"`
	Shift     int        `json:"shift"`
	Type      string     `json:"type"` // numpy's name
	File      string     `json:"file"` // in place of a generated image
	Spacing   [3]float64 `json:"spacing"`
	Origin    [3]float64 `json:"origin"`    // left-posterior-superior
	Direction [9]float64 `json:"direction"` // rows

	Sigma      float64 `json:"sigma"`
	UseSpacing bool    `json:"useSpacing"`
	Wavelet    string  `json:"wavelet"`
	Level      int     `json:"level"`
	Start      int     `json:"start"`
	LeaveOut   int     `json:"leaveOut"` // numpy's axis; -1 for none
	Dimension  int     `json:"dimension"`
	Samples    int     `json:"samples"`
	Radius     float64 `json:"radius"`
	Method     string  `json:"method"`

	Mask     *truthCase     `json:"mask"` // a ball of Radius; its size in z halved
	Settings map[string]any `json:"settings"`

	tolerance float64 // of the greatest absolute value; 0: the last bit
}

var pixelTypes = map[string]PixelType{
	"int8": Int8, "uint8": Uint8, "int16": Int16, "uint16": Uint16, "int32": Int32, "float32": Float32, "float64": Float64,
}

var straight = [9]float64{1, 0, 0, 0, 1, 0, 0, 0, 1}

// oblique is turned by about 30° and 20°.
var oblique = [9]float64{
	0.8660254037844387, -0.4698463103929542, 0.17101007166283436,
	0.5, 0.8137976813493738, -0.29619813272602386,
	0, 0.3420201433256687, 0.9396926207859084,
}

// image is the case's image, as the script makes it.
func (c *truthCase) image(t testing.TB) *Image {
	t.Helper()
	if c.File != "" {
		im := &Image{}
		im.Grid, im.Values, im.Type = readNRRD(t, c.File)
		return im
	}
	im := &Image{Grid: c.grid(), Type: pixelTypes[c.Type]}
	for k := range c.Size[2] {
		for j := range c.Size[1] {
			for i := range c.Size[0] {
				h := uint32(i+c.Size[0]*(j+c.Size[1]*k))*2654435761 + 40503
				h ^= h >> 15
				h *= 2246822519
				h ^= h >> 13
				v := int(h%150) + 3*i + 2*j - k
				if (i/5+j/4+k/3)%3 == 0 {
					v = 77
				}
				x := im.Type.wrap(float64(v - c.Shift))
				if strings.HasPrefix(c.Type, "float") {
					x = im.Type.cast(float64(v-c.Shift) / 7)
				}
				im.Values = append(im.Values, x)
			}
		}
	}
	return im
}

func (c *truthCase) grid() volume.Grid {
	f := frame{size: c.Size, origin: c.Origin, spacing: c.Spacing}
	for r := range 3 {
		copy(f.direction[r][:], c.Direction[3*r:])
	}
	f.derive()
	return f.grid(true)
}

func (c *truthCase) mask(t testing.TB) *volume.Mask {
	t.Helper()
	if c.File != "" {
		m := &volume.Mask{}
		var values []float64
		m.Grid, values, _ = readNRRD(t, c.File)
		for _, v := range values {
			m.Labels = append(m.Labels, uint16(v))
		}
		return m
	}
	m := &volume.Mask{Grid: c.grid()}
	for k := range c.Size[2] {
		for j := range c.Size[1] {
			for i := range c.Size[0] {
				x, y, z := i-c.Size[0]/2, j-c.Size[1]/2, 2*(k-c.Size[2]/2)
				l := uint16(0)
				if float64(x*x+y*y+z*z) <= c.Radius*c.Radius {
					l = 1
				}
				m.Labels = append(m.Labels, l)
			}
		}
	}
	return m
}

// result is one thing that a case gives.
type result struct {
	name   string
	values []float64
}

// results does with the case's image what the script does. Filters are asked
// for all of the image and, in a second round, for a part of it, which must be
// the same.
func (c *truthCase) results(t testing.TB, part bool) []result {
	t.Helper()
	im := c.image(t)
	if c.Op == "prepare" {
		return c.prepared(t, im)
	}
	whole := box{size: im.Size}
	b := whole
	if part {
		for a, n := range im.Size {
			b.low[a], b.size[a] = n/3, (n+3)/4
		}
	}
	var out []result
	yield := func(name string, values []float64) error {
		if len(values) != voxels(b.size) {
			t.Errorf("%s: %s has %d values in a box of %v", c.Name, name, len(values), b.size)
		}
		out = append(out, result{name, values})
		return nil
	}
	o := defaultOptions()
	ctx := context.Background()
	switch c.Op {
	case "log":
		values, err := im.laplacian(ctx, b, c.Sigma, 2)
		if err != nil {
			t.Fatal(err)
		}
		yield("log", values)
	case "gradient":
		yield("gradient", im.gradient(b, c.UseSpacing))
	case "wavelet":
		o.Wavelet, o.Level, o.StartLevel, o.Force2D, o.Force2DDimension = c.Wavelet, c.Level, c.Start, c.LeaveOut >= 0, c.LeaveOut
		if err := im.waveletBands(ctx, b, &o, 2, yield); err != nil {
			t.Fatal(err)
		}
	case "lbp":
		o.Force2DDimension, o.LBP2DSamples, o.LBP2DRadius, o.LBP2DMethod = c.Dimension, c.Samples, c.Radius, c.Method
		yield("lbp-2D", im.lbp2D(b, &o))
	case "pointwise":
		for _, f := range []string{"Square", "SquareRoot", "Logarithm", "Exponential"} {
			values := b.take(im.Values, im.Size)
			yield(pointwise(f, values, im.extreme()), values)
		}
	}
	return out
}

// prepared is what Prepare makes of image and mask.
func (c *truthCase) prepared(t testing.TB, im *Image) []result {
	t.Helper()
	text, err := json.Marshal(map[string]any{"setting": c.Settings})
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseSettings("settings.json", text)
	if err != nil {
		t.Fatal(c.Name, err)
	}
	p, err := Prepare(context.Background(), im, c.Mask.mask(t), 1, s, 2)
	if err != nil {
		t.Fatal(c.Name, err)
	}
	numbers := func(mask []bool) []float64 {
		out := make([]float64, len(mask))
		for i, in := range mask {
			if in {
				out[i] = 1
			}
		}
		return out
	}
	f, err := frameOf(p.Image.Grid)
	if err != nil {
		t.Fatal(err)
	}
	geometry := append(f.origin[:], f.spacing[:]...)
	for r := range 3 {
		geometry = append(geometry, f.direction[r][:]...)
	}
	return []result{
		{"shape-mask", numbers(p.ShapeMask)},
		{"image", p.Image.Values},
		{"mask", numbers(p.Mask)},
		{"box", []float64{float64(p.Low[0]), float64(p.High[0]), float64(p.Low[1]), float64(p.High[1]), float64(p.Low[2]), float64(p.High[2])}},
		{"geometry", geometry},
	}
}

// digest is what is kept of a result: its size, sums that weigh every value by
// its place, and some of the values.
func digest(values []float64) []float64 {
	var all, size, place sum
	for i, v := range values {
		if math.IsNaN(v) {
			continue
		}
		all.add(v)
		size.add(math.Abs(v))
		place.add(v * float64(i*7919%1009) / 1009)
	}
	n := len(values)
	out := []float64{float64(n), all.total, size.total, place.total}
	for k := range 3 {
		out = append(out, values[(2*k+1)*n/6])
	}
	return out
}

// TestTruth compares with numbers that other programs gave:
// testdata/filters.py says which, and how to get them again.
func TestTruth(t *testing.T) {
	data, err := os.ReadFile(truthFile)
	if err != nil {
		t.Fatal(err)
	}
	var truth map[string]map[string][]float64
	if err := json.Unmarshal(data, &truth); err != nil {
		t.Fatal(err)
	}
	cases := truthCases(t)
	for name := range truth {
		if !slices.ContainsFunc(cases, func(c *truthCase) bool { return c.Name == name }) && !strings.HasPrefix(name, "brain1") {
			t.Errorf("%s: truth without a case", name)
		}
	}
	for _, c := range cases {
		want := truth[c.Name]
		for _, r := range c.results(t, false) {
			d := digest(r.values)
			if len(want[r.name]) != len(d) {
				t.Fatalf("%s %s: no truth", c.Name, r.name)
			}
			// Sums may differ by as many roundings as they have terms.
			largest := 0.0
			for _, v := range r.values {
				largest = math.Max(largest, math.Abs(v))
			}
			for i, w := range want[r.name] {
				allowed := (c.tolerance + 1e-15) * largest
				if i >= 1 && i <= 3 {
					allowed *= d[0]
				}
				if math.Abs(d[i]-w) > allowed {
					t.Errorf("%s %s: digest %d is %v, want %v", c.Name, r.name, i, d[i], w)
				}
			}
			delete(want, r.name)
		}
		if len(want) > 0 {
			t.Errorf("%s: not made: %v", c.Name, slices.Sorted(maps.Keys(want)))
		}
	}
}

// TestParts says that a filter asked for a part of the image gives that part of
// the whole.
func TestParts(t *testing.T) {
	for _, c := range truthCases(t) {
		if c.Op == "prepare" {
			continue
		}
		size := c.image(t).Size
		b := box{}
		for a, n := range size {
			b.low[a], b.size[a] = n/3, (n+3)/4
		}
		whole, parts := c.results(t, false), c.results(t, true)
		for i, w := range whole {
			compare(t, c.Name+" part of "+w.name, parts[i].values, b.take(w.values, size), 0)
		}
	}
}

// compare is the largest difference relative to the largest value; an error
// where that is more than tolerance.
func compare(t *testing.T, what string, got, want []float64, tolerance float64) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
		return math.Inf(1)
	}
	largest, far, at := 0.0, 0.0, 0
	for i, w := range want {
		if math.IsNaN(w) && math.IsNaN(got[i]) {
			continue
		}
		largest = math.Max(largest, math.Abs(w))
		if d := math.Abs(got[i] - w); !(d <= far) {
			far, at = d, i
		}
	}
	if far > 0 {
		far /= largest
	}
	if !(far <= tolerance) {
		n := 0
		for i, w := range want {
			if math.Abs(got[i]-w) > tolerance*largest {
				n++
			}
		}
		t.Errorf("%s: %d of %d differ; value %d is %v, want %v: %.3g of the largest, allowed %.3g", what, n, len(want), at, got[at], want[at], far, tolerance)
	}
	return far
}

// TestPyPIFilters compares with the other programs themselves, voxel by voxel.
func TestPyPIFilters(t *testing.T) {
	python := testenv.Python(t, "numpy", "SimpleITK", "pywt", "skimage", "radiomics")
	cases := truthCases(t)
	input, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(python, "testdata/filters.py", dir)
	cmd.Stdin = bytes.NewReader(input)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	truth := map[string]map[string][]float64{}
	worst := map[string]float64{}
	for _, c := range cases {
		files, err := filepath.Glob(filepath.Join(dir, c.Name, "*"))
		if err != nil {
			t.Fatal(err)
		}
		results := c.results(t, false)
		if len(results) != len(files) {
			t.Errorf("%s: %d results, want %d", c.Name, len(results), len(files))
			continue
		}
		truth[c.Name] = map[string][]float64{}
		for i, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]float64, len(raw)/8)
			for k := range want {
				want[k] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*k:]))
			}
			name := filepath.Base(f)[4:]
			if results[i].name != name {
				t.Errorf("%s: result %d is %s, want %s", c.Name, i, results[i].name, name)
				continue
			}
			far := compare(t, c.Name+" "+name, results[i].values, want, c.tolerance)
			worst[c.Name] = math.Max(worst[c.Name], far)
			truth[c.Name][name] = digest(want)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(worst)) {
		t.Logf("%-40s %.2g", name, worst[name])
	}
	if *writeTruth && !t.Failed() {
		var b bytes.Buffer
		fmt.Fprint(&b, "{")
		for i, name := range slices.Sorted(maps.Keys(truth)) {
			text, err := json.Marshal(truth[name])
			if err != nil {
				t.Fatal(err)
			}
			if i > 0 {
				fmt.Fprint(&b, ",")
			}
			fmt.Fprintf(&b, "\n%q: %s", name, text)
		}
		fmt.Fprint(&b, "\n}\n")
		if err := os.WriteFile(truthFile, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
