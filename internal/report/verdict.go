package report

import (
	"fmt"
	"strings"

	"magn/internal/evidence"
)

// verdict is what a reader should take away, in sentences.
type verdict struct {
	Tone     string // shown, unsure or leak: how the page colours it
	Headline string // which arm, and its number
	Matter   string // by how much, and whether that can be told from chance
	Chance   string // whether the best arm itself can be told from guessing
	Cards    []card
}

// card is one number in large type.
type card struct{ Label, Value, Sub string }

const noMatter = " Whether a difference of this size matters to a patient is not something that these numbers measure."

// verdictOf reads the results in the order of what matters: a leak spoils
// everything, then the highest AUC, then whether a test holds it apart.
func verdictOf(r evidence.Results) verdict {
	v := verdict{Tone: "unsure"}
	best := bestArm(r)
	if best < 0 {
		v.Headline = "No arm has an AUC that is defined."
		if len(r.Arms) == 0 {
			v.Headline = "There are no results yet."
		}
	} else {
		a := r.Arms[best]
		v.Headline = fmt.Sprintf("%s: AUC %s", a.Name, intervalWords(a.Metrics.AUC))
		if len(r.Arms) > 1 {
			v.Headline = fmt.Sprintf("%s has the highest AUC: %s", a.Name, intervalWords(a.Metrics.AUC))
		}
		v.Cards = append(v.Cards, card{"AUC of " + a.Name, decimal(a.Metrics.AUC.Value), "95 % interval " + orNone(bounds(a.Metrics.AUC))})
		v.Chance = chance(a)
		v.compare(r, best)
	}
	v.leak(r.Leakage)
	return v
}

// bestArm is the arm with the highest defined AUC; the first of equals; -1
// where no arm has one.
func bestArm(r evidence.Results) int {
	best := -1
	for i, a := range r.Arms {
		x := a.Metrics.AUC.Value
		if !isNaN(x) && (best < 0 || x > r.Arms[best].Metrics.AUC.Value) {
			best = i
		}
	}
	return best
}

// chance says whether an arm's interval leaves guessing behind.
func chance(a evidence.ArmResult) string {
	if low := a.Metrics.AUC.Low; isNaN(low) || low > 0.5 {
		return ""
	}
	return "Its interval reaches 0.5: it is not shown to be better than guessing."
}

// compare finds the comparison of the best arm with the next best that it was
// tested against, and says what it shows.
func (v *verdict) compare(r evidence.Results, best int) {
	if len(r.Arms) == 1 {
		v.Matter = "There is one arm, so there is nothing to compare it with."
		return
	}
	name := r.Arms[best].Name
	c, ok := rivalOf(r, name)
	if !ok {
		v.Matter = "No comparison with another arm was made, so nothing is said about whether it is better."
		return
	}
	v.Cards = append(v.Cards, card{
		fmt.Sprintf("difference to %s", c.B), signed(c.DeltaAUC),
		fmt.Sprintf("95 %% interval %s to %s, %s", signed(c.Low), signed(c.High), strings.ReplaceAll(pWords(c.PHolm), " ", "\u00a0")),
	})
	defer func() { v.Matter += untested(r, best, c.B) }()
	between := fmt.Sprintf("%s to %s", signed(c.Low), signed(c.High))
	p := pWords(c.PHolm)
	many := ""
	if len(r.Comparisons) > 1 {
		many = fmt.Sprintf(", corrected for the %d comparisons made", len(r.Comparisons))
	}
	switch {
	case isNaN(c.DeltaAUC) || isNaN(c.Low) || isNaN(c.High) || isNaN(c.PHolm):
		v.Matter = fmt.Sprintf("Its difference to %s cannot be tested on these data.", c.B)
	case c.PHolm < 0.05 && (c.Low > 0 || c.High < 0):
		v.Tone = "shown"
		v.Matter = fmt.Sprintf("On the same patients it is %s AUC %s %s (95 %% interval %s, %s%s): more than chance explains.",
			decimal(abs(c.DeltaAUC)), aboveOrBelow(c.DeltaAUC), c.B, between, p, many) + noMatter
	case c.Low > 0 || c.High < 0:
		v.Matter = fmt.Sprintf("On the same patients it is %s AUC %s %s (95 %% interval %s), but that does not hold once corrected for the number of comparisons (%s): no difference is shown.",
			decimal(abs(c.DeltaAUC)), aboveOrBelow(c.DeltaAUC), c.B, between, p)
	default:
		v.Matter = fmt.Sprintf("On the same patients it is %s AUC %s %s, but the 95 %% interval of that difference, %s, includes zero (%s%s): no difference is shown, and any within that interval is possible.",
			decimal(abs(c.DeltaAUC)), aboveOrBelow(c.DeltaAUC), c.B, between, p, many)
	}
}

