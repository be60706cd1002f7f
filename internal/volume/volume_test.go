package volume

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func grid(w, h, d int) Grid {
	return Grid{Size: [3]int{w, h, d}, Affine: Scaling(1, 1, 1), SpacingKnown: true}
}

// A stack is told from its voxels; one of another view is refused by name.
func TestCanonicalRefusesOtherViews(t *testing.T) {
	sagittal := Affine{{0, 0, 4, 0}, {.7, 0, 0, 0}, {0, .7, 0, 0}}
	axial := Scaling(.7, .7, 4)
	for _, c := range []struct {
		name  string
		g     Grid
		views []View // that it may be offered as
	}{
		{"axial", Grid{[3]int{20, 20, 5}, axial, true}, []View{Axial}},
		{"more slices than columns", Grid{[3]int{5, 5, 20}, axial, true}, []View{Axial}},
		{"sagittal", Grid{[3]int{20, 20, 5}, sagittal, true}, []View{Sagittal}},
		{"one thin slice", Grid{[3]int{20, 1, 20}, Scaling(1, .1, 1), true}, []View{Coronal}},
		{"unknown spacing, few slices", Grid{[3]int{3, 20, 20}, Scaling(1, 1, 1), false}, []View{Sagittal}},
		{"unknown spacing, a block", Grid{[3]int{10, 20, 20}, Scaling(1, 1, 1), false}, Views},
		{"cubic voxels", Grid{[3]int{3, 20, 20}, Scaling(1, 1, 1.4), true}, Views},
		{"44° oblique", Grid{[3]int{20, 20, 5}, turned(axial, 44), true}, []View{Axial}},
		{"46° oblique", Grid{[3]int{20, 20, 5}, turned(axial, 46), true}, []View{Coronal}},
	} {
		v := &Volume{Grid: c.g, Data: make([]float32, c.g.Len())}
		for _, view := range Views {
			_, err := v.Canonical(view)
			if ok := slices.Contains(c.views, view); ok != (err == nil) {
				t.Errorf("%s as %v: %v", c.name, view, err)
			}
			if err != nil && !strings.Contains(err.Error(), "the stack is "+c.views[0].String()+", not "+view.String()) {
				t.Errorf("%s as %v: %v", c.name, view, err)
			}
		}
	}
}

// turned is a turned about the left–right axis.
func turned(a Affine, degrees float64) Affine {
	s, c := math.Sincos(degrees * math.Pi / 180)
	return Affine{{1, 0, 0, 0}, {0, c, -s, 0}, {0, s, c, 0}}.Mul(a)
}

func TestCanonicalRefusesBrokenGrids(t *testing.T) {
	for name, v := range map[string]*Volume{
		"empty":    {Grid: grid(0, 2, 2)},
		"negative": {Grid: grid(-2, -2, 1), Data: make([]float32, 4)},
		"short":    {Grid: grid(2, 2, 2), Data: make([]float32, 7)},
		"singular": {Grid: Grid{Size: [3]int{1, 1, 1}}, Data: make([]float32, 1)},
	} {
		if _, err := v.Canonical(Axial); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := (&Volume{Grid: grid(1, 1, 1), Data: make([]float32, 1)}).Canonical(3); err == nil {
		t.Error("view 3: no error")
	}
}

// Storage that runs across the slices is copied in blocks: sizes beyond a block
// and no multiple of one, each order of axes, against the plain loop.
func TestCanonicalBlocks(t *testing.T) {
	for _, a := range []Affine{
		{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, -1, 0}},
		{{0, 1, 0, 0}, {-1, 0, 0, 0}, {0, 0, 1, 0}},
		{{0, 0, 1, 0}, {0, 1, 0, 0}, {1, 0, 0, 0}},
		{{0, 0, 1, 0}, {1, 0, 0, 0}, {0, -1, 0, 0}},
		{{0, 1, 0, 0}, {0, 0, 1, 0}, {-1, 0, 0, 0}},
		{{1, 0, 0, 0}, {0, 0, 1, 0}, {0, 1, 0, 0}},
	} {
		v := &Volume{Grid: Grid{[3]int{tile + 7, 2*tile + 1, tile}, a, true}}
		for i := range v.Len() {
			v.Data = append(v.Data, float32(i))
		}
		for _, view := range Views {
			c, err := v.Canonical(view)
			if err != nil {
				t.Fatal(err)
			}
			back, err := a.Inverse()
			if err != nil {
				t.Fatal(err)
			}
			for n, x := range c.Data {
				at := c.Voxel(n)
				p := back.Apply(c.Affine.Apply([3]float64{float64(at[0]), float64(at[1]), float64(at[2])}))
				if want := p[0] + float64(v.Size[0])*(p[1]+float64(v.Size[1])*p[2]); float64(x) != want {
					t.Fatalf("%v of %v: voxel %v is old voxel %v, want %v", view, a, at, x, want)
				}
			}
		}
	}
}

