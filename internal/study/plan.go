package study

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/magn"
)

// State is how far a unit is.
type State string

// The states of a unit.
const (
	Done    State = "done"
	Started State = "started" // goes on from its checkpoint
	ToRun   State = "to run"
)

// Planned is a unit of the plan.
type Planned struct {
	Unit  magn.Unit
	State State

	settings []byte // settings.json: the bytes that Unit.Hash is the hash of
}

// Name is how messages call the unit.
func (p Planned) Name() string { return UnitName(p.Unit) }

// UnitName is how messages call a unit: "multi-view, fold 0, seed 1".
func UnitName(u magn.Unit) string { return fmt.Sprintf("%s, fold %d, seed %d", u.Arm, u.Fold, u.Seed) }

// Plan lists the units in the order in which they are run: arm by arm, fold by
// fold, seed by seed. The first plan of a study freezes its split.
func (s *Study) Plan() ([]Planned, error) {
	split, err := cohort.FoldsCSV(s.Dir, s.Cohort.Cases, s.Config.Folds, s.Config.Seed)
	if err != nil {
		return nil, err
	}
	fold := map[string]int{}
	for _, f := range split {
		fold[f.Case] = f.Fold
	}
	weights := ""
	if path := s.Config.Training.Weights; path != "" {
		if weights, err = hashFile(s.weightsPath()); err != nil {
			return nil, &fault.Input{File: path, Field: "training.weights", Err: plainCause(err)}
		}
	}
	inputs := s.inputs()
	var units []Planned
	for _, name := range s.Config.Arms {
		for k := range s.Config.Folds {
			for _, seed := range s.Config.Seeds {
				u := magn.Unit{
					Arm: name, Attention: arms[name].attention, Fold: k, Seed: seed,
					Network: s.Config.network(arms[name]), Training: s.Config.Training,
					Dir: filepath.Join(s.Dir, runsFolder, name, fmt.Sprintf("%d-%d", k, seed)),
				}
				u.Training.Weights = s.weightsPath()
				for _, c := range s.Cases {
					if fold[c.ID] == k {
						u.Test = append(u.Test, c)
					} else {
						u.Train = append(u.Train, c)
					}
				}
				if err := s.answerable(u); err != nil {
					return nil, err
				}
				p := Planned{Unit: u}
				if p.settings, err = unitSettings(u, weights, inputs); err != nil {
					return nil, err
				}
				sum := sha256.Sum256(p.settings)
				p.Unit.Hash = hex.EncodeToString(sum[:])
				if p.State, err = stateOf(p.Unit); err != nil {
					return nil, err
				}
				units = append(units, p)
			}
		}
	}
	return units, nil
}

// answerable says whether a unit can be trained and judged: its settings, both
// classes among its test cases, and groups enough for the inner split.
func (s *Study) answerable(u magn.Unit) error {
	var n [2]int
	for _, c := range u.Test {
		n[c.Label]++
	}
	if n[0] == 0 || n[1] == 0 {
		return &fault.Input{
			File: filepath.Join(s.Dir, "folds.csv"), Field: fmt.Sprintf("fold %d", u.Fold), Found: fmt.Sprintf("%d positive and %d negative cases after exclusions", n[1], n[0]),
			Expected: "both classes", Do: "use fewer folds (delete folds.csv to split anew), or arms that need fewer views",
		}
	}
	return u.Check()
}

// weightsPath is where the weights to start from lie: as the study file says,
// relative to the study's folder.
func (s *Study) weightsPath() string {
	w := s.Config.Training.Weights
	if w == "" || filepath.IsAbs(w) {
		return w
	}
	return filepath.Join(s.Dir, w)
}

// input is what a case contributes to a unit's hash.
type input struct {
	Case  string       `json:"case"`
	Group string       `json:"group"`
	Label int          `json:"label"`
	Views [][]stackSum `json:"views"` // of the network's views, in its order, stack by stack
}

type stackSum struct {
	Image string `json:"image_sha256"`
	Mask  string `json:"mask_sha256"`

	ScaledBy string `json:"scaled_by"` // decides the grey window
}

// inputs reads every case's sidecars once: the sums of its stacks by view.
func (s *Study) inputs() map[string][3][]stackSum {
	out := make(map[string][3][]stackSum, len(s.Cases))
	for _, c := range s.Cases {
		var views [3][]stackSum
		for v := range views {
			for _, st := range c.Stacks(viewAt(v)) {
				views[v] = append(views[v], stackSum{st.ImageSHA256, st.MaskSHA256, string(st.ScaledBy)})
			}
		}
		out[c.ID] = views
	}
	return out
}

// hashed is settings.json: all that a unit's result depends on.
type hashed struct {
	Format    int           `json:"format"`
	Arm       string        `json:"arm"`
	Attention bool          `json:"attention"`
	Fold      int           `json:"fold"`
	Seed      int           `json:"seed"`
	Network   magn.Network  `json:"network"`
	Training  magn.Training `json:"training"`
	Weights   string        `json:"weights_sha256"`
	Train     []input       `json:"train"`
	Test      []input       `json:"test"`
}

// format goes up when the same settings begin to mean another computation.
const format = 1

func unitSettings(u magn.Unit, weights string, inputs map[string][3][]stackSum) ([]byte, error) {
	h := hashed{
		Format: format, Arm: u.Arm, Attention: u.Attention, Fold: u.Fold, Seed: u.Seed,
		Network: u.Network, Training: u.Training, Weights: weights,
	}
	// Which weights, their sum says; the device is noted in unit.json and changes the
	// last bits only; how often a checkpoint is written changes nothing.
	h.Training.Device, h.Training.CheckpointSec, h.Training.Weights = "", 0, ""
	of := func(cases []cohort.Case) []input {
		out := make([]input, 0, len(cases))
		for _, c := range cases {
			in := input{Case: c.ID, Group: c.Group, Label: c.Label}
			for _, v := range u.Network.Views {
				in.Views = append(in.Views, inputs[c.ID][v])
			}
			out = append(out, in)
		}
		return out
	}
	h.Train, h.Test = of(u.Train), of(u.Test)
	b, err := json.MarshalIndent(h, "", " ")
	return append(b, '\n'), err
}

// stateOf looks into a unit's folder.
func stateOf(u magn.Unit) (State, error) {
	rec, err := readRecord(u.Dir)
	if err != nil {
		return "", err
	}
	if rec != nil && rec.Hash == u.Hash && rec.complete(u.Dir) {
		return Done, nil
	}
	if exists(filepath.Join(u.Dir, checkpointFile)) && startedAs(u.Dir, u.Hash) {
		return Started, nil
	}
	return ToRun, nil
}

// startedAs says whether what lies in a unit's folder belongs to these settings.
func startedAs(dir, hash string) bool {
	sum, err := hashFile(filepath.Join(dir, settingsFile))
	return err == nil && sum == hash
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
