package study

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"magn/internal/cohort"
)

// removeTemporary removes what killed processes left of writing a unit's files.
// Whoever calls it holds the lock of the unit's folder, or knows the unit done, so
// that nobody writes there.
func (u Unit) removeTemporary() error {
	var paths []string
	for _, name := range append(u.files(), settingsFile, checkpointFile, recordFile) {
		paths = append(paths, filepath.Join(u.Dir, name))
	}
	return cohort.RemoveTemporary(paths...)
}

// removeTemporary removes what killed processes left of writing the study's own
// files, its models and its report. Whoever calls it holds the study's lock and
// has made the split.
func (s *Study) removeTemporary() error {
	err := cohort.RemoveTemporary(filepath.Join(s.Dir, foldsFile), filepath.Join(s.Dir, frozenFile))
	report := func(name string) bool {
		switch filepath.Ext(name) {
		case ".json", ".html", ".csv", ".svg", ".png":
			return true
		}
		return false
	}
	for _, sub := range []string{"", "figures", "tables"} {
		err = errors.Join(err, cohort.RemoveTemporaries(filepath.Join(s.ReportDir(), sub), report))
	}
	for _, name := range s.modelArms() {
		dir := filepath.Join(s.Dir, modelsFolder, name)
		err = errors.Join(err, cohort.RemoveTemporaries(dir, func(name string) bool {
			return name == modelJSON || isModelNetwork(name)
		}))
		links, e := os.ReadDir(dir)
		if e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
		for _, l := range links {
			if name, ok := strings.CutSuffix(l.Name(), linkEnd); ok && isModelNetwork(name) {
				err = errors.Join(err, os.Remove(filepath.Join(dir, l.Name())))
			}
		}
	}
	return err
}

// isModelNetwork says whether a file of this name in a model's folder is one of its networks.
func isModelNetwork(name string) bool {
	ok, _ := filepath.Match("fold-*.safetensors", name)
	return ok
}
