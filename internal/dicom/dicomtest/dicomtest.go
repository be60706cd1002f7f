// Package dicomtest writes DICOM files for tests: small ones, of any encoding,
// and wrong ones where a test wants that. It checks nothing.
//
// A Set is the elements of a data set, an Item the same in a sequence. A File
// puts a Set into bytes.
//
//	s := dicomtest.MR(2, 2, []uint16{1, 2, 3, 4})
//	s.Put(dicom.SeriesDescription, "LO", "t1 sag")
//	s.Seq(dicom.PixelMeasuresSequence, dicomtest.New().Put(dicom.PixelSpacing, "DS", 0.5, 0.5))
//	err := dicomtest.File{Set: s, Syntax: dicom.ImplicitLittle}.Write(path)
package dicomtest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"magn/internal/dicom"
)

// Element is one element. Value is a []byte, which is written as it stands (and
// as it stands also where the file is big endian), []uint16, []any of strings,
// integers and floats, or a []*Set.
type Element struct {
	Tag   dicom.Tag
	VR    string
	Value any
}

// Set is a data set, or an item.
type Set struct{ Elements []Element }

// New is an empty Set.
func New() *Set { return &Set{} }

// Put sets an element: text for textual VRs (numbers are formatted), numbers for
// binary ones, one []byte for raw bytes, one []uint16 for many words, nothing for
// an empty element. It replaces what was there, and returns s.
func (s *Set) Put(t dicom.Tag, vr string, values ...any) *Set {
	e := Element{Tag: t, VR: vr, Value: values}
	if len(values) == 1 {
		switch v := values[0].(type) {
		case []byte, []uint16:
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
func (s *Set) Seq(t dicom.Tag, items ...*Set) *Set {
	return s.put(Element{Tag: t, VR: "SQ", Value: items})
}

// Private sets a vendor's element, and its creator where the block has none yet.
func (s *Set) Private(group uint16, creator string, number byte, vr string, values ...any) *Set {
	return s.Put(s.block(group, creator)|dicom.Tag(number), vr, values...)
}

// PrivateSeq is Private for a sequence.
func (s *Set) PrivateSeq(group uint16, creator string, number byte, items ...*Set) *Set {
	return s.Seq(s.block(group, creator)|dicom.Tag(number), items...)
}

func (s *Set) block(group uint16, creator string) dicom.Tag {
	g := dicom.Tag(group) << 16
	for b := dicom.Tag(0x10); ; b++ {
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

// Get is the element, nil where there is none.
func (s *Set) Get(t dicom.Tag) *Element {
	for i := range s.Elements {
		if s.Elements[i].Tag == t {
			return &s.Elements[i]
		}
	}
	return nil
}

// Delete takes an element out.
func (s *Set) Delete(t dicom.Tag) *Set {
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
	if old := s.Get(e.Tag); old != nil {
		*old = e
		return s
	}
	s.Elements = append(s.Elements, e)
	slices.SortStableFunc(s.Elements, func(a, b Element) int { return cmp.Compare(a.Tag, b.Tag) })
	return s
}

// text is how a value stands in a textual VR; floats in at most 16 characters,
// as DS asks for (PS3.5 6.2).
func text(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case float64:
		for p := 16; ; p-- {
			if s := strconv.FormatFloat(x, 'g', p, 64); len(s) <= 16 {
				return s
			}
		}
	case dicom.Tag:
		return x.String()
	}
	return fmt.Sprint(v)
}

func joined(values []any) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = text(v)
	}
	return strings.Join(parts, `\`)
}
