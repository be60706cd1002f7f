package magn

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"magn/internal/fault"
	"magn/internal/torch"
)

const checkpointFile = "checkpoint.safetensors"

// progress is what a unit has done so far. Because every draw is made by key,
// it and the tensors beside it are all that a killed unit needs to go on.
type progress struct {
	Hash    string        `json:"hash"`
	Inner   []innerResult `json:"inner"`   // finished inner stages, and at its end the running one
	Stage   int           `json:"stage"`   // the one that runs
	Epochs  int           `json:"epochs"`  // done in it; the tensors are of that moment
	Steps   int           `json:"steps"`   // of its optimiser
	History []Epoch       `json:"history"` // of all stages
	Choice  groupSet      `json:"choice"`  // groups that the inner stages saw: epoch, λ and threshold depend on them
	Weights groupSet      `json:"weights"` // groups that the final fit saw
}

// Epoch is one row of a unit's history.
type Epoch struct {
	Stage          string
	Backbone       string // where there was a choice; else empty
	Lambda         float64
	Epoch          int // from 1
	LR             float64
	Classification float64 // mean L_C over the training cases seen
	Attention      float64 // mean Σ_v L_S,v; 0 without attention
	Validation     float64 // cross-entropy of the inner validation cases; NaN where there is none
	Seconds        float64
}

// epochJSON is Epoch with null for NaN, which JSON has no word for.
type epochJSON struct {
	Stage          string   `json:"stage"`
	Backbone       string   `json:"backbone,omitempty"`
	Lambda         float64  `json:"lambda"`
	Epoch          int      `json:"epoch"`
	LR             float64  `json:"lr"`
	Classification float64  `json:"classification"`
	Attention      float64  `json:"attention"`
	Validation     *float64 `json:"validation"`
	Seconds        float64  `json:"seconds"`
}

// MarshalJSON writes an undefined validation loss as null.
func (e Epoch) MarshalJSON() ([]byte, error) {
	j := epochJSON{e.Stage, e.Backbone, e.Lambda, e.Epoch, e.LR, e.Classification, e.Attention, nil, e.Seconds}
	if !math.IsNaN(e.Validation) {
		j.Validation = &e.Validation
	}
	return json.Marshal(j)
}

// UnmarshalJSON is the inverse of MarshalJSON.
func (e *Epoch) UnmarshalJSON(b []byte) error {
	var j epochJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*e = Epoch{j.Stage, j.Backbone, j.Lambda, j.Epoch, j.LR, j.Classification, j.Attention, math.NaN(), j.Seconds}
	if j.Validation != nil {
		e.Validation = *j.Validation
	}
	return nil
}

// saveCheckpoint writes progress and, within a stage, the tensors.
func saveCheckpoint(dir string, p progress, t *trainer) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	var tensors []torch.Named
	if t != nil {
		tensors = append(t.net.tensors(), t.opt.tensors()...)
	}
	return torch.WriteSafetensors(filepath.Join(dir, checkpointFile), map[string]string{"format": "magn-checkpoint-1", "progress": string(text)}, tensors)
}

// readProgress is the progress in a unit's folder; a fresh one where there is no
// checkpoint, or one of other settings, another number of threads or another
// device, which would give other last bits.
func readProgress(dir, hash string) (p progress, err error) {
	fresh := progress{Hash: hash, Choice: groupSet{}, Weights: groupSet{}}
	path := filepath.Join(dir, checkpointFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return fresh, nil
	}
	f, err := torch.OpenSafetensors(path)
	if err != nil {
		return p, damaged(path, err)
	}
	defer f.Close()
	if err := json.Unmarshal([]byte(f.Metadata["progress"]), &p); err != nil || f.Metadata["format"] != "magn-checkpoint-1" || !f.Checked() {
		return p, damaged(path, fmt.Errorf("its header is not that of a checkpoint"))
	}
	if p.Hash != hash {
		return fresh, nil
	}
	for _, g := range []*groupSet{&p.Choice, &p.Weights} {
		if *g == nil {
			*g = groupSet{}
		}
	}
	return p, nil
}

func damaged(path string, err error) error {
	var in *fault.Input
	if errors.As(err, &in) {
		c := *in
		c.Do = "delete this checkpoint and run the same command again: the unit starts from its beginning"
		return &c
	}
	return &fault.Input{File: path, Err: err, Do: "delete this checkpoint and run the same command again: the unit starts from its beginning"}
}

// loadTensors fills network and moments from the checkpoint.
func (t *trainer) loadTensors(dir string) error {
	f, err := torch.OpenSafetensors(filepath.Join(dir, checkpointFile))
	if err != nil {
		return err
	}
	defer f.Close()
	return torch.Do(torch.Mode{}, func(s *torch.Scope) {
		fill := func(name string, dst torch.Tensor) {
			a, err := f.Read(name)
			if err != nil {
				s.Fail(damaged(f.Path, err))
				return
			}
			src := s.FromBytes(a.Data, a.DType, torch.CPU, a.Shape...)
			s.Assign(dst, src)
			s.Free(src)
		}
		i := 0
		for _, p := range t.net.params {
			fill(p.name, p.t)
			if p.learned {
				fill("adam.m."+p.name, t.opt.m[i])
				fill("adam.v."+p.name, t.opt.v[i])
				i++
			}
		}
	})
}

// RemoveCheckpoint drops a unit's rolling checkpoint, once its results are on disk.
func RemoveCheckpoint(dir string) error {
	err := os.Remove(filepath.Join(dir, checkpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
