package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"magn/internal/evidence"
)

// shareOf is the percentage of the training groups that a variant was trained on.
func shareOf(a evidence.ArmResult) (percent float64, ok bool) {
	s, ok := strings.CutPrefix(a.Variant, evidence.ShareVariant)
	if !ok {
		return 0, false
	}
	percent, err := strconv.ParseFloat(s, 64)
	return percent, err == nil && percent > 0 && percent < 100
}

// learner is an arm trained on parts of its training groups and on all of them.
type learner struct {
	own    int // place in Results.Arms
	points []learned
}

// learned is an arm, its place in Results.Arms, and what it was trained on.
type learned struct {
	percent float64
	arm     int
}

func learners(r evidence.Results) []learner {
	var out []learner
	for own, base := range r.Arms {
		l := learner{own: own}
		for i, a := range r.Arms {
			if percent, ok := shareOf(a); ok && a.Of == base.Name {
				l.points = append(l.points, learned{percent, i})
			}
		}
		if len(l.points) > 0 {
			l.points = append(l.points, learned{100, own})
			slices.SortStableFunc(l.points, func(a, b learned) int { return cmp.Compare(a.percent, b.percent) })
			out = append(out, l)
		}
	}
	return out
}

// learningTable is arms trained on parts of the training groups.
func learningTable(r evidence.Results) table {
	t := table{
		name:    "learning",
		caption: "Learning curves: the same networks trained on a share of the training groups, with the number of updates, λ and stopping rule fixed in advance, tested on the same patients; 95 % intervals. Groups are nested, and the same for arms of one seed.",
		columns: []column{
			{head: "Arm", key: "arm", only: fileOnly},
			{key: "of", only: fileOnly},
			{head: "Training groups, %", key: "percent", kind: whole},
			{head: "Seeds", key: "seeds", kind: whole},
		},
	}
	ms := append([]metric{auc, brier}, atThreshold...)
	for _, m := range ms {
		t.columns = append(t.columns, m.column(""))
	}
	for _, l := range learners(r) {
		head := r.Arms[l.own].Name
		for _, p := range l.points {
			a := r.Arms[p.arm]
			cells := []cell{words(a.Name), words(r.Arms[l.own].Name), single(p.percent, ""), wholeNumber(len(a.Seeds))}
			for _, m := range ms {
				cells = append(cells, armCell(a, m, a.Metrics))
			}
			t.add(head, cells...)
			head = ""
		}
	}
	return t
}

// learningFigure has a panel for each set of views: AUC by share of the training
// groups, with and without attention.
func learningFigure(r evidence.Results) (figure, bool) {
	all := learners(r)
	var views []string
	of := map[string][]learner{}
	for _, l := range all {
		v := strings.Join(r.Arms[l.own].Views, " ")
		if of[v] == nil {
			views = append(views, v)
		}
		of[v] = append(of[v], l)
	}
	if len(views) == 0 {
		return figure{}, false
	}
	looks := looksOf(r)
	low := 0.5
	for _, l := range all {
		for _, p := range l.points {
			if x := r.Arms[p.arm].Metrics.AUC.Low; inUnit(x) {
				low = min(low, x-0.02)
			}
		}
	}
	return multiples("learning", "AUC by share of the training groups", len(views), 1, func() []*plot.Plot {
		var plots []*plot.Plot
		for _, v := range views {
			p := newPlot(clip(r.Arms[of[v][0].own].Name, nameRunes(len(views))), "training groups, %", "AUC")
			p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 110, low, 1
			p.X.Tick.Marker = plot.ConstantTicks{{Value: 0, Label: "0"}, {Value: 25, Label: "25"}, {Value: 50, Label: "50"}, {Value: 75}, {Value: 100, Label: "100"}}
			p.Y.Tick.Marker = plot.TickerFunc(niceTicks)
			for k, l := range of[v] {
				var xy plotter.XYs
				for _, at := range l.points {
					if y := r.Arms[at.arm].Metrics.AUC.Value; inUnit(y) {
						xy = append(xy, plotter.XY{X: at.percent + 2*float64(k), Y: y}) // beside each other, so that intervals are seen
					}
				}
				addLine(p, xy, looks[l.own].line(bold*0.7))
				p.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) { drawLearner(c, p, r, l, looks[l.own], 2*float64(k)) }))
			}
			plots = append(plots, p)
		}
		return plots
	}), true
}

func drawLearner(c draw.Canvas, p *plot.Plot, r evidence.Results, l learner, look look, aside float64) {
	tx, ty := p.Transforms(&c)
	for _, at := range l.points {
		iv := r.Arms[at.arm].Metrics.AUC
		if !inUnit(iv.Value) {
			continue
		}
		x := tx(at.percent + aside)
		if inUnit(iv.Low) && inUnit(iv.High) {
			c.StrokeLine2(draw.LineStyle{Color: look.color, Width: medium}, x, ty(iv.Low), x, ty(iv.High))
		}
		c.DrawGlyph(draw.GlyphStyle{Color: look.color, Radius: 2.6, Shape: look.glyph}, vg.Point{X: x, Y: ty(iv.Value)})
	}
}
