package cohort

import (
	"bufio"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // formats of slices
	_ "image/png"
	"io"
	"os"

	"magn/internal/fault"
)

// maxSide bounds width and height of a slice, maxVoxels a stack of them (1 GiB as
// float32); both are checked before anything of that size is made.
const (
	maxSide   = 8192
	maxVoxels = 1 << 28
)

// picture is an opened PNG or JPEG of which only the header has been read.
type picture struct {
	path, field string
	file        *os.File
	w, h        int
	format      string
}

// openPicture reads a picture's header. field says which picture of which slice
// it is.
func openPicture(path, field string) (*picture, error) {
	// Looked at before it is opened: opening a pipe waits for a writer.
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		found := "something that is not a file"
		if st.IsDir() {
			found = "a folder"
		}
		return nil, &fault.Input{File: path, Field: field, Found: found, Expected: "a PNG or JPEG image"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, openFault(path, field, err)
	}
	p := &picture{path: path, field: field, file: f}
	c, format, err := image.DecodeConfig(bufio.NewReader(f))
	switch {
	case errors.Is(err, image.ErrFormat):
		err = p.fault("a file that is neither", "a PNG or JPEG image")
	case err != nil:
		err = p.broken(err)
	case c.Width < 1 || c.Height < 1 || c.Width > maxSide || c.Height > maxSide:
		err = p.fault(fmt.Sprintf("%d×%d pixels", c.Width, c.Height), fmt.Sprintf("1 to %d a side", maxSide))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	p.w, p.h, p.format = c.Width, c.Height, format
	return p, nil
}

func (p *picture) fault(found, expected string) error {
	return &fault.Input{File: p.path, Field: p.field, Found: found, Expected: expected}
}

func (p *picture) broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return p.fault("a truncated file", "a whole image")
	}
	return &fault.Input{File: p.path, Field: p.field, Found: "a damaged image", Err: err}
}

func (p *picture) close() { p.file.Close() }

func (p *picture) decode() (image.Image, error) {
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return nil, p.broken(err)
	}
	im, _, err := image.Decode(bufio.NewReaderSize(p.file, 1<<16))
	if err != nil {
		return nil, p.broken(err)
	}
	if b := im.Bounds(); b.Dx() != p.w || b.Dy() != p.h {
		return nil, p.fault("a picture of another size than its header says", "one size")
	}
	return im, nil
}

// grey decodes into dst (w·h, row-major): 0…255, or 0…65535 for 16-bit files.
// Colour becomes luma, for a colour JPEG the file's own Y.
func (p *picture) grey(dst []float32) error {
	im, err := p.decode()
	if err != nil {
		return err
	}
	b := im.Bounds()
	row := func(y int) []float32 { return dst[y*p.w : (y+1)*p.w] }
	switch im := im.(type) {
	case *image.Gray:
		for y := range p.h {
			to := row(y)
			for x, g := range im.Pix[y*im.Stride:][:p.w] {
				to[x] = float32(g)
			}
		}
	case *image.YCbCr:
		for y := range p.h {
			to := row(y)
			for x, g := range im.Y[y*im.YStride:][:p.w] {
				to[x] = float32(g)
			}
		}
	case *image.Gray16, *image.RGBA64, *image.NRGBA64:
		for y := range p.h {
			for x := range p.w {
				row(y)[x] = float32(color.Gray16Model.Convert(im.At(b.Min.X+x, b.Min.Y+y)).(color.Gray16).Y)
			}
		}
	default:
		for y := range p.h {
			for x := range p.w {
				row(y)[x] = float32(color.GrayModel.Convert(im.At(b.Min.X+x, b.Min.Y+y)).(color.Gray).Y)
			}
		}
	}
	return nil
}

// labels decodes a mask into dst. White (the type's largest value) is lesion 1,
// since that is how drawing programs and 1-bit files mark; any other value is
// the lesion's label; of a paletted file the index, where index 0 is black. A JPEG has
// no exact values: there, half of white and above is lesion 1.
func (p *picture) labels(dst []uint16) error {
	im, err := p.decode()
	if err != nil {
		return err
	}
	b := im.Bounds()
	at := func(x, y int) uint16 {
		g := color.GrayModel.Convert(im.At(b.Min.X+x, b.Min.Y+y)).(color.Gray).Y
		return whiteIsOne(uint16(g), 255)
	}
	switch im := im.(type) {
	case *image.Paletted:
		// Where index 0 is not black, the indices are an encoder's and say nothing.
		if color.GrayModel.Convert(im.Palette[0]) == (color.Gray{}) {
			at = func(x, y int) uint16 { return uint16(im.Pix[y*im.Stride+x]) }
		}
	case *image.Gray16:
		at = func(x, y int) uint16 { return whiteIsOne(im.Gray16At(b.Min.X+x, b.Min.Y+y).Y, 65535) }
	case *image.Gray:
		at = func(x, y int) uint16 { return whiteIsOne(uint16(im.Pix[y*im.Stride+x]), 255) }
	}
	if p.format == "jpeg" {
		exact := im
		at = func(x, y int) uint16 {
			if color.GrayModel.Convert(exact.At(b.Min.X+x, b.Min.Y+y)).(color.Gray).Y >= 128 {
				return 1
			}
			return 0
		}
	}
	for y := range p.h {
		for x := range p.w {
			dst[y*p.w+x] = at(x, y)
		}
	}
	return nil
}

func whiteIsOne(g, white uint16) uint16 {
	if g == white {
		return 1
	}
	return g
}
