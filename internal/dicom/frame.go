package dicom

import (
	"context"
	"errors"
	"fmt"

	"magn/internal/fault"
	"magn/internal/gdcm"
)

// Decoder turns one compressed frame into samples: little endian, interleaved,
// rows × columns × samples × allocated/8 bytes. *gdcm.Decoder is one.
type Decoder interface {
	Decode(ctx context.Context, f gdcm.Frame) ([]byte, error)
}

// Frame is the stored values of frame i, from 0: row-major, the samples of a
// pixel together, without rescaling. The bits from HighBit down are the value,
// and what is above or below is cut off; signed values are sign-extended. A
// colour model stays as it is, or as the decoder leaves it. dec may be nil for
// pixel data that are not compressed.
func (f *File) Frame(ctx context.Context, i int, dec Decoder) ([]int32, error) {
	p, err := f.Pixels()
	whole := p.Frames
	if err != nil {
		if whole = f.wholeFrames(err); i >= whole {
			return nil, err
		}
	}
	if i < 0 || i >= whole {
		return nil, f.bad(PixelData, fmt.Sprintf("frame %d asked for", i+1), fmt.Sprintf("1 to %d", whole))
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.pixels.capsuled {
		return f.decode(ctx, p, i, dec)
	}
	return f.native(p, i)
}

// decode has the decoder do a compressed frame and unpacks what comes back.
func (f *File) decode(ctx context.Context, p Pixels, i int, dec Decoder) ([]int32, error) {
	at := f.pixels.capsule.frames[i]
	parts := f.pixels.capsule.fragments[at.first:at.last]
	total := int64(0)
	for _, s := range parts {
		total += s.n
	}
	off := parts[0].off
	fail := func(found, expected string, err error) error {
		return &Error{File: f.Path, Tag: PixelData, Offset: off, Found: found, Expected: expected, Err: err}
	}
	if p.Allocated%8 != 0 {
		return nil, f.bad(BitsAllocated, fmt.Sprintf("%d in compressed pixel data", p.Allocated), "8, 16 or 32")
	}
	want := int64(p.samples()) * int64(p.Allocated/8)
	if f.TransferSyntax == rle && total*64 < want { // PackBits makes 128 bytes of 2
		return nil, fail(fmt.Sprintf("%d bytes of RLE", total), fmt.Sprintf("enough for %d bytes of pixels", want), nil)
	}
	if dec == nil {
		return nil, fail("compressed pixel data, transfer syntax "+f.TransferSyntax, "a decoder", nil)
	}
	data := make([]byte, total)
	rest := data
	for _, s := range parts {
		if _, err := f.src.ReadAt(rest[:s.n], s.off); err != nil {
			return nil, fail("", "", cause(err))
		}
		rest = rest[s.n:]
	}
	if at.n > 0 {
		data = data[:at.n]
	}
	out, err := dec.Decode(ctx, gdcm.Frame{
		TransferSyntax: f.TransferSyntax, Rows: p.Rows, Cols: p.Cols, Samples: p.Samples, Allocated: p.Allocated,
		Stored: p.Stored, HighBit: p.HighBit, Planar: p.Planar, Signed: p.Signed, Photometric: p.Photometric, Data: data,
	})
	// What is not installed is nothing about the file, and ends a command with a
	// code of its own.
	if m := (*fault.Missing)(nil); errors.As(err, &m) {
		return nil, m
	}
	if err != nil {
		return nil, fail(fmt.Sprintf("frame %d that does not decode", i+1), "", err)
	}
	if int64(len(out)) != want {
		return nil, fail(fmt.Sprintf("%d bytes decoded of frame %d", len(out), i+1), fmt.Sprint(want), nil)
	}
	p.Planar, p.Photometric = 0, "" // what is decoded is interleaved, and no sample is shared
	return f.unpack(p, out, 0, false)
}
