package radiomics

import (
	"math"
	"math/bits"
	"strings"
	"sync"
)

// The surface is that of marching cubes (Lorensen and Cline, Computer Graphics
// 21:163–169, 1987) between voxel centres: a cube has a voxel centre in each of
// its 8 corners, and where an edge joins a voxel of the lesion with one outside,
// the surface crosses its middle. A cube with its lowest, outside or inside, is
// one of 256 cases; with corner 7 in the lesion it is taken as the case with
// inside and outside exchanged, and its volume is subtracted, as PyRadiomics
// does. On a face whose corners alternate that cuts off the corners inside on
// one side and those outside on the other, so that the surface can have holes
// there and the sum of volumes depends a little on where the box begins.

// corners of a cube as steps along z, y, x; edges as two corners; faces as
// corners in one sense of rotation seen from outside.
var (
	corners   = [8][3]float64{{0, 0, 0}, {0, 0, 1}, {0, 1, 1}, {0, 1, 0}, {1, 0, 0}, {1, 0, 1}, {1, 1, 1}, {1, 1, 0}}
	cubeEdges = [12][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 0}, {4, 5}, {5, 6}, {6, 7}, {7, 4}, {0, 4}, {1, 5}, {2, 6}, {3, 7}}
	faces     = [6][4]int{{0, 1, 2, 3}, {4, 7, 6, 5}, {0, 4, 5, 1}, {3, 2, 6, 7}, {0, 3, 7, 4}, {1, 5, 6, 2}}
)

// pivots says how the polygon of a case that does not lie in a plane is cut into
// triangles, which its area depends on: by diagonals from the edge of that
// number (0 to b), or, for a capital, by the triangle of every other edge from
// that one on (A is 0). A dot: every polygon of the case lies in a plane.
const pivots = ".......8...b.a9....1...C.4...E9b" + "...5..2....F.aA8.37..3C5.J11.00." +
	"......6C...b3A.9...1..69.4..3b.9" + "..0B44.2..01D16.aA.7B90.a7.16.0."

// triangles of each of the 128 cases, as edges.
var triangles = sync.OnceValue(func() (all [128][][3]int) {
	for c := range all {
		pivot, every := -1, false
		if p := pivots[c]; p != '.' {
			pivot, every = strings.IndexByte("0123456789abABCDEFGHIJKL", p), p >= 'A' && p <= 'L'
			pivot %= 12
		}
		for _, p := range polygons(c) {
			for k, e := range p {
				if e == pivot {
					p = append(append([]int{}, p[k:]...), p[:k]...)
					break
				}
			}
			if every && p[0] == pivot {
				all[c] = append(all[c], [3]int{p[0], p[2], p[4]}, [3]int{p[0], p[1], p[2]}, [3]int{p[2], p[3], p[4]}, [3]int{p[4], p[5], p[0]})
				continue
			}
			for k := 2; k < len(p); k++ {
				all[c] = append(all[c], [3]int{p[0], p[k-1], p[k]})
			}
		}
	}
	return all
})

// polygons of a case, as rings of edges. On each face the surface runs, around
// every stretch of corners inside, from the edge where the stretch is entered to
// the edge where it is left.
func polygons(c int) [][]int {
	next := map[int]int{}
	inside := func(corner int) bool { return c>>corner&1 == 1 }
	for _, f := range faces {
		for k, corner := range f {
			if !inside(corner) || inside(f[(k+3)%4]) {
				continue
			}
			last := k
			for inside(f[(last+1)%4]) {
				last++
			}
			next[edgeBetween(f[(k+3)%4], corner)] = edgeBetween(f[last%4], f[(last+1)%4])
		}
	}
	var rings [][]int
	for e := range cubeEdges {
		var ring []int
		for at, more := next[e]; more; at, more = next[at] {
			ring = append(ring, at)
			delete(next, e)
			e = at
		}
		if ring != nil {
			rings = append(rings, ring)
		}
	}
	return rings
}

func edgeBetween(a, b int) int {
	for e, ends := range cubeEdges {
		if ends == [2]int{a, b} || ends == [2]int{b, a} {
			return e
		}
	}
	return -1
}

// caseSums are of the cubes of one case: how many, and the sums of their
// positions.
type caseSums struct{ n, z, y, x int }

