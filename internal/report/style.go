package report

import (
	"fmt"
	"image/color"
	"math"
	"strconv"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"magn/internal/evidence"
)

// Everything that figures share: sizes, fonts, colours. A figure fits the text
// width of an A4 page with margins of 2 cm, and its type is what journals ask
// for at that size.
const (
	textWidth = 17 * vg.Centimeter
	pngDPI    = 300

	fontSize  = vg.Length(8)
	smallSize = vg.Length(7)
	thin      = vg.Length(0.5)
	medium    = vg.Length(1)
	bold      = vg.Length(1.8)
)

func rgb(hex uint32) color.NRGBA {
	return color.NRGBA{R: uint8(hex >> 16), G: uint8(hex >> 8), B: uint8(hex), A: 255}
}

// Ink is what text and axes are drawn in, muted what stands back. The page replaces them, and the series' colours, by CSS
// variables, so that inline figures follow the reader's light or dark scheme.
var (
	ink   = rgb(0x1A1A1A)
	muted = rgb(0x666666)
	paper = rgb(0xFCFCFC) // not quite white, so that the page can tell it from white on a picture
)

// palette is Okabe and Ito's, which survives the three common kinds of colour
// blindness (Wong, Nature Methods 2011, 8:441), with a grey and a brown for its
// black and its yellow, in pairs of a dark one and a light one that can be told
// apart in greyscale too.
var palette = []color.NRGBA{
	rgb(0x0072B2), rgb(0xE69F00), rgb(0xD55E00), rgb(0x56B4E9),
	rgb(0x4D4D4D), rgb(0xCC79A7), rgb(0x6B4C00), rgb(0x009E73),
}

// cssVariables names the colours that the page may change.
var cssVariables = map[string]string{
	"1A1A1A": "--ink", "666666": "--muted", "FCFCFC": "--paper",
	"0072B2": "--c0", "E69F00": "--c1", "D55E00": "--c2", "56B4E9": "--c3",
	"4D4D4D": "--c4", "CC79A7": "--c5", "6B4C00": "--c6", "009E73": "--c7",
}

// variableOf is the variable of a colour as an SVG has it; that of a translucent
// one may be off by one, which its premultiplied form loses.
func variableOf(hex string) (string, bool) {
	if v, ok := cssVariables[hex]; ok {
		return v, true
	}
	at, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		return "", false
	}
	off := func(a, b uint64, shift int) bool {
		d := int(a>>shift&255) - int(b>>shift&255)
		return d < -1 || d > 1
	}
	for _, c := range append([]color.NRGBA{ink, muted, paper}, palette...) {
		of := uint64(c.R)<<16 | uint64(c.G)<<8 | uint64(c.B)
		if !off(at, of, 16) && !off(at, of, 8) && !off(at, of, 0) {
			return cssVariables[fmt.Sprintf("%06X", of)], true
		}
	}
	return "", false
}

// look is how one arm is drawn in every figure: the colour says which views it
// has, dashes and marker which kind it is and whether there is attention.
type look struct {
	color  color.NRGBA
	dashes []vg.Length
	glyph  draw.GlyphDrawer
}

// hues are the colours of sets of views, in the order in which the arms have
// them; readers and arms without images have one of their own.
var (
	hues      = []int{0, 2, 7, 6, 3, 5}
	hueReader = palette[1]
	hueBlind  = palette[4]
)

// looksOf are the looks of the arms of the results.
func looksOf(r evidence.Results) []look {
	out := make([]look, len(r.Arms))
	hue := map[string]color.NRGBA{}
	for i, a := range r.Arms {
		l := look{glyph: ring{}, dashes: []vg.Length{4, 2}}
		switch {
		case a.Kind == evidence.KindReader:
			l = look{color: hueReader, glyph: diamond{}}
		case a.Kind == evidence.KindBlind:
			l = look{color: hueBlind, glyph: draw.PyramidGlyph{}, dashes: []vg.Length{5, 2, 1, 2}}
		case a.Kind == evidence.KindRadiomics:
			l = look{glyph: draw.BoxGlyph{}, dashes: []vg.Length{1.2, 1.6}}
		case a.Attention:
			l = look{glyph: draw.CircleGlyph{}}
		}
		if l.color.A == 0 {
			views := strings.Join(a.Views, " ")
			if _, ok := hue[views]; !ok {
				hue[views] = palette[hues[len(hue)%len(hues)]]
			}
			l.color = hue[views]
		}
		out[i] = l
	}
	return out
}

func (l look) line(width vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: l.color, Width: width, Dashes: l.dashes}
}

// faint is a colour that lets through what is behind it.
func faint(c color.NRGBA, alpha float64) color.NRGBA {
	c.A = uint8(255*alpha + 0.5)
	return c
}

// diamond is a filled square on its corner.
type diamond struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (diamond) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, pt vg.Point) {
	r := sty.Radius * 1.25
	c.SetColor(sty.Color)
	var p vg.Path
	p.Move(vg.Point{X: pt.X, Y: pt.Y + r})
	p.Line(vg.Point{X: pt.X + r, Y: pt.Y})
	p.Line(vg.Point{X: pt.X, Y: pt.Y - r})
	p.Line(vg.Point{X: pt.X - r, Y: pt.Y})
	p.Close()
	c.Fill(p)
}

// ring is a circle that one sees through.
type ring struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (ring) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, pt vg.Point) {
	r := sty.Radius * 0.9
	c.SetLineStyle(draw.LineStyle{Color: sty.Color, Width: medium * 1.2})
	var p vg.Path
	p.Move(vg.Point{X: pt.X + r, Y: pt.Y})
	p.Arc(pt, r, 0, 2*math.Pi)
	p.Close()
	c.Stroke(p)
}

// sans is the style of all text in figures: Liberation Sans, which measures as
// Arial and Helvetica do.
func sans(size vg.Length, c color.Color) text.Style {
	return text.Style{
		Color:   c,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		Handler: plot.DefaultTextHandler,
		YAlign:  draw.YCenter,
	}
}

func sansBold(size vg.Length, c color.Color) text.Style {
	s := sans(size, c)
	s.Font.Weight = xfont.WeightBold
	return s
}

// newPlot is an empty plot in the report's style.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil // the page's own shows through
	p.Title.Text = title
	p.Title.Padding = 3
	dress(&p.Title.TextStyle, sansBold(fontSize, ink))
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Color, a.Width, a.Padding = ink, thin, 0
		a.Tick.Color, a.Tick.Width, a.Tick.Length = ink, thin, 3
		a.Label.Padding = 2
		dress(&a.Label.TextStyle, sans(fontSize, ink))
		dress(&a.Tick.Label, sans(smallSize, ink))
	}
	dress(&p.Legend.TextStyle, sans(smallSize, ink))
	p.Legend.ThumbnailWidth, p.Legend.Padding = 14, 1.5
	return p
}

// dress gives a text style our font and colour, and keeps its alignment.
func dress(s *text.Style, like text.Style) {
	s.Font, s.Color, s.Handler = like.Font, like.Color, like.Handler
}
