package study

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"magn/internal/cohort"
	"magn/internal/evidence"
	"magn/internal/fault"
	"magn/internal/magn"
	"magn/internal/tabular"
)

// prevalenceFormat of a model.json that knows nothing but how often the positive
// class is.
const prevalenceFormat = "magn-prevalence-1"

// NoColumn is in every note of a unit whose table told nothing apart, which a
// reader of its arm's numbers must know.
const NoColumn = "no column tells"

// prevalence is the model without a predictor: the share of the positive class
// among the training cases, half a case added to either class so that its
// log-odds are finite.
type prevalence struct {
	Format   string  `json:"format"`
	Positive int     `json:"positive"`
	Cases    int     `json:"cases"`
	Logit    float64 `json:"logit"`
}

// tabled answers from a table. What tells no two training cases of this fold
// apart, as the scanner does not where a fold holds out all but one of them, can
// still be answered from: with the prevalence, which is what any of the classifiers
// comes down to without a column. So the arm has an answer for every case and its
// folds are all counted. Where only the inner split is left without a column, the
// threshold is 0.5. Either is noted.
func (u Unit) tabled(ctx context.Context, report func(magn.Event)) (*Result, error) {
	start := time.Now()
	run := func(t tabular.Unit) (*tabular.Result, error) {
		return tabular.RunUnit(ctx, t, func(done float64, message string) { report(magn.Event{Stage: message, Done: done}) })
	}
	t := u.table()
	r, err := run(t)
	if !tellsNothing(err) {
		if err != nil {
			return nil, err
		}
		return u.ofTable(r), nil
	}
	if t.Settings.InnerFraction > 0 {
		t.Settings.InnerFraction = 0
		if r, err = run(t); err == nil {
			out := u.ofTable(r)
			out.Notes = append(out.Notes, fmt.Sprintf("fold %d: %s, so the threshold is 0.5", u.Fold, nothingToChoose))
			return out, nil
		}
	}
	if !tellsNothing(err) {
		return nil, err
	}
	out, err := u.prevalent()
	if err != nil {
		return nil, err
	}
	out.Seconds = time.Since(start).Seconds()
	return out, nil
}

// tellsNothing says whether training failed because no column tells cases apart:
// all have the same value, or no split of any divides the classes.
func tellsNothing(err error) bool {
	var in *fault.Input
	return errors.Is(err, tabular.ErrNoFeatures) || errors.As(err, &in) && in.File == "features" && in.Field == "importance"
}

// prevalent answers for every test case with the prevalence.
func (u Unit) prevalent() (*Result, error) {
	m := prevalence{Format: prevalenceFormat, Cases: len(u.Train)}
	for _, c := range u.Train {
		m.Positive += c.Label
	}
	m.Logit = math.Log((float64(m.Positive) + .5) / (float64(m.Cases-m.Positive) + .5))
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := writeFile(filepath.Join(u.Dir, tableModelFile), append(data, '\n')); err != nil {
		return nil, err
	}
	var scores []magn.Score
	for _, c := range u.Test {
		scores = append(scores, magn.Score{Case: c.ID, Group: c.Group, Label: c.Label, Logit: m.Logit, Score: sigmoid(m.Logit)})
	}
	return &Result{
		Predictions: u.predictions(scores, 0.5), Threshold: 0.5, Device: "cpu",
		Fits:  []evidence.Fit{{Step: "prevalence", Groups: groupsOf(u.Train)}},
		Notes: []string{fmt.Sprintf("fold %d: %s, so every case is answered with the share of the positive class among them", u.Fold, nothingToFit)},
	}, nil
}

// groupsOf are the groups of cases, sorted, each once.
func groupsOf(cases []cohort.Case) []string {
	var out []string
	for _, c := range cases {
		out = append(out, c.Group)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
