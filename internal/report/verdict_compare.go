package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"magn/internal/evidence"
)

// compare says what the primary comparison shows, and then, where that is not
// about it, what holds the best arm apart from the next best that it was tested
// against.
func (v *verdict) compare(r evidence.Results, best int) {
	if !slices.ContainsFunc(r.Arms, func(a evidence.ArmResult) bool { return competes(a) && a.Name != r.Arms[best].Name }) {
		v.Matter = "There is one arm, so there is nothing to compare it with."
		return
	}
	name := r.Arms[best].Name
	primary, named := primaryOf(r)
	if named {
		if primary.B == name {
			primary = turned(primary)
		}
		v.Cards = append(v.Cards, comparisonCard(primary, fmt.Sprintf("primary: %s minus %s", primary.A, primary.B)))
		v.Primary = "Primary comparison, " + fixed(r) + ": on the same patients " + primary.A + " is " + finding(r, primary)
	}
	c, ok := rivalOf(r, name)
	seen := chosenSentences(r, best)
	if nextWithinNoise(r, best) {
		v.Headline += ", within noise of the next best"
	}
	switch {
	case !ok && seen != "":
		v.Matter = seen
		return
	case !ok:
		v.Matter = "No test of it against another arm was made, so nothing is said about whether it is better."
		return
	case named && c.A == primary.A && c.B == primary.B:
		v.Matter = strings.TrimSpace(cmp.Or(seen, untested(r, best, c.B)))
	case seen != "" && named && !significant(c) && !aboutIt(r, best, c.B):
		v.Matter = seen
		return
	default:
		if !named {
			v.Cards = append(v.Cards, comparisonCard(c, "difference to "+c.B))
		}
		it := "it"
		if named {
			it = name
		}
		v.Matter = "On the same patients " + it + " is " + finding(r, c) + cmp.Or(spaced(seen), untested(r, best, c.B))
	}
	if shown(c) {
		v.Tone = "shown"
		v.Matter = strings.TrimSpace(v.Matter + noMatter)
	}
}

func comparisonCard(c evidence.Comparison, label string) card {
	p := pWords(c.PHolm)
	switch {
	case familyOf(c) == evidence.Primary:
		p += ", not adjusted"
	default:
		p += ", adjusted"
	}
	return card{label, signed(c.DeltaAUC), fmt.Sprintf("95 %% interval %s to %s, %s", signed(c.Low), signed(c.High), strings.ReplaceAll(p, " ", "\u00a0"))}
}

// significant says whether a test tells a difference from chance, as far as the
// trainings are those that they happen to be.
func significant(c evidence.Comparison) bool { return c.PHolm < 0.05 && (c.Low > 0 || c.High < 0) }

// shown says whether it also tells it from the noise of training.
func shown(c evidence.Comparison) bool { return significant(c) && c.Seeds >= evidence.MinSeeds }

// finding is the rest of the sentence "a is …" that says what a comparison shows.
func finding(r evidence.Results, c evidence.Comparison) string {
	if isNaN(c.DeltaAUC) || isNaN(c.Low) || isNaN(c.High) || isNaN(c.PHolm) {
		return "not to be compared with " + c.B + ": the difference cannot be tested on these data."
	}
	size := fmt.Sprintf("%s AUC %s %s", decimal(abs(c.DeltaAUC)), aboveOrBelow(c.DeltaAUC), c.B)
	between := fmt.Sprintf("%s to %s", signed(c.Low), signed(c.High))
	p := pWords(c.PHolm)
	adjusted := ""
	if n := inFamily(r, evidence.Secondary); familyOf(c) == evidence.Primary {
		adjusted = ", not adjusted: it stands alone"
	} else if n > 1 {
		adjusted = fmt.Sprintf(", adjusted for the %d secondary comparisons", n)
	}
	switch {
	case shown(c):
		return fmt.Sprintf("%s (95 %% interval %s, %s%s): more than chance explains.", size, between, p, adjusted)
	case significant(c):
		return fmt.Sprintf("%s (95 %% interval %s, %s%s), but with %s the noise of training is not in that, and such a test finds too much: nothing is shown before %d seeds.", size, between, p, adjusted, count(c.Seeds, "seed"), evidence.MinSeeds)
	case familyOf(c) != evidence.Primary && (c.Low > 0 || c.High < 0):
		return fmt.Sprintf("%s (95 %% interval %s), but that does not hold once adjusted for the number of comparisons (%s): no difference is shown.", size, between, p)
	case c.Low > 0 || c.High < 0:
		return fmt.Sprintf("%s (95 %% interval %s), but p does not agree (%s%s): no difference is shown.", size, between, p, adjusted)
	}
	return fmt.Sprintf("%s, but the 95 %% interval of that difference, %s, includes zero (%s%s): no difference is shown, and any within that interval is possible.", size, between, p, adjusted)
}

func inFamily(r evidence.Results, family string) (n int) {
	for _, c := range r.Comparisons {
		if familyOf(c) == family {
			n++
		}
	}
	return n
}

