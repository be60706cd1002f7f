package dicom

import (
	"encoding/binary"
	"fmt"
)

const (
	tagItem     Tag = 0xFFFEE000
	tagItemEnd  Tag = 0xFFFEE00D
	tagSeqEnd   Tag = 0xFFFEE0DD
	undefinedVL     = 0xFFFFFFFF
)

func isItem(t Tag) bool { return t == tagItem || t == tagSeqEnd }

// header is an element without its value.
type header struct {
	tag    Tag
	vr     vr
	length uint32
	enc    syntax // of this element, which may differ from its data set's
	off    int64  // of the tag
	value  int64  // of the value
}

func (h header) undefined() bool { return h.length == undefinedVL }

func tagAt(b []byte, o binary.ByteOrder) Tag {
	return Tag(o.Uint16(b))<<16 | Tag(o.Uint16(b[2:]))
}

// readHeader reads the header of the element at off, which has to end before
// end. Where strict is not set it takes an element for one of the other kind of
// VR where only that makes sense: files are merged out of both kinds.
func readHeader(s *source, off, end int64, e syntax, strict bool) (header, error) {
	h := header{off: off, enc: e}
	if end-off < 8 {
		return h, &Error{Offset: off, Found: fmt.Sprintf("%d bytes", end-off), Expected: "an element, which has 8 at least", Do: "the file is cut off: fetch it again"}
	}
	b, err := s.at(off, int(min(12, end-off)))
	if err != nil {
		return h, &Error{Offset: off, Err: err}
	}
	o := e.order()
	h.tag = tagAt(b, o)
	if h.tag.Group() == 0xFFFE { // items and delimiters have no VR in either kind
		h.length, h.value = o.Uint32(b[4:]), off+8
		return h, nil
	}
	long := func() (uint32, bool) {
		if len(b) < 12 {
			return 0, false
		}
		return o.Uint32(b[8:]), true
	}
	asImplicit := func() header {
		h.enc.explicit = false
		h.vr, h.length, h.value = h.tag.dictVR(), o.Uint32(b[4:]), off+8
		return h
	}
	fits := func(length uint32, value int64) bool {
		return length == undefinedVL || int64(length) <= end-value
	}
	v := vr(b[4])<<8 | vr(b[5])
	if !e.explicit {
		l := o.Uint32(b[4:])
		if !strict && !fits(l, off+8) && v.known() && h.tag != PixelData {
			// An explicit element in an implicit data set.
			e.explicit = true
			if x, err := readHeader(s, off, end, e, true); err == nil && fits(x.length, x.value) {
				return x, nil
			}
		}
		return asImplicit(), nil
	}
	switch {
	case v.long():
		l, ok := long()
		if !ok {
			return h, &Error{Tag: h.tag, Offset: off, Found: fmt.Sprintf("%d bytes", end-off), Expected: "12 for an element of VR " + v.String(), Do: "the file is cut off: fetch it again"}
		}
		h.vr, h.length, h.value = v, l, off+12
	case v.known():
		h.vr, h.length, h.value = v, uint32(o.Uint16(b[6:])), off+8
	case strict:
		return h, &Error{Tag: h.tag, Offset: off, Found: fmt.Sprintf("VR %q", b[4:6]), Expected: "a VR of PS3.5 6.2"}
	default:
		return h.unknownVR(b, end, fits, long, asImplicit)
	}
	return h, nil
}

// unknownVR settles an element whose two letters are no VR. Letters that may
// become one have the long form (PS3.5 6.2.2 note 2), unless only the short one
// fits; anything else is the length of an implicit element, or a VR that a
// program left blank.
func (h header) unknownVR(b []byte, end int64, fits func(uint32, int64) bool, long func() (uint32, bool), asImplicit func() header) (header, error) {
	o := h.enc.order()
	letter := func(c byte) bool { return c >= 'A' && c <= 'Z' }
	h.vr = vrUN
	if !(letter(b[4]) && letter(b[5])) {
		if l := o.Uint32(b[4:]); fits(l, h.off+8) {
			return asImplicit(), nil
		}
	} else if l, ok := long(); ok && b[6] == 0 && b[7] == 0 && (l != undefinedVL && fits(l, h.off+12)) {
		h.length, h.value = l, h.off+12
		return h, nil
	}
	if l := uint32(o.Uint16(b[6:])); fits(l, h.off+8) {
		h.length, h.value = l, h.off+8
		if d := h.tag.dictVR(); !d.long() && d != vrXS {
			h.vr = d
		}
		return h, nil
	}
	return h, &Error{Tag: h.tag, Offset: h.off, Found: fmt.Sprintf("VR %q and no length that fits the %d bytes left", b[4:6], end-h.off), Expected: "a VR of PS3.5 6.2"}
}
