package evidence

import (
	"cmp"
	"slices"
)

// CheckLeakage looks, for every fitted step of every unit, for test groups
// among those it saw, and counts both. A unit's test groups are those it names and
// those of its predictions.
func CheckLeakage(units []Unit) Leakage {
	l := Leakage{Steps: []StepSeen{}, Violations: []Violation{}}
	for _, u := range units {
		test := map[string]bool{}
		for _, g := range u.TestGroups {
			test[g] = true
		}
		for _, p := range u.Predictions {
			test[p.Group] = true
		}
		for _, f := range u.Fits {
			l.Checked++
			l.count(u.Arm, f, test)
			var seen []string
			for _, g := range f.Groups {
				if test[g] {
					seen = append(seen, g)
				}
			}
			if len(seen) > 0 {
				slices.Sort(seen)
				l.Violations = append(l.Violations, Violation{u.Arm, u.Fold, u.Seed, f.Step, slices.Compact(seen)})
			}
		}
	}
	slices.SortFunc(l.Steps, func(a, b StepSeen) int { return cmp.Or(cmp.Compare(a.Arm, b.Arm), cmp.Compare(a.Step, b.Step)) })
	slices.SortStableFunc(l.Violations, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.Arm, b.Arm), cmp.Compare(a.Fold, b.Fold), cmp.Compare(a.Seed, b.Seed), cmp.Compare(a.Step, b.Step))
	})
	return l
}

// count adds a unit's step to the line of its arm and step.
func (l *Leakage) count(arm string, f Fit, test map[string]bool) {
	seen := map[string]bool{}
	both := 0
	for _, g := range f.Groups {
		if !seen[g] && test[g] {
			both++
		}
		seen[g] = true
	}
	n := len(seen)
	i := slices.IndexFunc(l.Steps, func(s StepSeen) bool { return s.Arm == arm && s.Step == f.Step })
	if i < 0 {
		i = len(l.Steps)
		l.Steps = append(l.Steps, StepSeen{Arm: arm, Step: f.Step, SeenMin: n, TestedMin: len(test)})
	}
	s := &l.Steps[i]
	s.Units, s.Both = s.Units+1, s.Both+both
	s.SeenMin, s.SeenMax = min(s.SeenMin, n), max(s.SeenMax, n)
	s.TestedMin, s.TestedMax = min(s.TestedMin, len(test)), max(s.TestedMax, len(test))
}
