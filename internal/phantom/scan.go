package phantom

import (
	"context"
	"math"
	"math/rand/v2"

	"magn/internal/volume"
)

const (
	depths     = 3  // points through the slab of a slice
	fineDepths = 8  // … near a lesion
	noiseSD    = 20 // standard deviation of noise in each channel, in signal units, at 1.5 T
)

// scanned is a stack without noise: one image a weighting, in signal units, and the
// truth: of each voxel the lesion that at least half of its slab is in.
type scanned struct {
	images [][]float32
	truth  *volume.Mask
}

// scan samples a stack. The slab of a slice is its thickness, without the gap.
func scan(ctx context.Context, body *anatomy, s stack, gain bias, weights []*weighting) (*scanned, error) {
	g := s.grid
	out := &scanned{truth: &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}}
	for range weights {
		out.images = append(out.images, make([]float32, g.Len()))
	}
	n := g.Size[0] * g.Size[1]
	for k := range g.Size[2] {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for j := range g.Size[1] {
			for i := range g.Size[0] {
				sampleVoxel(body, s, gain, weights, [3]int{i, j, k}, k*n+j*g.Size[0]+i, out)
			}
		}
		for _, im := range out.images {
			blur(im[k*n:(k+1)*n], g.Size[0])
		}
	}
	return out, nil
}

// sampleVoxel averages over the slab of one voxel.
func sampleVoxel(body *anatomy, s stack, gain bias, weights []*weighting, at [3]int, n int, out *scanned) {
	g := s.grid
	share := s.thickness / spacingOf(g, 2) // of a step that is slab
	p := g.Affine.Apply([3]float64{float64(at[0]), float64(at[1]), float64(at[2])})
	for k := range p {
		p[k] -= s.moved[k]
	}
	normal := [3]float64{g.Affine[0][2] * share, g.Affine[1][2] * share, g.Affine[2][2] * share}
	count := depths
	if body.lesionNear(p, s.thickness) {
		count = fineDepths
	}
	var sums [maxWeights]float64
	var inside [maxLesions + 1]int
	for d := range count {
		f := (float64(d)+.5)/float64(count) - .5
		sp := body.at(p[0]+f*normal[0], p[1]+f*normal[1], p[2]+f*normal[2])
		for w, weight := range weights {
			sums[w] += weight.signal(&sp)
		}
		inside[sp.label]++
	}
	b := gain.at(p) / float64(count)
	for w := range weights {
		out.images[w][n] = float32(sums[w] * b)
	}
	for l := 1; l <= maxLesions; l++ {
		if 2*inside[l] >= count {
			out.truth.Labels[n] = uint16(l)
			break
		}
	}
}

func spacingOf(g volume.Grid, axis int) float64 {
	s := 0.
	for r := range 3 {
		s += g.Affine[r][axis] * g.Affine[r][axis]
	}
	return math.Sqrt(s)
}

// maxWeights is how many images one pass over a stack makes.
const maxWeights = 8

// maxLesions a person has.
const maxLesions = 3

// lesionNear says that a lesion may be within mm of a point.
func (a *anatomy) lesionNear(p [3]float64, mm float64) bool {
	u, w, t := a.local(p[0], p[1], p[2])
	for i := range a.lesions {
		l := &a.lesions[i]
		if t > l.low[2]-mm && t < l.high[2]+mm && u > l.low[0]-mm && u < l.high[0]+mm && w > l.low[1]-mm && w < l.high[1]+mm {
			return true
		}
	}
	return false
}

// rician is the size of a complex signal with noise in both channels, rounded to
// whole numbers.
func rician(r *rand.Rand, image []float32, scale, sd float64) []float32 {
	out := make([]float32, len(image))
	for i, s := range image {
		re, im := float64(s)+sd*r.NormFloat64(), sd*r.NormFloat64()
		out[i] = float32(math.Round(math.Sqrt(re*re+im*im) * scale))
	}
	return out
}

// bias is the receive field of a surface coil behind the patient: smooth, stronger
// towards the back. In front of the spine a saturation band takes signal away, as
// spine protocols lay one against motion of the belly.
type bias struct {
	middle [3]float64
	slope  [3]float64
	band   float64 // y where it begins, mm
}

func newBias(r *rand.Rand, middle [3]float64) bias {
	const mm = 1. / 100
	slope := [3]float64{.05 * r.NormFloat64() * mm, (-.3 + .06*r.NormFloat64()) * mm, .06 * r.NormFloat64() * mm}
	return bias{middle: middle, slope: slope, band: middle[1] + 42 + 8*r.Float64()}
}

func (b bias) at(p [3]float64) float64 {
	e := 0.0
	for k := range p {
		e += b.slope[k] * (p[k] - b.middle[k])
	}
	band := 1 - .72*smooth((p[1]-b.band)/14)
	return band * clamp(1+e+e*e/2, .4, 2.5) // the first terms of exp
}

// blur is the point spread in plane: (1 2 1)/4 along each direction, edges held.
func blur(image []float32, n int) {
	tmp := make([]float32, len(image))
	for j := range len(image) / n {
		row, out := image[j*n:(j+1)*n], tmp[j*n:(j+1)*n]
		for i := range row {
			out[i] = (row[max(i-1, 0)] + 2*row[i] + row[min(i+1, n-1)]) / 4
		}
	}
	rows := len(image) / n
	for j := range rows {
		up, mid, down := tmp[max(j-1, 0)*n:], tmp[j*n:], tmp[min(j+1, rows-1)*n:]
		for i := range n {
			image[j*n+i] = (up[i] + 2*mid[i] + down[i]) / 4
		}
	}
}
