package evidence

import (
	"cmp"
	"fmt"
	"slices"

	"magn/internal/fault"
	"magn/internal/stats"
)

// checkMaps holds the map rows of an arm against its predictions: known case of
// that fold, one row for each case, view, crop and seed.
func (t *table) checkMaps() error {
	known := map[tableCase]bool{}
	for _, c := range t.cases {
		c.label = 0 // maps do not know it
		known[c] = true
	}
	for _, fold := range t.folds {
		for _, seed := range t.seeds {
			u := t.units[unitKey{fold, seed}]
			seen := map[string]bool{}
			for _, m := range u.Maps {
				key := fmt.Sprintf("%s\x00%s\x00%d", m.Case, m.View, m.Crop)
				bad := checkMapRow(m)
				switch {
				case bad != nil:
				case m.Arm != u.Arm || m.Seed != u.Seed || !known[tableCase{id: m.Case, group: m.Group, fold: m.Fold}] || m.Fold != u.Fold:
					bad = &fault.Input{Found: fmt.Sprintf("a map of arm %s, fold %d, seed %d", m.Arm, m.Fold, m.Seed), Expected: "a case that the unit predicts"}
				case seen[key]:
					bad = &fault.Input{Found: fmt.Sprintf("two maps of view %s, crop %d", m.View, m.Crop), Expected: "one"}
				}
				if bad != nil {
					bad.File = unitFault(u, "", "").File + ", map of case " + m.Case
					return bad
				}
				seen[key] = true
			}
		}
	}
	return nil
}

// which says what kind of crops a row belongs to.
func (m MapRow) which() string {
	if m.Crop == 0 {
		return Centred
	}
	return Shifted
}

// maps sums up the attention maps of each view, on centred and on shifted crops.
// A case counts with the mean of its seeds and crops.
func (t *table) maps() []MapSummary {
	type kind struct{ view, crops string }
	rows := map[kind]map[string][]MapRow{} // by case
	for _, u := range t.units {
		for _, m := range u.Maps {
			k := kind{m.View, m.which()}
			if rows[k] == nil {
				rows[k] = map[string][]MapRow{}
			}
			rows[k][m.Case] = append(rows[k][m.Case], m)
		}
	}
	out := []MapSummary{}
	for k, byCase := range rows {
		s := t.summariseMaps(byCase)
		s.View, s.Crops = k.view, k.crops
		out = append(out, s)
	}
	// In the order of the arm's views; others after them, by name.
	place := func(view string) int {
		if i := slices.Index(t.arm.Views, view); i >= 0 {
			return i
		}
		return len(t.arm.Views)
	}
	slices.SortFunc(out, func(a, b MapSummary) int {
		return cmp.Or(cmp.Compare(place(a.View), place(b.View)), cmp.Compare(a.View, b.View), cmp.Compare(a.Crops, b.Crops))
	})
	return out
}

func (t *table) summariseMaps(byCase map[string][]MapRow) (s MapSummary) {
	var groups []string
	mean := map[*Interval][]float64{}
	for _, c := range t.cases { // in their order, so that rounding repeats
		of := byCase[c.id]
		if len(of) == 0 {
			continue
		}
		slices.SortFunc(of, func(a, b MapRow) int { return cmp.Or(cmp.Compare(a.Seed, b.Seed), cmp.Compare(a.Crop, b.Crop)) })
		groups = append(groups, c.group)
		sum := map[*Interval]float64{}
		for _, m := range of {
			s.N++
			if m.Zero {
				s.Zero++
			}
			sum[&s.Share] += m.Share
			sum[&s.Energy] += m.Map.Energy
			sum[&s.IoU] += m.Map.IoU
			sum[&s.Hit] += one(m.Map.Hit)
			sum[&s.Gaussian.Energy] += m.Gaussian.Energy
			sum[&s.Gaussian.IoU] += m.Gaussian.IoU
			sum[&s.Gaussian.Hit] += one(m.Gaussian.Hit)
		}
		for iv, x := range sum {
			mean[iv] = append(mean[iv], x/float64(len(of)))
		}
	}
	for iv, x := range mean {
		if iv == &s.Hit || iv == &s.Gaussian.Hit {
			*iv = Interval(stats.ClusteredWilson(x, groups))
		} else {
			*iv = Interval(stats.ClusteredMean(x, groups))
		}
	}
	return s
}

// one is 1 for true.
func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
