package annotation

import (
	"fmt"
	"math"

	"magn/internal/fault"
	"magn/internal/volume"
)

// fitTolerance is how far, as a share of the smallest edge of a voxel (but at
// least 0.001 mm), a grid may lie from another and still be the same one written
// with fewer digits. A
// quaternion in single precision alone costs some hundredths of a millimetre at
// the far corner of a NIfTI image.
const fitTolerance = .05

// Fit brings a mask to the grid of its series where it is the same grid, stored
// with its axes permuted or flipped, or cut to another size in whole voxels, as
// 3D Slicer does: labels are reordered and nothing is resampled. Voxels that only
// one of the two has are background.
//
// Otherwise it is a *fault.Input without a file that wraps a *volume.Mismatch:
// which of size, spacing, direction and origin differ, and by how many mm. A
// lesion in a part of the mask that the series does not have is an error too.
func Fit(m *volume.Mask, series volume.Grid) (*volume.Mask, error) {
	out, lost, ok := refit(m, series)
	switch {
	case !ok:
		err := mismatch(m.Grid, series)
		if err == nil {
			err = fmt.Errorf("%d labels on %d voxels", len(m.Labels), m.Len())
		}
		return nil, &fault.Input{
			Field: "grid", Expected: "the grid of its series", Err: err,
			Do: "name the series that the mask was drawn on, or carry it over with magn transfer",
		}
	case lost > 0:
		return nil, &fault.Input{
			Field: "grid", Found: plural(lost, "labelled voxel") + " outside the series", Expected: "lesions inside the series",
			Do: "name the series that the mask was drawn on",
		}
	}
	return out, nil
}

// refit does what Fit says. lost counts the labelled voxels that the target does
// not have.
func refit(m *volume.Mask, target volume.Grid) (out *volume.Mask, lost int, ok bool) {
	if m.SpacingKnown != target.SpacingKnown || len(m.Labels) != m.Len() {
		return nil, 0, false
	}
	to, ok := lattice(m.Grid, target)
	if !ok {
		return nil, 0, false
	}
	out = &volume.Mask{Grid: target, Labels: make([]uint16, target.Len())}
	for n, l := range m.Labels {
		if l == 0 {
			continue
		}
		if at := to.At(m.Voxel(n)); at >= 0 {
			out.Labels[at] = l
		} else {
			lost++
		}
	}
	return out, lost, true
}

// Lattice carries voxels of one grid to the same voxels of another.
type Lattice struct {
	step [3][4]int // index of the other grid, by index of the one and 1
	size [3]int    // of the other
}

// At is where voxel v is in the other grid's storage; −1 where that does not have it.
func (l Lattice) At(v [3]int) int {
	n := 0
	for r := 2; r >= 0; r-- {
		x := l.step[r][0]*v[0] + l.step[r][1]*v[1] + l.step[r][2]*v[2] + l.step[r][3]
		if x < 0 || x >= l.size[r] {
			return -1
		}
		n = n*l.size[r] + x
	}
	return n
}

// NewLattice is how voxels of g are found in to, where both have the same voxels:
// axes may be permuted and flipped, and sizes differ. Otherwise it is a
// *volume.Mismatch.
func NewLattice(g, to volume.Grid) (Lattice, error) {
	if l, ok := lattice(g, to); ok && g.SpacingKnown == to.SpacingKnown {
		return l, nil
	}
	return Lattice{}, mismatch(g, to)
}

// mismatch compares like with like: the axes that run alike.
func mismatch(g, to volume.Grid) error {
	if p, ok := permuted(g, to); ok {
		g = p
	}
	return g.Match(to)
}

// lattice rounds an affine from indices of g to indices of target to whole
// numbers, where it is a permutation of axes with signs and whole offsets to
// fitTolerance at every corner of g.
func lattice(g, target volume.Grid) (l Lattice, ok bool) {
	forth, err := target.Affine.Inverse()
	if err != nil {
		return l, false
	}
	t := forth.Mul(g.Affine)
	l.size = target.Size
	var exact volume.Affine
	for r := range t {
		for c := range t[r] {
			x := math.Round(t[r][c])
			if !(math.Abs(x) < 1<<30) {
				return l, false
			}
			l.step[r][c], exact[r][c] = int(x), x
		}
	}
	for a := range 3 {
		row, col := 0, 0
		for b := range 3 {
			row += l.step[a][b] * l.step[a][b]
			col += l.step[b][a] * l.step[b][a]
		}
		if row != 1 || col != 1 {
			return l, false
		}
	}
	s := target.Spacing()
	limit := max(1e-3, fitTolerance*min(s[0], s[1], s[2]))
	for corner := range 8 {
		var p [3]float64
		for a := range p {
			if p[a] = -.5; corner>>a&1 == 1 {
				p[a] = float64(g.Size[a]) - .5
			}
		}
		q, e := target.Affine.Apply(t.Apply(p)), target.Affine.Apply(exact.Apply(p))
		if !(math.Hypot(math.Hypot(q[0]-e[0], q[1]-e[1]), q[2]-e[2]) <= limit) {
			return l, false
		}
	}
	return l, true
}

// permuted is g with its axes in the order and with the signs in which they are
// nearest to the target's.
func permuted(g, target volume.Grid) (volume.Grid, bool) {
	forth, err := target.Affine.Inverse()
	if err != nil {
		return g, false
	}
	t := forth.Mul(g.Affine)
	ts, gs := target.Spacing(), g.Spacing()
	var used [3]bool
	var from [3]int // axis of g that becomes axis r
	for r := range 3 {
		best := -1
		for c := range 3 {
			cos := func(c int) float64 { return math.Abs(t[r][c]) * ts[r] / gs[c] }
			if !used[c] && (best < 0 || cos(c) > cos(best)) {
				best = c
			}
		}
		used[best], from[r] = true, best
	}
	out := volume.Grid{SpacingKnown: g.SpacingKnown}
	var order volume.Affine // new index → index of g
	for r, c := range from {
		out.Size[r] = g.Size[c]
		if order[c][r] = 1; t[r][c] < 0 {
			order[c][r], order[c][3] = -1, float64(g.Size[c]-1)
		}
	}
	out.Affine = g.Affine.Mul(order)
	return out, true
}
