package report

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"magn/internal/evidence"
)

// rocEntry is one line of the legend of rocFigure.
type rocEntry struct {
	head, name, value string
	look              look
	curve             plotter.XYs
	point             *plotter.XY // of a reader who chose classes …
	number            int         // … and what stands beside it
}

// rocFigure has the mean curves of all competing arms in one panel, and the
// readers: those who chose a class are points.
func rocFigure(r evidence.Results) (figure, bool) {
	entries := rocEntries(r)
	if len(entries) == 0 {
		return figure{}, false
	}
	const line, side = vg.Length(11), 9 * vg.Centimeter
	height := vg.Length(16)
	for _, e := range entries {
		if e.head != "" {
			height += line * 1.4
		}
		height += line
	}
	return figure{
		name: "roc", title: "Mean ROC curves of all arms, and readers",
		w: textWidth, h: max(side, height),
		draw: func(dc draw.Canvas) {
			p := rocPlot("")
			for _, e := range entries {
				addLine(p, e.curve, e.look.line(bold*0.7))
			}
			p.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) { rocPoints(c, p, entries) }))
			p.Draw(draw.Crop(dc, 2, side-textWidth, dc.Max.Y-dc.Min.Y-side, 0))
			x, y := dc.Min.X+side+14, dc.Max.Y-8
			for _, e := range entries {
				if e.head != "" {
					y -= line * 0.4
					dc.FillText(sansBold(smallSize, ink), vg.Point{X: x, Y: y}, e.head)
					y -= line
				}
				if e.point != nil {
					dc.DrawGlyph(draw.GlyphStyle{Color: e.look.color, Radius: 3, Shape: e.look.glyph}, vg.Point{X: x + 8, Y: y})
					dc.FillText(sans(smallSize, ink), vg.Point{X: x + 14, Y: y}, fmt.Sprint(e.number))
				} else {
					dc.StrokeLine2(e.look.line(bold*0.7), x, y, x+22, y)
				}
				dc.FillText(sans(smallSize, ink), vg.Point{X: x + 27, Y: y}, e.name)
				dc.FillText(sans(smallSize, ink), vg.Point{X: dc.Max.X - 4 - sans(smallSize, ink).Width(e.value), Y: y}, e.value)
				y -= line
			}
		},
	}, true
}

func rocEntries(r evidence.Results) []rocEntry {
	var out []rocEntry
	looks := looksOf(r)
	numbers := 0
	for _, at := range byKind(r, competes) {
		a := r.Arms[at.i]
		e := rocEntry{head: at.head, name: clip(a.Name, 30), value: decimal(a.Metrics.AUC.Value), look: looks[at.i]}
		if choseClasses(a) {
			xy := plotter.XY{X: 1 - a.Metrics.Specificity.Value, Y: a.Metrics.Sensitivity.Value}
			if isNaN(xy.X) || isNaN(xy.Y) {
				continue
			}
			numbers++
			e.point, e.number = &xy, numbers
			e.value = "balanced accuracy " + e.value
		} else if e.curve = points(a.ROC); len(e.curve) == 0 {
			continue
		} else {
			e.value = "AUC " + e.value
		}
		out = append(out, e)
	}
	return out
}

// rocPoints draws the readers who chose classes, each with its number.
func rocPoints(c draw.Canvas, p *plot.Plot, entries []rocEntry) {
	tx, ty := p.Transforms(&c)
	for _, e := range entries {
		if e.point == nil {
			continue
		}
		at := vg.Point{X: tx(clamp(e.point.X, 0, 1)), Y: ty(clamp(e.point.Y, 0, 1))}
		c.DrawGlyph(draw.GlyphStyle{Color: paper, Radius: 4.6, Shape: e.look.glyph}, at)
		c.DrawGlyph(draw.GlyphStyle{Color: e.look.color, Radius: 3.4, Shape: e.look.glyph}, at)
		halo(c, sansBold(smallSize, ink), vg.Point{X: at.X + 5, Y: at.Y - 5}, fmt.Sprint(e.number))
	}
}

// halo writes over lines, with a rim of paper that holds the text apart.
func halo(c draw.Canvas, st draw.TextStyle, at vg.Point, s string) {
	rim := st
	rim.Color = paper
	for dx := vg.Length(-1); dx <= 1; dx++ {
		for dy := vg.Length(-1); dy <= 1; dy++ {
			c.FillText(rim, vg.Point{X: at.X + dx, Y: at.Y + dy}, s)
		}
	}
	c.FillText(st, at, s)
}

// rocFoldsFigure has a panel for each competing program: folds thin, mean bold,
// chance dashed.
func rocFoldsFigure(r evidence.Results) (figure, bool) {
	keep := func(a evidence.ArmResult) bool { return isModel(a) && len(points(a.ROC)) > 0 && len(a.Folds) > 1 }
	arms := byKind(r, keep)
	if len(arms) == 0 {
		return figure{}, false
	}
	looks := looksOf(r)
	return multiples("roc-folds", "ROC curves of the folds of every program, and their mean", len(arms), 1.06, func() []*plot.Plot {
		var plots []*plot.Plot
		for _, at := range arms {
			a, l := r.Arms[at.i], looks[at.i]
			p := rocPlot(clip(a.Name, nameRunes(len(arms))))
			for _, f := range a.Folds {
				addLine(p, points(f.ROC), draw.LineStyle{Color: faint(l.color, 0.55), Width: thin})
			}
			addLine(p, points(a.ROC), draw.LineStyle{Color: l.color, Width: bold})
			addText(p, 0.98, 0.13, draw.XRight, "AUC "+decimal(a.Metrics.AUC.Value))
			addText(p, 0.98, 0.03, draw.XRight, bounds(a.Metrics.AUC))
			plots = append(plots, p)
		}
		return plots
	}), true
}

// rocPlot is the unit square with its chance line.
func rocPlot(title string) *plot.Plot {
	p := unitPlot(title, "1 − specificity", "sensitivity")
	addLine(p, plotter.XYs{{X: 0, Y: 0}, {X: 1, Y: 1}}, reference)
	return p
}

// reference is the style of what a curve is held against.
var reference = draw.LineStyle{Color: muted, Width: thin, Dashes: []vg.Length{2, 2}}

// unitPlot is an empty unit square.
func unitPlot(title, x, y string) *plot.Plot {
	p := newPlot(title, x, y)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 1, 0, 1
	ticks := plot.ConstantTicks{
		{Value: 0, Label: "0"},
		{Value: 0.25},
		{Value: 0.5, Label: "0.5"},
		{Value: 0.75},
		{Value: 1, Label: "1"},
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks, ticks
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

// addText writes one line that begins or ends at a point of the data area.
func addText(p *plot.Plot, x, y float64, align text.XAlignment, s string) {
	if s == "" {
		return
	}
	st := sans(smallSize, ink)
	st.XAlign, st.YAlign = align, draw.YBottom
	p.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) {
		tx, ty := p.Transforms(&c)
		halo(c, st, vg.Point{X: tx(x), Y: ty(y)}, s)
	}))
}
