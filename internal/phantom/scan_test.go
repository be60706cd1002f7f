package phantom

import (
	"math"
	"testing"

	"magn/internal/draw"
	"magn/internal/volume"
)

// A voxel is the mean of the continuous anatomy over its slab, and in a lesion where
// at least half of its slab is: against 201 points through it.
func TestPartialVolume(t *testing.T) {
	opt := Options{Patients: 6, Seed: 3, Difficulty: .2, Size: 128}
	tex := textureOf(opt)
	flat := bias{band: 1e9}
	for _, p := range opt.patients()[:3] {
		body := newAnatomy(opt, p, tex)
		for _, view := range volume.Views {
			s := stacksOf(opt, p, body, view)[0]
			g := s.grid
			out := &scanned{images: [][]float32{make([]float32, g.Len())}, truth: &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}}
			r := draw.New("voxels", p.id, view)
			var error1, square, edges, inside, wrong, sure float64
			const n = 6000
			for range n {
				at := [3]int{r.IntN(g.Size[0]), r.IntN(g.Size[1]), r.IntN(g.Size[2])}
				i := at[0] + g.Size[0]*(at[1]+g.Size[1]*at[2])
				sampleVoxel(body, s, flat, []*weighting{&t1Post}, at, i, out)
				mean, share := 0., map[uint16]float64{}
				const points = 201
				q := g.Affine.Apply([3]float64{float64(at[0]), float64(at[1]), float64(at[2])})
				unit := spacingOf(g, 2)
				for d := range points {
					f := ((float64(d)+.5)/points - .5) * s.thickness / unit
					sp := body.at(q[0]+f*g.Affine[0][2], q[1]+f*g.Affine[1][2], q[2]+f*g.Affine[2][2])
					mean += t1Post.signal(&sp) / points
					share[sp.label] += 1. / points
				}
				// The few points that are taken lie evenly in the slab, and not in the gap.
				exact := func(points int) bool {
					few := 0.
					for d := range points {
						f := ((float64(d)+.5)/float64(points) - .5) * s.thickness / unit
						sp := body.at(q[0]+f*g.Affine[0][2], q[1]+f*g.Affine[1][2], q[2]+f*g.Affine[2][2])
						few += t1Post.signal(&sp) / float64(points)
					}
					return math.Abs(few-float64(out.images[0][i])) < 1e-3
				}
				if !exact(depths) && !exact(fineDepths) {
					t.Fatalf("%s %s: voxel %v is %v", p.id, view, at, out.images[0][i])
				}
				d := float64(out.images[0][i]) - mean
				error1 += d
				square += d * d
				l := out.truth.Labels[i]
				most := max(share[1], share[2], share[3])
				if most > 0 && most < 1 {
					edges++
				}
				if l != 0 {
					inside++
				}
				// Eight points tell a share to an eighth; near a half both are right.
				if math.Abs(most-.5) > .13 {
					sure++
					if (l != 0) != (most > .5) {
						wrong++
					}
				}
			}
			if math.Abs(error1/n) > 3 || math.Sqrt(square/n) > 45 {
				t.Errorf("%s %s: mean error %.2f, root mean square %.1f of about 500", p.id, view, error1/n, math.Sqrt(square/n))
			}
			if wrong > 2 || edges < 10 || inside < 5 {
				t.Errorf("%s %s: %v of %v voxels wrongly in or out; %v at edges, %v inside", p.id, view, wrong, sure, edges, inside)
			}
		}
	}
}

