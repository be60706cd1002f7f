package report

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"image/color"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// figure is one picture, drawn onto whatever canvas it is given.
type figure struct {
	name  string // of its files
	title string // what it shows, for those who cannot see it
	w, h  vg.Length
	draw  func(draw.Canvas)
}

// figureNames are the names of the figures whose number does not depend on what
// is shown; those of pictures and of cases are numbered.
var figureNames = []string{
	"flow", "auc", "differences", "roc", "roc-folds", "robustness", "learning", "energy", "calibration", "decision", "subgroups", "training",
}

// numbered are the patterns of the others.
var numbered = []string{"transfer-[0-9]*", "heatmaps-[0-9]*"}

// figuresOf draws what the input has something for.
func figuresOf(in Input) []figure {
	var figs []figure
	add := func(f figure, ok bool) {
		if ok {
			figs = append(figs, f)
		}
	}
	add(flowFigure(in.Results, in.Flow))
	for i, p := range in.Transfer {
		add(figure{name: transferName(i), title: p.Title, w: p.W, h: p.H, draw: p.Draw}, p.Draw != nil)
	}
	add(aucFigure(in.Results))
	add(differencesFigure(in.Results))
	add(rocFigure(in.Results))
	add(rocFoldsFigure(in.Results))
	add(robustnessFigure(in.Results))
	add(learningFigure(in.Results))
	add(energyFigure(in.Results))
	add(calibrationFigure(in.Results))
	add(decisionFigure(in.Results))
	add(subgroupsFigure(in.Results))
	add(trainingFigure(in.Results, in.Histories))
	for i, p := range in.Panels {
		add(panelFigure(i, p))
	}
	return figs
}

func transferName(i int) string { return fmt.Sprintf("transfer-%02d", i+1) }

func (f figure) svg() (svg []byte, err error) {
	defer recovered(&err)
	c := vgsvg.NewWith(vgsvg.UseWH(f.w, f.h))
	f.draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, err
	}
	// Where Liberation Sans is not installed, Arial and Helvetica have its
	// measures. vgsvg calls the PNG images it holds JPEG.
	s := strings.ReplaceAll(b.String(), "font-family:Liberation Sans;", "font-family:'Liberation Sans',Arial,Helvetica,sans-serif;")
	s = strings.ReplaceAll(s, "data:image/jpg;", "data:image/png;")
	return textRun.ReplaceAllFunc([]byte(s), measured), nil
}

// textRun is one line of text as vgsvg writes it.
var textRun = regexp.MustCompile(`(?s)<text ([^>]*font-weight:(\w+);[^>]*font-size:([0-9.]+)px[^>]*)>([^<]*)</text>`)

// measured tells the reader of an SVG how wide a line of text is, so that it
// fits whatever font stands in for ours.
func measured(run []byte) []byte {
	m := textRun.FindSubmatch(run)
	size, err := strconv.ParseFloat(string(m[3]), 64)
	if err != nil {
		return run
	}
	st := sans(vg.Length(size), ink)
	if string(m[2]) == "bold" {
		st = sansBold(vg.Length(size), ink)
	}
	w := st.Width(html.UnescapeString(string(m[4])))
	return fmt.Appendf(nil, `<text textLength="%.5g" lengthAdjust="spacingAndGlyphs" %s>%s</text>`, w.Points(), m[1], m[4])
}

func (f figure) png() (data []byte, err error) {
	defer recovered(&err)
	c := vgimg.NewWith(vgimg.UseWH(f.w, f.h), vgimg.UseDPI(pngDPI), vgimg.UseBackgroundColor(color.White))
	f.draw(draw.New(c))
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// recovered turns the drawing library's panics into errors: a report of
// strange numbers must fail with a sentence, not with a crash.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("drawing failed: %v", r)
	}
}

// root is the SVG's opening tag with what stands before it.
var root = regexp.MustCompile(`(?s)^.*?<svg [^>]*>`)

// standalone puts paper behind an SVG that is opened by itself.
func standalone(svg []byte) []byte {
	return root.ReplaceAllFunc(svg, func(head []byte) []byte {
		return append(append([]byte{}, head...), "\n<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>"...)
	})
}

// inlineFigure is a figure as it stands in the page.
type inlineFigure struct {
	SVG template.HTML
}

var painted = regexp.MustCompile(`(fill|stroke):#([0-9A-F]{6})`)

// inline makes an SVG part of the page: no prologue, no namespaces, size from
// the page, colours by CSS variable. Its text was escaped when it was drawn.
func (f figure) inline(svg []byte) inlineFigure {
	head := fmt.Sprintf(`<svg role="img" aria-label="%s" viewBox="0 0 %.5g %.5g" style="width:%.4g%%">`,
		template.HTMLEscapeString(f.title), f.w.Points(), f.h.Points(), 100*f.w/textWidth)
	body := root.ReplaceAllLiteralString(string(svg), head)
	body = painted.ReplaceAllStringFunc(body, func(s string) string {
		m := painted.FindStringSubmatch(s)
		if v, ok := variableOf(m[2]); ok {
			return m[1] + ":var(" + v + ")"
		}
		return s
	})
	return inlineFigure{SVG: template.HTML(body)} // trusted: ours, with escaped text
}

// tile lays plots out in rows of cols with equal data areas and draws them.
func tile(dc draw.Canvas, cols int, plots []*plot.Plot) {
	rows := (len(plots) + cols - 1) / cols
	table := make([][]*plot.Plot, rows)
	for r := range table {
		table[r] = make([]*plot.Plot, cols)
		copy(table[r], plots[r*cols:min(len(plots), (r+1)*cols)])
	}
	t := draw.Tiles{Rows: rows, Cols: cols, PadX: 8, PadY: 10, PadTop: 2, PadBottom: 2, PadLeft: 2, PadRight: 6}
	canvases := plot.Align(table, t, dc)
	for r, row := range table {
		for c, p := range row {
			if p != nil {
				p.Draw(canvases[r][c])
			}
		}
	}
}