// What is canonical already comes back as it is, without a copy; what is not
// leaves the original alone.
func TestCanonicalLeavesTheOriginal(t *testing.T) {
	v := &Volume{Grid: Grid{[3]int{2, 2, 2}, Affine{{-1, 0, 0, 0}, {0, -1, 0, 0}, {0, 0, 1, 0}}, true}, Data: []float32{0, 1, 2, 3, 4, 5, 6, 7}}
	c, err := v.Canonical(Axial)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(v, c); d != "" {
		t.Error("canonical already, and yet:", d)
	}
	if &c.Data[0] != &v.Data[0] {
		t.Error("copied without need")
	}
	v.Affine[0][0] = 1 // stored from right to left
	if c, err = v.Canonical(Axial); err != nil {
		t.Fatal(err)
	}
	c.Data[0] = 9
	if v.Data[0] == 9 || v.Data[1] == 9 {
		t.Error("shared, though reordered")
	}
}

func TestCrop(t *testing.T) {
	v := &Volume{Grid: grid(4, 3, 2), Data: make([]float32, 24)}
	m := &Mask{Grid: v.Grid, Labels: make([]uint16, 24)}
	for i := range v.Data {
		v.Data[i] = float32(i)
		m.Labels[i] = uint16(i % 3)
	}
	// Columns 2-2 … 2+1 and rows 0-2 … 0+1 of slice 1, whose first pixel is 12.
	got := v.Slice(1).Crop(2, 0, 4, -1)
	want := Plane{W: 4, H: 4, Pix: []float32{
		-1, -1, -1, -1,
		-1, -1, -1, -1,
		12, 13, 14, 15,
		16, 17, 18, 19,
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(Plane{W: 3, H: 3, Pix: []float32{18, 19, -1, 22, 23, -1, -1, -1, -1}}, v.Slice(1).Crop(3, 2, 3, -1)); d != "" {
		t.Error(d)
	}
	// Pixel by pixel, everywhere, also where the crop misses the image.
	rapid.Check(t, func(t *rapid.T) {
		cx, cy := rapid.IntRange(-12, 12).Draw(t, "cx"), rapid.IntRange(-12, 12).Draw(t, "cy")
		side, k := rapid.IntRange(0, 9).Draw(t, "side"), rapid.IntRange(0, 1).Draw(t, "k")
		p := v.Slice(k).Crop(cx, cy, side, -1)
		labels, inside := m.CropLabels(k, cx, cy, side)
		for n := range side * side {
			x, y := cx-side/2+n%side, cy-side/2+n/side
			in := x >= 0 && x < 4 && y >= 0 && y < 3
			pix, label := float32(-1), false
			if in {
				pix = float32(k*12 + y*4 + x)
				label = int(pix)%3 != 0
			}
			if p.Pix[n] != pix || inside[n] != in || labels[n] != label {
				t.Fatalf("pixel %d of %d around (%d,%d): %v %v %v", n, side, cx, cy, p.Pix[n], inside[n], labels[n])
			}
		}
	})
}

func TestDrawn(t *testing.T) {
	m := &Mask{Grid: grid(6, 4, 2), Labels: []uint16{
		0, 0, 0, 0, 0, 5,
		0, 3, 3, 0, 0, 0,
		0, 3, 3, 5, 0, 0,
		0, 0, 3, 0, 0, 0,

		0, 0, 0, 0, 0, 0,
		5, 5, 5, 5, 3, 0,
		0, 0, 0, 0, 3, 0,
		0, 0, 0, 0, 0, 0,
	}}
	want := []Drawn{
		{Label: 3, Slice: 0, Area: 5, Box: [4]int{1, 1, 3, 4}, Centre: [2]int{2, 2}},
		{Label: 5, Slice: 1, Area: 4, Box: [4]int{0, 1, 4, 2}, Centre: [2]int{2, 1}},
		{Label: 5, Slice: 0, Area: 2, Box: [4]int{3, 0, 6, 3}, Centre: [2]int{4, 1}},
		{Label: 3, Slice: 1, Area: 2, Box: [4]int{4, 1, 5, 3}, Centre: [2]int{4, 2}},
	}
	if d := cmp.Diff(want, m.Drawn()); d != "" {
		t.Error(d)
	}
	if got := (&Mask{Grid: grid(3, 3, 1), Labels: make([]uint16, 9)}).Drawn(); len(got) != 0 {
		t.Error(got)
	}
	// An even crop around Centre has the box in its middle, to a pixel.
	rapid.Check(t, func(t *rapid.T) {
		m := &Mask{Grid: grid(30, 30, 1), Labels: make([]uint16, 900)}
		x0, y0 := rapid.IntRange(0, 20).Draw(t, "x"), rapid.IntRange(0, 20).Draw(t, "y")
		w, h := rapid.IntRange(1, 9).Draw(t, "w"), rapid.IntRange(1, 9).Draw(t, "h")
		for y := y0; y < y0+h; y++ {
			for x := x0; x < x0+w; x++ {
				m.Labels[30*y+x] = 7
			}
		}
		d := m.Drawn()[0]
		labels, _ := m.CropLabels(0, d.Centre[0], d.Centre[1], 12)
		left, right, area := 12, -1, 0
		for n, l := range labels {
			if l {
				left, right, area = min(left, n%12), max(right, n%12), area+1
			}
		}
		// Margins: left columns before, 11−right after; the odd one goes left.
		if d.Area != w*h || area != w*h || left-(11-right) != w%2 {
			t.Fatalf("%+v in columns %d to %d, area %d", d, left, right, area)
		}
	})
}

func TestResampleNoOp(t *testing.T) {
	v := &Volume{Grid: grid(4, 4, 1), Data: make([]float32, 16)}
	m := &Mask{Grid: v.Grid, Labels: make([]uint16, 16)}
	for _, mm := range []float64{1, 1.00009, 0, -1, math.NaN(), math.Inf(1)} {
		if v.ResampleInPlane(mm) != v || m.ResampleInPlane(mm) != m {
			t.Errorf("%g mm is not what it was", mm)
		}
	}
	if v.ResampleInPlane(1.0002) == v {
		t.Error("1.0002 mm is 1 mm")
	}
	v.SpacingKnown, m.SpacingKnown = false, false
	if v.ResampleInPlane(.5) != v || m.ResampleInPlane(.5) != m {
		t.Error("unknown spacing was resampled")
	}
}

// Volume and mask stay on one grid; a flat image stays flat; the field of view
// changes by less than a pixel; values stay between the old.
func TestResampleKeeps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, m := anyStack(t)
		mm := rapid.Float64Range(.2, 5).Draw(t, "mm")
		a, b := v.ResampleInPlane(mm), m.ResampleInPlane(mm)
		if err := a.Match(b.Grid); err != nil || len(a.Data) != a.Len() || len(b.Labels) != b.Len() {
			t.Fatal(err, len(a.Data), len(b.Labels))
		}
		if a == v {
			return
		}
		if d := distance(centre(v.Grid), centre(a.Grid)); d > 1e-9 {
			t.Fatalf("centre moved by %g mm", d)
		}
		s := v.Spacing()
		for i := range 2 {
			if d := math.Abs(float64(v.Size[i])*s[i] - float64(a.Size[i])*mm); a.Size[i] > 1 && d > mm/2+1e-9 {
				t.Fatalf("field of view changed by %g mm", d)
			}
		}
		least, most := slices.Min(v.Data), slices.Max(v.Data)
		for _, x := range a.Data {
			if x < least-1e-3 || x > most+1e-3 {
				t.Fatalf("%v outside %v to %v", x, least, most)
			}
		}
		for i := range m.Labels {
			m.Labels[i] = 9
			v.Data[i] = 5
		}
		for i, x := range v.ResampleInPlane(mm).Data {
			if math.Abs(float64(x-5)) > 1e-4 {
				t.Fatalf("flat image has %v at %d", x, i)
			}
		}
		for i, l := range m.ResampleInPlane(mm).Labels {
			if l != 9 {
				t.Fatalf("full mask has %d at %d", l, i)
			}
		}
	})
}

