package magn

import (
	"math"
	"math/rand/v2"
	"sync"

	"magn/internal/volume"
)

// noise is a fixed field of standard normal numbers; a sample reads a random
// stretch of it, which costs a hundredth of drawing its own.
var noise = sync.OnceValue(func() []float32 {
	r := rand.New(rand.NewPCG(0x6d61676e, 0x6e6f697365))
	field := make([]float32, 1<<20)
	for i := range field {
		field[i] = float32(r.NormFloat64())
	}
	return field
})

// pick draws a pair with probability in proportion to its area.
func pick(r *rand.Rand, pairs []pair) pair {
	total := 0
	for _, p := range pairs {
		total += p.area
	}
	at := r.IntN(total)
	for _, p := range pairs {
		if at -= p.area; at < 0 {
			return p
		}
	}
	return pairs[len(pairs)-1]
}

// augmented cuts a shifted, turned, brightened and noisy crop out of a patch into
// image (plane after plane) and mask, each plane Crop×Crop. Left and right are
// swapped on coronal and axial views only: a sagittal image has front and back
// there.
func (in *input) augmented(r *rand.Rand, view volume.View, p pair, image, mask []float32) {
	t := in.training
	n := t.Crop
	dx, dy := t.shift(r), t.shift(r)
	sin, cos := math.Sincos((2*r.Float64() - 1) * t.Rotate * math.Pi / 180)
	gain := float32(1 + (2*r.Float64()-1)*2*t.Brightness)
	offset := float32((2*r.Float64() - 1) * t.Brightness)
	sigma := float32(r.Float64() * t.Noise)
	flip := r.IntN(2) == 1 && view != volume.Sagittal
	field := noise()
	start := r.IntN(len(field))

	// Output pixel (x,y), measured from the crop's middle, is turned about the
	// middle, moved, and read between four pixels of the patch.
	mid, centre := float64(n-1)/2, float64(in.side-1)/2
	stepX, stepY, x0 := cos, sin, -mid
	if flip {
		stepX, stepY, x0 = -cos, -sin, mid
	}
	for y := range n {
		v := float64(y) - mid
		sx := centre + dx + x0*cos - v*sin
		sy := centre + dy + x0*sin + v*cos
		for x := range n {
			ix, iy := int(sx), int(sy)
			fx, fy := float32(sx-float64(ix)), float32(sy-float64(iy))
			at, i := iy*in.side+ix, y*n+x
			for c, plane := range p.planes {
				a := plane[at : at+in.side+2]
				top := float32(a[0]) + fx*(float32(a[1])-float32(a[0]))
				low := float32(a[in.side]) + fx*(float32(a[in.side+1])-float32(a[in.side]))
				grey := (top + fy*(low-top)) / 65535
				image[c*n*n+i] = gain*grey + offset + sigma*field[(start+c*n*n+i)&(len(field)-1)]
			}
			near := at
			if fx >= 0.5 {
				near++
			}
			if fy >= 0.5 {
				near += in.side
			}
			mask[i] = float32(p.mask[near] & inLesion)
			sx += stepX
			sy += stepY
		}
	}
}

func (t Training) shift(r *rand.Rand) float64 { return (2*r.Float64() - 1) * float64(t.Shift) }
