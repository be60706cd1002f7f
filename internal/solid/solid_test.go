package solid

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/volume"
)

// Share is what counting points along the slab gives.
func TestShareIsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 3))
		var s Solid = Random(r, 10)
		inside := func(s Solid, p [3]float64) bool {
			for _, a := range s.Along(p, [3]float64{1, 0, 0}) {
				if a[0] <= 0 && a[1] >= 0 {
					return true
				}
			}
			return false
		}
		if rapid.Bool().Draw(t, "lobes") {
			s = RandomLobes(r, 20)
		}
		p := [3]float64{(r.Float64() - .5) * 12, (r.Float64() - .5) * 12, (r.Float64() - .5) * 12}
		d := [3]float64{r.NormFloat64() * 3, r.NormFloat64() * 3, r.NormFloat64() * 3}
		const n = 2000
		sum := 0.0
		for i := range n {
			f := (float64(i)+.5)/n - .5
			if inside(s, [3]float64{p[0] + f*d[0], p[1] + f*d[1], p[2] + f*d[2]}) {
				sum++
			}
		}
		if got := Share(s, p, d); math.Abs(got-sum/n) > 4./n {
			t.Fatalf("share %.5f, %.5f by counting", got, sum/n)
		}
	})
}

// The mask has the solid's volume and centre, as far as voxels can tell, and lies
// inside its bound.
func TestDrawn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		e := Random(r, 20)
		g := Stack(volume.Axial, Rotation(20, 10, 5), .5, .5, 56, 56, [3]float64{})
		m, err := Drawn(g, e)
		if err != nil {
			t.Fatal(err)
		}
		c, n, _ := Points(m)
		want := 4. / 3 * math.Pi * e.Radius[0] * e.Radius[1] * e.Radius[2]
		if got := float64(n) * .125; math.Abs(got/want-1) > .02 || distance(c, e.Centre) > .03 {
			t.Errorf("%.1f mm³ of %.1f, centre %v of %v", got, want, c, e.Centre)
		}
	}
	if _, err := Drawn(volume.Grid{Size: [3]int{1, 1, 1}}, Random(r, 3)); err == nil {
		t.Error("a grid without directions was taken")
	}
}

// What is drawn on one slice says nothing about the side of the slice on which
// there is more of the lesion: its mirror image is drawn alike.
func TestMirroredIsDrawnAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		e := Random(r, 12)
		g := Stack(volume.Sagittal, Rotation(0, 8, 3), .6, 4.5, 40, 1, [3]float64{})
		a, err := Drawn(g, e)
		if err != nil {
			t.Fatal(err)
		}
		m := Mirrored{e, [3]float64{}, Normal(g)}
		b, err := Drawn(g, m)
		if err != nil {
			t.Fatal(err)
		}
		// A pixel on the very edge may fall to either side by rounding.
		differ := 0
		for i := range a.Labels {
			if a.Labels[i] != b.Labels[i] {
				differ++
			}
		}
		if differ > 1 {
			t.Errorf("%d pixels differ", differ)
		}
		if c, _ := (Mirrored{m, m.At, m.Normal}).Bound(); distance(c, e.Centre) > 1e-12 {
			t.Error("mirrored twice it is elsewhere", c, e.Centre)
		}
	}
}

// By hand: 3×1 voxels of 2 mm against the same one voxel further.
func TestCompareByHand(t *testing.T) {
	g := volume.Grid{Size: [3]int{6, 3, 3}, Affine: volume.Scaling(2, 2, 5), SpacingKnown: true}
	a, b := &volume.Mask{Grid: g, Labels: make([]uint16, 54)}, &volume.Mask{Grid: g, Labels: make([]uint16, 54)}
	for x := range 3 {
		a.Labels[x+6*(1+3*1)] = 1
		b.Labels[x+1+6*(1+3*1)] = 7
	}
	got, ok := Compare(a, b)
	// Of six voxels on the surfaces two are 2 mm from the other, four are on it.
	want := Agreement{Dice: 4. / 6, Mean: 4. / 6, P95: 2, Centre: 2, InPlane: 2}
	if !ok || got != want {
		t.Errorf("%+v, expected %+v", got, want)
	}
	// A slice further: 5 mm, none of it in plane.
	clear(b.Labels)
	for x := range 3 {
		b.Labels[x+6*(1+3*2)] = 1
	}
	if got, _ := Compare(a, b); got.Dice != 0 || got.Mean != 5 || got.Centre != 5 || got.InPlane != 0 {
		t.Errorf("%+v", got)
	}
	if _, ok := Compare(a, &volume.Mask{Grid: g, Labels: make([]uint16, 54)}); ok {
		t.Error("an empty mask was compared")
	}
}

// Bound holds all of a body.
func TestBound(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for range 20 {
		l := RandomLobes(r, 20)
		c, radius := l.Bound()
		for _, e := range l {
			for axis := range 3 {
				var d [3]float64
				d[axis] = 1
				for _, end := range e.Along(e.Centre, d)[0] {
					p := e.Centre
					if p[axis] += end; distance(p, c) > radius+1e-9 {
						t.Errorf("%v is %.2f mm from the centre, bound %.2f", p, distance(p, c), radius)
					}
				}
			}
		}
	}
}
