package annotation

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"magn/internal/volume"
)

// matrix is a rotation about the axes x, y and z by angles in degrees.
func rotate(x, y, z float64) [3][3]float64 {
	r := [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	for axis, deg := range []float64{x, y, z} {
		c, s := math.Cos(deg*math.Pi/180), math.Sin(deg*math.Pi/180)
		a, b := (axis+1)%3, (axis+2)%3
		for i := range 3 {
			r[a][i], r[b][i] = c*r[a][i]-s*r[b][i], s*r[a][i]+c*r[b][i]
		}
	}
	return r
}

// stackOf is a stack of n×n pixels and m slices around the origin, in the plane
// of view, turned by r.
func stackOf(view volume.View, r [3][3]float64, px, thick float64, n, m int, shift [3]float64) volume.Grid {
	dirs := [3][3][3]float64{
		volume.Sagittal: {{0, -1, 0}, {0, 0, -1}, {1, 0, 0}},
		volume.Coronal:  {{-1, 0, 0}, {0, 0, -1}, {0, -1, 0}},
		volume.Axial:    {{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}},
	}[view]
	g := volume.Grid{Size: [3]int{n, n, m}, SpacingKnown: true}
	for c, step := range []float64{px, px, thick} {
		for i := range 3 {
			for k := range 3 {
				g.Affine[i][c] += r[i][k] * dirs[c][k] * step
			}
			g.Affine[i][3] -= g.Affine[i][c] * float64(g.Size[c]-1) / 2
		}
	}
	for i := range 3 {
		g.Affine[i][3] += shift[i]
	}
	return g
}

// solid is an analytic lesion.
type solid interface {
	// along is where the line p + t·d is inside, as ranges of t.
	along(p, d [3]float64) [][2]float64
	bound() ([3]float64, float64) // a ball around it
}

type ellipsoid struct {
	centre [3]float64
	radius [3]float64
	turn   [3][3]float64
}

func (e ellipsoid) along(p, d [3]float64) [][2]float64 {
	var a, b, c float64 // of a·t² + 2b·t + c ≤ 0
	c = -1
	for i := range 3 {
		x, y := 0.0, 0.0
		for k := range 3 {
			x += e.turn[k][i] * (p[k] - e.centre[k]) / e.radius[i]
			y += e.turn[k][i] * d[k] / e.radius[i]
		}
		a, b, c = a+y*y, b+x*y, c+x*x
	}
	root := b*b - a*c
	if root <= 0 {
		return nil
	}
	root = math.Sqrt(root)
	return [][2]float64{{(-b - root) / a, (-b + root) / a}}
}

func (e ellipsoid) bound() ([3]float64, float64) { return e.centre, slices.Max(e.radius[:]) }

// share is how much of the slab around p, which reaches half of d to either side,
// is inside s.
func share(s solid, p, d [3]float64) float64 {
	at := s.along(p, d)
	slices.SortFunc(at, func(a, b [2]float64) int { return cmp.Compare(a[0], b[0]) })
	sum, from := 0.0, -.5
	for _, r := range at {
		lo, hi := max(r[0], from), min(r[1], .5)
		if hi > lo {
			sum, from = sum+hi-lo, hi
		}
	}
	return sum
}

// drawn is the mask that a perfect reader draws: a pixel is the lesion's where at
// least half of its slab is, along the line through its centre.
func drawn(g volume.Grid, s solid) *volume.Mask {
	m := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	back, err := g.Affine.Inverse()
	if err != nil {
		panic(err)
	}
	c, r := s.bound()
	c = back.Apply(c)
	sp := g.Spacing()
	var lo, hi [3]int
	for a := range 3 {
		lo[a] = max(0, int(c[a]-r/sp[a])-1)
		hi[a] = min(g.Size[a], int(c[a]+r/sp[a])+3)
	}
	thick := [3]float64{g.Affine[0][2], g.Affine[1][2], g.Affine[2][2]}
	for z := lo[2]; z < hi[2]; z++ {
		for y := lo[1]; y < hi[1]; y++ {
			for x := lo[0]; x < hi[0]; x++ {
				if share(s, g.Affine.Apply([3]float64{float64(x), float64(y), float64(z)}), thick) >= .5 {
					m.Labels[x+g.Size[0]*(y+g.Size[1]*z)] = 1
				}
			}
		}
	}
	return m
}

// points of a mask: all voxels, and those with a neighbour in the slice that is
// not the lesion's.
func pointsOf(m *volume.Mask) (centre [3]float64, n int, edge [][3]float64) {
	at := func(x, y, z int) bool {
		return x >= 0 && y >= 0 && z >= 0 && x < m.Size[0] && y < m.Size[1] && z < m.Size[2] && m.Labels[x+m.Size[0]*(y+m.Size[1]*z)] != 0
	}
	for i, l := range m.Labels {
		if l == 0 {
			continue
		}
		v := m.Voxel(i)
		p := m.Affine.Apply(voxel(v))
		for a := range 3 {
			centre[a] += p[a]
		}
		n++
		x, y, z := v[0], v[1], v[2]
		if !at(x-1, y, z) || !at(x+1, y, z) || !at(x, y-1, z) || !at(x, y+1, z) || !at(x, y, z-1) || !at(x, y, z+1) {
			edge = append(edge, p)
		}
	}
	for a := range 3 {
		centre[a] /= float64(n)
	}
	return centre, n, edge
}

// agreement of two masks on one grid.
type agreement struct{ dice, mean, p95, centre, inPlane, volume float64 }

func compare(a, b *volume.Mask) agreement {
	both := 0
	for i := range a.Labels {
		if a.Labels[i] != 0 && b.Labels[i] != 0 {
			both++
		}
	}
	ca, na, ea := pointsOf(a)
	cb, nb, eb := pointsOf(b)
	if na == 0 || nb == 0 {
		return agreement{mean: math.NaN(), p95: math.NaN(), centre: math.NaN(), inPlane: math.NaN(), volume: -1}
	}
	var d []float64
	nearest := func(from, to [][3]float64) {
		for i := 0; i < len(from); i += len(from)/300 + 1 {
			p := from[i]
			best := math.Inf(1)
			for _, q := range to {
				x, y, z := p[0]-q[0], p[1]-q[1], p[2]-q[2]
				best = min(best, x*x+y*y+z*z)
			}
			d = append(d, math.Sqrt(best))
		}
	}
	nearest(ea, eb)
	nearest(eb, ea)
	slices.Sort(d)
	sum := 0.0
	for _, x := range d {
		sum += x
	}
	var off [3]float64
	for i := range off {
		off[i] = ca[i] - cb[i]
	}
	k := StackAxis(a.Grid)
	sp := a.Spacing()[k]
	along := 0.0
	for i := range off {
		along += off[i] * a.Affine[i][k] / sp
	}
	dist := math.Sqrt(off[0]*off[0] + off[1]*off[1] + off[2]*off[2])
	return agreement{
		dice: 2 * float64(both) / float64(na+nb), mean: sum / float64(len(d)), p95: d[min(len(d)-1, len(d)*95/100)],
		centre: dist, inPlane: math.Sqrt(max(0, dist*dist-along*along)), volume: float64(na)/float64(nb) - 1,
	}
}

func randomEllipsoid(r *rand.Rand, diameter float64) ellipsoid {
	e := ellipsoid{turn: rotate(r.Float64()*360, r.Float64()*360, r.Float64()*360)}
	for i := range 3 {
		e.radius[i] = diameter / 2 * (.6 + .4*r.Float64())
		e.centre[i] = (r.Float64() - .5) * 6
	}
	e.radius[r.IntN(3)] = diameter / 2
	return e
}

// lobes is three balls in a row, as a lesion that grows out of a vertebra.
type lobes [3]ellipsoid

func (l lobes) along(p, d [3]float64) [][2]float64 {
	return slices.Concat(l[0].along(p, d), l[1].along(p, d), l[2].along(p, d))
}

func (l lobes) bound() ([3]float64, float64) { return l[0].centre, 2.2 * l[0].radius[0] }

func randomLobes(r *rand.Rand, diameter float64) lobes {
	var l lobes
	e := randomEllipsoid(r, diameter/2)
	for i := range l {
		l[i] = ellipsoid{e.centre, [3]float64{diameter / 4, diameter / 4, diameter / 4}, e.turn}
		for a := range 3 {
			l[i].centre[a] += float64((i+1)%3-1) * e.turn[a][0] * diameter / 3.5
		}
	}
	return l
}

// How far transferred outlines are from true ones, for both methods, by the size
// of the lesion, the thickness of the slices and how oblique the target is to the
// series that the lesion was drawn on. Ellipsoids and lobes with the truth of
// drawn, from a sagittal stack of .6 mm pixels that is itself turned by half the
// angle to axial and coronal ones of .7 mm; means over lesions. With -v, more of
// them and the table.
func TestAccuracy(t *testing.T) {
	trials, angles := 2, []float64{12}
	if testing.Verbose() {
		trials, angles = 10, []float64{0, 12, 25}
	}
	t.Logf("%-9s %4s %5s %5s | %-6s %6s %6s %6s %6s %8s %7s", "lesion", "mm", "slice", "angle", "method", "Dice", "mean", "p95", "centre", "in plane", "volume")
	var dice [2][]float64
	for _, kind := range []string{"ellipsoid", "lobes"} {
		for _, diameter := range []float64{8, 12, 20, 36} {
			for _, thick := range []float64{3, 4.5} {
				for _, angle := range angles {
					if kind == "lobes" && (diameter < 20 || angle == 0) {
						continue
					}
					sums := accuracy(t, kind, diameter, thick, angle, trials)
					for n, method := range []Method{Shape, Linear} {
						s := sums[n]
						t.Logf("%-9s %4g %5g %5g | %-6s %6.3f %6.2f %6.2f %6.2f %8.2f %+6.1f%%", kind, diameter, thick, angle, method, s.dice, s.mean, s.p95, s.centre, s.inPlane, 100*s.volume)
						dice[n] = append(dice[n], s.dice)
					}
					// Half a voxel of the target's plane is .35 mm. A lesion on one
					// or two slices cannot be placed that well along their normal.
					if diameter >= 2.6*thick && sums[0].inPlane > .35 {
						t.Errorf("%s of %g mm, slices of %g mm, %g°: centre %.2f mm off in plane", kind, diameter, thick, angle, sums[0].inPlane)
					}
					if diameter >= 12 && sums[0].dice < sums[1].dice {
						t.Errorf("%s of %g mm, slices of %g mm, %g°: Dice of shape %.3f, of linear %.3f", kind, diameter, thick, angle, sums[0].dice, sums[1].dice)
					}
				}
			}
		}
	}
	mean := func(x []float64) float64 {
		sum := 0.0
		for _, v := range x {
			sum += v
		}
		return sum / float64(len(x))
	}
	t.Logf("mean Dice: shape %.3f, linear %.3f", mean(dice[0]), mean(dice[1]))
	if mean(dice[0]) < mean(dice[1])+.02 {
		t.Errorf("shape (Dice %.3f) is the default and no better than linear (%.3f)", mean(dice[0]), mean(dice[1]))
	}
}

// accuracy is the mean agreement of shape and of linear with the truth.
func accuracy(t *testing.T, kind string, diameter, thick, angle float64, trials int) [2]agreement {
	var sums [2]agreement
	var n [2]float64
	r := rand.New(rand.NewPCG(1, uint64(diameter*1000+thick*100+angle)))
	side := diameter + 20
	for range trials {
		var s solid = randomEllipsoid(r, diameter)
		if kind == "lobes" {
			s = randomLobes(r, diameter)
		}
		src := stackOf(volume.Sagittal, rotate(0, angle/2, angle/2), .6, thick, int(side/.6), int(side/thick), [3]float64{})
		outlined := drawn(src, s)
		for _, view := range []volume.View{volume.Axial, volume.Coronal} {
			dst := stackOf(view, rotate(angle, angle/3, 0), .7, thick, int(side/.7), int(side/thick), [3]float64{.2, .1, .3})
			truth := drawn(dst, s)
			for m, method := range []Method{Shape, Linear} {
				got, err := Transfer(outlined, dst, Options{Method: method})
				if err != nil {
					t.Fatal(err)
				}
				a := compare(got, truth)
				sum := &sums[m]
				sum.dice += a.dice
				if a.mean != a.mean {
					t.Logf("a %s of %g mm is lost by %s", kind, diameter, method)
					continue
				}
				n[m]++
				sum.mean, sum.p95, sum.centre, sum.inPlane, sum.volume = sum.mean+a.mean, sum.p95+a.p95, sum.centre+a.centre, sum.inPlane+a.inPlane, sum.volume+a.volume
			}
		}
	}
	for m := range sums {
		s := &sums[m]
		s.dice /= float64(2 * trials)
		s.mean, s.p95, s.centre, s.inPlane, s.volume = s.mean/n[m], s.p95/n[m], s.centre/n[m], s.inPlane/n[m], s.volume/n[m]
	}
	return sums
}
