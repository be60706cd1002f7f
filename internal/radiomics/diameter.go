package radiomics

import (
	"math"
	"math/bits"
	"slices"
)

// diameters are the greatest distances between two points of the surface, in
// millimetres: of all, and of those that share their z (slice), y (column) or x
// (row).
type diameters struct{ space, slice, column, row float64 }

// diameters of the surface, whose points are the middles between a voxel inside
// and one of its six neighbours outside. They are exact: two points farthest
// apart are corners of the convex hull, hence of the hull of the points in
// their plane, and of the points on one line only the first and the last can be
// that.
func (m *bitmap) diameters(spacing [3]float64) diameters {
	alongX, alongY := m.lineEnds()
	var d diameters
	var corners []hullPoint
	var ring [][2]int32
	for z := range alongX.planes {
		ring = hull(ring[:0], alongX.lines, func(y int) lineEnd { return alongX.at(y, z) })
		d.slice = farthestInPlane(ring, spacing[0], spacing[1], d.slice)
		for _, p := range ring {
			corners = append(corners, hullPoint{p[0], p[1], int32(z), 0})
		}
	}
	for y := range alongX.lines {
		ring = hull(ring[:0], alongX.planes, func(z int) lineEnd { return alongX.at(y, z) })
		d.column = farthestInPlane(ring, spacing[0], spacing[2], d.column)
	}
	for x := range alongY.lines {
		ring = hull(ring[:0], alongY.planes, func(z int) lineEnd { return alongY.at(x, z) })
		d.row = farthestInPlane(ring, spacing[1], spacing[2], d.row)
	}
	d.space = farthest(corners, spacing)
	return d
}

// Positions are counted in half voxels from the border's corner.

// lineEnd is the first and the last point on a line; first is above last where
// there is none.
type lineEnd struct{ first, last int32 }

// lineEnds are those of parallel lines: lines side by side in planes on top of
// each other.
type lineEnds struct {
	lines, planes int
	ends          []lineEnd
}

func newLineEnds(lines, planes int) *lineEnds {
	l := &lineEnds{lines, planes, make([]lineEnd, lines*planes)}
	for i := range l.ends {
		l.ends[i] = lineEnd{math.MaxInt32, -1}
	}
	return l
}

func (l *lineEnds) at(line, plane int) lineEnd { return l.ends[line+l.lines*plane] }

func (l *lineEnds) add(line, plane int, first, last int) {
	e := &l.ends[line+l.lines*plane]
	e.first, e.last = min(e.first, int32(first)), max(e.last, int32(last))
}

// lineEnds finds the ends of the lines along x (by y, in planes of one z) and
// of those along y (by x, in planes of one z).
func (m *bitmap) lineEnds() (alongX, alongY *lineEnds) {
	alongX, alongY = newLineEnds(2*m.ny, 2*m.nz), newLineEnds(2*m.nx, 2*m.nz)
	changed := make([]uint64, m.words)
	alongRow := func(y, z int) { // changed is where points lie on one line along x
		first, last := ends(changed)
		if first < 0 {
			return
		}
		alongX.add(y, z, 2*first, 2*last)
		for w, b := range changed {
			for ; b != 0; b &= b - 1 {
				alongY.add(2*(64*w+bits.TrailingZeros64(b)), z, y, y)
			}
		}
	}
	for z := range m.nz - 1 {
		for y := range m.ny - 1 {
			row, below, above := m.at(y, z), m.at(y+1, z), m.at(y, z+1)
			for w := range row { // between y and y+1
				changed[w] = row[w] ^ below[w]
			}
			alongRow(2*y+1, 2*z)
			for w := range row { // between z and z+1
				changed[w] = row[w] ^ above[w]
			}
			alongRow(2*y, 2*z+1)
			if first, last := ends(row); first >= 0 { // between x and x+1
				alongX.add(2*y, 2*z, 2*first-1, 2*last+1)
			}
			for w, b := range row {
				b ^= b >> 1
				if w+1 < len(row) {
					b ^= row[w+1] << 63
				}
				for ; b != 0; b &= b - 1 {
					alongY.add(2*(64*w+bits.TrailingZeros64(b))+1, 2*z, 2*y, 2*y)
				}
			}
		}
	}
	return alongX, alongY
}

