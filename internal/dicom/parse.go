package dicom

import (
	"errors"
	"fmt"
	"slices"
)

// inline is the longest value that is kept in memory. Longer ones are read when
// they are asked for.
const inline = 8 << 10

// parser turns bytes into data sets.
type parser struct {
	*source
	opt   Options
	file  *File
	count int // elements and items so far
	notes []note
	arena []byte // values are copied together: one allocation for hundreds

	elements []element // of the data sets that are being read, the innermost last
	stop     bool      // the pixel data's header was met and nothing after it is wanted
}

// note is one kind of oddity: the first place and how often.
type note struct {
	what string
	tag  Tag
	off  int64
	n    int
}

func (p *parser) note(what string, t Tag, off int64) {
	for i := range p.notes {
		if p.notes[i].what == what {
			p.notes[i].n++
			return
		}
	}
	p.notes = append(p.notes, note{what, t, off, 1})
}

func (n note) String() string {
	s := n.what
	if n.tag != 0 {
		s += ", " + n.tag.String()
	}
	if n.off >= 0 {
		s += fmt.Sprintf(" at byte %d", n.off)
	}
	if n.n > 1 {
		s += fmt.Sprintf(", and %d more", n.n-1)
	}
	return s
}

func (p *parser) keep(b []byte) []byte {
	if len(b) > cap(p.arena)-len(p.arena) {
		p.arena = make([]byte, 0, max(4<<10, len(b)))
	}
	n := len(p.arena)
	p.arena = append(p.arena, b...)
	return p.arena[n:len(p.arena):len(p.arena)]
}

func (p *parser) counted(t Tag, off int64) error {
	if p.count++; p.count > p.opt.MaxElements {
		return &Error{Tag: t, Offset: off, Found: fmt.Sprintf("more than %d elements", p.opt.MaxElements), Expected: "a smaller data set"}
	}
	return nil
}

// dataSet reads elements into d from off on. Where open is not set it ends at
// end exactly; an open item ends with its delimiter, before end. next is the
// first byte after it.
func (p *parser) dataSet(d *DataSet, off, end int64, open bool, e syntax, depth int) (next int64, err error) {
	from := len(p.elements)
	defer func() { p.finish(d, from) }()
	root := depth == 0
	for off < end && !p.stop {
		if root && p.padding(off, end) {
			p.note("padding after the last element", 0, off)
			return end, nil
		}
		h, err := readHeader(p.source, off, end, e, false)
		if err != nil {
			return p.lost(off, end, root, err)
		}
		if h.enc != e {
			p.note("element in the other kind of VR than its data set", h.tag, off)
		}
		if h.tag.Group() == 0xFFFE {
			done, next, err := p.delimiter(h, open)
			if err != nil {
				return p.lost(off, end, root, err)
			} else if done {
				return next, nil
			}
			off = next
			continue
		}
		if err := p.counted(h.tag, off); err != nil {
			return off, err
		}
		next, err := p.element(d, h, end, depth)
		if err != nil {
			return p.lost(off, end, root, err)
		}
		off = next
	}
	if open && !p.stop {
		if root || end == p.size {
			return off, &Error{Offset: off, Found: "the end of the file in an item", Expected: "the item's delimiter", Do: "the file is cut off: fetch it again"}
		}
		p.note("item without its delimiter", 0, off)
	}
	return off, nil
}

// finish gives d its elements, which are p's from that one on.
func (p *parser) finish(d *DataSet, from int) {
	d.elements = slices.Clone(p.elements[from:])
	clear(p.elements[from:])
	p.elements = p.elements[:from]
	d.finish(p)
}

