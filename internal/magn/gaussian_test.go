package magn

import (
	"math"
	"testing"

	"magn/internal/cohort"
	"magn/internal/volume"
)

// A Gaussian's energy within R of its middle is 1 − exp(−R²/2σ²), and its half
// height lies at σ√(2 ln 2).
func TestGaussianOverlap(t *testing.T) {
	const size, sigma, radius = 256, 20.0, 30.0
	flags := make([]uint8, size*size)
	var lesion, hot, both float64
	for i := range flags {
		x, y := float64(i%size)+0.5-size/2, float64(i/size)+0.5-size/2
		flags[i] = inImage
		in := math.Hypot(x, y) < radius
		if in {
			flags[i] |= inLesion
			lesion++
		}
		if math.Hypot(x, y) < sigma*math.Sqrt(2*math.Ln2) {
			hot++
			if in {
				both++
			}
		}
	}
	s := score(gaussian(size, sigma), flags)
	if want := 1 - math.Exp(-radius*radius/(2*sigma*sigma)); math.Abs(s.Energy-want) > 2e-3 {
		t.Errorf("energy %g, expected %g", s.Energy, want)
	}
	if want := both / (hot + lesion - both); math.Abs(s.IoU-want) > 5e-3 {
		t.Errorf("IoU %g, expected %g", s.IoU, want)
	}
	if !s.Hit || s.Zero || math.Abs(s.Share-lesion/(size*size)) > 1e-12 {
		t.Errorf("%+v", s)
	}
}

// The width is the one of the smallest mean square distance to the outlines,
// written out pixel by pixel.
func TestGaussianWidth(t *testing.T) {
	in := newInput([]volume.View{volume.Axial}, plainTraining())
	n := in.training.Crop
	var train []answer
	for _, radius := range []float64{4, 6, 9} {
		p := pair{mask: make([]uint8, in.side*in.side)}
		for i := range p.mask {
			p.mask[i] = inImage
			if math.Hypot(float64(i%in.side)+0.5-float64(in.side)/2, float64(i/in.side)+0.5-float64(in.side)/2) < radius {
				p.mask[i] |= inLesion
			}
		}
		id := string(rune('a' + int(radius)))
		train = append(train, answer{subject: &subject{Case: cohort.Case{ID: id, Group: id}, views: [][]pair{{p}}}})
	}
	widths, saw := in.gaussians(train)
	if len(widths) != 1 || len(saw) != 3 {
		t.Fatalf("%v, saw %v", widths, saw.sorted())
	}
	distance := func(sigma float64) (d float64) {
		for _, a := range train {
			flags := in.flags(a.subject.views[0][0], centred)
			for i, g := range gaussian(n, sigma) {
				e := float64(g) - float64(flags[i]&inLesion)
				d += e * e
			}
		}
		return d
	}
	found := distance(widths[0])
	for _, f := range []float64{0.3, 0.6, 0.8, 1.25, 1.6, 3} {
		if distance(widths[0]*f) < found {
			t.Errorf("σ = %g is nearer than %g", widths[0]*f, widths[0])
		}
	}
}

// A shifted crop shows what the centred one shows, moved; shifts reach to a
// quarter of the crop and depend on case and view alone.
func TestShiftedCrops(t *testing.T) {
	in := newInput(volume.Views, plainTraining())
	p, n := somePair(in), in.training.Crop
	whole, flags := in.cut(p.middle(), centred), in.flags(p, centred)
	c := cohort.Case{ID: "c"}
	far := 0
	for _, shift := range in.shifts(c, volume.Axial, 200) {
		far = max(far, max(shift[0], -shift[0], shift[1], -shift[1]))
		moved, movedFlags := in.cut(p.middle(), shift), in.flags(p, shift)
		for y := range n {
			for x := range n {
				if x+shift[0] < 0 || x+shift[0] >= n || y+shift[1] < 0 || y+shift[1] >= n {
					continue
				}
				if at := (y+shift[1])*n + x + shift[0]; moved[y*n+x] != whole[at] || movedFlags[y*n+x] != flags[at] {
					t.Fatalf("shift %v: pixel %d,%d differs", shift, x, y)
				}
			}
		}
	}
	if far != n/4 {
		t.Errorf("200 shifts reach %d pixels, expected %d", far, n/4)
	}
	a, b := in.shifts(c, volume.Axial, 2), in.shifts(c, volume.Axial, 4)
	if a[0] != b[0] || a[1] != b[1] || in.shifts(c, volume.Coronal, 1)[0] == a[0] {
		t.Errorf("%v, %v", a, b)
	}
}
