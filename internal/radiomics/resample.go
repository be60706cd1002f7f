package radiomics

import (
	"context"
	"math"
)

// maxVoxels bounds a grid that settings ask for: 2 GiB of grey values.
const maxVoxels = 1 << 28

// splineMargin is how many voxels around those that are asked for take part in
// B-spline interpolation. A value's weight falls by 0.268 a voxel, so that what
// lies farther away is below the last bit.
const splineMargin = 48

// resample is the image's value at each voxel of the frame to, cast to the
// image's type; 0 outside the image, which reaches half a voxel beyond its
// outermost centres.
func (im *Image) resample(ctx context.Context, from, to *frame, method Interpolator, workers int) ([]float64, error) {
	block := wholeBlock(im.Values, im.Size)
	if method == BSpline {
		lo, hi := to.reach(from)
		block = block.cut(lo, hi, splineMargin)
		if err := splineCoefficients(ctx, block.values, block.size, workers); err != nil {
			return nil, err
		}
	}
	at := block.linear
	switch method {
	case BSpline:
		at = nil
	case NearestNeighbor:
		at = func(p [3]float64) float64 {
			return block.at(nearestVoxel(p[0]), nearestVoxel(p[1]), nearestVoxel(p[2]))
		}
	}
	out := make([]float64, voxels(to.size))
	w, h := to.size[0], to.size[1]
	err := slabs(ctx, workers, h*to.size[2], func(_, first, end int) {
		var s splineRow
		for r := first; r < end; r++ {
			row := out[r*w:][:w]
			line := to.line(from, r%h, r/h)
			for x := range row {
				p := line.at(x)
				if !from.holds(p) {
					continue
				}
				if at != nil {
					row[x] = im.Type.cast(at(p))
				} else {
					row[x] = im.Type.cast(s.at(block, p))
				}
			}
		}
	})
	return out, err
}

// resampleMask says of each voxel of the frame to whether the voxel of the mask
// nearest to it is set; false outside the mask.
func resampleMask(ctx context.Context, mask []bool, from, to *frame, workers int) ([]bool, error) {
	out := make([]bool, voxels(to.size))
	w, h := to.size[0], to.size[1]
	err := slabs(ctx, workers, h*to.size[2], func(_, first, end int) {
		for r := first; r < end; r++ {
			row := out[r*w:][:w]
			line := to.line(from, r%h, r/h)
			for x := range row {
				if p := line.at(x); from.holds(p) {
					i, j, k := nearestVoxel(p[0]), nearestVoxel(p[1]), nearestVoxel(p[2])
					row[x] = mask[i+from.size[0]*(j+from.size[1]*k)]
				}
			}
		}
	})
	return out, err
}

// line is where the voxels of one row lie in another frame. As in ITK they are
// interpolated between the row's first voxel and the one after its last.
type line struct {
	start, end [3]float64
	n          float64
}

func (f *frame) line(in *frame, y, z int) line {
	return line{
		start: in.index(f.voxel(0, y, z)),
		end:   in.index(f.voxel(f.size[0], y, z)),
		n:     float64(f.size[0]),
	}
}

func (l *line) at(x int) (p [3]float64) {
	alpha := float64(x) / l.n
	for a := range p {
		p[a] = l.start[a] + float64((l.end[a]-l.start[a])*alpha)
	}
	return p
}

// holds says whether a continuous index lies in the image.
func (f *frame) holds(p [3]float64) bool {
	for a, x := range p {
		if !(x >= -.5 && x < float64(f.size[a])-.5) {
			return false
		}
	}
	return true
}

// reach is the range of continuous indices of in that the frame covers.
func (f *frame) reach(in *frame) (lo, hi [3]float64) {
	lo, hi = [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}, [3]float64{math.Inf(-1), math.Inf(-1), math.Inf(-1)}
	for corner := range 8 {
		var index [3]float64
		for a := range 3 {
			if corner>>a&1 == 1 {
				index[a] = float64(f.size[a] - 1)
			}
		}
		for a, x := range in.index(f.point(index)) {
			lo[a], hi[a] = math.Min(lo[a], x), math.Max(hi[a], x)
		}
	}
	return lo, hi
}

