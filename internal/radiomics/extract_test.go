package radiomics

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"magn/internal/fault"
	"magn/internal/volume"

	"pgregory.net/rapid"
)

// boxed is an image of 6×5×4 voxels and a mask with a box of label in it.
func boxed(label uint16, low, high [3]int) (*Image, *volume.Mask) {
	g := volume.Grid{Size: [3]int{6, 5, 4}, Affine: volume.Scaling(1, 1, 2), SpacingKnown: true}
	im := &Image{Grid: g, Values: make([]float64, g.Len()), Type: Int16}
	m := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	for i := range im.Values {
		im.Values[i] = float64(i*i%211) + 100
		p := g.Voxel(i)
		if p[0] >= low[0] && p[0] <= high[0] && p[1] >= low[1] && p[1] <= high[1] && p[2] >= low[2] && p[2] <= high[2] {
			m.Labels[i] = label
		}
	}
	return im, m
}

func extract(im *Image, m *volume.Mask, label uint16, change func(*Settings)) (*Result, error) {
	s := DefaultSettings()
	change(s)
	for i := range s.ImageTypes {
		s.ImageTypes[i].Options = s.Options
	}
	return Extract(context.Background(), im, m, label, s, 1)
}

// What cannot be used is an error that says what it is and never a number.
func TestExtractRefuses(t *testing.T) {
	all := [2][3]int{{0, 0, 0}, {5, 4, 3}}
	for name, c := range map[string]struct {
		box    [2][3]int
		label  uint16
		change func(*Image, *Settings)
		says   string
	}{
		"no label":       {all, 2, nil, "label 2"},
		"one voxel":      {[2][3]int{{2, 2, 2}, {2, 2, 2}}, 1, nil, "voxel"},
		"a line":         {[2][3]int{{0, 2, 2}, {5, 2, 2}}, 1, nil, "dimension"},
		"not a number":   {all, 1, func(im *Image, _ *Settings) { im.Values[7] = math.NaN() }, "NaN"},
		"infinite":       {all, 1, func(im *Image, _ *Settings) { im.Values[7] = math.Inf(1) }, "Inf"},
		"narrow bins":    {all, 1, func(_ *Image, s *Settings) { s.BinWidth = 1e-9 }, "binWidth"},
		"no bin width":   {all, 1, func(_ *Image, s *Settings) { s.BinWidth = 0 }, "binWidth"},
		"too many bins":  {all, 1, func(_ *Image, s *Settings) { s.BinCount = 1 << 30 }, "binCount"},
		"values too far": {all, 1, func(im *Image, _ *Settings) { im.Values[3] = 1e300 }, "binWidth"},
		"thick shape2D": {all, 1, func(_ *Image, s *Settings) {
			s.Force2D, s.Features = true, []ClassFeatures{{Class: "shape2D"}}
		}, "one slice"},
	} {
		t.Run(name, func(t *testing.T) {
			im, m := boxed(1, c.box[0], c.box[1])
			_, err := extract(im, m, c.label, func(s *Settings) {
				if c.change != nil {
					c.change(im, s)
				}
			})
			var input *fault.Input
			if !errors.As(err, &input) || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.says)) {
				t.Fatalf("error is %v, want one that names %q", err, c.says)
			}
		})
	}
}

// Label 255, a lesion on one slice, in space, and values outside the lesion that
// are no numbers are all right.
func TestExtractTakes(t *testing.T) {
	im, m := boxed(255, [3]int{1, 1, 2}, [3]int{4, 3, 2})
	im.Values[0] = math.NaN()
	r, err := extract(im, m, 255, func(s *Settings) {})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]float64{}
	for _, f := range r.Features {
		if math.IsNaN(f.Value) || math.IsInf(f.Value, 0) {
			t.Errorf("%s is %v", f.FullName(), f.Value)
		}
		names[f.FullName()] = f.Value
	}
	if len(names) != 107 { // PyRadiomics' default number
		t.Errorf("%d features, want 107", len(names))
	}
	if names["original_shape_VoxelVolume"] != 24 || names["original_shape_Flatness"] != 0 {
		t.Errorf("volume %v, flatness %v", names["original_shape_VoxelVolume"], names["original_shape_Flatness"])
	}
}

// A flat region has the values that PyRadiomics documents for it.
func TestExtractFlatRegion(t *testing.T) {
	im, m := boxed(1, [3]int{0, 0, 0}, [3]int{5, 4, 3})
	for i := range im.Values {
		im.Values[i] = 0.1
	}
	r, err := extract(im, m, 1, func(s *Settings) {})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"original_firstorder_Variance": 0, "original_firstorder_Skewness": 0, "original_firstorder_Kurtosis": 0,
		"original_glcm_Correlation": 1, "original_glcm_MCC": 1, "original_glcm_Imc1": 0, "original_glcm_Imc2": 0,
		"original_ngtdm_Coarseness": 1e6, "original_ngtdm_Contrast": 0, "original_ngtdm_Busyness": 0,
		"original_ngtdm_Complexity": 0, "original_ngtdm_Strength": 0, "original_glszm_ZonePercentage": 1.0 / 120,
	}
	for _, f := range r.Features {
		if w, ok := want[f.FullName()]; ok && f.Value != w {
			t.Errorf("%s is %v, want %v", f.FullName(), f.Value, w)
		}
	}
}

