package cohort

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"magn/internal/fault"
	"magn/internal/volume"
)

// Growth writes into a study folder case by case: what an import that ended early
// has placed is there, whole, for the next one. It builds in .<name>.partial
// beside the folder, as a Writer does.
type Growth struct {
	w *Writer
}

// Grow starts. The study folder is new, empty, or has a cohort or the folder named
// mine, by which an earlier import is known; anything else is refused.
func Grow(study, mine string) (*Growth, error) {
	study = filepath.Clean(study)
	known := exists(filepath.Join(study, mine))
	names, err := os.ReadDir(study)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, &fault.Input{File: study, Field: "study folder", Expected: "a folder that is new or empty", Err: err}
	}
	if len(names) > 0 && !known {
		return nil, &fault.Input{
			File: study, Field: "study folder", Found: fmt.Sprintf("%d files and no %s", len(names), mine),
			Expected: "a folder that is new or empty, or that an earlier import made", Do: "name another folder",
		}
	}
	w, err := stage(study)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{mine, casesFolder} {
		if err := os.MkdirAll(filepath.Join(study, name), 0o755); err != nil {
			w.Abort()
			return nil, fmt.Errorf("making %s: %w", study, err)
		}
	}
	if err := clearGrowth(study, mine); err != nil {
		w.Abort()
		return nil, err
	}
	return &Growth{w}, nil
}

// clearGrowth removes the temporary files of an import that was killed: in the
// study folder those of the files that an import writes, in its own folder and those
// below it all.
func clearGrowth(study, mine string) error {
	lists := []string{filepath.Join(study, cohortFile), filepath.Join(study, excludedFile), filepath.Join(study, checkedFile)}
	if err := RemoveTemporary(lists...); err != nil {
		return err
	}
	return filepath.WalkDir(filepath.Join(study, mine), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
		if !d.IsDir() {
			return nil
		}
		return RemoveTemporaries(path, func(string) bool { return true })
	})
}

// Cases lists the cases of the cohort that is there; none where there is no
// cohort.csv yet. One that cannot be read is an error: who was in it is not known.
func (g *Growth) Cases() ([]string, error) {
	if !exists(filepath.Join(g.w.study, cohortFile)) {
		return nil, nil
	}
	var ps Problems
	var out []string
	for _, r := range readCSVFile(filepath.Join(g.w.study, cohortFile), cohortColumns, &ps) {
		out = append(out, r.at(0))
	}
	return out, ps.err(g.w.study)
}

// Stack is the Writer's: it writes where nobody looks until Place.
func (g *Growth) Stack(caseID string, view volume.View, n int, v *volume.Volume, m *volume.Mask, s Sidecar) error {
	return g.w.Stack(caseID, view, n, v, m, s)
}

// Note writes a further file of a case.
func (g *Growth) Note(caseID, name string, data []byte) error {
	if err := checkID(caseID); err != nil {
		return &fault.Input{File: g.w.study, Field: "case", Found: strconv.Quote(caseID), Expected: err.Error()}
	}
	dir := filepath.Join(g.w.staging, casesFolder, caseID)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making %s: %w", dir, err)
	}
	return writeFile(filepath.Join(dir, name), data)
}

// Place puts a case that was built in its place. One that is there is replaced.
func (g *Growth) Place(caseID string) error {
	from, to := filepath.Join(g.w.staging, casesFolder, caseID), g.Dir(caseID)
	if err := g.Drop(caseID); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return fmt.Errorf("putting %s in place: %w", to, err)
	}
	return nil
}

// Drop takes a case out; one that is not there is no error. The folder leaves its
// place at once and as a whole.
func (g *Growth) Drop(caseID string) error {
	to, old := g.Dir(caseID), filepath.Join(g.w.staging, "old-"+caseID)
	if !exists(to) {
		return nil
	}
	if err := os.Rename(to, old); err != nil {
		return fmt.Errorf("replacing %s: %w", to, err)
	}
	if err := os.RemoveAll(old); err != nil {
		return fmt.Errorf("removing %s: %w", old, err)
	}
	return nil
}

// Dir is where a case is, or will be.
func (g *Growth) Dir(caseID string) string { return filepath.Join(g.w.study, casesFolder, caseID) }

// Finish writes excluded.csv, then cohort.csv, and reads the cohort back. Cases
// that it does not list must be dropped before. c.Dir and the cases' Dir need not
// be filled.
func (g *Growth) Finish(c *Cohort) (*Cohort, error) {
	cases, out, err := c.tables()
	if err != nil {
		return nil, err
	}
	if err := writeCSV(filepath.Join(g.w.study, excludedFile), out); err != nil {
		return nil, err
	}
	if err := writeCSV(filepath.Join(g.w.study, cohortFile), cases); err != nil {
		return nil, err
	}
	if exists(filepath.Join(g.w.study, checkedFile)) {
		if err := syncChecked(g.w.study); err != nil {
			return nil, err
		}
	}
	return Load(g.w.study)
}

// Abort ends the growth, after Finish too, and removes what was not placed.
func (g *Growth) Abort() { g.w.Abort() }
