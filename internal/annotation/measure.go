package annotation

import (
	"cmp"
	"math"
	"slices"

	"magn/internal/volume"
)

// Lesion is what a mask says of one label.
type Lesion struct {
	Label    uint16     `json:"label"`
	Voxels   int        `json:"voxels"`
	VolumeML float64    `json:"volume_ml"` // voxels times the size of one
	Slices   int        `json:"slices"`    // with an outline
	Centre   [3]float64 `json:"centre_mm"` // of the voxels, patient mm, RAS+

	// DiameterMM is the largest in-plane diameter: the greatest distance between
	// two points of one outline (maximum Feret diameter), where an outline passes
	// halfway between the centres of neighbouring pixels. On a sagittal mask it
	// is the one that readers give. DiameterSlice is the index of its slice along
	// the stack axis.
	DiameterMM    float64 `json:"diameter_mm"`
	DiameterSlice int     `json:"diameter_slice"`
}

// Measure measures every lesion of m, whose slices follow one another along axis,
// in the order of their labels.
func Measure(m *volume.Mask, axis Axis) ([]Lesion, error) {
	if err := usable(m.Grid); err != nil {
		return nil, err
	}
	all := labels(m)
	out := make([]Lesion, len(all))
	s := m.Spacing()
	// The volume of a voxel is that of its parallelepiped: the axes need not be at
	// right angles.
	ml := math.Abs(determinant(m.Affine)) / 1000
	for n, bx := range boxes(m, all) {
		l := Lesion{Label: all[n], DiameterMM: -1}
		k := axis.of(m.Grid)
		a, b := (k+1)%3, (k+2)%3
		stride := [3]int{1, m.Size[0], m.Size[0] * m.Size[1]}
		var sum [3]float64
		cosine := axisCosine(m.Affine, a, b) / (s[a] * s[b])
		for z := bx.lo[k]; z < bx.hi[k]; z++ {
			var edge [][2]float64
			before := l.Voxels
			for y := bx.lo[b]; y < bx.hi[b]; y++ {
				first, last := -1, -1
				for x := bx.lo[a]; x < bx.hi[a]; x++ {
					if m.Labels[x*stride[a]+y*stride[b]+z*stride[k]] != all[n] {
						continue
					}
					if last = x; first < 0 {
						first = x
					}
					l.Voxels++
					sum[a], sum[b], sum[k] = sum[a]+float64(x), sum[b]+float64(y), sum[k]+float64(z)
				}
				if first < 0 {
					continue
				}
				// The points in the middle of a pixel's edges.
				for _, x := range []float64{float64(first) - .5, float64(last) + .5} {
					edge = append(edge, [2]float64{x, float64(y)})
				}
				for _, x := range []float64{float64(first), float64(last)} {
					edge = append(edge, [2]float64{x, float64(y) - .5}, [2]float64{x, float64(y) + .5})
				}
			}
			if l.Voxels == before {
				continue
			}
			l.Slices++
			for i := range edge {
				x, y := edge[i][0]*s[a], edge[i][1]*s[b]
				edge[i] = [2]float64{x + y*cosine, y * math.Sqrt(max(0, 1-cosine*cosine))}
			}
			if d := widest(edge); d > l.DiameterMM+rounding {
				l.DiameterMM, l.DiameterSlice = d, z
			}
		}
		for r := range sum {
			sum[r] /= float64(l.Voxels)
		}
		l.Centre = m.Affine.Apply(sum)
		l.VolumeML = float64(l.Voxels) * ml
		out[n] = l
	}
	return out, nil
}

// axisCosine is the product of two columns: the cosine of their angle times
// their lengths.
func axisCosine(a volume.Affine, c, d int) float64 {
	return a[0][c]*a[0][d] + a[1][c]*a[1][d] + a[2][c]*a[2][d]
}

func determinant(a volume.Affine) float64 {
	return a[0][0]*(a[1][1]*a[2][2]-a[1][2]*a[2][1]) - a[0][1]*(a[1][0]*a[2][2]-a[1][2]*a[2][0]) + a[0][2]*(a[1][0]*a[2][1]-a[1][1]*a[2][0])
}

// widest is the greatest distance between two of the points, which lies between
// two corners of their convex hull.
func widest(points [][2]float64) float64 {
	hull := convexHull(points)
	far := 0.0
	for i, p := range hull {
		for _, q := range hull[i+1:] {
			far = max(far, math.Hypot(p[0]-q[0], p[1]-q[1]))
		}
	}
	return far
}

// convexHull is the corners of the convex hull (Andrew's monotone chain, 1979).
// It reorders points.
func convexHull(points [][2]float64) [][2]float64 {
	slices.SortFunc(points, func(p, q [2]float64) int {
		return cmp.Or(cmp.Compare(p[0], q[0]), cmp.Compare(p[1], q[1]))
	})
	var hull [][2]float64
	half := func(p [2]float64, floor int) {
		for n := len(hull); n-floor >= 2; n = len(hull) {
			a, b := hull[n-2], hull[n-1]
			if (b[0]-a[0])*(p[1]-a[1])-(b[1]-a[1])*(p[0]-a[0]) > 0 {
				break
			}
			hull = hull[:n-1]
		}
		hull = append(hull, p)
	}
	for _, p := range points {
		half(p, 0)
	}
	floor := len(hull) - 1
	for i := len(points) - 2; i >= 0; i-- {
		half(points[i], floor)
	}
	return hull
}

// coverSamples is into how many parts a voxel is cut through its thickness to
// see how much of it a stack holds.
const coverSamples = 8

// Coverage is, for each label of m, which share of its volume lies inside at
// least one of the stacks of a view, from 0 to 1. A stack reaches to the outer
// faces of its voxels. No stacks cover nothing. axis is the mask's.
func Coverage(m *volume.Mask, axis Axis, stacks []volume.Grid) (map[uint16]float64, error) {
	if err := usable(m.Grid); err != nil {
		return nil, err
	}
	into := make([]volume.Affine, len(stacks))
	for i, g := range stacks {
		if err := usable(g); err != nil {
			return nil, err
		}
		back, err := g.Affine.Inverse()
		if err != nil {
			return nil, err
		}
		into[i] = back.Mul(m.Affine)
	}
	k := axis.of(m.Grid)
	total, held := map[uint16]int{}, map[uint16]int{}
	for i, l := range m.Labels {
		if l == 0 {
			continue
		}
		total[l] += coverSamples
		p := voxel(m.Voxel(i))
		centre := p[k]
		for n := range coverSamples {
			p[k] = centre + (float64(n)+.5)/coverSamples - .5
			for s, g := range stacks {
				if holds(g, into[s].Apply(p)) {
					held[l]++
					break
				}
			}
		}
	}
	share := make(map[uint16]float64, len(total))
	for l, n := range total {
		share[l] = float64(held[l]) / float64(n)
	}
	return share, nil
}

func holds(g volume.Grid, p [3]float64) bool {
	for a := range p {
		if p[a] < -.5-rounding || p[a] > float64(g.Size[a])-.5+rounding {
			return false
		}
	}
	return true
}