// delimiter deals with an item tag where an element is due. A delimiter that is
// missing is made up for by the one that follows.
func (p *parser) delimiter(h header, open bool) (done bool, next int64, err error) {
	switch {
	case h.tag == tagItemEnd && open:
		if h.length != 0 {
			p.note("delimiter with a length", h.tag, h.off)
		}
		return true, h.value, nil
	case (h.tag == tagSeqEnd || h.tag == tagItem) && open:
		p.note("item without its delimiter", h.tag, h.off)
		return true, h.off, nil
	case (h.tag == tagItemEnd || h.tag == tagSeqEnd) && h.length == 0:
		p.note("delimiter of nothing", h.tag, h.off)
		return false, h.value, nil
	}
	return false, h.off, &Error{Tag: h.tag, Offset: h.off, Found: "an item outside a sequence", Expected: "an element"}
}

// element reads the value of h into d; next is the byte after it.
func (p *parser) element(d *DataSet, h header, end int64, depth int) (next int64, err error) {
	el := element{tag: h.tag, vr: h.vr, big: h.enc.big, off: h.value, length: h.length}
	if h.tag == PixelData && depth == 0 || depth == 0 && (h.tag == FloatPixelData || h.tag == DoubleFloatPixelData) {
		el.disk = true
		p.elements = append(p.elements, el)
		return p.pixelData(h, end)
	}
	inner := h.enc
	switch {
	case h.vr == vrSQ:
	case h.vr == vrUN && h.undefined():
		// PS3.5 6.2.2 note 6: the value is a sequence in implicit VR little
		// endian, whatever is around it.
		inner = syntax{}
	case h.undefined() && h.tag == PixelData: // an icon's
		c, err := walk(p.source, h, end, p.opt.MaxElements)
		el.length = 0
		p.elements = append(p.elements, el)
		if err == nil && c.cut {
			err = p.tooLong(h, end)
		}
		return c.next, err
	case h.undefined():
		b, err := p.at(h.value, int(min(8, end-h.value)))
		if err != nil || len(b) < 8 || !isItem(tagAt(b, h.enc.order())) {
			return h.off, &Error{Tag: h.tag, Offset: h.off, Found: "undefined length in VR " + h.vr.String(), Expected: "a length"}
		}
		if h.enc.explicit {
			p.note("sequence under another VR", h.tag, h.off)
		}
		el.vr = vrSQ
	default:
		return p.value(d, el, h, end, depth)
	}
	if !h.undefined() {
		if int64(h.length) > end-h.value {
			return h.off, p.tooLong(h, end)
		}
		end = h.value + int64(h.length)
	}
	el.vr, el.length = vrSQ, 0
	el.items, next, err = p.sequence(d, h, end, inner, depth+1)
	p.elements = append(p.elements, el)
	return next, err
}

func (p *parser) tooLong(h header, end int64) error {
	return &Error{
		Tag: h.tag, Offset: h.off, Found: fmt.Sprintf("a length of %d where %d bytes are left", h.length, max(end-h.value, 0)),
		Expected: "a length that fits", Do: "the file is cut off or damaged: fetch it again",
	}
}

// value reads a value of defined length.
func (p *parser) value(d *DataSet, el element, h header, end int64, depth int) (next int64, err error) {
	n := int64(h.length)
	if n > end-h.value {
		return h.off, p.tooLong(h, end)
	}
	if n&1 == 1 {
		p.note("odd length of a value", h.tag, h.off)
	}
	next = h.value + n
	if h.vr == vrUN && n >= 8 {
		el.items = p.hidden(d, h, next, depth)
	}
	if n > inline || el.items != nil {
		el.disk = true
	} else {
		b, err := p.at(h.value, int(n))
		if err != nil {
			return h.off, &Error{Tag: h.tag, Offset: h.off, Err: err}
		}
		el.data = p.keep(b)
	}
	p.elements = append(p.elements, el)
	return next, nil
}

