package tabular

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/volume"
)

// The outline arm sees no image: noise in its place changes nothing, nor does its
// absence.
func TestOutlineIsBlind(t *testing.T) {
	for _, m := range []made{block, slides} {
		c := newCohort(t, 4, always(m, m), nil).Cases[0]
		want := row(t, c, of(Outline), "")
		inputs, err := Inputs(c, of(Outline))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range volume.Views {
			for i, st := range c.Stacks(v) {
				drown(t, st.Image, i)
			}
		}
		if got := row(t, c, of(Outline), ""); !same(got.Values, want.Values) {
			t.Error("noise in the images changes the outline's features")
		}
		for _, v := range volume.Views {
			for _, st := range c.Stacks(v) {
				if err := os.Remove(st.Image); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := row(t, c, of(Outline), ""); !same(got.Values, want.Values) {
			t.Error("the outline's features need the images")
		}
		if again, err := Inputs(c, of(Outline)); err != nil || again != inputs {
			t.Errorf("inputs %s and %s, %v", inputs, again, err)
		}
		if _, err := Extract(t.Context(), c, of(Radiomics), ""); err == nil {
			t.Error("radiomics does without images")
		}
	}
}

// A box of known size at a known place.
func TestOutlineOfABox(t *testing.T) {
	c := newCohort(t, 4, always(block), nil).Cases[0]
	st := c.Stacks(volume.Axial)[0]
	in, err := st.Read(volume.Axial)
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range []bool{true, false} {
		g := in.Mask.Grid
		g.SpacingKnown = known
		mm := 0.9
		if !known {
			mm = 1
			g.Affine = screen[volume.Axial]
		}
		m := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
		for n := range m.Labels {
			at := g.Voxel(n)
			if at[0] >= 4 && at[0] < 14 && at[1] >= 8 && at[1] < 13 && at[2] >= 2 && at[2] < 5 {
				m.Labels[n] = 3
			}
			if at[0] >= 20 && at[0] < 22 && at[1] == 8 && at[2] == 3 {
				m.Labels[n] = 7
			}
		}
		dir := filepath.Join(t.TempDir(), "box")
		w, err := cohort.Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		v := &volume.Volume{Grid: g, Data: in.Image.Data}
		for _, id := range []string{"C1", "C2"} {
			if err := w.Stack(id, volume.Axial, 1, v, m, cohort.Sidecar{ScaledBy: cohort.ByStack}); err != nil {
				t.Fatal(err)
			}
		}
		made, err := w.Commit(&cohort.Cohort{Positive: "a", Negative: "b", Cases: []cohort.Case{{ID: "C1", Group: "1", Class: "a", Label: 1}, {ID: "C2", Group: "2", Class: "b"}}})
		if err != nil {
			t.Fatal(err)
		}
		r := row(t, made.Cases[0], of(Outline, volume.Axial), "")
		for name, want := range map[string]float64{
			"outline_Lesions": 2, "outline_Slices": 3, "outline_Area": 152 * mm * mm, "outline_AreaMean": 152 * mm * mm / 3, "outline_AreaLargest": 52 * mm * mm,
			"outline_CentreX": 13. / 28, "outline_CentreY": 10.5 / 26, "outline_FieldShare": 52. / (28 * 26),
			"outline_BoxWidth": 18 * mm, "outline_BoxHeight": 5 * mm, "outline_BoxAspect": 18. / 5, "outline_BoxFill": 52. / 90,
			"largest-slice_shape2D_PixelSurface": 52 * mm * mm,
			"mean-slice_shape2D_PixelSurface":    (50*50 + 52*52 + 50*50) / 152. * mm * mm,
		} {
			if got := valueOf(t, r, "axial_"+name); math.Abs(got-want) > 1e-6*want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		if known {
			for name, want := range map[string]float64{"union_shape_VoxelVolume": 152 * mm * mm * 4, "largest_shape_VoxelVolume": 150 * mm * mm * 4} {
				if got := valueOf(t, r, "axial_"+name); math.Abs(got-want) > 1e-6*want {
					t.Errorf("%s is %v, want %v", name, got, want)
				}
			}
		} else if n := len(r.Values); n != 12+2*9 || !slices.Equal(r.Notes, []string{noteNative}) {
			t.Errorf("%d features, notes %q", n, r.Notes)
		}
	}
}

func same[T comparable](a, b []T) bool { return slices.Equal(a, b) }

// What is computed is kept: a second call reads no image. Whatever becomes of
// a file of the cache, the numbers stay; a change of mask or settings is another
// file.
func TestCache(t *testing.T) {
	c := newCohort(t, 4, always(slides), nil).Cases[0]
	s := of(Radiomics, volume.Sagittal)
	dir := filepath.Join(t.TempDir(), "features")
	want := row(t, c, s, "")
	if got := row(t, c, s, dir); !same(got.Values, want.Values) || !same(got.Notes, want.Notes) {
		t.Fatal("with a cache other numbers")
	}
	files, err := filepath.Glob(filepath.Join(dir, "radiomics", c.ID+"-sagittal-*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	image := c.Stacks(volume.Sagittal)[0].Image
	if err := os.Rename(image, image+".away"); err != nil {
		t.Fatal(err)
	}
	if got := row(t, c, s, dir); !same(got.Values, want.Values) {
		t.Error("from the cache other numbers")
	}
	other := s
	other.Features.BinWidth = 7
	if _, err := Extract(t.Context(), c, other, dir); err == nil {
		t.Error("other settings are answered from the cache")
	}
	if err := os.Rename(image+".away", image); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range []string{"", "{}", string(whole[:len(whole)/2]), strings.Replace(string(whole), `"key":"`, `"key":"0`, 1), strings.Replace(string(whole), `"names":["`, `"names":["x","`, 1)} {
		if err := os.WriteFile(files[0], []byte(damaged), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := row(t, c, s, dir); !same(got.Values, want.Values) {
			t.Errorf("%.20q in the cache: other numbers", damaged)
		}
		if again, err := os.ReadFile(files[0]); err != nil || string(again) != string(whole) {
			t.Errorf("%.20q in the cache is not mended: %v", damaged, err)
		}
	}
	row(t, c, other, dir)
	if files, _ := filepath.Glob(filepath.Join(dir, "radiomics", "*")); len(files) != 2 {
		t.Errorf("%v", files)
	}
}

// Several at a time fill one cache without getting into each other's way.
func TestCacheIsShared(t *testing.T) {
	c := newCohort(t, 4, always(slides), nil)
	dir := filepath.Join(t.TempDir(), "features")
	s := of(Radiomics, volume.Axial)
	want := row(t, c.Cases[3], s, "")
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for _, k := range c.Cases {
				if r, err := Extract(t.Context(), k, s, dir); err != nil || k.ID == want.Case && !same(r.Values, want.Values) {
					t.Errorf("%s: %v", k.ID, err)
				}
			}
		})
	}
	wg.Wait()
	if files, _ := filepath.Glob(filepath.Join(dir, "radiomics", "*")); len(files) != len(c.Cases) {
		t.Errorf("%v", files)
	}
}

// A missing number is null in the cache, and comes back missing.
func TestCacheKeepsWhatIsMissing(t *testing.T) {
	dot := slides
	dot.radius, dot.lesions = 0.3, 1 // one pixel has no elongation
	c := newCohort(t, 4, always(dot), nil).Cases[0]
	dir := t.TempDir()
	first := row(t, c, of(Outline, volume.Coronal), dir)
	second := row(t, c, of(Outline, volume.Coronal), dir)
	missing := 0
	for i, v := range first.Values {
		x := second.Values[i].Value
		if math.IsNaN(v.Value) {
			missing++
		}
		if v.Value != x && !(math.IsNaN(v.Value) && math.IsNaN(x)) {
			t.Errorf("%s is %v, was %v", v.Name, x, v.Value)
		}
	}
	var r viewRow
	r.add("nothing", math.NaN())
	r.add("infinite", math.Inf(1))
	if text, err := r.Values[1].MarshalJSON(); err != nil || string(text) != "null" {
		t.Errorf("%s, %v", text, err)
	}
	if missing == 0 {
		t.Error("nothing was missing")
	}
}

func TestOutlineOfAnEmptyMask(t *testing.T) {
	c := newCohort(t, 4, always(block), nil).Cases[0]
	st := c.Stacks(volume.Axial)[0]
	if err := os.WriteFile(st.Mask, []byte("no image"), 0o644); err != nil {
		t.Fatal(err)
	}
	var bad *fault.Input
	if _, err := Extract(t.Context(), c, of(Outline, volume.Axial), ""); !errors.As(err, &bad) || !strings.Contains(err.Error(), "axial_mask.nii.gz") {
		t.Errorf("%v", err)
	}
}