// nearestVoxel rounds halves up.
func nearestVoxel(x float64) int { return int(math.Floor(x + .5)) }

// block is a part of an image.
type block struct {
	values []float64
	low    [3]int // its first voxel in the image
	size   [3]int
	whole  [3]int // the image's size
}

func wholeBlock(values []float64, size [3]int) block {
	return block{values: values, size: size, whole: size}
}

// cut is a copy of the part within margin voxels of continuous indices lo to hi.
func (b block) cut(lo, hi [3]float64, margin float64) block {
	out := block{whole: b.whole}
	for a := range 3 {
		last := float64(b.size[a] - 1)
		out.low[a] = int(math.Max(0, math.Min(last, math.Floor(lo[a])-margin)))
		out.size[a] = int(math.Min(last, math.Max(0, math.Ceil(hi[a])+margin))) - out.low[a] + 1
	}
	out.values = make([]float64, 0, voxels(out.size))
	for z := range out.size[2] {
		for y := range out.size[1] {
			from := out.low[0] + b.size[0]*(out.low[1]+y+b.size[1]*(out.low[2]+z))
			out.values = append(out.values, b.values[from:][:out.size[0]]...)
		}
	}
	return out
}

// at is the value of a voxel of the image that the block holds.
func (b *block) at(i, j, k int) float64 {
	return b.values[i-b.low[0]+b.size[0]*(j-b.low[1]+b.size[1]*(k-b.low[2]))]
}

// linear is the trilinear value at p. Beyond the outermost centres the
// outermost value goes on.
func (b *block) linear(p [3]float64) float64 {
	var base [3]int
	var t [3]float64
	for a, x := range p {
		base[a] = max(0, int(math.Floor(x)))
		t[a] = x - float64(base[a])
		if t[a] < 0 || base[a]+1 >= b.whole[a] {
			t[a] = 0
		}
	}
	// Along x, then y, then z, as ITK does it.
	alongX := func(j, k int) float64 {
		v := b.at(base[0], j, k)
		if t[0] > 0 {
			v += float64((b.at(base[0]+1, j, k) - v) * t[0])
		}
		return v
	}
	alongY := func(k int) float64 {
		v := alongX(base[1], k)
		if t[1] > 0 {
			v += float64((alongX(base[1]+1, k) - v) * t[1])
		}
		return v
	}
	v := alongY(base[2])
	if t[2] > 0 {
		v += float64((alongY(base[2]+1) - v) * t[2])
	}
	return v
}

// splineRow sums B-splines for the voxels of a row, and keeps what neighbours
// share.
type splineRow struct {
	p       [3]float64
	known   bool
	w       [3][4]float64
	offsets [3][4]int
}

// at is the value at p of the splines with the block's coefficients. The 64
// products are formed and summed in ITK's order: values of an integer image are
// cut to whole numbers afterwards, and the last bit decides where the spline
// passes through one.
func (s *splineRow) at(b block, p [3]float64) float64 {
	stride := [3]int{1, b.size[0], b.size[0] * b.size[1]}
	for a := range 3 {
		if s.known && s.p[a] == p[a] {
			continue
		}
		var first int
		first, s.w[a] = splineWeights(p[a])
		for k := range 4 {
			s.offsets[a][k] = (mirror(first+k, b.whole[a]) - b.low[a]) * stride[a]
		}
	}
	s.p, s.known = p, true
	sum := 0.0
	wx, ox := &s.w[0], &s.offsets[0]
	for k := range 4 {
		for j := range 4 {
			row := b.values[s.offsets[2][k]+s.offsets[1][j]:]
			wy, wz := s.w[1][j], s.w[2][k]
			sum += float64(wx[0] * wy * wz * row[ox[0]])
			sum += float64(wx[1] * wy * wz * row[ox[1]])
			sum += float64(wx[2] * wy * wz * row[ox[2]])
			sum += float64(wx[3] * wy * wz * row[ox[3]])
		}
	}
	return sum
}
