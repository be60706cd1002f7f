package volume

import (
	"errors"
	"math"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// rotation by a unit quaternion of whole numbers: right angles, half turns and
// 45° come up as well as anything.
func rotation(t *rapid.T) [3][3]float64 {
	var q [4]float64
	n := 0.0
	for n == 0 {
		for i := range q {
			q[i] = float64(rapid.IntRange(-4, 4).Draw(t, "q"))
			n += q[i] * q[i]
		}
		if n == 0 {
			q[0], n = 1, 1
		}
	}
	a, b, c, d := q[0], q[1], q[2], q[3]
	r := [3][3]float64{
		{a*a + b*b - c*c - d*d, 2 * (b*c - a*d), 2 * (b*d + a*c)},
		{2 * (b*c + a*d), a*a + c*c - b*b - d*d, 2 * (c*d - a*b)},
		{2 * (b*d - a*c), 2 * (c*d + a*b), a*a + d*d - c*c - b*b},
	}
	for i := range r {
		for k := range r[i] {
			r[i][k] /= n
		}
	}
	return r
}

// anyStack is a volume of distinct values and a mask of few labels on one grid.
func anyStack(t *rapid.T) (*Volume, *Mask) {
	r := rotation(t)
	g := Grid{SpacingKnown: rapid.Bool().Draw(t, "known")}
	spacing := [3]float64{1, 1, 1}
	if g.SpacingKnown {
		spacing = [3]float64{rapid.Float64Range(.3, 1.2).Draw(t, "x"), rapid.Float64Range(.3, 1.2).Draw(t, "y"), rapid.Float64Range(.3, 6).Draw(t, "z")}
	}
	for c := range 3 {
		g.Size[c] = rapid.IntRange(1, 9).Draw(t, "size")
		for i := range 3 {
			g.Affine[i][c] = r[i][c] * spacing[c]
		}
		g.Affine[c][3] = rapid.Float64Range(-200, 200).Draw(t, "origin")
	}
	v, m := &Volume{Grid: g}, &Mask{Grid: g}
	for i := range g.Len() {
		v.Data = append(v.Data, float32(i))
		m.Labels = append(m.Labels, rapid.SampledFrom([]uint16{0, 0, 0, 1, 2, 700}).Draw(t, "label"))
	}
	return v, m
}

// restored is the same voxels in the same places, stored with its axes permuted
// and flipped. It is written without the code under test, voxel by voxel.
func restored(t *rapid.T, v *Volume, m *Mask) (*Volume, *Mask) {
	axes := rapid.Permutation([]int{0, 1, 2}).Draw(t, "axes")
	g := Grid{SpacingKnown: v.SpacingKnown}
	var flip [3]bool
	var to Affine // new index → old index
	for c, old := range axes {
		g.Size[c] = v.Size[old]
		flip[c] = rapid.Bool().Draw(t, "flip")
		to[old][c] = 1
		if flip[c] {
			to[old][c], to[old][3] = -1, float64(v.Size[old]-1)
		}
	}
	g.Affine = v.Affine.Mul(to)
	nv, nm := &Volume{Grid: g}, &Mask{Grid: g}
	for n := range g.Len() {
		at := g.Voxel(n)
		var old [3]int
		for c := range at {
			old[axes[c]] = at[c]
			if flip[c] {
				old[axes[c]] = g.Size[c] - 1 - at[c]
			}
		}
		i := old[0] + v.Size[0]*(old[1]+v.Size[1]*old[2])
		nv.Data, nm.Labels = append(nv.Data, v.Data[i]), append(nm.Labels, m.Labels[i])
	}
	return nv, nm
}

var close9 = cmpopts.EquateApprox(0, 1e-9)

// How the same voxels are stored changes nothing: the canonical volume, the
// mask, the list of lesions, the resampled slices and the crops are the same.
func TestStorageDoesNotMatter(t *testing.T) {
	refused := 0
	rapid.Check(t, func(t *rapid.T) {
		v, m := anyStack(t)
		w, n := restored(t, v, m)
		view := rapid.SampledFrom(Views).Draw(t, "view")
		a, errA := v.Canonical(view)
		b, errB := w.Canonical(view)
		if (errA == nil) != (errB == nil) || errA != nil && errA.Error() != errB.Error() {
			t.Fatalf("%v, stored otherwise %v", errA, errB)
		}
		if errA != nil {
			refused++
			return
		}
		if d := cmp.Diff(a, b, close9); d != "" {
			t.Fatal(d)
		}
		ma, err := m.Canonical(view)
		if err != nil {
			t.Fatal(err)
		}
		mb, err := n.Canonical(view)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(ma, mb, close9); d != "" {
			t.Fatal(d)
		}
		if err := ma.Match(a.Grid); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(a.ResampleInPlane(.7), b.ResampleInPlane(.7), cmpopts.EquateApprox(1e-5, 1e-5)); d != "" {
			t.Fatal(d)
		}
		for _, l := range ma.Drawn() {
			pa := a.Slice(l.Slice).Crop(l.Centre[0], l.Centre[1], 6, -1)
			pb := b.Slice(l.Slice).Crop(l.Centre[0], l.Centre[1], 6, -1)
			if !slices.Equal(pa.Pix, pb.Pix) {
				t.Fatal("crops differ")
			}
		}
	})
	t.Logf("%d stacks were of another view", refused)
}

// A canonical volume's voxels are where they were, and its axes run as a reader
// expects them to.
func TestCanonicalIsInPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, _ := anyStack(t)
		view := rapid.SampledFrom(Views).Draw(t, "view")
		c, err := v.Canonical(view)
		if err != nil {
			return
		}
		back, err := v.Affine.Inverse()
		if err != nil {
			t.Fatal(err)
		}
		for n, x := range c.Data {
			at := c.Voxel(n)
			p := back.Apply(c.Affine.Apply([3]float64{float64(at[0]), float64(at[1]), float64(at[2])}))
			var old [3]int
			for i := range p {
				old[i] = int(math.Round(p[i]))
				if math.Abs(p[i]-float64(old[i])) > 1e-9 {
					t.Fatalf("voxel %v lies between the old ones, at %v", at, p)
				}
			}
			if want := v.Data[old[0]+v.Size[0]*(old[1]+v.Size[1]*old[2])]; x != want {
				t.Fatalf("voxel %v is %v, was %v", at, x, want)
			}
		}
		// RAS+: right, anterior and superior are positive.
		want := map[View][3][2]float64{ // axis, sign of i, j, k
			Sagittal: {{1, -1}, {2, -1}, {0, 1}},
			Coronal:  {{0, -1}, {2, -1}, {1, -1}},
			Axial:    {{0, -1}, {1, -1}, {2, 1}},
		}[view]
		// Of the six pairings with the patient's axes, none is nearer.
		cos := func(axis, col int) float64 { return math.Abs(c.Affine.direction(col)[axis]) }
		var sum, most float64
		for col, w := range want {
			if c.Affine[int(w[0])][col]*w[1] < 0 {
				t.Fatalf("axis %d runs the wrong way: %v", col, c.Affine)
			}
			sum += cos(int(w[0]), col)
		}
		for _, p := range [][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
			most = max(most, cos(p[0], 0)+cos(p[1], 1)+cos(p[2], 2))
		}
		if sum < most-1e-5 {
			t.Fatalf("another pairing is nearer: %v", c.Affine)
		}
	})
}

func TestInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, _ := anyStack(t)
		inv, err := v.Affine.Inverse()
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(v.Affine.Mul(inv), Scaling(1, 1, 1), cmpopts.EquateApprox(0, 1e-9)); d != "" {
			t.Fatal(d)
		}
		p := [3]float64{3, -7, 11}
		if d := distance(inv.Apply(v.Affine.Apply(p)), p); d > 1e-9 {
			t.Fatal(d)
		}
	})
	for _, a := range []Affine{{}, {{1, 1, 0}, {0, 0, 0}, {0, 0, 1}}, {{math.NaN(), 0, 0}, {0, 1, 0}, {0, 0, 1}}, {{math.Inf(1), 0, 0}, {0, 1, 0}, {0, 0, 1}}, {{1, 0, 0, math.NaN()}, {0, 1, 0}, {0, 0, 1}}} {
		if inv, err := a.Inverse(); err == nil {
			t.Errorf("%v has the inverse %v", a, inv)
		}
	}
	if _, err := Scaling(1e-6, 1e-6, 1e-6).Inverse(); err != nil {
		t.Error("small voxels:", err)
	}
}

func TestMatch(t *testing.T) {
	g := Grid{Size: [3]int{320, 320, 15}, Affine: Scaling(.7, .7, 4), SpacingKnown: true}
	turned := g
	s, c := math.Sincos(math.Pi / 180)
	turned.Affine = Affine{{c * .7, -s * .7, 0, 0}, {s * .7, c * .7, 0, 0}, {0, 0, 4, 0}}
	nan := g
	nan.Affine[0][0] = math.NaN()
	for _, c := range []struct {
		name string
		o    Grid
		mm   float64
		say  []string
		not  string
	}{
		{"size", Grid{[3]int{320, 320, 16}, g.Affine, true}, 4, []string{"size is 320×320×15 against 320×320×16 voxels"}, "spacing"},
		{"origin", Grid{g.Size, Affine{{.7, 0, 0, .3}, {0, .7, 0, -.4}, {0, 0, 4, 0}}, true}, .5, []string{"origin differs by 0.5 mm"}, "direction"},
		// The far corner is 319.5 voxels off: .01·319.5.
		{"spacing", Grid{g.Size, Scaling(.71, .7, 4), true}, 3.195, []string{"spacing along i is 0.7 against 0.71 mm (3.2 mm over 320 voxels)"}, "origin"},
		// 2·sin(½°) times the far corner's distance from the axis, 319.5·.7·√2.
		{"direction", turned, 5.520213, []string{"direction of i differs by 1°", "direction of j differs by 1°"}, "spacing"},
		{"slices' order", Grid{g.Size, Affine{{.7, 0, 0, 0}, {0, .7, 0, 0}, {0, 0, -4, 56}}, true}, 60, []string{"direction of k differs by 180°", "origin differs by 56 mm"}, "spacing"},
		{"unknown", Grid{g.Size, g.Affine, false}, 0, []string{"known on one side only"}, "origin"},
		{"not finite", nan, math.NaN(), []string{"spacing along i"}, "origin"},
	} {
		for _, err := range []error{g.Match(c.o), c.o.Match(g)} {
			var m *Mismatch
			if !errors.As(err, &m) {
				t.Errorf("%s: %v", c.name, err)
				continue
			}
			if math.Abs(m.MM-c.mm) > 1e-5 || math.IsNaN(m.MM) != math.IsNaN(c.mm) {
				t.Errorf("%s: %v mm, want %v", c.name, m.MM, c.mm)
			}
			if strings.Contains(err.Error(), c.not) {
				t.Errorf("%s: %q blames the %s", c.name, err, c.not)
			}
		}
		for _, say := range c.say {
			if err := g.Match(c.o); err == nil || !strings.Contains(err.Error(), say) {
				t.Errorf("%s: %v does not say %q", c.name, err, say)
			}
		}
	}
	// What single precision does to an affine is no other grid; .01 mm is.
	rapid.Check(t, func(t *rapid.T) {
		v, _ := anyStack(t)
		o := v.Grid
		for r := range o.Affine {
			for c := range o.Affine[r] {
				o.Affine[r][c] = float64(float32(o.Affine[r][c]))
			}
		}
		if err := v.Match(o); err != nil {
			t.Fatal(err)
		}
		o.Affine[rapid.IntRange(0, 2).Draw(t, "axis")][3] += .01
		if err := v.Match(o); err == nil {
			t.Fatal("0.01 mm unnoticed")
		}
	})
}

