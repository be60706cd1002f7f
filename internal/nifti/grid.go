package nifti

import (
	"fmt"
	"math"
	"strings"

	"magn/internal/fault"
	"magn/internal/volume"
)

// grid is where the header says the voxels lie: sform where its code is
// positive, else qform, else pixdim alone with the first voxel in the origin
// (nifti1.h, methods 3, 2 and 1).
func (h header) grid(name string) (volume.Grid, error) {
	g := volume.Grid{SpacingKnown: true}
	for i := range g.Size {
		g.Size[i] = int(h.dim[i+1])
	}
	scale := 1.0
	switch h.units & unitsMask {
	case unitsMetre:
		scale = 1e3
	case unitsMicron:
		scale = 1e-3
	case unitsMM, unitsUnknown:
		// Files that say nothing are in millimetres by custom.
	default:
		return g, &fault.Input{File: name, Field: "xyzt_units", Found: fmt.Sprint(h.units & unitsMask), Expected: "0 (unknown), 1 (m), 2 (mm) or 3 (µm)"}
	}
	pixdim := [3]float64{h.pixdim[1], h.pixdim[2], h.pixdim[3]}
	for i, p := range pixdim {
		// A single slice often has no thickness written.
		if p == 0 && g.Size[i] == 1 {
			pixdim[i] = 1 / scale
		}
	}
	var field string
	switch {
	case h.sform > 0:
		field = "srow_x, srow_y, srow_z (sform)"
		g.Affine = h.srow
	case h.qform > 0:
		field = "pixdim, quatern and qoffset (qform)"
		g.Affine = quaternAffine(h.quatern, h.qoffset, pixdim, h.pixdim[0])
	default:
		field = "pixdim"
		g.Affine = volume.Scaling(math.Abs(pixdim[0]), math.Abs(pixdim[1]), math.Abs(pixdim[2]))
	}
	for r := range g.Affine {
		for c := range g.Affine[r] {
			g.Affine[r][c] *= scale
		}
	}
	if _, err := g.Affine.Inverse(); err != nil {
		return g, &fault.Input{File: name, Field: field, Err: err, Do: "write the image again with a valid affine"}
	}
	if h.units&unitsMask == unitsUnknown && strings.HasPrefix(h.descrip, spacingUnknown) {
		s := g.Spacing()
		unit := func(x float64) bool { return math.Abs(x-1) < 1e-4 }
		g.SpacingKnown = !(unit(s[0]) && unit(s[1]) && unit(s[2]))
	}
	return g, nil
}

// quaternAffine is nifti1.h's method 2 (quatern_to_R). qfac below zero mirrors
// the third axis.
func quaternAffine(q, offset, pixdim [3]float64, qfac float64) volume.Affine {
	b, c, d := q[0], q[1], q[2]
	a := 1 - (b*b + c*c + d*d)
	if a < 1e-7 { // a half turn, or rounding beyond one
		n := 1 / math.Sqrt(b*b+c*c+d*d)
		a, b, c, d = 0, b*n, c*n, d*n
	} else {
		a = math.Sqrt(a)
	}
	x, y, z := pixdim[0], pixdim[1], pixdim[2]
	if qfac < 0 {
		z = -z
	}
	return volume.Affine{
		{(a*a + b*b - c*c - d*d) * x, 2 * (b*c - a*d) * y, 2 * (b*d + a*c) * z, offset[0]},
		{2 * (b*c + a*d) * x, (a*a + c*c - b*b - d*d) * y, 2 * (c*d - a*b) * z, offset[1]},
		{2 * (b*d - a*c) * x, 2 * (c*d + a*b) * y, (a*a + d*d - c*c - b*b) * z, offset[2]},
	}
}

// quatern is the inverse of quaternAffine. A quaternion cannot say axes that are
// not at right angles; for those it is the nearest rotation's.
func quatern(m volume.Affine, spacing [3]float64) (q [3]float64, qfac float64) {
	var r [3][3]float64
	for i := range r {
		for k := range r[i] {
			r[i][k] = m[i][k] / spacing[k]
		}
	}
	r = nearestOrthonormal(r)
	qfac = 1
	det := r[0][0]*(r[1][1]*r[2][2]-r[1][2]*r[2][1]) - r[0][1]*(r[1][0]*r[2][2]-r[1][2]*r[2][0]) + r[0][2]*(r[1][0]*r[2][1]-r[1][1]*r[2][0])
	if det < 0 {
		qfac = -1
		for i := range r {
			r[i][2] = -r[i][2]
		}
	}
	// The largest of the four components is taken from the diagonal and the
	// others from it: no division by what may vanish (Shepperd 1978).
	t := [4]float64{
		1 + r[0][0] + r[1][1] + r[2][2],
		1 + r[0][0] - r[1][1] - r[2][2],
		1 - r[0][0] + r[1][1] - r[2][2],
		1 - r[0][0] - r[1][1] + r[2][2],
	}
	s := [3][3]float64{} // sums of opposite entries
	for i := range r {
		for k := range r {
			s[i][k] = r[i][k] + r[k][i]
		}
	}
	v := [3]float64{r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]}
	var w [4]float64
	switch n := largest(t); n {
	case 0:
		w = [4]float64{t[0], v[0], v[1], v[2]}
	default:
		w[0], w[n] = v[n-1], t[n]
		for k := 1; k < 4; k++ {
			if k != n {
				w[k] = s[n-1][k-1]
			}
		}
	}
	l := math.Sqrt(w[0]*w[0] + w[1]*w[1] + w[2]*w[2] + w[3]*w[3])
	if w[0] < 0 {
		l = -l // a, which is not written, is taken to be positive
	}
	return [3]float64{w[1] / l, w[2] / l, w[3] / l}, qfac
}

// nearestOrthonormal is the orthonormal matrix nearest to r in the sum of squared
// differences: the first factor of its polar decomposition, by Newton's
// iteration (Higham 1986), which takes the mean of r and its inverse transposed.
// r is not singular.
func nearestOrthonormal(r [3][3]float64) [3][3]float64 {
	for range 50 {
		var cof [3][3]float64 // cofactors: the inverse transposed, times det
		for i := range 3 {
			for k := range 3 {
				a, b, c, d := (i+1)%3, (i+2)%3, (k+1)%3, (k+2)%3
				cof[i][k] = r[a][c]*r[b][d] - r[a][d]*r[b][c]
			}
		}
		det := r[0][0]*cof[0][0] + r[0][1]*cof[0][1] + r[0][2]*cof[0][2]
		change := 0.0
		for i := range 3 {
			for k := range 3 {
				x := (r[i][k] + cof[i][k]/det) / 2
				change = max(change, math.Abs(x-r[i][k]))
				r[i][k] = x
			}
		}
		if !(change > 1e-15) {
			break
		}
	}
	return r
}

func largest(t [4]float64) int {
	n := 0
	for i, x := range t {
		if x > t[n] {
			n = i
		}
	}
	return n
}
