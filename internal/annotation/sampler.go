package annotation

import (
	"math"

	"magn/internal/volume"
)

// sampler reads an image at points in patient mm, smoothed to one resolution
// along all of its axes.
type sampler struct {
	grid     volume.Grid // of the part that is kept
	data     []float32
	index    volume.Affine // patient mm → index
	contrast float64       // range of grey values of the image
}

// newSampler keeps what a search around the box can touch, and smooths it so that
// an image with fine pixels and one with thick slices show the same detail along
// every direction: a Gaussian whose width, together with what the voxel itself
// averages (a box of width w deviates by w/√12), is that of a box of width 2·blur.
func newSampler(v *volume.Volume, blur float64, b Box) (*sampler, error) {
	index, err := v.Affine.Inverse()
	if err != nil {
		return nil, err
	}
	lo, hi := volume.Window(v.Data)
	s := &sampler{contrast: float64(hi - lo)}
	part := reachOf(index, v.Size, b, shiftMargin+MaxShift+4*blur)
	s.grid = volume.Grid{SpacingKnown: true, Affine: v.Affine}
	for a := range 3 {
		s.grid.Size[a] = part.hi[a] - part.lo[a]
	}
	if s.grid.Size[0] < 1 || s.grid.Size[1] < 1 || s.grid.Size[2] < 1 {
		s.grid.Size = [3]int{}
		return s, nil
	}
	first := v.Affine.Apply(voxel(part.lo))
	for r := range 3 {
		s.grid.Affine[r][3] = first[r]
	}
	if s.index, err = s.grid.Affine.Inverse(); err != nil {
		return nil, err
	}
	s.data = make([]float32, 0, s.grid.Len())
	for z := part.lo[2]; z < part.hi[2]; z++ {
		for y := part.lo[1]; y < part.hi[1]; y++ {
			row := v.Size[0] * (y + v.Size[1]*z)
			s.data = append(s.data, v.Data[row+part.lo[0]:row+part.hi[0]]...)
		}
	}
	want := (2 * blur) * (2 * blur) / 12
	spacing := v.Spacing()
	for a, stride := range []int{1, s.grid.Size[0], s.grid.Size[0] * s.grid.Size[1]} {
		if variance := want - spacing[a]*spacing[a]/12; variance > 0 {
			s.smooth(stride, s.grid.Size[a], math.Sqrt(variance)/spacing[a])
		}
	}
	return s, nil
}

// reachOf is the voxels of a grid within margin mm of a box.
func reachOf(index volume.Affine, size [3]int, b Box, margin float64) box {
	inf := math.Inf(1)
	lo, hi := [3]float64{inf, inf, inf}, [3]float64{-inf, -inf, -inf}
	for corner := range 8 {
		var p [3]float64
		for a := range p {
			if p[a] = b.Min[a] - margin; corner>>a&1 == 1 {
				p[a] = b.Max[a] + margin
			}
		}
		q := index.Apply(p)
		for a := range q {
			lo[a], hi[a] = min(lo[a], q[a]), max(hi[a], q[a])
		}
	}
	var r box
	for a := range lo {
		r.lo[a] = int(min(max(0, math.Floor(lo[a])), float64(size[a])))
		r.hi[a] = int(max(float64(r.lo[a]), min(float64(size[a]), math.Ceil(hi[a])+1)))
	}
	return r
}

// smooth filters along one axis with a Gaussian of deviation sigma in voxels, cut
// at three deviations and normalised at the ends.
func (s *sampler) smooth(stride, n int, sigma float64) {
	r := int(math.Ceil(3 * sigma))
	if n == 1 || r == 0 {
		return
	}
	weight := make([]float64, r+1)
	for i := range weight {
		weight[i] = math.Exp(-float64(i*i) / (2 * sigma * sigma))
	}
	line := make([]float64, n)
	for base := range s.data {
		if base/stride%n != 0 {
			continue
		}
		for i := range line {
			line[i] = float64(s.data[base+i*stride])
		}
		for i := range line {
			sum, total := 0.0, 0.0
			for k := max(0, i-r); k <= min(n-1, i+r); k++ {
				w := weight[max(i-k, k-i)]
				sum, total = sum+w*line[k], total+w
			}
			s.data[base+i*stride] = float32(sum / total)
		}
	}
}

// at is the image at a point, linear between voxels; not ok outside of them. A
// single slice counts as far as it is thick.
func (s *sampler) at(p [3]float64) (float64, bool) {
	if len(s.data) == 0 {
		return 0, false
	}
	q := s.index.Apply(p)
	var lo [3]int
	var f [3]float64
	for a := range q {
		n := s.grid.Size[a]
		if q[a] < -.5 || q[a] > float64(n)-.5 {
			return 0, false
		}
		x := min(max(q[a], 0), float64(n-1))
		lo[a] = min(int(x), max(n-2, 0))
		f[a] = x - float64(lo[a])
	}
	sx, sy, sz := 1, s.grid.Size[0], s.grid.Size[0]*s.grid.Size[1]
	if s.grid.Size[0] == 1 {
		sx = 0
	}
	if s.grid.Size[1] == 1 {
		sy = 0
	}
	if s.grid.Size[2] == 1 {
		sz = 0
	}
	i := lo[0] + lo[1]*s.grid.Size[0] + lo[2]*s.grid.Size[0]*s.grid.Size[1]
	d := s.data
	row := func(i int) float64 { return float64(d[i]) + f[0]*(float64(d[i+sx])-float64(d[i])) }
	near := row(i) + f[1]*(row(i+sy)-row(i))
	far := row(i+sz) + f[1]*(row(i+sz+sy)-row(i+sz))
	return near + f[2]*(far-near), true
}
