package study

import (
	"path/filepath"

	"github.com/gofrs/flock"
)

// Status is how far a study is.
type Status struct {
	Running  bool           `json:"running"` // a run holds the study now
	Arms     []ArmStatus    `json:"arms"`
	Excluded map[string]int `json:"excluded"` // reason → cases
}

// ArmStatus counts the units of an arm.
type ArmStatus struct {
	Arm     string `json:"arm"`
	Done    int    `json:"done"`
	Started int    `json:"started"`
	ToRun   int    `json:"to_run"`
}

// Status looks at every unit's folder and changes nothing: before the split is
// made, which freezes the cohort, all is to run.
func (s *Study) Status() (Status, error) {
	st := Status{Excluded: map[string]int{}}
	var plan []Planned
	split := exists(filepath.Join(s.Dir, foldsFile))
	if split {
		var err error
		if plan, err = s.Plan(); err != nil {
			return st, err
		}
	}
	for _, name := range s.Config.Arms {
		a := ArmStatus{Arm: name}
		if !split {
			a.ToRun = s.Config.Folds * len(s.Config.Seeds)
		}
		for _, p := range plan {
			if p.Unit.Arm != name {
				continue
			}
			switch p.State {
			case Done:
				a.Done++
			case Started:
				a.Started++
			default:
				a.ToRun++
			}
		}
		st.Arms = append(st.Arms, a)
	}
	for _, e := range s.Excluded {
		st.Excluded[e.Reason]++
	}
	if path := filepath.Join(s.Dir, lockFile); exists(path) {
		l := flock.New(path)
		if free, err := l.TryRLock(); err == nil {
			st.Running = !free
		}
		l.Close()
	}
	return st, nil
}
