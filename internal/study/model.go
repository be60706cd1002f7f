package study

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"magn/internal/evidence"
	"magn/internal/magn"
	"magn/internal/volume"
)

const modelJSON = "model.json"

// modelFormat of model.json.
const modelFormat = "magn-study-model-1"

// Model is models/<arm>/model.json: the networks of an arm's folds and seeds,
// which answer together with the mean of their logits.
type Model struct {
	Format      string        `json:"format"`
	SHA256      string        `json:"sha256"` // of the file, with 64 zeros in this place
	Study       string        `json:"study"`
	Arm         string        `json:"arm"`
	Positive    string        `json:"positive"`
	Negative    string        `json:"negative"`
	Views       []volume.View `json:"views"`
	Attention   bool          `json:"attention"`
	Network     magn.Network  `json:"network"`   // of several backbones the smallest; which a network has, it says itself
	Training    magn.Training `json:"training"`  // the input's preparation is in it: crop, pixel_mm, slices
	Threshold   Threshold     `json:"threshold"` // an answer at or above it is positive
	Calibration Calibration   `json:"calibration"`
	Networks    []ModelFile   `json:"networks"`
	TrainedOn   []TrainedOn   `json:"trained_on"`
}

// Threshold is the mean of the units' inner thresholds, taken on logits, where
// the networks' answers are averaged too.
type Threshold struct {
	Logit float64 `json:"logit"`
	Score float64 `json:"score"`
}

// Calibration turns a logit z into the calibrated probability
// 1/(1+exp(−(intercept + slope·z))); fitted to the out-of-fold predictions.
type Calibration struct {
	Intercept float64 `json:"intercept"`
	Slope     float64 `json:"slope"`
	N         int     `json:"n"` // predictions
}

// ModelFile is one network of a model.
type ModelFile struct {
	File   string `json:"file"`
	Fold   int    `json:"fold"`
	Seed   int    `json:"seed"`
	SHA256 string `json:"sha256"`
	Unit   string `json:"unit_hash"`

	Backbone string           `json:"backbone,omitempty"` // where the inner split chose it; else the model's
	Lambda   float64          `json:"lambda"`             // 0 without attention
	Epochs   int              `json:"epochs"`
	Tried    []evidence.Tried `json:"tried,omitempty"` // what the inner split chose among
}

// Apply is the calibrated probability of a logit.
func (c Calibration) Apply(logit float64) float64 { return sigmoid(c.Intercept + c.Slope*logit) }

// modelArms are the arms that leave a model: networks that were trained on the
// patients' own labels.
func (s *Study) modelArms() []string {
	var out []string
	for _, name := range s.Config.Arms {
		if a := arms[name]; a.kind == evidence.KindNetwork && a.of == "" && !a.permuted && a.share == 0 {
			out = append(out, name)
		}
	}
	return out
}

// WriteModels makes models/<arm>/ of every arm that leaves a model from the
// units, all of which must be done.
func (s *Study) WriteModels() error {
	plan, err := s.Plan()
	if err != nil {
		return err
	}
	units, records, err := s.units(plan)
	if err != nil {
		return err
	}
	for _, name := range s.modelArms() {
		if err := s.writeModel(name, plan, units, records); err != nil {
			return fmt.Errorf("model of arm %s: %w", name, err)
		}
	}
	return nil
}

// modelOf is what model.json of an arm says, and which unit's file each of its
// networks is, by the network's name in the model's folder.
func (s *Study) modelOf(name string, plan []Planned, units []evidence.Unit, records []*Record) (m *Model, from map[string]string) {
	a := arms[name]
	m = &Model{
		Format: modelFormat, Study: s.Config.Name, Arm: name, Positive: s.Cohort.Positive, Negative: s.Cohort.Negative,
		Views: a.views, Attention: a.attention, Network: s.Config.network(a), Training: s.Config.Training,
	}
	m.TrainedOn = trainedOn(name, plan)
	var all []evidence.Prediction
	from = map[string]string{}
	for i, p := range plan {
		if p.Unit.Arm != name || p.Unit.Network == nil {
			continue
		}
		f := ModelFile{
			File: fmt.Sprintf("fold-%d-%d.safetensors", p.Unit.Fold, p.Unit.Seed), Fold: p.Unit.Fold, Seed: p.Unit.Seed,
			SHA256: records[i].Files[modelFile], Unit: p.Unit.Hash,
			Backbone: units[i].Backbone, Lambda: units[i].Lambda, Epochs: units[i].Epochs, Tried: units[i].Tried,
		}
		from[f.File] = filepath.Join(p.Unit.Dir, modelFile)
		m.Networks = append(m.Networks, f)
		m.Threshold.Logit += logit(records[i].Threshold)
		all = append(all, units[i].Predictions...)
	}
	m.Threshold.Logit /= float64(len(m.Networks))
	m.Threshold.Score = sigmoid(m.Threshold.Logit)
	m.Calibration.Intercept, m.Calibration.Slope = evidence.Calibrate(all)
	m.Calibration.N = len(all)
	return m, from
}

func (s *Study) writeModel(name string, plan []Planned, units []evidence.Unit, records []*Record) error {
	// Before anything is changed: no network is published that its unit did not train.
	for i, p := range plan {
		if p.Unit.Arm == name && p.Unit.Network != nil {
			if err := records[i].unchanged(p.Unit.Dir, modelFile); err != nil {
				return err
			}
		}
	}
	dir := filepath.Join(s.Dir, modelsFolder, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	m, from := s.modelOf(name, plan, units, records)
	data, err := m.seal()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, modelJSON)
	stale, err := strayNetworks(dir, from)
	if err != nil {
		return err
	}
	if before, err := os.ReadFile(path); err == nil && bytes.Equal(before, data) && len(stale) == 0 && m.intact(dir, from) {
		return nil // it is there; who reads it now is not disturbed
	}
	// Networks of another run must not lie beside a model.json that does not
	// name them, and the other way round: without model.json there is no model.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for file, source := range from {
		if err := link(source, filepath.Join(dir, file)); err != nil {
			return err
		}
	}
	for _, s := range stale {
		if err := os.Remove(s); err != nil {
			return err
		}
	}
	return writeFile(path, data)
}

// strayNetworks are the networks in a model's folder that the model does not name.
func strayNetworks(dir string, named map[string]string) (stray []string, err error) {
	all, err := filepath.Glob(filepath.Join(globEscape(dir), "fold-*.safetensors"))
	for _, path := range all {
		if named[filepath.Base(path)] == "" {
			stray = append(stray, path)
		}
	}
	return stray, err
}

// intact says whether the networks in a model's folder are those of its units,
// which have been checked: the same file, or one of the same bytes.
func (m *Model) intact(dir string, from map[string]string) bool {
	for _, f := range m.Networks {
		path := filepath.Join(dir, f.File)
		have, err := os.Stat(path)
		if err != nil {
			return false
		}
		if source, err := os.Stat(from[f.File]); err == nil && os.SameFile(have, source) {
			continue
		}
		if sum, err := hashFile(path); err != nil || sum != f.SHA256 {
			return false
		}
	}
	return true
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// logit of a probability, cut where it would be infinite: a threshold of 1 means
// above every score that was seen.
func logit(p float64) float64 {
	const edge = 1e-9
	p = math.Max(edge, math.Min(1-edge, p))
	return math.Log(p / (1 - p))
}
