package volume

import (
	"fmt"
	"math"
)

// screen is, for each view, the patient axis (0 x, 1 y, 2 z) that i, j and
// k run along and the sign they run with, in RAS+. Columns are written as
// a reader sees them: i from left to right, j from top to bottom, k away from
// the reader. (i,j,k) is right-handed in each.
var screen = [3][3]struct {
	axis int
	sign float64
}{
	Sagittal: {{1, -1}, {2, -1}, {0, +1}}, // anterior left, superior up, patient's left nearest
	Coronal:  {{0, -1}, {2, -1}, {1, -1}}, // patient's right at left, superior up, anterior nearest
	Axial:    {{0, -1}, {1, -1}, {2, +1}}, // patient's right at left, anterior up, feet nearest
}

// Canonical reorders and flips storage so that slices stand as on a reading
// screen: i runs left to right, j top to bottom, k along the stack. Nothing is
// resampled, and the affine goes with the voxels. To the nearest patient axis:
//
//   - sagittal: superior up, anterior left, k from the patient's left to right;
//   - coronal: superior up, the patient's right at image left, k from front to back;
//   - axial: anterior up, the patient's right at image left, k from feet to head.
//
// So k always runs away from the reader. The result does not depend on how the
// same voxels were stored. It is an error where the stack's slice direction is
// not the view's (an axial stack offered as sagittal). That direction is told
// from the voxels: the only axis with one voxel; else the axis whose spacing is
// at least 1.5 times each of the others; else, where spacing is unknown, the
// axis with fewer than half of the voxels of each of the others. A grid with
// none of these is a block that any view may be cut from.
// Where storage is canonical already, the voxels are shared with v, not copied.
func (v *Volume) Canonical(view View) (*Volume, error) {
	o, err := v.Grid.orient(view, len(v.Data))
	if err != nil {
		return nil, err
	}
	return &Volume{Grid: o.grid, Data: reorder(v.Data, o)}, nil
}

// Canonical does to a mask what Volume.Canonical does to a volume.
func (m *Mask) Canonical(view View) (*Mask, error) {
	o, err := m.Grid.orient(view, len(m.Labels))
	if err != nil {
		return nil, err
	}
	return &Mask{Grid: o.grid, Labels: reorder(m.Labels, o)}, nil
}

// order says how new storage is read from old: the new grid, and the old index
// of its first voxel and of a step along each of its axes.
type order struct {
	grid  Grid
	start int
	step  [3]int
}

func (g Grid) orient(view View, n int) (order, error) {
	if int(view) >= len(screen) {
		return order{}, fmt.Errorf("%v is no view", view)
	}
	if err := g.check(n); err != nil {
		return order{}, err
	}
	axes := g.nearest()
	normal := screen[view][2].axis
	if s := g.sliceAxis(); s >= 0 && axes[normal] != s {
		for patient, storage := range axes {
			if storage == s {
				return order{}, fmt.Errorf("the stack is %v, not %v: its slices follow one another along the patient's %s axis",
					normalView[patient], view, axisNames[patient])
			}
		}
	}
	stride := [3]int{1, g.Size[0], g.Size[0] * g.Size[1]}
	o := order{grid: Grid{SpacingKnown: g.SpacingKnown}}
	var back Affine // new index → old index
	for a, to := range screen[view] {
		old := axes[to.axis]
		o.grid.Size[a] = g.Size[old]
		if g.Affine[to.axis][old]*to.sign > 0 {
			back[old][a] = 1
			o.step[a] = stride[old]
			continue
		}
		back[old][a] = -1
		back[old][3] = float64(g.Size[old] - 1)
		o.start += (g.Size[old] - 1) * stride[old]
		o.step[a] = -stride[old]
	}
	o.grid.Affine = g.Affine.Mul(back)
	return o, nil
}

var (
	axisNames  = [3]string{"left–right", "back–front", "feet–head"}
	normalView = [3]View{Sagittal, Coronal, Axial}
)

// nearest is the storage axis that belongs to each patient axis: of the six
// ways to pair them, the one with the greatest sum of cosines. Where two are as
// near (45°), the directions themselves decide and not their place in storage,
// so that permuted storage comes out the same.
func (g Grid) nearest() [3]int {
	const tie = 1e-6
	var best [3]int
	var bestKey [10]float64
	for n, p := range [6][3]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		var key [10]float64
		for axis, storage := range p {
			d := g.Affine.direction(storage)
			sign := math.Copysign(1, d[axis])
			key[0] += math.Abs(d[axis])
			for r := range d {
				key[1+3*axis+r] = sign * d[r]
			}
		}
		better := n == 0
		for i := 0; !better && i < len(key); i++ {
			if d := key[i] - bestKey[i]; math.Abs(d) > tie {
				better = d > 0
				break
			}
		}
		if better {
			best, bestKey = p, key
		}
	}
	return best
}

// sliceAxis is the storage axis along which slices follow one another, by the
// rule that Volume.Canonical states; -1 for a block.
func (g Grid) sliceAxis() int {
	for a := range 3 {
		if b, c := (a+1)%3, (a+2)%3; g.Size[a] == 1 && g.Size[b] > 1 && g.Size[c] > 1 {
			return a
		}
	}
	s := g.Spacing()
	for a := range 3 {
		b, c := (a+1)%3, (a+2)%3
		if g.SpacingKnown && s[a] >= 1.5*max(s[b], s[c]) {
			return a
		}
		if !g.SpacingKnown && 2*g.Size[a] < min(g.Size[b], g.Size[c]) {
			return a
		}
	}
	return -1
}

// tile is the edge in voxels of the blocks that reorder copies where neighbours
// in the new storage are far apart in the old one: both sides of a block then
// stay in the first-level cache.
const tile = 32

func reorder[T float32 | uint16](src []T, o order) []T {
	w, h := o.grid.Size[0], o.grid.Size[1]
	if o.step == [3]int{1, w, w * h} { // hence from the first voxel on
		return src
	}
	dst := make([]T, len(src))
	si, sj, sk := o.step[0], o.step[1], o.step[2]
	if si == 1 || si == -1 {
		for k := range o.grid.Size[2] {
			for j := range h {
				row, from := dst[(k*h+j)*w:][:w], o.start+j*sj+k*sk
				if si == 1 {
					copy(row, src[from:])
					continue
				}
				rev := src[from-w+1:][:w]
				for i := range row {
					row[i] = rev[w-1-i]
				}
			}
		}
		return dst
	}
	// The old storage runs along the new j or k: copy square blocks of (i, that axis).
	d, n, dn, sn := h, o.grid.Size[2], w*h, sk // across j with k outside
	other, od := sj, w
	if sj != 1 && sj != -1 { // the old storage runs along k
		d, n = o.grid.Size[2], h
		dn, sn = w, sj
		other, od = sk, w*h
	}
	for b := range n {
		for y0 := 0; y0 < d; y0 += tile {
			for x0 := 0; x0 < w; x0 += tile {
				for y := y0; y < min(y0+tile, d); y++ {
					s := o.start + b*sn + y*other + x0*si
					row := dst[b*dn+y*od+x0:][:min(tile, w-x0)]
					for x := range row {
						row[x] = src[s]
						s += si
					}
				}
			}
		}
	}
	return dst
}
