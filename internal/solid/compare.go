package solid

import (
	"math"
	"slices"

	"magn/internal/volume"
)

// Agreement of a mask with another on the same grid.
type Agreement struct {
	Dice float64 // 2·|A∩B| / (|A|+|B|)

	// Distances in mm from each voxel on the surface of either mask to the nearest
	// one on the surface of the other: their mean and 95th percentile. A voxel is on
	// the surface where one of its six neighbours is not the lesion's. Distances are
	// between centres of voxels, so that a slice too many or too few counts as far
	// as slices are apart.
	Mean, P95 float64

	Centre  float64 // mm between the centres of the voxels
	InPlane float64 // the part of it in the plane of the slices
	Volume  float64 // of A over that of B, less 1
}

// Compare holds a against b, whose slices follow one another along the third axis.
// It is not ok where either is empty; the Dice coefficient is 0 then.
func Compare(a, b *volume.Mask) (Agreement, bool) {
	both := 0
	for i := range a.Labels {
		if a.Labels[i] != 0 && b.Labels[i] != 0 {
			both++
		}
	}
	ca, na, ea := Points(a)
	cb, nb, eb := Points(b)
	if na == 0 || nb == 0 {
		return Agreement{}, false
	}
	d := slices.Concat(nearest(ea, eb), nearest(eb, ea))
	slices.Sort(d)
	sum := 0.0
	for _, x := range d {
		sum += x
	}
	return Agreement{
		Dice: 2 * float64(both) / float64(na+nb), Mean: sum / float64(len(d)), P95: d[min(len(d)-1, len(d)*95/100)],
		Centre: distance(ca, cb), InPlane: InPlane(a.Grid, ca, cb), Volume: float64(na)/float64(nb) - 1,
	}, true
}

// InPlane is how far p is from q in the plane of a grid's slices, mm.
func InPlane(g volume.Grid, p, q [3]float64) float64 {
	n := Normal(g)
	along := 0.0
	for i := range 3 {
		along += (p[i] - q[i]) * n[i]
	}
	d := distance(p, q)
	return math.Sqrt(max(0, d*d-along*along))
}

// Normal is the unit vector along which the slices of a grid follow one another.
func Normal(g volume.Grid) [3]float64 {
	s := g.Spacing()[2]
	return [3]float64{g.Affine[0][2] / s, g.Affine[1][2] / s, g.Affine[2][2] / s}
}

// Points are the centre of all voxels of a mask, their number, and those on its
// surface, in patient mm.
func Points(m *volume.Mask) (centre [3]float64, n int, surface [][3]float64) {
	at := func(x, y, z int) bool {
		return x >= 0 && y >= 0 && z >= 0 && x < m.Size[0] && y < m.Size[1] && z < m.Size[2] && m.Labels[x+m.Size[0]*(y+m.Size[1]*z)] != 0
	}
	for i, l := range m.Labels {
		if l == 0 {
			continue
		}
		v := m.Voxel(i)
		x, y, z := v[0], v[1], v[2]
		p := m.Affine.Apply([3]float64{float64(x), float64(y), float64(z)})
		for a := range 3 {
			centre[a] += p[a]
		}
		n++
		if !at(x-1, y, z) || !at(x+1, y, z) || !at(x, y-1, z) || !at(x, y+1, z) || !at(x, y, z-1) || !at(x, y, z+1) {
			surface = append(surface, p)
		}
	}
	for a := range 3 {
		centre[a] /= float64(n)
	}
	return centre, n, surface
}

// nearest is the distance of each point to the nearest of the others.
func nearest(from, to [][3]float64) []float64 {
	d := make([]float64, len(from))
	for i, p := range from {
		best := math.Inf(1)
		for _, q := range to {
			x, y, z := p[0]-q[0], p[1]-q[1], p[2]-q[2]
			best = min(best, x*x+y*y+z*z)
		}
		d[i] = math.Sqrt(best)
	}
	return d
}
