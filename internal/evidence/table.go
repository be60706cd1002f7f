package evidence

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"magn/internal/fault"
	"magn/internal/stats"
)

// table is one arm's predictions, checked: every seed answers for every case
// once, in the same fold.
type table struct {
	arm       Arm
	cases     []tableCase // by fold, then id
	folds     []int       // ascending
	seeds     []int       // ascending
	score     [][]float64 // [seed][case]
	logit     [][]float64 // [seed][case]
	threshold [][]float64 // [seed][case]
	units     map[unitKey]*Unit
}

type tableCase struct {
	id, group string
	fold      int
	label     int
}

type unitKey struct{ fold, seed int }

// everyFold stands for all folds at once.
const everyFold = -1

// rows are the cases of a fold.
func (t *table) rows(fold int) []int {
	var rows []int
	for i, c := range t.cases {
		if fold == everyFold || c.fold == fold {
			rows = append(rows, i)
		}
	}
	return rows
}

func (t *table) everySeed() []int {
	seeds := make([]int, len(t.seeds))
	for s := range seeds {
		seeds[s] = s
	}
	return seeds
}

// sample is what seed s (an index) says of rows.
func (t *table) sample(s int, rows []int) stats.Sample {
	f := stats.Sample{}
	for _, i := range rows {
		f.Scores = append(f.Scores, t.score[s][i])
		f.Positive = append(f.Positive, t.cases[i].label == 1)
		f.Groups = append(f.Groups, t.cases[i].group)
	}
	return f
}

// tabulate sorts units into their arms' tables and checks them.
func tabulate(arms []Arm, units []Unit) ([]*table, error) {
	byName := map[string]*table{}
	tables := make([]*table, len(arms))
	for i, a := range arms {
		if byName[a.Name] != nil {
			return nil, &fault.Input{File: "arm " + a.Name, Found: "two arms of that name", Expected: "one"}
		}
		tables[i] = &table{arm: a, units: map[unitKey]*Unit{}}
		byName[a.Name] = tables[i]
	}
	for i := range units {
		u := &units[i]
		t, key := byName[u.Arm], unitKey{u.Fold, u.Seed}
		if t == nil {
			return nil, unitFault(u, "an arm that the study does not have", "one of the study's")
		}
		if t.units[key] != nil {
			return nil, unitFault(u, "the unit twice", "once")
		}
		t.units[key] = u
	}
	known := map[string]tableCase{}
	for _, t := range tables {
		if err := t.fill(); err != nil {
			return nil, err
		}
		for _, c := range t.cases {
			k, ok := known[c.id]
			if ok && (k.label != c.label || k.group != c.group) {
				return nil, &fault.Input{
					File: "case " + c.id, Field: "arm " + t.arm.Name,
					Found:    fmt.Sprintf("group %s, label %d", c.group, c.label),
					Expected: fmt.Sprintf("group %s, label %d as in other arms", k.group, k.label),
				}
			}
			known[c.id] = c
		}
	}
	return tables, nil
}

func unitFault(u *Unit, found, expected string) *fault.Input {
	return &fault.Input{File: fmt.Sprintf("arm %s, fold %d, seed %d", u.Arm, u.Fold, u.Seed), Found: found, Expected: expected}
}

// fill makes the table from its units.
func (t *table) fill() error {
	if len(t.units) == 0 {
		return &fault.Input{File: "arm " + t.arm.Name, Found: "no unit", Expected: "one for each fold and seed", Do: "run the study"}
	}
	for k := range t.units {
		t.folds, t.seeds = append(t.folds, k.fold), append(t.seeds, k.seed)
	}
	slices.Sort(t.folds)
	slices.Sort(t.seeds)
	t.folds, t.seeds = slices.Compact(t.folds), slices.Compact(t.seeds)

	foldOf := map[string]int{}
	for s, seed := range t.seeds {
		var cases []tableCase
		answers := map[string]Prediction{}
		for _, fold := range t.folds {
			u := t.units[unitKey{fold, seed}]
			if u == nil {
				return &fault.Input{
					File:  fmt.Sprintf("arm %s, fold %d, seed %d", t.arm.Name, fold, seed),
					Found: "no unit", Expected: "every fold under every seed", Do: "run the study",
				}
			}
			if err := checkUnit(u, t.arm.Kind); err != nil {
				return err
			}
			for _, p := range u.Predictions {
				if err := checkAnswer(u, p, answers, foldOf); err != nil {
					return err
				}
				answers[p.Case], foldOf[p.Group] = p, fold
				cases = append(cases, tableCase{p.Case, p.Group, fold, p.Label})
			}
		}
		slices.SortFunc(cases, func(a, b tableCase) int { return cmp.Or(cmp.Compare(a.fold, b.fold), cmp.Compare(a.id, b.id)) })
		if s == 0 {
			t.cases = cases
		} else if !slices.Equal(t.cases, cases) {
			return &fault.Input{
				File:  fmt.Sprintf("arm %s, seed %d", t.arm.Name, seed),
				Found: "other cases or folds than under seed " + strconv.Itoa(t.seeds[0]), Expected: "the same under every seed",
			}
		}
		score, logit, threshold := make([]float64, len(cases)), make([]float64, len(cases)), make([]float64, len(cases))
		for i, c := range cases {
			score[i], logit[i], threshold[i] = answers[c.id].Score, answers[c.id].Logit, answers[c.id].Threshold
		}
		t.score, t.logit, t.threshold = append(t.score, score), append(t.logit, logit), append(t.threshold, threshold)
	}
	if err := t.checkMaps(); err != nil {
		return err
	}
	return t.checkExams()
}
