package report

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"magn/internal/evidence"
)

// calibrationFigure has a panel for each competing program: tenths of the
// patients with intervals, and a smooth curve.
func calibrationFigure(r evidence.Results) (figure, bool) {
	arms := byKind(r, func(a evidence.ArmResult) bool {
		return hasCalibration(a) && !isBlind(a) && len(a.Calibration.Bins) > 0
	})
	if len(arms) == 0 {
		return figure{}, false
	}
	looks := looksOf(r)
	return multiples("calibration", "Calibration of every program", len(arms), 1.06, func() []*plot.Plot {
		var plots []*plot.Plot
		for _, at := range arms {
			a, l := r.Arms[at.i], looks[at.i]
			p := unitPlot(clip(a.Name, nameRunes(len(arms))), "predicted probability", "observed share")
			addLine(p, plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}}, reference)
			for _, run := range supported(*a.Calibration) {
				addLine(p, run, draw.LineStyle{Color: faint(l.color, 0.8), Width: bold * 0.8})
			}
			p.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) { drawBins(c, p, a.Calibration.Bins, l) }))
			plots = append(plots, p)
		}
		return plots
	}), true
}

// supported are the parts of a calibration curve: between two of them there are
// no patients.
func supported(c evidence.Calibration) []plotter.XYs {
	var runs []plotter.XYs
	part, joined := 0, false
	for _, at := range c.Curve {
		if !inUnit(at.Score) || !inUnit(at.Observed) {
			joined = false
			continue
		}
		if !joined || at.Part != part {
			runs, part, joined = append(runs, nil), at.Part, true
		}
		last := &runs[len(runs)-1]
		*last = append(*last, plotter.XY{X: at.Score, Y: at.Observed})
	}
	return slices.DeleteFunc(runs, func(run plotter.XYs) bool { return len(run) < 2 })
}

func drawBins(c draw.Canvas, p *plot.Plot, bins []evidence.CalibrationBin, l look) {
	tx, ty := p.Transforms(&c)
	for _, b := range bins {
		if !inUnit(b.Score) || !inUnit(b.Observed.Value) {
			continue
		}
		x := tx(b.Score)
		if o := b.Observed; !isNaN(o.Low) && !isNaN(o.High) {
			c.StrokeLine2(draw.LineStyle{Color: faint(l.color, 0.6), Width: thin * 1.4}, x, ty(clamp(o.Low, 0, 1)), x, ty(clamp(o.High, 0, 1)))
		}
		c.DrawGlyph(draw.GlyphStyle{Color: l.color, Radius: 2, Shape: draw.CircleGlyph{}}, vg.Point{X: x, Y: ty(b.Observed.Value)})
	}
}

func inUnit(x float64) bool { return x >= 0 && x <= 1 }

// decisionFigure has a panel for each competing program: the net benefit of
// treating by it with a band, of treating all, and of treating none.
func decisionFigure(r evidence.Results) (figure, bool) {
	arms := byKind(r, func(a evidence.ArmResult) bool { return isModel(a) && len(benefit(a, ofModel)) > 0 })
	if len(arms) == 0 {
		return figure{}, false
	}
	looks := looksOf(r)
	top := 0.05
	for _, at := range arms {
		for _, d := range r.Arms[at.i].Decision {
			for _, x := range []float64{d.Model.Value, d.Model.High, d.All.Value} {
				if inUnit(x) {
					top = max(top, x*1.05)
				}
			}
		}
	}
	return multiples("decision", "Decision curves of every program", len(arms), 0.92, func() []*plot.Plot {
		var plots []*plot.Plot
		for _, at := range arms {
			a, l := r.Arms[at.i], looks[at.i]
			p := newPlot(clip(a.Name, nameRunes(len(arms))), "threshold probability", "net benefit")
			p.X.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 0.25}, {Value: 0.5, Label: "0.5"}, {Value: 0.75}, {Value: 1, Label: "1"}}
			p.Y.Tick.Marker = plot.TickerFunc(niceTicks)
			addBand(p, a, faint(l.color, 0.18), -top/4)
			addLine(p, plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 0}}, draw.LineStyle{Color: muted, Width: thin})
			addLine(p, above(benefit(a, ofAll), -top/4), reference)
			addLine(p, above(benefit(a, ofModel), -top/4), draw.LineStyle{Color: l.color, Width: bold})
			p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, -top/4, top
			plots = append(plots, p)
		}
		return plots
	}), true
}

func ofModel(d evidence.Decision) float64 { return d.Model.Value }
func ofAll(d evidence.Decision) float64   { return d.All.Value }

// benefit is an arm's defined points of one curve.
func benefit(a evidence.ArmResult, of func(evidence.Decision) float64) plotter.XYs {
	var xy plotter.XYs
	for _, d := range a.Decision {
		if y := of(d); inUnit(d.Threshold) && y <= 1 && y > -1e6 {
			xy = append(xy, plotter.XY{X: d.Threshold, Y: y})
		}
	}
	return xy
}

// above is a curve cut where it first falls below a floor, so that it does not
// run out of its panel.
func above(xy plotter.XYs, floor float64) plotter.XYs {
	for i, p := range xy {
		if p.Y >= floor {
			continue
		}
		if i == 0 {
			return nil
		}
		q := xy[i-1]
		at := q.X + (p.X-q.X)*(floor-q.Y)/(p.Y-q.Y)
		return append(append(plotter.XYs{}, xy[:i]...), plotter.XY{X: at, Y: floor})
	}
	return xy
}

// addBand fills between the limits of an arm's net benefit.
func addBand(p *plot.Plot, a evidence.ArmResult, c color.NRGBA, floor float64) {
	var upper, lower plotter.XYs
	for _, d := range a.Decision {
		if m := d.Model; inUnit(d.Threshold) && m.Low <= m.High && m.High <= 1 && m.Low > -1e6 {
			upper = append(upper, plotter.XY{X: d.Threshold, Y: max(m.High, floor)})
			lower = append(lower, plotter.XY{X: d.Threshold, Y: max(m.Low, floor)})
		}
	}
	if len(upper) < 2 {
		return
	}
	for i := len(lower) - 1; i >= 0; i-- {
		upper = append(upper, lower[i])
	}
	band, err := plotter.NewPolygon(upper)
	if err != nil { // callers leave out what is no number
		return
	}
	band.Color, band.LineStyle.Width = c, 0
	p.Add(band)
}
