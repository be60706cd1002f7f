package radiomics

import (
	"math"
	"slices"
)

// offset is a step from a voxel to a neighbour, in voxels along x, y, z.
type offset [3]int

// directions lists the offsets of the given Chebyshev distances (the largest
// step along any axis, in voxels; none stands for 1) in half of all directions,
// the other half being their opposites. Those that lead from everywhere out of
// a box of this size are left out, and so are those along the axis that slices
// are stacked on where neighbours are looked for in slices only: 0 for z, 1 for
// y, 2 for x; -1 for neighbours in three dimensions.
func directions(size [3]int, distances []int, stacked int) []offset {
	if len(distances) == 0 {
		distances = []int{1}
	}
	var reach [3]int
	for axis := range reach {
		if stacked != 2-axis {
			reach[axis] = min(slices.Max(distances), size[axis]-1)
		}
	}
	var all []offset
	for z := 0; z <= reach[2]; z++ {
		for y := -reach[1]; y <= reach[1]; y++ {
			for x := -reach[0]; x <= reach[0]; x++ {
				forward := z > 0 || z == 0 && (y > 0 || y == 0 && x > 0)
				if forward && slices.Contains(distances, max(z, max(y, -y), max(x, -x))) {
					all = append(all, offset{x, y, z})
				}
			}
		}
	}
	return all
}

// stacked is the axis along which no neighbours are looked for, as directions
// takes it.
func (s *Options) stacked() int {
	if s.Force2D {
		return s.Force2DDimension
	}
	return -1
}

// length is the offset's in millimetres, in the norm of that name.
func (d offset) length(spacing [3]float64, norm string) float64 {
	var sum, squares, largest float64
	for axis, steps := range d {
		mm := math.Abs(float64(steps)) * spacing[axis]
		sum, squares, largest = sum+mm, squares+mm*mm, max(largest, mm)
	}
	switch norm {
	case "manhattan":
		return sum
	case "euclidean":
		return math.Sqrt(squares)
	default: // infinity
		return largest
	}
}

// run is a stretch of voxels along x that are all in the lesion.
type run struct {
	x, y, z int // its first voxel
	start   int // that voxel's place in storage
	n       int // voxels
}

// runs lists the lesion's stretches in storage order. A pass over them touches
// no voxel outside, and what it reads lies side by side.
func (r *Region) runs() []run {
	all := make([]run, 0, r.Size[1]*r.Size[2])
	at := 0
	for z := range r.Size[2] {
		for y := range r.Size[1] {
			row := r.Inside[at : at+r.Size[0]]
			for x := 0; x < len(row); x++ {
				if !row[x] {
					continue
				}
				first := x
				for x < len(row) && row[x] {
					x++
				}
				all = append(all, run{first, y, z, at + first, x - first})
			}
			at += r.Size[0]
		}
	}
	return all
}

// pairs calls visit for every stretch of lesion voxels whose neighbours at
// offset d lie in the box (in the lesion or not): n voxels from place a in
// storage on, and their neighbours from place b on.
func (g *Grey) pairs(d offset, visit func(a, b, n int)) {
	step := d[0] + g.Size[0]*(d[1]+g.Size[1]*d[2])
	for _, r := range g.runs {
		if y := r.y + d[1]; y < 0 || y >= g.Size[1] {
			continue
		}
		if z := r.z + d[2]; z < 0 || z >= g.Size[2] {
			continue
		}
		from, to := 0, r.n
		from = max(from, -d[0]-r.x)
		to = min(to, g.Size[0]-d[0]-r.x)
		if from < to {
			visit(r.start+from, r.start+from+step, to-from)
		}
	}
}

// each calls f for every voxel of the lesion by its place in storage.
func (g *Grey) each(f func(v int)) {
	for _, r := range g.runs {
		for v := r.start; v < r.start+r.n; v++ {
			f(v)
		}
	}
}
