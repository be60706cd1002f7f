package dicom

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Element is one element of a Set. Value is a []byte, which is written as it
// stands, []uint16, []any of strings, integers, floats and tags, a []*Set, or
// Encapsulated.
type Element struct {
	Tag   Tag
	VR    string
	Value any
}

// Encapsulated is pixel data of undefined length as they stand (PS3.5 A.4): the
// items with the offset table and the fragments, and the delimiter.
type Encapsulated []byte

// Set is a data set that is put together to be written, or an item of one; what
// was read is a DataSet. Its elements are in the order of their tags.
//
//	s := dicom.NewSet().Put(dicom.PatientID, "LO", "4711")
//	s.Seq(dicom.PixelMeasuresSequence, dicom.NewSet().Put(dicom.PixelSpacing, "DS", 0.5, 0.5))
//	err := dicom.WriteFile(path, s, dicom.ExplicitLittle)
type Set struct{ Elements []Element }

// NewSet is an empty Set.
func NewSet() *Set { return &Set{} }

// Put sets an element: text for textual VRs (numbers are formatted), numbers for
// binary ones, one []byte for raw bytes, one []uint16 for many words, nothing for
// an empty element. It replaces what was there, and returns s.
func (s *Set) Put(t Tag, vr string, values ...any) *Set {
	e := Element{Tag: t, VR: vr, Value: values}
	if len(values) == 1 {
		switch v := values[0].(type) {
		case []byte, []uint16, Encapsulated:
			e.Value = v
		case []float64:
			e.Value = list(v)
		case []int:
			e.Value = list(v)
		case []string:
			e.Value = list(v)
		}
	}
	return s.put(e)
}

func list[T any](v []T) []any {
	out := make([]any, len(v))
	for i, x := range v {
		out[i] = x
	}
	return out
}

// Seq sets a sequence.
func (s *Set) Seq(t Tag, items ...*Set) *Set {
	return s.put(Element{Tag: t, VR: "SQ", Value: items})
}

// Private sets a vendor's element, and its creator where the block has none yet
// (PS3.5 7.8.1).
func (s *Set) Private(group uint16, creator string, number byte, vr string, values ...any) *Set {
	return s.Put(s.block(group, creator)|Tag(number), vr, values...)
}

// PrivateSeq is Private for a sequence.
func (s *Set) PrivateSeq(group uint16, creator string, number byte, items ...*Set) *Set {
	return s.Seq(s.block(group, creator)|Tag(number), items...)
}

func (s *Set) block(group uint16, creator string) Tag {
	g := Tag(group) << 16
	for b := Tag(0x10); ; b++ {
		e := s.Get(g | b)
		if e == nil {
			s.Put(g|b, "LO", creator)
			return g | b<<8
		}
		if v, ok := e.Value.([]any); ok && len(v) == 1 && v[0] == creator {
			return g | b<<8
		}
	}
}

// Image sets the elements that describe monochrome pixel data (PS3.3 C.7.6.3):
// all allocated bits are stored.
func (s *Set) Image(rows, cols, bits int, signed bool) *Set {
	pr := 0
	if signed {
		pr = 1
	}
	return s.Put(SamplesPerPixel, "US", 1).
		Put(PhotometricInterpretation, "CS", "MONOCHROME2").
		Put(Rows, "US", rows).
		Put(Columns, "US", cols).
		Put(BitsAllocated, "US", bits).
		Put(BitsStored, "US", bits).
		Put(HighBit, "US", bits-1).
		Put(PixelRepresentation, "US", pr)
}

// Get is the element, nil where there is none.
func (s *Set) Get(t Tag) *Element {
	for i := range s.Elements {
		if s.Elements[i].Tag == t {
			return &s.Elements[i]
		}
	}
	return nil
}

// Text is the values of an element as text, joined by \; "" where it is absent.
func (s *Set) Text(t Tag) string {
	if e := s.Get(t); e != nil {
		if v, ok := e.Value.([]any); ok {
			return joined(v)
		}
	}
	return ""
}

// Delete takes an element out.
func (s *Set) Delete(t Tag) *Set {
	s.Elements = slices.DeleteFunc(s.Elements, func(e Element) bool { return e.Tag == t })
	return s
}

// Clone is a copy that may be changed by itself; values are shared.
func (s *Set) Clone() *Set {
	c := &Set{Elements: slices.Clone(s.Elements)}
	for i, e := range c.Elements {
		if items, ok := e.Value.([]*Set); ok {
			copies := make([]*Set, len(items))
			for k, x := range items {
				copies[k] = x.Clone()
			}
			c.Elements[i].Value = copies
		}
	}
	return c
}

func (s *Set) put(e Element) *Set {
	at, found := slices.BinarySearchFunc(s.Elements, e.Tag, func(x Element, t Tag) int { return cmp.Compare(x.Tag, t) })
	if found {
		s.Elements[at] = e
		return s
	}
	s.Elements = slices.Insert(s.Elements, at, e)
	return s
}

// asText is how a value stands in a textual VR; floats in at most 16 characters,
// as DS asks for (PS3.5 6.2).
func asText(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case float64:
		for p := 16; ; p-- {
			if s := strconv.FormatFloat(x, 'g', p, 64); len(s) <= 16 {
				return s
			}
		}
	case Tag:
		return x.String()
	}
	return fmt.Sprint(v)
}

func joined(values []any) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = asText(v)
	}
	return strings.Join(parts, `\`)
}

// Words is 16-bit samples as the bytes of a little-endian file.
func Words[T int16 | uint16](v []T) []byte {
	b := make([]byte, 0, 2*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint16(b, uint16(x))
	}
	return b
}
