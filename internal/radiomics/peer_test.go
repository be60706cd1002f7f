package radiomics

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"magn/internal/testenv"
)

// peerCases are those of testdata/pyradiomics.py: the size along x, y, z, tenths
// of the voxels inside, what values are divided by, and the settings.
var peerCases = map[string]struct {
	size            [3]int
	tenths, divisor int
	set             func(*Options)
}{
	"plain":      {[3]int{11, 9, 7}, 7, 1, func(*Options) {}},
	"distances":  {[3]int{11, 9, 7}, 7, 1, func(o *Options) { o.Distances = []int{1, 2, 3} }},
	"far":        {[3]int{11, 9, 7}, 7, 1, func(o *Options) { o.Distances = []int{6} }},
	"asymmetric": {[3]int{11, 9, 7}, 7, 1, func(o *Options) { o.SymmetricalGLCM, o.BinWidth = false, 40 }},
	"euclidean":  {[3]int{11, 9, 7}, 7, 1, func(o *Options) { o.WeightingNorm = "euclidean" }},
	"manhattan":  {[3]int{11, 9, 7}, 7, 1, func(o *Options) { o.WeightingNorm, o.SymmetricalGLCM = "manhattan", false }},
	"infinity":   {[3]int{11, 9, 7}, 7, 1, func(o *Options) { o.WeightingNorm = "infinity" }},
	"slices0":    {[3]int{11, 9, 7}, 7, 1, func(o *Options) { o.Force2D = true }},
	"slices1":    {[3]int{11, 9, 7}, 7, 1, func(o *Options) { o.Force2D, o.Force2DDimension = true, 1 }},
	"slices2":    {[3]int{11, 9, 7}, 7, 1, func(o *Options) { o.Force2D, o.Force2DDimension = true, 2 }},
	"dependent":  {[3]int{11, 9, 7}, 7, 1, func(o *Options) { o.GLDMA, o.VoxelArrayShift = 2, 1000 }},
	"count":      {[3]int{11, 9, 7}, 7, 7, func(o *Options) { o.BinCount = 16 }},
	"fractions":  {[3]int{11, 9, 7}, 7, 7, func(o *Options) { o.BinWidth = 2.3 }},
	"thousands":  {[3]int{17, 13, 11}, 8, 7, func(o *Options) { o.BinWidth = 0.01 }},
	"sparse":     {[3]int{13, 12, 11}, 1, 1, func(*Options) {}},
	"solid":      {[3]int{70, 12, 9}, 10, 1, func(*Options) {}},
	"slab":       {[3]int{11, 9, 1}, 7, 1, func(o *Options) { o.Force2D = true }},
	"wall":       {[3]int{1, 9, 7}, 7, 1, func(o *Options) { o.Force2D, o.Force2DDimension = true, 2 }},
	"line":       {[3]int{11, 1, 1}, 10, 1, func(*Options) {}},
	"pair":       {[3]int{3, 1, 1}, 5, 1, func(*Options) {}},
}

// generated is a lesion with values that have a trend, in a box that is all of
// the image.
func generated(t testing.TB, size [3]int, tenths, divisor int) *Region {
	t.Helper()
	var values []float64
	var inside []bool
	state := uint32(1)
	next := func() int {
		state = (1103515245*state + 12345) & 0x7fffffff
		return int(state >> 16)
	}
	for z := range size[2] {
		for y := range size[1] {
			for x := range size[0] {
				values = append(values, float64(40*x+30*y-25*z+next()%150)/float64(divisor))
				inside = append(inside, next()%10 < tenths)
			}
		}
	}
	inside[0], inside[len(inside)-1] = true, true
	r, err := NewRegion(values, inside, size, [3]float64{0.75, 0.875, 2.5})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// peerFeatures computes every class of a case, as class_Feature.
func peerFeatures(t testing.TB, name string) map[string]float64 {
	t.Helper()
	c := peerCases[name]
	r := generated(t, c.size, c.tenths, c.divisor)
	o := defaultOptions()
	c.set(&o)
	g := grey(t, r, Binning{o.BinWidth, o.BinCount})
	all := Shape(r)
	for _, compute := range greyClasses {
		all = append(all, compute(g, &o)...)
	}
	if r.Size[2-o.Force2DDimension] == 1 && o.Force2D {
		flat, err := Shape2D(r, o.Force2DDimension)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, flat...)
	}
	found := map[string]float64{}
	for _, f := range all {
		found[f.Class+"_"+f.Name] = f.Value
	}
	return found
}

