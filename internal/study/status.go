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

// Status looks at every unit's folder; it changes nothing but a split that is
// not made yet.
func (s *Study) Status() (Status, error) {
	st := Status{Excluded: map[string]int{}}
	plan, err := s.Plan()
	if err != nil {
		return st, err
	}
	for _, name := range s.Config.Arms {
		a := ArmStatus{Arm: name}
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
