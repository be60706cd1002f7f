// Package solid holds lesions whose shape is known exactly, so that what is made
// of their outlines can be held against the truth.
//
// A Solid is a body in patient millimetres (RAS+): an Ellipsoid, Lobes (balls in a
// row, as a lesion that grows out of a vertebra), or a Mirrored one. Drawn is the
// mask that a perfect reader would draw of it on a grid, and Compare says how far
// a mask is from another.
package solid

import (
	"cmp"
	"math"
	"slices"

	"magn/internal/volume"
)

// Solid is a body of known shape.
type Solid interface {
	// Along is where the line p + t·d is inside, as ranges of t.
	Along(p, d [3]float64) [][2]float64
	// Bound is a ball around it: centre and radius in mm.
	Bound() ([3]float64, float64)
}

// Ellipsoid has its axes along the columns of Turn.
type Ellipsoid struct {
	Centre [3]float64    // patient mm
	Radius [3]float64    // semi-axes, mm
	Turn   [3][3]float64 // a rotation
}

// Along implements Solid.
func (e Ellipsoid) Along(p, d [3]float64) [][2]float64 {
	var a, b, c float64 // of a·t² + 2b·t + c ≤ 0
	c = -1
	for i := range 3 {
		x, y := 0.0, 0.0
		for k := range 3 {
			x += e.Turn[k][i] * (p[k] - e.Centre[k]) / e.Radius[i]
			y += e.Turn[k][i] * d[k] / e.Radius[i]
		}
		a, b, c = a+y*y, b+x*y, c+x*x
	}
	root := b*b - a*c
	if root <= 0 {
		return nil
	}
	root = math.Sqrt(root)
	return [][2]float64{{(-b - root) / a, (-b + root) / a}}
}

// Bound implements Solid.
func (e Ellipsoid) Bound() ([3]float64, float64) { return e.Centre, slices.Max(e.Radius[:]) }

// Lobes are bodies that overlap; the first is in the middle.
type Lobes [3]Ellipsoid

// Along implements Solid.
func (l Lobes) Along(p, d [3]float64) [][2]float64 {
	return slices.Concat(l[0].Along(p, d), l[1].Along(p, d), l[2].Along(p, d))
}

// Bound implements Solid.
func (l Lobes) Bound() ([3]float64, float64) {
	c := l[0].Centre
	r := 0.0
	for _, e := range l {
		o, own := e.Bound()
		r = max(r, distance(c, o)+own)
	}
	return c, r
}

// Mirrored is a body seen in a mirror: the plane through At at right angles to
// Normal, a unit vector.
type Mirrored struct {
	Solid
	At, Normal [3]float64
}

func (m Mirrored) reflect(p, from [3]float64) [3]float64 {
	h := 0.0
	for i := range p {
		h += (p[i] - from[i]) * m.Normal[i]
	}
	for i := range p {
		p[i] -= 2 * h * m.Normal[i]
	}
	return p
}

// Along implements Solid.
func (m Mirrored) Along(p, d [3]float64) [][2]float64 {
	return m.Solid.Along(m.reflect(p, m.At), m.reflect(d, [3]float64{}))
}

// Bound implements Solid.
func (m Mirrored) Bound() ([3]float64, float64) {
	c, r := m.Solid.Bound()
	return m.reflect(c, m.At), r
}

// Share is how much of the slab around p, which reaches half of d to either side,
// is inside s.
func Share(s Solid, p, d [3]float64) float64 {
	at := s.Along(p, d)
	slices.SortFunc(at, func(a, b [2]float64) int { return cmp.Compare(a[0], b[0]) })
	sum, from := 0.0, -.5
	for _, r := range at {
		lo, hi := max(r[0], from), min(r[1], .5)
		if hi > lo {
			sum, from = sum+hi-lo, hi
		}
	}
	return sum
}

// Drawn is the mask that a perfect reader draws on a grid with slices along its
// third axis: a pixel is the lesion's, label 1, where at least half of its slab
// is, along the line through its centre. It is an error where the grid's three
// directions do not span space.
func Drawn(g volume.Grid, s Solid) (*volume.Mask, error) {
	m := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	back, err := g.Affine.Inverse()
	if err != nil {
		return nil, err
	}
	c, r := s.Bound()
	c = back.Apply(c)
	var lo, hi [3]int
	for a := range 3 {
		// How many voxels a step of r mm is along this axis, at most.
		far := r * math.Sqrt(back[a][0]*back[a][0]+back[a][1]*back[a][1]+back[a][2]*back[a][2])
		lo[a] = max(0, int(c[a]-far)-1)
		hi[a] = min(g.Size[a], int(c[a]+far)+3)
	}
	thick := [3]float64{g.Affine[0][2], g.Affine[1][2], g.Affine[2][2]}
	for z := lo[2]; z < hi[2]; z++ {
		for y := lo[1]; y < hi[1]; y++ {
			for x := lo[0]; x < hi[0]; x++ {
				if Share(s, g.Affine.Apply([3]float64{float64(x), float64(y), float64(z)}), thick) >= .5 {
					m.Labels[x+g.Size[0]*(y+g.Size[1]*z)] = 1
				}
			}
		}
	}
	return m, nil
}

func distance(a, b [3]float64) float64 {
	x, y, z := a[0]-b[0], a[1]-b[1], a[2]-b[2]
	return math.Sqrt(x*x + y*y + z*z)
}
