package volume

import (
	"math"
	"testing"
)

// noise is a linear congruential generator that the numbers from Python below
// were made with as well:
//
//	def noise(n):
//	    x, out = 1, []
//	    for _ in range(n):
//	        x = (x*1664525 + 1013904223) % 2**32
//	        out.append(x >> 16)
//	    return numpy.array(out, dtype=numpy.float64)
func noise(n int) []float64 {
	out, x := make([]float64, n), uint32(1)
	for i := range out {
		x = x*1664525 + 1013904223
		out[i] = float64(x >> 16)
	}
	return out
}

// The numbers are numpy 2.4.6's, of the float32 values as float64:
//
//	m = p.min(); t = m + .1*(numpy.percentile(p, 99) - m)
//	numpy.percentile(p[p > t], [.1, 99.9])
func TestWindowAgainstNumpy(t *testing.T) {
	n := noise(5000)
	of := func(count int, f func(i int) float64) []float32 {
		p := make([]float32, count)
		for i := range p {
			p[i] = float32(f(i))
		}
		return p
	}
	for _, c := range []struct {
		name   string
		pix    []float32
		lo, hi float64
	}{
		{"a third background", of(5000, func(i int) float64 {
			if i%3 == 0 {
				return 0
			}
			return n[i] / 16
		}), 405.4253125, 4093.9396875},
		{"negative values", of(5000, func(i int) float64 { return n[i]/20 - 1024 }), -697.4046994628907, 2251.3326533203126},
		{"seven", of(7, func(i int) float64 { return n[i] }), 15539.52, 50751.105},
		{"ramp", of(1000, func(i int) float64 { return float64(i) }), 99.9, 998.1},
		// The 1s lie at the threshold, .1·10, and are no body; of the 5s and 10s
		// the .1 percentile is 5, the 99.9 percentile 10.
		{"at the threshold", of(1000, func(i int) float64 { return []float64{0, 1, 5, 10}[i%4] }), 5, 10},
		{"small numbers around zero", of(5000, func(i int) float64 { return n[i]/(1<<40) - 1e-9 }), 4.9407338167384295e-09, 5.8577954661132034e-08},
		// One body voxel: percentiles of the whole, 15496 + .001·(24200−15496) and its counterpart.
		{"two", of(2, func(i int) float64 { return n[i] }), 15504.704, 24191.296},
		// All body voxels alike: percentiles of the whole.
		{"two values", of(100, func(i int) float64 { return float64(i / 50) }), 0, 1},
		// Less than a thousandth differs: minimum and maximum.
		{"one voxel", of(4000, func(i int) float64 { return float64(i / 3999) }), 0, 1},
		{"flat", of(100, func(int) float64 { return -3 }), -3, -3},
		{"one", of(1, func(int) float64 { return 5 }), 5, 5},
		{"empty", nil, 0, 0},
	} {
		lo, hi := Window(c.pix)
		if lo != float32(c.lo) || hi != float32(c.hi) {
			t.Errorf("%s: %v, %v; numpy %v, %v", c.name, lo, hi, float32(c.lo), float32(c.hi))
		}
	}
}

