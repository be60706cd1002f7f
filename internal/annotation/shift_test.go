package annotation

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"magn/internal/volume"
)

// texture is anatomy that is made up: waves of many directions and lengths.
type texture struct{ wave [][5]float64 }

func newTexture(seed uint64, n int) texture {
	r := rand.New(rand.NewPCG(seed, 1))
	var x texture
	for range n {
		length := 12 + 40*r.Float64() // mm
		d := [3]float64{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}
		l := math.Sqrt(d[0]*d[0] + d[1]*d[1] + d[2]*d[2])
		k := 2 * math.Pi / length / l
		x.wave = append(x.wave, [5]float64{d[0] * k, d[1] * k, d[2] * k, r.Float64() * 2 * math.Pi, .5 + r.Float64()})
	}
	return x
}

func (x texture) at(p [3]float64) float64 {
	sum := 0.0
	for _, w := range x.wave {
		sum += w[4] * math.Sin(w[0]*p[0]+w[1]*p[1]+w[2]*p[2]+w[3])
	}
	return sum
}

// scan is what a stack shows of anatomy that has moved by shift: averaged through
// the slab, with noise, and with a gain of its own.
func scan(g volume.Grid, at func([3]float64) float64, shift [3]float64, noise float64, seed uint64) *volume.Volume {
	r := rand.New(rand.NewPCG(seed, 2))
	v := &volume.Volume{Grid: g, Data: make([]float32, g.Len())}
	for i := range v.Data {
		p := voxel(v.Voxel(i))
		sum := 0.0
		for n := range 3 {
			q := p
			q[2] += (float64(n)+.5)/3 - .5
			q = g.Affine.Apply(q)
			sum += at([3]float64{q[0] - shift[0], q[1] - shift[1], q[2] - shift[2]}) / 3
		}
		v.Data[i] = float32(100 + 20*float64(seed%5+1)*(sum+noise*r.NormFloat64()))
	}
	return v
}

var lesionBox = Box{[3]float64{-8, -8, -8}, [3]float64{8, 8, 8}}

// A known translation between a sagittal series and another view is found, to
// about a tenth of the slice's thickness.
func TestShiftIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	worst, sum, n := 0.0, 0.0, 0.0
	for trial := range 6 {
		anatomy := newTexture(uint64(trial), 14)
		var shift [3]float64
		for a := range shift {
			shift[a] = (r.Float64() - .5) * []float64{0, 8, 12}[trial%3]
		}
		thick := []float64{3, 4.5}[trial%2]
		src := stackOf(volume.Sagittal, rotate(0, 5, 8), 1.5, thick, 50, int(72/thick), [3]float64{})
		dst := stackOf([]volume.View{volume.Axial, volume.Coronal}[trial/3], rotate(10, 4, 0), 1.5, thick, 50, int(72/thick), [3]float64{.3, .2, .1})
		got, err := FindShift(scan(src, anatomy.at, [3]float64{}, .3, 1), scan(dst, anatomy.at, shift, .3, 2), lesionBox)
		if err != nil {
			t.Fatal(err)
		}
		off := 0.0
		for a := range shift {
			off += (got.MM[a] - shift[a]) * (got.MM[a] - shift[a])
		}
		off = math.Sqrt(off)
		worst, sum, n = max(worst, off), sum+off, n+1
		if !got.Trusted || got.NCC < got.Before || math.Abs(got.Length-math.Sqrt(got.MM[0]*got.MM[0]+got.MM[1]*got.MM[1]+got.MM[2]*got.MM[2])) > 1e-9 {
			t.Errorf("%+v for %v", got, shift)
		}
	}
	t.Logf("off by %.2f mm on average, %.2f mm at worst", sum/n, worst)
	if worst > .6 {
		t.Errorf("off by %.2f mm at worst", worst)
	}
}

