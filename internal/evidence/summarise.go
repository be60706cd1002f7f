package evidence

import (
	"math"

	"magn/internal/stats"
)

// Info is what results.json says of the study itself.
type Info struct {
	Study              string // its name, not its path
	Positive, Negative string // names of the classes
	Patients           Patients

	SplitBy   string   // what each fold holds out whole, such as scanner; empty: folds by group
	FoldNames []string // then which one

	PrimaryLate bool // the primary comparison was fixed after units were done
}

// rocPoints is how many false positive rates the mean curve is taken at: every
// hundredth.
const rocPoints = 101

// Summarise makes the evidence of a study from what its units left behind. The
// order of units and of their rows does not matter; arms keep theirs. pairs are
// the comparisons to make: nil for DefaultPairs, empty for none. What cannot be
// summed up honestly is a *fault.Input: a unit missing or there twice, a case
// answered twice, a group in two folds, seeds on different cases, compared arms
// on different ones. docs/methods/statistics.md says how each number is made.
func Summarise(study Info, arms []Arm, units []Unit, pairs []Pair) (Results, error) {
	tables, err := tabulate(arms, units)
	if err != nil {
		return Results{}, err
	}
	r := Results{Study: study.Study, Positive: study.Positive, Negative: study.Negative, SplitBy: study.SplitBy, FoldNames: study.FoldNames, PrimaryLate: study.PrimaryLate, Leakage: CheckLeakage(units)}
	cases, groups := map[string]bool{}, map[string]bool{}
	for _, t := range tables {
		a := t.result()
		a.Subgroups = t.subgroups(study.Patients)
		r.Arms = append(r.Arms, a)
		for _, c := range t.cases {
			cases[c.id], groups[c.group] = true, true
		}
	}
	r.Cases, r.Groups = len(cases), len(groups)
	if pairs == nil {
		pairs = DefaultPairs(arms, nil)
	}
	if r.Comparisons, err = compare(tables, pairs); err != nil {
		return Results{}, err
	}
	chosen, err := compare(tables, chosenPairs(r.Arms, pairs, tables))
	if err != nil {
		return Results{}, err
	}
	for i := range chosen {
		c := &chosen[i]
		c.Chosen, c.P, c.Fixed.P, c.Fixed.McNemar = true, math.NaN(), math.NaN(), math.NaN()
	}
	r.Comparisons = append(r.Comparisons, chosen...)
	var model *table
	for _, t := range tables {
		if t.arm.Name == mainArm(arms) {
			model = t
		}
	}
	r.Readers, r.MapDifferences = readerStudy(tables, model), mapDifferences(tables)
	if len(tables) > 0 {
		r.Patients = study.Patients.characteristics(tables[0].cases)
	}
	return r.filled(), nil
}

// result is everything about one arm.
func (t *table) result() ArmResult {
	groups := map[string]bool{}
	for _, c := range t.cases {
		groups[c.group] = true
	}
	r := ArmResult{
		Name: t.arm.Name, Kind: t.arm.Kind, Views: t.arm.Views, Attention: t.arm.Attention,
		Of: t.arm.Of, Variant: t.arm.Variant, N: len(t.cases), Groups: len(groups), Seeds: t.seeds, Maps: t.maps(),
	}
	if a := t.arm; a.Kind == KindReader {
		r.Reader = &ReaderFacts{a.Reader, a.Years, a.Aided, a.Binary}
	}
	r.Calibration, r.Decision, r.Exams = t.calibration(), t.decision(), t.exams()
	r.Candidates, r.Features = t.features()
	var curves [][]stats.Point
	for _, fold := range t.folds {
		for s, seed := range t.seeds {
			u, rows := t.units[unitKey{fold, seed}], t.rows(fold)
			f := FoldResult{Fold: fold, Seed: seed, N: len(rows), Backbone: u.Backbone, Lambda: u.Lambda, Epochs: u.Epochs, Tried: u.Tried}
			for _, i := range rows {
				f.Positive += t.cases[i].label
			}
			sample := t.sample(s, rows)
			curve := stats.ROC(sample.Scores, sample.Positive)
			curves, f.ROC = append(curves, curve), points(curve)
			f.Metrics, f.MetricsInner = t.metrics(rows, []int{s})
			r.Folds = append(r.Folds, f)
		}
	}
	r.ROC = points(stats.MeanROC(curves, rocPoints))
	r.Metrics, r.MetricsInner = t.metrics(t.rows(everyFold), t.everySeed())
	return r
}

func points(curve []stats.Point) []Point {
	out := make([]Point, len(curve))
	for i, p := range curve {
		out[i] = Point(p)
	}
	return out
}
