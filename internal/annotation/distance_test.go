package annotation

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Numbers of SciPy 1.17.1: scipy.ndimage.distance_transform_edt(a, sampling=(.8, .5))
// and of 1−a, rows first.
func TestDistanceAgainstSciPy(t *testing.T) {
	const w, h = 7, 6
	a := []bool{}
	for _, c := range "0000000" + "0111000" + "0111110" + "0111100" + "0010001" + "0000000" {
		a = append(a, c == '1')
	}
	inside := []float64{
		0, 0, 0, 0, 0, 0, 0,
		0, .5, .8, .5, 0, 0, 0,
		0, .5, 1, .943398113206, .8, .5, 0,
		0, .5, .943398113206, .8, .5, 0, 0,
		0, 0, .5, 0, 0, 0, .5,
		0, 0, 0, 0, 0, 0, 0,
	}
	outside := []float64{
		.943398113206, .8, .8, .8, .943398113206, 1.280624847487, 1.676305461424,
		.5, 0, 0, 0, .5, .8, .943398113206,
		.5, 0, 0, 0, 0, 0, .5,
		.5, 0, 0, 0, 0, .5, .8,
		.943398113206, .5, 0, .5, .8, .5, 0,
		1.280624847487, .943398113206, .8, .943398113206, 1.280624847487, .943398113206, .8,
	}
	in, out := squaredDistance(a, false, w, h, .5, .8), squaredDistance(a, true, w, h, .5, .8)
	signed := signedDistance(a, w, h, .5, .8)
	for i := range a {
		if math.Abs(math.Sqrt(in[i])-inside[i]) > 1e-11 || math.Abs(math.Sqrt(out[i])-outside[i]) > 1e-11 {
			t.Errorf("pixel %d: %g and %g, SciPy %g and %g", i, math.Sqrt(in[i]), math.Sqrt(out[i]), inside[i], outside[i])
		}
		want := inside[i] - .25
		if !a[i] {
			want = .25 - outside[i]
		}
		if math.Abs(float64(signed[i])-want) > 1e-6 {
			t.Errorf("pixel %d: signed %g, want %g", i, signed[i], want)
		}
	}
}

// The transform is what comparing each pixel with every other gives.
func TestDistanceIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 12).Draw(t, "w"), rapid.IntRange(1, 12).Draw(t, "h")
		sx, sy := rapid.Float64Range(.1, 3).Draw(t, "sx"), rapid.Float64Range(.1, 3).Draw(t, "sy")
		a := make([]bool, w*h)
		for i := range a {
			a[i] = rapid.IntRange(0, 9).Draw(t, "pixel") < 3
		}
		got := squaredDistance(a, true, w, h, sx, sy)
		for i := range a {
			want := math.Inf(1)
			for k, on := range a {
				if dx, dy := sx*float64(i%w-k%w), sy*float64(i/w-k/w); on {
					want = min(want, dx*dx+dy*dy)
				}
			}
			if got[i] != want && !(math.Abs(got[i]-want) <= 1e-9*want) {
				t.Fatalf("pixel %d: %g, want %g", i, got[i], want)
			}
		}
	})
}