// rivalOf is the comparison of the named arm with the best of those it was
// compared with, turned so that the named arm comes first.
func rivalOf(r evidence.Results, name string) (evidence.Comparison, bool) {
	score := map[string]float64{}
	for _, a := range r.Arms {
		score[a.Name] = a.Metrics.AUC.Value
	}
	var found evidence.Comparison
	ok := false
	for _, c := range r.Comparisons {
		if c.B == name {
			c = evidence.Comparison{A: c.B, B: c.A, DeltaAUC: -c.DeltaAUC, Low: -c.High, High: -c.Low, P: c.P, PHolm: c.PHolm}
		}
		if c.A != name {
			continue
		}
		if !ok || score[c.B] > score[found.B] {
			found, ok = c, true
		}
	}
	return found, ok
}

// untested names the next best arm where the best was not compared with it.
func untested(r evidence.Results, best int, rival string) string {
	next := -1
	for i, a := range r.Arms {
		x := a.Metrics.AUC.Value
		if i != best && !isNaN(x) && (next < 0 || x > r.Arms[next].Metrics.AUC.Value) {
			next = i
		}
	}
	if next < 0 || r.Arms[next].Name == rival {
		return ""
	}
	return fmt.Sprintf(" The next best, %s (%s), was not compared with it.", r.Arms[next].Name, decimal(r.Arms[next].Metrics.AUC.Value))
}

// leak adds the third number, and lets a leak drown out the rest.
func (v *verdict) leak(l evidence.Leakage) {
	c := card{"fitted steps that saw test patients", fmt.Sprint(len(l.Violations)), fmt.Sprintf("of %d checked", l.Checked)}
	v.Cards = append(v.Cards, c)
	if len(l.Violations) > 0 {
		v.Tone = "leak"
		v.Headline = "These numbers cannot be trusted: patients leaked from test into training. " + v.Headline + "."
	}
}

// leakageSentence is the statement about every fitted step.
func leakageSentence(l evidence.Leakage) string {
	switch {
	case l.Checked == 0:
		return "No fitted step was recorded, so nothing is shown about leakage."
	case len(l.Violations) == 0:
		return fmt.Sprintf("%s (weights, and whatever else a fold chose: λ, epoch, threshold) checked: none has seen a group of the fold that it was tested on.", count(l.Checked, "fitted step"))
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
		pos := positives(a)
		fmt.Fprintf(&b, ": %d %s (the positive class) and %d %s. %d-fold cross-validation by group, %s.",
			pos, r.Positive, a.N-pos, r.Negative, folds(a), count(len(a.Seeds), "seed"))
	} else {
		fmt.Fprintf(&b, ": %s (the positive class) against %s.", r.Positive, r.Negative)
	}
	return b.String()
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
// nothing else. No test stands behind them, and they say so.
func mapSentences(r evidence.Results) []string {
	var out []string
	for _, with := range r.Arms {
		for _, without := range r.Arms {
			if !with.Attention || without.Attention || with.Kind != without.Kind || strings.Join(with.Views, " ") != strings.Join(without.Views, " ") {
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

func intervalWords(iv evidence.Interval) string {
	if bounds(iv) == "" {
		return decimal(iv.Value) + " (no interval)"
	}
	return decimal(iv.Value) + " (95 % interval " + decimal(iv.Low) + " to " + decimal(iv.High) + ")"
}

// pWords is "p = 0.412" or "p < 0.001".
func pWords(p float64) string {
	if s := pValue(p); s[0] == '<' {
		return "p " + s
	}
	return "p = " + pValue(p)
}

func orNone(s string) string {
	if s == "" {
		return "not defined"
	}
	return s
}

func abs(x float64) float64 { return max(x, -x) }

func aboveOrBelow(x float64) string {
	if x < 0 {
		return "below"
	}
	return "above"
}
