package annotation

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magn/internal/fault"
	"magn/internal/solid"
	"magn/internal/volume"
)

// restored is the same labels in the same places, stored with its axes permuted
// and flipped; written without the code under test.
func restored(t *rapid.T, m *volume.Mask) *volume.Mask {
	axes := rapid.Permutation([]int{0, 1, 2}).Draw(t, "axes")
	out := &volume.Mask{Grid: volume.Grid{SpacingKnown: m.SpacingKnown}}
	var flip [3]bool
	var to volume.Affine
	for c, old := range axes {
		out.Size[c] = m.Size[old]
		flip[c] = rapid.Bool().Draw(t, "flip")
		if to[old][c] = 1; flip[c] {
			to[old][c], to[old][3] = -1, float64(m.Size[old]-1)
		}
	}
	out.Affine = m.Affine.Mul(to)
	for n := range out.Len() {
		at := out.Voxel(n)
		var old [3]int
		for c := range at {
			if old[axes[c]] = at[c]; flip[c] {
				old[axes[c]] = out.Size[c] - 1 - at[c]
			}
		}
		out.Labels = append(out.Labels, m.Labels[old[0]+m.Size[0]*(old[1]+m.Size[1]*old[2])])
	}
	return out
}

// stackIn is the axis of other, the same grid stored otherwise, that is g's third.
func stackIn(g, other volume.Grid) Axis {
	for c := range 3 {
		along := 0.0
		for r := range 3 {
			along += g.Affine[r][2] * other.Affine[r][c]
		}
		if s := g.Spacing()[2]; math.Abs(along) > .9*s*other.Spacing()[c] {
			return First + Axis(c)
		}
	}
	panic("not the same grid")
}

// anyMask is a sagittal stack, oblique or not, with up to three ellipsoids, some
// of them beyond its edge, some on one slice only.
func anyMask(t *rapid.T) *volume.Mask {
	thick := rapid.SampledFrom([]float64{1, 3, 4.5}).Draw(t, "thickness")
	turn := rotate(0, rapid.Float64Range(-20, 20).Draw(t, "y"), rapid.Float64Range(-20, 20).Draw(t, "z"))
	m := &volume.Mask{Grid: stackOf(volume.Sagittal, turn, .9, thick, rapid.IntRange(8, 30).Draw(t, "n"), rapid.IntRange(1, 7).Draw(t, "slices"), [3]float64{3, -7, 11})}
	m.Labels = make([]uint16, m.Len())
	for n := range rapid.IntRange(0, 3).Draw(t, "lesions") {
		d := rapid.Float64Range(2, 14).Draw(t, "diameter")
		e := solid.Random(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)), d)
		for i := range 3 {
			e.Centre[i] = []float64{3, -7, 11}[i] + rapid.Float64Range(-14, 14).Draw(t, "centre")
		}
		for i, l := range drawn(m.Grid, e).Labels {
			if l != 0 {
				m.Labels[i] = uint16(n + 1)
			}
		}
	}
	return m
}

// anyTarget is a stack of any view around the same place.
func anyTarget(t *rapid.T) volume.Grid {
	turn := rotate(rapid.Float64Range(-25, 25).Draw(t, "x"), rapid.Float64Range(-25, 25).Draw(t, "y"), 0)
	view := rapid.SampledFrom(volume.Views).Draw(t, "view")
	return stackOf(view, turn, .7, rapid.SampledFrom([]float64{.7, 4}).Draw(t, "thickness"), rapid.IntRange(6, 30).Draw(t, "n"), rapid.IntRange(1, 8).Draw(t, "slices"), [3]float64{2, -6, 10})
}

// Onto its own grid, stored in any way, a mask is the same voxel by voxel, with
// either method.
func TestIdentityIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMask(t)
		other := restored(t, m)
		method := rapid.SampledFrom([]Method{Shape, Linear, ""}).Draw(t, "method")
		for _, c := range [][2]*volume.Mask{{m, m}, {m, other}, {other, m}} {
			got, err := Transfer(c[0], c[1].Grid, Options{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c[1], got); d != "" {
				t.Fatal(d)
			}
			if got, err = Fit(c[0], c[1].Grid); err != nil || !slices.Equal(got.Labels, c[1].Labels) {
				t.Fatal(err)
			}
		}
	})
}

// How a mask and its target are stored does not change where a lesion goes.
func TestStorageDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, target := anyMask(t), &volume.Mask{Grid: anyTarget(t)}
		target.Labels = make([]uint16, target.Len())
		o := Options{Method: rapid.SampledFrom([]Method{Shape, Linear}).Draw(t, "method"), Merge: rapid.Bool().Draw(t, "merge"), Drawn: Third, Target: Third}
		a, err := Transfer(m, target.Grid, o)
		if err != nil {
			t.Fatal(err)
		}
		from, to := restored(t, m), restored(t, target).Grid
		o.Drawn, o.Target = stackIn(m.Grid, from.Grid), stackIn(target.Grid, to)
		b, err := Transfer(from, to, o)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Fit(b, target.Grid)
		if err != nil || !slices.Equal(a.Labels, back.Labels) {
			t.Fatal(err, "stored otherwise, the lesion lies otherwise")
		}
	})
}

