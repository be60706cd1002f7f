package study

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"magn/internal/cohort"
	"magn/internal/draw"
	"magn/internal/evidence"
	"magn/internal/fault"
	"magn/internal/magn"
	"magn/internal/volume"
)

// A test binary is also the worker, with a runner that trains nothing, and the
// process that runs a study, so that both can be killed.
func TestMain(m *testing.M) {
	grace = 2 * time.Second
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "fake-work":
			ctx, stop := context.WithCancel(context.Background())
			onTerm(stop)
			w := Worker{Run: fakeRunner(os.Args[2]), Version: "test", Abandon: func() { os.Exit(1) }}
			if os.Args[2] == realWork {
				w.Run = nil
			}
			if err := w.Work(ctx, os.Stdin, os.Stdout); err != nil {
				os.Exit(fault.Code(err))
			}
			os.Exit(0)
		case "fake-run":
			s, err := Open(os.Args[3])
			if err == nil {
				_, err = s.Run(context.Background(), Options{Command: fakeCommand(os.Args[2])})
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
			os.Exit(fault.Code(err))
		}
	}
	os.Exit(m.Run())
}

// realWork is a mode in which the worker does what it is for.
const realWork = "real"

func fakeCommand(mode string) []string {
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return []string{exe, "fake-work", mode}
}

// fakeRunner answers from the unit's hash, epoch by epoch, and goes on from a
// checkpoint as the real one does. mode is what goes wrong: "", or words like
// "crash sagittal 0" for a worker that dies in that arm and fold.
func fakeRunner(mode string) func(context.Context, Unit, func(magn.Event)) (*Result, error) {
	words := append(strings.Fields(mode), "", "", "")
	return func(ctx context.Context, u Unit, report func(magn.Event)) (*Result, error) {
		if u.Network == nil {
			return fakeOther(u)
		}
		training := u.Network.Training
		hit := words[1] == "" || words[1] == u.Arm && words[2] == fmt.Sprint(u.Fold)
		var state struct {
			Hash  string
			Epoch int
			Sum   float64
		}
		checkpoint := filepath.Join(u.Dir, checkpointFile)
		if data, err := os.ReadFile(checkpoint); err == nil {
			if err := json.Unmarshal(data, &state); err != nil {
				return nil, &fault.Input{File: checkpoint, Err: err}
			}
			if state.Hash != u.Hash {
				return nil, fmt.Errorf("checkpoint of another unit was left in %s", u.Dir)
			}
			report(magn.Event{Message: "goes on from its checkpoint", Done: float64(state.Epoch) / float64(training.Epochs)})
		}
		state.Hash = u.Hash
		res := &magn.Result{Threshold: 0.5, Epochs: training.Epochs, Lambda: training.Lambda[0], Device: "fake"}
		for e := state.Epoch; e < training.Epochs; e++ {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			time.Sleep(2 * time.Millisecond)
			state.Sum += draw.New(u.Hash, e).Float64()
			state.Epoch++
			data, err := json.Marshal(state)
			if err != nil {
				return nil, err
			}
			if err := writeFile(checkpoint, data); err != nil {
				return nil, err
			}
			report(magn.Event{Stage: "fit", Epoch: e + 1, Epochs: training.Epochs, Done: float64(e+1) / float64(training.Epochs)})
			if hit && e >= 1 {
				if err := goWrong(ctx, words[0], u); err != nil {
					return nil, err
				}
			}
		}
		for _, name := range u.Network.Backbones { // the last is the best, at its end
			for e, l := range map[string][]float64{"resnet18": {0.75, 0.75}, "resnet34": {0.75, 0.25}}[name] {
				res.History = append(res.History, magn.Epoch{Stage: "inner " + name, Backbone: name, Lambda: training.Lambda[0], Epoch: e + 1, Validation: l})
			}
			res.Backbone = name
		}
		for e := range training.Epochs {
			res.History = append(res.History, magn.Epoch{Stage: "fit", Epoch: e + 1, Classification: draw.New(u.Hash, e).Float64(), Validation: math.NaN()})
		}
		groups := []string{}
		for _, c := range u.Train {
			groups = append(groups, c.Group)
		}
		for _, step := range u.steps(res.Threshold, nil) {
			if words[0] != "forget" || !hit || step != "lambda" {
				res.Fits = append(res.Fits, magn.Fit{Step: step, Groups: groups})
			}
		}
		if words[0] == "leak" && hit {
			res.Fits[0].Groups = append(slices.Clone(groups), u.Test[0].Group)
		}
		for _, c := range u.Test {
			z := float64(2*c.Label-1) + draw.New(state.Sum, c.ID).NormFloat64()
			res.Scores = append(res.Scores, magn.Score{Case: c.ID, Group: c.Group, Label: c.Label, Logit: z, Score: sigmoid(z)})
			for _, v := range u.Network.Network.Views {
				res.Maps = append(res.Maps, magn.MapScore{Case: c.ID, Group: c.Group, View: v, Overlap: magn.Overlap{Energy: 0.5, Share: 0.25, IoU: 0.5}})
			}
		}
		for _, name := range []string{modelFile, mapsFile} {
			if err := writeFile(filepath.Join(u.Dir, name), []byte(name+u.Hash)); err != nil {
				return nil, err
			}
		}
		return u.ofNetwork(res), nil
	}
}

