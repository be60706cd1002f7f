package magn

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"magn/internal/cohort"
	"magn/internal/torch"
)

// Result is what a unit found out; model.safetensors and maps.safetensors lie in
// its folder.
type Result struct {
	Backbone  string  // of the final fit, where the inner split chose it; else empty
	Lambda    float64 // of the final fit; 0 without attention
	Epochs    int     // of the final fit
	Threshold float64 // on the score; 0.5 where there was no inner split
	Scores    []Score
	Maps      []MapScore
	Fits      []Fit
	History   []Epoch
	Seconds   float64
	PeakBytes int64 // resident memory
	Device    string
}

// Score is the answer for one held-out case.
type Score struct {
	Case, Group string
	Label       int
	Logit       float64
	Score       float64 // probability of the positive class
}

// Fit is one fitted step and the groups that it saw.
type Fit struct {
	Step   string
	Groups []string
}

// Files of a unit's folder that this package writes.
const (
	ModelFile = "model.safetensors"
	MapsFile  = "maps.safetensors"
)

// OpenDevice resolves auto, cpu or cuda, and sets the number of threads (0: one
// a processor).
func OpenDevice(device string, threads int) (torch.Device, error) {
	if device != "auto" && device != "cpu" && device != "cuda" {
		return torch.CPU, settingError("device", device, "auto, cpu or cuda")
	}
	info, err := torch.GetInfo()
	if err != nil {
		return torch.CPU, err
	}
	if threads == 0 {
		threads = runtime.NumCPU()
	}
	if err := torch.SetThreads(threads); err != nil {
		return torch.CPU, err
	}
	switch {
	case device == "cuda" && info.Devices == 0:
		return torch.CPU, settingError("device", "cuda", "auto or cpu: libtorch "+info.Version+" sees no CUDA device here")
	case device != "cpu" && info.Devices > 0:
		return 0, torch.SetDeterministic(true)
	}
	return torch.CPU, nil
}

// RunUnit trains and evaluates one unit in u.Dir, which exists. It goes on from
// the folder's checkpoint where there is one of the same hash. The caller writes
// the Result and then calls RemoveCheckpoint.
func RunUnit(ctx context.Context, u Unit, report func(Event)) (*Result, error) {
	start := time.Now()
	if err := u.Check(); err != nil {
		return nil, err
	}
	device, err := OpenDevice(u.Training.Device, u.Training.Threads)
	if err != nil {
		return nil, err
	}
	info, err := torch.GetInfo()
	if err != nil {
		return nil, err
	}
	p, err := readProgress(u.Dir, fmt.Sprintf("%s, device %d, %d threads", u.Hash, device, info.Threads))
	if err != nil {
		return nil, err
	}
	r := &run{unit: u, in: newInput(u.Network.Views, u.Training), device: device, progress: p, report: report, saved: start}
	res, err := r.all(ctx)
	if err != nil {
		return nil, err
	}
	res.History, res.Device, res.Seconds, res.PeakBytes = r.progress.History, "cpu", time.Since(start).Seconds(), peakMemory()
	if device != torch.CPU {
		res.Device = "cuda"
	}
	return res, nil
}

// run is one call of RunUnit.
type run struct {
	unit     Unit
	in       *input
	device   torch.Device
	progress progress
	report   func(Event)
	saved    time.Time // of the last checkpoint
	planned  int       // epochs of all stages
	done     int
}

