package evidence

import (
	"fmt"
	"strconv"

	"magn/internal/fault"
)

// checkUnit refuses a unit that says nothing: without predictions its fold would
// drop out of the mean, without fits the leakage statement would be empty. To
// a reader, or to a locked model, nothing is fitted.
func checkUnit(u *Unit, kind string) error {
	switch {
	case len(u.Predictions) == 0:
		return unitFault(u, "no prediction", "one for each test case")
	case len(u.Fits) == 0 && kind != KindReader && !u.Locked:
		return unitFault(u, "no fitted step", "each fitted step with the groups that it saw")
	}
	if bad := checkFinite("lambda", u.Lambda); bad != nil {
		bad.File = unitFault(u, "", "").File
		return bad
	}
	return nil
}

// checkAnswer holds a prediction against its unit, and against those before it
// under the same seed.
func checkAnswer(u *Unit, p Prediction, answers map[string]Prediction, foldOf map[string]int) error {
	bad := checkPrediction(p)
	switch before, twice := answers[p.Case]; {
	case bad != nil:
	case p.Arm != u.Arm || p.Fold != u.Fold || p.Seed != u.Seed:
		bad = &fault.Input{Found: fmt.Sprintf("a row of arm %s, fold %d, seed %d", p.Arm, p.Fold, p.Seed), Expected: "the unit's own"}
	case twice:
		bad = &fault.Input{Found: fmt.Sprintf("an answer in fold %d already", before.Fold), Expected: "one answer for each case"}
	default:
		if fold, ok := foldOf[p.Group]; ok && fold != u.Fold {
			bad = &fault.Input{Found: fmt.Sprintf("group %s in fold %d too", p.Group, fold), Expected: "a group in one fold"}
		}
	}
	if bad == nil {
		return nil
	}
	bad.File = unitFault(u, "", "").File + ", case " + strconv.Quote(p.Case)
	return bad
}
