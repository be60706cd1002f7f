package report

import (
	"fmt"
	"strings"

	"magn/internal/evidence"
)

// leakageSentence is the statement about every fitted step.
func leakageSentence(l evidence.Leakage) string {
	switch {
	case l.Checked == 0:
		return "No fitted step was recorded, so nothing is shown about leakage."
	case len(l.Violations) == 0:
		return fmt.Sprintf("%s checked: none has seen a group of the fold that it was tested on.", count(l.Checked, "fitted step"))
	}
	return fmt.Sprintf("%d of %s have seen groups that they were tested on. The numbers of this report cannot be trusted until that is mended.", len(l.Violations), count(l.Checked, "fitted step"))
}

// dataSentence says in one sentence what the data are.
func dataSentence(r evidence.Results) string {
	var b strings.Builder
	fmt.Fprint(&b, count(r.Cases, "patient"))
	if r.Groups == r.Cases {
		b.WriteString(", each of them independent of the others")
	} else {
		fmt.Fprintf(&b, " in %s (a group is whoever may be one person, and is never split)", count(r.Groups, "independent group"))
	}
	if len(r.Arms) > 0 && len(r.Arms[0].Folds) > 0 {
		a := r.Arms[0]
		for _, b := range r.Arms {
			if len(b.Seeds) > len(a.Seeds) { // a reader has one
				a = b
			}
		}
		pos := positives(a)
		fmt.Fprintf(&b, ": %d %s (the positive class) and %d %s. %s, %s.",
			pos, r.Positive, a.N-pos, r.Negative, splitWords(r, folds(a)), count(len(a.Seeds), "seed"))
	} else {
		fmt.Fprintf(&b, ": %s (the positive class) against %s.", r.Positive, r.Negative)
	}
	return b.String()
}

// splitWords says how the answers came about.
func splitWords(r evidence.Results, folds int) string {
	if r.SplitBy != "" {
		return fmt.Sprintf("Each %s was held out once, as a fold of its own (%d)", r.SplitBy, folds)
	}
	if folds == 1 { // as a model that was trained elsewhere has it
		return "No folds: every patient is answered for at once"
	}
	return fmt.Sprintf("%d-fold cross-validation by group", folds)
}

// folds counts an arm's different folds.
func folds(a evidence.ArmResult) int {
	seen := map[int]bool{}
	for _, f := range a.Folds {
		seen[f.Fold] = true
	}
	return len(seen)
}

// mapSentences say what attention did to the maps, for arms that differ in
// nothing else: those of the most views, since a table has all. No test stands
// behind them, and they say so.
func mapSentences(r evidence.Results) []string {
	var out []string
	most := 0
	for _, a := range r.Arms {
		if a.Attention {
			most = max(most, len(a.Views))
		}
	}
	for _, with := range r.Arms {
		for _, without := range r.Arms {
			if len(with.Views) < most || with.Of != "" || without.Of != "" || !with.Attention || without.Attention || with.Kind != without.Kind || strings.Join(with.Views, " ") != strings.Join(without.Views, " ") {
				continue
			}
			var parts []string
			for _, m := range with.Maps {
				for _, o := range without.Maps {
					if kindOf(o) == kindOf(m) && m.Crops == evidence.Shifted && !isNaN(m.Energy.Value) && !isNaN(o.Energy.Value) {
						parts = append(parts, fmt.Sprintf("%s %s with against %s without (a Gaussian in the middle %s; the lesion covers %s of the crop)",
							m.View, decimal(m.Energy.Value), decimal(o.Energy.Value), decimal(m.Gaussian.Energy.Value), decimal(m.Share.Value)))
					}
				}
			}
			if len(parts) > 0 {
				out = append(out, fmt.Sprintf("Part of the map inside the lesion on crops shifted away from it, %s and %s: %s.", with.Name, without.Name, strings.Join(parts, "; ")))
			}
		}
	}
	return out
}
