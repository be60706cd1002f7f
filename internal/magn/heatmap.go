package magn

import (
	"math"

	"magn/internal/volume"
)

// Map is an attention map as the network gives it: ReLU(s·Σ_k W_k f_k) on the
// backbone's cells, s the sign of the predicted class.
type Map struct {
	H, W int
	Raw  []float32
}

// rectified is the map of the predicted class.
func (c cam) rectified(positive bool) Map {
	m := Map{c.h, c.w, make([]float32, len(c.s))}
	for i, x := range c.s {
		if !positive {
			x = -x
		}
		m.Raw[i] = max(x, 0)
	}
	return m
}

// enlarge is bilinear to size×size, corners not aligned (PyTorch's
// interpolate with align_corners=False).
func (m Map) enlarge(size int) []float32 {
	out := make([]float32, size*size)
	for y := range size {
		y0, y1, fy := source(y, m.H, size)
		for x := range size {
			x0, x1, fx := source(x, m.W, size)
			top := m.Raw[y0*m.W+x0]*(1-fx) + m.Raw[y0*m.W+x1]*fx
			low := m.Raw[y1*m.W+x0]*(1-fx) + m.Raw[y1*m.W+x1]*fx
			out[y*size+x] = top*(1-fy) + low*fy
		}
	}
	return out
}

// source is the two cells that pixel x lies between and how far.
func source(x, cells, size int) (lo, hi int, frac float32) {
	at := max((float64(x)+0.5)*float64(cells)/float64(size)-0.5, 0)
	lo = min(int(at), cells-1)
	return lo, min(lo+1, cells-1), float32(at - float64(lo))
}

// Upsample is the map on size×size pixels, brought to 0…1 by its minimum and
// maximum; all zero where these are nearer than 1e-5.
func (m Map) Upsample(size int) []float32 { return unit(m.enlarge(size)) }

func unit(a []float32) []float32 {
	lo, hi := float32(math.Inf(1)), float32(math.Inf(-1))
	for _, x := range a {
		lo, hi = min(lo, x), max(hi, x)
	}
	out := make([]float32, len(a))
	if hi-lo < flat {
		return out
	}
	for i, x := range a {
		out[i] = (x - lo) / (hi - lo)
	}
	return out
}

// MapScore is what one map did on one crop of one held-out case.
type MapScore struct {
	Case, Group string
	View        volume.View
	Crop        int    // 0 is centred on the lesion; the others are shifted away from it
	Shift       [2]int // of the crop's middle, pixels right and down
	Overlap
	Gaussian Overlap // of the best fixed Gaussian in the crop's middle, which looks at nothing
}

// Overlap is how a map lies to the lesion's outline.
type Overlap struct {
	Energy float64 // share of the ReLU map inside the lesion, padding left out; 0 for a zero map
	Share  float64 // the lesion's share of the crop's area, padding left out
	IoU    float64 // of the map above 0.5 and the lesion
	Hit    bool    // the map's maximum lies in the lesion
	Zero   bool
}

// score holds a map, not negative and on the crop's pixels, against the outline;
// flags as pair.mask.
func score(raw []float32, flags []uint8) (s Overlap) {
	scaled := unit(raw)
	var lesion, image, energy, total, both, either float64
	best := -1
	for i, f := range flags {
		if f&inImage == 0 {
			continue // padding is no part of any share
		}
		in := f&inLesion != 0
		image++
		total += float64(raw[i])
		if in {
			lesion++
			energy += float64(raw[i])
		}
		hot := scaled[i] > 0.5
		if hot && in {
			both++
		}
		if hot || in {
			either++
		}
		if best < 0 || scaled[i] > scaled[best] {
			best = i
		}
	}
	if best < 0 {
		return Overlap{Zero: true}
	}
	s.Share = lesion / image
	s.Zero = scaled[best] == 0
	if !s.Zero {
		s.Energy, s.Hit = energy/total, flags[best]&inLesion != 0
		s.IoU = both / max(either, 1)
	}
	return s
}
