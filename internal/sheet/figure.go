package sheet

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/report"
)

// barMM is how long the scale bar is.
const barMM = 20.0

// Figure is Figure 2 of the paper for one case: its views side by side, each at
// the slice with the lesion's largest outline, the outline as it was drawn and as
// it was carried to the others, how, where left and right are, and a scale.
func Figure(k cohort.Case, s Settings) (report.Drawing, error) {
	c, err := Read(k, s)
	if err != nil {
		return report.Drawing{}, err
	}
	n := vg.Length(len(c.Views))
	const gap, head, foot = 6, 16, 34
	side := (report.TextWidth - gap*(3-1)) / 3
	d := report.Drawing{Title: "The outline of case " + k.ID + " and where it was carried", W: n*(side+gap) - gap, H: head + side + foot}
	for _, v := range c.Views {
		if v.Picture.W == 0 {
			return d, &fault.Input{File: k.Dir, Field: v.View.String(), Found: fmt.Sprintf("no lesion left at %g mm a pixel", s.PixelMM), Expected: "a lesion in every view"}
		}
	}
	d.Draw = func(dc draw.Canvas) {
		for i, v := range c.Views {
			x, top := dc.Min.X+vg.Length(i)*(side+gap), dc.Max.Y-head
			dc.FillText(report.Text(true, false), vg.Point{X: x, Y: dc.Max.Y - head/2}, v.View.String())
			box := vg.Rectangle{Min: vg.Point{X: x, Y: top - side}, Max: vg.Point{X: x + side, Y: top}}
			drawView(dc, box, v.Picture)
			for line, t := range caption(v) {
				dc.FillText(report.Text(false, true), vg.Point{X: x, Y: top - side - 8 - vg.Length(line)*9}, t)
			}
		}
	}
	return d, nil
}

// drawView draws one picture with its outline, letters and scale.
func drawView(dc draw.Canvas, box vg.Rectangle, p Picture) {
	report.DrawCrop(dc, box, p.W, p.H, p.pix, p.lesion)
	centre := vg.Point{X: (box.Min.X + box.Max.X) / 2, Y: (box.Min.Y + box.Max.Y) / 2}
	const in = 3
	on(dc, vg.Point{X: box.Min.X + in, Y: centre.Y}, draw.XLeft, draw.YCenter, p.Letters[0])
	on(dc, vg.Point{X: box.Max.X - in, Y: centre.Y}, draw.XRight, draw.YCenter, p.Letters[1])
	on(dc, vg.Point{X: centre.X, Y: box.Max.Y - in}, draw.XCenter, draw.YTop, p.Letters[2])
	on(dc, vg.Point{X: centre.X, Y: box.Min.Y + in}, draw.XCenter, draw.YBottom, p.Letters[3])
	if p.MM <= 0 {
		return
	}
	length := vg.Length(barMM/p.MM/float64(p.W)) * box.Size().X
	from := vg.Point{X: box.Min.X + 8, Y: box.Min.Y + 8}
	for _, l := range []draw.LineStyle{{Color: color.Black, Width: 3}, {Color: color.White, Width: 1.6}} {
		dc.StrokeLine2(l, from.X, from.Y, from.X+length, from.Y)
	}
	on(dc, vg.Point{X: from.X, Y: from.Y + 4}, draw.XLeft, draw.YBottom, fmt.Sprintf("%g mm", barMM))
}

// on writes white on a picture, with a dark edge that holds it apart from bright
// tissue.
func on(dc draw.Canvas, at vg.Point, x text.XAlignment, y text.YAlignment, what string) {
	st := report.Text(true, true)
	st.XAlign, st.YAlign = x, y
	st.Color = color.NRGBA{A: 255}
	for _, d := range []vg.Point{{X: -.6}, {X: .6}, {Y: -.6}, {Y: .6}} {
		dc.FillText(st, vg.Point{X: at.X + d.X, Y: at.Y + d.Y}, what)
	}
	st.Color = color.White
	dc.FillText(st, at, what)
}

// caption says what a picture is: how the outline came there, on which slice, and
// how good that is.
func caption(v View) []string {
	how := "outline as stored"
	switch {
	case v.How == "drawn":
		how = "outline drawn on this series"
	case v.How != "":
		how = "outline carried over, method " + string(v.Method)
	}
	where := fmt.Sprintf("slice %d", v.Picture.Slice+1)
	if v.Stacks > 1 {
		where += fmt.Sprintf(" of stack %d", v.Picture.Stack+1)
	}
	if v.Picture.MM > 0 {
		where += fmt.Sprintf(", pixels of %.3g mm", v.Picture.MM)
	}
	var good []string
	if v.Coverage != nil {
		good = append(good, v.coverage())
	}
	if s := v.Shift(); s != nil {
		good = append(good, fmt.Sprintf("shift %.1f mm", s.Length))
	}
	return []string{how, where, strings.Join(good, ", ")}
}

// Around are the settings for pictures that are side mm wide, in pixels of a size.
func Around(side, pixelMM float64) Settings {
	return Settings{Crop: int(math.Round(side / pixelMM / wider)), PixelMM: pixelMM}
}

// Render is a drawing as the kind of file that a name's ending says: .png or .svg.
func Render(d report.Drawing, name string) ([]byte, error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".png":
		return d.PNG()
	case ".svg":
		return d.SVG()
	}
	return nil, &fault.Usage{Err: fmt.Errorf("%s: expected a name that ends with .png or .svg", name)}
}
