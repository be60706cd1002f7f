package dicom

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Encoding says how a Set stands in bytes.
type Encoding struct {
	Syntax    string // transfer syntax UID: whether VRs are explicit, and the byte order
	Undefined bool   // sequences and items of undefined length
}

// Encode is the set in bytes. It checks no more than that values can be written:
// WriteFile asks for the standard's rules.
func (e Encoding) Encode(s *Set) ([]byte, error) {
	x := syntaxOf(e.Syntax)
	w := encoder{explicit: x.explicit, order: binary.LittleEndian, undefined: e.Undefined}
	if x.big {
		w.order = binary.BigEndian
	}
	return w.set(nil, s)
}

// encoder appends sets to bytes.
type encoder struct {
	explicit  bool
	undefined bool
	order     binary.AppendByteOrder
}

const undefinedLength = 0xFFFFFFFF

func (w encoder) tag(b []byte, t Tag) []byte {
	return w.order.AppendUint16(w.order.AppendUint16(b, t.Group()), t.Element())
}

func (w encoder) set(b []byte, s *Set) ([]byte, error) {
	for _, e := range s.Elements {
		value, undefined, err := w.value(e)
		if err != nil {
			return nil, err
		}
		n := uint32(len(value))
		switch {
		case int64(len(value)) >= undefinedLength:
			return nil, fmt.Errorf("%s: %d bytes: a value may have 4 GiB", e.Tag, len(value))
		case undefined:
			n = undefinedLength
		}
		b = w.tag(b, e.Tag)
		switch {
		case !w.explicit:
			b = w.order.AppendUint32(b, n)
		case len(e.VR) != 2:
			return nil, fmt.Errorf("%s: VR %q", e.Tag, e.VR)
		case vrOf(e.VR).long():
			b = append(append(b, e.VR...), 0, 0)
			b = w.order.AppendUint32(b, n)
		case n > math.MaxUint16:
			return nil, fmt.Errorf("%s: %d bytes: %s has at most 65535 in explicit VR", e.Tag, n, e.VR)
		default:
			b = w.order.AppendUint16(append(b, e.VR...), uint16(n))
		}
		b = append(b, value...)
	}
	return b, nil
}

func (w encoder) value(e Element) (b []byte, undefined bool, err error) {
	switch v := e.Value.(type) {
	case []byte:
		return v, false, nil
	case Encapsulated:
		return v, true, nil
	case []uint16:
		b = make([]byte, 0, 2*len(v))
		for _, x := range v {
			b = w.order.AppendUint16(b, x)
		}
		return b, false, nil
	case []*Set:
		return w.items(v)
	case []any:
		if b, ok := w.binary(e.VR, v); ok {
			return b, false, nil
		}
		b = append(b, joined(v)...)
		if len(b)%2 == 1 {
			pad := byte(' ')
			if e.VR == "UI" {
				pad = 0
			}
			b = append(b, pad)
		}
		return b, false, nil
	}
	return nil, false, fmt.Errorf("%s: a value of type %T cannot be written", e.Tag, e.Value)
}

func (w encoder) items(list []*Set) (b []byte, undefined bool, err error) {
	for _, item := range list {
		x, err := w.set(nil, item)
		if err != nil {
			return nil, false, err
		}
		b = w.tag(b, tagItem)
		if !w.undefined {
			b = append(w.order.AppendUint32(b, uint32(len(x))), x...)
			continue
		}
		b = append(w.order.AppendUint32(b, undefinedLength), x...)
		b = w.order.AppendUint32(w.tag(b, tagItemEnd), 0)
	}
	if w.undefined {
		b = w.order.AppendUint32(w.tag(b, tagSeqEnd), 0)
	}
	return b, w.undefined, nil
}

// binary writes numbers; not ok for a textual VR.
func (w encoder) binary(vr string, values []any) (b []byte, ok bool) {
	for _, v := range values {
		if t, isTag := v.(Tag); isTag && vr == "AT" {
			b = w.tag(b, t)
			continue
		}
		x, isNumber := asNumber(v)
		if !isNumber {
			return nil, false
		}
		switch vr {
		case "US", "SS", "OW":
			b = w.order.AppendUint16(b, uint16(int64(x)))
		case "UL", "SL", "OL":
			b = w.order.AppendUint32(b, uint32(int64(x)))
		case "AT":
			b = w.tag(b, Tag(int64(x)))
		case "FL", "OF":
			b = w.order.AppendUint32(b, math.Float32bits(float32(x)))
		case "FD", "OD":
			b = w.order.AppendUint64(b, math.Float64bits(x))
		case "UV", "SV", "OV":
			b = w.order.AppendUint64(b, uint64(int64(x)))
		default:
			return nil, false
		}
	}
	return b, len(values) > 0
}

func asNumber(v any) (float64, bool) {
	switch x := v.(type) {
	case int:
		return float64(x), true
	case int32:
		return float64(x), true
	case uint16:
		return float64(x), true
	case uint32:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}
