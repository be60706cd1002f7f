package study

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"magn/internal/evidence"
)

// Differences are what Verify found: what is on disk is not what the study
// computed.
type Differences struct{ List []string }

func (d *Differences) Error() string {
	return fmt.Sprintf("what is on disk differs from what it was computed to be (%d):\n  %s", len(d.List), strings.Join(d.List, "\n  "))
}

// Verified counts what Verify looked at.
type Verified struct {
	Cases   int `json:"cases"`
	Units   int `json:"units"`
	Files   int `json:"files"`
	Models  int `json:"models"`
	Fits    int `json:"fits"` // fitted steps whose groups were held against the test groups
	Results int `json:"results"`
}

// Verify recomputes what can be: the sums of every stack's voxels, of each unit's
// settings and files, of the models' networks, results.json from the
// predictions, and the leakage statement. What differs is returned as
// *Differences, all of it.
func (s *Study) Verify(ctx context.Context, progress func(done, total int)) (Verified, error) {
	var d Differences
	v := Verified{Cases: len(s.Cohort.Cases)}
	differ := func(err error) { d.List = append(d.List, strings.ReplaceAll(err.Error(), "\n", "\n  ")) }
	if err := s.Cohort.Check(ctx, progress); ctx.Err() != nil {
		return v, ctx.Err()
	} else if err != nil {
		differ(err)
	}
	plan, err := s.Plan()
	if err != nil {
		return v, err
	}
	whole := true
	for _, p := range plan {
		n, err := verifyUnit(p)
		v.Units, v.Files = v.Units+1, v.Files+n
		if err != nil {
			whole = false
			differ(fmt.Errorf("%s: %w", p.Name(), err))
		}
	}
	var units []evidence.Unit
	var records []*Record
	if whole {
		if units, records, err = s.units(plan); err != nil {
			whole = false
			differ(err)
		}
	}
	for _, name := range s.modelArms() {
		found := s.verifyModel(name, plan, units, records)
		if len(found) == 0 {
			v.Models++
		}
		for _, err := range found {
			differ(err)
		}
	}
	if whole {
		r, err := s.summarise(plan)
		if err != nil {
			return v, err
		}
		v.Fits = r.Leakage.Checked
		if len(r.Leakage.Violations) > 0 {
			differ(&LeakError{r.Leakage})
		}
		path := filepath.Join(s.ReportDir(), resultsFile)
		switch same, err := sameResults(path, r); {
		case err != nil:
			differ(err)
		case !same:
			differ(fmt.Errorf("%s: not what the predictions give", path))
		}
		v.Results = 1
	}
	if len(d.List) > 0 {
		return v, &d
	}
	return v, nil
}

// verifyUnit holds a unit's record against its settings and files, and returns
// how many files it looked at.
func verifyUnit(p Planned) (files int, err error) {
	rec, err := readRecord(p.Unit.Dir)
	switch {
	case err != nil:
		return 0, err
	case rec == nil:
		return 0, errors.New("not done")
	case rec.Hash != p.Unit.Hash:
		return 0, errors.New("done with other settings or inputs")
	case !startedAs(p.Unit.Dir, rec.Hash):
		return 0, fmt.Errorf("%s: its SHA-256 is not the unit's hash", filepath.Join(p.Unit.Dir, settingsFile))
	}
	for _, name := range p.Unit.files() {
		path := filepath.Join(p.Unit.Dir, name)
		sum, e := hashFile(path)
		files++
		switch {
		case e != nil:
			err = errors.Join(err, e)
		case sum != rec.Files[name]:
			err = errors.Join(err, fmt.Errorf("%s: changed since the unit was done", path))
		}
	}
	return files, err
}