// Each label is the volume method's result on its indicator, at one half.
func TestResampleMaskIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, m := anyStack(t)
		m.SpacingKnown = true
		mm := rapid.Float64Range(.2, 3).Draw(t, "mm")
		got := m.ResampleInPlane(mm)
		want := make([]uint16, len(got.Labels))
		for _, l := range []uint16{1, 2, 700} {
			one := &Volume{Grid: m.Grid, Data: make([]float32, m.Len())}
			for i := range one.Data {
				if m.Labels[i] == l {
					one.Data[i] = 1
				}
			}
			for i, x := range one.ResampleInPlane(mm).Data {
				if x >= .5-1e-5 && want[i] == 0 {
					want[i] = l
				}
			}
		}
		if d := cmp.Diff(want, got.Labels); d != "" {
			t.Fatal(d)
		}
	})
}

// A disc keeps its area in mm² within the pixels of its edge.
func TestResampleDisc(t *testing.T) {
	m := &Mask{Grid: Grid{[3]int{200, 160, 1}, Scaling(.5, .625, 4), true}, Labels: make([]uint16, 200*160)}
	for i := range m.Labels {
		x, y := (float64(i%200)-99.5)*.5, (float64(i/200)-79.5)*.625
		if x*x+y*y < 30*30 {
			m.Labels[i] = 3
		}
	}
	for _, mm := range []float64{.3, .7, 1.1, 2} {
		area := 0
		for _, l := range m.ResampleInPlane(mm).Labels {
			area += int(l) / 3
		}
		if got, want := float64(area)*mm*mm, math.Pi*900; math.Abs(got-want) > .02*want {
			t.Errorf("at %g mm %.0f mm², want %.0f", mm, got, want)
		}
	}
}

