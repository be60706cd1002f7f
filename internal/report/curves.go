package report

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"magn/internal/evidence"
)

// fit is one curve: one training of one unit.
type fit struct {
	fold, seed int
	stage      string
}

// maxLoss is the largest loss that is drawn: one fit that blew up must not
// flatten the others, and no axis can hold 1e300.
const maxLoss = 1e6

// trainingFigure has a panel for each arm: every fit's losses thin, their mean
// over fits bold.
func trainingFigure(r evidence.Results, rows []History) (figure, bool) {
	arms := historyArms(r, rows)
	if len(arms) == 0 {
		return figure{}, false
	}
	return multiples("training", "Training and validation loss by epoch", len(arms), 0.92, func() []*plot.Plot {
		plots := make([]*plot.Plot, len(arms))
		for i, a := range arms {
			plots[i] = trainingPlot(a, rows, nameRunes(len(arms)))
			if i > 0 {
				plots[i].Legend = plot.NewLegend() // one says it for all
			}
		}
		sameScale(plots)
		return plots
	}), true
}

// historyArms are the arms that have a history: those of the results in their
// order, then any other.
func historyArms(r evidence.Results, rows []History) []string {
	has := map[string]bool{}
	var order []string
	for _, h := range rows {
		if !has[h.Arm] {
			has[h.Arm] = true
			order = append(order, h.Arm)
		}
	}
	rank := map[string]int{}
	for i, a := range r.Arms {
		rank[a.Name] = i - len(r.Arms) // before those that the results lack
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(rank[a], rank[b]) })
	return order
}

// legendRoom is what is added above the highest loss, so that the legend covers
// no curve.
const legendRoom = 1.3

// sameScale gives plots the largest of their vertical ranges, unless a fit that
// blew up would flatten the others.
func sameScale(plots []*plot.Plot) {
	least, most := plots[0].Y.Max, plots[0].Y.Max
	for _, p := range plots {
		least, most = min(least, p.Y.Max), max(most, p.Y.Max)
	}
	if most > 4*least {
		return
	}
	for _, p := range plots {
		p.Y.Max = most
	}
}

func trainingPlot(arm string, rows []History, runes int) *plot.Plot {
	p := newPlot(clip(arm, runes), "epoch", "loss")
	p.X.Tick.Marker = plot.TickerFunc(wholeTicks)
	p.Y.Tick.Marker = plot.TickerFunc(niceTicks)
	kinds := []struct {
		name string
		of   func(History) float64
		look look
	}{
		{"training", func(h History) float64 { return h.Train }, look{color: palette[0]}},
		{"validation", func(h History) float64 { return h.Val }, look{color: palette[2], dashes: []vg.Length{4, 2}}},
	}
	p.Y.Min = 0
	for _, k := range kinds {
		fits, mean := curves(arm, rows, k.of)
		for _, xy := range fits {
			addLine(p, xy, draw.LineStyle{Color: faint(k.look.color, 0.35), Width: thin})
		}
		if l := addLine(p, mean, k.look.line(bold)); l != nil {
			p.Legend.Add(k.name, l)
		}
	}
	if p.Y.Max-p.Y.Min < 1e-9 { // all zero, or too small to be told from it
		p.Y.Max = p.Y.Min + 1
	}
	p.Y.Max *= legendRoom
	p.Legend.Top = true
	p.Legend.XOffs, p.Legend.YOffs = -3, -3
	return p
}

// curves are an arm's fits, each in the order of its epochs, and their mean by
// epoch.
func curves(arm string, rows []History, of func(History) float64) (fits []plotter.XYs, mean plotter.XYs) {
	index := map[fit]int{}
	sum, n := map[int]float64{}, map[int]int{}
	for _, h := range rows {
		y := of(h)
		if h.Arm != arm || isNaN(y) || math.Abs(y) > maxLoss {
			continue
		}
		key := fit{h.Fold, h.Seed, h.Stage}
		i, ok := index[key]
		if !ok {
			i = len(fits)
			index[key] = i
			fits = append(fits, nil)
		}
		fits[i] = append(fits[i], plotter.XY{X: float64(h.Epoch), Y: y})
		sum[h.Epoch] += y
		n[h.Epoch]++
	}
	for _, xy := range fits {
		slices.SortStableFunc(xy, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
	}
	for e, s := range sum {
		mean = append(mean, plotter.XY{X: float64(e), Y: s / float64(n[e])})
	}
	slices.SortFunc(mean, func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) })
	return fits, mean
}

// wholeTicks are niceTicks at whole numbers only.
func wholeTicks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for _, t := range niceTicks(lo, hi) {
		if t.Value == math.Trunc(t.Value) {
			t.Label = tickLabel(t.Value, 0)
			ticks = append(ticks, t)
		}
	}
	return ticks
}
