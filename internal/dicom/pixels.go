package dicom

import (
	"fmt"
	"strings"
	"sync"
)

// Pixels says what pixel data hold (PS3.3 C.7.6.3). Samples are interleaved in
// what Frame returns, whatever Planar says of the file.
type Pixels struct {
	Rows, Cols, Frames int
	Samples            int // per pixel: 1, 3 or 4
	Allocated          int // bits: 1, 8, 12, 16 or 32
	Stored             int // bits
	HighBit            int
	Planar             int  // 1: one plane of each sample after the other
	Signed             bool // two's complement
	Photometric        string
}

// pixelState is where the pixel data are, from the root's parsing, and how they
// are laid out, once somebody asks.
type pixelState struct {
	head     header // tag 0 where there are none
	have     int64  // bytes of the value that are there
	capsuled bool   // fragments, not samples
	walked   *capsule

	once    sync.Once
	spec    Pixels
	err     error
	capsule *capsule
}

// Pixels describes the pixel data: the header's elements checked against each
// other and against the bytes that are there. Where fewer frames are there than
// the header promises the error wraps a *Short, and the description and the
// whole frames can be had nevertheless.
func (f *File) Pixels() (Pixels, error) {
	s := &f.pixels
	s.once.Do(func() {
		var notes []string
		s.spec, notes, s.err = f.describe()
		f.Notes = append(f.Notes, notes...)
	})
	return s.spec, s.err
}

func (f *File) bad(t Tag, found, expected string) error {
	return &Error{File: f.Path, Tag: t, Offset: -1, Found: found, Expected: expected}
}

// describe collects and checks.
func (f *File) describe() (p Pixels, notes []string, err error) {
	if f.pixels.head.tag == 0 {
		if f.Has(FloatPixelData) || f.Has(DoubleFloatPixelData) {
			return p, nil, f.bad(FloatPixelData, "pixel data of floating point numbers", "whole numbers, (7fe0,0010)")
		}
		return p, nil, f.bad(PixelData, "no pixel data", "an image")
	}
	for _, x := range []struct {
		tag    Tag
		to     *int
		absent int
		low    int
		high   int
	}{
		{Rows, &p.Rows, 0, 1, 1 << 16},
		{Columns, &p.Cols, 0, 1, 1 << 16},
		{NumberOfFrames, &p.Frames, 1, 0, 1 << 31},
		{SamplesPerPixel, &p.Samples, 1, 1, 4},
		{BitsAllocated, &p.Allocated, 0, 1, 64},
		{BitsStored, &p.Stored, 0, 0, 1 << 16},
		{HighBit, &p.HighBit, -1, -1, 1 << 16},
		{PlanarConfiguration, &p.Planar, 0, 0, 1},
	} {
		if *x.to, err = f.Int(x.tag, x.absent); err != nil {
			return p, nil, err
		}
		if *x.to < x.low || *x.to > x.high {
			return p, nil, f.bad(x.tag, fmt.Sprint(*x.to), fmt.Sprintf("%d to %d", x.low, x.high))
		}
	}
	signed, err := f.Int(PixelRepresentation, 0)
	if err != nil {
		return p, nil, err
	}
	if signed != 0 && signed != 1 {
		return p, nil, f.bad(PixelRepresentation, fmt.Sprint(signed), "0 or 1")
	}
	p.Signed = signed == 1
	p.Photometric = strings.ToUpper(f.Text(PhotometricInterpretation))
	switch p.Allocated {
	case 1, 8, 12, 16, 32:
	default:
		return p, nil, f.bad(BitsAllocated, fmt.Sprint(p.Allocated), "1, 8, 12, 16 or 32")
	}
	if p.Samples == 2 {
		return p, nil, f.bad(SamplesPerPixel, "2", "1, 3 or 4")
	}
	if p.Frames == 0 {
		p.Frames = 1
		notes = append(notes, "no frames by the header, taken for one, "+NumberOfFrames.String())
	}
	if p.Stored == 0 || p.Stored > p.Allocated {
		notes = append(notes, fmt.Sprintf("%d bits stored of %d, taken for all, %s", p.Stored, p.Allocated, BitsStored))
		p.Stored = p.Allocated
	}
	if p.HighBit < p.Stored-1 || p.HighBit >= p.Allocated {
		if f.Has(HighBit) {
			notes = append(notes, fmt.Sprintf("high bit %d with %d bits stored of %d, taken for %d, %s", p.HighBit, p.Stored, p.Allocated, p.Stored-1, HighBit))
		}
		p.HighBit = p.Stored - 1
	}
	if n := p.samples(); n > f.opt.MaxSamples {
		return p, notes, f.bad(Rows, fmt.Sprintf("%d × %d × %d samples", p.Rows, p.Cols, p.Samples), fmt.Sprintf("at most %d", f.opt.MaxSamples))
	}
	if f.pixels.capsuled {
		var more []string
		more, err = f.index(&p)
		return p, append(notes, more...), err
	}
	if full := int64(p.Frames) * int64(p.samples()) * int64(p.Allocated); p.half() && f.pixels.have*8 >= full {
		// Decompressed by a program that left the name of the colours behind.
		notes = append(notes, "every pixel has its own colour, taken for YBR_FULL, "+PhotometricInterpretation.String())
		p.Photometric = "YBR_FULL"
	}
	need, have := p.bits(int64(p.Frames)), f.pixels.have*8
	switch {
	case need > have:
		whole := int(have / p.bits(1))
		err = &Error{
			File: f.Path, Tag: PixelData, Offset: f.pixels.head.off, Found: fmt.Sprintf("%d bytes of pixels", have/8), Expected: fmt.Sprint((need + 7) / 8),
			Do: "the file is cut off: fetch it again", Err: &Short{Whole: whole, Frames: p.Frames},
		}
	case have-need >= 16:
		notes = append(notes, fmt.Sprintf("%d bytes after the last pixel, %s", (have-need)/8, PixelData))
	}
	return p, notes, err
}

// samples is the number of values of one frame.
func (p Pixels) samples() int { return p.Rows * p.Cols * p.Samples }

// half says that two pixels share their colour in native pixel data (PS3.3
// C.7.6.3.1.2, YBR_FULL_422).
func (p Pixels) half() bool { return p.Samples == 3 && p.Photometric == "YBR_FULL_422" }

// bits is the size of n native frames, which are packed without gaps (PS3.5
// 8.1.1).
func (p Pixels) bits(n int64) int64 {
	s := int64(p.samples())
	if p.half() {
		s = int64(p.Rows) * int64(p.Cols+p.Cols&1) * 2
	}
	return n * s * int64(p.Allocated)
}
