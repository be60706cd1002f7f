package study

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"

	"magn/internal/evidence"
)

// verifyModel is what in an arm's model is not what the plan says, and, where the
// units could be read (units is not nil), not what they give.
func (s *Study) verifyModel(name string, plan []Planned, units []evidence.Unit, records []*Record) (found []error) {
	dir := filepath.Join(s.Dir, modelsFolder, name)
	differ := func(format string, args ...any) {
		found = append(found, fmt.Errorf("%s: "+format, append([]any{filepath.Join(dir, modelJSON)}, args...)...))
	}
	m, _, err := ReadModel(dir)
	if err != nil {
		return []error{err}
	}
	if units == nil {
		hashes := map[[2]int]string{}
		for _, p := range plan {
			if p.Unit.Arm == name && p.Unit.Network != nil {
				hashes[[2]int{p.Unit.Fold, p.Unit.Seed}] = p.Unit.Hash
			}
		}
		for _, f := range m.Networks {
			if hashes[[2]int{f.Fold, f.Seed}] != f.Unit {
				differ("%s is of a unit with other settings or inputs", f.File)
			}
		}
		if len(m.Networks) != len(hashes) {
			differ("%d networks of %d units", len(m.Networks), len(hashes))
		}
		if !reflect.DeepEqual(m.TrainedOn, trainedOn(name, plan)) {
			differ("trained_on is not whom the units were trained on")
		}
		return found
	}
	want, _ := s.modelOf(name, plan, units, records)
	for _, mm := range []*Model{m, want} { // what no answer of the networks depends on
		t := &mm.Training
		t.Device, t.Threads, t.CheckpointSec, t.Weights = "", 0, 0, ""
		if !mm.Attention {
			t.Lambda, t.Loss = nil, ""
		}
	}
	for _, f := range []struct {
		key       string
		have, are any
	}{
		{"study", m.Study, want.Study},
		{"arm", m.Arm, want.Arm},
		{"positive and negative", []string{m.Positive, m.Negative}, []string{want.Positive, want.Negative}},
		{"views", m.Views, want.Views},
		{"attention", m.Attention, want.Attention},
		{"network", m.Network, want.Network},
		{"training", m.Training, want.Training},
		{"threshold", m.Threshold, want.Threshold},
		{"calibration", m.Calibration, want.Calibration},
		{"networks", m.Networks, want.Networks},
		{"trained_on", m.TrainedOn, want.TrainedOn},
	} {
		have, e1 := json.Marshal(f.have)
		are, e2 := json.Marshal(f.are)
		if e1 != nil || e2 != nil || !bytes.Equal(have, are) {
			differ("%s is not what the units and the study's settings give", f.key)
		}
	}
	return found
}
