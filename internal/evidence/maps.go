package evidence

import (
	"cmp"
	"fmt"
	"slices"

	"magn/internal/fault"
	"magn/internal/stats"
)

// checkMaps holds the map rows of an arm against its predictions: known case of
// that fold, one row for each case, view and seed.
func (t *table) checkMaps() error {
	known := map[tableCase]bool{}
	for _, c := range t.cases {
		c.label = 0 // maps do not know it
		known[c] = true
	}
	for _, fold := range t.folds {
		for _, seed := range t.seeds {
			u := t.units[unitKey{fold, seed}]
			seen := map[[2]string]bool{}
			for _, m := range u.Maps {
				bad := checkMapRow(m)
				switch {
				case bad != nil:
				case m.Arm != u.Arm || m.Seed != u.Seed || !known[tableCase{id: m.Case, group: m.Group, fold: m.Fold}] || m.Fold != u.Fold:
					bad = &fault.Input{Found: fmt.Sprintf("a map of arm %s, fold %d, seed %d", m.Arm, m.Fold, m.Seed), Expected: "a case that the unit predicts"}
				case seen[[2]string{m.Case, m.View}]:
					bad = &fault.Input{Found: "two maps of view " + m.View, Expected: "one"}
				}
				if bad != nil {
					bad.File = unitFault(u, "", "").File + ", map of case " + m.Case
					return bad
				}
				seen[[2]string{m.Case, m.View}] = true
			}
		}
	}
	return nil
}

// maps sums up the attention maps of each view. A case counts with the mean of
// its seeds.
func (t *table) maps() []MapSummary {
	type key struct{ view, id string }
	byView := map[string]*MapSummary{}
	rows := map[key][]MapRow{}
	for _, u := range t.units {
		for _, m := range u.Maps {
			if byView[m.View] == nil {
				byView[m.View] = &MapSummary{View: m.View}
			}
			s := byView[m.View]
			s.N++
			if m.Zero {
				s.Zero++
			}
			rows[key{m.View, m.Case}] = append(rows[key{m.View, m.Case}], m)
		}
	}
	out := []MapSummary{}
	for view, s := range byView {
		var groups []string
		var energy, share, iou, hit []float64
		for _, c := range t.cases { // in their order, so that rounding repeats
			of := rows[key{view, c.id}]
			if len(of) == 0 {
				continue
			}
			slices.SortFunc(of, func(a, b MapRow) int { return cmp.Compare(a.Seed, b.Seed) })
			var e, a, o, h float64
			for _, m := range of {
				e, a, o = e+m.Energy, a+m.Share, o+m.IoU
				if m.Hit {
					h++
				}
			}
			n := float64(len(of))
			groups = append(groups, c.group)
			energy, share, iou, hit = append(energy, e/n), append(share, a/n), append(iou, o/n), append(hit, h/n)
		}
		s.Energy = Interval(stats.ClusteredMean(energy, groups))
		s.Share = Interval(stats.ClusteredMean(share, groups))
		s.IoU = Interval(stats.ClusteredMean(iou, groups))
		s.Hit = Interval(stats.ClusteredWilson(hit, groups))
		out = append(out, *s)
	}
	// In the order of the arm's views; others after them, by name.
	place := func(view string) int {
		if i := slices.Index(t.arm.Views, view); i >= 0 {
			return i
		}
		return len(t.arm.Views)
	}
	slices.SortFunc(out, func(a, b MapSummary) int {
		return cmp.Or(cmp.Compare(place(a.View), place(b.View)), cmp.Compare(a.View, b.View))
	})
	return out
}
