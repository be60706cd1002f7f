package dicom

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// span is a run of bytes of a file.
type span struct{ off, n int64 }

// capsule is encapsulated pixel data (PS3.5 A.4): a table of offsets, which may
// be empty, and fragments, of which each frame has one or more.
type capsule struct {
	table     span
	fragments []span // the whole ones
	cut       bool   // the file ends in it, within a fragment or without the sequence's delimiter
	partial   bool   // within a fragment
	ended     bool   // and yet the last whole fragment ends a frame
	next      int64  // the byte after it
	frames    []frameAt
}

// frameAt is a frame: fragments first to last-1, and of their bytes the first n
// where n is not 0.
type frameAt struct {
	first, last int
	n           int64
}

// pixelData remembers where the pixel data are. What is missing of them is
// nobody's trouble before somebody wants them.
func (p *parser) pixelData(h header, end int64) (next int64, err error) {
	f, s := p.file, &p.file.pixels
	if h.tag != PixelData {
		if h.undefined() || int64(h.length) > end-h.value {
			return h.off, p.tooLong(h, end)
		}
		p.stop = p.opt.StopAtPixels
		return h.value + int64(h.length), nil
	}
	s.head, s.have = h, end-h.value
	if !h.undefined() {
		s.have = min(s.have, int64(h.length))
	}
	p.stop = p.opt.StopAtPixels
	begin, err := p.peek(h.value, int(min(s.have, 8)))
	if err != nil {
		return h.off, &Error{Tag: h.tag, Offset: h.off, Err: err}
	}
	isCapsule := len(begin) >= 8 && tagAt(begin, h.enc.order()) == tagItem
	s.capsuled = h.undefined() || isCapsule && compressed(f.TransferSyntax)
	if s.capsuled && !h.undefined() {
		p.note("encapsulated pixel data of defined length", h.tag, h.off)
	}
	switch {
	case s.capsuled && !compressed(f.TransferSyntax):
		if begin, err = p.at(h.value, int(min(s.have, window))); err != nil {
			return h.off, &Error{Tag: h.tag, Offset: h.off, Err: err}
		}
		if uid := sniff(begin, h.enc.order()); uid != "" {
			p.note("compressed pixel data under an uncompressed transfer syntax, taken for "+uid, h.tag, h.off)
			f.TransferSyntax = uid
		}
	case !s.capsuled && compressed(f.TransferSyntax):
		p.note("uncompressed pixel data under a compressed transfer syntax", h.tag, h.off)
		f.TransferSyntax = uidOf(h.enc)
	}
	if p.stop || !s.capsuled {
		return h.value + s.have, nil
	}
	if s.walked, err = walk(p.source, h, h.value+s.have, p.opt.MaxElements); err != nil {
		return h.off, err
	}
	return s.walked.next, nil
}

// walk goes from fragment to fragment without reading them.
func walk(s *source, h header, end int64, limit int) (*capsule, error) {
	c := &capsule{}
	o := h.enc.order()
	off := h.value
	for n := 0; ; n++ {
		if end-off < 8 {
			c.cut, c.next = h.undefined() || off < end, end
			return c, nil
		}
		b, err := s.peek(off, 8)
		if err != nil {
			return c, &Error{Tag: h.tag, Offset: off, Err: err}
		}
		t, l := tagAt(b, o), int64(o.Uint32(b[4:]))
		switch {
		case t == tagSeqEnd:
			c.next = off + 8
			return c, nil
		case t != tagItem:
			c.cut, c.next = true, off
			return c, nil
		case n > limit:
			return c, &Error{Tag: h.tag, Offset: off, Found: fmt.Sprintf("more than %d fragments", limit), Expected: "fewer"}
		case l > end-off-8:
			c.cut, c.partial, c.next = true, true, end
			return c, nil
		}
		if n == 0 {
			c.table = span{off + 8, l}
		} else {
			c.fragments = append(c.fragments, span{off + 8, l})
		}
		off += 8 + l
	}
}

// beginsStream: JPEG and JPEG-LS start of image, JPEG 2000 start of codestream
// and size, or the box that a JP2 file begins with.
func beginsStream(b []byte) bool {
	return bytes.HasPrefix(b, []byte{0xFF, 0xD8, 0xFF}) || bytes.HasPrefix(b, []byte{0xFF, 0x4F, 0xFF, 0x51}) || bytes.HasPrefix(b, []byte{0, 0, 0, 12})
}

// sniff is the transfer syntax of the first codestream in the beginning of
// encapsulated pixel data; "" where it is none that is known.
func sniff(b []byte, o binary.ByteOrder) string {
	for n := 0; n < 2; n++ { // the table, then the first fragment
		if len(b) < 8 || tagAt(b, o) != tagItem {
			return ""
		}
		l := int64(o.Uint32(b[4:]))
		b = b[8:]
		if n == 0 {
			if l > int64(len(b)) {
				return ""
			}
			b = b[l:]
		}
	}
	switch {
	case bytes.HasPrefix(b, []byte{0xFF, 0x4F, 0xFF, 0x51}), bytes.HasPrefix(b, []byte{0, 0, 0, 12, 'j', 'P'}):
		return jpeg2000
	case len(b) >= 8 && b[0] > 0 && b[0] < 16 && bytes.Equal(b[1:8], []byte{0, 0, 0, 64, 0, 0, 0}):
		return rle
	case !bytes.HasPrefix(b, []byte{0xFF, 0xD8}):
		return ""
	}
	for b = b[2:]; len(b) >= 4 && b[0] == 0xFF; { // from marker to marker
		switch b[1] {
		case 0xC0:
			return jpegBase
		case 0xC1:
			return jpegExt
		case 0xC3:
			return jpegLoss
		case 0xF7:
			return jpegLS
		}
		n := 2 + int(binary.BigEndian.Uint16(b[2:]))
		if n > len(b) {
			break
		}
		b = b[n:]
	}
	return ""
}
