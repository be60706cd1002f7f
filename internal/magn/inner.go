package magn

import (
	"errors"
	"maps"
	"math"
	"slices"

	"magn/internal/cohort"
	"magn/internal/stats"
)

// Check says whether a unit can be run: its settings, and that its training groups
// can be split for the inner choice. It opens no file.
func (u Unit) Check() error {
	if err := errors.Join(u.Network.Validate(), u.Training.Validate()); err != nil {
		return err
	}
	if u.Training.InnerFraction > 0 {
		_, _, err := innerSplit(u)
		return err
	}
	return nil
}

// innerSplit parts the training cases by cohort.InnerSplit.
func innerSplit(u Unit) (train, val []cohort.Case, err error) {
	aside, err := cohort.InnerSplit(u.Train, u.Training.InnerFraction, u.Seed, u.Fold)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range u.Train {
		if aside[c.Group] {
			val = append(val, c)
		} else {
			train = append(train, c)
		}
	}
	return train, val, nil
}

// innerResult is what one inner stage left: a validation loss and the validation
// cases' logits for each epoch.
type innerResult struct {
	Lambda float64     `json:"lambda"`
	Losses []float64   `json:"losses"`
	Logits [][]float64 `json:"logits"`
}

// smoothed is the running mean over an epoch and its two neighbours.
func smoothed(x []float64) []float64 {
	out := make([]float64, len(x))
	for i := range x {
		lo, hi := max(i-1, 0), min(i+1, len(x)-1)
		for _, v := range x[lo : hi+1] {
			out[i] += v / float64(hi-lo+1)
		}
	}
	return out
}

// choose is the λ and the number of epochs of the lowest smoothed validation
// cross-entropy, and the logits there: the smaller λ, then the earlier epoch,
// where two are equal.
func choose(results []innerResult) (lambda float64, epochs int, logits []float64) {
	byLambda := slices.Clone(results)
	slices.SortStableFunc(byLambda, func(a, b innerResult) int {
		switch {
		case a.Lambda < b.Lambda:
			return -1
		case a.Lambda > b.Lambda:
			return 1
		}
		return 0
	})
	best := math.Inf(1)
	for _, r := range byLambda {
		for e, l := range smoothed(r.Losses) {
			if l < best {
				best, lambda, epochs, logits = l, r.Lambda, e+1, r.Logits[e]
			}
		}
	}
	return lambda, epochs, logits
}

// crossEntropy is the mean of log(1+exp(z)) − y·z.
func crossEntropy(logits []float64, cases []cohort.Case) float64 {
	sum := 0.0
	for i, z := range logits {
		sum += max(z, 0) + math.Log1p(math.Exp(-math.Abs(z))) - float64(cases[i].Label)*z
	}
	return sum / float64(len(logits))
}

// threshold divides the inner scores.
func threshold(logits []float64, cases []cohort.Case) float64 {
	positive := make([]bool, len(cases))
	for i, c := range cases {
		positive[i] = c.Label == 1
	}
	return stats.YoudenThreshold(logits, positive)
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// groupSet is the groups that a fitted step saw, noted where the step is fed and
// not taken from the plan, so that the leakage statement is about what happened.
type groupSet map[string]bool

func (g groupSet) add(groups ...string) {
	for _, x := range groups {
		g[x] = true
	}
}

func (g groupSet) addAnswers(as []answer) {
	for _, a := range as {
		g[a.subject.Group] = true
	}
}

func (g groupSet) sorted() []string { return slices.Sorted(maps.Keys(g)) }