// fakeOther answers without a network: a table's features are those of the arm's
// views, and what answers with another unit's network must find it done.
func fakeOther(u Unit) (*Result, error) {
	if u.Exam != nil {
		rec, err := readRecord(u.Exam.Dir)
		if err != nil || rec == nil || rec.Hash != u.Exam.Unit {
			return nil, fmt.Errorf("%s: not done before its maps (%v)", u.Exam.Dir, err)
		}
		res := &Result{}
		for _, c := range u.Test {
			for crop := range 2 {
				res.Exams = append(res.Exams, evidence.ExamRow{Case: c.ID, Group: c.Group, Arm: u.Arm, Fold: u.Fold, Seed: u.Seed, View: "sagittal", Crop: crop, ShiftX: crop, Deletion: evidence.Along{Map: 0.25, Gaussian: 0.5}})
			}
		}
		return res, nil
	}
	res := &Result{Threshold: 0.5, Device: "fake", Candidates: 3}
	for _, step := range u.steps(res.Threshold, nil) {
		res.Fits = append(res.Fits, evidence.Fit{Step: step, Groups: groupsOf(u.Train)})
	}
	var scores []magn.Score
	for _, c := range u.Test {
		z := float64(2*c.Label-1) + draw.New(u.Hash, c.ID).NormFloat64()
		scores = append(scores, magn.Score{Case: c.ID, Group: c.Group, Label: c.Label, Logit: z, Score: sigmoid(z)})
	}
	res.Predictions = u.predictions(scores, res.Threshold)
	if u.Recentred != nil {
		rec, err := readRecord(u.Recentred.Dir)
		if err != nil || rec == nil || rec.Hash != u.Recentred.Unit {
			return nil, fmt.Errorf("%s: not done before %s (%v)", u.Recentred.Dir, u.Arm, err)
		}
		res.Fits, err = evidence.ReadFits(filepath.Join(u.Recentred.Dir, fitsFile))
		return res, err
	}
	for i, v := range u.Table.Views {
		res.Features = append(res.Features, evidence.Feature{Name: v.String() + "_original_firstorder_Mean", Rank: i + 1, Importance: 1 / float64(i+1), Used: i == 0})
	}
	return res, writeFile(filepath.Join(u.Dir, tableModelFile), []byte(u.Hash))
}

func goWrong(ctx context.Context, how string, u Unit) error {
	once := filepath.Join(filepath.Dir(u.Dir), "crashed-once")
	switch how {
	case "crash":
		fmt.Fprintln(os.Stderr, "terminate called after throwing")
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "crash-once":
		if !exists(once) {
			if err := os.WriteFile(once, nil, 0o644); err != nil {
				return err
			}
			os.Exit(2)
		}
	case "silent":
		os.Exit(0)
	case "input":
		return &fault.Input{File: "case.nii.gz", Found: "nonsense"}
	case "missing":
		return &fault.Missing{What: "libtorch", Do: "make native"}
	case "full":
		return fmt.Errorf("write %s: %w", modelFile, &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC})
	case "device":
		return &magn.SettingError{Key: "device", Found: "cuda", Expected: "auto or cpu"}
	case "memory":
		return fmt.Errorf("torch: [enforce fail at alloc_cpu.cpp:75] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9437184 bytes")
	case "unloadable":
		return &fault.Missing{What: "libtorch", Do: "make native", Err: errors.New("libtorch_cpu.so: failed to map segment from shared object")}
	case "slow":
		<-ctx.Done()
		return ctx.Err()
	case "deaf":
		select {}
	}
	return nil
}

