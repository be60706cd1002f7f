package dicom

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// wholeFrames is the number of frames that can be had in spite of err.
func (f *File) wholeFrames(err error) int {
	if s := (*Short)(nil); errors.As(err, &s) {
		return s.Whole
	}
	return 0
}

// native reads an uncompressed frame. Frames follow each other without gaps, so
// that one of odd bits begins within a byte (PS3.5 8.1.1).
func (f *File) native(p Pixels, i int) ([]int32, error) {
	h := f.pixels.head
	bits := p.bits(1)
	from := int64(i) * bits
	to := from + bits
	big := h.enc.big || f.TransferSyntax == GEBigPixels
	// Big endian turned words of 16 bits, whatever is in them (PS3.5 7.3); OB has
	// none.
	words := big && p.Allocated < 16 && h.vr != vrOB
	a, b := from/8, (to+7)/8
	if words {
		a, b = a&^1, min((b+1)&^1, f.pixels.have)
	}
	raw, err := f.bytes(PixelData, h.value+a, b-a)
	if err != nil {
		return nil, err
	}
	if words {
		for k := 0; k+1 < len(raw); k += 2 {
			raw[k], raw[k+1] = raw[k+1], raw[k]
		}
	}
	return f.unpack(p, raw, int(from-a*8), big && p.Allocated >= 16)
}

// unpack takes the samples out of raw, whose first bit bits are another frame's.
func (f *File) unpack(p Pixels, raw []byte, bit int, big bool) ([]int32, error) {
	n := int(p.bits(1) / int64(p.Allocated))
	out := make([]int32, n)
	switch p.Allocated {
	case 1:
		for i := range out {
			k := bit + i
			out[i] = int32(raw[k>>3] >> (k & 7) & 1)
		}
	case 8:
		for i, c := range raw[bit/8:][:n] {
			out[i] = int32(c)
		}
	case 12:
		// Two pixels in three bytes, the first in the low bits (PS3.5 8.1.1). A
		// frame begins at a byte or in the middle of one.
		for i := range out {
			k := bit + 12*i
			v := int32(raw[k>>3]) | int32(raw[k>>3+1])<<8
			out[i] = v >> (k & 7) & 0xFFF
		}
	case 16:
		if big {
			for i := range out {
				out[i] = int32(binary.BigEndian.Uint16(raw[2*i:]))
			}
		} else {
			for i := range out {
				out[i] = int32(binary.LittleEndian.Uint16(raw[2*i:]))
			}
		}
	case 32:
		for i := range out {
			out[i] = int32(syntax{big: big}.order().Uint32(raw[4*i:]))
		}
	}
	if err := f.cut(p, out); err != nil {
		return nil, err
	}
	return p.interleave(out), nil
}

// cut leaves Stored bits from HighBit down, sign-extended where values are
// signed.
func (f *File) cut(p Pixels, out []int32) error {
	left, right := uint(31-p.HighBit), uint(32-p.Stored)
	switch {
	case p.Signed:
		for i, v := range out {
			out[i] = v << left >> right
		}
	case p.Stored == 32:
		for _, v := range out {
			if v < 0 {
				return f.bad(PixelData, fmt.Sprintf("a value of %d", uint32(v)), fmt.Sprintf("at most %d", math.MaxInt32))
			}
		}
	case p.Stored < p.Allocated:
		for i, v := range out {
			out[i] = int32(uint32(v) << left >> right)
		}
	}
	return nil
}

// interleave brings the samples of a pixel together.
func (p Pixels) interleave(in []int32) []int32 {
	n := p.Rows * p.Cols
	switch {
	case p.half():
		// Y1 Y2 Cb Cr: two pixels of a row (PS3.3 C.7.6.3.1.2).
		out := make([]int32, 0, 3*n)
		wide := p.Cols + p.Cols&1
		for r := range p.Rows {
			row := in[r*wide*2:][:wide*2]
			for c := range p.Cols {
				q := row[c/2*4:][:4]
				out = append(out, q[c&1], q[2], q[3])
			}
		}
		return out
	case p.Samples > 1 && p.Planar == 1:
		out := make([]int32, len(in))
		for s := range p.Samples {
			for i, v := range in[s*n:][:n] {
				out[i*p.Samples+s] = v
			}
		}
		return out
	}
	return in
}
