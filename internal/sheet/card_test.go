package sheet

import (
	"math"
	"strings"
	"testing"

	"magn/internal/volume"
)

func read(t *testing.T, lesions [][4]float64, s Settings, all ...series) *Card {
	t.Helper()
	c, err := Read(made(t, "case", lesions, all...), s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func three(change func(v volume.View, s *series)) []series {
	var out []series
	for _, v := range volume.Views {
		s := usual(v)
		if change != nil {
			change(v, &s)
		}
		out = append(out, s)
	}
	return out
}

// A case that nothing is wrong with: its numbers are those it was made with, and
// it is not suspicious.
func TestSoundCase(t *testing.T) {
	c := read(t, ball, settings, three(nil)...)
	if c.Suspicion() != 0 || c.Lesions != 1 || math.Abs(c.Diameter-20) > 1.2 || math.Abs(c.VolumeML-4./3*math.Pi) > .3 {
		t.Errorf("%+v", c)
	}
	for i, v := range c.Views {
		if v.Stacks != 1 || *v.Coverage != 1 || v.Lesions != 1 {
			t.Errorf("%+v", v)
		}
		if i > 0 && (v.Shift() == nil || v.Shift().Length > .5 || *v.Agreement < .9) {
			t.Errorf("%s: %+v, agreement %v", v.View, v.Shift(), *v.Agreement)
		}
		p := v.Picture
		if p.Slice < 9 || p.Slice > 12 || p.W != 116 || p.MM != .7 || p.Frame != [4]float64{10, 10, 106, 106} || len(p.JPEG) < 1000 || p.Outline == "" {
			t.Errorf("%s: %+v", v.View, p)
		}
	}
	for i, want := range [][4]string{{"A", "P", "S", "I"}, {"R", "L", "S", "I"}, {"R", "L", "A", "P"}} {
		if got := c.Views[i].Picture.Letters; got != want {
			t.Errorf("%s: %v", c.Views[i].View, got)
		}
	}
}

// The picture shows the lesion in its middle: the outline is around it, and the
// pixels inside are bright.
func TestPictureIsCentred(t *testing.T) {
	c := read(t, [][4]float64{{9, -7, 5, 10}}, quick, three(nil)...)
	for _, v := range c.Views {
		p := v.Picture
		n, x, y, in, out := 0., 0., 0., 0., 0.
		for i, l := range p.lesion {
			if l {
				n, x, y, in = n+1, x+float64(i%p.W), y+float64(i/p.W), in+float64(p.pix[i])
			} else {
				out += float64(p.pix[i])
			}
		}
		if all := float64(p.W * p.H); math.Abs(x/n-all/float64(p.H)/2) > 1.5 || math.Abs(y/n-float64(p.H)/2) > 1.5 || in/n < out/(all-n)+.2 {
			t.Errorf("%s: centre %.1f, %.1f of %d; grey %.2f inside, %.2f outside", v.View, x/n, y/n, p.W, in/n, out/(all-n))
		}
	}
}

// A patient who moved between the sagittal and another series is seen, and by how
// much; the lesion's outline does not lie on the lesion there.
func TestMovedPatientIsFlagged(t *testing.T) {
	for _, by := range [][3]float64{{0, 6, 0}, {4, -3, 4}, {0, 0, -5}} {
		c := read(t, ball, settings, three(func(v volume.View, s *series) {
			if v == volume.Axial {
				s.shift = by
			}
		})...)
		want := math.Sqrt(by[0]*by[0] + by[1]*by[1] + by[2]*by[2])
		s := c.Views[2].Shift()
		if s == nil || math.Abs(s.Length-want) > .6 {
			t.Errorf("moved by %.1f mm: %+v", want, s)
			continue
		}
		for r := range by {
			if math.Abs(s.MM[r]-by[r]) > .6 {
				t.Errorf("moved by %v: %v", by, s.MM)
			}
		}
		has(t, c, "axial: the patient moved by ", 15)
		if other := c.Views[1].Shift(); other == nil || other.Length > .5 {
			t.Errorf("coronal: %+v", other)
		}
	}
}

// has wants a finding of at least so many points.
func has(t *testing.T, c *Card, text string, points float64) {
	t.Helper()
	for _, f := range c.Findings {
		if strings.HasPrefix(f.Text, text) {
			if f.Points < points {
				t.Errorf("%q has %g points, expected at least %g", f.Text, f.Points, points)
			}
			return
		}
	}
	t.Errorf("no finding %q: %+v", text, c.Findings)
}

func TestFindings(t *testing.T) {
	axial := func(change func(s *series)) []series {
		return three(func(v volume.View, s *series) {
			if v == volume.Axial {
				change(s)
			}
		})
	}
	for _, c := range []struct {
		say     string
		points  float64
		lesions [][4]float64
		crop    int
		all     []series
	}{
		{"axial: the stacks hold ", 15, ball, 96, axial(func(s *series) { s.centre[2] = 37 })},
		{"axial: the stacks hold 0 % of the largest lesion", 40, [][4]float64{{0, 0, 0, 4}, {0, 0, 33, 10}}, 96, axial(func(s *series) { s.size[2] = 12 })},
		{"axial: the stacks hold 1 lesion that the mask does not show", 20, [][4]float64{{0, 0, 20, 6}, {0, 0, -20, 8}}, 96, axial(func(s *series) { s.forget = 1 })},
		{"2 views are not like the outlined one", 10, ball, 96, three(func(v volume.View, s *series) {
			if v == volume.Sagittal {
				s.other = true
			}
		})},
		{"axial: the mask and the carried outline agree by a Dice of ", 25, ball, 96, axial(func(s *series) { s.maskAt[0] = 12 })},
		{"axial: two stacks disagree by ", 20, ball, 96, append(three(nil), func() series { s := usual(volume.Axial); s.shift[1] = 5; return s }())},
		{"axial: the mask reaches the edge of the image", 15, ball, 96, axial(func(s *series) { s.centre[0] = 32 })},
		{"sagittal: the lesion is larger than the crop", 10, [][4]float64{{0, 0, 0, 26}}, 64, three(nil)},
		{"coronal: ", 10, ball, 96, three(func(v volume.View, s *series) {
			if v == volume.Coronal {
				s.top = 650
			}
		})},
		{"sagittal: the largest lesion is widest on the stack's last slice", 15, ball, 96, three(func(v volume.View, s *series) {
			if v == volume.Sagittal {
				s.centre[0] = 35
			}
		})},
		{"sagittal: a lesion of 20 mm is outlined on one slice only", 10, ball, 96, three(func(v volume.View, s *series) {
			if v == volume.Sagittal {
				s.only = 12
			}
		})},
	} {
		t.Run(c.say, func(t *testing.T) {
			has(t, read(t, c.lesions, Settings{c.crop, .7, !strings.Contains(c.say, "disagree") && !strings.Contains(c.say, "not like")}, c.all...), c.say, c.points)
		})
	}
}

// Without a spacing nothing is measured, and there is a picture all the same.
func TestUnknownSpacing(t *testing.T) {
	c := read(t, ball, settings, three(func(_ volume.View, s *series) { s.unknown = true })...)
	if c.Diameter != 0 || c.Lesions != 1 || len(c.Views) != 3 {
		t.Errorf("%+v", c)
	}
	for _, v := range c.Views {
		if v.Coverage != nil || v.Shifts != nil || v.Picture.MM != 0 || len(v.Picture.JPEG) == 0 {
			t.Errorf("%+v", v)
		}
	}
}

// Two lesions far apart, of which a block of axial slices shows the smaller one:
// the shift is told around it.
func TestShiftAroundTheLesionThatIsShown(t *testing.T) {
	lesions := [][4]float64{{0, 0, 22, 9}, {0, 0, -20, 7}}
	c := read(t, lesions, settings, three(func(v volume.View, s *series) {
		if v == volume.Axial {
			s.centre[2], s.size[2], s.shift[0] = -20, 12, 4
		}
	})...)
	if s := c.Views[2].Shift(); s == nil || math.Abs(s.Length-4) > .6 {
		t.Errorf("%+v", c.Views[2].Shifts)
	}
	has(t, c, "axial: the stacks hold 0 % of the largest lesion", 40)
}

// What is usual is no finding: a second, smaller lesion beyond the axial block, a
// small lesion on one slice, and an end of the lesion on the last slice.
func TestUsualIsSilent(t *testing.T) {
	for name, c := range map[string]*Card{
		"block": read(t, [][4]float64{{0, 0, 0, 10}, {0, 0, 33, 4}}, quick, three(func(v volume.View, s *series) {
			if v == volume.Axial {
				s.size[2] = 14
			}
		})...),
		"one slice": read(t, [][4]float64{{1.65, 0, 0, 2.5}}, quick, three(nil)...),
		"end": read(t, ball, quick, three(func(v volume.View, s *series) {
			if v == volume.Sagittal {
				s.centre[0] = 29
			}
		})...),
	} {
		if c.Suspicion() != 0 {
			t.Errorf("%s: %+v", name, c.Findings)
		}
	}
}
