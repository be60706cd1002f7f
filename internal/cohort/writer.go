package cohort

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"magn/internal/fault"
	"magn/internal/nifti"
	"magn/internal/volume"
)

// Writer builds the cohort of a new study folder beside it, in .<name>.partial,
// and puts it in place whole with Commit. Stacks of different cases may be
// written at the same time.
type Writer struct {
	study, staging string
	lock           *flock.Flock
}

const lockFile = ".lock"

// Create starts a cohort. A study folder that holds something else than a cohort
// is refused at once; one with a cohort is compared by Commit.
func Create(study string) (*Writer, error) {
	study = filepath.Clean(study)
	names, err := os.ReadDir(study)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, &fault.Input{File: study, Field: "study folder", Expected: "a folder that is new or empty", Err: err}
	}
	if len(names) > 0 && !exists(filepath.Join(study, cohortFile)) {
		return nil, &fault.Input{
			File: study, Field: "study folder", Found: fmt.Sprintf("%d files and no %s", len(names), cohortFile),
			Expected: "a folder that is new or empty", Do: "name another folder",
		}
	}
	return stage(study)
}

// stage makes the folder beside a study that a Writer builds in, and locks it.
func stage(study string) (*Writer, error) {
	w := &Writer{study: study, staging: filepath.Join(filepath.Dir(study), "."+filepath.Base(study)+".partial")}
	if err := os.MkdirAll(w.staging, 0o755); err != nil {
		return nil, fault.NoPlace(study, err)
	}
	w.lock = flock.New(filepath.Join(w.staging, lockFile))
	held, err := w.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", w.staging, err)
	}
	if !held {
		return nil, &fault.Input{File: w.staging, Found: "another process that writes this study", Do: "wait for it to end"}
	}
	// What an import that was killed left here is of no use to anybody.
	left, err := os.ReadDir(w.staging)
	for _, e := range left {
		if e.Name() != lockFile {
			err = errors.Join(err, os.RemoveAll(filepath.Join(w.staging, e.Name())))
		}
	}
	if err != nil {
		w.Abort()
		return nil, fmt.Errorf("clearing %s: %w", w.staging, err)
	}
	return w, nil
}

// Stack writes stack n (from 1) of a view of a case: image, mask and sidecar,
// whose hashes and SpacingKnown are filled in here. Both are stored with the
// smallest type that holds them exactly.
func (w *Writer) Stack(caseID string, view volume.View, n int, v *volume.Volume, m *volume.Mask, s Sidecar) error {
	if err := checkID(caseID); err != nil {
		return &fault.Input{File: w.study, Field: "case", Found: strconv.Quote(caseID), Expected: err.Error()}
	}
	dir := filepath.Join(w.staging, casesFolder, caseID)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making %s: %w", dir, err)
	}
	image, mask, sidecar := stackNames(dir, view, n)
	if err := nifti.WriteVolume(image, v, smallestType(v.Data)); err != nil {
		return err
	}
	if err := nifti.WriteMask(mask, m); err != nil {
		return err
	}
	s.ImageSHA256, s.MaskSHA256, s.SpacingKnown = hashVolume(v), hashMask(m), v.SpacingKnown
	return writeSidecar(sidecar, s)
}

func smallestType(data []float32) nifti.DataType {
	lo, hi := float32(0), float32(0)
	for _, x := range data {
		// Whole numbers only; the conversion is exact where x is within int32.
		if !(x > -1<<24 && x < 1<<24) || x != float32(int32(x)) {
			return nifti.Float32
		}
		if x < lo {
			lo = x
		} else if x > hi {
			hi = x
		}
	}
	switch {
	case lo >= 0 && hi <= math.MaxUint8:
		return nifti.Uint8
	case lo >= math.MinInt16 && hi <= math.MaxInt16:
		return nifti.Int16
	case lo >= 0 && hi <= math.MaxUint16:
		return nifti.Uint16
	}
	return nifti.Float32
}