// Deprecated features come only where they are asked for, and in the order of
// asking.
func TestExtractNamedFeatures(t *testing.T) {
	im, m := boxed(1, [3]int{0, 0, 0}, [3]int{5, 4, 3})
	r, err := extract(im, m, 1, func(s *Settings) {
		s.Features = []ClassFeatures{{Class: "glcm", Names: []string{"SumVariance", "Contrast"}}, {Class: "shape", Names: []string{"Compactness1"}}}
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range r.Features {
		names = append(names, f.FullName())
	}
	if got := strings.Join(names, " "); got != "original_shape_Compactness1 original_glcm_SumVariance original_glcm_Contrast" {
		t.Error(got)
	}
}

func TestExtractStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	im, m := boxed(1, [3]int{0, 0, 0}, [3]int{5, 4, 3})
	if _, err := Extract(ctx, im, m, 1, DefaultSettings(), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

// Every class computes every name of FeatureNames and no other.
func TestClassesComputeTheirNames(t *testing.T) {
	r := generated(t, [3]int{5, 5, 1}, 8, 1)
	o := defaultOptions()
	g := grey(t, r, Binning{Width: 25})
	flat, err := Shape2D(r, 0)
	if err != nil {
		t.Fatal(err)
	}
	computed := map[string][]Feature{"shape": Shape(r), "shape2D": flat}
	for class, compute := range greyClasses {
		computed[class] = compute(g, &o)
	}
	for _, class := range FeatureClasses() {
		names, _ := FeatureNames(class)
		for i, f := range computed[class] {
			if f.Name != names[i] || f.Class != class {
				t.Errorf("%s: feature %d is %s of %s, want %s", class, i, f.Name, f.Class, names[i])
			}
			if f.Value == 0 && f.Name != "LeastAxisLength" && f.Name != "Flatness" {
				t.Errorf("%s of %s is 0: is it computed?", f.Name, class)
			}
		}
	}
}

// Where pairs of levels are counted in a table, and where they are sorted
// because a table would be too large, the matrix is the same.
func TestCountingTwoWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := randomRegion(t)
		g, err := r.Discretise(Binning{Width: rapid.SampledFrom([]float64{1, 7, 25}).Draw(t, "width")})
		if err != nil {
			t.Fatal(err)
		}
		for _, symmetric := range []bool{true, false} {
			tabled := newPairCounter(g, &Options{SymmetricalGLCM: symmetric})
			listed := newPairCounter(g, &Options{SymmetricalGLCM: symmetric})
			listed.table = nil
			for _, d := range directions(g.Size, []int{1, 2}, -1) {
				a, b := tabled.count(d), listed.count(d)
				if len(a.cells) != len(b.cells) {
					t.Fatalf("%d cells and %d", len(a.cells), len(b.cells))
				}
				for k := range a.cells {
					if a.cells[k] != b.cells[k] {
						t.Fatalf("cell %d is %v and %v", k, a.cells[k], b.cells[k])
					}
				}
			}
		}
	})
}

// Every voxel is in one bin, and the bin's edges are around it.
func TestBinEdges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e4, 1e4).Draw(t, "lo")
		hi := lo + rapid.Float64Range(0, 1e3).Draw(t, "range")
		b := Binning{Width: rapid.Float64Range(0.01, 500).Draw(t, "width")}
		if rapid.Bool().Draw(t, "count bins") {
			b = Binning{Count: rapid.IntRange(1, 300).Draw(t, "count")}
		}
		e, err := b.edges(lo, hi)
		if err != nil {
			t.Skip("refused")
		}
		for _, share := range []float64{0, rapid.Float64Range(0, 1).Draw(t, "share"), 1} {
			v := min(lo+share*(hi-lo), hi)
			k := float64(e.level(v) - 1)
			if v < e.low+k*e.step || b.Count == 0 && v >= e.low+(k+1)*e.step || b.Count > 0 && int(k) >= b.Count {
				t.Fatalf("%v is in bin %v of %+v", v, k, e)
			}
		}
		// Where the width does not divide the least value exactly it may be in the
		// second bin, as in TestBinsAsNumpyRounds.
		if b.Count == 0 && e.level(lo) > 2 {
			t.Fatalf("the least value is in level %d", e.level(lo))
		}
	})
}

// Values on edges that decimal fractions do not hit exactly fall as they do in
// numpy: 1 % 0.01 is 0.00999…, so that 1 is in the second bin. Levels are those of
//
//	radiomics.imageoperations.binImage(v, np.ones(len(v), bool), binWidth=w)
func TestBinsAsNumpyRounds(t *testing.T) {
	for _, c := range []struct {
		values []float64
		width  float64
		want   []int32
	}{
		{[]float64{1, 2}, 0.01, []int32{2, 101}},
		{[]float64{1, 2}, 0.1, []int32{2, 12}},
		{[]float64{1, 2}, 0.3, []int32{1, 4}},
		{[]float64{0.3, 0.7, 0.9}, 0.01, []int32{2, 41, 61}},
		{[]float64{0.3, 0.7, 0.9}, 0.1, []int32{1, 5, 7}},
		{[]float64{-0.6, 0.1, 0.2, 0.3}, 0.01, []int32{1, 70, 80, 90}},
		{[]float64{-0.6, 0.1, 0.2, 0.3}, 0.3, []int32{1, 3, 3, 4}},
	} {
		inside := slices.Repeat([]bool{true}, len(c.values))
		r, err := NewRegion(c.values, inside, [3]int{len(c.values), 1, 1}, [3]float64{1, 1, 1})
		if err != nil {
			t.Fatal(err)
		}
		if got := grey(t, r, Binning{Width: c.width}).Level; !slices.Equal(got, c.want) {
			t.Errorf("%v in bins of %v: %v, want %v", c.values, c.width, got, c.want)
		}
	}
}