// Lesions apart from each other do not see each other: each is where it would be
// alone. And merged is what one label would be.
func TestLesionsApart(t *testing.T) {
	for _, method := range []Method{Shape, Linear} {
		src := stackOf(volume.Sagittal, rotate(0, 8, 3), .6, 4, 100, 13, [3]float64{})
		dst := stackOf(volume.Axial, rotate(12, 0, 5), .7, 4, 86, 13, [3]float64{})
		var alone []*volume.Mask
		both := &volume.Mask{Grid: src, Labels: make([]uint16, src.Len())}
		for n, z := range []float64{-17, 17} {
			one := drawn(src, ellipsoid([3]float64{3, 2, z}, [3]float64{9, 7, 8}, rotate(10, 20, 30)))
			for i, l := range one.Labels {
				if l != 0 {
					one.Labels[i], both.Labels[i] = uint16(n+1), uint16(n+1)
				}
			}
			got, err := Transfer(one, dst, Options{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			alone = append(alone, got)
		}
		got, err := Transfer(both, dst, Options{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		merged, err := Transfer(both, dst, Options{Method: method, Merge: true})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i, l := range got.Labels {
			if want := max(alone[0].Labels[i], alone[1].Labels[i]); l != want {
				t.Fatalf("%s: voxel %v is %d, alone %d", method, got.Voxel(i), l, want)
			}
			if (l != 0) != (merged.Labels[i] == 1) {
				t.Fatalf("%s: merged differs", method)
			}
			if l != 0 {
				n++
			}
		}
		if n < 1000 {
			t.Errorf("%s: %d voxels", method, n)
		}
	}
}

// Two lesions that touch stay two, and no voxel of either is lost between them.
func TestTouchingLesions(t *testing.T) {
	src := stackOf(volume.Sagittal, rotate(0, 8, 3), .6, 3, 60, 13, [3]float64{})
	m := drawn(src, ellipsoid([3]float64{}, [3]float64{12, 12, 12}, rotate(0, 0, 0)))
	for i, l := range m.Labels {
		if v := m.Voxel(i); l != 0 && v[1] > 30 {
			m.Labels[i] = 7
		}
	}
	dst := stackOf(volume.Axial, rotate(10, 0, 5), .7, 3, 60, 12, [3]float64{})
	got, err := Transfer(m, dst, Options{})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := Transfer(m, dst, Options{Merge: true})
	if err != nil {
		t.Fatal(err)
	}
	var counts [8]int
	missing := 0
	for i, l := range got.Labels {
		counts[l]++
		if (l == 0) != (whole.Labels[i] == 0) {
			missing++
		}
	}
	if counts[1] < 500 || counts[7] < 500 || missing > (counts[1]+counts[7])*3/100 {
		t.Errorf("%d and %d voxels, %d differ from the whole", counts[1], counts[7], missing)
	}
}

// Where a lesion leaves the target's field of view the rest of it is where it is
// on a larger one.
func TestFieldOfView(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, g := anyMask(t), anyTarget(t)
		method := rapid.SampledFrom([]Method{Shape, Linear}).Draw(t, "method")
		small := g
		var from [3]int
		for a := range 3 {
			from[a] = rapid.IntRange(0, g.Size[a]-1).Draw(t, "from")
			small.Size[a] = rapid.IntRange(1, g.Size[a]-from[a]).Draw(t, "size")
		}
		first := g.Affine.Apply(voxel(from))
		for r := range 3 {
			small.Affine[r][3] = first[r]
		}
		// A stack that is one pixel wide is the same stack.
		whole, err := Transfer(m, g, Options{Method: method, Target: Third})
		if err != nil {
			t.Fatal(err)
		}
		part, err := Transfer(m, small, Options{Method: method, Target: Third})
		if err != nil {
			t.Fatal(err)
		}
		for i, l := range part.Labels {
			v := part.Voxel(i)
			at := (v[0] + from[0]) + g.Size[0]*((v[1]+from[1])+g.Size[1]*(v[2]+from[2]))
			if l != whole.Labels[at] {
				t.Fatalf("voxel %v is %d, %d on the larger grid", v, l, whole.Labels[at])
			}
		}
	})
}

// A lesion on one slice goes to where it was drawn, through the thickness of that
// slice.
func TestOneSlice(t *testing.T) {
	src := stackOf(volume.Sagittal, rotate(0, 0, 0), .5, 5, 80, 1, [3]float64{})
	m := drawn(src, ellipsoid([3]float64{0, 3, -4}, [3]float64{50, 8, 6}, rotate(0, 0, 0)))
	dst := stackOf(volume.Axial, rotate(0, 0, 0), .5, 1, 80, 40, [3]float64{})
	for _, method := range []Method{Shape, Linear} {
		got, err := Transfer(m, dst, Options{Method: method})
		if err != nil {
			t.Fatal(err)
		}
		c, n, edge := solid.Points(got)
		var lo, hi [3]float64
		for _, p := range edge {
			for a := range p {
				lo[a], hi[a] = min(lo[a], p[a]-c[a]), max(hi[a], p[a]-c[a])
			}
		}
		ml := float64(n) * .25
		if math.Abs(c[0]) > .3 || math.Abs(c[1]-3) > .3 || math.Abs(c[2]+4) > .3 || hi[0]-lo[0] > 5.01 || hi[0]-lo[0] < 4 || math.Abs(ml/(math.Pi*8*6*5)-1) > .1 {
			t.Errorf("%s: centre %v, %g mm³ of %g, %g mm thick", method, c, ml, math.Pi*8*6*5, hi[0]-lo[0])
		}
	}
}

// There and back again: most of the lesion is where it was.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var worst [2]float64
	for range 6 {
		src := stackOf(volume.Sagittal, rotate(0, 8, 3), .6, 4, 80, 12, [3]float64{})
		dst := stackOf(volume.Axial, rotate(12, 0, 5), .7, 4, 70, 12, [3]float64{})
		m := drawn(src, solid.Random(r, 24))
		for n, method := range []Method{Shape, Linear} {
			there, err := Transfer(m, dst, Options{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			back, err := Transfer(there, src, Options{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			a, _ := solid.Compare(m, back)
			worst[n] = max(worst[n], 1-a.Dice)
		}
	}
	t.Logf("worst Dice after a round trip: shape %.3f, linear %.3f", 1-worst[0], 1-worst[1])
	if 1-worst[0] < .93 || worst[0] > worst[1] {
		t.Errorf("worst Dice after a round trip: shape %.3f, linear %.3f", 1-worst[0], 1-worst[1])
	}
}

// A slab is half inside or not, whatever the shape: a plane is carried exactly.
func TestHalfOfTheSlab(t *testing.T) {
	src := stackOf(volume.Sagittal, rotate(0, 0, 0), .5, 1, 60, 40, [3]float64{})
	half := drawn(src, halfSpace{2.1})
	dst := stackOf(volume.Axial, rotate(0, 0, 0), .5, 5, 50, 5, [3]float64{})
	got, err := Transfer(half, dst, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range got.Labels {
		p := got.Affine.Apply(voxel(got.Voxel(i)))
		if math.Abs(p[0]) > 12 || math.Abs(p[1]) > 12 {
			continue
		}
		// In the mask the plane lies between voxels, at 2.25 or 2.0.
		if in := p[2] < 2.1; in != (l != 0) {
			t.Fatalf("slice at %g mm: %d", p[2], l)
		}
	}
}

type halfSpace struct{ z float64 }

func (h halfSpace) Along(p, _ [3]float64) [][2]float64 {
	if p[2] <= h.z && p[2] > -14 { // the stack's slices stand upright
		return [][2]float64{{-1, 1}}
	}
	return nil
}

func (h halfSpace) Bound() ([3]float64, float64) { return [3]float64{}, 100 }

func TestFrames(t *testing.T) {
	m := anyGridMask()
	dst := stackOf(volume.Axial, rotate(0, 0, 0), 1, 4, 20, 5, [3]float64{})
	o := Options{From: Frame{UID: "1.2.3"}, To: Frame{UID: "1.2.4"}}
	_, err := Transfer(m, dst, o)
	var f *fault.Input
	if !errors.As(err, &f) || f.Field != "FrameOfReferenceUID" {
		t.Error(err)
	}
	o.AnyFrame = true
	if _, err := Transfer(m, dst, o); err != nil {
		t.Error(err)
	}
	if _, err := Transfer(m, dst, Options{From: Frame{Study: "1"}, To: Frame{Study: "2"}}); err == nil {
		t.Error("another study was taken")
	}
	for _, o := range []Options{{}, {From: Frame{UID: "1.2.3"}}, {From: Frame{"1.2.3", "5"}, To: Frame{"1.2.3", ""}}} {
		if _, err := Transfer(m, dst, o); err != nil {
			t.Error(err)
		}
	}
}

func anyGridMask() *volume.Mask {
	return drawn(stackOf(volume.Sagittal, rotate(0, 0, 0), 1, 4, 24, 6, [3]float64{}), ellipsoid([3]float64{}, [3]float64{6, 6, 6}, rotate(0, 0, 0)))
}

func TestUnusable(t *testing.T) {
	m := anyGridMask()
	dst := stackOf(volume.Axial, rotate(0, 0, 0), 1, 4, 20, 5, [3]float64{})
	unknown := dst
	unknown.SpacingKnown = false
	for say, err := range map[string]error{
		"voxels of known size":      second(Transfer(m, unknown, Options{})),
		"expected shape or linear":  second(Transfer(m, dst, Options{Method: "nearest"})),
		"singular":                  second(Transfer(m, volume.Grid{Size: dst.Size, SpacingKnown: true}, Options{})),
		"3 labels":                  second(Transfer(&volume.Mask{Grid: m.Grid, Labels: make([]uint16, 3)}, dst, Options{})),
		"3 labels on":               second(Fit(&volume.Mask{Grid: m.Grid, Labels: make([]uint16, 3)}, m.Grid)),
		"spacing is known on one s": second(Fit(m, unknown)),
	} {
		if err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%v does not say %q", err, say)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A cut or padded mask is put back in place; lesions that fall off are an error.
func TestFitCutMasks(t *testing.T) {
	m := anyGridMask()
	cut := volume.Grid{Size: [3]int{16, 15, 5}, Affine: m.Affine, SpacingKnown: true}
	first := m.Affine.Apply([3]float64{4, 5, 1})
	for r := range 3 {
		cut.Affine[r][3] = first[r]
	}
	small, err := Fit(m, cut)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Fit(small, m.Grid)
	if err != nil || !slices.Equal(back.Labels, m.Labels) {
		t.Error(err, "a mask that was cut and padded is another one")
	}
	first = m.Affine.Apply([3]float64{12, 5, 1})
	for r := range 3 {
		cut.Affine[r][3] = first[r]
	}
	if _, err = Fit(m, cut); err == nil || !strings.Contains(err.Error(), "outside the series") {
		t.Error(err)
	}
}

// Where the grids differ, the error says in what and by how many mm; rounding of
// a file does not count.
func TestFitSaysWhatDiffers(t *testing.T) {
	m := anyGridMask()
	for say, change := range map[string]func(*volume.Grid){
		"origin differs by 2.3 mm":                  func(g *volume.Grid) { g.Affine[2][3] += 2.3 },
		"spacing along k is 4 against 4.5 mm (3 mm": func(g *volume.Grid) { scaleColumn(g, 2, 4.5/4) },
		"direction of i differs by 3°":              func(g *volume.Grid) { *g = stackOf(volume.Sagittal, rotate(3, 0, 0), 1, 4, 24, 6, [3]float64{}) },
		"size is 24×24×6 against 12×12×6 voxels":    func(g *volume.Grid) { scaleColumn(g, 0, 2); scaleColumn(g, 1, 2); g.Size[0], g.Size[1] = 12, 12 },
		"": func(g *volume.Grid) { g.Affine[0][3] += .03 },
	} {
		g := m.Grid
		change(&g)
		_, err := Fit(m, g)
		if say == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		var mismatch *volume.Mismatch
		if !errors.As(err, &mismatch) || !strings.Contains(err.Error(), say) {
			t.Errorf("%v does not say %q", err, say)
		}
		// The same, stored otherwise, gives the same sentence but for the axis' name.
		var f *fault.Input
		if !errors.As(err, &f) || f.Do == "" {
			t.Errorf("%v says no way out", err)
		}
	}
	// Axes that run alike are compared, not axes of one number.
	flipped := volume.Grid{Size: [3]int{6, 24, 24}, SpacingKnown: true}
	for r := range 3 {
		flipped.Affine[r] = [4]float64{-m.Affine[r][2], m.Affine[r][1], m.Affine[r][0], m.Affine[r][3] + 5*m.Affine[r][2]}
	}
	flipped.Affine[1][3] += 2.3
	if _, err := Fit(m, flipped); err == nil || !strings.Contains(err.Error(), ": origin differs by 2.3 mm (corners") {
		t.Error(err)
	}
}

func scaleColumn(g *volume.Grid, c int, by float64) {
	for r := range 3 {
		g.Affine[r][c] *= by
	}
}

func BenchmarkTransfer(b *testing.B) {
	src := stackOf(volume.Sagittal, rotate(0, 5, 3), .6, 4, 512, 24, [3]float64{})
	m := drawn(src, ellipsoid([3]float64{}, [3]float64{30, 25, 35}, rotate(10, 20, 30)))
	dst := stackOf(volume.Axial, rotate(8, 0, 5), .5, 4, 512, 24, [3]float64{})
	for _, method := range []Method{Shape, Linear} {
		b.Run(string(method), func(b *testing.B) {
			for b.Loop() {
				if _, err := Transfer(m, dst, Options{Method: method}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
