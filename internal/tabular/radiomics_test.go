package tabular

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/radiomics"
	"magn/internal/volume"
)

// asFile is the default settings as somebody would write them for PyRadiomics.
const asFile = `
setting:
  normalize: true
  normalizeScale: 100
  binWidth: 5
  force2D: true
  force2Ddimension: 0
  resampledPixelSpacing: [0.7, 0.7, 0]
imageType:
  Original: {}
  Wavelet: {}
featureClass:
  shape:
  firstorder:
  glcm:
  gldm:
  glrlm:
  glszm:
  ngtdm:
`

func paramsFile(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "Params.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// One stack: the numbers of an extraction with PyRadiomics' own parameter file,
// all lesions as one, and beside them the form of the largest.
func TestStackIsAnExtraction(t *testing.T) {
	m := block
	m.lesions = 2
	c := newCohort(t, 4, always(m), nil).Cases[0]
	r := row(t, c, of(Radiomics, volume.Coronal), "")
	settings, err := radiomics.ParseSettings(paramsFile(t, asFile))
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.Stacks(volume.Coronal)[0].Read(volume.Coronal)
	if err != nil {
		t.Fatal(err)
	}
	union := &volume.Mask{Grid: in.Mask.Grid, Labels: slices.Clone(in.Mask.Labels)}
	for i := range union.Labels {
		union.Labels[i] = min(1, union.Labels[i])
	}
	image := radiomics.ImageOf(in.Image, radiomics.Unknown)
	want, err := radiomics.Extract(t.Context(), image, union, 1, settings, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range want.Features {
		if got := r.Values[i]; got.Name != "coronal_"+f.FullName() || got.Value != f.Value {
			t.Errorf("%s is %v, want %s %v", got.Name, got.Value, f.FullName(), f.Value)
		}
	}
	settings.Features = []radiomics.ClassFeatures{{Class: "shape"}}
	one, err := radiomics.Extract(t.Context(), image, in.Mask, 1, settings, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range one.Features {
		if got := valueOf(t, r, "coronal_largest_"+f.FullName()); got != f.Value {
			t.Errorf("largest %s is %v, want %v", f.FullName(), got, f.Value)
		}
	}
	// 93 features of the original and four bands, 14 of form twice.
	if n := len(r.Values); n != 5*93+2*14 || n != len(want.Features)+len(one.Features) {
		t.Errorf("%d features", n)
	}
	if !slices.ContainsFunc(r.Values, func(v radiomics.Value) bool { return v.Name == "coronal_wavelet-LH_glcm_JointEntropy" }) {
		t.Error("no coronal_wavelet-LH_glcm_JointEntropy")
	}
	if len(r.Notes) != 0 {
		t.Errorf("notes %q", r.Notes)
	}
	// The parameter file in the place of the settings is the same extraction.
	s := of(Radiomics, volume.Coronal)
	s.Features = FeatureSettings{Mode: Mode2D, PixelMM: 3, BinWidth: 50, Params: paramsFile(t, asFile)}
	for i, v := range row(t, c, s, "").Values {
		if v != r.Values[i] {
			t.Errorf("with a parameter file %s is %v, want %v", v.Name, v.Value, r.Values[i].Value)
		}
	}
}

// Several stacks of a view: the mean by outlined volume; the largest lesion is that
// of the stack that shows most of it.
func TestStacksArePooled(t *testing.T) {
	big, small := block, block
	big.radius, small.radius, small.mm = 6, 4, [3]float64{0.8, 0.8, 5}
	both := newCohort(t, 4, always(small, big), nil).Cases[0]
	s := of(Radiomics, volume.Axial)
	r := row(t, both, s, "")
	var rows [2]Row
	var weight [2]float64
	for i, st := range both.Stacks(volume.Axial) {
		dir := t.TempDir()
		for _, path := range []string{st.Image, st.Mask, strings.TrimSuffix(st.Image, ".nii.gz") + ".json"} {
			to := filepath.Join(dir, strings.Replace(filepath.Base(path), "_2", "", 1))
			if err := os.Symlink(path, to); err != nil {
				t.Fatal(err)
			}
		}
		rows[i] = row(t, cohort.Case{ID: "one", Dir: dir}, s, "")
		in, err := st.Read(volume.Axial)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range in.Mask.Labels {
			if l > 0 {
				sp := in.Mask.Spacing()
				weight[i] += sp[0] * sp[1] * sp[2]
			}
		}
	}
	if weight[0] >= weight[1] {
		t.Fatal("the second stack should show more")
	}
	for i, v := range r.Values {
		a, b := rows[0].Values[i].Value, rows[1].Values[i].Value
		want := (a*weight[0] + b*weight[1]) / (weight[0] + weight[1])
		if strings.HasPrefix(v.Name, "axial_largest_") {
			want = b
		}
		if math.Abs(v.Value-want) > 1e-12*math.Abs(want) {
			t.Errorf("%s is %v, want %v of %v and %v", v.Name, v.Value, want, a, b)
		}
	}
}

// Slices with scales of their own: each is an extraction by itself, normalised
// within the slice, native, and the mean goes by the lesion's area.
func TestSlicesAreAveragedByArea(t *testing.T) {
	c := newCohort(t, 4, always(slides), nil).Cases[1]
	r := row(t, c, of(Radiomics, volume.Sagittal), "")
	settings, err := radiomics.ParseSettings(paramsFile(t, strings.NewReplacer("  resampledPixelSpacing: [0.7, 0.7, 0]\n", "", "shape:", "shape2D:").Replace(asFile)))
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.Stacks(volume.Sagittal)[0].Read(volume.Sagittal)
	if err != nil {
		t.Fatal(err)
	}
	n := in.Image.Size[0] * in.Image.Size[1]
	sum, total := map[string]float64{}, 0.0
	for k := range in.Image.Size[2] {
		g := in.Image.Grid
		g.Size[2] = 1
		mask := &volume.Mask{Grid: g, Labels: make([]uint16, n)}
		area := 0.0
		for i := range n {
			if in.Mask.Labels[k*n+i] > 0 {
				mask.Labels[i] = 1
				area++
			}
		}
		if area == 0 {
			continue
		}
		one, err := radiomics.Extract(t.Context(), radiomics.ImageOf(&volume.Volume{Grid: g, Data: in.Image.Data[k*n:][:n]}, radiomics.Unknown), mask, 1, settings, 1)
		if err != nil {
			t.Fatal(err)
		}
		total += area
		for _, f := range one.Features {
			sum["sagittal_"+f.FullName()] += area * f.Value
		}
	}
	compared := 0
	for _, v := range r.Values {
		if strings.HasPrefix(v.Name, "sagittal_largest_original_shape2D_") {
			continue
		}
		compared++
		if want := sum[v.Name] / total; math.Abs(v.Value-want) > 1e-12*math.Abs(want) {
			t.Errorf("%s is %v, want %v", v.Name, v.Value, want)
		}
	}
	if compared != 5*93+9 || len(r.Values) != compared+9 {
		t.Errorf("%d of %d features compared", compared, len(r.Values))
	}
	if !slices.Contains(r.Notes, noteSlices) || !slices.Contains(r.Notes, noteNative) {
		t.Errorf("notes %q", r.Notes)
	}
	// The second lesion is the smaller one.
	if a, b := valueOf(t, r, "sagittal_largest_original_shape2D_PixelSurface"), valueOf(t, r, "sagittal_original_shape2D_PixelSurface"); !(a < b) {
		t.Errorf("the largest lesion has %v pixels, all %v", a, b)
	}
}

// How the same voxels are stored is of no account.
func TestStorageOrderIsOfNoAccount(t *testing.T) {
	c := newCohort(t, 4, always(block), nil).Cases[0]
	st := c.Stacks(volume.Sagittal)[0]
	want := row(t, c, of(Radiomics, volume.Sagittal), "")
	in, err := st.Read(volume.Sagittal)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	w, err := cohort.Create(filepath.Join(dir, "turned"))
	if err != nil {
		t.Fatal(err)
	}
	// Storage axes k, i, j with k and j turned round.
	from := in.Image.Grid
	g := volume.Grid{Size: [3]int{from.Size[2], from.Size[0], from.Size[1]}, SpacingKnown: true}
	g.Affine = from.Affine.Mul(volume.Affine{{0, 1, 0, 0}, {0, 0, -1, float64(from.Size[1] - 1)}, {-1, 0, 0, float64(from.Size[2] - 1)}})
	v := &volume.Volume{Grid: g, Data: make([]float32, g.Len())}
	m := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	for n := range v.Data {
		a := g.Voxel(n)
		old := a[1] + from.Size[0]*((from.Size[1]-1-a[2])+from.Size[1]*(from.Size[2]-1-a[0]))
		v.Data[n], m.Labels[n] = in.Image.Data[old], in.Mask.Labels[old]
	}
	if err := w.Stack("C1", volume.Sagittal, 1, v, m, cohort.Sidecar{ScaledBy: cohort.ByStack}); err != nil {
		t.Fatal(err)
	}
	if err := w.Stack("C2", volume.Sagittal, 1, v, m, cohort.Sidecar{ScaledBy: cohort.ByStack}); err != nil {
		t.Fatal(err)
	}
	turned, err := w.Commit(&cohort.Cohort{Positive: "a", Negative: "b", Cases: []cohort.Case{{ID: "C1", Group: "1", Class: "a", Label: 1}, {ID: "C2", Group: "2", Class: "b"}}})
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range row(t, turned.Cases[0], of(Radiomics, volume.Sagittal), "").Values {
		if x := want.Values[i].Value; math.Abs(got.Value-x) > 1e-9*math.Abs(x) {
			t.Errorf("%s is %v, want %v", got.Name, got.Value, x)
		}
	}
}

// What is too small for features is missing and noted; what cannot be computed at
// all is refused with the file.
func TestWhatIsLeftOutAndRefused(t *testing.T) {
	dot := slides
	dot.radius, dot.lesions = 0.9, 1
	c := newCohort(t, 4, always(dot), nil).Cases[0]
	r := row(t, c, of(Radiomics, volume.Axial), "")
	if !slices.Contains(r.Notes, noteSmall) {
		t.Errorf("notes %q", r.Notes)
	}
	if len(r.Values) != 0 {
		t.Errorf("%d features of nothing", len(r.Values))
	}
	whole := of(Radiomics, volume.Axial)
	whole.Features.Mode = Mode3D
	var bad *fault.Input
	if _, err := Extract(t.Context(), c, whole, ""); !errors.As(err, &bad) || bad.File != c.Stacks(volume.Axial)[0].Image {
		t.Errorf("3d of slices: %v", err)
	}
	missing := cohort.Case{ID: "C9", Dir: t.TempDir()}
	if _, err := Extract(t.Context(), missing, of(Radiomics), ""); !errors.As(err, &bad) || !strings.Contains(err.Error(), "C9: sagittal") {
		t.Errorf("a view that is not there: %v", err)
	}
}

// Three dimensions: cubes, and wavelets with three letters.
func TestThreeDimensions(t *testing.T) {
	m := block
	m.mm = [3]float64{1, 1, 2}
	c := newCohort(t, 4, always(m), nil).Cases[0]
	s := of(Radiomics, volume.Coronal)
	s.Features.Mode, s.Features.PixelMM = Mode3D, 1
	r := row(t, c, s, "")
	if n := len(r.Values); n != 9*93+2*14 {
		t.Errorf("%d features", n)
	}
	valueOf(t, r, "coronal_wavelet-HLH_gldm_DependenceEntropy")
	s.Features.Wavelet = false
	if n := len(row(t, c, s, "").Values); n != 93+2*14 {
		t.Errorf("%d features without wavelets", n)
	}
}

func TestSettings(t *testing.T) {
	if err := DefaultSettings().Validate(); err != nil {
		t.Fatal(err)
	}
	for key, change := range map[string]func(*Settings){
		"source":             func(s *Settings) { s.Source = "readers" },
		"views":              func(s *Settings) { s.Views = []volume.View{volume.Axial, volume.Axial} },
		"method":             func(s *Settings) { s.Method = "svm" },
		"top":                func(s *Settings) { s.Top = 7 },
		"trees":              func(s *Settings) { s.Trees = 0 },
		"inner_fraction":     func(s *Settings) { s.InnerFraction = math.NaN() },
		"features.mode":      func(s *Settings) { s.Features.Mode = "2.5d" },
		"features.pixel_mm":  func(s *Settings) { s.Features.PixelMM = -1 },
		"features.bin_width": func(s *Settings) { s.Features.BinWidth = 0 },
	} {
		s := DefaultSettings()
		change(&s)
		var bad *SettingError
		if err := s.Validate(); !errors.As(err, &bad) || bad.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// A hash tells apart what gives other numbers; of a parameter file it takes what it
// says, not where it is.
func TestSettingsHash(t *testing.T) {
	hash := func(change func(*Settings)) string {
		s := DefaultSettings()
		change(&s)
		h, err := s.Hash()
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	with := func(text string) func(*Settings) {
		path := paramsFile(t, text)
		return func(s *Settings) { s.Features.Params = path }
	}
	if hash(with(asFile)) != hash(with("# the same\n"+asFile)) {
		t.Error("a comment or another path changes the hash")
	}
	seen := map[string]int{}
	for i, change := range []func(*Settings){
		func(*Settings) {},
		func(s *Settings) { s.Source = Outline },
		func(s *Settings) { s.Views = s.Views[:1] },
		func(s *Settings) { s.Method = "forest" },
		func(s *Settings) { s.Top = 20 },
		func(s *Settings) { s.InnerFraction = 0.1 },
		func(s *Settings) { s.Features.BinWidth = 6 },
		func(s *Settings) { s.Features.Wavelet = false },
		func(s *Settings) { s.Features.PixelMM = 0 },
		func(s *Settings) { s.Features.Mode = Mode3D },
		with(strings.Replace(asFile, "binWidth: 5", "binWidth: 9", 1)),
	} {
		h := hash(change)
		if j, there := seen[h]; there {
			t.Errorf("changes %d and %d have one hash", i, j)
		}
		seen[h] = i
	}
	s := DefaultSettings()
	s.Features.Params = filepath.Join(t.TempDir(), "none.yaml")
	if _, err := s.Hash(); err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("a file that is not there: %v", err)
	}
}

func ExampleDefaultSettings() {
	s := DefaultSettings()
	fmt.Println(s.Source, s.Views, s.Method, s.Features.Mode, s.Features.PixelMM, s.Features.BinWidth)
	// Output: radiomics [sagittal coronal axial] boosting 2d 0.7 5
}
