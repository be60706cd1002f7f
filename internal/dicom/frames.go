package dicom

import (
	"bytes"
	"fmt"
	"slices"
)

// index finds the frames among the fragments: by the extended table of offsets,
// the basic one, by their number, or by the marks that a codestream begins with.
func (f *File) index(p *Pixels) (notes []string, err error) {
	s := &f.pixels
	src := newSource(f.src, f.size)
	defer src.release()
	c := s.walked
	if c == nil {
		if c, err = walk(src, s.head, s.head.value+s.have, f.opt.MaxElements); err != nil {
			return nil, f.named(err)
		}
	}
	s.capsule = c
	if c.cut {
		notes = append(notes, "no delimiter after the last fragment, "+PixelData.String())
	}
	if c.cut {
		// Cut off between two frames, or only without a delimiter? A codestream's
		// end is proof; RLE has one fragment a frame.
		if c.ended = f.TransferSyntax == rle; !c.ended {
			if c.ended, err = f.endsStream(src, c); err != nil {
				return nil, err
			}
		}
	}
	basic, err := f.basicTable(c)
	if err != nil {
		return notes, err
	}
	if !f.Has(NumberOfFrames) && len(basic) > 1 && !c.cut {
		notes = append(notes, fmt.Sprintf("no number of frames, taken for %d by the table of offsets, %s", len(basic), NumberOfFrames))
		p.Frames = len(basic)
	}
	if len(basic) > p.Frames {
		notes = append(notes, fmt.Sprintf("a table of offsets for %d frames where the header says %d: the rest is left out, %s", len(basic), p.Frames, NumberOfFrames))
	}
	if f.TransferSyntax == rle && len(c.fragments) > p.Frames {
		notes = append(notes, fmt.Sprintf("%d fragments for %d frames of RLE, %s", len(c.fragments), p.Frames, PixelData))
	}
	if frames, ok := f.extended(c, p.Frames); ok {
		c.frames = frames
		return notes, f.whole(c, p.Frames)
	}
	if f.Has(ExtendedOffsetTable) {
		notes = append(notes, "extended table of offsets that does not fit the fragments, not used, "+ExtendedOffsetTable.String())
	}
	if len(basic) > 0 {
		if frames, ok := c.byTable(basic, p.Frames); ok {
			c.frames = frames
			return notes, f.whole(c, p.Frames)
		}
		notes = append(notes, "table of offsets that does not fit the fragments, not used, "+PixelData.String())
	}
	if err := f.withoutTable(src, c, p.Frames); err != nil {
		return notes, err
	}
	return notes, f.whole(c, p.Frames)
}

// withoutTable finds the frames by the fragments themselves.
func (f *File) withoutTable(src *source, c *capsule, frames int) (err error) {
	n := len(c.fragments)
	whole := !c.cut || c.ended && !c.partial
	bad := func(found, expected string) error {
		return &Error{File: f.Path, Tag: PixelData, Offset: f.pixels.head.off, Found: found, Expected: expected}
	}
	switch {
	case n == 0:
	case frames == 1 && whole:
		c.frames = []frameAt{{0, n, 0}}
	case frames == 1:
	case n == frames && whole, n <= frames && f.TransferSyntax == rle:
		c.frames = each(n)
	case f.TransferSyntax == rle:
		return bad(fmt.Sprintf("%d fragments", n), fmt.Sprintf("%d, one a frame", frames))
	default:
		if c.frames, err = f.byMarks(src, c, frames); err == nil && c.frames == nil {
			return bad(fmt.Sprintf("%d fragments without a table of offsets", n), fmt.Sprintf("one for each of %d frames, or marks that tell frames apart", frames))
		}
	}
	return err
}

func each(n int) []frameAt {
	out := make([]frameAt, n)
	for i := range out {
		out[i] = frameAt{i, i + 1, 0}
	}
	return out
}

func (f *File) whole(c *capsule, frames int) error {
	if len(c.frames) >= frames {
		return nil
	}
	return &Error{
		File: f.Path, Tag: PixelData, Offset: f.pixels.head.off, Found: fmt.Sprintf("%d whole fragments", len(c.fragments)), Expected: fmt.Sprintf("%d frames", frames),
		Do: "the file is cut off: fetch it again", Err: &Short{Whole: len(c.frames), Frames: frames},
	}
}

func (f *File) basicTable(c *capsule) ([]uint64, error) {
	if c.table.n == 0 || c.table.n%4 != 0 || c.table.n > int64(f.opt.MaxElements)*4 {
		return nil, nil
	}
	b, err := f.bytes(PixelData, c.table.off, c.table.n)
	if err != nil {
		return nil, err
	}
	out := make([]uint64, len(b)/4)
	for i := range out {
		out[i] = uint64(f.pixels.head.enc.order().Uint32(b[4*i:]))
	}
	return out, nil
}

