package evidence

import (
	"fmt"
	"slices"

	"magn/internal/fault"
)

// WriteFits writes fits.json, a list of {"step", "groups"} with the groups
// sorted; docs/formats/results.md describes it.
func WriteFits(path string, fits []Fit) error {
	out := list(fits)
	for i := range out {
		out[i].Groups = list(out[i].Groups)
		slices.Sort(out[i].Groups)
	}
	if bad := checkFits(out); bad != nil {
		bad.File = path
		return bad
	}
	return writeJSON(path, out)
}

// ReadFits reads fits.json. What does not parse is a *fault.Input with its
// line, a fit without a step or with an unnamed group one with its number.
func ReadFits(path string) ([]Fit, error) {
	var fits []Fit
	if err := readJSON(path, &fits); err != nil {
		return nil, err
	}
	if bad := checkFits(fits); bad != nil {
		bad.File = path
		return nil, bad
	}
	return list(fits), nil
}

// checkFits says which fit could not be read back, or would prove nothing.
func checkFits(fits []Fit) *fault.Input {
	for i, f := range fits {
		bad := checkName("step", f.Step)
		for _, g := range f.Groups {
			bad = firstOf(bad, checkName("groups", g))
		}
		if bad == nil && len(f.Groups) == 0 {
			bad = &fault.Input{Field: "groups", Found: "none", Expected: "the groups that step " + f.Step + " saw"}
		}
		if bad != nil {
			bad.Field = fmt.Sprintf("fit %d, %s", i+1, bad.Field)
			return bad
		}
	}
	return nil
}
