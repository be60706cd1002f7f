package solid

import (
	"math"
	"math/rand/v2"

	"magn/internal/volume"
)

// Rotation is a rotation about the patient's axes x, y and z, one after another,
// by angles in degrees.
func Rotation(x, y, z float64) [3][3]float64 {
	r := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	for axis, deg := range []float64{x, y, z} {
		c, s := math.Cos(deg*math.Pi/180), math.Sin(deg*math.Pi/180)
		a, b := (axis+1)%3, (axis+2)%3
		for i := range 3 {
			r[a][i], r[b][i] = c*r[a][i]-s*r[b][i], s*r[a][i]+c*r[b][i]
		}
	}
	return r
}

// Stack is a grid of n×n pixels and m slices around the point centre, in the plane
// of view, turned by r; px and thick are mm. Slices follow one another along the
// third axis.
func Stack(view volume.View, r [3][3]float64, px, thick float64, n, m int, centre [3]float64) volume.Grid {
	dirs := [3][3][3]float64{
		volume.Sagittal: {{0, -1, 0}, {0, 0, -1}, {1, 0, 0}},
		volume.Coronal:  {{-1, 0, 0}, {0, 0, -1}, {0, -1, 0}},
		volume.Axial:    {{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}},
	}[view]
	g := volume.Grid{Size: [3]int{n, n, m}, SpacingKnown: true}
	for c, step := range []float64{px, px, thick} {
		for i := range 3 {
			for k := range 3 {
				g.Affine[i][c] += r[i][k] * dirs[c][k] * step
			}
			g.Affine[i][3] -= g.Affine[i][c] * float64(g.Size[c]-1) / 2
		}
	}
	for i := range 3 {
		g.Affine[i][3] += centre[i]
	}
	return g
}

// Random is an ellipsoid whose longest axis is diameter mm and whose others are
// .6 to 1 of it, in any direction, up to 3 mm from the origin along each axis.
func Random(r *rand.Rand, diameter float64) Ellipsoid {
	e := Ellipsoid{Turn: Rotation(r.Float64()*360, r.Float64()*360, r.Float64()*360)}
	for i := range 3 {
		e.Radius[i] = diameter / 2 * (.6 + .4*r.Float64())
		e.Centre[i] = (r.Float64() - .5) * 6
	}
	e.Radius[r.IntN(3)] = diameter / 2
	return e
}

// RandomLobes is three balls in a row of about diameter mm, in any direction.
func RandomLobes(r *rand.Rand, diameter float64) Lobes {
	var l Lobes
	e := Random(r, diameter/2)
	for i, side := range []float64{0, -1, 1} {
		l[i] = Ellipsoid{e.Centre, [3]float64{diameter / 4, diameter / 4, diameter / 4}, e.Turn}
		for a := range 3 {
			l[i].Centre[a] += side * e.Turn[a][0] * diameter / 3.5
		}
	}
	return l
}
