package magn

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"magn/internal/cohort"
	"magn/internal/draw"
	"magn/internal/fault"
	"magn/internal/testenv"
	"magn/internal/torch"
	"magn/internal/volume"
)

// tinyCohort writes cases of two views, 24×24×3: a bright or a dark lesion on
// noise, by class.
func tinyCohort(t *testing.T, n int) []cohort.Case {
	t.Helper()
	study := filepath.Join(t.TempDir(), "study")
	w, err := cohort.Create(study)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	c := &cohort.Cohort{Dir: study, Positive: "bright", Negative: "dark"}
	for i := range n {
		id := string(rune('a'+i/10)) + string(rune('0'+i%10))
		k := cohort.Case{ID: id, Group: id, Class: []string{"dark", "bright"}[i%2], Label: i % 2}
		for _, view := range []volume.View{volume.Sagittal, volume.Axial} {
			image, mask := tinyStack(view, id, i%2 == 1)
			if err := w.Stack(id, view, 1, image, mask, cohort.Sidecar{SpacingKnown: true, ScaledBy: cohort.ByStack}); err != nil {
				t.Fatal(err)
			}
		}
		c.Cases = append(c.Cases, k)
	}
	c, err = w.Commit(c)
	if err != nil {
		t.Fatal(err)
	}
	return c.Cases
}

// tinyStack is noise with a lesion of 6×6 pixels on two slices.
func tinyStack(view volume.View, id string, bright bool) (*volume.Volume, *volume.Mask) {
	g := volume.Grid{Size: [3]int{24, 24, 3}, SpacingKnown: true}
	switch view { // columns, rows and slices of the view's screen, in RAS+ millimetres
	case volume.Sagittal:
		g.Affine = volume.Affine{{0, 0, 4, 0}, {-1, 0, 0, 0}, {0, -1, 0, 0}}
	default:
		g.Affine = volume.Affine{{1, 0, 0, 0}, {0, -1, 0, 0}, {0, 0, 4, 0}}
	}
	v := &volume.Volume{Grid: g, Data: make([]float32, g.Len())}
	m := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	r := draw.New("tiny", id, view)
	x0, y0 := 4+r.IntN(12), 4+r.IntN(12)
	for i := range v.Data {
		x, y, k := i%24, i/24%24, i/576
		v.Data[i] = float32(100 + r.IntN(40))
		if k < 2 && x >= x0 && x < x0+6 && y >= y0 && y < y0+6 {
			m.Labels[i] = 1
			if bright {
				v.Data[i] += 60
			} else {
				v.Data[i] -= 60
			}
		}
	}
	return v, m
}

func tinyUnit(t *testing.T, cases []cohort.Case) Unit {
	u := Unit{
		Arm: "attention", Attention: true, Fold: 0, Seed: 1,
		Network: Network{"resnet18", 32, false, []volume.View{volume.Sagittal, volume.Axial}, 6}, Training: DefaultTraining(),
		Train: cases[4:], Test: cases[:4], Dir: t.TempDir(), Hash: "h",
	}
	tr := &u.Training
	tr.Epochs, tr.Batch, tr.Crop, tr.Shift, tr.PixelMM = 3, 6, 32, 4, 0
	tr.Lambda, tr.InnerFraction, tr.Precision, tr.Threads, tr.CheckpointSec = []float64{0.1, 1}, 0.25, "fp32", 2, 0
	return u
}

// TestResume stops a unit after each of its epochs in turn, goes on from the
// checkpoint, and expects the answers of a run left alone, bit for bit.
func TestResume(t *testing.T) {
	testenv.Torch(t)
	cases := tinyCohort(t, 16)
	want := resumed(t, func() Unit { return tinyUnit(t, cases) }, 3)
	if len(want.Scores) != 4 || len(want.Maps) != 8*(1+mapShifts) || len(want.Fits) != 6 {
		t.Fatalf("%d scores, %d maps, %d fits; expected 4, 40, 6", len(want.Scores), len(want.Maps), len(want.Fits))
	}
}

