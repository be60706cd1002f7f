package radiomics

import (
	"fmt"
	"math"
	"strings"

	"magn/internal/volume"
)

// frame is a grid as ITK holds it: left-posterior-superior millimetres, with
// spacing and direction apart. Whether a mask voxel that lies half way between
// two others goes to the one or the other hangs on the last bit of its place
// (every second voxel does when spacing is doubled), so places are computed
// here in ITK's order of operations and not with volume.Affine.
type frame struct {
	size            [3]int
	origin, spacing [3]float64
	direction       matrix // columns are the unit vectors of the axes
	toPoint         matrix // index → millimetres from the origin
	toIndex         matrix // and back
}

type matrix [3][3]float64

func (m *matrix) times(v [3]float64) (out [3]float64) {
	for r := range out {
		sum := 0.0
		for c := range v {
			sum += float64(m[r][c] * v[c]) // the conversion keeps the sum from being fused
		}
		out[r] = sum
	}
	return out
}

// frameOf is a grid's frame; an error where its axes do not span space.
func frameOf(g volume.Grid) (frame, error) {
	f := frame{size: g.Size}
	if voxels(g.Size) < 0 {
		return f, fmt.Errorf("a grid of %v voxels", g.Size)
	}
	if _, err := g.Affine.Inverse(); err != nil {
		return f, err
	}
	f.spacing = g.Spacing()
	for r := range 3 {
		sign := 1.0 // from right-anterior-superior
		if r < 2 {
			sign = -1
		}
		f.origin[r] = sign * g.Affine[r][3]
		for c := range 3 {
			f.direction[r][c] = sign * g.Affine[r][c] / f.spacing[c]
		}
	}
	f.derive()
	return f, nil
}

// derive computes the two matrices.
func (f *frame) derive() {
	m := &f.toPoint
	for r := range 3 {
		for c := range 3 {
			m[r][c] = f.direction[r][c] * f.spacing[c]
		}
	}
	// Of axes along the patient's the inverse is exact in ITK, and here.
	if f.aligned() {
		f.toIndex = matrix{}
		for r := range 3 {
			for c := range 3 {
				if m[r][c] != 0 {
					f.toIndex[c][r] = 1 / m[r][c]
				}
			}
		}
		return
	}
	minor := func(a, b, c, d float64) float64 { return a*d - b*c }
	adjugate := matrix{
		{minor(m[1][1], m[1][2], m[2][1], m[2][2]), -minor(m[0][1], m[0][2], m[2][1], m[2][2]), minor(m[0][1], m[0][2], m[1][1], m[1][2])},
		{-minor(m[1][0], m[1][2], m[2][0], m[2][2]), minor(m[0][0], m[0][2], m[2][0], m[2][2]), -minor(m[0][0], m[0][2], m[1][0], m[1][2])},
		{minor(m[1][0], m[1][1], m[2][0], m[2][1]), -minor(m[0][0], m[0][1], m[2][0], m[2][1]), minor(m[0][0], m[0][1], m[1][0], m[1][1])},
	}
	det := m[0][0]*adjugate[0][0] + m[0][1]*adjugate[1][0] + m[0][2]*adjugate[2][0]
	for r := range 3 {
		for c := range 3 {
			f.toIndex[r][c] = adjugate[r][c] / det
		}
	}
}

// aligned says whether each axis runs along one of the patient's.
func (f *frame) aligned() bool {
	for r := range 3 {
		n := 0
		for c := range 3 {
			if f.toPoint[r][c] != 0 {
				n++
			}
		}
		if n != 1 {
			return false
		}
	}
	return true
}

// point is the place of a continuous index in millimetres.
func (f *frame) point(index [3]float64) (p [3]float64) {
	p = f.toPoint.times(index)
	for r := range p {
		p[r] += f.origin[r]
	}
	return p
}

// voxel is the place of a voxel, which ITK adds up in another order than that
// of a continuous index.
func (f *frame) voxel(x, y, z int) [3]float64 {
	p := f.origin
	for r := range p {
		for c, n := range [3]int{x, y, z} {
			p[r] += float64(f.toPoint[r][c] * float64(n))
		}
	}
	return p
}

// index is the continuous index of a place.
func (f *frame) index(point [3]float64) [3]float64 {
	for r := range point {
		point[r] -= f.origin[r]
	}
	return f.toIndex.times(point)
}

// grid is the way back.
func (f *frame) grid(known bool) volume.Grid {
	g := volume.Grid{Size: f.size, SpacingKnown: known}
	for r := range 3 {
		sign := 1.0
		if r < 2 {
			sign = -1
		}
		g.Affine[r][3] = sign * f.origin[r]
		for c := range 3 {
			g.Affine[r][c] = sign * f.toPoint[r][c]
		}
	}
	return g
}

// differences says how the mask's frame differs from the image's beyond ITK's
// tolerance: origin and spacing by more than tolerance times the spacing along
// x, an element of the direction matrix by more than tolerance. Nothing where
// they are the same.
func (f *frame) differences(mask *frame, tolerance float64) string {
	var parts []string
	if f.size != mask.size {
		parts = append(parts, fmt.Sprintf("size is %v in the image and %v in the mask", f.size, mask.size))
	}
	mm := tolerance * f.spacing[0]
	var origin, spacing, direction float64
	for a := range 3 {
		origin = math.Max(origin, math.Abs(f.origin[a]-mask.origin[a]))
		spacing = math.Max(spacing, math.Abs(f.spacing[a]-mask.spacing[a]))
		for c := range 3 {
			direction = math.Max(direction, math.Abs(f.direction[a][c]-mask.direction[a][c]))
		}
	}
	if !(origin <= mm) {
		parts = append(parts, fmt.Sprintf("origin is %v in the image and %v mm in the mask (%.4g mm apart, tolerance %.4g mm)", f.origin, mask.origin, origin, mm))
	}
	if !(spacing <= mm) {
		parts = append(parts, fmt.Sprintf("spacing is %v in the image and %v mm in the mask (%.4g mm apart, tolerance %.4g mm)", f.spacing, mask.spacing, spacing, mm))
	}
	if !(direction <= tolerance) {
		far := 0.0 // what it comes to at the image's far end
		for a := range 3 {
			far = math.Max(far, direction*f.spacing[a]*float64(f.size[a]))
		}
		parts = append(parts, fmt.Sprintf("direction differs by %.4g (up to %.4g mm across the image, tolerance %.4g)", direction, far, tolerance))
	}
	return strings.Join(parts, "; ")
}
