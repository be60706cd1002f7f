package volume

import (
	"errors"
	"math"
)

// Affine carries a voxel index (i,j,k) to a point of the patient in
// millimetres: x to the patient's right, y to the front, z to the head (RAS+).
// Row r holds the three coefficients of patient axis r and its offset; column
// c is the step in millimetres from one voxel to the next along storage axis c.
// The index (0,0,0) is the centre of the first voxel.
type Affine [3][4]float64

// Scaling is the affine of voxels of the given size, aligned with the patient
// and with the first voxel's centre in the origin.
func Scaling(x, y, z float64) Affine {
	return Affine{{x, 0, 0, 0}, {0, y, 0, 0}, {0, 0, z, 0}}
}

// Apply is the point that a carries p to.
func (a Affine) Apply(p [3]float64) [3]float64 {
	var q [3]float64
	for r := range q {
		q[r] = a[r][0]*p[0] + a[r][1]*p[1] + a[r][2]*p[2] + a[r][3]
	}
	return q
}

// Mul is a after b: a.Mul(b).Apply(p) is a.Apply(b.Apply(p)).
func (a Affine) Mul(b Affine) Affine {
	var c Affine
	for r := range c {
		for k := range c[r] {
			c[r][k] = a[r][0]*b[0][k] + a[r][1]*b[1][k] + a[r][2]*b[2][k]
		}
		c[r][3] += a[r][3]
	}
	return c
}

// errSingular is returned where an affine squeezes space into a plane or holds
// a number that is not finite.
var errSingular = errors.New("affine is singular or not finite: its three directions do not span space")

// Inverse carries points in millimetres back to voxel indices. It is an error
// where the three directions do not span space.
func (a Affine) Inverse() (Affine, error) {
	c0, c1, c2 := a.column(0), a.column(1), a.column(2)
	x := cross(c1, c2)
	det := dot(c0, x)
	// Relative to the voxel's edges, so that micrometre voxels are no less
	// invertible than metre ones. 1e-6 is a ten-thousandth of a degree.
	if edges := norm(c0) * norm(c1) * norm(c2); !(math.Abs(det) > 1e-6*edges) || math.IsInf(det, 0) {
		return Affine{}, errSingular
	}
	var inv Affine
	for r, row := range [3][3]float64{x, cross(c2, c0), cross(c0, c1)} {
		for k := range row {
			inv[r][k] = row[k] / det
		}
		inv[r][3] = -(inv[r][0]*a[0][3] + inv[r][1]*a[1][3] + inv[r][2]*a[2][3])
		if math.IsNaN(inv[r][3]) || math.IsInf(inv[r][3], 0) {
			return Affine{}, errSingular
		}
	}
	return inv, nil
}

// column is the step in millimetres along storage axis c.
func (a Affine) column(c int) [3]float64 { return [3]float64{a[0][c], a[1][c], a[2][c]} }

// direction is column c at length one; zero where the column is.
func (a Affine) direction(c int) [3]float64 {
	d := a.column(c)
	if n := norm(d); n > 0 {
		for r := range d {
			d[r] /= n
		}
	}
	return d
}

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

func norm(a [3]float64) float64 { return math.Sqrt(dot(a, a)) }

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
}

func distance(a, b [3]float64) float64 {
	return norm([3]float64{a[0] - b[0], a[1] - b[1], a[2] - b[2]})
}
