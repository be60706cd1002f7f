package magn

import (
	"cmp"
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
	if err := errors.Join(u.CheckNetwork(), u.Training.Validate()); err != nil {
		return err
	}
	if u.Training.InnerFraction > 0 {
		_, _, err := innerSplit(u)
		return err
	}
	return nil
}

// CheckNetwork names the first setting of the network that cannot be used, and what
// keeps a backbone from being chosen.
func (u Unit) CheckNetwork() error {
	if err := u.Network.Validate(); err != nil {
		return err
	}
	for i, name := range u.Backbones {
		if blocks[name] == nil || slices.Contains(u.Backbones[:i], name) {
			return settingError("backbone", u.Backbones, "resnet18, resnet34, resnet50, each once")
		}
	}
	switch {
	case len(u.Backbones) < 2:
		return nil
	case u.Training.InnerFraction == 0:
		return settingError("backbone", u.Backbones, "one, since inner_fraction is 0 and nothing can choose")
	case u.Training.Weights != "":
		return settingError("backbone", u.Backbones, "one, whose weights training.weights are")
	}
	return nil
}

// candidate is what the inner split chooses among.
type candidate struct {
	backbone string
	lambda   float64
}

// candidates are every backbone, the smaller network first, with every λ. Without
// attention λ is 0.
func (u Unit) candidates() []candidate {
	lambdas := []float64{0}
	if u.Attention {
		lambdas = u.Training.Lambda
	}
	var out []candidate
	for _, name := range Backbones() {
		if name != u.Network.Backbone && len(u.Backbones) == 0 || len(u.Backbones) > 0 && !slices.Contains(u.Backbones, name) {
			continue
		}
		for _, l := range lambdas {
			out = append(out, candidate{name, l})
		}
	}
	return out
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
	Backbone string      `json:"backbone,omitempty"` // where there was more than one
	Lambda   float64     `json:"lambda"`
	Losses   []float64   `json:"losses"`
	Logits   [][]float64 `json:"logits"`
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

// choose is the candidate and the number of epochs of the lowest smoothed
// validation cross-entropy, and the logits there: the smaller network, the smaller
// λ, then the earlier epoch, where two are equal. The backbone is empty where there
// was no choice of one.
func choose(results []innerResult) (chosen candidate, epochs int, logits []float64) {
	ordered := slices.Clone(results)
	slices.SortStableFunc(ordered, func(a, b innerResult) int {
		return cmp.Or(cmp.Compare(size(a.Backbone), size(b.Backbone)), cmp.Compare(a.Lambda, b.Lambda))
	})
	best := math.Inf(1)
	for _, r := range ordered {
		for e, l := range smoothed(r.Losses) {
			if l < best {
				best, chosen, epochs, logits = l, candidate{r.Backbone, r.Lambda}, e+1, r.Logits[e]
			}
		}
	}
	return chosen, epochs, logits
}

// size orders backbones.
func size(backbone string) int { return slices.Index(Backbones(), backbone) }

// Tried is what the inner split said of one candidate.
type Tried struct {
	Backbone string  // empty where there was no choice of one
	Lambda   float64 // 0 without attention
	Loss     float64 // the lowest validation cross-entropy, smoothed over three epochs
	Epoch    int     // where that was, from 1
}

// TriedIn reads from a unit's history what its inner split chose among, in the
// order of its stages; empty where there was no inner split.
func TriedIn(history []Epoch) []Tried {
	var out []Tried
	var losses [][]float64
	for _, e := range history {
		if math.IsNaN(e.Validation) {
			continue
		}
		if len(out) == 0 || e.Epoch == 1 {
			out, losses = append(out, Tried{Backbone: e.Backbone, Lambda: e.Lambda}), append(losses, nil)
		}
		losses[len(losses)-1] = append(losses[len(losses)-1], e.Validation)
	}
	for i := range out {
		t := &out[i]
		t.Loss = math.Inf(1)
		for e, l := range smoothed(losses[i]) {
			if l < t.Loss {
				t.Loss, t.Epoch = l, e+1
			}
		}
	}
	return out
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
