package study

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"magn/internal/fault"
)

// frozenFile keeps what must be fixed before anybody sees a result: it is written
// at the first run, and a study file that says otherwise later is refused.
const frozenFile = "frozen.json"

type frozen struct {
	Primary []string `json:"primary"`  // as in study.yaml; empty: the rule's
	SplitBy string   `json:"split_by"` // what folds.csv was made by
}

// checkFrozen holds the settings against those of the first run. Before it there
// is nothing to hold them against.
func (s *Study) checkFrozen() error {
	path := filepath.Join(s.Dir, frozenFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var f frozen
	if err == nil {
		err = json.Unmarshal(data, &f)
	}
	if err != nil {
		return &fault.Input{File: path, Err: plainCause(err), Do: "restore the file"}
	}
	found, expected := s.Config.Primary, f.Primary
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

// freeze writes frozenFile where there is none.
func (s *Study) freeze() error {
	path := filepath.Join(s.Dir, frozenFile)
	if exists(path) {
		return nil
	}
	data, err := json.MarshalIndent(frozen{append([]string{}, s.Config.Primary...), s.Config.SplitBy}, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(path, append(bytes.TrimSpace(data), '\n'))
}
