package phantom

import (
	"math"

	"magn/internal/draw"
	"magn/internal/volume"
)

// outline is how a radiologist draws the lesions of a stack: round where the truth
// is ragged, off by up to about a millimetre, and without the thin ends where a
// slice shows next to nothing.
func (e *exam) outline(truth *volume.Mask, labels []uint16) *volume.Mask {
	r := draw.New("phantom", e.opt.Seed, "radiologist", e.person, e.exam)
	habit := .3 * (r.Float64() - .6) // some draw wide, some tight
	shift := 100 * r.Float64()
	g := truth.Grid
	out := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	mm := g.Spacing()
	kernel := gauss(1.7 / mm[0])
	n := g.Size[0] * g.Size[1]
	least := int(math.Ceil(12 / (mm[0] * mm[1]))) // pixels worth a line
	for _, label := range labels {
		best, most := -1, 0
		drawn := false
		for k := range g.Size[2] {
			slab := truth.Labels[k*n : (k+1)*n]
			area := 0
			for _, l := range slab {
				if l == label {
					area++
				}
			}
			if area > most {
				best, most = k, area
			}
			if area < least {
				continue
			}
			soft := smear(slab, label, g.Size[0], kernel)
			for i, f := range soft {
				if f < .05 || out.Labels[k*n+i] != 0 {
					continue
				}
				p := g.Affine.Apply([3]float64{float64(i % g.Size[0]), float64(i / g.Size[0]), float64(k)})
				if f > .48+habit+.5*e.body.tex.at(p[0]/9+shift, p[1]/9, p[2]/9) {
					out.Labels[k*n+i] = label
					drawn = true
				}
			}
		}
		if !drawn && best >= 0 { // too small for a line: a dot
			for i, l := range truth.Labels[best*n : (best+1)*n] {
				if l == label {
					out.Labels[best*n+i] = label
				}
			}
		}
	}
	return out
}

// gauss is half of a normalised kernel, from its middle; sigma in pixels.
func gauss(sigma float64) []float64 {
	k := make([]float64, int(math.Ceil(3*sigma))+1)
	sum := 0.
	for i := range k {
		k[i] = math.Exp(-float64(i*i) / (2 * sigma * sigma))
		sum += k[i] * float64(1+min(i, 1))
	}
	for i := range k {
		k[i] /= sum
	}
	return k
}

// smear is the share of one label around each pixel of a slice.
func smear(labels []uint16, label uint16, w int, kernel []float64) []float64 {
	h := len(labels) / w
	across, out := make([]float64, len(labels)), make([]float64, len(labels))
	for i, l := range labels {
		if l != label {
			continue
		}
		x, y := i%w, i/w
		for d, f := range kernel {
			if x+d < w {
				across[y*w+x+d] += f
			}
			if d > 0 && x-d >= 0 {
				across[y*w+x-d] += f
			}
		}
	}
	for i, v := range across {
		if v == 0 {
			continue
		}
		x, y := i%w, i/w
		for d, f := range kernel {
			if y+d < h {
				out[(y+d)*w+x] += f * v
			}
			if d > 0 && y-d >= 0 {
				out[(y-d)*w+x] += f * v
			}
		}
	}
	return out
}

// contours are the edges of one label on a slice: closed lines through pixel
// corners, in pixels, with the label at their left. A hole is a contour of its own.
func contours(labels []uint16, label uint16, w int) [][][2]float64 {
	h := len(labels) / w
	in := func(x, y int) bool { return x >= 0 && y >= 0 && x < w && y < h && labels[y*w+x] == label }
	next := map[[2]int][][2]int{} // edges by the corner that they leave; corner (x, y) is the upper left of pixel (x, y)
	var order [][2]int
	edge := func(a, b [2]int) {
		if len(next[a]) == 0 {
			order = append(order, a)
		}
		next[a] = append(next[a], b)
	}
	for y := range h {
		for x := range w {
			if !in(x, y) {
				continue
			}
			if !in(x, y-1) {
				edge([2]int{x + 1, y}, [2]int{x, y})
			}
			if !in(x-1, y) {
				edge([2]int{x, y}, [2]int{x, y + 1})
			}
			if !in(x, y+1) {
				edge([2]int{x, y + 1}, [2]int{x + 1, y + 1})
			}
			if !in(x+1, y) {
				edge([2]int{x + 1, y + 1}, [2]int{x + 1, y})
			}
		}
	}
	var out [][][2]float64
	for _, start := range order {
		for len(next[start]) > 0 {
			var line [][2]int
			for at := start; ; {
				to := next[at][0]
				next[at] = next[at][1:]
				line = append(line, at)
				if at = to; at == start {
					break
				}
			}
			out = append(out, corners(line))
		}
	}
	return out
}

// corners keeps the points at which a closed line turns; pixel centres are whole
// numbers.
func corners(line [][2]int) [][2]float64 {
	var out [][2]float64
	for i, p := range line {
		a, b := line[(i+len(line)-1)%len(line)], line[(i+1)%len(line)]
		if (p[0]-a[0])*(b[1]-p[1]) != (p[1]-a[1])*(b[0]-p[0]) {
			out = append(out, [2]float64{float64(p[0]) - .5, float64(p[1]) - .5})
		}
	}
	return out
}
