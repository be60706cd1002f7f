package magn

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/cohort"
	"magn/internal/testenv"
	"magn/internal/volume"
)

// Otsu's cut is the one with the least variance within its two parts: found here
// by trying all of them.
func TestOtsu(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 60).Draw(t, "n")
		m, flags := make([]float32, n), make([]uint8, n)
		for i := range m {
			m[i] = rapid.Float32Range(0, 3).Draw(t, "value")
			flags[i] = rapid.SampledFrom([]uint8{0, inImage, inImage | inLesion}).Draw(t, "flag")
		}
		scaled := unit(m)
		best, cut := math.Inf(1), -1
		for c := range 255 {
			var parts [2][]float64
			for i, f := range flags {
				if f&inImage != 0 {
					l := min(int(scaled[i]*256), 255)
					k := 0
					if l > c {
						k = 1
					}
					parts[k] = append(parts[k], float64(l))
				}
			}
			if len(parts[0]) == 0 || len(parts[1]) == 0 {
				continue
			}
			if w := spread(parts[0]) + spread(parts[1]); w < best-1e-9*(1+w) {
				best, cut = w, c
			}
		}
		var both, either float64
		for i, f := range flags {
			if f&inImage == 0 {
				continue
			}
			hot, in := min(int(scaled[i]*256), 255) > cut, f&inLesion != 0
			if hot && in {
				both++
			}
			if hot || in {
				either++
			}
		}
		want := 0.0
		if cut >= 0 {
			want = both / max(either, 1)
		}
		if got := otsuIoU(m, flags); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%g, want %g (cut %d)", got, want, cut)
		}
	})
}

// spread is Σ(x − mean)².
func spread(x []float64) float64 {
	var sum, out float64
	for _, v := range x {
		sum += v
	}
	for _, v := range x {
		out += (v - sum/float64(len(x))) * (v - sum/float64(len(x)))
	}
	return out
}

// A point's blur is the Gaussian, and an even image stays even up to its edge.
func TestBlurred(t *testing.T) {
	const size, sigma = 33, 2.0
	image := make([]float32, size*size)
	image[16*size+16] = 1
	out := blurred(image, size, sigma)
	// scipy.ndimage.gaussian_filter(image, 2, mode="nearest", truncate=3)
	for at, want := range map[[2]int]float64{{16, 16}: 0.03987036, {16, 18}: 0.02418259, {18, 18}: 0.01466748, {16, 22}: 0.00044292} {
		if got := float64(out[at[0]*size+at[1]]); math.Abs(got-want) > 1e-6 {
			t.Errorf("%v: %.7f, want %.7f", at, got, want)
		}
	}
	for i := range image {
		image[i] = 0.25
	}
	for i, x := range blurred(image, size, sigma) {
		if math.Abs(float64(x)-0.25) > 1e-6 {
			t.Fatalf("pixel %d: %g", i, x)
		}
	}
}

// A crop that is moved is what a crop around a moved centre is: by whole pixels of
// the stack, and by so far as was asked for.
func TestCentrePlaces(t *testing.T) {
	g := volume.Grid{Size: [3]int{100, 100, 8}, SpacingKnown: true, Affine: volume.Affine{{0, 0, 4, 0}, {-0.5, 0, 0, 0}, {0, -0.25, 0, 0}}}
	drawn := []volume.Drawn{
		{Label: 2, Slice: 3, Area: 40, Box: [4]int{10, 10, 20, 14}, Centre: [2]int{15, 12}},
		{Label: 2, Slice: 4, Area: 30, Box: [4]int{12, 8, 18, 13}, Centre: [2]int{15, 11}},
		{Label: 1, Slice: 6, Area: 9, Box: [4]int{50, 50, 53, 53}, Centre: [2]int{52, 52}},
		{Label: 2, Slice: 5, Area: 4, Box: [4]int{14, 12, 24, 13}, Centre: [2]int{19, 13}},
	}
	c := cohort.Case{ID: "a"}
	for _, d := range (Centre{Jitter: 10}).place(c, volume.Sagittal, 0, g, drawn) {
		for _, o := range drawn {
			if o.Slice != d.Slice || o.Label != d.Label {
				continue
			}
			x, y := 0.5*float64(d.Centre[0]-o.Centre[0]), 0.25*float64(d.Centre[1]-o.Centre[1])
			if r := math.Hypot(x, y); math.Abs(r-10) > 0.3 {
				t.Errorf("slice %d moved by %.2f mm", d.Slice, r)
			}
		}
	}
	g.SpacingKnown = false
	moved := (Centre{Jitter: 20}).place(c, volume.Sagittal, 0, g, drawn)
	if r := math.Hypot(float64(moved[0].Centre[0]-15), float64(moved[0].Centre[1]-12)); math.Abs(r-20) > 0.8 {
		t.Errorf("without spacing moved by %.2f pixels", r)
	}
	points := (Centre{Point: true}).place(c, volume.Sagittal, 0, g, drawn)
	if len(points) != 2 || points[0].Label != 1 || points[1].Slice != 4 || points[1].Centre != [2]int{17, 11} {
		t.Errorf("points: %+v", points)
	}
	if drawn[0].Centre != [2]int{15, 12} {
		t.Error("the outlines themselves were moved")
	}
}