// The numbers are Pillow 13.0.0's, rounded to .01, for a 7×5 image of noise:
//
//	img = noise(35).reshape(5, 7).astype('float32')
//	Image.fromarray(img, mode='F').resize((w, h), Image.BILINEAR, box=box)
//
// where box is the part of the image that w×h pixels of the new size cover,
// centred: (7/2 − w·x/2, 5/2 − h·y/2, 7/2 + w·x/2, 5/2 + h·y/2) for pixels of x×y
// old ones.
func TestResampleAgainstPillow(t *testing.T) {
	data := make([]float32, 35)
	for i, x := range noise(35) {
		data[i] = float32(x)
	}
	for _, c := range []struct {
		x, y float64 // new pixel in old ones
		w, h int
		want []float64
	}{
		{7. / 3, 2.5, 3, 2, []float64{27165.26, 29831.59, 34843.78, 27750.69, 28688.21, 36200.01}},
		{1.3, 1.2, 5, 4, []float64{
			19781.61, 28831.43, 33024.22, 17055.46, 41621.66, 27752.28, 40636.16, 25821.02, 35761.04, 37249.62,
			19123.74, 33897.16, 22520.18, 42319.39, 27481.91, 23980.78, 44638.09, 19722.97, 39405.45, 39138.47,
		}},
		{.75, .6, 9, 8, []float64{
			15496.0, 22024.0, 28623.0, 36333.25, 46195.0, 14032.75, 13764.0, 30855.5, 50774.0,
			25973.0, 15973.25, 25054.75, 35928.12, 31304.0, 19448.0, 23479.75, 36800.5, 52811.5,
			34345.5, 14136.38, 25372.8, 36737.68, 16913.9, 26267.6, 33854.15, 41436.9, 50779.2,
			21718.5, 39419.63, 48690.6, 44025.73, 19919.3, 34693.7, 37806.05, 33585.3, 26360.4,
			12838.5, 37996.79, 46072.79, 38708.9, 17547.5, 38301.5, 40529.9, 31221.0, 17363.1,
			7705.5, 9867.89, 17519.39, 20787.2, 9798.5, 37091.0, 42025.7, 34344.0, 23787.3,
			12041.0, 23198.01, 33931.51, 33225.0, 10062.0, 28108.5, 42721.25, 44779.38, 25162.0,
			17232.0, 41216.25, 55102.5, 48649.75, 11617.0, 19327.75, 43167.5, 54694.25, 25466.0,
		}},
	} {
		// Old pixels of 1/x × 1/y become pixels of 1 mm.
		v := &Volume{Grid: Grid{Size: [3]int{7, 5, 1}, Affine: Scaling(1/c.x, 1/c.y, 4), SpacingKnown: true}, Data: data}
		got := v.ResampleInPlane(1)
		if got.Size != [3]int{c.w, c.h, 1} {
			t.Errorf("size %v, want %d×%d", got.Size, c.w, c.h)
			continue
		}
		for i, want := range c.want {
			if math.Abs(float64(got.Data[i])-want) > .02 {
				t.Errorf("%d×%d: pixel %d is %v, Pillow %v", c.w, c.h, i, got.Data[i], want)
			}
		}
		// Same centre, square pixels.
		if s := got.Spacing(); math.Abs(s[0]-1) > 1e-12 || math.Abs(s[1]-1) > 1e-12 || s[2] != 4 {
			t.Errorf("spacing %v", s)
		}
		if d := distance(centre(v.Grid), centre(got.Grid)); d > 1e-12 {
			t.Errorf("centre moved by %g mm", d)
		}
	}
}

func centre(g Grid) [3]float64 {
	return g.Affine.Apply([3]float64{float64(g.Size[0]-1) / 2, float64(g.Size[1]-1) / 2, float64(g.Size[2]-1) / 2})
}

// The axis codes are nibabel 5.4.2's aff2axcodes. Rotations are about x, y, z:
// rot(0,40)@rot(2,-30), rot(1,100)@rot(0,20)@rot(2,60),
// rot(2,200)@rot(1,-50)@rot(0,80), rot(0,-44)@rot(1,95); voxels .7×.7×4.
func TestNearestAgainstNibabel(t *testing.T) {
	for _, c := range []struct {
		a    Affine
		want string
	}{
		{Affine{{.6062, .35, 0}, {-.2681, .4644, -2.5712}, {-.225, .3897, 3.0642}}, "RAS"},
		{Affine{{.1434, .2232, 3.7017}, {.5697, .3289, -1.3681}, {-.3807, .5762, -.6527}}, "ASR"},
		{Affine{{-.4228, .5378, -.8473}, {-.1539, .0664, 3.8837}, {.5362, .4431, .4465}}, "SRA"},
		{Affine{{-.061, 0, 3.9848}, {-.4844, .5035, -.2422}, {-.5016, -.4863, -.2508}}, "IAR"},
	} {
		got := [3]byte{}
		for axis, storage := range (Grid{Affine: c.a}).nearest() {
			got[storage] = "RAS"[axis]
			if c.a[axis][storage] < 0 {
				got[storage] = "LPI"[axis]
			}
		}
		if string(got[:]) != c.want {
			t.Errorf("axes %s, nibabel %s", got, c.want)
		}
	}
}
