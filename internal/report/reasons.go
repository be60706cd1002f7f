package report

import (
	"fmt"
	"strings"

	"magn/internal/evidence"
)

// noProbability is why a reader has no Brier score.
const noProbability = "a reader’s answer is no probability"

// whyFold says why a metric of one fold does not exist.
func whyFold(key string, f evidence.FoldResult) string {
	negative := f.N - f.Positive
	switch {
	case f.N == 0:
		return "no patient in this fold"
	case (key == auc.key || key == pooled.key) && (f.Positive == 0 || negative == 0):
		return "one class only in this fold"
	case key == sens.key && f.Positive == 0:
		return "no positive patient in this fold"
	case key == specif.key && negative == 0:
		return "no negative patient in this fold"
	case key == f1.key:
		return "no positive patient, and none predicted positive"
	}
	return ""
}

// whyArm says why a metric of a whole arm does not exist.
func whyArm(key string, a evidence.ArmResult) string {
	if isReader(a) && key == brier.key {
		return noProbability
	}
	if key != auc.key {
		return whyFold(key, evidence.FoldResult{N: a.N, Positive: positives(a)})
	}
	var single []string
	for _, f := range a.Folds {
		if f.Seed != a.Folds[0].Seed { // every seed has the same folds
			continue
		}
		if f.Positive == 0 || f.Positive == f.N {
			single = append(single, fmt.Sprint(f.Fold))
		}
	}
	switch len(single) {
	case 0:
		return ""
	case 1:
		return "fold " + single[0] + " holds one class only, so that a mean over folds does not exist"
	}
	return "folds " + strings.Join(single, ", ") + " hold one class only, so that a mean over folds does not exist"
}

// positives counts an arm's positive patients: each seed predicts all of them
// once, so one seed is counted.
func positives(a evidence.ArmResult) int {
	n := 0
	for _, f := range a.Folds {
		if f.Seed == a.Folds[0].Seed {
			n += f.Positive
		}
	}
	return n
}