// bench is a spine series in the storage of a sagittal acquisition.
func bench() *Volume {
	v := &Volume{Grid: Grid{[3]int{320, 320, 20}, Affine{{0, 0, 4, 0}, {.9, 0, 0, 0}, {0, .9, 0, 0}}, true}}
	for _, x := range noise(v.Len()) {
		v.Data = append(v.Data, float32(x))
	}
	return v
}

func BenchmarkCanonical(b *testing.B) {
	inPlace := bench() // flips only
	across := bench()  // slices first in storage
	across.Grid = Grid{[3]int{20, 320, 320}, Affine{{4, 0, 0, 0}, {0, .9, 0, 0}, {0, 0, .9, 0}}, true}
	for name, v := range map[string]*Volume{"flip": inPlace, "transpose": across} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(4 * v.Len()))
			for b.Loop() {
				if _, err := v.Canonical(Sagittal); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkResampleInPlane(b *testing.B) {
	v := bench()
	for name, mm := range map[string]float64{"grow": .7, "shrink": 1.2} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(4 * v.Len()))
			for b.Loop() {
				v.ResampleInPlane(mm)
			}
		})
	}
}

func BenchmarkWindow(b *testing.B) {
	v := bench()
	for name, pix := range map[string][]float32{"stack": v.Data, "slice": v.Slice(3).Pix} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(4 * len(pix)))
			for b.Loop() {
				Window(pix)
			}
		})
	}
}
