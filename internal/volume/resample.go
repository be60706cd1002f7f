package volume

import (
	"math"
	"slices"
)

// ResampleInPlane brings a canonical volume to square pixels of mm millimetres;
// k is untouched. The new grid shares its centre with the old and has the
// nearest whole number of pixels. Values are bilinear between pixel centres;
// where an axis shrinks, the interpolating triangle is widened to the new pixel
// so that each old pixel counts by its area (the filter of Pillow's BILINEAR
// and of PyTorch's antialiased bilinear), and at the border it is cut and
// normalised.
//
// The volume itself is returned where spacing is unknown, where both axes are
// that size already (to 0.0001 mm), and for mm = 0, which stands for native
// pixels.
func (v *Volume) ResampleInPlane(mm float64) *Volume {
	g, x, y, ok := v.Grid.inPlane(mm)
	if !ok {
		return v
	}
	out := &Volume{Grid: g, Data: make([]float32, g.Len())}
	w, h := v.Size[0], v.Size[1]
	wide := make([]float32, h*g.Size[0]) // a slice with its columns done, its rows not yet
	for k := range g.Size[2] {
		src := v.Data[k*w*h:][:w*h]
		for j := range h {
			x.row(wide[j*g.Size[0]:][:g.Size[0]], src[j*w:][:w])
		}
		dst := out.Data[k*g.Size[0]*g.Size[1]:]
		for j := range g.Size[1] {
			y.column(dst[j*g.Size[0]:][:g.Size[0]], wide, j)
		}
	}
	return out
}

// ResampleInPlane brings a canonical mask to the grid that Volume's method gives
// its volume. Each label's indicator is resampled by the same filter, and
// a pixel is the label's where that is at least ½; of two that share a pixel
// half and half the lower label takes it. A lesion smaller than half a new
// pixel is lost.
func (m *Mask) ResampleInPlane(mm float64) *Mask {
	g, x, y, ok := m.Grid.inPlane(mm)
	if !ok {
		return m
	}
	out := &Mask{Grid: g, Labels: make([]uint16, g.Len())}
	w, h, nw, nh := m.Size[0], m.Size[1], g.Size[0], g.Size[1]
	wide := make([]float32, h*nw)
	sum, one := make([]float32, nw), make([]float32, w)
	drawn := m.Drawn()
	slices.SortFunc(drawn, func(a, b Drawn) int { return int(a.Label) - int(b.Label) })
	for _, d := range drawn {
		// Only rows that hold the label contribute, and only new rows whose
		// filter meets them receive.
		fill(wide, 0)
		for j := d.Box[1]; j < d.Box[3]; j++ {
			for i, l := range m.Labels[(d.Slice*h+j)*w:][:w] {
				one[i] = 0
				if l == d.Label {
					one[i] = 1
				}
			}
			x.row(wide[j*nw:][:nw], one)
		}
		for j := range nh {
			if first := y.first[j]; first >= d.Box[3] || first+len(y.taps(j)) <= d.Box[1] {
				continue
			}
			y.column(sum, wide, j)
			row := out.Labels[(d.Slice*nh+j)*nw:][:nw]
			for i, s := range sum {
				// The margin keeps exact halves on one side of rounding.
				if s >= .5-1e-5 && row[i] == 0 {
					row[i] = d.Label
				}
			}
		}
	}
	return out
}

// inPlane is the grid of mm×mm pixels with the same centre, and the filters of
// its columns and rows; not ok where there is nothing to do.
func (g Grid) inPlane(mm float64) (out Grid, x, y filter, ok bool) {
	s := g.Spacing()
	if !g.SpacingKnown || !(mm > 0) || math.IsInf(mm, 0) ||
		math.Abs(s[0]-mm) <= 1e-4 && math.Abs(s[1]-mm) <= 1e-4 {
		return Grid{}, filter{}, filter{}, false
	}
	out = g
	toOld := Scaling(1, 1, 1) // new index → old index
	var f [2]filter
	for a := range f {
		scale := mm / s[a]
		out.Size[a] = max(1, int(math.Round(float64(g.Size[a])/scale)))
		f[a] = newFilter(g.Size[a], out.Size[a], scale)
		toOld[a][a] = scale
		toOld[a][3] = f[a].centre(0)
	}
	out.Affine = g.Affine.Mul(toOld)
	return out, f[0], f[1], true
}

// filter is the weights with which the old pixels of one axis make the new.
type filter struct {
	n, size int // old and new number of pixels
	scale   float64
	first   []int     // first old pixel of each new one
	end     []int     // end of each new pixel's weights in w; they start at the end of the one before
	w       []float32 // each new pixel's sum to 1
}

func newFilter(n, size int, scale float64) filter {
	f := filter{n: n, size: size, scale: scale, first: make([]int, size), end: make([]int, size)}
	reach := math.Max(1, scale)
	for i := range size {
		c := f.centre(i)
		from := max(0, int(math.Floor(c-reach))+1)
		to := min(n, int(math.Ceil(c+reach)))
		from = min(from, n-1)
		to = max(to, from+1)
		total := 0.0
		weight := func(p int) float64 { return math.Max(0, 1-math.Abs(float64(p)-c)/reach) }
		for p := from; p < to; p++ {
			total += weight(p)
		}
		f.first[i] = from
		for p := from; p < to; p++ {
			if total > 0 {
				f.w = append(f.w, float32(weight(p)/total))
			} else {
				f.w = append(f.w, 1/float32(to-from))
			}
		}
		f.end[i] = len(f.w)
	}
	return f
}

// centre of new pixel i in old pixels: the two grids share their centre.
func (f filter) centre(i int) float64 {
	return (float64(i)-float64(f.size-1)/2)*f.scale + float64(f.n-1)/2
}

func (f filter) taps(i int) []float32 {
	if i == 0 {
		return f.w[:f.end[0]]
	}
	return f.w[f.end[i-1]:f.end[i]]
}

// row makes the new pixels of one row.
func (f filter) row(dst, src []float32) {
	for i := range dst {
		w := f.taps(i)
		p := src[f.first[i]:][:len(w)]
		var sum float32
		for t, x := range p {
			sum += w[t] * x
		}
		dst[i] = sum
	}
}

// column makes the new row j out of rows of len(dst) pixels.
func (f filter) column(dst, rows []float32, j int) {
	fill(dst, 0)
	for t, w := range f.taps(j) {
		src := rows[(f.first[j]+t)*len(dst):][:len(dst)]
		for i, x := range src {
			dst[i] += w * x
		}
	}
}
