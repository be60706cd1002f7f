package report

import (
	"fmt"
	"strings"

	"magn/internal/evidence"
)

// verdict is what a reader should take away, in sentences.
type verdict struct {
	Tone     string   // shown, unsure, warn or leak: how the page colours it
	Headline string   // which arm, and its number
	Warnings []string // what makes the numbers doubtful
	Primary  string   // what the study set out to compare, and what that shows
	Matter   string   // by how much the best arm leads, and whether that can be told from chance
	Chance   string   // whether the best arm itself can be told from guessing
	Blind    string   // what can be reached without the images
	Cards    []card
}

// card is one number in large type.
type card struct{ Label, Value, Sub string }

const noMatter = " Whether a difference of this size matters to a patient is not something that these numbers measure."

// verdictOf reads the results in the order of what matters: a leak spoils
// everything, then the highest AUC among the arms that compete, then whether a
// test holds it apart.
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
		v.Headline = headline(r, a)
		label := "AUC of " + a.Name
		if choseClasses(a) {
			label = "balanced accuracy of " + a.Name
		}
		v.Cards = append(v.Cards, card{label, decimal(a.Metrics.AUC.Value), "95 % interval " + orNone(bounds(a.Metrics.AUC))})
		v.Chance = chance(a)
		v.compare(r, best)
		v.Blind = blindSentence(r, a)
	}
	v.Warnings = append(sharedWarnings(r), permutedWarnings(r)...)
	if len(v.Warnings) > 0 {
		v.Tone = "warn"
	}
	v.leak(r.Leakage)
	return v
}

// headline names the best arm; a reader who does best is called a person.
func headline(r evidence.Results, a evidence.ArmResult) string {
	number := intervalWords(a.Metrics.AUC)
	competing := 0
	programs := false
	for _, b := range r.Arms {
		if competes(b) {
			competing++
			programs = programs || !isReader(b)
		}
	}
	switch {
	case competing == 1:
		return fmt.Sprintf("%s: AUC %s", a.Name, number)
	case isReader(a) && choseClasses(a) && programs:
		return fmt.Sprintf("A person has the highest AUC: the balanced accuracy of %s, mean of the folds, is %s, and no program’s AUC is higher", a.Name, number)
	case isReader(a) && programs:
		return fmt.Sprintf("A person has the highest AUC: that of %s is %s, and no program’s is higher", a.Name, number)
	}
	return fmt.Sprintf("%s has the highest AUC: %s", a.Name, number)
}

// bestArm is the competing arm with the highest defined AUC; the first of
// equals; -1 where no arm has one.
func bestArm(r evidence.Results) int {
	return highest(r, competes)
}

func highest(r evidence.Results, keep func(evidence.ArmResult) bool) int {
	best := -1
	for i, a := range r.Arms {
		x := a.Metrics.AUC.Value
		if keep(a) && !isNaN(x) && (best < 0 || x > r.Arms[best].Metrics.AUC.Value) {
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

// near is how little an arm without images may be behind the best before the
// page doubts what the images add.
const near = 0.05

// blindSentence says what the best of the image-blind arms reaches.
func blindSentence(r evidence.Results, best evidence.ArmResult) string {
	i := highest(r, isBlind)
	if i < 0 {
		return ""
	}
	a := r.Arms[i]
	who, ok := map[string]string{
		"outline":  "The outline’s geometry alone",
		"clinical": "The clinical table alone",
		"scanner":  "Knowing the scanner alone",
	}[a.Name]
	if !ok {
		who = a.Name + ", which sees no image,"
	}
	gap := best.Metrics.AUC.Value - a.Metrics.AUC.Value
	s := fmt.Sprintf("%s reaches AUC %s, ", who, intervalWords(a.Metrics.AUC))
	switch {
	case gap < 0:
		return s + fmt.Sprintf("%s above the best arm: these data do not show that images are needed.", decimal(-gap))
	case gap < near:
		return s + fmt.Sprintf("%s below the best arm: little, if anything, of what the best arm knows need come from the images.", decimal(gap))
	}
	return s + fmt.Sprintf("%s below the best arm.", decimal(gap))
}

// permutedWarnings are about arms that learned where there was nothing to learn.
func permutedWarnings(r evidence.Results) []string {
	var out []string
	for _, a := range r.Arms {
		if iv := a.Metrics.AUC; a.Variant == "permuted" && (iv.Low > 0.5 || iv.High < 0.5) {
			out = append(out, fmt.Sprintf("Warning: %s was trained on permuted labels, where there is nothing to learn, and has an AUC of %s, not 0.5. One such interval in twenty does so by chance; otherwise patients, or facts about them, cross from training to test, or the folds are unequal. Find out which before anything here is believed.", a.Name, intervalWords(iv)))
		}
	}
	return out
}

// sharedWarnings are about a locked model that is judged on patients whom it
// was trained on, or may have been.
func sharedWarnings(r evidence.Results) []string {
	t := r.Training
	switch {
	case t == nil:
		return nil
	case !t.Known:
		return []string{"Warning: the model does not say whom it was trained on. If any of these patients was among them, these numbers are too high."}
	case len(t.Shared) == 0:
		return nil
	}
	var names []string
	for _, p := range t.Shared {
		names = append(names, p.Case)
	}
	const most = 20
	if n := len(names) - most; n > 0 {
		names = append(names[:most], fmt.Sprintf("%d more", n))
	}
	return []string{fmt.Sprintf("Warning: %d of the %d patients were in the training of %s, and these numbers are no test on new patients: %s.", len(t.Shared), r.Cases, t.Arm, strings.Join(names, ", "))}
}

// notTrainedOn ends the sentence of who answers for a locked model's patients.
func notTrainedOn(r evidence.Results) string {
	switch t := r.Training; {
	case t == nil:
		return "; whether any of them was among its training patients is not known."
	case t.Known && len(t.Shared) == 0:
		return ". None of them was among its training patients, by the ids of groups and by the voxels of every image."
	}
	return "; whether any of them was among its training patients: see the top of this page."
}

// leak adds the third number, and lets a leak drown out the rest.
func (v *verdict) leak(l evidence.Leakage) {
	if l.Checked == 0 && len(l.Violations) == 0 {
		return
	}
	c := card{"fitted steps that saw test patients", fmt.Sprint(len(l.Violations)), fmt.Sprintf("of %d checked", l.Checked)}
	v.Cards = append(v.Cards, c)
	if len(l.Violations) > 0 {
		v.Tone = "leak"
		v.Headline = "These numbers cannot be trusted: patients leaked from test into training. " + v.Headline + "."
	}
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
