package phantom

import (
	"testing"

	"pgregory.net/rapid"
)

// Filling the contours gives the mask back: a pixel is inside where an odd number
// of edges is to its left.
func TestContoursEncloseTheMask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 9).Draw(t, "w"), rapid.IntRange(1, 9).Draw(t, "h")
		labels := make([]uint16, w*h)
		for i := range labels {
			labels[i] = uint16(rapid.IntRange(0, 2).Draw(t, "label"))
		}
		for label := uint16(1); label <= 2; label++ {
			filled := make([]int, w*h)
			for _, line := range contours(labels, label, w) {
				if len(line) < 4 {
					t.Fatalf("a contour of %d points", len(line))
				}
				for i, p := range line {
					q := line[(i+1)%len(line)]
					for n := range filled {
						x, y := float64(n%w), float64(n/w)
						if (p[1] > y) != (q[1] > y) && p[0] < x { // vertical edges only cross a row
							filled[n]++
						}
					}
				}
			}
			for n, l := range labels {
				if (l == label) != (filled[n]%2 == 1) {
					t.Fatalf("label %d, pixel %d: %d edges at its left", label, n, filled[n])
				}
			}
		}
	})
}

// The drawn outline is near the truth and not the truth, and no lesion is lost.
func TestOutlineIsARadiologists(t *testing.T) {
	opt := Options{Patients: 30, Seed: 7, Size: 128, Difficulty: .3}
	tex := textureOf(opt)
	sum, n := 0., 0.
	for _, p := range opt.patients()[:8] {
		e := newExam(opt, p, tex)
		if err := e.render(t.Context(), func(s *series) bool { return s.drawn }); err != nil {
			t.Fatal(err)
		}
		for _, s := range e.series {
			if !s.drawn {
				continue
			}
			truth := e.truths[stackKey(s.stack)]
			drawn := e.outline(truth, labelsOf(truth))
			if a, b := labelsOf(truth), labelsOf(drawn); len(a) != len(b) || len(a) == 0 {
				t.Errorf("%s: lesions %v drawn as %v", p.id, a, b)
			}
			both, all := 0., 0.
			for i, l := range truth.Labels {
				d := drawn.Labels[i]
				if l == 1 && d == 1 {
					both++
				}
				all += is(l == 1) + is(d == 1)
			}
			dice := 2 * both / all
			if dice < .75 || dice > .995 {
				t.Errorf("%s: Dice of outline and truth %.3f", p.id, dice)
			}
			sum += dice
			n++
		}
	}
	if mean := sum / n; mean < .85 || mean > .96 {
		t.Errorf("mean Dice of outline and truth %.3f", mean)
	} else {
		t.Logf("mean Dice of outline and truth %.3f", mean)
	}
}
