package report

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// multiples is a figure of small plots of one size in rows; only the outer ones
// have their axes labelled. aspect is height by width of one plot.
func multiples(name, title string, n int, aspect float64, build func() []*plot.Plot) figure {
	cols := 3
	switch {
	case n < 3:
		cols = n
	case n == 4 || n > 6:
		cols = 4
	}
	rows := (n + cols - 1) / cols
	w := textWidth / vg.Length(max(cols, 3))
	if n == 1 {
		w = textWidth * 0.46
	}
	return figure{
		name: name, title: title,
		w: w * vg.Length(cols), h: w*vg.Length(aspect)*vg.Length(rows) + 12,
		draw: func(dc draw.Canvas) {
			plots := build()
			for i, p := range plots {
				if i%cols > 0 {
					p.Y.Label.Text = ""
				}
				if i+cols < len(plots) {
					p.X.Label.Text = ""
				}
			}
			tile(dc, cols, plots)
		},
	}
}

// nameRunes bounds a small plot's title when so many stand in its figure.
func nameRunes(n int) int {
	if n == 4 || n > 6 {
		return 24
	}
	return 32
}
