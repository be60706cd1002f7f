package report

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg/draw"

	"magn/internal/evidence"
)

// labelRunes bounds an arm's name in figures.
const labelRunes = 34

// aucFigure is the arms' AUC with intervals, and their folds' AUC under each.
func aucFigure(r evidence.Results) (figure, bool) {
	if len(r.Arms) == 0 {
		return figure{}, false
	}
	f := forest{xLabel: "AUC (mean of folds, 95 % interval)", line: 0.5, min: 0.45, max: 1, head: "AUC (95 % interval)"}
	for i, a := range r.Arms {
		row := forestRow{
			label: clip(a.Name, labelRunes), iv: a.Metrics.AUC, look: lookOf(i, a.Attention),
			ref: math.NaN(), text: withBounds(a.Metrics.AUC),
		}
		for _, fold := range a.Folds {
			row.dots = append(row.dots, fold.Metrics.AUC.Value)
		}
		for _, x := range append([]float64{a.Metrics.AUC.Low, a.Metrics.AUC.Value}, row.dots...) {
			if !isNaN(x) {
				f.min = math.Min(f.min, x-0.02)
			}
		}
		f.rows = append(f.rows, row)
	}
	f.min = math.Max(f.min, -0.02)
	return figure{name: "auc", title: "AUC of every arm with its 95 % interval", w: textWidth, h: f.height(), draw: f.draw}, true
}

// differencesFigure is the comparisons' differences in AUC with intervals.
func differencesFigure(r evidence.Results) (figure, bool) {
	if len(r.Comparisons) == 0 {
		return figure{}, false
	}
	f := forest{xLabel: "difference in AUC (first minus second, 95 % interval)", head: "difference (95 % interval), p (Holm)"}
	reach := 0.02
	for _, c := range r.Comparisons {
		f.rows = append(f.rows, forestRow{
			label: clip(c.A, 24) + " − " + clip(c.B, 24),
			iv:    evidence.Interval{Value: c.DeltaAUC, Low: c.Low, High: c.High},
			look:  look{color: ink, glyph: diamond{}}, ref: math.NaN(),
			text: signedBounds(c) + ", " + pValue(c.PHolm),
		})
		for _, x := range []float64{c.Low, c.High, c.DeltaAUC} {
			if !isNaN(x) {
				reach = math.Max(reach, math.Abs(x)*1.08)
			}
		}
	}
	reach = math.Min(reach, 1.05) // a difference of two areas is at most 1
	f.min, f.max = -reach, reach
	return figure{name: "differences", title: "Differences in AUC between arms with their 95 % intervals", w: textWidth, h: f.height(), draw: f.draw}, true
}

// energyFigure is, per view and arm, the maps' energy in the lesion on shifted
// crops beside the lesion's share of the crop, which a map that knows nothing
// would reach, and the fixed Gaussian's, which knows only where crops are centred.
func energyFigure(r evidence.Results) (figure, bool) {
	f := forest{
		xLabel: "energy in the lesion, shifted crops (bar: the lesion’s share of the crop)",
		line:   math.NaN(), head: "energy (95 % interval) | share", max: 0.1,
	}
	for _, of := range mapKinds(r) {
		if of.crops != evidence.Shifted {
			continue
		}
		view, first, gaussian := of.view, true, evidence.Interval{Value: math.NaN()}
		for i, a := range r.Arms {
			for _, m := range a.Maps {
				if kindOf(m) != of {
					continue
				}
				gaussian = m.Gaussian.Energy
				f.rows = append(f.rows, forestRow{
					label: clip(view, 12) + " · " + clip(a.Name, labelRunes), iv: m.Energy,
					look: lookOf(i, a.Attention), ref: m.Share.Value, gap: first && len(f.rows) > 0,
					text: withBounds(m.Energy) + " | " + decimal(m.Share.Value),
				})
				first = false
				for _, x := range []float64{m.Energy.Value, m.Energy.High, m.Share.Value, m.Gaussian.Energy.High} {
					if !isNaN(x) {
						f.max = math.Max(f.max, x*1.05)
					}
				}
			}
		}
		if !isNaN(gaussian.Value) {
			f.rows = append(f.rows, forestRow{label: clip(view, 12) + " · fixed Gaussian", iv: gaussian, look: look{color: muted, glyph: draw.CrossGlyph{}}, ref: math.NaN(), text: withBounds(gaussian)})
		}
	}
	f.max = math.Min(f.max, 1)
	if len(f.rows) == 0 {
		return figure{}, false
	}
	return figure{name: "energy", title: "Energy of the heat maps in the lesion on shifted crops", w: textWidth, h: f.height(), draw: f.draw}, true
}

// mapKind is a view and the crops that its maps were looked at on.
type mapKind struct{ view, crops string }

func kindOf(m evidence.MapSummary) mapKind { return mapKind{m.View, m.Crops} }

// mapKinds are what any arm has maps of, in the order met.
func mapKinds(r evidence.Results) []mapKind {
	var kinds []mapKind
	for _, a := range r.Arms {
		for _, m := range a.Maps {
			if !slices.Contains(kinds, kindOf(m)) {
				kinds = append(kinds, kindOf(m))
			}
		}
	}
	return kinds
}

// tickLabel prints a tick with a fixed number of decimals.
func tickLabel(x float64, decimals int) string {
	s := strconv.FormatFloat(x, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		return "0"
	}
	return strings.Replace(s, "-", "−", 1)
}
