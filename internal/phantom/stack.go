package phantom

import (
	"math"
	"math/rand/v2"

	"magn/internal/draw"
	"magn/internal/volume"
)

// stack is the place of one series: parallel slices of a view, with gaps.
type stack struct {
	view      volume.View
	station   int // from 1; several cover one view from head to feet
	grid      volume.Grid
	thickness float64    // of a slice, mm; the rest of the spacing is gap
	moved     [3]float64 // by how much the patient had moved since the sagittal series, mm
}

// axes of a view as a scanner stores it (PS3.3 C.7.6.2): columns to the right of
// the screen, rows down, slices along their cross product. In RAS+.
var axes = [3][3][3]float64{
	volume.Sagittal: {{0, -1, 0}, {0, 0, -1}, {1, 0, 0}},
	volume.Coronal:  {{-1, 0, 0}, {0, 0, -1}, {0, -1, 0}},
	volume.Axial:    {{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}},
}

// fieldOfView is what protocols for the spine ask for, mm: smallest and largest;
// in plane resolution then is .5 to .9 mm, and --size may cut the field.
var fieldOfView = [3][2]float64{volume.Sagittal: {215, 280}, volume.Coronal: {215, 280}, volume.Axial: {150, 200}}

const (
	finest, coarsest = .5, .9            // mm in plane
	station          = .78               // from one station to the next, as a share of the field of view
	slabTurn         = 8 * math.Pi / 180 // largest angle between two slabs of axial slices
)

// stacksOf are the stacks of one view of an exam: one, or two stations.
func stacksOf(opt Options, p patient, body *anatomy, view volume.View) []stack {
	r := draw.New("phantom", opt.Seed, "stack", p.person, p.exam, view)
	f := fieldOfView[view]
	mm := clamp((f[0]+(f[1]-f[0])*r.Float64())/float64(opt.Size), finest, coarsest)
	mm = math.Round(mm*1e4) / 1e4
	thickness := 3 + .5*float64(r.IntN(3))
	if view == volume.Axial {
		thickness += 1
	}
	s := stack{view: view, station: 1, thickness: thickness}
	gap := []float64{.1, .1, .2, .25}[r.IntN(4)]
	spacing := math.Round(thickness*(1+gap)*1e3) / 1e3
	slices := [3]int{13, 14, 14}[view] + r.IntN(3)
	if opt.Size < 128 { // as small as asked for
		slices = 9
	}

	// Radiographers follow the spine: axial slices stand square on it, coronal ones
	// along it.
	target := body.focus()
	if view == volume.Axial && !p.stations[view] {
		target = body.slab(spacing*float64(slices)/2 - 14)
	}
	_, _, slope := body.line(target[2])
	turn := [3]float64{}
	if view != volume.Sagittal {
		turn[0] = -math.Atan(slope)
	}
	for i, most := range [3]float64{4, 4, 4} {
		turn[i] += (2*r.Float64() - 1) * most * math.Pi / 180
	}
	size := [3]int{opt.Size, opt.Size, slices}
	step := steps(view, turn, [3]float64{mm, mm, spacing})
	centre := aim(r, view, target, step, mm*float64(opt.Size), spacing)
	s.grid = volume.Grid{Size: size, Affine: affine(step, centre, size), SpacingKnown: true}
	if view != volume.Sagittal && p.moved {
		s.moved = p.shift(opt)
	}
	if !p.stations[view] {
		return []stack{s}
	}
	lower := s
	lower.station = 2
	switch view {
	case volume.Axial: // two slabs, each square on the spine
		other := body.focus2()
		t2 := turn
		t2[0] += clamp(math.Atan(slope)-math.Atan(body.slope(other[2])), -slabTurn, slabTurn)
		st := steps(view, t2, [3]float64{mm, mm, spacing})
		lower.grid.Affine = affine(st, aim(r, view, other, st, mm*float64(opt.Size), spacing), size)
	default: // along the rows: the upper one is moved up, the lower one down
		far := station * mm * float64(opt.Size)
		up := [2]float64{.5, .5}
		if view == volume.Sagittal { // the lesion is in the upper one
			up = [2]float64{.22, .78}
		}
		for k := range 3 {
			d := step[1][k] / mm * far
			s.grid.Affine[k][3] -= d * up[0]
			lower.grid.Affine[k][3] += d * up[1]
		}
	}
	return []stack{s, lower}
}

// aim is the centre of a stack near a target: radiographers do not hit it.
func aim(r *rand.Rand, view volume.View, target [3]float64, step [3][3]float64, fov, spacing float64) [3]float64 {
	wander := [3]float64{.08 * fov, .14 * fov, .7 * spacing}
	if view == volume.Axial {
		wander[1] = .08 * fov
	}
	for c := range step {
		d := (2*r.Float64() - 1) * wander[c] / math.Sqrt(dot(step[c], step[c]))
		for k := range target {
			target[k] += d * step[c][k]
		}
	}
	return target
}

// steps are the steps in mm along each storage axis of a turned view.
func steps(view volume.View, turn, mm [3]float64) (out [3][3]float64) {
	for c, d := range axes[view] {
		for k, x := range rotate(d, turn) {
			out[c][k] = x * mm[c]
		}
	}
	return out
}

// affine is that of a block with its centre at a point.
func affine(step [3][3]float64, centre [3]float64, size [3]int) (a volume.Affine) {
	for k := range a {
		a[k][3] = centre[k]
		for c := range step {
			a[k][c] = step[c][k]
			a[k][3] -= step[c][k] * float64(size[c]-1) / 2
		}
	}
	return a
}

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

// rotate turns d about x, then y, then z, by angles in radians.
func rotate(d, angle [3]float64) [3]float64 {
	for axis, t := range angle {
		a, b := (axis+1)%3, (axis+2)%3
		sin, cos := math.Sincos(t)
		d[a], d[b] = cos*d[a]-sin*d[b], sin*d[a]+cos*d[b]
	}
	return d
}
