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

// standardOf describes label 1 by the profile ibsi; a file that says nothing is
// no settings.
func standardOf(t testing.TB, im *Image, m *volume.Mask, file string) (map[string]float64, error) {
	t.Helper()
	e := &Extraction{Settings: DefaultSettings(), Profile: IBSIProfile, Levels: file == "", Workers: 1}
	if file != "" {
		var err error
		if e.Settings, err = parseSettings("settings", []byte(file)); err != nil {
			t.Fatal(err)
		}
		if err := e.Check(); err != nil {
			return nil, err
		}
	}
	var l Lesion
	if err := e.standard(context.Background(), im, m, e.Settings.Label, &l); err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for _, v := range l.Values {
		values[v.Name] = v.Value
	}
	return values, nil
}

// The grid shares its centre with the image's, whatever lies between, and has as
// many voxels as are needed to fill it.
func TestStandardGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := volume.Grid{Affine: volume.Scaling(1, 1, 1), SpacingKnown: true}
		angle := rapid.Float64Range(0, 3).Draw(t, "angle")
		sin, cos := math.Sincos(angle)
		var old, to [3]float64
		for a := range 3 {
			g.Size[a] = rapid.IntRange(1, 40).Draw(t, "size")
			old[a] = rapid.Float64Range(.3, 5).Draw(t, "old")
			to[a] = rapid.Float64Range(.3, 5).Draw(t, "new")
		}
		g.Affine = volume.Affine{
			{cos * old[0], -sin * old[1], 0, 7},
			{sin * old[0], cos * old[1], 0, -30},
			{0, 0, old[2], 400},
		}
		f, err := frameOf(g)
		if err != nil {
			t.Fatal(err)
		}
		n, err := f.centred(to)
		if err != nil {
			t.Fatal(err)
		}
		centre := func(f *frame) [3]float64 {
			var c [3]float64
			for a := range c {
				c[a] = float64(f.size[a]-1) / 2
			}
			return f.point(c)
		}
		was, is := centre(&f), centre(&n)
		for a := range 3 {
			if math.Abs(was[a]-is[a]) > 1e-9*(1+math.Abs(was[a])) {
				t.Fatalf("the centre is %v, was %v", is, was)
			}
			fill := float64(n.size[a])*to[a] - float64(g.Size[a])*old[a]
			if n.size[a] > 1 && !(fill > -1e-5*to[a] && fill < to[a]) {
				t.Fatalf("%d voxels of %v mm for %d of %v", n.size[a], to[a], g.Size[a], old[a])
			}
		}
	})
}

// What is cut around the lesion is the whole image's part: nothing that the
// features look at is missing.
func TestStandardCut(t *testing.T) {
	im, m := boxed(1, [3]int{1, 1, 1}, [3]int{4, 3, 2})
	const margin = 14 // voxels of 1 mm, more than is looked at
	g := volume.Grid{SpacingKnown: true, Affine: im.Affine}
	for a := range 3 {
		g.Size[a] = im.Size[a] + 2*margin
	}
	large := &Image{Grid: g, Values: make([]float64, g.Len()), Type: Int16}
	mask := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	for i := range large.Values {
		large.Values[i] = float64(i * 7919 % 301)
		p := g.Voxel(i)
		q := [3]int{p[0] - margin, p[1] - margin, p[2] - margin}
		if q[0] >= 0 && q[1] >= 0 && q[2] >= 0 && q[0] < im.Size[0] && q[1] < im.Size[1] && q[2] < im.Size[2] {
			mask.Labels[i] = m.Labels[q[0]+im.Size[0]*(q[1]+im.Size[1]*q[2])]
		}
	}
	for _, method := range []Interpolator{Linear, BSpline, NearestNeighbor} {
		s := DefaultSettings()
		s.ResampledPixelSpacing, s.Interpolator = &[3]float64{.7, .9, 1.3}, method
		p, err := prepareStandard(context.Background(), large, mask, 1, s, 2)
		if err != nil {
			t.Fatal(err)
		}
		from, err := frameOf(g)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := from.centred(*s.ResampledPixelSpacing)
		if err != nil {
			t.Fatal(err)
		}
		values, err := large.standardValues(context.Background(), &from, &whole, method, 1)
		if err != nil {
			t.Fatal(err)
		}
		inside := make([]bool, len(mask.Labels))
		for v, l := range mask.Labels {
			inside[v] = l == 1
		}
		wholeMask, err := standardMask(context.Background(), inside, &from, &whole, 1)
		if err != nil {
			t.Fatal(err)
		}
		e := &Extraction{Settings: s, Profile: IBSIProfile}
		cut, err := IBSI(e.standardInput(p))
		if err != nil {
			t.Fatal(err)
		}
		p.Image = &Image{whole.grid(true), values, Int16}
		p.Mask, p.ShapeMask = wholeMask, wholeMask
		all, err := IBSI(e.standardInput(p))
		if err != nil {
			t.Fatal(err)
		}
		if voxels(whole.size) < 5*p.Count {
			t.Fatal("nothing was cut")
		}
		for k, f := range all {
			if !(relative(cut[k].Value, f.Value) <= 1e-9 || math.Abs(cut[k].Value-f.Value) < 1e-9) {
				t.Errorf("%s: %s is %v of the part, %v of the whole", method, f.Name, cut[k].Value, f.Value)
			}
		}
	}
}

