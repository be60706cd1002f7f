package annotation

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/volume"
)

// A ball's measures against its formulas: the diameter of its outlines, its
// volume, its centre, on oblique stacks.
func TestMeasureBalls(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, d := range []float64{8, 16, 30} {
		var diameter, ml float64
		const n = 12
		for range n {
			g := stackOf(volume.Sagittal, rotate(0, r.Float64()*20, r.Float64()*20), .7, 3, 60, 13, [3]float64{})
			e := ellipsoid([3]float64{r.Float64() * 3, r.Float64() * 3, r.Float64() * 3}, [3]float64{d / 2, d / 2, d / 2}, rotate(0, 0, 0))
			got, err := Measure(drawn(g, e), Third)
			if err != nil || len(got) != 1 || got[0].Label != 1 {
				t.Fatal(got, err)
			}
			diameter += got[0].DiameterMM / n
			ml += got[0].VolumeML / n
			off := 0.0
			for a := range 3 {
				off = max(off, math.Abs(got[0].Centre[a]-e.Centre[a]))
			}
			if off > .8 {
				t.Errorf("centre %v, want %v", got[0].Centre, e.Centre)
			}
		}
		// The edges of pixels stand out by a third to a half of a pixel.
		want := math.Pi / 6 * d * d * d / 1000
		t.Logf("%g mm: diameter %.2f, volume %.3f of %.3f ml", d, diameter, ml, want)
		if math.Abs(diameter-d) > .6 || math.Abs(ml/want-1) > .06 {
			t.Errorf("%g mm: diameter %.2f, volume %.3f of %.3f ml", d, diameter, ml, want)
		}
	}
}

// What can be counted by hand: an L of pixels of .5×.75 mm on slices of 4 mm.
func TestMeasureByHand(t *testing.T) {
	g := volume.Grid{Size: [3]int{6, 5, 3}, Affine: volume.Affine{{0, 0, 4, 1}, {.5, 0, 0, 2}, {0, .75, 0, 3}}, SpacingKnown: true}
	m := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	set := func(l uint16, x, y, z int) { m.Labels[x+6*(y+5*z)] = l }
	for x := range 4 {
		set(9, x, 0, 1)
	}
	for y := range 4 {
		set(9, 0, y, 1)
	}
	set(9, 2, 2, 2)
	set(3, 5, 4, 0)
	got, err := Measure(m, Guess)
	if err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	// From the upper edge of pixel (3,0) to the lower edge of pixel (0,3): in mm
	// (1.5, −.375) to (0, 2.625).
	if want := math.Hypot(1.5, 3); got[1].Label != 9 || math.Abs(got[1].DiameterMM-want) > 1e-12 || got[1].DiameterSlice != 1 || got[1].Voxels != 8 || got[1].Slices != 2 {
		t.Errorf("%+v, diameter %g", got[1], want)
	}
	if math.Abs(got[1].VolumeML-8*.5*.75*4/1000) > 1e-12 {
		t.Errorf("%+v", got[1])
	}
	// A single pixel: its longer edge.
	if want := (Lesion{Label: 3, Voxels: 1, VolumeML: .0015, Slices: 1, Centre: [3]float64{1, 4.5, 6}, DiameterMM: .75}); math.Abs(got[0].VolumeML-want.VolumeML) > 1e-12 || got[0].DiameterMM != want.DiameterMM || got[0].Centre != want.Centre {
		t.Errorf("%+v, want %+v", got[0], want)
	}
	g.SpacingKnown = false
	if _, err := Measure(&volume.Mask{Grid: g, Labels: m.Labels}, Guess); err == nil {
		t.Error("measured without a spacing")
	}
}

// How a mask is stored changes no measure.
func TestMeasureStorage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMask(t)
		a, err := Measure(m, Third)
		if err != nil {
			t.Fatal(err)
		}
		other := restored(t, m)
		b, err := Measure(other, stackIn(m.Grid, other.Grid))
		if err != nil || len(a) != len(b) {
			t.Fatal(err, a, b)
		}
		stacks := []volume.Grid{anyTarget(t)}
		ca, err := Coverage(m, Third, stacks)
		if err != nil {
			t.Fatal(err)
		}
		cb, err := Coverage(other, stackIn(m.Grid, other.Grid), stacks)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a {
			if a[i].Label != b[i].Label || a[i].Voxels != b[i].Voxels || a[i].Slices != b[i].Slices || math.Abs(a[i].DiameterMM-b[i].DiameterMM) > 1e-9 || math.Abs(a[i].VolumeML-b[i].VolumeML) > 1e-9 {
				t.Fatalf("%+v, stored otherwise %+v", a[i], b[i])
			}
			if math.Abs(ca[a[i].Label]-cb[a[i].Label]) > 1e-9 {
				t.Fatalf("covered %g, stored otherwise %g", ca[a[i].Label], cb[a[i].Label])
			}
		}
	})
}

