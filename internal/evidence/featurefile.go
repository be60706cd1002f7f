package evidence

import (
	"cmp"
	"slices"
	"strconv"

	"magn/internal/fault"
)

var featureFormat = format[Feature]{
	header: []string{"feature", "rank", "importance", "used"},
	check: func(f Feature) *fault.Input {
		return firstOf(checkName("feature", f.Name), checkNatural("rank", f.Rank), checkFinite("importance", f.Importance))
	},
	parse: func(f *fields) Feature { return Feature{f.text(), f.whole(), f.number(), f.flag()} },
	record: func(f Feature) []string {
		return []string{f.Name, strconv.Itoa(f.Rank), full(f.Importance), flag(f.Used)}
	},
}

// WriteFeatures writes features.csv, what one unit's ranking kept;
// docs/formats/results.md describes it.
func WriteFeatures(path string, rows []Feature) error { return featureFormat.write(path, rows) }

// ReadFeatures reads features.csv. A bad row is a *fault.Input with its line and
// column.
func ReadFeatures(path string) ([]Feature, error) { return featureFormat.read(path) }

// features sums up what the units of an arm chose, the most used first, then the
// most often kept, then the better ranked.
func (t *table) features() (candidates int, out []FeatureSummary) {
	at := map[string]int{}
	for _, key := range t.keys() {
		u := t.units[key]
		candidates = max(candidates, u.Candidates)
		for _, f := range u.Features {
			i, ok := at[f.Name]
			if !ok {
				i = len(out)
				at[f.Name], out = i, append(out, FeatureSummary{Name: f.Name, Units: len(t.units)})
			}
			s := &out[i]
			s.Kept++
			s.Rank += float64(f.Rank)
			if f.Used {
				s.Used++
			}
		}
	}
	for i := range out {
		out[i].Rank /= float64(out[i].Kept)
	}
	slices.SortFunc(out, func(a, b FeatureSummary) int {
		return cmp.Or(cmp.Compare(b.Used, a.Used), cmp.Compare(b.Kept, a.Kept), cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Name, b.Name))
	})
	return candidates, out
}

// keys are the arm's units, by fold and seed.
func (t *table) keys() []unitKey {
	var out []unitKey
	for _, fold := range t.folds {
		for _, seed := range t.seeds {
			out = append(out, unitKey{fold, seed})
		}
	}
	return out
}
