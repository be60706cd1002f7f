package study

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"magn/internal/evidence"
	"magn/internal/fault"
)

// frozenFile keeps what must be fixed before anybody sees a result: it is written
// at the first run, and a study file that says otherwise later is refused.
const frozenFile = "frozen.json"

type frozen struct {
	Primary []string `json:"primary"`        // as in study.yaml; empty: the rule's
	Rule    []string `json:"rule"`           // the pair that the rule named then; empty: none, or not the rule's
	SplitBy string   `json:"split_by"`       // what folds.csv was made by
	Late    bool     `json:"late,omitempty"` // units were done before this was written
}

// readFrozen gives nil before the first run.
func (s *Study) readFrozen() (*frozen, error) {
	path := filepath.Join(s.Dir, frozenFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	f := &frozen{}
	if err == nil {
		err = json.Unmarshal(data, f)
	}
	if err != nil {
		return nil, &fault.Input{File: path, Err: plainCause(err), Do: "restore the file"}
	}
	return f, nil
}

// primary is the pair of arms that was fixed, nil where there is none, and whether
// that was only after units were done: then nobody can say that it was named
// before results were seen.
func (s *Study) primary() (pair []string, late bool, err error) {
	f, err := s.readFrozen()
	switch {
	case err != nil:
		return nil, false, err
	case f == nil:
		return s.Config.Primary, true, nil
	case len(f.Primary) > 0:
		return f.Primary, f.Late, nil
	case f.Rule != nil && len(f.Rule) == 0: // an arm that came later made a pair of it
		return nil, true, nil
	}
	return f.Rule, f.Late, nil
}

// checkFrozen holds the settings against those of the first run. Before it there
// is nothing to hold them against.
func (s *Study) checkFrozen() error {
	f, err := s.readFrozen()
	if f == nil {
		return err
	}
	found, expected := s.Config.Primary, f.Primary
	for _, a := range f.Rule {
		if !slices.Contains(s.Config.Arms, a) {
			return &fault.Input{
				File: filepath.Join(s.Dir, ConfigFile), Field: "arms", Found: "no " + a, Expected: yamlList(f.Rule) + " among them, the primary comparison of the first run",
				Do: "put it back, or make another study folder: the primary comparison is named before results are seen",
			}
		}
	}
	switch {
	case !slices.Equal(found, expected):
		return &fault.Input{
			File: filepath.Join(s.Dir, ConfigFile), Field: "primary", Found: yamlList(found), Expected: yamlList(expected) + ", as at the first run",
			Do: "restore it: the primary comparison is named before results are seen, and any other is read as a secondary one",
		}
	case s.Config.SplitBy != f.SplitBy:
		return &fault.Input{
			File: filepath.Join(s.Dir, ConfigFile), Field: "split_by", Found: yamlValue(s.Config.SplitBy), Expected: yamlValue(f.SplitBy) + ", as at the first run",
			Do: "restore it, or make another study folder: the split is frozen",
		}
	}
	return nil
}

// freeze writes frozenFile where there is none; done is how many units of the plan
// are done already.
func (s *Study) freeze(done int) error {
	path := filepath.Join(s.Dir, frozenFile)
	if exists(path) {
		return nil
	}
	f := frozen{Primary: append([]string{}, s.Config.Primary...), Rule: []string{}, SplitBy: s.Config.SplitBy, Late: done > 0}
	for _, p := range evidence.DefaultPairs(s.evidenceArms(), s.Config.Primary) {
		if p.Family == evidence.Primary && len(s.Config.Primary) == 0 {
			f.Rule = []string{p.A, p.B}
		}
	}
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(bytes.TrimSpace(data), '\n'))
}
