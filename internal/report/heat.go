package report

import (
	"image"
	"image/color"
	"math"
)

// heatStops are nine evenly spaced colours of a map that goes from black over
// purple and orange to pale yellow with evenly rising lightness (the idea, and
// within a few units the values, of matplotlib's "inferno", which is in the
// public domain). Between them sRGB is interpolated linearly.
var heatStops = [...][3]float64{
	{0, 0, 4},
	{31, 12, 72},
	{85, 15, 109},
	{136, 34, 106},
	{186, 54, 85},
	{227, 89, 51},
	{249, 140, 10},
	{249, 201, 50},
	{252, 255, 164},
}

// heat is the colour of v in 0..1; what is outside takes the nearer end, and
// NaN counts as 0.
func heat(v float64) color.NRGBA {
	v = unit(v)
	at := v * float64(len(heatStops)-1)
	i := min(int(at), len(heatStops)-2)
	f := at - float64(i)
	var c [3]uint8
	for k := range c {
		c[k] = uint8(math.Round(heatStops[i][k]*(1-f) + heatStops[i+1][k]*f))
	}
	return color.NRGBA{c[0], c[1], c[2], 255}
}

// heatAlpha is how much of the crop a map's value covers at its highest.
const heatAlpha = 0.8

// overlay paints a map over a crop: the hotter, the less of the crop is seen,
// and where the map is zero the crop is untouched. A nil map gives the crop.
func overlay(w, h int, crop, m []float32) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i, x := range crop {
		g := 255 * unit(float64(x))
		c := [3]float64{g, g, g}
		if m != nil {
			v := unit(float64(m[i]))
			a, hot := heatAlpha*v, heat(v)
			for k, t := range [3]uint8{hot.R, hot.G, hot.B} {
				c[k] = c[k]*(1-a) + float64(t)*a
			}
		}
		img.SetNRGBA(i%w, i/w, color.NRGBA{round(c[0]), round(c[1]), round(c[2]), 255})
	}
	return img
}

func round(x float64) uint8 { return uint8(math.Round(x)) }

// unit clips to 0..1; NaN is 0.
func unit(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return clamp(x, 0, 1)
}

// edge is a piece of outline along pixel borders, in pixels from the top left
// corner of the crop.
type edge struct{ x0, y0, x1, y1 int }

// outline is the border between lesion and not lesion, in straight runs. What
// touches the crop's rim is closed along the rim.
func outline(w, h int, lesion []bool) []edge {
	at := func(x, y int) bool { return x >= 0 && y >= 0 && x < w && y < h && lesion[x+w*y] }
	var edges []edge
	for y := 0; y <= h; y++ {
		for x := 0; x < w; x++ {
			start := x
			for x < w && at(x, y-1) != at(x, y) {
				x++
			}
			if x > start {
				edges = append(edges, edge{start, y, x, y})
			}
		}
	}
	for x := 0; x <= w; x++ {
		for y := 0; y < h; y++ {
			start := y
			for y < h && at(x-1, y) != at(x, y) {
				y++
			}
			if y > start {
				edges = append(edges, edge{x, start, x, y})
			}
		}
	}
	return edges
}