// Window is exactly the definition, spelt out by sorting.
func TestWindowIsItsDefinition(t *testing.T) {
	percentile := func(p []float64, q float64) float64 {
		at := q / 100 * float64(len(p)-1)
		i := int(at)
		if i+1 == len(p) {
			return p[i]
		}
		return p[i] + (at-float64(i))*(p[i+1]-p[i])
	}
	rapid.Check(t, func(t *rapid.T) {
		whole := func(least, most int32) *rapid.Generator[float32] {
			return rapid.Map(rapid.Int32Range(least, most), func(n int32) float32 { return float32(n) })
		}
		of := rapid.OneOf(rapid.Just(float32(0)), rapid.Float32Range(-50, 50), rapid.Float32Range(0, 1e30))
		if rapid.Bool().Draw(t, "whole numbers") { // as scanners write them; the last kind spans the bound beyond which they are not counted one by one
			of = rapid.SampledFrom([]*rapid.Generator[float32]{whole(-300, 4095), whole(-1<<31, -1<<31+60000), whole(1<<31-60001, 1<<31-1), whole(-33000, 33000)}).Draw(t, "kind")
		}
		pix := rapid.SliceOfN(of, 1, 400).Draw(t, "pix")
		p := make([]float64, len(pix))
		for i, x := range pix {
			p[i] = float64(x)
		}
		sort.Float64s(p)
		lo, hi := Window(pix)
		if p[0] == p[len(p)-1] {
			if lo != hi || lo != pix[0] {
				t.Fatal(lo, hi)
			}
			return
		}
		if !(lo < hi) {
			t.Fatalf("%v, %v for an image that is not flat", lo, hi)
		}
		body := slices.Clone(p)
		thr := p[0] + .1*(percentile(p, 99)-p[0])
		body = slices.DeleteFunc(body, func(x float64) bool { return x <= thr })
		if len(body) == 0 {
			return
		}
		wl, wh := float32(percentile(body, .1)), float32(percentile(body, 99.9))
		if wl < wh && (lo != wl || hi != wh) {
			t.Fatalf("%v, %v; by sorting %v, %v", lo, hi, wl, wh)
		}
	})
}

// Windowing follows a change of units: x → 2x + 3 (exact for these numbers).
func TestWindowFollowsScale(t *testing.T) {
	p, q := []float32{}, []float32{}
	for _, x := range noise(3000) {
		p, q = append(p, float32(x)), append(q, float32(2*x+3))
	}
	lo, hi := Window(p)
	lo2, hi2 := Window(q)
	if math.Abs(float64(2*lo+3-lo2)) > .01 || math.Abs(float64(2*hi+3-hi2)) > .01 {
		t.Errorf("%v, %v became %v, %v", lo, hi, lo2, hi2)
	}
}