// hidden reads the items of a value of unknown VR where it is a sequence from
// its first byte to its last: what an archive makes of private sequences. nil
// where it is none.
func (p *parser) hidden(d *DataSet, h header, end int64, depth int) []*DataSet {
	b, err := p.at(h.value, 8)
	if err != nil || tagAt(b, syntax{}.order()) != tagItem {
		return nil
	}
	l := syntax{}.order().Uint32(b[4:])
	if l != undefinedVL && int64(l) > end-h.value-8 {
		return nil
	}
	notes, count := slices.Clone(p.notes), p.count
	e := syntax{explicit: plausible(p.source, h.value+8, end, syntax{explicit: true}, true)}
	items, next, err := p.sequence(d, header{tag: h.tag, off: h.off, value: h.value}, end, e, depth+1)
	if err != nil || next != end {
		p.notes = notes
		p.count = max(count, p.count) // work that was done counts
		return nil
	}
	return items
}

// sequence reads the items from h.value on: to end where h's length is defined,
// else to the sequence's delimiter.
func (p *parser) sequence(parent *DataSet, h header, end int64, e syntax, depth int) (items []*DataSet, next int64, err error) {
	if depth > p.opt.MaxDepth {
		return nil, h.off, &Error{Tag: h.tag, Offset: h.off, Found: fmt.Sprintf("sequences nested more than %d deep", p.opt.MaxDepth), Expected: "a flatter data set"}
	}
	open := h.undefined()
	for off := h.value; ; {
		if off == end && !open {
			return items, off, nil
		}
		if end-off < 8 {
			if open {
				return items, off, &Error{Tag: h.tag, Offset: off, Found: "the end in a sequence", Expected: "the sequence's delimiter", Do: "the file is cut off: fetch it again"}
			}
			p.note("bytes after a sequence's last item", h.tag, off)
			return items, end, nil
		}
		i, err := readHeader(p.source, off, end, e, false)
		if err != nil {
			return items, off, err
		}
		switch {
		case i.tag == tagItem:
		case i.tag == tagSeqEnd && open:
			return items, i.value, nil
		case (i.tag == tagSeqEnd || i.tag == tagItemEnd) && i.length == 0:
			p.note("delimiter of nothing", i.tag, off)
			off = i.value
			continue
		case open && i.tag > h.tag && i.tag.Group() != 0xFFFE:
			p.note("sequence without its delimiter", h.tag, off)
			return items, off, nil
		default:
			return items, off, &Error{Tag: h.tag, Offset: off, Found: i.tag.String(), Expected: "an item"}
		}
		if err := p.counted(i.tag, off); err != nil {
			return items, off, err
		}
		stop := end
		if !i.undefined() {
			if int64(i.length) > end-i.value {
				return items, off, p.tooLong(i, end)
			}
			stop = i.value + int64(i.length)
		}
		item := &DataSet{parent: parent, file: p.file}
		items = append(items, item)
		if off, err = p.dataSet(item, i.value, stop, i.undefined(), e, depth); err != nil {
			return items, off, err
		}
	}
}

// lost makes a note of an error that is met after the pixel data: nothing there
// may cost the file.
func (p *parser) lost(off, end int64, root bool, err error) (int64, error) {
	if !root || p.file.pixels.head.tag == 0 || off <= p.file.pixels.head.off {
		return off, err
	}
	p.note("bytes after the pixel data that are no element", 0, off)
	return end, nil
}

// padding says whether nothing but zeros, or a line's end, is left: it looks no
// further than a window.
func (p *parser) padding(off, end int64) bool {
	b, err := p.at(off, int(min(end-off, 8)))
	if err != nil || slices.ContainsFunc(b, func(c byte) bool { return c != 0 && c != '\r' && c != '\n' }) {
		return false
	}
	b, err = p.at(off, int(min(end-off, window)))
	return err == nil && !slices.ContainsFunc(b, func(c byte) bool { return c != 0 && c != '\r' && c != '\n' })
}

// named puts the file into errors in errors that were made where it is not known.
func (f *File) named(err error) error {
	if e := (*Error)(nil); errors.As(err, &e) {
		e.File = f.Path
	}
	return err
}
