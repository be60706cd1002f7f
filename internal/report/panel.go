package report

import (
	"fmt"
	"image"
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The outline's colour is the one that the heat colours do not have, over a
// dark line that holds it apart from bright tissue.
var (
	outlineColor  = rgb(0x00E5FF)
	outlineCasing = rgb(0x00222B)
)

// tileImage is one square of a panel, for page and files alike.
type tileImage struct {
	img     *image.NRGBA // nil where the arm has no map of the view
	edges   []edge
	caption string
}

// panelHead heads a column of a panel.
type panelHead struct{ Title, Sub string }

// panelRow is one view of a panel.
type panelRow struct {
	view  string
	w, h  int
	tiles []tileImage
}

// panelGrid lays a panel out: the crop, the crop with its outline, and one
// column for each arm in the order met.
func panelGrid(p Panel) (heads []panelHead, rows []panelRow) {
	heads = []panelHead{{"crop", ""}, {"annotation", ""}}
	column := map[string]int{}
	for _, v := range p.Views {
		for _, m := range v.Maps {
			if _, ok := column[m.Arm]; !ok {
				column[m.Arm] = len(heads)
				heads = append(heads, panelHead{m.Arm, fmt.Sprintf("%s, score %s", m.Predicted, decimal(m.Score))})
			}
		}
	}
	for _, v := range p.Views {
		r := panelRow{view: v.View, w: v.W, h: v.H, tiles: make([]tileImage, len(heads))}
		edges := outline(v.W, v.H, v.Lesion)
		plain := overlay(v.W, v.H, v.Image, nil)
		r.tiles[0] = tileImage{img: plain}
		r.tiles[1] = tileImage{img: plain, edges: edges}
		for _, m := range v.Maps {
			t := tileImage{img: overlay(v.W, v.H, v.Image, m.Map), edges: edges}
			t.caption = fmt.Sprintf("energy %s | share %s", decimal(m.Energy), decimal(m.Share))
			if m.Zero {
				t.caption = "zero map | share " + decimal(m.Share)
			}
			r.tiles[column[m.Arm]] = t
		}
		rows = append(rows, r)
	}
	return heads, rows
}

func panelName(i int) string { return fmt.Sprintf("heatmaps-%02d", i+1) }

// panelFigure is a panel as a figure file.
func panelFigure(i int, p Panel) (figure, bool) {
	heads, rows := panelGrid(p)
	if len(rows) == 0 {
		return figure{}, false
	}
	const gap, left, top, line, bar = 5, 12, 34, 11, 22
	side := min((textWidth-left)/vg.Length(len(heads))-gap, 4.6*vg.Centimeter)
	height := vg.Length(top + bar)
	for _, r := range rows {
		height += side*vg.Length(r.h)/vg.Length(r.w) + line + gap
	}
	f := figure{
		name: panelName(i), title: "Heat maps of case " + p.Case,
		w: left + vg.Length(len(heads))*(side+gap), h: height,
	}
	f.draw = func(dc draw.Canvas) {
		y := dc.Max.Y
		title := sansBold(fontSize, ink)
		dc.FillText(title, vg.Point{X: dc.Min.X + left, Y: y - 6}, clip(p.Case, 60)+", "+clip(p.Truth, 30))
		for c, h := range heads {
			x := dc.Min.X + left + vg.Length(c)*(side+gap)
			dc.FillText(sans(smallSize, ink), vg.Point{X: x, Y: y - 18}, fitted(clean(h.Title), side))
			dc.FillText(sans(smallSize, muted), vg.Point{X: x, Y: y - 27}, fitted(clean(h.Sub), side))
		}
		y -= top
		for _, r := range rows {
			h := side * vg.Length(r.h) / vg.Length(r.w)
			st := sans(smallSize, ink)
			st.Rotation, st.XAlign = math.Pi/2, draw.XCenter
			dc.FillText(st, vg.Point{X: dc.Min.X + 5, Y: y - h/2}, clip(r.view, 16))
			for c, t := range r.tiles {
				x := dc.Min.X + left + vg.Length(c)*(side+gap)
				drawTile(dc, t, r, vg.Rectangle{Min: vg.Point{X: x, Y: y - h}, Max: vg.Point{X: x + side, Y: y}})
				dc.FillText(sans(smallSize, ink), vg.Point{X: x, Y: y - h - 6}, fitted(t.caption, side))
			}
			y -= h + line + gap
		}
		drawHeatBar(dc, vg.Point{X: dc.Min.X + left, Y: y - 10})
	}
	return f, true
}

// fitted shortens a line of small type until it fits a column.
func fitted(s string, w vg.Length) string { return fittedIn(s, w, sans(smallSize, ink)) }

func fittedIn(s string, w vg.Length, st text.Style) string {
	for r := []rune(s); len(r) > 1 && st.Width(s) > w; {
		r = r[:len(r)-1]
		s = string(r) + "…"
	}
	return s
}

func drawTile(dc draw.Canvas, t tileImage, r panelRow, box vg.Rectangle) {
	if t.img == nil {
		return
	}
	dc.DrawImage(box, t.img)
	var path vg.Path
	sx, sy := box.Size().X/vg.Length(r.w), box.Size().Y/vg.Length(r.h)
	for _, e := range t.edges {
		path.Move(vg.Point{X: box.Min.X + vg.Length(e.x0)*sx, Y: box.Max.Y - vg.Length(e.y0)*sy})
		path.Line(vg.Point{X: box.Min.X + vg.Length(e.x1)*sx, Y: box.Max.Y - vg.Length(e.y1)*sy})
	}
	for _, s := range []draw.LineStyle{{Color: outlineCasing, Width: 1.6}, {Color: outlineColor, Width: 0.8}} {
		if len(path) > 0 {
			dc.SetLineStyle(s)
			dc.Stroke(path)
		}
	}
}

// drawHeatBar is the key: what the colours and the outline mean.
func drawHeatBar(dc draw.Canvas, at vg.Point) {
	const w, h, fine = 80, 6, 2 // pixels a point; of the box's own shape, which SVG viewers keep
	img := image.NewNRGBA(image.Rect(0, 0, fine*w, fine*h))
	for i := range fine * w * fine * h {
		img.SetNRGBA(i%(fine*w), i/(fine*w), heat(float64(i%(fine*w))/(fine*w-1)))
	}
	dc.FillText(sans(smallSize, muted), vg.Point{X: at.X, Y: at.Y + h/2}, "map 0")
	dc.DrawImage(vg.Rectangle{Min: vg.Point{X: at.X + 22, Y: at.Y}, Max: vg.Point{X: at.X + 22 + w, Y: at.Y + h}}, img)
	dc.FillText(sans(smallSize, muted), vg.Point{X: at.X + 26 + w, Y: at.Y + h/2}, "1")
	x := at.X + 46 + w
	for _, s := range []draw.LineStyle{{Color: outlineCasing, Width: 2.4}, {Color: outlineColor, Width: 1.4}} {
		dc.StrokeLine2(s, x, at.Y+h/2, x+14, at.Y+h/2)
	}
	dc.FillText(sans(smallSize, muted), vg.Point{X: x + 18, Y: at.Y + h/2}, "annotation. Energy: part of the map inside it; share: part of the crop that it covers")
}

// PanelPNG draws one panel alone, as the report draws it.
func PanelPNG(p Panel) ([]byte, error) {
	if err := check(Input{Panels: []Panel{p}}); err != nil {
		return nil, err
	}
	f, ok := panelFigure(0, p)
	if !ok {
		return nil, fmt.Errorf("report: the panel of case %s has no view", p.Case)
	}
	return f.png()
}
