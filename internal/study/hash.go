package study

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"

	"magn/internal/cohort"
	"magn/internal/magn"
	"magn/internal/tabular"
	"magn/internal/volume"
)

// input is what a case contributes to a unit's hash.
type input struct {
	Case  string       `json:"case"`
	Group string       `json:"group"`
	Label int          `json:"label"`
	Views [][]stackSum `json:"views"` // of the unit's views, in its order, stack by stack
}

type stackSum struct {
	Image string `json:"image_sha256"`
	Mask  string `json:"mask_sha256"`

	ScaledBy string `json:"scaled_by"` // decides the grey window
}

// inputs are a case's stacks by view.
type inputs [3][]stackSum

// inputs reads every case's sidecars once.
func (s *Study) inputs() map[string]inputs {
	out := make(map[string]inputs, len(s.Cases))
	for _, c := range s.Cases {
		var views inputs
		for v := range views {
			for _, st := range c.Stacks(volume.View(v)) {
				views[v] = append(views[v], stackSum{Image: st.ImageSHA256, Mask: st.MaskSHA256, ScaledBy: string(st.ScaledBy)})
			}
		}
		out[c.ID] = views
	}
	return out
}

// hashedNetwork is settings.json of a network.
type hashedNetwork struct {
	Format    int           `json:"format"`
	Arm       string        `json:"arm"`
	Attention bool          `json:"attention"`
	Fold      int           `json:"fold"`
	Seed      int           `json:"seed"`
	Network   magn.Network  `json:"network"`
	Backbones []string      `json:"backbones,omitempty"` // only where there is a choice
	Training  magn.Training `json:"training"`
	Weights   string        `json:"weights_sha256"`
	Train     []input       `json:"train"`
	Test      []input       `json:"test"`
}

// plain sets what has no part in a network without attention to one value, that
// which the settings had by default when units were first hashed.
func (h *hashedNetwork) plain() {
	h.Training.Lambda, h.Training.Loss = []float64{0.1, 0.5, 1}, magn.LossNormalised
}

// earlier are the bytes of the settings.json in a unit's folder where they differ
// from settings in nothing but what has no part in a network without attention,
// as those do that were written when λ was still in its hash; else nil. Such a
// unit is what it would be now.
func earlier(dir string, settings []byte) []byte {
	have, err := os.ReadFile(filepath.Join(dir, settingsFile))
	if err != nil {
		return nil
	}
	var h hashedNetwork
	d := json.NewDecoder(bytes.NewReader(have))
	d.DisallowUnknownFields()
	if d.Decode(&h) != nil || h.Attention {
		return nil
	}
	h.plain()
	if same, err := settingsJSON(h); err != nil || !bytes.Equal(same, settings) {
		return nil
	}
	return have
}

// settingsJSON are the bytes of a settings.json.
func settingsJSON(content any) ([]byte, error) {
	b, err := json.MarshalIndent(content, "", " ")
	return append(b, '\n'), err
}

// format goes up when the same settings begin to mean another computation.
const (
	format          = 1
	formatRecentred = 1
	formatTable     = 1
	formatExam      = 2 // shifted crops too, and curves of the true class
)

// settings are the bytes of a unit's settings.json.
func (p *planner) settings(u Unit) ([]byte, error) {
	var text any
	switch {
	case u.Network != nil:
		w := u.Network
		h := hashedNetwork{
			Format: format, Arm: u.Arm, Attention: w.Attention, Fold: u.Fold, Seed: u.Seed,
			Network: w.Network, Backbones: w.Backbones, Training: w.Training, Weights: p.weights,
			Train: p.of(u.Train, w.Network.Views), Test: p.of(u.Test, w.Network.Views),
		}
		// Which weights, their sum says; the device is noted in unit.json and changes the
		// last bits only; how often a checkpoint is written changes nothing.
		h.Training.Device, h.Training.CheckpointSec, h.Training.Weights = "", 0, ""
		if !h.Attention {
			h.plain()
		}
		text = h
	case u.Table != nil:
		sum, err := u.Table.Hash()
		if err != nil {
			return nil, err
		}
		train, err := rowsOf(u.Train, *u.Table)
		if err != nil {
			return nil, err
		}
		test, err := rowsOf(u.Test, *u.Table)
		if err != nil {
			return nil, err
		}
		settings := *u.Table
		settings.Features.Params = "" // its content is in the sum
		if settings.Source != tabular.Radiomics {
			settings.Features = tabular.FeatureSettings{}
		}
		text = struct {
			Format int              `json:"format"`
			Arm    string           `json:"arm"`
			Fold   int              `json:"fold"`
			Seed   int              `json:"seed"`
			Table  tabular.Settings `json:"table"`
			Hash   string           `json:"table_sha256"` // a parameter file's content is in it
			Train  []row            `json:"train"`
			Test   []row            `json:"test"`
		}{formatTable, u.Arm, u.Fold, u.Seed, settings, sum, train, test}
	case u.Exam != nil:
		text = struct {
			Format int    `json:"format"`
			Arm    string `json:"arm"`
			Unit   string `json:"unit"`
			Steps  int    `json:"steps"`
		}{formatExam, u.Arm, u.Exam.Unit, u.Exam.Steps}
	default:
		text = struct {
			Format int         `json:"format"`
			Arm    string      `json:"arm"`
			Unit   string      `json:"unit"`
			Centre magn.Centre `json:"centre"`
		}{formatRecentred, u.Arm, u.Recentred.Unit, u.Recentred.Centre}
	}
	return settingsJSON(text)
}

// of is what cases contribute to an arm that reads their images.
func (p *planner) of(cases []cohort.Case, views []volume.View) []input {
	out := make([]input, 0, len(cases))
	for _, c := range cases {
		in := input{Case: c.ID, Group: c.Group, Label: c.Label}
		for _, v := range views {
			in.Views = append(in.Views, p.inputs[c.ID][v])
		}
		out = append(out, in)
	}
	return out
}

// row is what a case contributes to an arm that answers from a table.
type row struct {
	Case   string `json:"case"`
	Group  string `json:"group"`
	Label  int    `json:"label"`
	Inputs string `json:"inputs_sha256"`
}

func rowsOf(cases []cohort.Case, s tabular.Settings) ([]row, error) {
	out := make([]row, 0, len(cases))
	for _, c := range cases {
		sum, err := tabular.Inputs(c, s)
		if err != nil {
			return nil, err
		}
		out = append(out, row{c.ID, c.Group, c.Label, sum})
	}
	return out, nil
}
