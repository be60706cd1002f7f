package radiomics

import (
	"fmt"
	"math"

	"magn/internal/fault"
)

// Shape2D describes the form of a lesion drawn on one slice, from its pixels
// and from the outline between pixel centres inside and outside (marching
// squares: every corner inside is cut off by itself where corners alternate).
// stacked is the axis that slices are stacked on: 0 for z, 1 for y, 2 for x.
// Lengths are in millimetres, areas (called surfaces) in mm². It is a
// *fault.Input where the lesion covers more than one slice.
func Shape2D(r *Region, stacked int) ([]Feature, error) {
	if r.Size[2-stacked] != 1 {
		return nil, &fault.Input{
			File: "mask", Field: "shape2D", Found: fmt.Sprintf("a lesion on %d slices along %c", r.Size[2-stacked], "zyx"[stacked]),
			Expected: "one slice", Do: "leave shape2D out of featureClass, or set force2Ddimension to the axis across the one slice",
		}
	}
	var axes []int // of the slice
	for axis := range 3 {
		if axis != 2-stacked {
			axes = append(axes, axis)
		}
	}
	o := newOutline(r, axes[0], axes[1])
	axis := r.axisLengths() // one is 0: that across the slice
	circle := 2 * math.Sqrt(math.Pi*o.area)
	return features("shape2D", map[string]float64{
		"Elongation":             axis[1] / axis[2],
		"MajorAxisLength":        axis[2],
		"MaximumDiameter":        o.diameter(),
		"MeshSurface":            o.area,
		"MinorAxisLength":        axis[1],
		"Perimeter":              o.length,
		"PerimeterSurfaceRatio":  o.length / o.area,
		"PixelSurface":           float64(r.Count) * r.Spacing[axes[0]] * r.Spacing[axes[1]],
		"SphericalDisproportion": o.length / circle,
		"Sphericity":             circle / o.length,
	}), nil
}

// outline is that of marching squares on one slice.
type outline struct {
	length, area float64
	points       [][2]float64 // millimetres
}

// newOutline follows the outline through every square of four pixel centres. u
// and v are the slice's axes.
func newOutline(r *Region, u, v int) *outline {
	stride := [3]int{1, r.Size[0], r.Size[0] * r.Size[1]}
	inside := func(a, b int) bool {
		return a >= 0 && b >= 0 && a < r.Size[u] && b < r.Size[v] && r.Inside[a*stride[u]+b*stride[v]]
	}
	o := &outline{}
	for b := -1; b < r.Size[v]; b++ {
		for a := -1; a < r.Size[u]; a++ {
			// The square's corners in one sense of rotation. The outline enters
			// where a stretch of corners inside begins and leaves where it ends.
			at := [4][2]int{{a, b}, {a + 1, b}, {a + 1, b + 1}, {a, b + 1}}
			var in [4]bool
			for k, p := range at {
				in[k] = inside(p[0], p[1])
			}
			middle := func(k int) [2]float64 { // of the edge before corner k
				p, q := at[(k+3)%4], at[k%4]
				return [2]float64{float64(p[0]+q[0]) / 2 * r.Spacing[u], float64(p[1]+q[1]) / 2 * r.Spacing[v]}
			}
			for k := range in {
				if !in[k] || in[(k+3)%4] {
					continue
				}
				last := k
				for in[(last+1)%4] {
					last++
				}
				p, q := middle(k), middle(last+1)
				o.length += math.Hypot(p[0]-q[0], p[1]-q[1])
				o.area += (q[0]*p[1] - p[0]*q[1]) / 2
				o.points = append(o.points, p, q)
			}
		}
	}
	o.area = math.Abs(o.area)
	return o
}

// diameter is the greatest distance between two of the outline's points.
func (o *outline) diameter() float64 {
	squared := 0.0
	for i, p := range o.points {
		for _, q := range o.points[:i] {
			squared = max(squared, sq(p[0]-q[0])+sq(p[1]-q[1]))
		}
	}
	return math.Sqrt(squared)
}
