package annotation

import (
	"fmt"
	"math"

	"magn/internal/fault"
	"magn/internal/volume"
)

// Method is a way to carry a lesion from one grid to another.
type Method string

// The methods.
const (
	// Shape interpolates the signed distance to the outline between slices, and
	// asks of each target voxel how much of its slab is inside.
	Shape Method = "shape"
	// Linear interpolates the mask itself and takes what is at least ½ at the
	// target voxel's centre: what the paper did.
	Linear Method = "linear"
)

// Options of a transfer. The zero value is Shape, lesions kept apart, between
// frames that are unknown or the same.
type Options struct {
	Method   Method
	Merge    bool  // all lesions as one, of label 1
	From, To Frame // of the mask and of the target
	AnyFrame bool  // do not compare them

	Drawn, Target Axis // of the mask and of the target
}

// slabSamples is into how many parts the slab of a target voxel is cut, and the
// thickness in mm that each has at least.
const (
	slabSamples  = 9
	slabSampleMM = .25
)

// Transfer carries m to the target's grid. Where that is m's own grid, stored
// otherwise or cut to another size in whole voxels, the mask is the same voxel by
// voxel (Fit). A voxel that two lesions claim goes to the one with the greater
// share of it, then to the lower label.
//
// What of a lesion lies outside the target is left out; Coverage says how much.
func Transfer(m *volume.Mask, target volume.Grid, o Options) (*volume.Mask, error) {
	if !o.AnyFrame {
		if err := o.From.Match(o.To); err != nil {
			return nil, err
		}
	}
	if o.Merge {
		m = Merge(m)
	}
	if o.Method == "" {
		o.Method = Shape
	}
	if o.Method != Shape && o.Method != Linear {
		return nil, &fault.Usage{Err: fmt.Errorf("method %q: expected shape or linear", o.Method)}
	}
	if len(m.Labels) != m.Len() {
		return nil, fmt.Errorf("a mask of %d labels on %d voxels", len(m.Labels), m.Len())
	}
	for _, g := range []volume.Grid{m.Grid, target} {
		if err := usable(g); err != nil {
			return nil, err
		}
	}
	if out, _, ok := refit(m, target); ok {
		return out, nil
	}
	back, err := m.Affine.Inverse()
	if err != nil {
		return nil, err
	}
	forth, err := target.Affine.Inverse()
	if err != nil {
		return nil, err
	}
	c := &carrier{
		out:     &volume.Mask{Grid: target, Labels: make([]uint16, target.Len())},
		toMask:  back.Mul(target.Affine),
		fromBox: forth.Mul(m.Affine),
		method:  o.Method, claims: map[int]claim{},
	}
	c.offsets = slab(target, o.Target.of(target))
	c.stack = o.Drawn.of(m.Grid)
	all := labels(m)
	for n, bx := range boxes(m, all) {
		c.carry(m, all[n], bx)
	}
	return c.out, nil
}

// slab is where, relative to its centre, a voxel of g is sampled through its
// thickness along storage axis k, in indices.
func slab(g volume.Grid, k int) [][3]float64 {
	n := min(max(int(math.Ceil(g.Spacing()[k]/slabSampleMM)), 1), slabSamples)
	all := make([][3]float64, n)
	for i := range all {
		all[i][k] = (float64(i)+.5)/float64(n) - .5
	}
	return all
}

type claim struct{ share, depth float64 }

// carrier carries lesions one after another.
type carrier struct {
	out             *volume.Mask
	toMask, fromBox volume.Affine // target index → mask index, and back
	stack           int           // axis of the mask
	offsets         [][3]float64
	method          Method
	claims          map[int]claim // of voxels that a lesion has taken; only where there are several
}

// carry carries one lesion. With Shape its parts are carried each by itself: what
// is not connected does not blend, and a part that ends on a slice on which
// another goes on ends as if it were alone.
func (c *carrier) carry(m *volume.Mask, label uint16, bx box) {
	if c.method == Linear {
		c.place(newShape(m.Grid, c.stack, bx, func(i int) bool { return m.Labels[i] == label }, indicator), label, bx)
		return
	}
	for _, p := range parts(m, label, bx) {
		c.place(newShape(m.Grid, c.stack, p.box, p.has, signedDistance), label, p.box)
	}
}

// place puts a shape into the target.
func (c *carrier) place(s *shape, label uint16, bx box) {
	r := c.reach(bx, s.margin)
	size := c.out.Size
	for z := r.lo[2]; z < r.hi[2]; z++ {
		for y := r.lo[1]; y < r.hi[1]; y++ {
			row := size[0] * (y + size[1]*z)
			for x := r.lo[0]; x < r.hi[0]; x++ {
				got := c.at(s, [3]float64{float64(x), float64(y), float64(z)})
				if got.share >= .5-rounding {
					c.take(row+x, label, got)
				}
			}
		}
	}
}

// at is the share of the target voxel at index p that is inside s.
func (c *carrier) at(s *shape, p [3]float64) claim {
	if c.method == Linear {
		return claim{share: s.share(c.toMask.Apply(p))}
	}
	var got claim
	for _, o := range c.offsets {
		d := s.distance(c.toMask.Apply([3]float64{p[0] + o[0], p[1] + o[1], p[2] + o[2]}))
		if d >= -rounding {
			got.share++
		}
		got.depth += d
	}
	got.share /= float64(len(c.offsets))
	return got
}

func (c *carrier) take(i int, label uint16, got claim) {
	if c.out.Labels[i] != 0 {
		was := c.claims[i]
		if got.share < was.share+rounding && (got.share < was.share-rounding || got.depth <= was.depth+rounding) {
			return
		}
	}
	c.out.Labels[i], c.claims[i] = label, got
}

// reach is the part of the target that the lesion in bx can touch: the box with
// a shape's margin, carried over.
func (c *carrier) reach(bx box, margin [3]int) box {
	inf := math.Inf(1)
	lo, hi := [3]float64{inf, inf, inf}, [3]float64{-inf, -inf, -inf}
	for corner := range 8 {
		var p [3]float64
		for a := range p {
			if p[a] = float64(bx.lo[a] - margin[a]); corner>>a&1 == 1 {
				p[a] = float64(bx.hi[a] - 1 + margin[a])
			}
		}
		q := c.fromBox.Apply(p)
		for a := range q {
			lo[a], hi[a] = min(lo[a], q[a]), max(hi[a], q[a])
		}
	}
	var r box
	for a := range lo {
		// A slab reaches half a voxel beyond the centre.
		r.lo[a] = int(max(0, math.Floor(lo[a]-.5)))
		r.hi[a] = int(min(float64(c.out.Size[a]), math.Ceil(hi[a]+.5)+1))
	}
	return r
}
