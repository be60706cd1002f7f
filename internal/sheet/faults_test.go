package sheet

import (
	"flag"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"magn/internal/draw"
	"magn/internal/volume"
)

var planted = flag.Int("lesions", 2, "random lesions that each fault is planted on")

// faults are what may be wrong with the case of one lesion: how it is planted, on
// series of the three views, and the finding that must say so.
var faults = []struct {
	name, says string
	plant      func(r *rand.Rand, lesion [4]float64, all []series) []series
}{
	{"patient moved by 4 to 12 mm", "axial: the patient moved by ", func(r *rand.Rand, _ [4]float64, all []series) []series {
		by, length := [3]float64{r.NormFloat64(), r.NormFloat64(), r.NormFloat64()}, 0.0
		for _, x := range by {
			length += x * x
		}
		for a := range by {
			all[volume.Axial].shift[a] = by[a] / math.Sqrt(length) * (4 + 8*r.Float64())
		}
		return all
	}},
	{"two stacks of a view 4 to 8 mm apart", "axial: two stacks disagree by ", func(r *rand.Rand, _ [4]float64, all []series) []series {
		s := usual(volume.Axial)
		s.shift[1] = 4 + 4*r.Float64()
		return append(all, s)
	}},
	{"another contrast in the outlined series", "2 views are not like the outlined one", func(_ *rand.Rand, _ [4]float64, all []series) []series {
		all[volume.Sagittal].other = true
		return all
	}},
	{"block beyond most of the lesion", "axial: the stacks hold ", func(r *rand.Rand, l [4]float64, all []series) []series {
		s := &all[volume.Axial]
		half := float64(s.size[2]) / 2 * s.step
		s.centre[2] = l[2] + half + l[3]*(.2+.6*r.Float64())
		return all
	}},
	{"mask 8 to 14 mm beside the lesion", "coronal: the mask and the carried outline agree by ", func(r *rand.Rand, _ [4]float64, all []series) []series {
		all[volume.Coronal].maskAt[2] = 8 + 6*r.Float64()
		return all
	}},
	{"only the middle slice outlined", "sagittal: a lesion of ", func(_ *rand.Rand, l [4]float64, all []series) []series {
		s := &all[volume.Sagittal]
		s.only = 1 + int(math.Round(l[0]/s.step+float64(s.size[2]-1)/2))
		return all
	}},
	{"lesion cut off by the outlined stack's end", "sagittal: the largest lesion is widest on the stack's last slice", func(r *rand.Rand, l [4]float64, all []series) []series {
		s := &all[volume.Sagittal]
		s.centre[0] = l[0] + float64(s.size[2])/2*s.step + l[3]*.3*r.Float64()
		return all
	}},
	{"intensities clipped", "axial: ", func(_ *rand.Rand, _ [4]float64, all []series) []series {
		all[volume.Axial].top = 650
		return all
	}},
	{"lesion at the image's edge", "coronal: the mask reaches the edge of the image", func(_ *rand.Rand, l [4]float64, all []series) []series {
		s := &all[volume.Coronal]
		s.centre[0] = l[0] + float64(s.size[0])/2*s.pixel
		return all
	}},
}

// Lesions of 14 to 24 mm anywhere near the middle: a case as it should be has no
// finding, and each fault that is planted on it is found.
func TestPlantedFaults(t *testing.T) {
	alarms := 0
	found := map[string]int{}
	for n := range *planted {
		r := draw.New("planted faults", n)
		lesion := [4]float64{14 * (r.Float64() - .5), 14 * (r.Float64() - .5), 14 * (r.Float64() - .5), 7 + 5*r.Float64()}
		lesions := [][4]float64{lesion}
		if c := read(t, lesions, settings, three(nil)...); c.Suspicion() > 0 {
			alarms++
			t.Errorf("lesion %d as it should be: %+v", n, c.Findings)
		}
		for _, f := range faults {
			c := read(t, lesions, settings, f.plant(r, lesion, three(nil))...)
			said := false
			for _, x := range c.Findings {
				said = said || strings.HasPrefix(x.Text, f.says)
			}
			if said {
				found[f.name]++
			} else {
				t.Errorf("lesion %d, %s: %+v", n, f.name, c.Findings)
			}
		}
	}
	t.Logf("false alarms: %d of %d", alarms, *planted)
	for _, f := range faults {
		t.Logf("%s: %d of %d", f.name, found[f.name], *planted)
	}
}
