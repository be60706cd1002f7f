package cohort

import (
	"fmt"
	"slices"

	"magn/internal/draw"
	"magn/internal/fault"
)

// InnerSplit sets a share of the training groups aside, stratified by class, for
// what is chosen within a fold: epoch, λ, threshold. It depends on seed and fold
// and on nothing else, so that every arm sets the same groups aside. At least one
// group of each class stays on either side; a class with fewer than two groups is
// a *fault.Input.
func InnerSplit(train []Case, fraction float64, seed, fold int) (aside map[string]bool, err error) {
	label := map[string]int{}
	cases := map[string]int{}
	var groups []string
	for _, c := range train {
		if cases[c.Group] == 0 {
			groups = append(groups, c.Group)
		}
		cases[c.Group]++
		label[c.Group] = max(label[c.Group], c.Label)
	}
	slices.Sort(groups)
	aside = map[string]bool{}
	for y := range 2 {
		var of []string
		total := 0
		for _, g := range groups {
			if label[g] == y {
				of = append(of, g)
				total += cases[g]
			}
		}
		if len(of) < 2 {
			return nil, &fault.Input{
				File: foldsFile, Field: fmt.Sprintf("test fold %d", fold), Found: fmt.Sprintf("%d training groups with label %d", len(of), y),
				Expected: "at least 2, so that one can be set aside", Do: "use fewer folds, or inner_fraction: 0 with one lambda",
			}
		}
		taken := 0
		for n, i := range draw.New("inner", seed, fold, y).Perm(len(of)) {
			if n == len(of)-1 || float64(taken) >= fraction*float64(total) {
				break
			}
			aside[of[i]] = true
			taken += cases[of[i]]
		}
	}
	return aside, nil
}