// lesions is a canonical mask with one box for each label, and those boxes.
func lesions(size [3]int, boxes map[uint16][4]int, k int) *Mask {
	m := &Mask{Grid: Grid{Size: size, Affine: Scaling(1, 1, 4), SpacingKnown: true}, Labels: make([]uint16, size[0]*size[1]*size[2])}
	for l, b := range boxes {
		for y := b[1]; y < b[3]; y++ {
			for x := b[0]; x < b[2]; x++ {
				m.Labels[x+size[0]*(y+size[1]*k)] = l
			}
		}
	}
	return m
}

// A lesion that is larger than the crop fills it, or is cut alike on both sides;
// its size in pixels is kept, and what share of it the crop shows follows from
// both. One at the edge of the image, or beyond two, is in the middle all the same.
func TestLesionsLargerThanACrop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 60).Draw(t, "w"), rapid.IntRange(1, 60).Draw(t, "h")
		x, y := rapid.IntRange(0, 60-w).Draw(t, "x"), rapid.IntRange(0, 60-h).Draw(t, "y")
		side := 2 * rapid.IntRange(2, 16).Draw(t, "side")
		slices := rapid.IntRange(1, 3).Draw(t, "slices")
		k := rapid.IntRange(0, slices-1).Draw(t, "k")
		m := lesions([3]int{60, 60, slices}, map[uint16][4]int{3: {x, y, x + w, y + h}}, k)
		all := m.Drawn()
		if len(all) != 1 || all[0].Slice != k || all[0].Area != w*h {
			t.Fatalf("%+v", all)
		}
		got, inside := m.CropLabels(k, all[0].Centre[0], all[0].Centre[1], side)
		n := 0
		for i, l := range got {
			if l {
				n++
				if !inside[i] {
					t.Fatal("a lesion in the padding")
				}
			}
		}
		if want := min(w, side) * min(h, side); n != want {
			t.Fatalf("%d pixels of %d×%d in a crop of %d, expected %d", n, w, h, side, want)
		}
	})
}

// Of two lesions that are farther apart than a crop reaches, each has a crop of its
// own, without the other; of nearer ones both crops show what is in reach.
func TestLesionsFarApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := 2 * rapid.IntRange(4, 12).Draw(t, "side")
		a, b := rapid.IntRange(1, 8).Draw(t, "a"), rapid.IntRange(1, 8).Draw(t, "b")
		gap := rapid.IntRange(1, 60).Draw(t, "gap")
		boxes := map[uint16][4]int{1: {3, 10, 3 + a, 10 + a}, 2: {3 + a + gap, 12, 3 + a + gap + b, 12 + b}}
		m := lesions([3]int{90, 40, 1}, boxes, 0)
		all := m.Drawn()
		if len(all) != 2 {
			t.Fatalf("%+v", all)
		}
		for _, d := range all {
			got, _ := m.CropLabels(0, d.Centre[0], d.Centre[1], side)
			n := 0
			for _, l := range got {
				if l {
					n++
				}
			}
			// By hand: columns and rows of each box that the crop reaches.
			want := 0
			for _, q := range boxes {
				x := max(0, min(q[2], d.Centre[0]+side/2)-max(q[0], d.Centre[0]-side/2))
				y := max(0, min(q[3], d.Centre[1]+side/2)-max(q[1], d.Centre[1]-side/2))
				want += x * y
			}
			if n != want {
				t.Fatalf("%d pixels in the crop of lesion %d, expected %d", n, d.Label, want)
			}
			if own := d.Area; gap > side && n != min(own, n) {
				t.Fatalf("the crop of lesion %d shows another one", d.Label)
			}
		}
	})
}

// A point in the middle of a voxel, or anywhere nearer to it than to the next, is
// held by that voxel; one beyond the outermost halves by none.
func TestGridAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stack, _ := anyStack(t)
		g := stack.Grid
		v := g.Voxel(rapid.IntRange(0, g.Len()-1).Draw(t, "voxel"))
		at := [3]float64{}
		for axis := range at {
			at[axis] = float64(v[axis]) + rapid.Float64Range(-0.49, 0.49).Draw(t, "off")
		}
		if got, ok := g.At(g.Affine.Apply(at)); !ok || got != v {
			t.Fatalf("%v, %v; want %v", got, ok, v)
		}
		axis := rapid.IntRange(0, 2).Draw(t, "axis")
		at[axis] = float64(g.Size[axis]) - 0.49
		if _, ok := g.At(g.Affine.Apply(at)); ok {
			t.Fatal("a point beyond the grid is held")
		}
	})
}
