package study

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"magn/internal/cohort"
	"magn/internal/evidence"
	"magn/internal/magn"
	"magn/internal/tabular"
)

// Unit is one arm on one fold with one seed: what a worker is handed. One of
// Network, Recentred, Exam and Table says what is to be done.
type Unit struct {
	Arm   string        `json:"arm"`
	Fold  int           `json:"fold"`
	Seed  int           `json:"seed"`
	Train []cohort.Case `json:"train"`
	Test  []cohort.Case `json:"test"`
	Dir   string        `json:"dir"`  // where the results go
	Hash  string        `json:"hash"` // of everything that the result depends on

	Threads int `json:"threads"` // of the worker; 0: one a processor

	Network   *NetworkWork      `json:"network,omitempty"`
	Recentred *RecentredWork    `json:"recentred,omitempty"`
	Exam      *ExamWork         `json:"exam,omitempty"`
	Table     *tabular.Settings `json:"table,omitempty"`
	Features  string            `json:"features,omitempty"` // folder that tables of features are kept in
}

// NetworkWork is to train a network and to answer with it.
type NetworkWork struct {
	Attention bool          `json:"attention"`
	Network   magn.Network  `json:"network"`
	Backbones []string      `json:"backbones,omitempty"` // for the inner split to choose Network.Backbone from, where there are several
	Training  magn.Training `json:"training"`
}

// RecentredWork is to answer with the network of another unit on other crops.
type RecentredWork struct {
	Unit   string      `json:"unit"` // hash of the unit that trained the network
	Dir    string      `json:"dir"`  // its folder
	Centre magn.Centre `json:"centre"`
	Device string      `json:"device"`
}

// ExamWork is to change crops along the heat maps of another unit of the same
// arm, and to see what becomes of its answers.
type ExamWork struct {
	Unit   string `json:"unit"` // hash of the unit that trained the network
	Dir    string `json:"dir"`  // its folder
	Steps  int    `json:"steps"`
	Device string `json:"device"`
}

// needs is the unit whose network this one answers with, by hash and folder.
func (u Unit) needs() (hash, dir string) {
	switch {
	case u.Recentred != nil:
		return u.Recentred.Unit, u.Recentred.Dir
	case u.Exam != nil:
		return u.Exam.Unit, u.Exam.Dir
	}
	return "", ""
}

// Result is what a unit found out; larger files lie in its folder.
type Result struct {
	Predictions []evidence.Prediction
	Fits        []evidence.Fit
	Threshold   float64 // on the score; 0.5 where nothing chose one
	Backbone    string  // of a network, where the inner split chose it
	Lambda      float64 // of a network with attention
	Epochs      int     // of a network
	Maps        []evidence.MapRow
	Exams       []evidence.ExamRow
	History     []magn.Epoch
	Features    []evidence.Feature // of a table: what the fold chose
	Candidates  int                // … of how many
	Notes       []string           // what a reader of the numbers should know

	Seconds   float64
	PeakBytes int64 // resident memory
	Device    string
}

// network is the unit as the trainer takes it.
func (u Unit) network() magn.Unit {
	w := u.Network
	m := magn.Unit{
		Arm: u.Arm, Attention: w.Attention, Fold: u.Fold, Seed: u.Seed, Network: w.Network, Backbones: w.Backbones, Training: w.Training,
		Train: u.Train, Test: u.Test, Dir: u.Dir, Hash: u.Hash,
	}
	m.Training.Threads = u.Threads
	return m
}

func (u Unit) table() tabular.Unit {
	return tabular.Unit{
		Arm: u.Arm, Fold: u.Fold, Seed: u.Seed, Settings: *u.Table, Train: u.Train, Test: u.Test,
		Dir: u.Dir, Hash: u.Hash, FeaturesDir: u.Features, Threads: u.Threads,
	}
}

// check says whether a unit can be run, as far as that shows without its images.
func (u Unit) check() error {
	switch {
	case u.Network != nil:
		return u.network().Check()
	case u.Table != nil:
		return u.table().Check()
	}
	if u.Exam != nil {
		return nil
	}
	return u.Recentred.Centre.Validate()
}

// files are what a done unit has besides unit.json, which has their sums.
func (u Unit) files() []string {
	switch {
	case u.Network != nil:
		return []string{predictionsFile, mapRowsFile, fitsFile, historyFile, modelFile, mapsFile}
	case u.Table != nil:
		return []string{predictionsFile, fitsFile, featuresFile, tableModelFile}
	case u.Exam != nil:
		return []string{examsFile}
	}
	return []string{predictionsFile, fitsFile}
}

// runUnit does a unit's work.
func runUnit(ctx context.Context, u Unit, report func(magn.Event)) (*Result, error) {
	switch {
	case u.Network != nil:
		r, err := magn.RunUnit(ctx, u.network(), report)
		if err != nil {
			return nil, err
		}
		return u.ofNetwork(r), nil
	case u.Table != nil:
		return u.tabled(ctx, report)
	}
	path, rec, err := u.trained()
	if err != nil {
		return nil, err
	}
	if u.Exam != nil {
		return u.examined(ctx, path, report)
	}
	return u.recentred(ctx, path, rec)
}

