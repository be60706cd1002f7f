package radiomics

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// randomRegion draws a small lesion of any form.
func randomRegion(t *rapid.T) *Region {
	size := [3]int{rapid.IntRange(1, 9).Draw(t, "x"), rapid.IntRange(1, 8).Draw(t, "y"), rapid.IntRange(1, 7).Draw(t, "z")}
	n := size[0] * size[1] * size[2]
	inside := make([]bool, n)
	values := make([]float64, n)
	share := rapid.IntRange(1, 10).Draw(t, "share")
	drawn := rapid.SliceOfN(rapid.IntRange(0, 999), n, n).Draw(t, "voxels")
	for i, d := range drawn {
		inside[i] = d%10 < share
		values[i] = float64(d / 10)
	}
	inside[rapid.IntRange(0, n-1).Draw(t, "one")] = true
	mm := rapid.SampledFrom([]float64{0.5, 0.78125, 1, 3})
	r, err := NewRegion(values, inside, size, [3]float64{mm.Draw(t, "dx"), mm.Draw(t, "dy"), mm.Draw(t, "dz")})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Diameters are found among few points; here among all, as they are defined.
func TestDiametersOfAllPoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := randomRegion(t)
		at := func(p [3]int) bool {
			for axis := range 3 {
				if p[axis] < 0 || p[axis] >= r.Size[axis] {
					return false
				}
			}
			return r.Inside[p[0]+r.Size[0]*(p[1]+r.Size[1]*p[2])]
		}
		var points [][3]int // half voxels
		for v, in := range r.Inside {
			if !in {
				continue
			}
			for axis := range 3 {
				for _, step := range []int{-1, 1} {
					p := r.position(v)
					q := p
					if q[axis] += step; !at(q) {
						points = append(points, [3]int{p[0] + q[0], p[1] + q[1], p[2] + q[2]})
					}
				}
			}
		}
		var want diameters
		for _, p := range points {
			for _, q := range points {
				var d [3]float64
				for axis := range 3 {
					d[axis] = float64(p[axis]-q[axis]) / 2 * r.Spacing[axis]
				}
				mm := math.Sqrt(dot3(d, d))
				want.space = max(want.space, mm)
				if p[2] == q[2] {
					want.slice = max(want.slice, mm)
				}
				if p[1] == q[1] {
					want.column = max(want.column, mm)
				}
				if p[0] == q[0] {
					want.row = max(want.row, mm)
				}
			}
		}
		got := newBitmap(r).diameters(r.Spacing)
		for _, pair := range [][2]float64{{got.space, want.space}, {got.slice, want.slice}, {got.column, want.column}, {got.row, want.row}} {
			if relative(pair[0], pair[1]) > 1e-12 {
				t.Fatalf("%+v, want %+v", got, want)
			}
		}
	})
}

// Where the surface is closed, its volume does not depend on where the box
// begins, and turning the lesion over changes neither volume nor area much. A
// ball's are known.
func TestSurfaceOfBall(t *testing.T) {
	const radius, side = 20.0, 43
	inside := make([]bool, side*side*side)
	for i := range inside {
		x, y, z := float64(i%side-21), float64(i/side%side-21), float64(i/side/side-21)
		inside[i] = x*x+y*y+z*z <= radius*radius
	}
	r, err := NewRegion(make([]float64, len(inside)), inside, [3]int{side, side, side}, [3]float64{0.5, 0.5, 0.5})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, f := range Shape(r) {
		found[f.Name] = f.Value
	}
	for name, want := range map[string]float64{
		"MeshVolume": 4.0 / 3 * math.Pi * 1000, "VoxelVolume": 4.0 / 3 * math.Pi * 1000, "Maximum3DDiameter": 20,
		"MajorAxisLength": 20 * 2 / math.Sqrt(5), "Elongation": 1, "Flatness": 1,
	} {
		if relative(found[name], want) > 0.03 {
			t.Errorf("%s is %v, want about %v", name, found[name], want)
		}
	}
	// Half steps make the surface of any ball larger, by about 8 %.
	if area := found["SurfaceArea"] / (4 * math.Pi * 100); area < 1.05 || area > 1.11 {
		t.Errorf("area is %v of the ball's", area)
	}
}

// The polygons of a case use each edge between inside and outside once, and
// those of its complement too.
func TestPolygonsUseEveryCrossingOnce(t *testing.T) {
	for c := range 128 {
		var used, want []int
		for _, p := range polygons(c) {
			if len(p) < 3 {
				t.Errorf("case %d: polygon %v", c, p)
			}
			used = append(used, p...)
		}
		for e, ends := range cubeEdges {
			if c>>ends[0]&1 != c>>ends[1]&1 {
				want = append(want, e)
			}
		}
		if slices.Sort(used); !slices.Equal(used, want) {
			t.Errorf("case %d uses edges %v, want %v", c, used, want)
		}
	}
}

func TestEigenvalues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.Float64Range(-10, 10)
		var a [3][3]float64
		m := mat.NewSymDense(3, nil)
		for i := range 3 {
			for j := i; j < 3; j++ {
				v := math.Round(x.Draw(t, "value")*1000) / 1000
				a[i][j], a[j][i] = v, v
				m.SetSym(i, j, v)
			}
		}
		var e mat.EigenSym
		e.Factorize(m, false)
		got := eigenvalues(a)
		for i, want := range e.Values(nil) {
			if math.Abs(got[i]-want) > 1e-12 {
				t.Fatalf("%v, want %v", got, e.Values(nil))
			}
		}
	})
	if got := eigenvalues([3][3]float64{{1e-130, 1e-130, 0}, {1e-130, 1e-130, 0}, {0, 0, 0}}); relative(got[2], 2e-130) > 1e-9 {
		t.Errorf("tiny ones: %v", got)
	}
}

// A closed surface of which no point lies outside is the hull's.
func TestConvexHull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newBitmap(randomRegion(t))
		h := convexHull(m.corners())
		var points [][3]int64 // all that could lie outside
		alongX, _ := m.lineEnds()
		for k, e := range alongX.ends {
			if y, z := int64(k%alongX.lines), int64(k/alongX.lines); e.first <= e.last {
				points = append(points, [3]int64{int64(e.first), y, z}, [3]int64{int64(e.last), y, z})
			}
		}
		edges := map[[2][3]int64]int{}
		for _, f := range h.faces {
			for k := range 3 {
				edges[[2][3]int64{f[k], f[(k+1)%3]}]++
			}
			for _, p := range points {
				if side(f[0], f[1], f[2], p) > 0 {
					t.Fatalf("%v is outside face %v", p, f)
				}
			}
		}
		for e, n := range edges {
			if n != edges[[2][3]int64{e[1], e[0]}] {
				t.Fatalf("edge %v has %d faces on one side and %d on the other", e, n, edges[[2][3]int64{e[1], e[0]}])
			}
		}
		if _, volume := h.measure([3]float64{1, 1, 1}); !(volume > 0) {
			t.Fatalf("volume %v", volume)
		}
	})
}