// primaryOf is the comparison that the study named before it ran.
func primaryOf(r evidence.Results) (evidence.Comparison, bool) {
	for _, c := range r.Comparisons {
		if familyOf(c) == evidence.Primary {
			return c, true
		}
	}
	return evidence.Comparison{}, false
}

// turned is a comparison with its arms the other way round.
func turned(c evidence.Comparison) evidence.Comparison {
	return evidence.Comparison{A: c.B, B: c.A, Family: c.Family, Seeds: c.Seeds, DeltaAUC: -c.DeltaAUC, Low: -c.High, High: -c.Low, P: c.P, PHolm: c.PHolm}
}

// rivalOf is the test of the named arm against the best of those it was tested
// against, turned so that the named arm comes first.
func rivalOf(r evidence.Results, name string) (evidence.Comparison, bool) {
	score := map[string]float64{}
	for _, a := range r.Arms {
		if competes(a) {
			score[a.Name] = a.Metrics.AUC.Value
		}
	}
	var found evidence.Comparison
	ok := false
	for _, c := range r.Comparisons {
		if c.B == name {
			c = turned(c)
		}
		if _, rival := score[c.B]; c.A != name || !rival || familyOf(c) == evidence.Descriptive {
			continue
		}
		if !ok || score[c.B] > score[found.B] {
			found, ok = c, true
		}
	}
	return found, ok
}

// aboutIt says whether an arm is one that the best is to be held against: the next
// best, or the first of the primary comparison. A test against another that shows
// nothing is for the table alone.
func aboutIt(r evidence.Results, best int, name string) bool {
	primary, named := primaryOf(r)
	next := nextBest(r, best)
	return named && primary.A == name || next >= 0 && r.Arms[next].Name == name
}

func spaced(s string) string {
	if s == "" {
		return ""
	}
	return " " + s
}

// chosenSentences say how the best arm stands to those that it was set against
// because it is the best: the arm that the study is about, and the next best. They
// say whether the lead is within what chance does, and that no test stands behind
// it.
func chosenSentences(r evidence.Results, best int) string {
	name := r.Arms[best].Name
	next := nextBest(r, best)
	var leads []string
	within, seeds := true, evidence.MinSeeds
	for _, c := range r.Comparisons {
		if !c.Chosen || c.A != name || isNaN(c.DeltaAUC) || isNaN(c.Low) || isNaN(c.High) {
			continue
		}
		b := c.B
		if next >= 0 && r.Arms[next].Name == b {
			b += ", the next best"
		}
		leads = append(leads, fmt.Sprintf("%s %s %s (95 %% interval of the difference %s to %s)", decimal(abs(c.DeltaAUC)), aboveOrBelow(c.DeltaAUC), b, signed(c.Low), signed(c.High)))
		within, seeds = within && c.Low <= 0 && c.High >= 0, min(seeds, c.Seeds)
	}
	if len(leads) == 0 {
		return ""
	}
	s := "On the same patients the AUC of " + name + " is " + strings.Join(leads, " and ") + "."
	one := len(leads) == 1
	switch {
	case within && one:
		s += " That is within noise: it is not shown to be better."
	case within:
		s += " Both are within noise: it is not shown to be better than either."
	case one:
		s += " The interval leaves out zero, which is a hint and no more."
	default:
		s += " An interval that leaves out zero is a hint and no more."
	}
	if !within && seeds < evidence.MinSeeds {
		s += fmt.Sprintf(" With %s the noise of training is not in it.", count(seeds, "seed"))
	}
	pair, is := "Both pairs were", "are"
	if one {
		pair, is = "The pair was", "is"
	}
	return s + fmt.Sprintf(" %s chosen after the results were seen, which favours the highest of several AUCs, and %s described, not tested.", pair, is)
}

// nextWithinNoise says whether the next best arm was described beside the best, and
// the interval of their difference holds zero.
func nextWithinNoise(r evidence.Results, best int) bool {
	next := nextBest(r, best)
	return next >= 0 && slices.ContainsFunc(r.Comparisons, func(c evidence.Comparison) bool {
		return c.Chosen && c.A == r.Arms[best].Name && c.B == r.Arms[next].Name && c.Low <= 0 && c.High >= 0
	})
}

// nextBest is the competing arm with the highest AUC but for the best; -1 where
// there is none.
func nextBest(r evidence.Results, best int) int {
	return highest(r, func(a evidence.ArmResult) bool { return competes(a) && a.Name != r.Arms[best].Name })
}

// untested names the next best arm where the best was not compared with it.
func untested(r evidence.Results, best int, rival string) string {
	next := nextBest(r, best)
	if next < 0 || r.Arms[next].Name == rival {
		return ""
	}
	return fmt.Sprintf(" The next best, %s (%s), was not compared with it.", r.Arms[next].Name, decimal(r.Arms[next].Metrics.AUC.Value))
}
