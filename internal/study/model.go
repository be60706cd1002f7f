package study

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"magn/internal/evidence"
	"magn/internal/fault"
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
	TrainedOn   []TrainedOn   `json:"trained_on"` // nil where an earlier version wrote the file
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

func (s *Study) writeModel(name string, plan []Planned, units []evidence.Unit, records []*Record) error {
	dir := filepath.Join(s.Dir, modelsFolder, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	a := arms[name]
	m := Model{
		Format: modelFormat, Study: s.Config.Name, Arm: name, Positive: s.Cohort.Positive, Negative: s.Cohort.Negative,
		Views: a.views, Attention: a.attention, Network: s.Config.network(a), Training: s.Config.Training,
	}
	m.TrainedOn = trainedOn(name, plan)
	var all []evidence.Prediction
	from := map[string]string{} // name in the model's folder → the unit's file
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
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	path := filepath.Join(dir, modelJSON)
	stale, err := strayNetworks(dir, from)
	if err != nil {
		return err
	}
	if before, err := os.ReadFile(path); err == nil && bytes.Equal(before, data) && len(stale) == 0 && allExist(dir, from) {
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

func allExist(dir string, files map[string]string) bool {
	for f := range files {
		if !exists(filepath.Join(dir, f)) {
			return false
		}
	}
	return true
}

// ReadModel reads models/<arm>/model.json and holds the networks beside it
// against their sums. paths are the networks' files.
func ReadModel(dir string) (m *Model, paths []string, err error) {
	path := filepath.Join(dir, modelJSON)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, &fault.Input{File: path, Expected: "a model that magn study run left, such as STUDY/models/multi-view", Err: plainCause(err)}
	}
	m = &Model{}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, nil, &fault.Input{File: path, Err: err}
	}
	if m.Format != modelFormat || len(m.Networks) == 0 {
		return nil, nil, &fault.Input{File: path, Field: "format", Found: fmt.Sprintf("%q with %d networks", m.Format, len(m.Networks)), Expected: modelFormat}
	}
	for _, f := range m.Networks {
		if f.File != filepath.Base(f.File) || strings.HasPrefix(f.File, ".") {
			return nil, nil, &fault.Input{File: path, Field: "networks", Found: fmt.Sprintf("%q", f.File), Expected: "a file beside it"}
		}
		p := filepath.Join(dir, f.File)
		sum, err := hashFile(p)
		if err != nil {
			return nil, nil, &fault.Input{File: p, Err: plainCause(err)}
		}
		if sum != f.SHA256 {
			return nil, nil, &fault.Input{File: p, Field: "SHA-256", Found: sum, Expected: f.SHA256 + " as in " + modelJSON, Do: "restore the file, or run magn study run again"}
		}
		paths = append(paths, p)
	}
	return m, paths, nil
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// logit of a probability, cut where it would be infinite: a threshold of 1 means
// above every score that was seen.
func logit(p float64) float64 {
	const edge = 1e-9
	p = math.Max(edge, math.Min(1-edge, p))
	return math.Log(p / (1 - p))
}