// What cannot be known is not claimed: flat images, others' images, layers that
// say nothing along themselves, images that hardly meet, shifts beyond the search.
func TestShiftDoubts(t *testing.T) {
	src := stackOf(volume.Sagittal, rotate(0, 5, 0), 1.5, 4, 46, 16, [3]float64{})
	dst := stackOf(volume.Axial, rotate(5, 0, 0), 1.5, 4, 46, 16, [3]float64{})
	far := stackOf(volume.Axial, rotate(5, 0, 0), 1.5, 4, 46, 5, [3]float64{0, 0, 45})
	anatomy := newTexture(3, 14)
	// Flat around the lesion, bright elsewhere.
	flat := func(p [3]float64) float64 {
		if p[1] > 32 {
			return 50
		}
		return 0
	}
	layers := func(p [3]float64) float64 { return math.Sin(p[2]/4) + .5*math.Sin(p[2]/2.3) }
	for _, c := range []struct {
		say   string
		a, b  func([3]float64) float64
		at    volume.Grid
		shift [3]float64
		noise float64
	}{
		{"the reference image is flat", flat, anatomy.at, dst, [3]float64{}, 0},
		{"not alike", anatomy.at, newTexture(4, 14).at, dst, [3]float64{}, .3},
		{"do not tell a shift in one direction", layers, layers, dst, [3]float64{0, 0, 3}, .1},
		{"covers too little", anatomy.at, anatomy.at, far, [3]float64{}, .3},
	} {
		got, err := FindShift(scan(src, c.a, [3]float64{}, c.noise, 1), scan(c.at, c.b, c.shift, c.noise, 2), lesionBox)
		if err != nil {
			t.Fatal(err)
		}
		if got.Trusted || !strings.Contains(got.Doubt, c.say) {
			t.Errorf("%s: %+v", c.say, got)
		}
	}
	got, err := FindShift(scan(src, anatomy.at, [3]float64{}, .1, 1), scan(dst, anatomy.at, [3]float64{0, 22, 0}, .1, 2), lesionBox)
	if err != nil || got.Trusted {
		t.Errorf("a shift of 22 mm: %+v %v", got, err)
	}
}

// Of two lesions far apart a short stack shows the smaller one: the shift is told
// around that, and around neither where the stack shows none.
func TestShiftOfTheLesionThatIsShown(t *testing.T) {
	anatomy := newTexture(5, 14)
	src := stackOf(volume.Sagittal, rotate(0, 5, 8), 1.5, 4, 70, 14, [3]float64{})
	both := drawn(src, ellipsoid([3]float64{0, 0, 26}, [3]float64{9, 9, 9}, rotate(0, 0, 0)))
	for i, l := range drawn(src, ellipsoid([3]float64{0, 0, -24}, [3]float64{6, 6, 6}, rotate(0, 0, 0))).Labels {
		if l != 0 {
			both.Labels[i] = 2
		}
	}
	shift := [3]float64{4, -3, 2}
	for _, c := range []struct {
		z    float64
		told bool
	}{{-24, true}, {90, false}} {
		dst := stackOf(volume.Axial, rotate(5, 0, 0), 1.5, 4, 46, 10, [3]float64{0, 0, c.z})
		got, err := FindShiftOf(scan(src, anatomy.at, [3]float64{}, .2, 1), scan(dst, anatomy.at, shift, .2, 2), both)
		if err != nil || got.Trusted != c.told {
			t.Fatalf("%+v %v", got, err)
		}
		for a := range shift {
			if c.told && math.Abs(got.MM[a]-shift[a]) > .6 {
				t.Errorf("%v for %v", got.MM, shift)
			}
		}
	}
}

func TestBounds(t *testing.T) {
	m := anyGridMask()
	b, ok := Bounds(m)
	if !ok || math.Abs(b.Max[1]-6) > .51 || math.Abs(b.Min[2]+6) > .51 || math.Abs(b.Max[0]-b.Min[0]-8) > 1e-9 {
		t.Error(b, ok)
	}
	clear(m.Labels)
	if _, ok := Bounds(m); ok {
		t.Error("an empty mask has a box")
	}
}

func BenchmarkShift(b *testing.B) {
	anatomy := newTexture(1, 14)
	src := stackOf(volume.Sagittal, rotate(0, 5, 8), .6, 4, 130, 18, [3]float64{})
	dst := stackOf(volume.Axial, rotate(10, 4, 0), .6, 4, 130, 18, [3]float64{})
	x, y := scan(src, anatomy.at, [3]float64{}, .3, 1), scan(dst, anatomy.at, [3]float64{3, -2, 1}, .3, 2)
	for b.Loop() {
		if _, err := FindShift(x, y, lesionBox); err != nil {
			b.Fatal(err)
		}
	}
}
