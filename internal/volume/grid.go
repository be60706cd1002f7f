package volume

import (
	"fmt"
	"math"
	"strings"
)

// Grid says where voxels lie: how many along each storage axis, and the affine
// that carries an index to patient millimetres. Where SpacingKnown is false the
// affine says directions only, one unit a voxel: nothing may be measured on it.
type Grid struct {
	Size         [3]int
	Affine       Affine
	SpacingKnown bool
}

// Len is the number of voxels.
func (g Grid) Len() int { return g.Size[0] * g.Size[1] * g.Size[2] }

// Spacing is the distance in millimetres between neighbouring voxels along each
// storage axis (units where SpacingKnown is false).
func (g Grid) Spacing() [3]float64 {
	return [3]float64{norm(g.Affine.column(0)), norm(g.Affine.column(1)), norm(g.Affine.column(2))}
}

// Voxel is the index (i,j,k) of the n-th voxel in storage.
func (g Grid) Voxel(n int) [3]int {
	w, h := g.Size[0], g.Size[1]
	return [3]int{n % w, n / w % h, n / (w * h)}
}

// check says what makes a grid with n values in storage unusable.
// At is the voxel that holds a point in patient millimetres (RAS+): ok where the
// point lies within the grid's voxels, their outer halves included.
func (g Grid) At(mm [3]float64) (v [3]int, ok bool) {
	inverse, err := g.Affine.Inverse()
	if err != nil {
		return v, false
	}
	ok = true
	for axis, x := range inverse.Apply(mm) {
		v[axis] = int(math.Floor(x + 0.5))
		ok = ok && v[axis] >= 0 && v[axis] < g.Size[axis] && !math.IsNaN(x)
	}
	return v, ok
}

// PointMask has one voxel of label 1, which must lie on the grid.
func PointMask(g Grid, voxel [3]int) *Mask {
	m := &Mask{Grid: g, Labels: make([]uint16, g.Len())}
	m.Labels[(voxel[2]*g.Size[1]+voxel[1])*g.Size[0]+voxel[0]] = 1
	return m
}

func (g Grid) check(n int) error {
	for _, s := range g.Size {
		if s < 1 {
			return fmt.Errorf("a grid of %s voxels is empty", sizeText(g.Size))
		}
	}
	if g.Len() != n {
		return fmt.Errorf("%d values on a grid of %s voxels", n, sizeText(g.Size))
	}
	_, err := g.Affine.Inverse()
	return err
}

// matchTolerance is how far in millimetres the corners of two grids may lie
// apart: well above what single precision in a NIfTI-1 header costs, well below
// what anyone can draw.
const matchTolerance = 1e-3

// Mismatch says how a grid differs from another.
type Mismatch struct {
	Parts []string // one sentence each on size, spacing, direction, origin, whichever differ
	MM    float64  // farthest distance between corresponding outer corners; NaN where an affine is not finite
}

func (m *Mismatch) Error() string {
	return fmt.Sprintf("another grid: %s (corners up to %.4g mm apart)", strings.Join(m.Parts, "; "), m.MM)
}

// Match is nil where g and o are the same grid: the same size, and each of the
// eight outer corners of one within 0.001 mm of the other's. Otherwise it is
// a *Mismatch that says which of size, spacing, direction and origin differ,
// and by how many millimetres.
func (g Grid) Match(o Grid) error {
	m := &Mismatch{MM: g.cornerDistance(o)}
	if g.Size == o.Size && g.SpacingKnown == o.SpacingKnown && m.MM <= matchTolerance {
		return nil
	}
	if g.Size != o.Size {
		m.Parts = append(m.Parts, fmt.Sprintf("size is %s against %s voxels", sizeText(g.Size), sizeText(o.Size)))
	}
	if g.SpacingKnown != o.SpacingKnown {
		m.Parts = append(m.Parts, "spacing is known on one side only")
	}
	gs, os := g.Spacing(), o.Spacing()
	for a, axis := range []string{"i", "j", "k"} {
		n := float64(min(g.Size[a], o.Size[a]))
		if d := math.Abs(gs[a] - os[a]); !(d*n <= matchTolerance) {
			m.Parts = append(m.Parts, fmt.Sprintf("spacing along %s is %.6g against %.6g mm (%.4g mm over %g voxels)", axis, gs[a], os[a], d*n, n))
		}
		gd, od := g.Affine.direction(a), o.Affine.direction(a)
		if d := distance(gd, od) * min(gs[a], os[a]) * n; !(d <= matchTolerance) {
			m.Parts = append(m.Parts, fmt.Sprintf("direction of %s differs by %.4g° (%.4g mm over %g voxels)", axis, angle(gd, od), d, n))
		}
	}
	if d := distance(g.Affine.column(3), o.Affine.column(3)); !(d <= matchTolerance) {
		m.Parts = append(m.Parts, fmt.Sprintf("origin differs by %.4g mm", d))
	}
	if len(m.Parts) == 0 {
		m.Parts = []string{"spacing, direction and origin differ a little each"}
	}
	return m
}

// cornerDistance is the farthest that an outer corner of g lies from o's. The
// outer corners are those of the voxels, not their centres, so that the
// thickness of a single slice counts.
func (g Grid) cornerDistance(o Grid) float64 {
	far := 0.0
	for c := range 8 {
		var p, q [3]float64
		for a := range 3 {
			p[a], q[a] = -.5, -.5
			if c>>a&1 == 1 {
				p[a], q[a] = float64(g.Size[a])-.5, float64(o.Size[a])-.5
			}
		}
		// math.Max keeps a NaN, which then fails every comparison.
		far = math.Max(far, distance(g.Affine.Apply(p), o.Affine.Apply(q)))
	}
	return far
}

// angle between two directions in degrees.
func angle(a, b [3]float64) float64 {
	return math.Atan2(norm(cross(a, b)), dot(a, b)) * 180 / math.Pi
}

func sizeText(s [3]int) string { return fmt.Sprintf("%d×%d×%d", s[0], s[1], s[2]) }
