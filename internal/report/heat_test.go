package report

import (
	"image/color"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// luminance is CIE relative luminance of an sRGB colour (IEC 61966-2-1).
func luminance(c color.NRGBA) float64 {
	lin := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(c.R) + 0.7152*lin(c.G) + 0.0722*lin(c.B)
}

// lightness is CIE L*.
func lightness(c color.NRGBA) float64 {
	y := luminance(c)
	if y <= 216.0/24389 {
		return y * 24389 / 27
	}
	return 116*math.Cbrt(y) - 16
}

// A map is read by its lightness, also where colour is not seen or not
// printed: it must rise all along, and evenly.
func TestHeatLightnessRisesEvenly(t *testing.T) {
	const n = 64
	last := lightness(heat(0))
	if last > 2 {
		t.Errorf("begins at L* %.1f", last)
	}
	for i := 1; i <= n; i++ {
		l := lightness(heat(float64(i) / n))
		if d := (l - last) * n / 100; d < 0.3 || d > 1.6 {
			t.Errorf("at %.3f lightness rises %.2f times as fast as evenly", float64(i)/n, d)
		}
		last = l
	}
	if last < 95 {
		t.Errorf("ends at L* %.1f", last)
	}
	if heat(math.NaN()) != heat(0) || heat(7) != heat(1) || heat(-1) != heat(0) {
		t.Error("values outside 0..1 do not take the nearer end")
	}
}

// Every colour of a line can be seen on white paper, and neighbouring arms
// differ without colour.
func TestPaletteInGreyscale(t *testing.T) {
	for i, c := range palette {
		if l := lightness(c); l > 76 {
			t.Errorf("colour %d is too light for white paper: L* %.0f", i, l)
		}
		if i%2 == 1 {
			if d := math.Abs(lightness(c) - lightness(palette[i-1])); d < 7 {
				t.Errorf("colours %d and %d differ by only %.1f in L*", i-1, i, d)
			}
		}
	}
	seen := map[string]bool{}
	for i := range palette {
		c := palette[i]
		hex := [3]uint8{c.R, c.G, c.B}
		v := cssVariables[hexOf(hex)]
		if v == "" || seen[v] {
			t.Errorf("colour %d has no variable of its own in the page (%q)", i, v)
		}
		seen[v] = true
	}
}

// Every colour that a figure is drawn in, translucent or not, is one that the
// page can change; pictures keep their black and white.
func TestPageChangesEveryColour(t *testing.T) {
	html, _ := pageOf(t, allKinds(t))
	for _, m := range painted.FindAllStringSubmatch(html, -1) {
		if m[2] != "000000" && m[2] != "FFFFFF" && m[2] != "00E5FF" && m[2] != "00222B" {
			t.Fatalf("%s keeps its colour", m[0])
		}
	}
	for hex, want := range map[string]string{"0072B2": "--c0", "0071B1": "--c0", "FFFFFF": "", "000000": ""} {
		if got, _ := variableOf(hex); got != want {
			t.Errorf("%s is %q, want %q", hex, got, want)
		}
	}
}

func hexOf(c [3]uint8) string {
	const d = "0123456789ABCDEF"
	var s []byte
	for _, x := range c {
		s = append(s, d[x>>4], d[x&15])
	}
	return string(s)
}

func TestOverlay(t *testing.T) {
	crop := []float32{0, 0.5, 1, float32(math.NaN())}
	plain := overlay(2, 2, crop, nil)
	if overlay(2, 2, crop, make([]float32, 4)).Pix[4] != plain.Pix[4] || grey(plain) == nil {
		t.Error("a zero map changes the crop, or a crop is not grey")
	}
	hot := overlay(2, 2, crop, []float32{1, 0, 0, 0})
	// 0.8 of (252, 255, 164) over black.
	if got := hot.NRGBAAt(0, 0); got != (color.NRGBA{202, 204, 131, 255}) {
		t.Errorf("hottest over black is %v", got)
	}
	if hot.NRGBAAt(1, 0) != plain.NRGBAAt(1, 0) || plain.NRGBAAt(1, 1) != (color.NRGBA{0, 0, 0, 255}) {
		t.Error("cold pixels changed, or NaN is not black")
	}
}

// The outline tells lesion from not lesion: crossing its vertical edges from
// the left rim of a row, one is inside after an odd number.
func TestOutlineGivesTheLesionBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 9).Draw(t, "w"), rapid.IntRange(1, 9).Draw(t, "h")
		lesion := rapid.SliceOfN(rapid.Bool(), w*h, w*h).Draw(t, "lesion")
		edges := outline(w, h, lesion)
		for y := range h {
			for x := range w {
				rows, cols := 0, 0
				for _, e := range edges {
					if e.x0 == e.x1 && e.x0 <= x && e.y0 <= y && y < e.y1 {
						rows++
					}
					if e.y0 == e.y1 && e.y0 <= y && e.x0 <= x && x < e.x1 {
						cols++
					}
				}
				if in := lesion[x+w*y]; rows%2 == 1 != in || cols%2 == 1 != in {
					t.Fatalf("pixel %d,%d: lesion %v, crossings %d and %d", x, y, in, rows, cols)
				}
			}
		}
	})
}