const fixtureConfig = `name: fixture
positive: tumour
classes: [tumour, other]
folds: 2
arms: [sagittal, sagittal-attention]
network: {backbone: resnet18}
training: {epochs: 4, lambda: [0.5], precision: fp32, crop: 32, threads: 1}
map_steps: 0
`

// fixture is a study folder with small cases: two of each class but the last,
// who lacks the axial view.
func fixture(t testing.TB, config string) string {
	t.Helper()
	return fixtureOf(t, "", config)
}

// fixtureOf is fixture with a prefix before every id and group, and so with other
// images.
func fixtureOf(t testing.TB, prefix, config string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "study")
	w, err := cohort.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := &cohort.Cohort{Positive: "tumour", Negative: "other"}
	for i := range 9 {
		k := cohort.Case{ID: fmt.Sprintf("%sp%d", prefix, i), Group: fmt.Sprintf("%sg%d", prefix, i), Class: "other"}
		if i%2 == 1 {
			k.Class, k.Label = "tumour", 1
		}
		c.Cases = append(c.Cases, k)
		for _, v := range volume.Views {
			if i == 8 && v == volume.Axial {
				continue
			}
			image, mask := stackOf(k.ID, v, k.Label)
			if err := w.Stack(k.ID, v, 1, image, mask, cohort.Sidecar{ScaledBy: cohort.ByStack}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := w.Commit(c); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// stackOf is 12×12×2 voxels of noise with a square lesion, in the view's own
// standing.
func stackOf(id string, v volume.View, label int) (*volume.Volume, *volume.Mask) {
	axes := map[volume.View][3][3]float64{
		volume.Sagittal: {{0, -1, 0}, {0, 0, -1}, {1, 0, 0}},
		volume.Coronal:  {{-1, 0, 0}, {0, 0, -1}, {0, -1, 0}},
		volume.Axial:    {{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}},
	}[v]
	g := volume.Grid{Size: [3]int{12, 12, 2}, SpacingKnown: true}
	for column, d := range axes {
		for r, x := range d {
			g.Affine[r][column] = x
		}
	}
	image := &volume.Volume{Grid: g, Data: make([]float32, g.Len())}
	mask := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	rng := draw.New("study fixture", id, v)
	for i := range image.Data {
		image.Data[i] = float32(rng.IntN(200))
		if x, y := i%12, i/12%12; x >= 4 && x < 8 && y >= 4 && y < 8 {
			mask.Labels[i] = 1
			image.Data[i] += float32(50 * label)
		}
	}
	return image, mask
}

func open(t testing.TB, dir string) *Study {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// run runs a study with the fake worker.
func run(t testing.TB, dir, mode string) (Summary, error) {
	t.Helper()
	return open(t, dir).Run(t.Context(), Options{Command: fakeCommand(mode)})
}

func mustRun(t testing.TB, dir string) {
	t.Helper()
	if _, err := run(t, dir, ""); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, parts ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// answers are the bytes of everything that must not depend on how often a study
// was killed: predictions, fits and maps of every unit, weights, and the results.
func answers(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{resultsFile: read(t, dir, reportFolder, resultsFile)}
	paths, err := filepath.Glob(filepath.Join(dir, runsFolder, "*", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		switch filepath.Base(p) {
		case predictionsFile, mapRowsFile, fitsFile, mapsFile, modelFile, settingsFile:
			rel, _ := filepath.Rel(dir, p)
			out[rel] = read(t, p)
		}
	}
	if len(out) < 10 {
		t.Fatalf("%s: only %d answers", dir, len(out))
	}
	return out
}

func asInput(t testing.TB, err error) *fault.Input {
	t.Helper()
	var in *fault.Input
	if !errors.As(err, &in) {
		t.Fatalf("%v: not a *fault.Input", err)
	}
	return in
}
