package study

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/magn"
	"magn/internal/volume"
)

// Prediction is prediction.json: a model's answer for one case.
type Prediction struct {
	Case        string             `json:"case"`
	Study       string             `json:"study"` // that the model comes from
	Arm         string             `json:"arm"`
	Positive    string             `json:"positive"`
	Negative    string             `json:"negative"`
	Logit       float64            `json:"logit"`            // mean of the networks
	Probability float64            `json:"probability"`      // of the positive class: sigmoid of the logit
	Calibrated  float64            `json:"calibrated"`       // the same by the model's calibration
	Threshold   float64            `json:"threshold"`        // on probability
	Class       string             `json:"class"`            // at the threshold
	Centre      *[3]float64        `json:"centre,omitempty"` // the point that stood for outlines, patient mm, RAS+
	MapClass    string             `json:"map_class"`        // whose evidence the heat maps show: the class at probability 0.5
	Views       []ViewContribution `json:"views"`
	Networks    []ModelFile        `json:"networks"`
}

// ViewContribution is what one view adds to the logit, against the mean of the
// training cases; and its heat map's summary.
type ViewContribution struct {
	View         volume.View `json:"view"`
	Contribution float64     `json:"contribution"`
	Energy       float64     `json:"energy"` // of the map, inside the outline; 0 where a point stood for it
	Share        float64     `json:"share"`  // of the crop, inside the outline
	ZeroMap      bool        `json:"zero_map"`
}

// PredictCase answers for one case folder with a model that a study left behind,
// at its outlines, or at a point where centre gives one.
// The network's own answer comes with it for drawing.
func PredictCase(ctx context.Context, modelDir, caseDir string, centre magn.Centre, device string, threads int) (*Prediction, *magn.CasePrediction, error) {
	m, paths, err := ReadModel(modelDir)
	if err != nil {
		return nil, nil, err
	}
	c, err := caseFolder(caseDir, m.Views)
	if err != nil {
		return nil, nil, err
	}
	nets, err := magn.OpenModels(paths, device, threads)
	if err != nil {
		return nil, nil, optionFault(err)
	}
	defer nets.Close()
	if have := nets.Info().Network; !sameViews(have.Views, m.Views) {
		return nil, nil, &fault.Input{File: paths[0], Field: "views", Found: viewNames(have.Views), Expected: viewNames(m.Views) + " as in " + modelJSON}
	}
	got, err := nets.PredictAt(ctx, c, centre)
	if err != nil {
		return nil, nil, err
	}
	p := &Prediction{
		Case: c.ID, Study: m.Study, Arm: m.Arm, Positive: m.Positive, Negative: m.Negative,
		Logit: got.Logit, Probability: got.Score, Calibrated: m.Calibration.Apply(got.Logit),
		Threshold: m.Threshold.Score, Class: m.Negative, Networks: m.Networks, Centre: centre.At,
	}
	if got.Logit >= m.Threshold.Logit {
		p.Class = m.Positive
	}
	if p.MapClass = m.Negative; got.Logit > 0 {
		p.MapClass = m.Positive
	}
	for _, v := range got.Views {
		p.Views = append(p.Views, ViewContribution{v.View, v.Contribution, v.Energy, v.Share, v.Zero})
	}
	return p, got, nil
}

// optionFault is a setting that comes from the command line, not from a study file.
func optionFault(err error) error {
	var e *magn.SettingError
	if errors.As(err, &e) {
		return &fault.Input{File: "--" + e.Key, Found: e.Found, Expected: e.Expected}
	}
	return err
}

// caseFolder is a folder of stacks as a case, which must have the model's views.
func caseFolder(dir string, need []volume.View) (cohort.Case, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return cohort.Case{}, &fault.Input{File: dir, Field: "case folder", Err: plainCause(err)}
	}
	if !info.IsDir() {
		return cohort.Case{}, &fault.Input{File: dir, Field: "case folder", Found: "a file", Expected: "a folder with <view>.nii.gz, <view>_mask.nii.gz and <view>.json"}
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return cohort.Case{}, err
	}
	c := cohort.Case{ID: filepath.Base(abs), Group: filepath.Base(abs), Dir: dir}
	have := c.Views()
	var missing []volume.View
	for _, v := range need {
		if len(c.Stacks(v)) == 0 {
			missing = append(missing, v)
		}
	}
	if len(missing) > 0 {
		return c, &fault.Input{
			File: dir, Field: "views", Found: viewNames(have), Expected: viewNames(need) + ", the views of the model",
			Do: fmt.Sprintf("add %s, or take a model for the views that are there", viewNames(missing)),
		}
	}
	return c, nil
}

func viewNames(views []volume.View) string {
	if len(views) == 0 {
		return "none"
	}
	words := make([]string, len(views))
	for i, v := range views {
		words[i] = v.String()
	}
	return strings.Join(words, ", ")
}

func sameViews(a, b []volume.View) bool { return viewNames(a) == viewNames(b) }
