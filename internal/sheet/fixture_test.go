package sheet

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"magn/internal/cohort"
	"magn/internal/nifti"
	"magn/internal/volume"
)

// series is one stack that a test makes: of waves that stand for anatomy, and a
// ball, both moved by shift mm.
type series struct {
	view    volume.View
	centre  [3]float64 // of the stack, mm
	size    [3]int
	pixel   float64
	step    float64
	shift   [3]float64 // of the anatomy
	maskAt  [3]float64 // of the ball in the mask, beyond the lesion's place
	unknown bool       // spacing
	top     float32    // values above are cut; 0: none
	forget  uint16     // a lesion that the mask does not have
	only    int        // the one slice that is outlined, from 1; 0: all
	other   bool       // another contrast: tissue tells nothing of what it is elsewhere
}

// usual is a stack that shows all of a lesion in the origin.
func usual(v volume.View) series {
	return series{view: v, size: [3]int{96, 96, 22}, pixel: .8, step: 3.3}
}

func (s series) grid() volume.Grid {
	dirs := [3][3][3]float64{
		volume.Sagittal: {{0, -1, 0}, {0, 0, -1}, {1, 0, 0}},
		volume.Coronal:  {{-1, 0, 0}, {0, 0, -1}, {0, -1, 0}},
		volume.Axial:    {{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}},
	}[s.view]
	c, n := math.Cos(.1), math.Sin(.1) // a little oblique
	g := volume.Grid{Size: s.size, SpacingKnown: !s.unknown}
	if s.unknown { // directions only, one unit a voxel
		s.pixel, s.step = 1, 1
	}
	for col, step := range []float64{s.pixel, s.pixel, s.step} {
		d := dirs[col]
		d = [3]float64{d[0], c*d[1] - n*d[2], n*d[1] + c*d[2]}
		for r := range 3 {
			g.Affine[r][col] = d[r] * step
			g.Affine[r][3] -= g.Affine[r][col] * float64(s.size[col]-1) / 2
		}
	}
	for r := range 3 {
		g.Affine[r][3] += s.centre[r]
	}
	return g
}

// scan makes image and mask: lesions are balls.
func (s series) scan(lesions [][4]float64) (*volume.Volume, *volume.Mask) {
	g := s.grid()
	v, m := &volume.Volume{Grid: g, Data: make([]float32, g.Len())}, &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	for i := range v.Data {
		at := g.Voxel(i)
		p := g.Affine.Apply([3]float64{float64(at[0]), float64(at[1]), float64(at[2])})
		var q [3]float64 // the same point of the patient before he moved
		for r := range p {
			q[r] = p[r] - s.shift[r]
		}
		x := 500 + 120*math.Sin(q[0]/5+1)*math.Cos(q[1]/6) + 110*math.Sin(q[2]/4.5)*math.Cos(q[0]/8) + 90*math.Cos((q[1]+q[2])/7)
		if s.other {
			x = 500 + 150*math.Sin(q[0]/3+q[1]/4)*math.Cos(q[2]/5-q[0]/7)
		}
		for n, l := range lesions {
			if dist(q, l) < l[3] {
				x += 300
			}
			if dist([3]float64{p[0] - s.maskAt[0], p[1] - s.maskAt[1], p[2] - s.maskAt[2]}, l) < l[3] && uint16(n+1) != s.forget && (s.only == 0 || at[2] == s.only-1) {
				m.Labels[i] = uint16(n + 1)
			}
		}
		v.Data[i] = float32(math.Round(x))
		if s.top > 0 {
			v.Data[i] = min(v.Data[i], s.top)
		}
	}
	return v, m
}

func dist(p [3]float64, l [4]float64) float64 {
	return math.Sqrt((p[0]-l[0])*(p[0]-l[0]) + (p[1]-l[1])*(p[1]-l[1]) + (p[2]-l[2])*(p[2]-l[2]))
}

// ball is one lesion of 20 mm in the middle.
var ball = [][4]float64{{0, 0, 0, 10}}

// made writes a case of these series, and gives it.
func made(t testing.TB, id string, lesions [][4]float64, all ...series) cohort.Case {
	t.Helper()
	k := cohort.Case{ID: id, Group: id, Class: "myeloma", Dir: filepath.Join(t.TempDir(), id)}
	if err := os.MkdirAll(k.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	count := map[volume.View]int{}
	for _, s := range all {
		v, m := s.scan(lesions)
		count[s.view]++
		base := s.view.String()
		if n := count[s.view]; n > 1 {
			base += "_" + string(rune('0'+n))
		}
		base = filepath.Join(k.Dir, base)
		if err := nifti.WriteVolume(base+".nii.gz", v, nifti.Float32); err != nil {
			t.Fatal(err)
		}
		if err := nifti.WriteMask(base+"_mask.nii.gz", m); err != nil {
			t.Fatal(err)
		}
		known := "true"
		if s.unknown {
			known = "false"
		}
		text := `{"image_sha256":"","mask_sha256":"","spacing_known":` + known + `,"scaled_by":"stack","sources":[]}`
		if err := os.WriteFile(base+".json", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return k
}

var (
	settings = Settings{Crop: 96, PixelMM: .7}
	quick    = Settings{Crop: 96, PixelMM: .7, noShift: true}
)