// Recentred with no change gives the unit's own answers; moved far off the lesion
// it gives others. The curves begin and end where the network says so.
func TestRecentredAndExamine(t *testing.T) {
	testenv.Torch(t)
	cases := tinyCohort(t, 16)
	u := tinyUnit(t, cases)
	u.Training.Lambda, u.Training.InnerFraction = []float64{0.5}, 0
	res, err := RunUnit(context.Background(), u, func(Event) {})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(u.Dir, ModelFile)
	same, err := Recentred(t.Context(), path, Centre{}, u.Test, "cpu", 2)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := Recentred(t.Context(), path, Centre{Jitter: 20}, u.Test, "cpu", 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range res.Scores {
		if math.Abs(s.Logit-same[i].Logit) > 1e-5*(1+math.Abs(s.Logit)) {
			t.Errorf("%s: %g, recentred on the same place %g", s.Case, s.Logit, same[i].Logit)
		}
		if s.Logit == moved[i].Logit {
			t.Errorf("%s: the same answer on other crops", s.Case)
		}
	}
	// One case of the other class than it was, so that it is answered wrongly if the
	// others are answered rightly.
	other := u.Test[0].ID
	u.Test[0].Label = 1 - u.Test[0].Label
	var told []float64
	one, err := Examine(t.Context(), path, u.Train, u.Test, 1, "cpu", 2, func(e Event) { told = append(told, e.Done) })
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != len(u.Test) || !slices.IsSorted(told) || told[0] != 0 || told[len(told)-1] >= 1 {
		t.Errorf("told of %v", told)
	}
	if len(one) != 2*(1+examShifts)*len(u.Test) {
		t.Fatalf("%d exams", len(one))
	}
	wrong := 0
	for _, e := range one {
		var s Score
		for _, x := range res.Scores {
			if x.Case == e.Case {
				s = x
			}
		}
		whole := s.Score
		if s.Logit <= 0 {
			whole = 1 - whole
		}
		// With one step a curve is a line between the whole crop and the changed one,
		// which is the same whatever the map.
		if e.Deletion.Map != e.Deletion.Gaussian || math.Abs(e.Insertion.Map-e.Insertion.Gaussian) > 1e-6 {
			t.Errorf("%s %v: %+v %+v", e.Case, e.View, e.Deletion, e.Insertion)
		}
		if end := 2*e.Deletion.Map - whole; e.Crop == 0 && (end < -1e-6 || end > 1+1e-6) {
			t.Errorf("%s: a curve from %g with mean %g", e.Case, whole, e.Deletion.Map)
		}
		// The true class's probability is the predicted one's, or what that leaves of 1.
		right := (s.Logit > 0) == (s.Label == 1) != (e.Case == other)
		want := e.Deletion.Map
		if !right {
			want, wrong = 1-want, wrong+1
		}
		if math.Abs(e.True.Deletion-want) > 1e-6 {
			t.Errorf("%s %v, crop %d, answered rightly %v: deletion %g, of the true class %g", e.Case, e.View, e.Crop, right, e.Deletion.Map, e.True.Deletion)
		}
		found := false
		for _, m := range res.Maps { // the same crops as those of the unit's maps
			if m.Case != e.Case || m.View != e.View || m.Crop != e.Crop {
				continue
			}
			found = m.Shift == e.Shift
			if right && math.Abs(m.Energy-e.True.Energy) > 1e-4 {
				t.Errorf("%s %v, crop %d: energy %g, of the true class, which is the predicted one, %g", e.Case, e.View, e.Crop, m.Energy, e.True.Energy)
			}
		}
		if !found {
			t.Errorf("%s %v: crop %d shifted by %v is none of the unit's", e.Case, e.View, e.Crop, e.Shift)
		}
	}
	if wrong == 0 || wrong == len(one) {
		t.Errorf("%d of %d wrong: one way is not looked at", wrong, len(one))
	}
	again, err := Examine(t.Context(), path, u.Train, u.Test, 4, "cpu", 2, func(Event) {})
	if err != nil {
		t.Fatal(err)
	}
	if again[0].Deletion == one[0].Deletion {
		t.Error("more steps change nothing")
	}
}
