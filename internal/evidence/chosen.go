package evidence

import "slices"

// competes says whether an arm is one that the study asks about: not a variant of
// another, and not one that sees no image.
func competes(a ArmResult) bool { return a.Of == "" && a.Kind != KindBlind }

// chosenPairs are what the arm of the highest AUC is set against where no pair has
// them already: the arm that the study is about (the first of the primary
// comparison, else the main network) and the next best arm. The results choose
// these pairs, so that no p would hold: they are described. None where a study
// makes no comparison.
func chosenPairs(arms []ArmResult, made []Pair, tables []*table) []Pair {
	if len(made) == 0 {
		return nil
	}
	best, next := "", ""
	var score, second float64
	for _, a := range arms {
		x := a.Metrics.AUC.Value
		switch {
		case !competes(a) || x != x:
		case best == "" || x > score:
			next, second = best, score
			best, score = a.Name, x
		case next == "" || x > second:
			next, second = a.Name, x
		}
	}
	main := ""
	if i := slices.IndexFunc(made, func(p Pair) bool { return p.Family == Primary }); i >= 0 {
		main = made[i].A
	} else {
		var own []Arm
		for _, t := range tables {
			own = append(own, t.arm)
		}
		main = mainArm(own)
	}
	byName := map[string]*table{}
	for _, t := range tables {
		byName[t.arm.Name] = t
	}
	var out []Pair
	for _, other := range []string{main, next} {
		if best == "" || other == "" || other == best || byName[other] == nil || pairable(byName[best], byName[other]) != nil {
			continue
		}
		same := func(p Pair) bool { return p.A == best && p.B == other || p.A == other && p.B == best }
		if !slices.ContainsFunc(made, same) && !slices.ContainsFunc(out, same) {
			out = append(out, Pair{best, other, Descriptive})
		}
	}
	return out
}
