package report

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"magn/internal/evidence"
)

// rocFigure has a panel for each arm (folds thin, mean bold, chance dashed)
// and, where there are several, one with the means of all.
func rocFigure(r evidence.Results) (figure, bool) {
	n := 0
	for _, a := range r.Arms {
		if len(points(a.ROC)) > 0 {
			n++
		}
	}
	if n == 0 {
		return figure{}, false
	}
	panels := n
	if n > 1 {
		panels++
	}
	cols := min(3, panels)
	rows := (panels + cols - 1) / cols
	side := textWidth / 3
	f := figure{
		name: "roc", title: "ROC curves of every arm: folds and mean",
		w: side * vg.Length(cols), h: side * 1.04 * vg.Length(rows),
	}
	if cols == 1 {
		f.w, f.h = side*1.4, side*1.45
	}
	f.draw = func(dc draw.Canvas) { tile(dc, cols, rocPlots(r)) }
	return f, true
}

func rocPlots(r evidence.Results) []*plot.Plot {
	var plots []*plot.Plot
	all := rocPlot("means of all arms")
	drawn := 0
	for i, a := range r.Arms {
		mean := points(a.ROC)
		if len(mean) == 0 {
			continue
		}
		l := lookOf(i, a.Attention)
		p := rocPlot(clip(a.Name, 28))
		for _, f := range a.Folds {
			addLine(p, points(f.ROC), draw.LineStyle{Color: faint(l.color, 0.65), Width: thin})
		}
		addLine(p, mean, draw.LineStyle{Color: l.color, Width: bold})
		addText(p, 0.98, 0.03, "AUC "+withBounds(a.Metrics.AUC))
		plots = append(plots, p)
		if m := addLine(all, mean, l.line(bold*0.8)); m != nil {
			all.Legend.Add(clip(a.Name, 28), m)
			drawn++
		}
	}
	if drawn > 1 {
		all.Legend.XOffs, all.Legend.YOffs = -3, 3
		plots = append(plots, all)
	}
	return plots
}

// rocPlot is the unit square with its chance line.
func rocPlot(title string) *plot.Plot {
	p := newPlot(title, "1 − specificity", "sensitivity")
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	ticks := plot.ConstantTicks{
		{Value: 0, Label: "0"},
		{Value: 0.25},
		{Value: 0.5, Label: "0.5"},
		{Value: 0.75},
		{Value: 1, Label: "1"},
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks, ticks
	addLine(p, plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}},
		draw.LineStyle{Color: muted, Width: thin, Dashes: []vg.Length{2, 2}})
	return p
}

// points are a curve's defined points, inside the unit square.
func points(roc []evidence.Point) plotter.XYs {
	var xy plotter.XYs
	for _, p := range roc {
		if p.FPR >= 0 && p.FPR <= 1 && p.TPR >= 0 && p.TPR <= 1 {
			xy = append(xy, plotter.XY{X: p.FPR, Y: p.TPR})
		}
	}
	return xy
}

// addLine draws a polyline; nil where there is none to draw.
func addLine(p *plot.Plot, xy plotter.XYs, style draw.LineStyle) *plotter.Line {
	if len(xy) == 0 {
		return nil
	}
	l, err := plotter.NewLine(xy)
	if err != nil { // a number that is not one; callers leave those out
		return nil
	}
	l.LineStyle = style
	p.Add(l)
	return l
}

// addText writes one line that ends at a point of the data area.
func addText(p *plot.Plot, x, y float64, s string) {
	st := sans(smallSize, color.Color(ink))
	st.XAlign, st.YAlign = draw.XRight, draw.YBottom
	l := &plotter.Labels{
		XYs: plotter.XYs{{X: x, Y: y}}, Labels: []string{s},
		TextStyle: []draw.TextStyle{st},
	}
	p.Add(l)
}
