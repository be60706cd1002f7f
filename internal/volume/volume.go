// Package volume is the shared noun of the system: voxels of a patient and
// where they lie. Geometry lives here, and nothing else multiplies affines.
//
// An Affine carries a voxel index to patient millimetres. A Grid is a size and
// an affine. A Volume is one number a voxel of a grid; a Mask is one label
// a voxel, where 0 is background and a lesion is one label. A View is the
// direction in which a patient is sliced, and a volume or mask is canonical for
// a view when its storage runs as its slices stand on a reading screen. A Plane
// is one slice or a part of one. Drawn is one lesion on one slice.
package volume

// Volume is one number a voxel of its grid. Voxel (i,j,k) is at
// i + Size[0]*(j + Size[1]*k).
type Volume struct {
	Grid
	Data []float32
}

// Mask is one label a voxel of its grid, stored as a Volume's data are. Label 0
// is background; each other label is one lesion.
type Mask struct {
	Grid
	Labels []uint16
}

// Slice is slice k of a canonical volume, 0 ≤ k < Size[2]. It shares the
// volume's storage.
func (v *Volume) Slice(k int) Plane {
	n := v.Size[0] * v.Size[1]
	return Plane{W: v.Size[0], H: v.Size[1], Pix: v.Data[k*n : (k+1)*n : (k+1)*n]}
}

// Plane is a picture of W columns and H rows: row-major, row 0 at the top of
// the screen, column 0 at its left.
type Plane struct {
	W, H int
	Pix  []float32
}

// Crop is the side×side part of p around pixel (cx,cy): columns cx-side/2 …
// cx-side/2+side-1, and rows likewise. What lies outside p is pad.
func (p Plane) Crop(cx, cy, side int, pad float32) Plane {
	out := Plane{W: side, H: side, Pix: make([]float32, side*side)}
	x0, y0 := cx-side/2, cy-side/2
	from, to := overlap(x0, side, p.W)
	for y := range side {
		row := out.Pix[y*side : (y+1)*side]
		fill(row, pad)
		if sy := y0 + y; sy >= 0 && sy < p.H && from < to {
			copy(row[from:to], p.Pix[sy*p.W+x0+from:])
		}
	}
	return out
}

// CropLabels is the mask's counterpart of Plane.Crop on slice k of a canonical
// mask. labels says which pixels are any lesion's, inside which pixels of the
// crop lie in the image: padding is no part of any share of area.
func (m *Mask) CropLabels(k, cx, cy, side int) (labels, inside []bool) {
	labels, inside = make([]bool, side*side), make([]bool, side*side)
	w, h := m.Size[0], m.Size[1]
	x0, y0 := cx-side/2, cy-side/2
	from, to := overlap(x0, side, w)
	for y := range side {
		sy := y0 + y
		if sy < 0 || sy >= h {
			continue
		}
		row := (k*h + sy) * w
		for x := from; x < to; x++ {
			inside[y*side+x] = true
			labels[y*side+x] = m.Labels[row+x0+x] != 0
		}
	}
	return labels, inside
}

// overlap is the range of crop columns that lie in an image of n columns, when
// the crop's first column is image column x0. from ≥ to where none does.
func overlap(x0, side, n int) (from, to int) {
	return max(0, -x0), min(side, n-x0)
}

func fill(s []float32, v float32) {
	for i := range s {
		s[i] = v
	}
}