// byTable is the frames by the offsets of their first fragments' items, counted
// from the first item after the table. Not ok where an offset points at no
// fragment; where the file is cut off, the frames before that.
func (c *capsule) byTable(table []uint64, frames int) (out []frameAt, ok bool) {
	if len(table) < frames || len(c.fragments) == 0 {
		return nil, false
	}
	table = table[:frames]
	base := c.fragments[0].off - 8
	at := func(offset uint64) (int, bool) {
		i, ok := slices.BinarySearchFunc(c.fragments, offset, func(s span, o uint64) int {
			switch x := uint64(s.off - 8 - base); {
			case x < o:
				return -1
			case x > o:
				return 1
			}
			return 0
		})
		if last := c.fragments[len(c.fragments)-1]; !ok && c.cut && offset == uint64(last.off+last.n-base) {
			return len(c.fragments), true
		}
		return i, ok
	}
	if table[0] != 0 {
		return nil, false
	}
	for i := range table {
		first, ok := at(table[i])
		last, end := len(c.fragments), !c.cut || c.ended && !c.partial
		if i+1 < len(table) {
			last, end = at(table[i+1])
		}
		switch {
		case !ok || !end:
			return out, c.cut
		case last <= first:
			return nil, false
		}
		out = append(out, frameAt{first, last, 0})
	}
	return out, true
}

// extended is the frames by the extended table (PS3.3 C.7.6.3.1.8): one fragment
// a frame, and the length that its frame has without padding.
func (f *File) extended(c *capsule, frames int) (out []frameAt, ok bool) {
	offsets, lengths := f.Bytes(ExtendedOffsetTable), f.Bytes(ExtendedOffsetTableLengths)
	if len(offsets) != 8*frames || len(offsets) == 0 || (len(lengths) != len(offsets) && len(lengths) != 0) {
		return nil, false
	}
	o := f.pixels.head.enc.order()
	table := make([]uint64, frames)
	for i := range table {
		table[i] = o.Uint64(offsets[8*i:])
	}
	out, ok = c.byTable(table, frames)
	for i := range out {
		if out[i].last != out[i].first+1 {
			return nil, false
		}
		if len(lengths) > 0 {
			n := o.Uint64(lengths[8*i:])
			if n > uint64(c.fragments[out[i].first].n) {
				return nil, false
			}
			out[i].n = int64(n)
		}
	}
	return out, ok
}

// byMarks is the frames by the marks at the fragments' beginnings, or at their
// ends; nil where they do not make the promised number. Of a file that is cut
// off, or has too few fragments, it is the frames that are whole.
func (f *File) byMarks(src *source, c *capsule, frames int) ([]frameAt, error) {
	var begins, ends []int
	begins = append(begins, 0)
	ends = append(ends, 0)
	for i, s := range c.fragments {
		b, err := src.peek(s.off, int(min(s.n, 4)))
		if err != nil {
			return nil, f.named(&Error{Tag: PixelData, Offset: s.off, Err: err})
		}
		if i > 0 && beginsStream(b) {
			begins = append(begins, i)
		}
		e, err := f.endOfImage(src, s)
		if err != nil {
			return nil, err
		}
		if i+1 < len(c.fragments) && e {
			ends = append(ends, i+1)
		}
	}
	few := c.cut || len(c.fragments) < frames
	for _, at := range [][]int{begins, ends} {
		if len(at) != frames && !(few && len(at) < frames) {
			continue
		}
		out := []frameAt{}
		for i, first := range at {
			last := len(c.fragments)
			if i+1 < len(at) {
				last = at[i+1]
			} else if c.cut && !c.ended {
				break
			}
			out = append(out, frameAt{first, last, 0})
		}
		return out, nil
	}
	return nil, nil
}

func (f *File) endsStream(src *source, c *capsule) (bool, error) {
	if len(c.fragments) == 0 {
		return false, nil
	}
	return f.endOfImage(src, c.fragments[len(c.fragments)-1])
}

// endOfImage says whether a fragment ends with JPEG's mark EOI, which is JPEG
// 2000's EOC too, and at most two bytes of padding.
func (f *File) endOfImage(src *source, s span) (bool, error) {
	k := min(s.n, 4)
	b, err := src.peek(s.off+s.n-k, int(k))
	if err != nil {
		return false, f.named(&Error{Tag: PixelData, Offset: s.off, Err: err})
	}
	return bytes.HasSuffix(bytes.TrimRight(b, "\x00"), []byte{0xFF, 0xD9}), nil
}
