package report

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg/draw"

	"magn/internal/evidence"
)

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
		looks := looksOf(r)
		view, first, gaussian := clip(of.view, labelRunes)+" view", true, evidence.Interval{Value: math.NaN()}
		for i, a := range r.Arms {
			for _, m := range a.Maps {
				if kindOf(m) != of || a.Of != "" {
					continue
				}
				gaussian = m.Gaussian.Energy
				f.rows = append(f.rows, forestRow{
					label: clip(a.Name, labelRunes), iv: m.Energy,
					look: looks[i], ref: m.Share.Value, gap: first && len(f.rows) > 0, head: view,
					text: withBounds(m.Energy) + " | " + decimal(m.Share.Value),
				})
				first, view = false, ""
				for _, x := range []float64{m.Energy.Value, m.Energy.High, m.Share.Value, m.Gaussian.Energy.High} {
					if !isNaN(x) {
						f.max = math.Max(f.max, x*1.05)
					}
				}
			}
		}
		if !isNaN(gaussian.Value) {
			f.rows = append(f.rows, forestRow{label: "fixed Gaussian", iv: gaussian, look: look{color: muted, glyph: draw.CrossGlyph{}}, ref: math.NaN(), text: withBounds(gaussian)})
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