// A plane through space is found again between its voxels, and rounded only
// where the image has whole numbers.
func TestStandardValues(t *testing.T) {
	im, m := boxed(1, [3]int{1, 1, 1}, [3]int{4, 3, 2})
	for _, step := range []float64{1, .0625} {
		for i := range im.Values {
			p := im.Voxel(i)
			im.Values[i] = step * float64(8*p[0]-4*p[1]+12*p[2])
		}
		s := DefaultSettings()
		s.ResampledPixelSpacing, s.Interpolator = &[3]float64{.6, .7, .8}, Linear
		p, err := prepareStandard(context.Background(), im, m, 1, s, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i, in := range p.Mask {
			if !in {
				continue
			}
			mm := p.Image.Affine.Apply(toFloats(p.Image.Voxel(i)))
			got, want := p.Image.Values[i], step*(8*mm[0]-4*mm[1]+12*mm[2]/2)
			if step == 1 {
				if math.Abs(got-want) > .5+1e-5 || math.Trunc(got) != got {
					t.Fatalf("%v at %v, want %v rounded", got, mm, want)
				}
			} else if math.Abs(got-want) > 1e-9 {
				t.Fatalf("%v at %v, want %v", got, mm, want)
			}
		}
	}
}

func toFloats(v [3]int) [3]float64 { return [3]float64{float64(v[0]), float64(v[1]), float64(v[2])} }

// Distances are those to the nearest voxel outside the mask as it was drawn,
// counted along the axes, whatever resegmentation took away.
func TestDistancesToTheDrawnEdge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		form := randomRegion(t)
		left := slices.Clone(form.Inside)
		n := 0
		for v := range left {
			left[v] = left[v] && rapid.IntRange(0, 3).Draw(t, "left") > 0
			if left[v] {
				n++
			}
		}
		if n == 0 {
			t.Skip("nothing left")
		}
		r, err := NewRegion(form.Values, left, form.Size, form.Spacing)
		if err != nil {
			t.Fatal(err)
		}
		for axis := range r.Start { // form's own box may begin elsewhere in its image
			r.Start[axis] += form.Start[axis]
		}
		for _, stacked := range []int{0, -1} {
			got := form.distancesIn(r, stacked)
			for v, in := range r.Inside {
				if !in {
					continue
				}
				at := r.position(v)
				for axis := range at {
					at[axis] += r.Start[axis] - form.Start[axis]
				}
				want := math.MaxInt
				for z := -1; z <= form.Size[2]; z++ {
					for y := -1; y <= form.Size[1]; y++ {
						for x := -1; x <= form.Size[0]; x++ {
							out := x < 0 || y < 0 || z < 0 || x >= form.Size[0] || y >= form.Size[1] || z >= form.Size[2] ||
								!form.Inside[x+form.Size[0]*(y+form.Size[1]*z)]
							if out && (stacked < 0 || z == at[2]) {
								want = min(want, max(x-at[0], at[0]-x)+max(y-at[1], at[1]-y)+max(z-at[2], at[2]-z))
							}
						}
					}
				}
				if int(got[v]) != want {
					t.Fatalf("%v is at %d, want %d", at, got[v], want)
				}
			}
		}
	})
}

