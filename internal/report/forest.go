package report

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"magn/internal/evidence"
)

// forestRow is one line of a forest plot.
type forestRow struct {
	label string
	iv    evidence.Interval
	look  look
	dots  []float64 // single values behind the estimate: folds
	ref   float64   // a reference of this row alone; NaN where it has none
	text  string    // printed at the right
	gap   bool      // leave space above
	head  string    // a line of its own above the row
}

// forest is a plot of estimates and intervals, one a row, numbers at the right.
type forest struct {
	rows     []forestRow
	xLabel   string
	line     float64 // reference line through all rows, NaN for none
	min, max float64
	head     string // above the numbers at the right
}

const forestGap = 0.6 // of a row

// rowHeight is less where no row has single values under its estimate.
func (f forest) rowHeight() vg.Length {
	for _, r := range f.rows {
		if len(r.dots) > 0 {
			return 15
		}
	}
	return 12.5
}

// height of the whole figure.
func (f forest) height() vg.Length {
	_, span := f.positions()
	return vg.Length(span)*f.rowHeight() + 42
}

// positions are the rows' heights above the axis, in rows, and their span.
func (f forest) positions() (y []float64, span float64) {
	y = make([]float64, len(f.rows))
	at := 0.6
	for i := len(f.rows) - 1; i >= 0; i-- {
		y[i] = at
		at++
		if f.rows[i].head != "" {
			at++
		}
		if f.rows[i].gap {
			at += forestGap
		}
	}
	return y, at - 0.5
}

func (f forest) draw(dc draw.Canvas) {
	y, span := f.positions()
	p := newPlot("", f.xLabel, "")
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = f.min, f.max, 0, span
	p.X.Tick.Marker = plot.TickerFunc(niceTicks)
	ticks := make(plot.ConstantTicks, len(f.rows))
	right := sans(smallSize, ink).Width(f.head)
	for i, r := range f.rows {
		ticks[i] = plot.Tick{Value: y[i], Label: r.label}
		right = max(right, sans(smallSize, ink).Width(r.text))
	}
	p.Y.Tick.Marker, p.Y.Tick.Length, p.Y.Width = ticks, 0, 0
	p.Add(plotterFunc(func(c draw.Canvas, p *plot.Plot) { f.drawRows(c, p, y) }))
	c := draw.Crop(dc, 2, -right-12, 0, -12)
	p.Draw(c)
	da := p.DataCanvas(c)
	_, ty := p.Transforms(&da)
	for i, r := range f.rows {
		if r.head != "" {
			dc.FillText(sansBold(smallSize, ink), vg.Point{X: dc.Min.X + 2, Y: ty(y[i]+1) - 1}, r.head)
		}
		dc.FillText(sans(smallSize, ink), vg.Point{X: c.Max.X + 8, Y: ty(y[i]) + 1}, r.text)
	}
	dc.FillText(sans(smallSize, muted), vg.Point{X: c.Max.X + 8, Y: ty(span) + 6}, f.head)
}

func (f forest) drawRows(c draw.Canvas, p *plot.Plot, y []float64) {
	tx, ty := p.Transforms(&c)
	if !math.IsNaN(f.line) {
		c.StrokeLine2(draw.LineStyle{Color: muted, Width: thin, Dashes: []vg.Length{2, 2}},
			tx(f.line), c.Min.Y, tx(f.line), c.Max.Y)
	}
	for i, r := range f.rows {
		at := ty(y[i])
		for _, d := range r.dots {
			if d >= f.min && d <= f.max {
				c.DrawGlyph(draw.GlyphStyle{Color: faint(r.look.color, 0.75), Radius: 1.6, Shape: draw.RingGlyph{}},
					vg.Point{X: tx(d), Y: at - 4})
			}
		}
		if r.ref >= f.min && r.ref <= f.max {
			c.StrokeLine2(draw.LineStyle{Color: ink, Width: bold}, tx(r.ref), at-4, tx(r.ref), at+4)
		}
		if isNaN(r.iv.Value) {
			continue
		}
		if !isNaN(r.iv.Low) && !isNaN(r.iv.High) {
			lo, hi := clamp(r.iv.Low, f.min, f.max), clamp(r.iv.High, f.min, f.max)
			c.StrokeLine2(draw.LineStyle{Color: r.look.color, Width: medium * 1.2}, tx(lo), at, tx(hi), at)
			for _, end := range []float64{lo, hi} {
				c.StrokeLine2(draw.LineStyle{Color: r.look.color, Width: medium * 1.2}, tx(end), at-2, tx(end), at+2)
			}
		}
		c.DrawGlyph(draw.GlyphStyle{Color: r.look.color, Radius: 3, Shape: r.look.glyph}, vg.Point{X: tx(clamp(r.iv.Value, f.min, f.max)), Y: at})
	}
}

// plotterFunc makes a function a plot.Plotter.
type plotterFunc func(draw.Canvas, *plot.Plot)

// Plot implements plot.Plotter.
func (f plotterFunc) Plot(c draw.Canvas, p *plot.Plot) { f(c, p) }

func clamp(x, lo, hi float64) float64 { return math.Max(lo, math.Min(hi, x)) }

// niceTicks are four to ten ticks at 1, 2 or 5 times a power of ten; none where
// the range is too small or too large to be divided.
func niceTicks(lo, hi float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10(hi-lo)))
	for _, d := range []float64{1, 2, 5, 10} {
		if (hi-lo)/(step/d) >= 4 {
			step /= d
			break
		}
	}
	first := math.Ceil(lo/step - 1e-9)
	if !(hi > lo) || hi-lo > 1e15 || step == 0 || math.Abs(first) > 1e12 {
		return nil
	}
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	var ticks []plot.Tick
	for i := range 12 { // a bound, not a number: (hi − lo)/step is below 11
		v := (first + float64(i)) * step
		if v > hi+1e-9*step {
			break
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: tickLabel(v, decimals)})
	}
	return ticks
}