func (r *run) all(ctx context.Context) (*Result, error) {
	u, t := r.unit, r.unit.Training
	candidates, several := u.candidates(), len(u.Backbones) > 1
	res := &Result{Lambda: candidates[0].lambda, Epochs: t.Epochs, Threshold: 0.5}
	r.planned = t.Epochs
	if t.InnerFraction > 0 {
		train, val, err := innerSplit(u)
		if err != nil {
			return nil, err
		}
		r.planned = t.Epochs * (len(candidates) + 1)
		for i, c := range candidates {
			st := stage{name: "inner", lambda: c.lambda, train: train, val: val, epochs: t.Epochs}
			if several {
				st.backbone = c.backbone
				st.name += " " + c.backbone
			}
			if u.Attention {
				st.name += fmt.Sprintf(" λ=%g", c.lambda)
			}
			if err := r.inner(ctx, i, st); err != nil {
				return nil, err
			}
		}
		var logits []float64
		var chosen candidate
		chosen, res.Epochs, logits = choose(r.progress.Inner)
		res.Backbone, res.Lambda = chosen.backbone, chosen.lambda
		res.Threshold = threshold(logits, val)
		saw := r.progress.Choice.sorted()
		res.Fits = append(res.Fits, Fit{"epoch", saw}, Fit{"threshold", saw})
		if several {
			res.Fits = append(res.Fits, Fit{"backbone", saw})
		}
		if u.Attention && len(t.Lambda) > 1 {
			res.Fits = append(res.Fits, Fit{"lambda", saw})
		}
		r.planned -= t.Epochs - res.Epochs
	}
	return res, r.final(ctx, res, len(candidates))
}

// inner runs one inner stage, or the rest of it, or nothing where it is done.
func (r *run) inner(ctx context.Context, index int, st stage) error {
	if r.progress.Stage > index {
		r.done += st.epochs
		return nil
	}
	tr, err := r.begin(st)
	if err != nil {
		return err
	}
	defer tr.Close()
	if len(r.progress.Inner) <= index {
		r.progress.Inner = append(r.progress.Inner, innerResult{Backbone: st.backbone, Lambda: st.lambda})
	}
	in := &r.progress.Inner[index]
	for e := r.progress.Epochs; e < st.epochs; e++ {
		row, err := tr.epoch(ctx, st, e, r.progress.Choice)
		if err != nil {
			return err
		}
		answers, err := evaluate(ctx, tr.net, r.in, tr.mode, st.val, 0)
		if err != nil {
			return err
		}
		r.progress.Choice.addAnswers(answers)
		logits := make([]float64, len(answers))
		for i, a := range answers {
			logits[i] = a.logit
		}
		row.Validation = crossEntropy(logits, st.val)
		if math.IsNaN(row.Validation) || math.IsInf(row.Validation, 0) {
			return diverged(st, e)
		}
		in.Losses, in.Logits = append(in.Losses, row.Validation), append(in.Logits, logits)
		if err := r.after(tr, st, row); err != nil {
			return err
		}
	}
	r.progress.Stage, r.progress.Epochs, r.progress.Steps = index+1, 0, 0
	return r.save(nil)
}

// final trains on all training cases and answers for the test cases, once.
func (r *run) final(ctx context.Context, res *Result, index int) error {
	st := stage{name: "fit", backbone: res.Backbone, lambda: res.Lambda, train: r.unit.Train, epochs: res.Epochs}
	if r.progress.Stage < index {
		r.progress.Stage = index
	}
	tr, err := r.begin(st)
	if err != nil {
		return err
	}
	defer tr.Close()
	for e := r.progress.Epochs; e < st.epochs; e++ {
		row, err := tr.epoch(ctx, st, e, r.progress.Weights)
		if err != nil {
			return err
		}
		if err := r.after(tr, st, row); err != nil {
			return err
		}
	}
	r.report(Event{Stage: "evaluate", Epoch: st.epochs, Epochs: st.epochs, Done: 0.99})
	tr.dropOptimiser()
	origin := *r.in // one slice a view is enough for the mean of hundreds of cases
	origin.training.Slices = 1
	train, err := evaluate(ctx, tr.net, &origin, tr.mode, r.unit.Train, 0)
	if err != nil {
		return err
	}
	mean := groupSet{}
	mean.addAnswers(train)
	res.Fits = append([]Fit{{"weights", r.progress.Weights.sorted()}, {"contribution mean", mean.sorted()}}, res.Fits...)
	widths, seen := r.in.gaussians(train)
	res.Fits = append(res.Fits, Fit{"gaussian width", seen.sorted()})
	answers, err := evaluate(ctx, tr.net, r.in, tr.mode, r.unit.Test, mapShifts)
	if err != nil {
		return err
	}
	if err := r.saveModel(tr.net, res, train); err != nil {
		return err
	}
	return r.answers(res, answers, widths)
}

