package gdcm

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"magn/internal/fault"
)

// codestream is what a frame's bytes say of themselves.
type codestream struct {
	family     family
	rows, cols int
	samples    int
	precision  int    // bits of one sample
	signed     bool   // JPEG 2000 only; the others know no sign
	lossy      bool   // JPEG 2000 is not asked
	color      color  // as marked in a lossy JPEG
	mct        bool   // JPEG 2000's multiple component transform, which decoding undoes
	data       []byte // what to decode: without wrappers and padding
}

// color is what marks in a codestream say of its colours.
type color int

const (
	unmarked color = iota
	markedRGB
	markedYBR
)

// codestream reads the header of the frame's bytes and compares it with the
// frame's fields.
func (f Frame) codestream() (codestream, error) {
	var c codestream
	var err error
	switch {
	case len(f.Data) >= 2 && f.Data[0] == 0xFF && f.Data[1] == 0xD8:
		c, err = readJPEG(f.Data)
	case isJPEG2000(f.Data):
		c, err = readJPEG2000(f.Data)
	}
	if err != nil {
		return c, &fault.Input{Field: pixelData, Found: fmt.Sprintf("a broken %s codestream", syntaxes[f.TransferSyntax]), Err: err}
	}
	return c, f.agrees(c)
}

// agrees compares fields with codestream, which must say the same where both
// say it (PS3.5 8.2).
func (f Frame) agrees(c codestream) error {
	says := func(what string, found, expected any) error {
		return contradiction(pixelData, fmt.Sprintf("a codestream with %s %v", what, found), fmt.Sprintf("%v as in the header", expected))
	}
	switch want := syntaxes[f.TransferSyntax]; {
	case c.family != want:
		return contradiction(pixelData, c.family.String(), fmt.Sprintf("%s, as in Transfer Syntax (0002,0010)", want))
	case c.rows != f.Rows || c.cols != f.Cols:
		return says("rows and columns", fmt.Sprintf("%d×%d", c.rows, c.cols), fmt.Sprintf("%d×%d", f.Rows, f.Cols))
	case c.samples != f.Samples:
		return says("samples per pixel", c.samples, f.Samples)
	case c.precision > f.Allocated:
		return says("bits per sample", c.precision, fmt.Sprintf("at most Bits Allocated, %d,", f.Allocated))
	case c.signed && !f.Signed:
		return says("samples that are", "signed", "unsigned")
	case c.family == jpeg2000 && f.Signed && !c.signed && c.precision != f.Stored && c.precision != f.Allocated:
		// Encoders that forget the sign write two's complement of Bits Stored (or
		// Allocated) bits; with another number nobody can know what a top bit means.
		return says("unsigned samples of bits", c.precision, fmt.Sprintf("signed samples of %d", f.Stored))
	}
	return nil
}

// readJPEG reads the markers of a JPEG or JPEG-LS codestream up to its first
// scan (ITU-T T.81 B.1.1, T.87 C.2).
func readJPEG(b []byte) (codestream, error) {
	c := codestream{family: jpeg, data: b}
	var jfif, found bool
	adobe := -1
	var ids []byte
	for at := 2; ; {
		marker, body, next, err := segment(b, at)
		if err != nil {
			return c, err
		}
		at = next
		switch {
		case marker == 0xDA:
			if !found {
				return c, fmt.Errorf("a scan before the frame header")
			}
			// Without its end the image may be zeroes from somewhere on. Coded data cannot hold FF D9.
			if !bytes.Contains(b[at:], []byte{0xFF, 0xD9}) {
				return c, fmt.Errorf("it is cut short: no end marker")
			}
			c.color = marks(jfif, adobe, ids)
			return c, nil
		case marker == 0xD9:
			return c, fmt.Errorf("the image ends before its first scan")
		case marker == 0xE0 && len(body) >= 5 && string(body[:5]) == "JFIF\x00":
			jfif = true
		case marker == 0xEE && len(body) >= 12 && string(body[:5]) == "Adobe":
			adobe = int(body[11])
		case isFrameHeader(marker):
			if found {
				return c, fmt.Errorf("a second frame header")
			}
			if len(body) < 6 || len(body) < 6+3*int(body[5]) {
				return c, fmt.Errorf("a frame header of %d bytes", len(body))
			}
			switch marker {
			case 0xC0, 0xC1, 0xC2:
				c.lossy = true
			case 0xC3:
			case 0xF7:
				c.family = jpegLS
			default:
				return c, fmt.Errorf("an arithmetic or hierarchical process, SOF%d", marker&0xF)
			}
			found = true
			c.precision, c.samples = int(body[0]), int(body[5])
			c.rows, c.cols = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
			if c.precision < 2 || c.precision > 16 {
				return c, fmt.Errorf("%d bits per sample, 2 to 16 are possible", c.precision)
			}
			for i := range c.samples {
				ids = append(ids, body[6+3*i])
			}
		}
	}
}

// isFrameHeader tells SOF0 to SOF15 and JPEG-LS's SOF55 from DHT, JPG and DAC.
func isFrameHeader(marker byte) bool {
	return marker == 0xF7 || marker&0xF0 == 0xC0 && marker != 0xC4 && marker != 0xC8 && marker != 0xCC
}

// segment reads the marker at an offset, and what follows it where it has a
// length of its own.
func segment(b []byte, at int) (marker byte, body []byte, next int, err error) {
	start := at
	if at >= len(b) {
		return 0, nil, 0, fmt.Errorf("the header is cut short after %d bytes", len(b))
	}
	if b[at] != 0xFF {
		return 0, nil, 0, fmt.Errorf("no marker at byte %d", at)
	}
	for at < len(b) && b[at] == 0xFF { // fill bytes
		at++
	}
	if at >= len(b) {
		return 0, nil, 0, fmt.Errorf("the header is cut short after %d bytes", len(b))
	}
	marker = b[at]
	at++
	if marker == 0xD9 || marker == 0x01 || marker&0xF8 == 0xD0 {
		return marker, nil, at, nil
	}
	if at+2 > len(b) {
		return 0, nil, 0, fmt.Errorf("the header is cut short after %d bytes", len(b))
	}
	n := int(binary.BigEndian.Uint16(b[at:]))
	if n < 2 || n > len(b)-at {
		return 0, nil, 0, fmt.Errorf("marker %02X at byte %d claims %d bytes of %d", marker, start, n, len(b)-at)
	}
	return marker, b[at+2 : at+n], at + n, nil
}

// marks says which colours a JPEG of three components declares: by Adobe's
// marker, by component identifiers that spell RGB, or as YBR by JFIF.
func marks(jfif bool, adobe int, ids []byte) color {
	rgb := len(ids) == 3 && (string(ids) == "RGB" || string(ids) == "rgb")
	switch {
	case adobe == 0 || rgb:
		return markedRGB
	case adobe == 1 || jfif:
		return markedYBR
	}
	return unmarked
}