func TestCoverage(t *testing.T) {
	src := stackOf(volume.Sagittal, rotate(0, 0, 0), .5, 4, 80, 10, [3]float64{})
	m := drawn(src, ellipsoid([3]float64{}, [3]float64{8, 8, 8}, rotate(0, 0, 0)))
	whole := stackOf(volume.Axial, rotate(0, 0, 0), .7, 4, 60, 12, [3]float64{})
	upper := stackOf(volume.Axial, rotate(0, 0, 0), .7, 4, 60, 5, [3]float64{0, 0, 10})
	lower := stackOf(volume.Axial, rotate(0, 0, 0), .7, 4, 60, 5, [3]float64{0, 0, -10})
	far := stackOf(volume.Axial, rotate(0, 0, 0), .7, 4, 60, 5, [3]float64{0, 0, 100})
	for _, c := range []struct {
		stacks []volume.Grid
		want   float64
	}{
		{nil, 0},
		{[]volume.Grid{whole}, 1},
		{[]volume.Grid{upper}, .5},
		{[]volume.Grid{upper, lower}, 1}, // two stations
		{[]volume.Grid{upper, upper}, .5},
		{[]volume.Grid{far}, 0},
	} {
		got, err := Coverage(m, Guess, c.stacks)
		if err != nil || math.Abs(got[1]-c.want) > .01 {
			t.Errorf("%d stacks cover %v, want %g (%v)", len(c.stacks), got, c.want, err)
		}
	}
	// Half of it in the right half of a sagittal stack: through its slices.
	half := stackOf(volume.Sagittal, rotate(0, 0, 0), .7, 10, 60, 1, [3]float64{5, 0, 0})
	if got, err := Coverage(m, Guess, []volume.Grid{half}); err != nil || math.Abs(got[1]-.5) > .03 {
		t.Error(got, err)
	}
}

// A flat lesion, a bar of three pixels by one across 21 columns and rows, is as
// long on thin and on isotropic slices as on thick ones, however they are stored;
// and where only the grid is there, pixels are square.
func TestThinSlices(t *testing.T) {
	for _, c := range []struct {
		pixel, thick float64
		guess        Axis
	}{{1, 3, Guess}, {1, 1, Third}, {.977, .625, Guess}, {.977, 1.2, Guess}} {
		g := volume.Grid{Size: [3]int{40, 40, 10}, SpacingKnown: true, Affine: volume.Affine{{-c.pixel, 0, 0, 20}, {0, -c.pixel, 0, 20}, {0, 0, c.thick, 0}}}
		m := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
		for i := range 21 {
			for w := range 3 {
				m.Labels[9+i+w+40*(10+i+40*5)] = 1
			}
		}
		// From (−.5, 0) to (22.5, 20) pixels, or half a pixel more along the rows.
		for _, axis := range []Axis{Guess, Third} {
			got, err := Measure(m, axis)
			if want := math.Hypot(23, 20) * c.pixel; err != nil || math.Abs(got[0].DiameterMM-want) > .3 || got[0].Slices != 1 || got[0].DiameterSlice != 5 {
				t.Errorf("%g × %g: %+v, want %g (%v)", c.pixel, c.thick, got, want, err)
			}
		}
		// Stored as sagittal images are.
		turned := g
		turned.Size = [3]int{40, 10, 40}
		for r := range 3 {
			turned.Affine[r][1], turned.Affine[r][2] = g.Affine[r][2], g.Affine[r][1]
		}
		if c.guess == Guess && StackAxis(turned) != 1 || c.guess == Third && StackAxis(turned) != 2 {
			t.Errorf("%g × %g: slices along %d", c.pixel, c.thick, StackAxis(turned))
		}
		// The bar stays in its slice when it is carried to slices half as thick.
		fine := g
		fine.Size[2] = 20
		fine.Affine[2][2], fine.Affine[2][3] = c.thick/2, -c.thick/4
		out, err := Transfer(m, fine, Options{Drawn: Third, Target: Third})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Measure(out, Third)
		if err != nil || got[0].Slices != 2 || got[0].Voxels != 2*63 {
			t.Errorf("%g × %g: carried to %+v (%v)", c.pixel, c.thick, got, err)
		}
	}
}