// A lesion that moves with the patient is where the patient is; one anatomy for all
// views: the centres of the true masks agree.
func TestViewsShowOneBody(t *testing.T) {
	opt := Options{Patients: 12, Seed: 5, Size: 128, Moved: 12}
	for _, p := range opt.patients()[:5] {
		p.stations = [3]bool{}
		e := newExam(opt, p, textureOf(opt))
		if err := e.render(t.Context(), func(s *series) bool { return s.used }); err != nil {
			t.Fatal(err)
		}
		truth := e.body.measure(e.body.sampled(1))[0].centre
		for _, s := range e.series {
			if !s.used {
				continue
			}
			m := e.truths[stackKey(s.stack)]
			c, n := [3]float64{}, 0.
			for i, l := range m.Labels {
				if l == 1 {
					at := m.Voxel(i)
					q := m.Affine.Apply([3]float64{float64(at[0]), float64(at[1]), float64(at[2])})
					for k := range c {
						c[k] += q[k]
					}
					n++
				}
			}
			off := 0.
			for k := range c {
				d := c[k]/n - truth[k] - s.stack.moved[k]
				off += d * d
			}
			if off = math.Sqrt(off); !(off < 2.5) { // half of the spacing of slices
				t.Errorf("%s %s: the lesion is %.1f mm from where it should be", p.id, s.key, off)
			}
			size := math.Sqrt(dot(s.stack.moved, s.stack.moved))
			if want := opt.Moved * is(p.person == mover && s.stack.view != volume.Sagittal); math.Abs(size-want) > 1e-9 {
				t.Errorf("%s %s: moved by %.2f mm, want %.2f", p.id, s.key, size, want)
			}
		}
	}
}

// Without signal the size of a complex number with noise in both channels is
// Rayleigh's, of mean sd·√(π/2) and variance (2−π/2)·sd²; where signal is strong it is
// nearly normal around √(s²+sd²) (Gudbjartsson & Patz, Magn Reson Med 1995).
func TestNoiseIsRician(t *testing.T) {
	const n, sd = 200000, 20.
	for _, s := range []float64{0, 600} {
		image := make([]float32, n)
		for i := range image {
			image[i] = float32(s)
		}
		sum, square := 0., 0.
		for _, x := range rician(draw.New("rice", s), image, 4, sd) {
			v := float64(x) / 4
			sum += v
			square += v * v
		}
		mean := sum / n
		dev := math.Sqrt(square/n - mean*mean)
		wantMean, wantDev := math.Sqrt(s*s+sd*sd), sd
		if s == 0 {
			wantMean, wantDev = sd*math.Sqrt(math.Pi/2), sd*math.Sqrt(2-math.Pi/2)
		}
		if math.Abs(mean-wantMean) > .2 || math.Abs(dev-wantDev) > .2 {
			t.Errorf("signal %v: mean %.2f ± %.2f, want %.2f ± %.2f", s, mean, dev, wantMean, wantDev)
		}
	}
}

// Stacks are thick, with gaps, oblique, within the protocols' limits, and their
// axes are at right angles and right-handed.
func TestStacks(t *testing.T) {
	opt := Options{Patients: 60, Seed: 2, Size: 256}
	tex := textureOf(opt)
	oblique, two := 0, 0
	for _, p := range opt.patients()[:40] {
		body := newAnatomy(opt, p, tex)
		for _, v := range volume.Views {
			list := stacksOf(opt, p, body, v)
			if (len(list) == 2) != p.stations[v] {
				t.Errorf("%s %s: %d stations", p.id, v, len(list))
			}
			two += len(list) - 1
			for _, s := range list {
				mm := s.grid.Spacing()
				if mm[0] < .5 || mm[0] > .9+1e-9 || math.Abs(mm[0]-mm[1]) > 1e-9 || s.thickness < 3 || s.thickness > 5 || mm[2] < s.thickness*1.05 || mm[2] > s.thickness*1.3 {
					t.Errorf("%s %s: spacing %.3f, slices of %v mm", p.id, v, mm, s.thickness)
				}
				var d [3][3]float64
				for c := range 3 {
					for r := range 3 {
						d[c][r] = s.grid.Affine[r][c] / mm[c]
					}
				}
				cross := [3]float64{d[0][1]*d[1][2] - d[0][2]*d[1][1], d[0][2]*d[1][0] - d[0][0]*d[1][2], d[0][0]*d[1][1] - d[0][1]*d[1][0]}
				if dot(cross, d[2]) < 1-1e-9 {
					t.Errorf("%s %s: axes %v", p.id, v, d)
				}
				axis := [3]int{0, 1, 2}[v]
				if degrees := math.Acos(min(1, math.Abs(d[2][axis]))) * 180 / math.Pi; degrees > 1 {
					oblique++
					if degrees > 30 {
						t.Errorf("%s %s: %.0f degrees off", p.id, v, degrees)
					}
				}
			}
		}
	}
	if oblique < 80 || two < 8 {
		t.Errorf("%d oblique stacks, %d second stations", oblique, two)
	}
}