// Small lesions with every setting that features have, and of every odd form:
// holes, single voxels, a slice, a line. Values are PyRadiomics' to 12 digits;
// the script that wrote them says how.
func TestGeneratedLesions(t *testing.T) {
	f, err := os.Open("testdata/pyradiomics.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	compareWithPeer(t, f)
}

// The same with the PyRadiomics that is installed.
func TestPyPILesions(t *testing.T) {
	python := testenv.Python(t, "radiomics", "SimpleITK")
	var out, complaints bytes.Buffer
	cmd := exec.Command(python, "testdata/pyradiomics.py")
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, complaints.String())
	}
	compareWithPeer(t, &out)
}

func compareWithPeer(t *testing.T, table io.Reader) {
	t.Helper()
	rows, err := csv.NewReader(table).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	worst, where, n := 0.0, "", 0
	for column, name := range rows[0][1:] {
		if _, ok := peerCases[name]; !ok {
			t.Errorf("case %s is not known here", name)
			continue
		}
		got := peerFeatures(t, name)
		for _, row := range rows[1:] {
			text := row[column+1]
			if text == "" { // PyRadiomics runs out of memory, or the class is not for this case
				if !strings.HasPrefix(row[0], "shape2D_") && name != "thousands" {
					t.Errorf("%s: PyRadiomics has no %s", name, row[0])
				}
				continue
			}
			want, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			value, ok := got[row[0]]
			if !ok {
				t.Errorf("%s: no %s", name, row[0])
				continue
			}
			n++
			d := relative(value, want)
			if d > worst {
				worst, where = d, name+" "+row[0]
			}
			if !(d <= 1e-8) {
				t.Errorf("%s: %s is %.12g, want %s (%.2g)", name, row[0], value, text, d)
			}
		}
	}
	t.Logf("%d values, the worst off by %.2g: %s", n, worst, where)
	if n < 2000 {
		t.Error(fmt.Sprint("only ", n, " values were compared"))
	}
}

// Every example parameter file (wavelets, Laplacians of Gaussians, resampling in
// space and in slices, normalisation) on both cases, feature by feature. Where
// PyRadiomics ends with an error so must Extract: both do for the file that asks
// for shape2D of lesions on several slices; the one for voxel maps is refused by
// ParseSettings.
func TestPyPIExtract(t *testing.T) {
	python := testenv.Python(t, "radiomics", "SimpleITK")
	dir := testenv.Data(t, "pyradiomics")
	var out, complaints bytes.Buffer
	cmd := exec.Command(python, "testdata/extract.py", dir)
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, complaints.String())
	}
	var peers map[string]map[string]*float64
	if err := json.Unmarshal(out.Bytes(), &peers); err != nil {
		t.Fatal(err)
	}
	worst, where, n := 0.0, "", 0
	for name, want := range peers {
		file, lesion, _ := strings.Cut(name, " ")
		s, err := ParseSettings(filepath.Join(dir, "settings", file))
		if err != nil {
			if file != "exampleVoxel.yaml" {
				t.Error(err)
			}
			continue
		}
		image, mask := sharedCase(t, lesion)
		r, err := Extract(context.Background(), image, mask, s.Label, s, 1)
		if err != nil {
			if len(want) > 0 {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		for _, f := range r.Features {
			peer, ok := want[f.FullName()]
			if !ok {
				t.Errorf("%s: PyRadiomics has no %s", name, f.FullName())
				continue
			}
			delete(want, f.FullName())
			value := math.NaN()
			if peer != nil {
				value = *peer
			}
			n++
			d := relative(f.Value, value)
			if d > worst {
				worst, where = d, name+" "+f.FullName()
			}
			if !(d <= 1e-6) {
				t.Errorf("%s: %s is %v, want %v (%.2g)", name, f.FullName(), f.Value, value, d)
			}
		}
		for missing := range want {
			t.Errorf("%s: no %s", name, missing)
		}
	}
	t.Logf("%d values, the worst off by %.2g: %s", n, worst, where)
	if n < 8000 {
		t.Error(fmt.Sprint("only ", n, " values were compared"))
	}
}
