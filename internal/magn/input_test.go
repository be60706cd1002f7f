package magn

import (
	"context"
	"math"
	"slices"
	"testing"

	"magn/internal/cohort"
	"magn/internal/draw"
	"magn/internal/testenv"
	"magn/internal/volume"
)

// plainTraining changes nothing about a crop.
func plainTraining() Training {
	t := DefaultTraining()
	t.Crop, t.Shift, t.Rotate, t.Brightness, t.Noise = 32, 0, 0, 0, 0
	return t
}

// somePair is a patch of distinct values with a lesion off its middle.
func somePair(in *input) pair {
	p := pair{area: 1, planes: [][]uint16{make([]uint16, in.side*in.side)}, mask: make([]uint8, in.side*in.side)}
	for i := range p.mask {
		p.planes[0][i] = uint16(i * 13)
		p.mask[i] = inImage
		if x, y := i%in.side, i/in.side; x > in.side/2 && x < in.side/2+6 && y > 8 && y < 15 {
			p.mask[i] |= inLesion
		}
	}
	return p
}

// An augmentation of nothing is the evaluation crop, or its mirror image on
// coronal and axial views, mask with it; never on sagittal ones.
func TestAugmentNothing(t *testing.T) {
	in := newInput(volume.Views, plainTraining())
	p := somePair(in)
	want, flags := in.cut(p.middle(), centred), in.flags(p, centred)
	n := in.training.Crop
	for _, view := range volume.Views {
		mirrored := 0
		for k := range 20 {
			image, mask := make([]float32, n*n), make([]float32, n*n)
			in.augmented(draw.New("nothing", k), view, p, image, mask)
			at := func(i int) int { return i }
			if math.Abs(float64(image[0]-want[0])) > 1e-6 {
				at = func(i int) int { return i/n*n + n - 1 - i%n }
				mirrored++
			}
			for i := range image {
				if math.Abs(float64(image[i]-want[at(i)])) > 1e-6 || mask[i] != float32(flags[at(i)]&inLesion) {
					t.Fatalf("%v: pixel %d differs", view, i)
				}
			}
		}
		if (view == volume.Sagittal) != (mirrored == 0) || mirrored == 20 {
			t.Errorf("%v: %d of 20 mirrored", view, mirrored)
		}
	}
}

// Whatever is drawn, the crop stays inside its patch, the lesion moves with its
// pixels, and the same key gives the same crop.
func TestAugmentMovesImageAndMaskTogether(t *testing.T) {
	tr := plainTraining()
	tr.Shift, tr.Rotate = 12, 20
	in := newInput(volume.Views, tr)
	p := somePair(in)
	for i := range p.planes[0] { // bright where the lesion is
		p.planes[0][i] = 65535 * uint16(p.mask[i]&inLesion)
	}
	n := tr.Crop
	for k := range 300 {
		image, mask := make([]float32, n*n), make([]float32, n*n)
		in.augmented(draw.New("together", k), volume.Axial, p, image, mask)
		for i := range image {
			if (image[i] > 0.75) != (mask[i] == 1) && (image[i] < 0.25) != (mask[i] == 0) {
				t.Fatalf("draw %d, pixel %d: grey %g, mask %g", k, i, image[i], mask[i])
			}
		}
		again, _ := make([]float32, n*n), mask
		in.augmented(draw.New("together", k), volume.Axial, p, again, make([]float32, n*n))
		if !slices.Equal(image, again) {
			t.Fatal("one key, two crops")
		}
	}
}

// Pairs are drawn by area.
func TestPick(t *testing.T) {
	pairs := []pair{{area: 70}, {area: 20}, {area: 10}}
	var got [3]float64
	for k := range 20000 {
		got[slices.IndexFunc(pairs, func(p pair) bool { return p.area == pick(draw.New("pick", k), pairs).area })]++
	}
	for i, p := range pairs {
		if math.Abs(got[i]/20000-float64(p.area)/100) > 0.015 {
			t.Errorf("area %d drawn %.3f of the time", p.area, got[i]/20000)
		}
	}
}

