package study

import (
	"fmt"
	"slices"
	"strings"

	"magn/internal/evidence"
	"magn/internal/fault"
)

// NullPairs compares an arm with itself: the first each seeds with the next each,
// and so on, by the comparison that a study makes of two arms. Nothing differs but
// the draws of training, so what is found is found wrongly. Every unit must be
// done; seeds that are left over are left out.
func (s *Study) NullPairs(arm string, each int) ([]evidence.Comparison, error) {
	plan, err := s.Plan()
	if err != nil {
		return nil, err
	}
	var of evidence.Arm
	for _, a := range s.evidenceArms() {
		if a.Name == arm {
			of = a
		}
	}
	if of.Name == "" {
		return nil, &fault.Input{File: s.Dir, Field: "arms", Found: strings.Join(s.Config.Arms, ", "), Expected: arm + " among them"}
	}
	seeds := s.Config.Seeds
	count := len(seeds) / (2 * each) // of pairs
	if count == 0 {
		return nil, &fault.Input{File: s.Dir, Field: "seeds", Found: fmt.Sprintf("%d", len(seeds)), Expected: fmt.Sprintf("at least %d, for one pair of %d each", 2*each, each)}
	}
	units, _, err := s.units(plan)
	if err != nil {
		return nil, err
	}
	place := map[int]int{}
	for i, seed := range seeds[:2*each*count] {
		place[seed] = i
	}
	arms, pairs := make([]evidence.Arm, 2*count), make([]evidence.Pair, count)
	for i := range arms {
		arms[i] = of
		arms[i].Name = fmt.Sprintf("seeds %d to %d", seeds[i*each], seeds[(i+1)*each-1])
	}
	for i := range pairs {
		pairs[i] = evidence.Pair{A: arms[2*i].Name, B: arms[2*i+1].Name, Family: evidence.Descriptive}
	}
	var dealt []evidence.Unit
	for _, u := range units {
		i, ok := place[u.Seed]
		if u.Arm != arm || !ok {
			continue
		}
		u.Arm, u.Seed = arms[i/each].Name, i%each+1
		u.Maps, u.Exams = nil, nil
		u.Predictions = slices.Clone(u.Predictions)
		for k := range u.Predictions {
			u.Predictions[k].Arm, u.Predictions[k].Seed = u.Arm, u.Seed
		}
		dealt = append(dealt, u)
	}
	info := evidence.Info{Study: s.Config.Name, Positive: s.Cohort.Positive, Negative: s.Cohort.Negative}
	r, err := evidence.Summarise(info, arms, dealt, pairs)
	return r.Comparisons, err
}