// ends are the first and the last bit of a row; -1 where there is none.
func ends(row []uint64) (first, last int) {
	first, last = -1, -1
	for w, b := range row {
		if b != 0 {
			if first < 0 {
				first = 64*w + bits.TrailingZeros64(b)
			}
			last = 64*w + 63 - bits.LeadingZeros64(b)
		}
	}
	return first, last
}

// hull appends the corners of the convex hull of one plane's points, given the
// ends of its n lines: those on the side of the first points, then those on the
// other. A point is its place on its line, and the line.
func hull(ring [][2]int32, n int, end func(line int) lineEnd) [][2]int32 {
	for _, side := range [2]int{1, -1} {
		start := len(ring)
		for line := range n {
			e := end(line)
			if e.first > e.last {
				continue
			}
			p := [2]int32{e.first, int32(line)}
			if side < 0 {
				p[0] = e.last
			}
			for len(ring) > start+1 {
				a, b := ring[len(ring)-2], ring[len(ring)-1]
				if side*(int(b[0]-a[0])*int(p[1]-b[1])-int(p[0]-b[0])*int(b[1]-a[1])) < 0 {
					break // still turning the right way
				}
				ring = ring[:len(ring)-1]
			}
			ring = append(ring, p)
		}
	}
	return ring
}

// farthestInPlane is the greatest distance between two of the points, but at
// least so far. A point's coordinates are half voxels of sizes a and b.
func farthestInPlane(points [][2]int32, a, b, so float64) float64 {
	if len(points) == 0 {
		return so
	}
	lo, hi := points[0], points[0]
	for _, p := range points {
		lo = [2]int32{min(lo[0], p[0]), min(lo[1], p[1])}
		hi = [2]int32{max(hi[0], p[0]), max(hi[1], p[1])}
	}
	a, b = a/2, b/2
	if math.Hypot(a*float64(hi[0]-lo[0]), b*float64(hi[1]-lo[1])) <= so {
		return so
	}
	squared := so * so
	for i, p := range points {
		for _, q := range points[:i] {
			u, v := a*float64(p[0]-q[0]), b*float64(p[1]-q[1])
			squared = max(squared, u*u+v*v)
		}
	}
	return math.Sqrt(squared)
}

// hullPoint is a point in half voxels, and its distance in millimetres from the
// middle of all.
type hullPoint struct {
	x, y, z int32
	radius  float64
}

// farthest is the greatest distance between two of the points. From the
// outermost point inwards, once two radii together are no more than what was
// found, no pair further in is farther apart.
func farthest(points []hullPoint, spacing [3]float64) float64 {
	var middle [3]float64
	for _, p := range points {
		middle[0] += float64(p.x) / float64(len(points))
		middle[1] += float64(p.y) / float64(len(points))
		middle[2] += float64(p.z) / float64(len(points))
	}
	a, b, c := spacing[0]/2, spacing[1]/2, spacing[2]/2
	for i := range points {
		p := &points[i]
		p.radius = math.Sqrt(sq(a*(float64(p.x)-middle[0])) + sq(b*(float64(p.y)-middle[1])) + sq(c*(float64(p.z)-middle[2])))
	}
	slices.SortFunc(points, func(p, q hullPoint) int {
		switch {
		case p.radius > q.radius:
			return -1
		case p.radius < q.radius:
			return 1
		}
		return 0
	})
	found, squared := 0.0, 0.0
	for i, p := range points {
		if 2*p.radius < found {
			break
		}
		for _, q := range points[i+1:] {
			if p.radius+q.radius < found*(1-1e-12) {
				break
			}
			if d := sq(a*float64(p.x-q.x)) + sq(b*float64(p.y-q.y)) + sq(c*float64(p.z-q.z)); d > squared {
				squared, found = d, math.Sqrt(d)
			}
		}
	}
	return found
}

func sq(x float64) float64 { return x * x }