// Commit writes cohort.csv and excluded.csv, puts the study folder in place and
// reads it back. Where the folder already holds the very same cohort it is left
// as it is; another one is refused. c.Dir and the cases' Dir need not be filled.
func (w *Writer) Commit(c *Cohort) (*Cohort, error) {
	defer w.Abort()
	rows, out, err := c.withVerdicts(w.study).tables()
	if err != nil {
		return nil, err
	}
	if err := writeCSV(filepath.Join(w.staging, cohortFile), rows); err != nil {
		return nil, err
	}
	if err := writeCSV(filepath.Join(w.staging, excludedFile), out); err != nil {
		return nil, err
	}
	if names, err := os.ReadDir(w.study); err == nil && len(names) > 0 {
		if what := w.differs(c.Cases); what != "" {
			return nil, &fault.Input{
				File: w.study, Field: "study folder", Found: "another cohort (" + what + ")",
				Expected: "a folder that is new or empty, or holds this cohort", Do: "name another folder, or delete this one",
			}
		}
		return Load(w.study)
	}
	if err := os.Remove(w.study); err != nil && !errors.Is(err, os.ErrNotExist) { // an empty folder
		return nil, fmt.Errorf("putting %s in place: %w", w.study, err)
	}
	if err := os.Rename(w.staging, w.study); err != nil {
		return nil, fmt.Errorf("putting %s in place: %w", w.study, err)
	}
	w.staging = ""
	// Removed only now: without it another process could take the folder over.
	os.Remove(filepath.Join(w.study, lockFile))
	return Load(w.study)
}

// tables are the rows of cohort.csv and of excluded.csv, sorted by case.
func (c *Cohort) tables() (in, out [][]string, err error) {
	cases := append([]Case(nil), c.Cases...)
	sort.Slice(cases, func(i, j int) bool { return cases[i].ID < cases[j].ID })
	if in, err = cohortRows(cases, c.Covariates); err != nil {
		return nil, nil, err
	}
	out = [][]string{{"case", "group", "class", "reason"}}
	left := append([]Exclusion(nil), c.Excluded...)
	sort.Slice(left, func(i, j int) bool { return left[i].ID < left[j].ID })
	for _, x := range left {
		if x.Class == "" { // nobody knows it, which may be the reason
			x.Class = "unknown"
		}
		out = append(out, []string{x.ID, x.Group, x.Class, x.Reason})
	}
	return in, out, nil
}

// cohortRows are those of cohort.csv: case, group, class, label, then the
// covariates in the order given. A covariate of a case that is not in the list
// is a mistake of the caller.
func cohortRows(cases []Case, covariates []string) ([][]string, error) {
	header := append(append([]string(nil), cohortColumns...), covariates...)
	for i, h := range header {
		if h == "" || h != strings.TrimSpace(h) || slices.Contains(header[:i], h) {
			return nil, fmt.Errorf("a column of %s named %q: empty, or a second time", cohortFile, h)
		}
	}
	rows := [][]string{header}
	for _, k := range cases {
		row := []string{k.ID, k.Group, k.Class, strconv.Itoa(k.Label)}
		for name := range k.Covariates {
			if !slices.Contains(covariates, name) {
				return nil, fmt.Errorf("case %s has a covariate %q that the cohort does not list", k.ID, name)
			}
		}
		for _, name := range covariates {
			row = append(row, k.Covariates[name])
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// differs names the first thing in which the study that is there is not the one
// that was just built, "" where there is none. Sidecars carry the hashes of
// images and masks, so they are what is compared.
func (w *Writer) differs(cases []Case) string {
	names := []string{cohortFile, excludedFile}
	for _, k := range cases {
		for _, v := range volume.Views {
			for n := 1; ; n++ {
				_, _, sidecar := stackNames(filepath.Join(casesFolder, k.ID), v, n)
				if !exists(filepath.Join(w.staging, sidecar)) && !exists(filepath.Join(w.study, sidecar)) {
					break
				}
				names = append(names, sidecar)
			}
		}
	}
	for _, name := range names {
		a, errA := os.ReadFile(filepath.Join(w.staging, name))
		b, errB := os.ReadFile(filepath.Join(w.study, name))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			return name + " differs"
		}
	}
	return ""
}

// Abort drops what was built; after Commit it does nothing to the study.
func (w *Writer) Abort() {
	// The folder goes before the lock does: nobody else writes in it until then.
	if w.staging != "" {
		os.RemoveAll(w.staging)
	}
	w.lock.Close()
}
