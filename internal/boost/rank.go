package boost

import (
	"cmp"
	"context"
	"slices"

	"magn/internal/draw"
)

// Ranked is a feature and its importance in a forest.
type Ranked struct {
	Feature string  `json:"feature"`
	Score   float64 `json:"score"` // share of the forest's decrease of Gini impurity; all features' add up to 1, or to 0 where no split was worth it
}

// Rank orders the features of m by their importance in a Forest of so many trees,
// ties by name. Columns are drawn by number, so another order of the columns is
// another forest. The Fit is named ranking. The error is a *fault.Input where
// labels or groups are missing.
func Rank(ctx context.Context, m Matrix, trees int, seed uint64, threads int) ([]Ranked, Fit, error) {
	for _, check := range []func() error{m.checkShape, m.checkGroups} {
		if err := check(); err != nil {
			return nil, Fit{}, err
		}
	}
	p := Forest(len(m.Features))
	p.NumParallelTree, p.Threads, p.Seed = trees, threads, draw.New("boost", "ranking", seed).Uint32()
	model, err := Train(ctx, m, p)
	if err != nil {
		return nil, Fit{}, err
	}
	scores, err := model.Importance(ctx, TotalGain)
	if err != nil {
		return nil, Fit{}, err
	}
	total := 0.0
	for _, s := range scores {
		total += s
	}
	out := make([]Ranked, len(scores))
	for i, s := range scores {
		out[i] = Ranked{m.Features[i], 0}
		if total > 0 {
			out[i].Score = s / total
		}
	}
	slices.SortFunc(out, func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Feature, b.Feature))
	})
	return out, Fit{"ranking", m.saw()}, nil
}

// Select keeps the first top features of a ranking, of which the first half is
// used (top is even: 30 and 15). A feature of importance 0 is not among them;
// where few are left, there are fewer.
func Select(ranking []Ranked, top int) (kept, used []string) {
	for _, r := range ranking {
		if len(kept) < top && r.Score > 0 {
			kept = append(kept, r.Feature)
		}
	}
	return kept, kept[:min(len(kept), top/2)]
}

// Choice is how often a feature was selected.
type Choice struct {
	Feature string `json:"feature"`
	Kept    int    `json:"kept"` // folds that had it among the top
	Used    int    `json:"used"` // folds whose model uses it
}

// Choices counts over the folds' classifiers, most often used first, then most
// often kept, then by name.
func Choices(folds []*Classifier) []Choice {
	found := map[string]*Choice{}
	at := func(feature string) *Choice {
		if found[feature] == nil {
			found[feature] = &Choice{Feature: feature}
		}
		return found[feature]
	}
	for _, c := range folds {
		for _, f := range c.Kept() {
			at(f).Kept++
		}
		for _, f := range c.Used() {
			at(f).Used++
		}
	}
	out := make([]Choice, 0, len(found))
	for _, c := range found {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Choice) int {
		return cmp.Or(cmp.Compare(b.Used, a.Used), cmp.Compare(b.Kept, a.Kept), cmp.Compare(a.Feature, b.Feature))
	})
	return out
}