// Odd lesions and settings are errors that name what is wrong, or have features.
func TestStandardRefuses(t *testing.T) {
	const resample = "setting: {resampledPixelSpacing: [0.5, 0.5, 0.5], interpolator: sitkLinear}"
	for name, c := range map[string]struct {
		settings string
		change   func(*Image, *volume.Mask)
		says     string // nothing: it has features
	}{
		"plain":     {"setting: {binWidth: 10}", nil, ""},
		"resampled": {resample, nil, ""},
		"spline":    {"setting: {resampledPixelSpacing: [2, 2, 0]}", nil, ""},
		"one voxel": {resample, func(_ *Image, m *volume.Mask) {
			clear(m.Labels)
			m.Labels[40] = 1
		}, "label 1: found one voxel"},
		"label":        {"setting: {label: 255}", nil, "label 255: found labels 1"},
		"empty":        {resample, func(_ *Image, m *volume.Mask) { clear(m.Labels) }, "no label anywhere"},
		"large voxels": {"setting: {resampledPixelSpacing: [50, 50, 50]}", nil, "found one voxel"},
		"lost": {"setting: {resampledPixelSpacing: [50, 50, 50], minimumROIDimensions: 1}", func(_ *Image, m *volume.Mask) {
			clear(m.Labels)
			m.Labels[0], m.Labels[1] = 1, 1
		}, "found no voxel of [50 50 50] mm that the lesion fills by half"},
		"fine":        {"setting: {resampledPixelSpacing: [1.0e-4, 1.0e-4, 1.0e-4]}", nil, "larger voxels"},
		"finest":      {"setting: {resampledPixelSpacing: [1.0e-300, 1, 1]}", nil, "larger voxels"},
		"NaN inside":  {resample, func(im *Image, m *volume.Mask) { im.Values[slices.Index(m.Labels, 1)] = math.NaN() }, "found NaN"},
		"NaN outside": {resample, func(im *Image, _ *volume.Mask) { im.Values[0] = math.NaN() }, ""},
		"flat":        {resample, func(im *Image, _ *volume.Mask) { clear(im.Values) }, ""},
		"255": {"setting: {label: 255}", func(_ *Image, m *volume.Mask) {
			for i := range m.Labels {
				m.Labels[i] *= 255
			}
		}, ""},
		"thousands of bins": {"setting: {binWidth: 0.01}", nil, ""},
		"too many bins":     {"setting: {binWidth: 1.0e-6}", nil, "discretisation"},
		"another grid":      {resample, func(_ *Image, m *volume.Mask) { m.Affine[0][3] += .5 }, "0.5 mm apart"},
		"nothing left":      {"setting: {resegmentRange: [5000, 6000]}", nil, "resegmentRange"},
		"grey levels of 0":  {"", func(im *Image, _ *volume.Mask) { clear(im.Values) }, "in level 0"},
		"filter":            {"imageType: {Wavelet: {}}", nil, "imageType: found filters"},
		"two images":        {"imageType: {Original: {}, Square: {}}", nil, "imageType: found filters"},
		"features":          {"featureClass: {glcm: [Contrast]}", nil, "featureClass: found some"},
		"normalize":         {"setting: {normalize: true}", nil, "normalize"},
		"force2D":           {"setting: {force2D: true}", nil, "force2D"},
		"distances":         {"setting: {distances: [2]}", nil, "distances"},
		"weights":           {"imageType: {Original: {weightingNorm: euclidean}}", nil, "weightingNorm"},
		"gldm_a":            {"setting: {gldm_a: 1}", nil, "gldm_a"},
		"asymmetric":        {"setting: {symmetricalGLCM: false}", nil, "symmetricalGLCM"},
		"shift":             {"setting: {voxelArrayShift: 10}", nil, "voxelArrayShift"},
		"relative":          {"setting: {resegmentRange: [0.5], resegmentMode: relative}", nil, "resegmentMode"},
		"form":              {"setting: {resegmentRange: [0], resegmentShape: true}", nil, "resegmentShape"},
	} {
		im, m := boxed(1, [3]int{1, 1, 1}, [3]int{4, 3, 2})
		if c.change != nil {
			c.change(im, m)
		}
		found, err := standardOf(t, im, m, c.settings)
		if c.says == "" {
			if err != nil || len(found) != 482 || math.IsNaN(found["stat_mean"]) {
				t.Errorf("%s: %d features, %v", name, len(found), err)
			}
			continue
		}
		var bad *fault.Input
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	s, err := parseSettings("settings", []byte("imageType: {Original: {ivhBinCount: 1000}}"))
	if err != nil {
		t.Fatal(err)
	}
	if err := (&Extraction{Settings: s, Profile: PyRadiomics}).Check(); err == nil || !strings.Contains(err.Error(), "ivhBinCount") {
		t.Errorf("PyRadiomics has an intensity-volume histogram: %v", err)
	}
}

// A voxel's neighbours are the same, counted in one number or in two, direction by
// direction or row by row.
func TestNeighboursEitherWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, err := randomRegion(t).Discretise(Binning{Count: rapid.IntRange(1, 200).Draw(t, "bins")})
		if err != nil {
			t.Fatal(err)
		}
		distances, stacked := rapid.SliceOfNDistinct(rapid.IntRange(1, 4), 1, 3, rapid.ID).Draw(t, "distances"), rapid.IntRange(-1, 2).Draw(t, "stacked")
		if rapid.Bool().Draw(t, "near") {
			distances = []int{1}
		}
		all := directions(g.Size, distances, stacked)
		type voxel struct {
			v      int
			n, sum float64
		}
		var packed, plain []voxel
		into := func(to *[]voxel) func(int, float64, float64) {
			return func(v int, n, sum float64) { *to = append(*to, voxel{v, n, sum}) }
		}
		g.packedNeighbours(all, 18, slices.Equal(distances, []int{1}), stacked, into(&packed)) // 503 neighbours of 200 are below 2¹⁷
		g.manyNeighbours(all, into(&plain))
		if !slices.Equal(packed, plain) {
			t.Fatalf("%v, want %v", packed, plain)
		}
	})
}
