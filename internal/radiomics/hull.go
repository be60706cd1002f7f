package radiomics

import (
	"math"
	"slices"
)

// corners are the points of the surface that can be corners of its convex hull,
// in half voxels: those that are corners of the hull of their plane in all three
// directions.
func (m *bitmap) corners() [][3]int64 {
	alongX, alongY := m.lineEnds()
	var ring [][2]int32
	var points [3][][3]int64
	for z := range alongX.planes {
		ring = hull(ring[:0], alongX.lines, func(y int) lineEnd { return alongX.at(y, z) })
		for _, p := range ring {
			points[0] = append(points[0], [3]int64{int64(p[0]), int64(p[1]), int64(z)})
		}
	}
	for y := range alongX.lines {
		ring = hull(ring[:0], alongX.planes, func(z int) lineEnd { return alongX.at(y, z) })
		for _, p := range ring {
			points[1] = append(points[1], [3]int64{int64(p[0]), int64(y), int64(p[1])})
		}
	}
	for x := range alongY.lines {
		ring = hull(ring[:0], alongY.planes, func(z int) lineEnd { return alongY.at(x, z) })
		for _, p := range ring {
			points[2] = append(points[2], [3]int64{int64(x), int64(p[0]), int64(p[1])})
		}
	}
	order := func(a, b [3]int64) int { return slices.Compare(a[:], b[:]) }
	for k := range points {
		slices.SortFunc(points[k], order)
	}
	return slices.DeleteFunc(slices.Compact(points[0]), func(p [3]int64) bool {
		_, second := slices.BinarySearchFunc(points[1], p, order)
		_, third := slices.BinarySearchFunc(points[2], p, order)
		return !second || !third
	})
}

// polyhedron is a convex one: its triangles' corners, counter-clockwise as seen
// from outside.
type polyhedron struct{ faces [][3][3]int64 }

// convexHull of points in half voxels, corner by corner: each point outside sees
// some faces, which give way to new ones from their rim to the point. Whole
// numbers decide exactly on which side of a face a point lies. It has no faces
// where all points lie in one plane.
func convexHull(points [][3]int64) *polyhedron {
	h := &polyhedron{}
	start := simplex(points)
	if start == nil {
		return h
	}
	for k := range 4 { // the face without corner k
		a, b, c := start[(k+1)%4], start[(k+2)%4], start[(k+3)%4]
		if side(a, b, c, start[k]) > 0 {
			b, c = c, b
		}
		h.faces = append(h.faces, [3][3]int64{a, b, c})
	}
	for _, p := range points {
		var rim [][2][3]int64
		kept := h.faces[:0]
		for _, f := range h.faces {
			if side(f[0], f[1], f[2], p) <= 0 {
				kept = append(kept, f)
				continue
			}
			for k := range 3 {
				from, to := f[k], f[(k+1)%3]
				if at := slices.Index(rim, [2][3]int64{to, from}); at >= 0 {
					rim = slices.Delete(rim, at, at+1)
				} else {
					rim = append(rim, [2][3]int64{from, to})
				}
			}
		}
		h.faces = kept
		for _, e := range rim {
			h.faces = append(h.faces, [3][3]int64{e[0], e[1], p})
		}
	}
	return h
}

// side is above 0 where d lies on that side of the plane through a, b and c from
// which they run counter-clockwise.
func side(a, b, c, d [3]int64) int64 {
	u, v, w := [3]int64{}, [3]int64{}, [3]int64{}
	for k := range 3 {
		u[k], v[k], w[k] = b[k]-a[k], c[k]-a[k], d[k]-a[k]
	}
	return w[0]*(u[1]*v[2]-u[2]*v[1]) + w[1]*(u[2]*v[0]-u[0]*v[2]) + w[2]*(u[0]*v[1]-u[1]*v[0])
}

// simplex is four of the points that do not lie in one plane; nil where all do.
func simplex(points [][3]int64) [][3]int64 {
	if len(points) == 0 {
		return nil
	}
	found := [][3]int64{points[0]}
	for _, p := range points {
		switch len(found) {
		case 1:
			if p != found[0] {
				found = append(found, p)
			}
		case 2: // not on one line: the three lie in a plane with some unit step's end only
			line := true
			for axis := range 3 {
				off := found[0]
				off[axis]++
				line = line && side(found[0], found[1], off, p) == 0
			}
			if !line {
				found = append(found, p)
			}
		case 3:
			if side(found[0], found[1], found[2], p) != 0 {
				return append(found, p)
			}
		}
	}
	return nil
}

// measure is the area in mm² and the volume in mm³.
func (h *polyhedron) measure(spacing [3]float64) (area, volume float64) {
	for _, f := range h.faces {
		var p [3][3]float64
		for k := range 3 {
			for axis := range 3 {
				p[k][axis] = float64(f[k][axis]) / 2 * spacing[axis]
			}
		}
		ab, bc, ca := cross(p[0], p[1]), cross(p[1], p[2]), cross(p[2], p[0])
		normal := [3]float64{ab[0] + bc[0] + ca[0], ab[1] + bc[1] + ca[1], ab[2] + bc[2] + ca[2]}
		area += math.Sqrt(dot3(normal, normal)) / 2
		volume += dot3(ab, p[2]) / 6
	}
	return area, volume
}