// surface is the area in mm² and the volume in mm³ that the surface encloses.
// Both are sums over cubes whose terms depend on the case and, linearly, on the
// position alone: one pass counts cases and adds up positions, and what a case
// is worth is computed once.
func (m *bitmap) surface(spacing [3]float64) (area, volume float64) {
	sums := m.cubes()
	step := [3]float64{spacing[2], spacing[1], spacing[0]}
	for c, s := range sums {
		if s.n == 0 {
			continue
		}
		sign := 1.0
		if c >= 128 {
			c, sign = 255-c, -1
		}
		at := [3]float64{float64(s.z) * step[0], float64(s.y) * step[1], float64(s.x) * step[2]}
		for _, t := range triangles()[c] {
			var p [3][3]float64
			for k, e := range t {
				for d := range 3 {
					p[k][d] = (corners[cubeEdges[e][0]][d] + corners[cubeEdges[e][1]][d]) / 2 * step[d]
				}
			}
			// With the cube at o, (a+o)×(b+o)·(c+o) = a×b·c + o·(a×b + b×c + c×a),
			// and the last bracket is twice the triangle's area along its normal.
			ab, bc, ca := cross(p[0], p[1]), cross(p[1], p[2]), cross(p[2], p[0])
			normal := [3]float64{ab[0] + bc[0] + ca[0], ab[1] + bc[1] + ca[1], ab[2] + bc[2] + ca[2]}
			n := float64(s.n)
			area += n * math.Sqrt(dot3(normal, normal)) / 2
			volume += sign * (n*dot3(ab, p[2]) + dot3(at, normal)) / 6
		}
	}
	return area, volume
}

func cross(a, b [3]float64) [3]float64 {
	return [3]float64{a[1]*b[2] - b[1]*a[2], a[2]*b[0] - b[2]*a[0], a[0]*b[1] - b[0]*a[1]}
}

func dot3(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

// bitmap is the lesion with a voxel of background on every side, one bit a
// voxel. Rows run along x; a row has at least one bit more than voxels.
type bitmap struct {
	nx, ny, nz int // voxels with the border
	words      int // a row
	row        []uint64
}

func newBitmap(r *Region) *bitmap {
	m := &bitmap{nx: r.Size[0] + 2, ny: r.Size[1] + 2, nz: r.Size[2] + 2}
	m.words = m.nx/64 + 1
	m.row = make([]uint64, m.words*m.ny*m.nz)
	for _, s := range r.runs() {
		row := m.at(s.y+1, s.z+1)
		for x := s.x + 1; x <= s.x+s.n; x++ {
			row[x/64] |= 1 << (x % 64)
		}
	}
	return m
}

func (m *bitmap) at(y, z int) []uint64 {
	k := m.words * (y + m.ny*z)
	return m.row[k : k+m.words : k+m.words]
}

// cubes counts the cubes that are neither all inside nor all outside, by case.
func (m *bitmap) cubes() (sums [256]caseSums) {
	for z := range m.nz - 1 {
		for y := range m.ny - 1 {
			rows := [4][]uint64{m.at(y, z), m.at(y+1, z), m.at(y, z+1), m.at(y+1, z+1)}
			for w := range m.words {
				var here, right [4]uint64 // bit x: the voxels at x, and those at x+1
				for k, r := range rows {
					here[k] = r[w]
					right[k] = r[w] >> 1
					if w+1 < m.words {
						right[k] |= r[w+1] << 63
					}
				}
				some := here[0] | here[1] | here[2] | here[3] | right[0] | right[1] | right[2] | right[3]
				all := here[0] & here[1] & here[2] & here[3] & right[0] & right[1] & right[2] & right[3]
				for mixed := some &^ all; mixed != 0; mixed &= mixed - 1 {
					x := bits.TrailingZeros64(mixed)
					c := here[0]>>x&1 | right[0]>>x&1<<1 | right[1]>>x&1<<2 | here[1]>>x&1<<3 |
						here[2]>>x&1<<4 | right[2]>>x&1<<5 | right[3]>>x&1<<6 | here[3]>>x&1<<7
					s := &sums[c]
					s.n++
					s.z += z
					s.y += y
					s.x += 64*w + x
				}
			}
		}
	}
	return sums
}
