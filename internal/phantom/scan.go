package phantom

import (
	"math"

	"magn/internal/draw"
	"magn/internal/volume"
)

// An exam's stacks: nine slices of 4 mm, the slab sampled at three depths.
const (
	slices    = 9
	thickness = 4.
	depths    = 3
	noise     = 22. // standard deviation of each channel, in signal units
	oblique   = 5.  // degrees, largest turn about each axis
)

// axes of a view as a converter of DICOM would store it: columns to the right of
// the screen, rows from bottom to top (as dcm2niix turns them), slices along the
// normal. In RAS+.
var axes = [3][3][3]float64{
	volume.Sagittal: {{0, -1, 0}, {0, 0, 1}, {1, 0, 0}},
	volume.Coronal:  {{-1, 0, 0}, {0, 0, 1}, {0, -1, 0}},
	volume.Axial:    {{-1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
}

// scan samples one view of a patient: the image, and the lesions drawn on it.
// A voxel belongs to a lesion where at least half of its slab does.
func scan(opt Options, p patient, body *anatomy, view volume.View) (*volume.Volume, *volume.Mask) {
	r := draw.New("phantom", opt.Seed, "scan", p.person, p.exam, view)
	mm := .7 + .2*r.Float64()
	g := volume.Grid{Size: [3]int{opt.Size, opt.Size, slices}, SpacingKnown: true}
	var turn [3]float64
	for i := range turn {
		turn[i] = (2*r.Float64() - 1) * oblique * math.Pi / 180
	}
	var step [3][3]float64 // mm along each storage axis
	for c, d := range axes[view] {
		length := mm
		if c == 2 {
			length = thickness
		}
		for k, x := range rotate(d, turn) {
			step[c][k] = x * length
		}
	}
	// The first lesion lies somewhere near the middle of the picture and of the
	// stack; axial pictures are centred better, as radiographers do.
	fov := mm * float64(opt.Size)
	wander := [3]float64{.12 * fov, .2 * fov, .8 * thickness}
	if view == volume.Axial {
		wander[0], wander[1] = .08*fov, .08*fov
	}
	middle := body.lesions[0].centre
	for c := range step {
		d := (2*r.Float64() - 1) * wander[c] / math.Sqrt(dot(step[c], step[c]))
		for k := range middle {
			middle[k] += d * step[c][k]
		}
	}
	for k := range g.Affine {
		g.Affine[k][3] = middle[k]
		for c := range step {
			g.Affine[k][c] = step[c][k]
			g.Affine[k][3] -= step[c][k] * float64(g.Size[c]-1) / 2
		}
	}

	v := &volume.Volume{Grid: g, Data: make([]float32, g.Len())}
	m := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	n := opt.Size * opt.Size
	blurred := make([]float32, n)
	gain := newBias(r.NormFloat64(), r.NormFloat64(), r.NormFloat64(), middle)
	for k := range slices {
		image, mask := v.Data[k*n:(k+1)*n], m.Labels[k*n:(k+1)*n]
		sampleSlice(body, g, k, gain, image, mask)
		blur(image, blurred, opt.Size)
		for i, s := range image {
			// Rician: the size of a complex signal with noise in both channels.
			re, im := float64(s)+noise*r.NormFloat64(), noise*r.NormFloat64()
			image[i] = float32(math.Round(math.Sqrt(re*re + im*im)))
		}
	}
	return v, m
}

func sampleSlice(body *anatomy, g volume.Grid, k int, gain bias, image []float32, mask []uint16) {
	for j := range g.Size[1] {
		for i := range g.Size[0] {
			var sum float64
			var first, second uint16 // of the lesions 1 and 2: depths inside
			for d := range depths {
				q := g.Affine.Apply([3]float64{float64(i), float64(j), float64(k) + (float64(d)-(depths-1)/2.)/depths})
				s, label := body.at(q[0], q[1], q[2])
				sum += s * gain.at(q)
				switch label {
				case 1:
					first++
				case 2:
					second++
				}
			}
			at := j*g.Size[0] + i
			image[at] = float32(sum / depths)
			switch {
			case 2*first >= depths:
				mask[at] = 1
			case 2*second >= depths:
				mask[at] = 2
			}
		}
	}
}

// bias is the receive field of a surface coil behind the patient: a smooth
// polynomial, stronger towards the back.
type bias struct {
	middle [3]float64
	slope  [3]float64
}

func newBias(x, y, z float64, middle [3]float64) bias {
	const mm = 1. / 100
	return bias{middle: middle, slope: [3]float64{.05 * x * mm, (-.22 + .05*y) * mm, .06 * z * mm}}
}

func (b bias) at(p [3]float64) float64 {
	e := 0.0
	for k := range p {
		e += b.slope[k] * (p[k] - b.middle[k])
	}
	return clamp(1+e+e*e/2, .3, 3) // the first terms of exp
}

// blur is the point spread in plane: (1 2 1)/4 along each direction, edges held.
func blur(image, tmp []float32, n int) {
	for j := range n {
		row, out := image[j*n:(j+1)*n], tmp[j*n:(j+1)*n]
		for i := range row {
			out[i] = (row[max(i-1, 0)] + 2*row[i] + row[min(i+1, n-1)]) / 4
		}
	}
	for j := range n {
		up, mid, down := tmp[max(j-1, 0)*n:], tmp[j*n:], tmp[min(j+1, n-1)*n:]
		for i := range n {
			image[j*n+i] = (up[i] + 2*mid[i] + down[i]) / 4
		}
	}
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
