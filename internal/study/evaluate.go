package study

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"magn/internal/cohort"
	"magn/internal/evidence"
	"magn/internal/fault"
	"magn/internal/magn"
)

// Evaluation is a model's answers for another cohort. Nothing was fitted there.
type Evaluation struct {
	Model       *Model
	Results     evidence.Results
	Predictions []evidence.Prediction
	Excluded    []cohort.Exclusion // without a view of the model
}

// EvaluateOptions say what to evaluate.
type EvaluateOptions struct {
	Model   string // folder models/<arm> that a study left
	Cohort  string // study folder, or any folder with cohort.csv and cases/
	Device  string
	Threads int
	Shared  bool                  // answer for patients of the model's training, too, or where it does not say who they are
	Report  func(done, total int) // may be nil
}

// Evaluate answers for every case of a cohort with a locked model: its networks,
// its threshold, its calibration. Two arms come of it, the probability as the
// networks give it and the calibrated one; their ranking is the same, or turned
// round where the calibration's slope is below 0. The classes
// must be the model's. The cohort is checked first, voxel by voxel, and refused
// where it has a patient whom the model was trained on.
func Evaluate(ctx context.Context, opt EvaluateOptions) (*Evaluation, error) {
	m, paths, err := ReadModel(opt.Model)
	if err != nil {
		return nil, err
	}
	c, err := cohort.Load(opt.Cohort)
	if err != nil {
		return nil, err
	}
	if c.Positive != m.Positive || c.Negative != m.Negative {
		return nil, &fault.Input{
			File: filepath.Join(opt.Cohort, "cohort.csv"), Field: "classes", Found: fmt.Sprintf("%s (label 1) and %s", c.Positive, c.Negative),
			Expected: fmt.Sprintf("%s (label 1) and %s, as in %s", m.Positive, m.Negative, filepath.Join(opt.Model, modelJSON)),
		}
	}
	if err := c.Check(ctx, nil); err != nil {
		return nil, err
	}
	e := &Evaluation{Model: m, Excluded: slices.Clone(c.Excluded)}
	var cases []cohort.Case
	for _, k := range c.Cases {
		var missing []string
		for _, v := range m.Views {
			if len(k.Stacks(v)) == 0 {
				missing = append(missing, v.String())
			}
		}
		if len(missing) > 0 {
			e.Excluded = append(e.Excluded, cohort.Exclusion{ID: k.ID, Group: k.Group, Class: k.Class, Reason: "no stack of view " + strings.Join(missing, " and ")})
			continue
		}
		cases = append(cases, k)
	}
	training := m.shared(cases)
	if err := sharedFault(opt.Model, opt.Cohort, training); err != nil && !opt.Shared {
		return nil, err
	}
	nets, err := magn.OpenModels(paths, opt.Device, opt.Threads)
	if err != nil {
		return nil, optionFault(err)
	}
	defer nets.Close()
	plain := evidence.Unit{Arm: m.Arm, Locked: true}
	calibrated := evidence.Unit{Arm: m.Arm + "-calibrated", Locked: true}
	for i, k := range cases {
		p, err := nets.Predict(ctx, k)
		if err != nil {
			return nil, err
		}
		row := evidence.Prediction{
			Case: k.ID, Group: k.Group, Arm: plain.Arm, Label: k.Label, Logit: p.Logit, Score: p.Score, Threshold: m.Threshold.Score,
		}
		plain.Predictions = append(plain.Predictions, row)
		row.Arm, row.Logit = calibrated.Arm, m.Calibration.Intercept+m.Calibration.Slope*p.Logit
		row.Score, row.Threshold = sigmoid(row.Logit), m.Calibration.Apply(m.Threshold.Logit)
		calibrated.Predictions = append(calibrated.Predictions, row)
		if opt.Report != nil {
			opt.Report(i+1, len(cases))
		}
	}
	if len(cases) == 0 {
		return nil, &fault.Input{File: opt.Cohort, Found: "no case with the views of the model", Expected: viewNames(m.Views)}
	}
	e.Predictions = append(plain.Predictions, calibrated.Predictions...)
	arm := evidence.Arm{Name: plain.Arm, Kind: evidence.KindNetwork, Attention: m.Attention}
	for _, v := range m.Views {
		arm.Views = append(arm.Views, v.String())
	}
	second := arm
	second.Name, second.Of, second.Variant = calibrated.Arm, arm.Name, "calibrated"
	s := &Study{Dir: opt.Cohort, Cohort: c, Cases: cases}
	info := evidence.Info{Study: m.Study + ", locked model", Positive: m.Positive, Negative: m.Negative}
	if info.Patients, err = s.patients(); err != nil {
		return nil, err
	}
	e.Results, err = evidence.Summarise(info, []evidence.Arm{arm, second}, []evidence.Unit{plain, calibrated}, []evidence.Pair{})
	e.Results.Locked, e.Results.Training = true, &training
	return e, err
}

// Write leaves predictions.csv and results.json in dir.
func (e *Evaluation) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := evidence.WritePredictions(filepath.Join(dir, predictionsFile), e.Predictions); err != nil {
		return err
	}
	return evidence.WriteResults(filepath.Join(dir, resultsFile), e.Results)
}
