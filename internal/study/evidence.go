package study

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"magn/internal/evidence"
	"magn/internal/fault"
)

// LeakError says that fitted steps saw groups that they were tested on.
type LeakError struct{ Leakage evidence.Leakage }

func (e *LeakError) Error() string {
	v := e.Leakage.Violations[0]
	return fmt.Sprintf("leak: %d of %d fitted steps saw groups that they were tested on, the first: %s, fold %d, seed %d, step %s: %v",
		len(e.Leakage.Violations), e.Leakage.Checked, v.Arm, v.Fold, v.Seed, v.Step, v.Groups)
}

// Evidence sums up what the units left and writes report/results.json. Every
// unit must be done. A leak is a *LeakError; the file is written all the same.
func (s *Study) Evidence() (evidence.Results, error) {
	plan, err := s.Plan()
	if err != nil {
		return evidence.Results{}, err
	}
	r, err := s.summarise(plan)
	if err != nil {
		return r, err
	}
	if err := os.MkdirAll(s.ReportDir(), 0o755); err != nil {
		return r, err
	}
	if err := evidence.WriteResults(filepath.Join(s.ReportDir(), resultsFile), r); err != nil {
		return r, err
	}
	if len(r.Leakage.Violations) > 0 {
		return r, &LeakError{r.Leakage}
	}
	return r, nil
}

func (s *Study) summarise(plan []Planned) (evidence.Results, error) {
	units, _, err := s.units(plan)
	if err != nil {
		return evidence.Results{}, err
	}
	fold := map[string]int{}
	for _, p := range plan {
		for _, c := range p.Unit.Test {
			fold[c.ID] = p.Unit.Fold
		}
	}
	units = append(units, s.readerUnits(fold)...)
	info := evidence.Info{Study: s.Config.Name, Positive: s.Cohort.Positive, Negative: s.Cohort.Negative}
	info.SplitBy, info.FoldNames = s.Config.SplitBy, s.levels
	if info.Patients, err = s.patients(); err != nil {
		return evidence.Results{}, err
	}
	var primary []string
	if primary, info.PrimaryLate, err = s.primary(); err != nil {
		return evidence.Results{}, err
	}
	arms := s.evidenceArms()
	return evidence.Summarise(info, arms, units, evidence.DefaultPairs(arms, primary))
}

// units reads what every unit of the plan left, in its order.
func (s *Study) units(plan []Planned) ([]evidence.Unit, []*Record, error) {
	left := 0
	for _, p := range plan {
		if p.State != Done {
			left++
		}
	}
	if left > 0 {
		return nil, nil, &fault.Input{
			File: s.Dir, Found: fmt.Sprintf("%d of %d units done", len(plan)-left, len(plan)), Expected: "all",
			Do: "magn study run " + s.Dir + " does the rest",
		}
	}
	at := map[string]int{}     // trained units, by name
	byHash := map[string]int{} // the same, by the hash that others name them by
	units := make([]evidence.Unit, 0, len(plan))
	records := make([]*Record, 0, len(plan))
	for _, p := range plan {
		rec, err := readRecord(p.Unit.Dir)
		if err != nil {
			return nil, nil, err
		}
		if rec == nil {
			return nil, nil, &fault.Input{File: filepath.Join(p.Unit.Dir, recordFile), Found: "no such file any more"}
		}
		if p.Unit.Exam != nil { // says more of a unit that came before
			u := &units[at[p.Unit.trio()]]
			if err := p.Unit.checkFiles(rec); err != nil {
				return nil, nil, err
			}
			if u.Exams, err = evidence.ReadExams(filepath.Join(p.Unit.Dir, examsFile)); err != nil {
				return nil, nil, err
			}
			continue
		}
		at[p.Unit.trio()], byHash[p.Unit.Hash] = len(units), len(units)
		u, err := readUnit(p.Unit, rec)
		if err != nil {
			return nil, nil, err
		}
		if r := p.Unit.Recentred; r != nil {
			if err := p.Unit.checkBorrowed(u.Fits, units[byHash[r.Unit]].Fits); err != nil {
				return nil, nil, err
			}
		}
		units, records = append(units, u), append(records, rec)
	}
	return units, records, nil
}

// sameResults says whether results.json holds what r is.
func sameResults(path string, r evidence.Results) (bool, error) {
	have, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	// Through a file, so that the bytes are made in one place.
	tmp, err := os.MkdirTemp("", "magn-verify-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(tmp)
	if err := evidence.WriteResults(filepath.Join(tmp, resultsFile), r); err != nil {
		return false, err
	}
	want, err := os.ReadFile(filepath.Join(tmp, resultsFile))
	return bytes.Equal(have, want), err
}
