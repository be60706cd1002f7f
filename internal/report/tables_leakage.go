package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"magn/internal/evidence"
)

// leakageTable is a row an arm and fitted step: what its units saw, what they were
// tested on, and how much of it was both.
func leakageTable(r evidence.Results) table {
	t := table{
		name: "leakage", folded: true,
		caption: "Every fitted step of every arm: in how many models (folds times seeds) it was fitted, how many groups it saw, fewest to most, how many the model was then tested on, and how many groups were both, over all models.",
		columns: []column{
			{head: "Arm", key: "arm"},
			{head: "Fitted step", key: "step"},
			{head: "Models", key: "units", kind: whole},
			{head: "Groups seen", only: pageOnly},
			{head: "Groups tested on", only: pageOnly},
			{key: "seen_min", kind: whole, only: fileOnly},
			{key: "seen_max", kind: whole, only: fileOnly},
			{key: "tested_min", kind: whole, only: fileOnly},
			{key: "tested_max", kind: whole, only: fileOnly},
			{head: "Both", key: "both", kind: whole},
		},
	}
	between := func(low, high int) cell {
		if low == high {
			return words(strconv.Itoa(low))
		}
		return words(fmt.Sprintf("%d–%d", low, high))
	}
	for _, at := range byKind(r, func(evidence.ArmResult) bool { return true }) {
		arm := r.Arms[at.i].Name
		head := at.head
		for _, s := range r.Leakage.Steps {
			if s.Arm != arm {
				continue
			}
			t.add(head, words(s.Arm), words(s.Step), wholeNumber(s.Units), between(s.SeenMin, s.SeenMax), between(s.TestedMin, s.TestedMax),
				wholeNumber(s.SeenMin), wholeNumber(s.SeenMax), wholeNumber(s.TestedMin), wholeNumber(s.TestedMax), wholeNumber(s.Both))
			head = ""
		}
	}
	return t
}

// violationsTable is one row a fitted step that saw groups it was tested on.
func violationsTable(r evidence.Results) table {
	t := table{
		name: "leakage-violations", caption: "Fitted steps that saw groups they were tested on.",
		columns: []column{
			{head: "Arm", key: "arm"},
			{head: "Fold", key: "fold"},
			{head: "Seed", key: "seed"},
			{head: "Step", key: "step"},
			{head: "Groups", key: "groups"},
		},
	}
	for _, v := range r.Leakage.Violations {
		t.add("", words(v.Arm), words(strconv.Itoa(v.Fold)), words(strconv.Itoa(v.Seed)), words(v.Step), words(strings.Join(v.Groups, " ")))
	}
	return t
}

// leakageWords are the statement about every fitted step, and about what was not
// fitted at all.
func leakageWords(l evidence.Leakage) []string {
	out := []string{leakageSentence(l)}
	if len(l.Steps) == 0 {
		return out
	}
	var steps []string
	for _, s := range l.Steps {
		steps = append(steps, s.Step)
	}
	slices.Sort(steps)
	steps = slices.Compact(steps)
	more := "The fitted steps are: " + strings.Join(steps, ", ") + "."
	fitted := func(step string) bool {
		return slices.ContainsFunc(steps, func(s string) bool { return strings.Contains(s, step) })
	}
	if !fitted("normalis") {
		more += " No normalisation is fitted across patients: the grey values of an image are scaled by that image alone."
	}
	if !fitted("calibration") {
		more += " No calibration is fitted either: the probabilities stand as the models gave them, and calibration is only measured, on patients held out."
	}
	return append(out, more)
}