func TestOrder(t *testing.T) {
	cases := make([]cohort.Case, 39)
	for i := range cases {
		cases[i].ID = string(rune('A' + i))
	}
	sizes := func(n, batch int) (out []int) {
		for _, b := range order(cases[:n], batch, "k") {
			out = append(out, len(b))
		}
		return out
	}
	for _, c := range []struct {
		n, batch int
		want     []int
	}{{39, 16, []int{16, 16}}, {40 - 1, 13, []int{13, 13, 13}}, {24, 16, []int{16, 8}}, {23, 16, []int{16}}, {3, 16, []int{3}}, {5, 2, []int{2, 2}}} {
		if got := sizes(c.n, c.batch); !slices.Equal(got, c.want) {
			t.Errorf("%d cases in batches of %d: %v, expected %v", c.n, c.batch, got, c.want)
		}
	}
}

// twoLesions writes a case whose first slice shows two lesions apart.
func twoLesions(t *testing.T) cohort.Case {
	t.Helper()
	c := tinyCohort(t, 2)[0]
	r, err := c.Stacks(volume.Sagittal)[0].Read(volume.Sagittal)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Mask.Labels {
		r.Mask.Labels[i] = 0
		if i%576 >= 24 { // a dark row, and slices each brighter than the one before
			r.Image.Data[i] = float32(100 + 50*(i/576))
		} else {
			r.Image.Data[i] = 0
		}
	}
	r.Mask.Labels[2*24+2], r.Mask.Labels[20*24+20] = 1, 2
	w, err := cohort.Create(t.TempDir() + "/two")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	two := []cohort.Case{{ID: "x", Group: "x", Class: "dark"}, {ID: "y", Group: "y", Class: "bright", Label: 1}}
	for _, k := range two {
		if err := w.Stack(k.ID, volume.Sagittal, 1, r.Image, r.Mask, cohort.Sidecar{SpacingKnown: true, ScaledBy: cohort.ByStack}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := w.Commit(&cohort.Cohort{Positive: "bright", Negative: "dark", Cases: two})
	if err != nil {
		t.Fatal(err)
	}
	return got.Cases[0]
}

// Each lesion has its crop, with the other in the target; merged they have one, at
// the middle between them. Adjacent channels are the slices around.
func TestLesionsAndChannels(t *testing.T) {
	c := twoLesions(t)
	tr := plainTraining()
	tr.Crop, tr.PixelMM = 64, 0
	views := []volume.View{volume.Sagittal}
	lesionPixels := func(in *input, p pair) (n int) {
		for _, f := range in.flags(p, centred) {
			n += int(f & inLesion)
		}
		return n
	}
	in := newInput(views, tr)
	s, err := in.get(c)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.views[0]) != 2 || lesionPixels(in, s.views[0][0]) != 2 {
		t.Errorf("each: %d pairs, %d lesion pixels in the first", len(s.views[0]), lesionPixels(in, s.views[0][0]))
	}
	tr.Lesions, tr.Channels = LesionsMerged, ChannelsAdjacent
	in = newInput(views, tr)
	if s, err = in.get(c); err != nil {
		t.Fatal(err)
	}
	if len(s.views[0]) != 1 || lesionPixels(in, s.views[0][0]) != 2 {
		t.Errorf("merged: %d pairs", len(s.views[0]))
	}
	p := s.views[0][0]
	at := in.side/2*in.side + in.side/2
	if len(p.planes) != 3 || p.planes[0][at] != p.planes[1][at] || p.planes[2][at] <= p.planes[1][at] {
		t.Errorf("the slices before, at and after the first are %d, %d, %d at the middle; expected the first twice, then a brighter one", p.planes[0][at], p.planes[1][at], p.planes[2][at])
	}
}

// The other inputs train and answer too.
func TestOtherInputs(t *testing.T) {
	testenv.Torch(t)
	u := tinyUnit(t, tinyCohort(t, 12))
	tr := &u.Training
	tr.Epochs, tr.Lambda, tr.InnerFraction, tr.Precision = 1, []float64{0.5}, 0, "bf16"
	tr.Lesions, tr.Channels, tr.Loss = LesionsMerged, ChannelsAdjacent, LossEnergy
	u.Network.Shared, u.Network.Stride = true, 16
	res, err := RunUnit(context.Background(), u, func(Event) {})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Scores) != 4 || math.IsNaN(res.Scores[0].Logit) || res.History[0].Attention <= 0 {
		t.Errorf("%+v", res)
	}
}
