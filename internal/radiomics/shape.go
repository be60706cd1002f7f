package radiomics

import (
	"math"
	"slices"
)

// Shape describes the lesion's form in three dimensions, from its voxels and
// from the surface between them and those outside (surface.go). Lengths are in
// millimetres, areas in mm², volumes in mm³.
//
// Axis lengths are those of the ellipsoid with the voxel centres' variance: 4√λ
// of each principal component. Diameters are between points of the surface;
// those called Slice, Column and Row between points that share their z, y or x.
func Shape(r *Region) []Feature {
	m := newBitmap(r)
	area, volume := m.surface(r.Spacing)
	diameter := m.diameters(r.Spacing)
	axis := r.axisLengths()
	sphere := math.Cbrt(36 * math.Pi * volume * volume) // area of the sphere of that volume
	return features("shape", map[string]float64{
		"Compactness1":            volume / (math.Pow(area, 1.5) * math.Sqrt(math.Pi)),
		"Compactness2":            36 * math.Pi * volume * volume / (area * area * area),
		"Elongation":              axis[1] / axis[2],
		"Flatness":                axis[0] / axis[2],
		"LeastAxisLength":         axis[0],
		"MajorAxisLength":         axis[2],
		"Maximum2DDiameterColumn": diameter.column,
		"Maximum2DDiameterRow":    diameter.row,
		"Maximum2DDiameterSlice":  diameter.slice,
		"Maximum3DDiameter":       diameter.space,
		"MeshVolume":              volume,
		"MinorAxisLength":         axis[1],
		"SphericalDisproportion":  area / sphere,
		"Sphericity":              sphere / area,
		"SurfaceArea":             area,
		"SurfaceVolumeRatio":      area / volume,
		"VoxelVolume":             float64(r.Count) * r.Spacing[0] * r.Spacing[1] * r.Spacing[2],
	})
}

// axisLengths are 4√λ of the principal components of the voxel centres,
// ascending.
func (r *Region) axisLengths() [3]float64 {
	var sum [3]float64
	var products [3][3]float64
	for _, s := range r.runs() {
		// Sums over x from s.x to s.x+n-1 of 1, x and x².
		n, x := float64(s.n), float64(s.x)
		ones := n
		xs := n*x + n*(n-1)/2
		squares := n*x*x + x*n*(n-1) + (n-1)*n*(2*n-1)/6
		y, z := float64(s.y), float64(s.z)
		sum[0] += xs
		sum[1] += y * ones
		sum[2] += z * ones
		products[0][0] += squares
		products[0][1] += xs * y
		products[0][2] += xs * z
		products[1][1] += y * y * ones
		products[1][2] += y * z * ones
		products[2][2] += z * z * ones
	}
	n := float64(r.Count)
	var covariance [3][3]float64
	for i := range 3 {
		for j := i; j < 3; j++ {
			c := (products[i][j]/n - sum[i]/n*(sum[j]/n)) * r.Spacing[i] * r.Spacing[j]
			covariance[i][j], covariance[j][i] = c, c
		}
	}
	length := eigenvalues(covariance)
	for i, l := range length {
		length[i] = 4 * math.Sqrt(max(0, l)) // below 0 by rounding only
	}
	return length
}

// eigenvalues of a symmetric matrix, ascending, by Jacobi's rotations (Golub and
// Van Loan, Matrix Computations, 8.5). gonum's solver panics where values are
// tiny, which spacings in a file can make them.
func eigenvalues(a [3][3]float64) [3]float64 {
	for range 50 {
		if sq(a[0][1])+sq(a[0][2])+sq(a[1][2]) == 0 {
			break
		}
		for p := range 2 {
			for q := p + 1; q < 3; q++ {
				if a[p][q] == 0 {
					continue
				}
				ratio := (a[q][q] - a[p][p]) / (2 * a[p][q])
				t := math.Copysign(1, ratio) / (math.Abs(ratio) + math.Hypot(1, ratio))
				c := 1 / math.Hypot(1, t)
				s := t * c
				k := 3 - p - q // the axis that stays
				a[p][p], a[q][q] = a[p][p]-t*a[p][q], a[q][q]+t*a[p][q]
				a[p][q], a[q][p] = 0, 0
				kp, kq := c*a[k][p]-s*a[k][q], s*a[k][p]+c*a[k][q]
				a[k][p], a[p][k], a[k][q], a[q][k] = kp, kp, kq, kq
			}
		}
	}
	l := [3]float64{a[0][0], a[1][1], a[2][2]}
	slices.Sort(l[:])
	return l
}
