package tabular

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"magn/internal/cohort"
	"magn/internal/draw"
	"magn/internal/nifti"
	"magn/internal/volume"
)

// screen are the directions of a canonical volume's storage, in RAS+.
var screen = [3]volume.Affine{
	volume.Sagittal: {{0, 0, 1, 0}, {-1, 0, 0, 0}, {0, -1, 0, 0}},
	volume.Coronal:  {{-1, 0, 0, 0}, {0, 0, -1, 0}, {0, -1, 0, 0}},
	volume.Axial:    {{-1, 0, 0, 0}, {0, -1, 0, 0}, {0, 0, 1, 0}},
}

// made says what a generated stack is like.
type made struct {
	size    [3]int
	mm      [3]float64 // 0: not known
	by      string     // cohort.ByStack or BySlice
	radius  float64    // of the lesions' balls, in pixels
	lesions int
	bright  float64 // of the lesion above its surroundings
	rough   float64 // deviation of the lesion's noise
	key     string
}

// stack is a picture of noise with lesions in it, and their mask.
func (m made) stack(view volume.View) (*volume.Volume, *volume.Mask) {
	known := m.mm != [3]float64{}
	mm := m.mm
	if !known {
		mm = [3]float64{1, 1, 1}
	}
	g := volume.Grid{Size: m.size, Affine: screen[view].Mul(volume.Scaling(mm[0], mm[1], mm[2])), SpacingKnown: known}
	v := &volume.Volume{Grid: g, Data: make([]float32, g.Len())}
	k := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	r := draw.New("tabular test", m.key, view)
	for n := range v.Data {
		at := g.Voxel(n)
		v.Data[n] = float32(math.Round(200 + 40*r.NormFloat64()))
		for l := range m.lesions {
			// Side by side, each smaller than the one before.
			centre := [3]float64{float64(m.size[0]) * (0.3 + 0.4*float64(l)), float64(m.size[1]) * 0.45, float64(m.size[2]-1) / 2}
			radius := m.radius / (1 + 0.5*float64(l))
			d := 0.0
			for a, scale := range [3]float64{1, 1, float64(m.size[2]) / 8} {
				d += math.Pow((float64(at[a])-centre[a])/scale, 2)
			}
			if d <= radius*radius && k.Labels[n] == 0 {
				k.Labels[n] = uint16(l + 1)
				v.Data[n] = float32(math.Round(200 + m.bright + m.rough*r.NormFloat64()))
			}
		}
	}
	return v, k
}

// newCohort makes n cases, every other one positive, two of a class sharing a group
// at the end; stack says what a stack is like, covariates what is known of a case.
func newCohort(t testing.TB, n int, stack func(i int, v volume.View) []made, covariates func(i int) map[string]string) *cohort.Cohort {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "study")
	w, err := cohort.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := &cohort.Cohort{Positive: "myeloma", Negative: "metastasis"}
	known := map[string]bool{}
	for i := range n {
		k := cohort.Case{ID: fmt.Sprintf("C%04d", i+1), Group: fmt.Sprintf("G%04d", i+1), Class: "metastasis"}
		if i%2 == 1 {
			k.Class, k.Label = "myeloma", 1
		}
		if i >= n-2 && n > 4 {
			k.Group = fmt.Sprintf("G%04d", i-1)
		}
		if covariates != nil {
			k.Covariates = covariates(i)
			for name := range k.Covariates {
				if !known[name] {
					known[name] = true
					c.Covariates = append(c.Covariates, name)
				}
			}
		}
		c.Cases = append(c.Cases, k)
		for _, v := range volume.Views {
			for s, m := range stack(i, v) {
				m.key = fmt.Sprint(m.key, i, s)
				image, mask := m.stack(v)
				if err := w.Stack(k.ID, v, s+1, image, mask, cohort.Sidecar{ScaledBy: m.by}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if c, err = w.Commit(c); err != nil {
		t.Fatal(err)
	}
	return c
}

var (
	block  = made{size: [3]int{28, 26, 6}, mm: [3]float64{0.9, 0.9, 4}, by: cohort.ByStack, radius: 5, lesions: 1, bright: 80, rough: 30}
	slides = made{size: [3]int{24, 22, 3}, by: cohort.BySlice, radius: 6, lesions: 2, bright: 60, rough: 20}
)

// always is the same stack for every case and view.
func always(m ...made) func(int, volume.View) []made {
	return func(int, volume.View) []made { return m }
}

// telling makes positive cases' lesions rougher and larger.
func telling(m made) func(int, volume.View) []made {
	return func(i int, _ volume.View) []made {
		m := m
		if i%2 == 1 {
			m.rough *= 2
			m.radius++
		}
		return []made{m}
	}
}

// split deals cases into five folds in turn, groups together; it returns those of
// fold 0 and the others.
func split(cases []cohort.Case) (test, train []cohort.Case) {
	fold := map[string]int{}
	for _, c := range cases {
		if _, there := fold[c.Group]; !there {
			fold[c.Group] = len(fold) / 2 % 5
		}
		if fold[c.Group] == 0 {
			test = append(test, c)
		} else {
			train = append(train, c)
		}
	}
	return test, train
}

func row(t testing.TB, c cohort.Case, s Settings, cache string) Row {
	t.Helper()
	r, err := Extract(t.Context(), c, s, cache)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func valueOf(t testing.TB, r Row, name string) float64 {
	t.Helper()
	for _, v := range r.Values {
		if v.Name == name {
			return v.Value
		}
	}
	t.Fatalf("no feature %s among %d", name, len(r.Values))
	return 0
}

// of is settings for a source, of the sagittal view alone where one is said.
func of(s Source, views ...volume.View) Settings {
	d := DefaultSettings()
	d.Source, d.Trees = s, 60
	if len(views) > 0 {
		d.Views = views
	}
	return d
}

// drown overwrites an image with noise, on its grid.
func drown(t testing.TB, path string, seed int) {
	t.Helper()
	im, err := nifti.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	v, err := im.Volume()
	if err != nil {
		t.Fatal(err)
	}
	r := draw.New("drown", path, seed)
	for i := range v.Data {
		v.Data[i] = float32(math.Round(1000 * r.Float64()))
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := nifti.WriteVolume(path, v, nifti.Int16); err != nil {
		t.Fatal(err)
	}
}
