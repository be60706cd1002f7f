package report

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"magn/internal/evidence"
)

// FlowStep is a box of the flowchart: who is left there, and who was left out
// between the box before and this one.
type FlowStep struct {
	Label              string
	N                  int
	Positive, Negative int // of them; -1 where it is not known
	Excluded           []FlowReason
}

// FlowReason is how many were left out for a reason.
type FlowReason struct {
	Reason string
	N      int
}

// Sizes of the flowchart, points.
const (
	flowLine    = vg.Length(10)
	flowPad     = vg.Length(6)
	flowGap     = vg.Length(22) // between boxes that nothing stands beside
	flowMain    = 7.0 * vg.Centimeter
	flowBetween = 1.2 * vg.Centimeter
	flowReasons = 9 // lines of reasons in a box, at most
)

// flowBox is a box with its lines, the first in bold.
type flowBox struct{ lines []string }

func (b flowBox) height() vg.Length { return vg.Length(len(b.lines))*flowLine + 2*flowPad }

// flowFigure is the flow of patients: boxes with counts, exclusions at the right
// of the arrow that they interrupt, as in STARD and CONSORT.
func flowFigure(r evidence.Results, flow []FlowStep) (figure, bool) {
	if len(flow) == 0 {
		return figure{}, false
	}
	side := textWidth - flowMain - flowBetween - 4
	boxes, out := make([]flowBox, len(flow)), make([]flowBox, len(flow))
	height := vg.Length(4)
	for i, f := range flow {
		boxes[i] = mainBox(r, f)
		out[i] = excludedBox(f, side)
		height += boxes[i].height()
		if i > 0 {
			height += gapAbove(out[i])
		}
	}
	return figure{
		name: "flow", title: "Flow of patients into the study", w: textWidth, h: height,
		draw: func(dc draw.Canvas) {
			x, y := dc.Min.X+2, dc.Max.Y-2
			for i, b := range boxes {
				if i > 0 {
					gap := gapAbove(out[i])
					mid := x + flowMain/2
					arrow(dc, vg.Point{X: mid, Y: y}, vg.Point{X: mid, Y: y - gap})
					if len(out[i].lines) > 0 {
						left := x + flowMain + flowBetween
						arrow(dc, vg.Point{X: mid, Y: y - gap/2}, vg.Point{X: left, Y: y - gap/2})
						out[i].draw(dc, vg.Point{X: left, Y: y - gap/2 + out[i].height()/2}, side)
					}
					y -= gap
				}
				b.draw(dc, vg.Point{X: x, Y: y}, flowMain)
				y -= b.height()
			}
		},
	}, true
}

// gapAbove is the room between two boxes with an exclusion beside their arrow.
func gapAbove(out flowBox) vg.Length {
	if len(out.lines) == 0 {
		return flowGap
	}
	return max(flowGap, out.height()+10)
}

func mainBox(r evidence.Results, f FlowStep) flowBox {
	lines := wrap(clean(f.Label), flowMain-2*flowPad)
	lines = append(lines, fmt.Sprintf("n = %d", f.N))
	if f.Positive >= 0 && f.Negative >= 0 {
		lines = append(lines, fitted(fmt.Sprintf("%d %s, %d %s", f.Positive, clean(r.Positive), f.Negative, clean(r.Negative)), flowMain-2*flowPad))
	}
	return flowBox{lines}
}

// excludedBox lists reasons; the rarest of many are counted together.
func excludedBox(f FlowStep, width vg.Length) flowBox {
	n := 0
	for _, e := range f.Excluded {
		n += e.N
	}
	if n == 0 {
		return flowBox{}
	}
	lines := []string{fmt.Sprintf("Excluded: n = %d", n)}
	for i, e := range f.Excluded {
		more := wrap(fmt.Sprintf("%d: %s", e.N, clean(e.Reason)), width-2*flowPad)
		if left := len(f.Excluded) - i; len(lines)+len(more) > flowReasons && left > 1 {
			rest := 0
			for _, x := range f.Excluded[i:] {
				rest += x.N
			}
			return flowBox{append(lines, fmt.Sprintf("%d: %d other reasons", rest, left))}
		}
		lines = append(lines, more...)
	}
	return flowBox{lines}
}

func (b flowBox) draw(dc draw.Canvas, at vg.Point, width vg.Length) {
	h := b.height()
	dc.StrokeLines(draw.LineStyle{Color: ink, Width: medium * 0.8}, []vg.Point{
		at, {X: at.X + width, Y: at.Y}, {X: at.X + width, Y: at.Y - h}, {X: at.X, Y: at.Y - h}, at,
	})
	for i, l := range b.lines {
		st := sans(fontSize, ink)
		if i == 0 {
			st = sansBold(fontSize, ink)
		}
		dc.FillText(st, vg.Point{X: at.X + flowPad, Y: at.Y - flowPad - flowLine*(vg.Length(i)+0.5)}, l)
	}
}

// arrow is a line with a head at its end.
func arrow(dc draw.Canvas, from, to vg.Point) {
	dc.StrokeLine2(draw.LineStyle{Color: ink, Width: medium * 0.8}, from.X, from.Y, to.X, to.Y)
	var head vg.Path
	head.Move(to)
	if from.X == to.X {
		head.Line(vg.Point{X: to.X - 2.6, Y: to.Y + 5})
		head.Line(vg.Point{X: to.X + 2.6, Y: to.Y + 5})
	} else {
		head.Line(vg.Point{X: to.X - 5, Y: to.Y + 2.6})
		head.Line(vg.Point{X: to.X - 5, Y: to.Y - 2.6})
	}
	head.Close()
	dc.SetColor(ink)
	dc.Fill(head)
}

// wrap breaks a line between words, at most three lines; a word that is too long
// is cut.
func wrap(s string, w vg.Length) []string {
	const most = 3
	st := sansBold(fontSize, ink) // the wider of the two
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		switch longer := strings.TrimSpace(line + " " + word); {
		case line == "" || st.Width(longer) <= w:
			line = longer
		default:
			lines = append(lines, fittedIn(line, w, st))
			line = word
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, fittedIn(line, w, st))
	}
	if len(lines) > most {
		lines = append(lines[:most-1:most-1], fittedIn(strings.Join(lines[most-1:], " "), w, st))
	}
	return lines
}