// TestResumeSearch is TestResume of a unit that chooses its backbone, too: the final
// fit is of the chosen one, which the network on disk says.
func TestResumeSearch(t *testing.T) {
	testenv.Torch(t)
	cases := tinyCohort(t, 12)
	var dir string
	want := resumed(t, func() Unit {
		u := tinyUnit(t, cases)
		u.Backbones, u.Network.Views = []string{"resnet34", "resnet18"}, u.Network.Views[:1]
		u.Training.Lambda, u.Training.Epochs = []float64{0.5}, 2
		dir = u.Dir
		return u
	}, 2)
	tried := TriedIn(want.History)
	if len(tried) != 2 || tried[0].Backbone != "resnet18" || tried[1].Backbone != "resnet34" || tried[0].Loss == tried[1].Loss {
		t.Fatalf("tried %+v", tried)
	}
	best := tried[0]
	if tried[1].Loss < best.Loss {
		best = tried[1]
	}
	if want.Backbone != best.Backbone || want.Lambda != best.Lambda || want.Epochs != best.Epoch {
		t.Errorf("chose %s, λ %g, %d epochs of %+v", want.Backbone, want.Lambda, want.Epochs, tried)
	}
	if last := want.History[len(want.History)-1]; last.Stage != "fit" || last.Backbone != best.Backbone {
		t.Errorf("%+v", last)
	}
	if !slices.ContainsFunc(want.Fits, func(f Fit) bool { return f.Step == "backbone" && len(f.Groups) == 8 }) {
		t.Errorf("no fitted step says that a backbone was chosen: %+v", want.Fits)
	}
	n, info, err := OpenModel(filepath.Join(dir, ModelFile), torch.CPU)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if info.Network.Backbone != best.Backbone {
		t.Errorf("the network on disk is a %s", info.Network.Backbone)
	}
}

