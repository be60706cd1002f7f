package report

import (
	"image"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Drawing is a picture in the report's style that another package draws.
type Drawing struct {
	Title string // what it shows, for those who cannot see it
	W, H  vg.Length
	Draw  func(draw.Canvas)
}

// TextWidth is the width of a figure that fills a page.
const TextWidth = textWidth

// SVG is the drawing as a file of its own, on white paper.
func (d Drawing) SVG() ([]byte, error) {
	svg, err := figure{title: d.Title, w: d.W, h: d.H, draw: d.Draw}.svg()
	if err != nil {
		return nil, err
	}
	return standalone(svg), nil
}

// PNG is the drawing in pixels, on white paper.
func (d Drawing) PNG() ([]byte, error) {
	return figure{title: d.Title, w: d.W, h: d.H, draw: d.Draw}.png()
}

// Text is the style of a line of text: normal or heading, small in notes.
func Text(heading, small bool) text.Style {
	size := fontSize
	if small {
		size = smallSize
	}
	if heading {
		return sansBold(size, ink)
	}
	return sans(size, ink)
}

// DrawCrop draws a picture of w×h pixels (row-major, 0…1, row 0 at the top) into a
// box, with the border of the pixels that are the lesion's.
func DrawCrop(dc draw.Canvas, box vg.Rectangle, w, h int, pix []float32, lesion []bool) {
	drawTile(dc, tileImage{img: overlay(w, h, pix, nil), edges: outline(w, h, lesion)}, panelRow{w: w, h: h}, box)
}

// CropImage is the picture that DrawCrop draws, without the border.
func CropImage(w, h int, pix []float32) image.Image { return grey(overlay(w, h, pix, nil)) }

// OutlinePath is the border that DrawCrop draws, as the data of an SVG path in
// pixels from the top left corner.
func OutlinePath(w, h int, lesion []bool) string { return svgPath(outline(w, h, lesion)) }