// predictions of the scores of a unit.
func (u Unit) predictions(scores []magn.Score, threshold float64) []evidence.Prediction {
	out := make([]evidence.Prediction, 0, len(scores))
	for _, s := range scores {
		out = append(out, evidence.Prediction{
			Case: s.Case, Group: s.Group, Arm: u.Arm, Fold: u.Fold, Seed: u.Seed,
			Label: s.Label, Logit: s.Logit, Score: s.Score, Threshold: threshold,
		})
	}
	return out
}

func (u Unit) ofNetwork(r *magn.Result) *Result {
	out := &Result{
		Predictions: u.predictions(r.Scores, r.Threshold), Threshold: r.Threshold, Backbone: r.Backbone, Lambda: r.Lambda, Epochs: r.Epochs,
		History: r.History, Seconds: r.Seconds, PeakBytes: r.PeakBytes, Device: r.Device,
	}
	for _, m := range r.Maps {
		out.Maps = append(out.Maps, evidence.MapRow{
			Case: m.Case, Group: m.Group, Arm: u.Arm, Fold: u.Fold, Seed: u.Seed, View: m.View.String(),
			Crop: m.Crop, ShiftX: m.Shift[0], ShiftY: m.Shift[1], Share: m.Share,
			Map:      evidence.Overlap{Energy: m.Energy, IoU: m.IoU, Hit: m.Hit},
			Gaussian: evidence.Overlap{Energy: m.Gaussian.Energy, IoU: m.Gaussian.IoU, Hit: m.Gaussian.Hit},
			Zero:     m.Zero,
		})
	}
	for _, f := range r.Fits {
		out.Fits = append(out.Fits, evidence.Fit(f))
	}
	return out
}

func (u Unit) ofTable(r *tabular.Result) *Result {
	scores := make([]magn.Score, len(r.Scores))
	for i, s := range r.Scores {
		scores[i] = magn.Score(s)
	}
	out := &Result{
		Predictions: u.predictions(scores, r.Threshold), Threshold: r.Threshold, Candidates: r.Candidates, Notes: r.Notes,
		Seconds: r.Seconds, PeakBytes: r.PeakBytes, Device: "cpu",
	}
	for _, f := range r.Fits {
		out.Fits = append(out.Fits, evidence.Fit{Step: f.Step, Groups: f.Groups})
	}
	for _, f := range r.Features {
		out.Features = append(out.Features, evidence.Feature{Name: f.Name, Rank: f.Rank, Importance: f.Importance, Used: f.Used})
	}
	return out
}

// trained is the network of the unit that this one needs, and that unit's record.
func (u Unit) trained() (path string, rec *Record, err error) {
	hash, dir := u.needs()
	if rec, err = readRecord(dir); err != nil {
		return "", nil, err
	}
	if rec == nil || rec.Hash != hash {
		return "", nil, fmt.Errorf("%s: the unit whose network answers is not done, or was done with other settings", dir)
	}
	for _, name := range []string{modelFile, fitsFile} {
		if err := rec.unchanged(dir, name); err != nil {
			return "", nil, err
		}
	}
	return filepath.Join(dir, modelFile), rec, nil
}

// recentred answers with another unit's network. What that unit fitted is what
// this one rests on.
func (u Unit) recentred(ctx context.Context, path string, rec *Record) (*Result, error) {
	start := time.Now()
	fits, err := evidence.ReadFits(filepath.Join(u.Recentred.Dir, fitsFile))
	if err != nil {
		return nil, err
	}
	scores, err := magn.Recentred(ctx, path, u.Recentred.Centre, u.Test, u.Recentred.Device, u.Threads)
	if err != nil {
		return nil, err
	}
	return &Result{
		Predictions: u.predictions(scores, rec.Threshold), Threshold: rec.Threshold, Fits: fits,
		Backbone: rec.Backbone, Lambda: rec.Lambda, Epochs: rec.Epochs, Device: rec.Device, Seconds: time.Since(start).Seconds(),
	}, nil
}

func (u Unit) examined(ctx context.Context, path string, report func(magn.Event)) (*Result, error) {
	start := time.Now()
	exams, err := magn.Examine(ctx, path, u.Train, u.Test, u.Exam.Steps, u.Exam.Device, u.Threads, report)
	if err != nil {
		return nil, err
	}
	out := &Result{}
	for _, e := range exams {
		out.Exams = append(out.Exams, evidence.ExamRow{
			Case: e.Case, Group: e.Group, Arm: u.Arm, Fold: u.Fold, Seed: u.Seed, View: e.View.String(), Crop: e.Crop, ShiftX: e.Shift[0], ShiftY: e.Shift[1],
			Otsu: evidence.Along(e.Otsu), Deletion: evidence.Along(e.Deletion), Insertion: evidence.Along(e.Insertion),
			True: evidence.TrueExam{
				Overlap: evidence.Overlap{Energy: e.True.Energy, IoU: e.True.IoU, Hit: e.True.Hit},
				Otsu:    e.True.Otsu, Deletion: e.True.Deletion, Insertion: e.True.Insertion, Zero: e.True.Zero,
			},
		})
	}
	out.Seconds = time.Since(start).Seconds()
	return out, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