// begin makes the trainer of a stage, from the checkpoint where one stopped in it.
func (r *run) begin(st stage) (*trainer, error) {
	if err := os.MkdirAll(r.unit.Dir, 0o755); err != nil {
		return nil, err
	}
	u := r.unit
	if st.backbone != "" {
		u.Network.Backbone = st.backbone
	}
	tr, err := newTrainer(u, r.in, r.device)
	if err != nil {
		return nil, err
	}
	if r.progress.Epochs > 0 {
		if err := tr.loadTensors(r.unit.Dir); err != nil {
			tr.Close()
			return nil, err
		}
		tr.opt.steps = r.progress.Steps
		r.done += r.progress.Epochs
		r.report(Event{Stage: st.name, Epoch: r.progress.Epochs, Epochs: st.epochs, Done: r.share(), Message: "goes on from its checkpoint"})
	}
	return tr, nil
}

// after notes an epoch and saves a checkpoint when it is time.
func (r *run) after(tr *trainer, st stage, row Epoch) error {
	r.progress.History = append(r.progress.History, row)
	r.progress.Epochs, r.progress.Steps = row.Epoch, tr.opt.steps
	r.done++
	e := Event{Stage: st.name, Epoch: row.Epoch, Epochs: st.epochs, Done: r.share(), Loss: row.Classification}
	if !math.IsNaN(row.Validation) {
		e.ValLoss = row.Validation
	}
	r.report(e)
	if time.Since(r.saved).Seconds() >= r.unit.Training.CheckpointSec {
		return r.save(tr)
	}
	return nil
}

func (r *run) save(tr *trainer) error {
	err := saveCheckpoint(r.unit.Dir, r.progress, tr)
	r.saved = time.Now()
	return err
}

// share is how much of the unit's work is done; evaluation is the last hundredth.
func (r *run) share() float64 { return 0.99 * float64(r.done) / float64(r.planned) }

func (r *run) saveModel(n *Net, res *Result, train []answer) error {
	info := ModelInfo{
		Network: n.Network, Training: r.unit.Training, Threshold: res.Threshold, TrainingMean: map[string]float64{},
	}
	for v, view := range n.Views {
		for _, a := range train {
			info.TrainingMean[view.String()] += a.terms[v] / float64(len(train))
		}
	}
	return n.Save(filepath.Join(r.unit.Dir, ModelFile), info)
}

// mapShifts is how many shifted crops a held-out case's map is looked at on.
const mapShifts = 4

func (r *run) answers(res *Result, answers []answer, widths []float64) error {
	var maps []torch.Named
	for _, a := range answers {
		res.Scores = append(res.Scores, a.score())
		for v, view := range r.unit.Network.Views {
			size := r.unit.Training.Crop
			fixed := gaussian(size, widths[v])
			places := append([][2]int{centred}, r.in.shifts(a.subject.Case, view, mapShifts)...)
			for i, shift := range places {
				m, flags := a.cams[v][i].rectified(a.logit > 0), r.in.flags(a.subject.views[v][0], shift)
				res.Maps = append(res.Maps, MapScore{
					Case: a.subject.ID, Group: a.subject.Group, View: view, Crop: i, Shift: shift,
					Overlap: score(m.enlarge(size), flags), Gaussian: score(fixed, flags),
				})
				if i == 0 {
					maps = append(maps, m.named(mapKey(a.subject.Case, view.String())))
				}
			}
		}
	}
	return torch.WriteSafetensors(filepath.Join(r.unit.Dir, MapsFile), nil, maps)
}

func mapKey(c cohort.Case, view string) string { return c.ID + "/" + view }
