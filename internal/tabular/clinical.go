package tabular

import (
	"maps"
	"slices"

	"magn/internal/cohort"
)

// covariates are what cohort.csv knows of a case besides its class, sorted by name;
// the scanner is an arm of its own. A case of which nothing is known in a cohort
// that has covariates is a row of missing values; where no case has any,
// fitColumns says so.
func covariates(c cohort.Case) ([]Text, error) {
	var out []Text
	for _, name := range slices.Sorted(maps.Keys(c.Covariates)) {
		if name != scannerColumn && c.Covariates[name] != "" {
			out = append(out, Text{name, c.Covariates[name]})
		}
	}
	return out, nil
}
