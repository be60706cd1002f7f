package report

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"magn/internal/evidence"
)

// rocEntry is one line of the legend of rocFigure.
type rocEntry struct {
	kind, panel string
	name, value string
	look        look
	curve       plotter.XYs
	point       *plotter.XY // of a reader who chose classes …
	number      int         // … and what stands beside it
}

// fewCurves may stand in one panel.
const fewCurves = 4

// rocPanel is a panel of rocFigure: its programs' curves. The readers are in all.
type rocPanel struct {
	title   string
	entries []rocEntry
}

// rocFigure has the mean curves of the competing arms, in a panel for each kind
// where they are more than fewCurves, and the readers in each: those who chose a
// class are points.
func rocFigure(r evidence.Results) (figure, bool) {
	panels, readers := rocPanels(r)
	if len(panels) == 0 {
		return figure{}, false
	}
	const line = vg.Length(11)
	side := min(textWidth/vg.Length(len(panels)), 9*vg.Centimeter)
	most := 0
	for _, p := range panels {
		most = max(most, len(p.entries))
	}
	perRow := len(panels)
	if perRow == 1 {
		perRow = 2
	}
	below := line * (0.6 + vg.Length(most))
	if len(readers) > 0 {
		below += line * (1.6 + vg.Length((len(readers)+perRow-1)/perRow))
	}
	return figure{
		name: "roc", title: "Mean ROC curves of all arms, and readers",
		w: textWidth, h: side + below,
		draw: func(dc draw.Canvas) {
			row := make([]*plot.Plot, len(panels))
			for i, panel := range panels {
				p := rocPlot(panel.title)
				if i > 0 {
					p.Y.Label.Text = ""
				}
				entries := append(slices.Clone(panel.entries), readers...)
				for _, e := range entries {
					addLine(p, e.curve, e.look.line(bold*0.7))
				}
				p.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) { rocPoints(c, p, entries) }))
				row[i] = p
			}
			top := draw.Crop(dc, 0, side*vg.Length(len(panels))-textWidth, below, 0)
			tile(top, len(row), row)
			y := dc.Min.Y + below - line
			for i, panel := range panels {
				for k, e := range panel.entries {
					e.legend(dc, dc.Min.X+side*vg.Length(i)+8, y-line*vg.Length(k), side-16)
				}
			}
			if len(readers) == 0 {
				return
			}
			y -= line * (vg.Length(most) + 0.6)
			dc.FillText(sansBold(smallSize, ink), vg.Point{X: dc.Min.X + 8, Y: y}, "Readers")
			wide := textWidth / vg.Length(perRow)
			for k, e := range readers {
				e.legend(dc, dc.Min.X+wide*vg.Length(k%perRow)+8, y-line*vg.Length(1+k/perRow), wide-16)
			}
		},
	}, true
}

// legend is an entry's line of the legend, from x to x + w.
func (e rocEntry) legend(dc draw.Canvas, x, y, w vg.Length) {
	if e.point != nil {
		dc.DrawGlyph(draw.GlyphStyle{Color: e.look.color, Radius: 3, Shape: e.look.glyph}, vg.Point{X: x + 5, Y: y})
		dc.FillText(sans(smallSize, ink), vg.Point{X: x + 11, Y: y}, fmt.Sprint(e.number))
	} else {
		dc.StrokeLine2(e.look.line(bold*0.7), x, y, x+18, y)
	}
	dc.FillText(sans(smallSize, ink), vg.Point{X: x + 22, Y: y}, e.name)
	dc.FillText(sans(smallSize, ink), vg.Point{X: x + w - sans(smallSize, ink).Width(e.value), Y: y}, e.value)
}

// rocPanels are the programs' curves by kind, networks without and with attention
// apart, and the readers.
func rocPanels(r evidence.Results) (panels []rocPanel, readers []rocEntry) {
	of := map[string]int{}
	curves := 0
	all := rocEntries(r)
	for _, e := range all {
		if e.kind == evidence.KindReader {
			readers = append(readers, e)
		} else {
			curves++
		}
	}
	for _, e := range all {
		title := e.panel
		switch {
		case e.kind == evidence.KindReader:
			continue
		case curves <= fewCurves:
			title = ""
		}
		i, ok := of[title]
		if !ok {
			i = len(panels)
			of[title], panels = i, append(panels, rocPanel{title: title})
		}
		panels[i].entries = append(panels[i].entries, e)
	}
	if len(panels) == 0 && len(readers) > 0 {
		panels = []rocPanel{{}}
	}
	return panels, readers
}

// panelTitle is what the panel of an arm's kind is called.
func panelTitle(a evidence.ArmResult) string {
	switch {
	case a.Kind == evidence.KindNetwork && a.Attention:
		return "Networks with attention"
	case a.Kind == evidence.KindNetwork:
		return "Networks without attention"
	case a.Kind == evidence.KindRadiomics:
		return "Radiomics"
	}
	return "Others"
}

func rocEntries(r evidence.Results) []rocEntry {
	var out []rocEntry
	looks := looksOf(r)
	numbers := 0
	for _, at := range byKind(r, competes) {
		a := r.Arms[at.i]
		e := rocEntry{kind: a.Kind, panel: panelTitle(a), name: clip(a.Name, 22), value: decimal(a.Metrics.AUC.Value), look: looks[at.i]}
		if choseClasses(a) {
			xy := plotter.XY{X: 1 - a.Metrics.Specificity.Value, Y: a.Metrics.Sensitivity.Value}
			if isNaN(xy.X) || isNaN(xy.Y) {
				continue
			}
			numbers++
			e.point, e.number = &xy, numbers
			e.value = "bal. acc. " + decimal(a.Metrics.AUCPooled.Value) // of all patients, as the point is
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