// resumed runs a unit alone and once more with stops, so many at least, and
// returns what both found.
func resumed(t *testing.T, unit func() Unit, least int) *Result {
	t.Helper()
	want, err := RunUnit(context.Background(), unit(), func(Event) {})
	if err != nil {
		t.Fatal(err)
	}
	u := unit()
	stops := 0
	for {
		ctx, cancel := context.WithCancel(context.Background())
		epochs := 0
		got, err := RunUnit(ctx, u, func(e Event) {
			if e.Message == "" && e.Stage != "evaluate" {
				if epochs++; epochs == 2 { // the first of these is done and saved; the second is lost
					cancel()
				}
			}
		})
		cancel()
		if errors.Is(err, context.Canceled) {
			if stops++; stops > 20 {
				t.Fatal("no progress from the checkpoint")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		ignore := cmp.Options{cmpopts.IgnoreFields(Result{}, "Seconds", "PeakBytes"), cmpopts.IgnoreFields(Epoch{}, "Seconds"), cmpopts.EquateNaNs()}
		if d := cmp.Diff(want, got, ignore); d != "" {
			t.Errorf("resumed %d times, the result differs (-alone +resumed):\n%s", stops, d)
		}
		break
	}
	if stops < least {
		t.Errorf("stopped %d times only", stops)
	}
	if live, _ := torch.Live(); live != 0 {
		t.Errorf("%d tensors left behind", live)
	}
	return want
}

// TestBackbonesThatCannotBeChosen are named before anything is opened.
func TestBackbonesThatCannotBeChosen(t *testing.T) {
	for _, c := range []struct {
		backbones []string
		change    func(*Training)
		want      string
	}{
		{[]string{"resnet18", "vgg"}, func(*Training) {}, "each once"},
		{[]string{"resnet18", "resnet18"}, func(*Training) {}, "each once"},
		{[]string{"resnet18", "resnet50"}, func(t *Training) { t.InnerFraction, t.Lambda = 0, t.Lambda[:1] }, "inner_fraction is 0"},
		{[]string{"resnet18", "resnet50"}, func(t *Training) { t.Weights = "w.pth" }, "training.weights"},
		{[]string{"resnet18"}, func(t *Training) { t.Weights = "w.pth" }, ""},
	} {
		u := Unit{Network: DefaultNetwork(), Training: DefaultTraining(), Backbones: c.backbones}
		c.change(&u.Training)
		if err := u.CheckNetwork(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.backbones, err, c.want)
		}
	}
}

// TestFitsSayWhatWasFed trains a unit with a test case slipped in among its
// training cases: the fitted steps must own up to it.
func TestFitsSayWhatWasFed(t *testing.T) {
	testenv.Torch(t)
	cases := tinyCohort(t, 12)
	u := tinyUnit(t, cases)
	u.Training.Epochs, u.Training.Lambda = 1, []float64{0.1}
	u.Training.Batch = 2
	u.Train = append(u.Train, u.Test[0])
	res, err := RunUnit(context.Background(), u, func(Event) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range res.Fits {
		if !slices.Contains(f.Groups, u.Test[0].Group) {
			t.Errorf("%s does not say that it saw %s: %v", f.Step, u.Test[0].Group, f.Groups)
		}
	}
}

// TestDamagedCheckpoint expects truncated and bit-flipped checkpoints to be
// refused by name, with the way out.
func TestDamagedCheckpoint(t *testing.T) {
	testenv.Torch(t)
	cases := tinyCohort(t, 16)
	u := tinyUnit(t, cases)
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := RunUnit(ctx, u, func(Event) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	path := filepath.Join(u.Dir, checkpointFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) []byte {
		b := append([]byte(nil), whole...)
		b[at] ^= 4
		return b
	}
	for name, b := range map[string][]byte{
		"empty": {}, "truncated": whole[:len(whole)/2], "cut in the header": whole[:100],
		"flipped in the data": flip(len(whole) - 1000), "flipped in the length": flip(5), "flipped in the header": flip(60),
	} {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := RunUnit(context.Background(), u, func(Event) {})
		var in *fault.Input
		if !errors.As(err, &in) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "delete this checkpoint") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A checkpoint of other settings is no damage: the unit starts anew.
	if err := os.WriteFile(path, whole, 0o644); err != nil {
		t.Fatal(err)
	}
	u.Hash = "other"
	if _, err := RunUnit(context.Background(), u, func(e Event) {
		if e.Message != "" {
			t.Errorf("went on from another unit's checkpoint")
		}
	}); err != nil {
		t.Fatal(err)
	}
}

// TestPredict expects a model that was left behind to answer for a case as the
// unit did, and to name a view that a case lacks.
func TestPredict(t *testing.T) {
	testenv.Torch(t)
	cases := tinyCohort(t, 16)
	u := tinyUnit(t, cases)
	u.Training.Epochs, u.Training.InnerFraction, u.Training.Lambda = 1, 0, []float64{0.1}
	res, err := RunUnit(context.Background(), u, func(Event) {})
	if err != nil {
		t.Fatal(err)
	}
	m, err := OpenModels([]string{filepath.Join(u.Dir, ModelFile)}, "cpu", 2)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	maps, err := ReadMaps(filepath.Join(u.Dir, MapsFile))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range u.Test {
		p, err := m.Predict(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		// One case alone and four together are added up in another order.
		if math.Abs(p.Logit-res.Scores[i].Logit) > 1e-4*(1+math.Abs(p.Logit)) {
			t.Errorf("%s: logit %g, the unit said %g", c.ID, p.Logit, res.Scores[i].Logit)
		}
		for v, vp := range p.Views {
			want := maps[c.ID+"/"+vp.View.String()].Upsample(vp.Crop.Size)
			for k := range want {
				if math.Abs(float64(want[k]-vp.Map[k])) > 1e-3 {
					t.Fatalf("%s, %v: the map differs from the unit's", c.ID, vp.View)
				}
			}
			if s := res.Maps[(2*i+v)*(1+mapShifts)]; math.Abs(s.Energy-vp.Energy) > 1e-3 || s.Share != vp.Share {
				t.Errorf("%s, %v: energy %g of share %g, the unit said %g of %g", c.ID, vp.View, vp.Energy, vp.Share, s.Energy, s.Share)
			}
		}
	}
	short := u.Test[0]
	short.Dir = t.TempDir()
	if _, err := m.Predict(context.Background(), short); err == nil || !strings.Contains(err.Error(), "sagittal") {
		t.Errorf("a case without the view: %v", err)
	}
}

// TestUpsample holds Go's bilinear enlargement and min–max against libtorch's.
func TestUpsample(t *testing.T) {
	testenv.Torch(t)
	m := Map{H: 8, W: 8, Raw: make([]float32, 64)}
	r := draw.New("map")
	for i := range m.Raw {
		m.Raw[i] = max(float32(r.NormFloat64()), 0)
	}
	got := m.Upsample(96)
	var want []float64
	if err := torch.Do(torch.Mode{}, func(s *torch.Scope) {
		want = s.Floats(normaliseMap(s, s.Upsample(torch.New(s, m.Raw, torch.CPU, 1, 8, 8), 96, 96)), 96*96)
	}); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if math.Abs(float64(got[i])-want[i]) > 1e-5 {
			t.Fatalf("pixel %d: %g, libtorch %g", i, got[i], want[i])
		}
	}
	for _, x := range (Map{2, 2, []float32{3, 3, 3, 3}}).Upsample(8) {
		if x != 0 {
			t.Fatal("a flat map is not zero")
		}
	}
}
