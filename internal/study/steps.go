package study

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"magn/internal/evidence"
	"magn/internal/fault"
)

// Notes of a table's unit that fitted less than its settings say, for want of a
// column; they stand in unit.json.
const (
	nothingToFit    = NoColumn + " its training cases apart"
	nothingToChoose = NoColumn + " the cases of its inner split apart"
)

// steps are the fitted steps whose groups a unit must record, or nobody could say
// that its test groups had no part in them: what package magn and package tabular
// fit with these settings. threshold and notes are those of the result. A unit
// that answers with another unit's network has that unit's steps, and one that
// looks at heat maps fits nothing.
func (u Unit) steps(threshold float64, notes []string) []string {
	noted := func(what string) bool {
		return slices.ContainsFunc(notes, func(n string) bool { return strings.Contains(n, what) })
	}
	network := []string{"weights", "contribution mean", "gaussian width"}
	switch {
	case u.Network != nil:
		t := u.Network.Training
		if t.InnerFraction == 0 {
			return network
		}
		out := append(network, "epoch", "threshold")
		if len(u.Network.Backbones) > 1 {
			out = append(out, "backbone")
		}
		if u.Network.Attention && len(t.Lambda) > 1 {
			out = append(out, "lambda")
		}
		return out
	case u.Table != nil:
		if noted(nothingToFit) {
			return []string{"prevalence"}
		}
		out := []string{"columns", "ranking", "selection", "trees"}
		// Without an inner split the threshold is 0.5, which nobody's case moved.
		if u.Table.InnerFraction > 0 && !(noted(nothingToChoose) && threshold == 0.5) {
			out = append(out, "threshold")
		}
		return out
	case u.Recentred != nil:
		return network
	}
	return nil
}

// checkSteps says which step a unit left out of its fits.
func (u Unit) checkSteps(fits []evidence.Fit, threshold float64, notes []string) error {
	for _, step := range u.steps(threshold, notes) {
		if !slices.ContainsFunc(fits, func(f evidence.Fit) bool { return f.Step == step }) {
			return &fault.Input{
				File: filepath.Join(u.Dir, fitsFile), Field: UnitName(u), Found: "nothing of the step " + step,
				Expected: "the groups that it saw, without which nobody can say that no test group was among them",
			}
		}
	}
	return nil
}

// checkBorrowed says whether a unit that answers with another unit's network
// names the steps and groups of that unit.
func (u Unit) checkBorrowed(fits, from []evidence.Fit) error {
	if slices.EqualFunc(fits, from, func(a, b evidence.Fit) bool { return a.Step == b.Step && slices.Equal(a.Groups, b.Groups) }) {
		return nil
	}
	return &fault.Input{
		File: filepath.Join(u.Dir, fitsFile), Field: UnitName(u), Found: "other steps or groups",
		Expected: "those of " + filepath.Join(u.Recentred.Dir, fitsFile) + ", whose network answers", Do: again(u.Dir),
	}
}

// anew adds to what is wrong with a done unit's file how the unit is done again.
func anew(dir string, err error) error {
	var in *fault.Input
	if errors.As(err, &in) && in.Do == "" {
		in.Do = again(dir)
	}
	return err
}

// again is how a unit whose files cannot be used is done anew.
func again(dir string) string {
	return "remove " + filepath.Join(dir, recordFile) + ": magn study run does the unit again"
}
