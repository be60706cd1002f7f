package tabular

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"magn/internal/boost"
	"magn/internal/cohort"
	"magn/internal/draw"
	"magn/internal/stats"
)

// Unit is one arm on one fold with one seed.
type Unit struct {
	Arm         string        `json:"arm"`
	Fold        int           `json:"fold"`
	Seed        int           `json:"seed"`
	Settings    Settings      `json:"settings"`
	Train       []cohort.Case `json:"train"`
	Test        []cohort.Case `json:"test"`
	Dir         string        `json:"dir"`          // where the results go; it exists
	Hash        string        `json:"hash"`         // of everything that the result depends on
	FeaturesDir string        `json:"features_dir"` // the study's features folder; empty: nothing is kept
	Threads     int           `json:"threads"`      // cases described at a time, which no result depends on; 0: one a processor
}

// Score is the answer for one held-out case.
type Score struct {
	Case, Group string
	Label       int
	Logit       float64 // log-odds of the positive class
	Score       float64 // probability of the positive class
}

// Fit is one fitted step and the groups that it saw, sorted.
type Fit struct {
	Step   string
	Groups []string
}

// Feature is what this unit's fit chose: one of the ranking's top.
type Feature struct {
	Name       string
	Rank       int     // from 1
	Importance float64 // share of the forest's decrease of Gini impurity
	Used       bool    // the trees were trained on it
}

// Result is what a unit found out.
type Result struct {
	Threshold  float64 // on the score; 0.5 where there was no inner split
	Scores     []Score
	Fits       []Fit
	Features   []Feature
	Notes      []string // what a reader of the numbers should know, with how many cases it concerns
	Seconds    float64
	PeakBytes  int64 // resident memory of the process
	Candidates int   // features offered to the ranking
}

// ModelFile is the classifier (package boost) in a unit's folder.
const ModelFile = "model.json"

// Check says whether a unit can be run, without opening a file.
func (u Unit) Check() error {
	if err := u.Settings.Validate(); err != nil {
		return err
	}
	if u.Settings.InnerFraction > 0 {
		_, err := cohort.InnerSplit(u.Train, u.Settings.InnerFraction, u.Seed, u.Fold)
		return err
	}
	return nil
}

// RunUnit fits on the training cases, answers for the test cases and writes
// ModelFile. The error is a *fault.Input where a case or a file
// cannot be used, ErrNoFeatures among them, a *SettingError, or of XGBoost.
// report may be nil; its calls do not overlap.
func RunUnit(ctx context.Context, u Unit, report func(done float64, message string)) (*Result, error) {
	start := time.Now()
	if report == nil {
		report = func(float64, string) {}
	}
	if err := u.Check(); err != nil {
		return nil, err
	}
	train, test, err := u.rows(ctx, report)
	if err != nil {
		return nil, err
	}
	res := &Result{Threshold: 0.5}
	var saw []string
	if u.Settings.InnerFraction > 0 {
		report(0.8, "inner split")
		if res.Threshold, saw, err = u.inner(ctx, train); err != nil {
			return nil, err
		}
	}
	report(0.9, "fit")
	c, cols, err := u.learn(ctx, train, "fit")
	if err != nil {
		return nil, err
	}
	for _, f := range append([]boost.Fit{cols.fit}, c.Fits()...) {
		res.Fits = append(res.Fits, Fit(f))
	}
	if saw != nil {
		res.Fits = append(res.Fits, Fit{"threshold", saw})
	}
	if res.Scores, err = answer(ctx, c, test); err != nil {
		return nil, err
	}
	res.Candidates, res.Features = len(cols.names), chosen(c)
	res.Notes = append(notes(append(slices.Clone(train), test...)), cols.leftOut...)
	if err := c.Save(filepath.Join(u.Dir, ModelFile)); err != nil {
		return nil, err
	}
	res.Seconds, res.PeakBytes = time.Since(start).Seconds(), peakMemory()
	report(1, "done")
	return res, nil
}

// rows describes all cases, the training ones first. Which come first is drawn, so
// that units that start together do not compute the same ones twice.
func (u Unit) rows(ctx context.Context, report func(float64, string)) (train, test []Row, err error) {
	e, err := u.Settings.extraction()
	if err != nil {
		return nil, nil, err
	}
	cases := slices.Concat(u.Train, u.Test)
	all := make([]Row, len(cases))
	threads := u.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(threads)
	var mu sync.Mutex
	done := 0
	for _, i := range draw.New("extract", u.Arm, u.Fold, u.Seed).Perm(len(cases)) {
		g.Go(func() error {
			if inner.Err() != nil {
				return inner.Err()
			}
			row, err := extract(inner, cases[i], u.Settings, e, u.FeaturesDir)
			if err != nil {
				return err
			}
			all[i] = row
			mu.Lock()
			defer mu.Unlock()
			done++
			report(0.8*float64(done)/float64(len(cases)), "features")
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		return nil, nil, err
	}
	return all[:len(u.Train)], all[len(u.Train):], nil
}

// inner is the threshold from the scores of training groups that a fit on the
// others has not seen, and the groups that had a say in it.
func (u Unit) inner(ctx context.Context, train []Row) (float64, []string, error) {
	aside, err := cohort.InnerSplit(u.Train, u.Settings.InnerFraction, u.Seed, u.Fold)
	if err != nil {
		return 0, nil, err
	}
	var fit, val []Row
	for _, r := range train {
		if aside[r.Group] {
			val = append(val, r)
		} else {
			fit = append(fit, r)
		}
	}
	c, cols, err := u.learn(ctx, fit, "inner")
	if err != nil {
		return 0, nil, err
	}
	scores, err := answer(ctx, c, val)
	if err != nil {
		return 0, nil, err
	}
	saw := cols.fit.Groups
	for _, f := range c.Fits() {
		saw = append(saw, f.Groups...)
	}
	logits, positive := make([]float64, len(scores)), make([]bool, len(scores))
	for i, s := range scores {
		logits[i], positive[i] = s.Logit, s.Label == 1
		saw = append(saw, s.Group)
	}
	slices.Sort(saw)
	return stats.YoudenThreshold(logits, positive), slices.Compact(saw), nil
}

// learn fits columns and classifier on rows. XGBoost has one thread, with which
// the same rows and seed give the same trees.
func (u Unit) learn(ctx context.Context, rows []Row, stage string) (*boost.Classifier, columns, error) {
	cols, err := fitColumns(rows, u.Settings.Source)
	if err != nil {
		return nil, cols, err
	}
	m, err := cols.matrix(rows)
	if err != nil {
		return nil, cols, err
	}
	s := boost.Defaults()
	s.Method, s.Top, s.Trees, s.Threads = u.Settings.Method, u.Settings.Top, u.Settings.Trees, 1
	s.Seed = draw.New("tabular", stage, u.Seed, u.Fold).Uint64()
	c, err := boost.Learn(ctx, m, s)
	if err != nil {
		return nil, cols, fmt.Errorf("%s, fold %d, seed %d: %w", u.Arm, u.Fold, u.Seed, err)
	}
	return c, cols, nil
}
