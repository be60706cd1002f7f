package phantom

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	random "magn/internal/draw"
	"magn/internal/testenv"
	"magn/internal/volume"
)

var update = flag.Bool("update", false, "write docs/figures/phantom.png anew")

// The picture in docs/phantom.md is of this phantom: five patients, three views.
func TestFigure(t *testing.T) {
	path := filepath.Join(testenv.Root(t), "docs", "figures", "phantom.png")
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, figure(t)); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 300_000 {
		t.Errorf("the picture has %d bytes", b.Len())
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	im, err := png.Decode(bytes.NewReader(have))
	if err != nil {
		t.Fatal(err)
	}
	now, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if im.Bounds() != now.Bounds() || !bytes.Equal(im.(*image.Paletted).Pix, now.(*image.Paletted).Pix) {
		t.Error("docs/figures/phantom.png is of another phantom; go test ./internal/phantom -run TestFigure -update")
	}
}

const (
	panel = 196 // pixels a side
	greys = 40
)

func figure(t *testing.T) *image.Paletted {
	opt := Options{Patients: 40, Seed: 1, Size: 256, Difficulty: .1}
	palette := make(color.Palette, 0, greys+2)
	for g := range greys {
		palette = append(palette, color.Gray{uint8(g * 255 / (greys - 1))})
	}
	palette = append(palette, color.RGBA{255, 200, 0, 255}, color.RGBA{0, 200, 255, 255})
	people := []int{0, 1, 3, 9, 14}
	out := image.NewPaletted(image.Rect(0, 0, len(people)*panel, 3*panel+16), palette)
	tex := textureOf(opt)
	all := opt.patients()
	for column, n := range people {
		p := all[n]
		p.stations = [3]bool{}
		e := newExam(opt, p, tex)
		for _, view := range volume.Views {
			slice, mask := e.picture(t, view)
			small := image.NewGray(image.Rect(0, 0, panel, panel))
			draw.BiLinear.Scale(small, small.Bounds(), slice, image.Rect(8, 8, 248, 248), draw.Src, nil)
			for y := range panel {
				for x := range panel {
					index := uint8(int(small.GrayAt(x, y).Y) * greys / 256)
					at := func(dx, dy int) bool { return mask[(8+(y+dy)*240/panel)*256+8+(x+dx)*240/panel] != 0 }
					if at(0, 0) && !(at(-1, 0) && at(1, 0) && at(0, -1) && at(0, 1)) {
						index = greys
						if view != volume.Sagittal {
							index++
						}
					}
					out.SetColorIndex(column*panel+x, int(view)*panel+y, index)
				}
			}
		}
	}
	pen := font.Drawer{
		Dst: out, Src: image.NewUniform(color.Gray{220}), Face: basicfont.Face7x13,
		Dot: fixed.P(6, 3*panel+12),
	}
	pen.DrawString("Synthetic, no patients. Sagittal with the outline as drawn; coronal and axial with the true lesions.")
	return out
}

// picture is the slice through the first lesion as it comes from the scanner, and
// the outline (sagittal) or the true lesions (other views) on it.
func (e *exam) picture(t *testing.T, view volume.View) (*image.Gray, []uint16) {
	s := stacksOf(e.opt, e.patient, e.body, view)[0]
	back, err := s.grid.Affine.Inverse()
	if err != nil {
		t.Fatal(err)
	}
	m := e.body.lesions[0].lobes[0].a
	k := clamp(float64(int(back.Apply(e.body.patient(m[0], m[1], m[2]))[2]+.5)), 0, float64(s.grid.Size[2]-1))
	origin := s.grid.Affine.Apply([3]float64{0, 0, k})
	for r := range origin {
		s.grid.Affine[r][3] = origin[r]
	}
	s.grid.Size[2] = 1
	sc, err := scan(t.Context(), e.body, s, e.gain, []*weighting{&t1Post})
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewGray(image.Rect(0, 0, 256, 256))
	for i, v := range rician(random.New("figure", e.id, view), sc.images[0], 1, noiseSD*.7) {
		out.Pix[i] = uint8(clamp(float64(v)/1200*255, 0, 255))
	}
	if view == volume.Sagittal {
		return out, e.outline(sc.truth, labelsOf(sc.truth)).Labels
	}
	return out, sc.truth.Labels
}
