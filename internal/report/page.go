package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/png"
	"strings"
)

var (
	//go:embed page.html.tmpl
	pageSource string
	//go:embed page.css
	pageStyle string

	pageTemplate = template.Must(template.New("page").Parse(pageSource))
)

// pageView is what the template prints.
type pageView struct {
	CSS       template.CSS
	Study     string
	Data      string
	Notes     []string
	Verdict   verdict
	Sections  []section
	HeatStops template.CSS
}

// casePanel is one case in the page: images as PNG data, outlines as paths.
type casePanel struct {
	Label       string
	Case, Truth string
	Heads       []panelHead
	Columns     int
	Rows        []caseRow
}

type caseRow struct {
	View  string
	W, H  int
	Tiles []caseTile
}

type caseTile struct {
	Src     template.URL // empty where the arm has no map of the view
	Alt     string
	Path    string // outline, in pixels
	Caption string
}

// page makes index.html.
func page(in Input, figures map[string]inlineFigure, tables []table, l labels) ([]byte, error) {
	content := builder{in: in, figures: figures, tables: map[string]tableView{}, labels: l}
	for _, t := range tables {
		content.tables[t.name] = t.view()
	}
	if err := content.build(); err != nil {
		return nil, err
	}
	v := pageView{
		CSS: template.CSS(pageStyle), Study: in.Results.Study, Data: dataSentence(in.Results),
		Notes: in.Notes, Verdict: verdictOf(in.Results), Sections: content.sections, HeatStops: heatGradient(),
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func casePanelOf(p Panel) (casePanel, error) {
	heads, rows := panelGrid(p)
	c := casePanel{Case: p.Case, Truth: p.Truth, Heads: heads, Columns: len(heads)}
	for _, r := range rows {
		row := caseRow{View: r.view, W: r.w, H: r.h}
		for i, t := range r.tiles {
			ct := caseTile{Caption: t.caption, Path: svgPath(t.edges), Alt: r.view + ", " + heads[i].Title}
			if t.img != nil {
				src, err := dataURI(t.img)
				if err != nil {
					return c, err
				}
				ct.Src = src
			}
			row.Tiles = append(row.Tiles, ct)
		}
		c.Rows = append(c.Rows, row)
	}
	return c, nil
}

// dataURI is an image as PNG inside the page; grey images are stored as such.
func dataURI(img *image.NRGBA) (template.URL, error) {
	var m image.Image = img
	if g := grey(img); g != nil {
		m = g
	}
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&b, m); err != nil {
		return "", err
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), nil
}

// grey is the image in one channel, nil where it has colours.
func grey(img *image.NRGBA) *image.Gray {
	g := image.NewGray(img.Rect)
	for i := range g.Pix {
		p := img.Pix[4*i : 4*i+4]
		if p[0] != p[1] || p[1] != p[2] {
			return nil
		}
		g.Pix[i] = p[0]
	}
	return g
}

// svgPath is an outline as path data.
func svgPath(edges []edge) string {
	var b strings.Builder
	for _, e := range edges {
		if e.y0 == e.y1 {
			fmt.Fprintf(&b, "M%d %dh%d", e.x0, e.y0, e.x1-e.x0)
		} else {
			fmt.Fprintf(&b, "M%d %dv%d", e.x0, e.y0, e.y1-e.y0)
		}
	}
	return b.String()
}

// heatGradient is the colour key of the heat maps.
func heatGradient() template.CSS {
	var stops []string
	for _, s := range heatStops {
		stops = append(stops, fmt.Sprintf("rgb(%g,%g,%g)", s[0], s[1], s[2]))
	}
	return template.CSS("linear-gradient(to right," + strings.Join(stops, ",") + ")")
}

// runFacts are what is known about the run, in the order to print.
func runFacts(r RunInfo) []Fact {
	var facts []Fact
	if r.Hardware != "" {
		facts = append(facts, Fact{"Hardware", r.Hardware})
	}
	if r.Seconds > 0 {
		facts = append(facts, Fact{"Computing time", duration(r.Seconds)})
	}
	return append(facts, r.Versions...)
}

// duration prints seconds in the two largest units.
func duration(s float64) string {
	n := int(s + 0.5)
	switch {
	case n < 60:
		return fmt.Sprintf("%d s", n)
	case n < 3600:
		return fmt.Sprintf("%d min %d s", n/60, n%60)
	}
	return fmt.Sprintf("%d h %d min", n/3600, n%3600/60)
}
