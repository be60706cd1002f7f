package dicom

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// DataSet is elements by tag: a file's, or those of one item of a sequence. A
// nil *DataSet is empty. Everything about an element that is absent or empty is
// a zero value without error.
type DataSet struct {
	elements []element // ascending by tag once the data set is read
	parent   *DataSet  // of an item; nil at the root
	file     *File
	charset  *charset // nil where the data set does not name one
}

type element struct {
	tag    Tag
	vr     vr
	big    bool // big endian
	disk   bool // the value was not read
	length uint32
	off    int64 // of the value
	data   []byte
	items  []*DataSet
}

// finish sorts the elements and settles the character set, once a data set has
// been read as far as it goes.
func (d *DataSet) finish(p *parser) {
	byTag := func(a, b element) int { return cmp.Compare(a.tag, b.tag) }
	if !slices.IsSortedFunc(d.elements, byTag) {
		p.note("elements out of order", 0, -1)
		slices.SortStableFunc(d.elements, byTag)
	}
	// Of two of one tag the later counts, as in other readers.
	for i := 1; i < len(d.elements); i++ {
		if d.elements[i].tag == d.elements[i-1].tag {
			p.note("element twice", d.elements[i].tag, d.elements[i].off)
			slices.Reverse(d.elements)
			slices.SortStableFunc(d.elements, byTag)
			d.elements = slices.CompactFunc(d.elements, func(a, b element) bool { return a.tag == b.tag })
			break
		}
	}
	if e := d.find(SpecificCharacterSet); e != nil {
		terms := d.Texts(SpecificCharacterSet)
		cs, unknown := newCharset(terms)
		if unknown {
			p.note("unknown character set", SpecificCharacterSet, e.off)
		}
		d.charset = cs
	}
}

func (d *DataSet) find(t Tag) *element {
	if d == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(d.elements, t, func(e element, t Tag) int { return cmp.Compare(e.tag, t) })
	if !ok {
		return nil
	}
	return &d.elements[i]
}

// Has says whether the element is there, with a value or without.
func (d *DataSet) Has(t Tag) bool { return d.find(t) != nil }

// VR is the element's value representation, the dictionary's where the file
// does not say it; "" where the element is absent.
func (d *DataSet) VR(t Tag) string {
	e := d.find(t)
	if e == nil {
		return ""
	}
	return d.kind(e).String()
}

// Tags lists the elements that are there, ascending.
func (d *DataSet) Tags() []Tag {
	if d == nil {
		return nil
	}
	tags := make([]Tag, len(d.elements))
	for i, e := range d.elements {
		tags[i] = e.tag
	}
	return tags
}

// Items are the items of a sequence, in order. nil where the element is absent
// or no sequence.
func (d *DataSet) Items(t Tag) []*DataSet {
	if e := d.find(t); e != nil {
		return e.items
	}
	return nil
}

// Bytes is the value as it stands in the file, and not to be changed. nil for
// pixel data and sequences, and where Value has an error.
func (d *DataSet) Bytes(t Tag) []byte {
	b, _ := d.Value(t)
	return b
}

// Value is Bytes with its error: a long value is read from the file here.
func (d *DataSet) Value(t Tag) ([]byte, error) {
	e := d.find(t)
	if e == nil {
		return nil, nil
	}
	return d.value(e)
}

func (d *DataSet) value(e *element) ([]byte, error) {
	if !e.disk {
		return e.data, nil
	}
	if d.parent == nil && (e.tag == PixelData || e.tag == FloatPixelData || e.tag == DoubleFloatPixelData) {
		return nil, nil
	}
	if int64(e.length) > d.file.opt.MaxValue {
		return nil, &Error{File: d.file.Path, Tag: e.tag, Offset: e.off, Found: fmt.Sprintf("a value of %d bytes", e.length), Expected: fmt.Sprintf("at most %d", d.file.opt.MaxValue)}
	}
	return d.file.bytes(e.tag, e.off, int64(e.length))
}

// bytes reads a part of the data set whose place was checked when its header
// was read.
func (f *File) bytes(t Tag, off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || off+n > f.size {
		return nil, &Error{File: f.Path, Tag: t, Offset: off, Found: fmt.Sprintf("%d bytes", max(f.size-off, 0)), Expected: fmt.Sprint(n)}
	}
	b := make([]byte, n)
	if k, err := f.src.ReadAt(b, off); int64(k) < n {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, &Error{File: f.Path, Tag: t, Offset: off, Err: cause(err)}
	}
	return b, nil
}

// Private is the tag of a vendor's element in this data set: the creator's
// block (PS3.5 7.8.1) of that group and the element's last two digits. It is 0
// where the creator has no block, which no data set has an element for.
func (d *DataSet) Private(group uint16, creator string, number byte) Tag {
	if d == nil {
		return 0
	}
	first := Tag(0)
	low := Tag(group)<<16 | 0x10
	i, _ := slices.BinarySearchFunc(d.elements, low, func(e element, t Tag) int { return cmp.Compare(e.tag, t) })
	for ; i < len(d.elements) && d.elements[i].tag <= low|0xFF; i++ {
		t := d.elements[i].tag
		if d.Text(t) != creator {
			continue
		}
		block := Tag(group)<<16 | t&0xFF<<8 | Tag(number)
		if d.Has(block) {
			return block // a creator with two blocks: the one that has it
		}
		if first == 0 {
			first = block
		}
	}
	return first
}

// kind is the VR to read an element by: where the file has UN, the dictionary's
// (PS3.5 6.2.2), and of "US or SS" the one that the pixel representation asks
// for.
func (d *DataSet) kind(e *element) vr {
	v := e.vr
	if e.items != nil {
		return vrSQ
	}
	if v == vrUN {
		if k := e.tag.dictVR(); k != vrSQ {
			v = k
		}
	}
	if v != vrXS {
		return v
	}
	for x := d; x != nil; x = x.parent {
		if r := x.find(PixelRepresentation); r != nil {
			if len(r.data) >= 2 && (syntax{big: r.big}).order().Uint16(r.data) == 1 {
				return vrSS
			}
			return vrUS
		}
	}
	return vrUS
}
