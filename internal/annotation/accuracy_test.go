package annotation

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/solid"
	"magn/internal/volume"
)

// Short names of what many tests here are made of.
var (
	rotate  = solid.Rotation
	stackOf = solid.Stack
)

func ellipsoid(centre, radius [3]float64, turn [3][3]float64) solid.Ellipsoid {
	return solid.Ellipsoid{Centre: centre, Radius: radius, Turn: turn}
}

func drawn(g volume.Grid, s solid.Solid) *volume.Mask {
	m, err := solid.Drawn(g, s)
	if err != nil {
		panic(err)
	}
	return m
}

// How far transferred outlines are from true ones; magn bench transfer has the
// whole table. The centre is within half a voxel of the target's plane, where the
// outlines tell where it is, and Dice is better than linear's. With -v, more
// lesions.
func TestAccuracy(t *testing.T) {
	n, angles := 3, []float64{12}
	if testing.Verbose() {
		n, angles = 10, []float64{0, 12, 25}
	}
	var dice [2]float64
	cells := 0.0
	for _, kind := range solid.Kinds {
		for _, diameter := range []float64{8, 12, 20, 36} {
			for _, thick := range []float64{3, 4.5} {
				for _, angle := range angles {
					if kind == "lobes" && diameter < 20 {
						continue
					}
					c := solid.Cell{Kind: kind, DiameterMM: diameter, SliceMM: thick, AngleDeg: angle}
					trials, err := c.Trials(n)
					if err != nil {
						t.Fatal(err)
					}
					var got [2]solid.Summary
					for m, method := range []Method{Shape, Linear} {
						if got[m], err = solid.Summarise(trials, func(m *volume.Mask, to volume.Grid) (*volume.Mask, error) {
							return Transfer(m, to, Options{Method: method, Drawn: Third, Target: Third})
						}); err != nil {
							t.Fatal(err)
						}
						dice[m] += got[m].Dice
						t.Logf("%+v %s %+v", c, method, got[m])
					}
					cells++
					shape, linear := got[0], got[1]
					if shape.InPlaneMM > solid.PixelMM/2+shape.FloorMM {
						t.Errorf("%+v: centre %.2f mm off in plane, of which %.2f mm cannot be known", c, shape.InPlaneMM, shape.FloorMM)
					}
					if shape.Dice < linear.Dice || shape.Lost > 0 {
						t.Errorf("%+v: Dice of shape %.3f, of linear %.3f, %d lost", c, shape.Dice, linear.Dice, shape.Lost)
					}
				}
			}
		}
	}
	if shape, linear := dice[0]/cells, dice[1]/cells; shape < linear+.05 {
		t.Errorf("shape (Dice %.3f) is the default and hardly better than linear (%.3f)", shape, linear)
	}
}

// A lesion with flat ends is as long as its slices are thick together, wherever
// the stack goes on: half a slice beyond the last outline on either side.
func TestFlatEnds(t *testing.T) {
	for _, n := range []int{1, 2, 5} {
		src := stackOf(volume.Sagittal, rotate(0, 0, 0), .5, 4, 100, 11, [3]float64{})
		m := &volume.Mask{Grid: src, Labels: make([]uint16, src.Len())}
		for i := range m.Labels {
			v := m.Voxel(i)
			if x, y := float64(v[0])-49.5, float64(v[1])-49.5; x*x+y*y < 40*40 && v[2] >= 4 && v[2] < 4+n {
				m.Labels[i] = 1
			}
		}
		got, err := Transfer(m, stackOf(volume.Axial, rotate(0, 0, 0), .5, .5, 100, 30, [3]float64{}), Options{Drawn: Third, Target: Third})
		if err != nil {
			t.Fatal(err)
		}
		_, _, edge := solid.Points(got)
		lo, hi := math.Inf(1), math.Inf(-1)
		for _, p := range edge {
			lo, hi = min(lo, p[0]-.25), max(hi, p[0]+.25)
		}
		if math.Abs(hi-lo-4*float64(n)) > .51 {
			t.Errorf("%d slices of 4 mm: %g mm long", n, hi-lo)
		}
	}
}

// Where the lesion narrows towards its end, it ends where it would narrow to
// nothing, and never at the next slice, which does not show it.
func TestRoundEnds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		radius, thick := rapid.Float64Range(5, 14).Draw(t, "radius"), rapid.SampledFrom([]float64{2, 3, 4}).Draw(t, "thickness")
		x := rapid.Float64Range(-thick/2, thick/2).Draw(t, "x")
		src := stackOf(volume.Sagittal, rotate(0, 0, 0), .5, thick, 70, 21, [3]float64{})
		m := drawn(src, ellipsoid([3]float64{x, 0, 0}, [3]float64{radius, radius, radius}, rotate(0, 0, 0)))
		got, err := Transfer(m, stackOf(volume.Axial, rotate(0, 0, 0), .5, .5, 70, 3, [3]float64{}), Options{Drawn: Third, Target: Third})
		if err != nil {
			t.Fatal(err)
		}
		first, last := math.Inf(1), math.Inf(-1)
		for i, l := range m.Labels {
			if l != 0 {
				p := m.Affine.Apply(voxel(m.Voxel(i)))
				first, last = min(first, p[0]), max(last, p[0])
			}
		}
		_, _, edge := solid.Points(got)
		for _, p := range edge {
			if p[0] <= first-thick || p[0] >= last+thick {
				t.Fatalf("a voxel at %g mm; outlines from %g to %g, slices of %g", p[0], first, last, thick)
			}
			if d := math.Abs(p[0]-x) - radius; d > .15*thick+.5 {
				t.Fatalf("a voxel %g mm beyond the end", d)
			}
		}
	})
}
