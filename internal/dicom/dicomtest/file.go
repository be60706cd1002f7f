package dicomtest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/klauspost/compress/flate"

	"magn/internal/dicom"
)

// File is a Set with what stands around it.
type File struct {
	Set    *Set
	Syntax string // transfer syntax UID; dicom.ExplicitLittle where ""

	Claim      string // transfer syntax that the meta information names; Syntax where ""
	NoPreamble bool   // begin with the meta information
	NoMeta     bool   // begin with the data set
	Undefined  bool   // sequences and items of undefined length

	// Frames, where there are any, are encapsulated pixel data: of each frame the
	// fragments.
	Frames [][][]byte
	Table  bool // with a basic offset table
}

// Write writes the file.
func (f File) Write(path string) error { return os.WriteFile(path, f.Bytes(), 0o644) }

// Bytes is the file.
func (f File) Bytes() []byte {
	if f.Syntax == "" {
		f.Syntax = dicom.ExplicitLittle
	}
	if f.Claim == "" {
		f.Claim = f.Syntax
	}
	body := f.body()
	if f.NoMeta {
		return body
	}
	var out bytes.Buffer
	if !f.NoPreamble {
		out.Write(make([]byte, 128))
		out.WriteString("DICM")
	}
	class, instance := "1.2.840.10008.5.1.4.1.1.4", "1.2.3"
	if e := f.Set.Get(dicom.SOPClassUID); e != nil {
		class = joined(e.Value.([]any))
	}
	if e := f.Set.Get(dicom.SOPInstanceUID); e != nil {
		instance = joined(e.Value.([]any))
	}
	w := writer{explicit: true, order: binary.LittleEndian}
	meta := w.set(New().Put(0x00020001, "OB", []byte{0, 1}).Put(dicom.MediaStorageSOPClassUID, "UI", class).
		Put(dicom.MediaStorageSOPInstanceUID, "UI", instance).Put(dicom.TransferSyntaxUID, "UI", f.Claim).
		Put(0x00020012, "UI", "1.2.826.0.1.3680043.9.7133.1"))
	out.Write(w.set(New().Put(0x00020000, "UL", len(meta))))
	out.Write(meta)
	out.Write(body)
	return out.Bytes()
}

func (f File) body() []byte {
	w := writer{explicit: true, order: binary.LittleEndian, undefined: f.Undefined, table: f.Table}
	switch f.Syntax {
	case dicom.ImplicitLittle, dicom.GEBigPixels:
		w.explicit = false
	case dicom.ExplicitBig:
		w.order = binary.BigEndian
	}
	s := f.Set
	if f.Frames != nil {
		s = s.Clone().put(Element{dicom.PixelData, "OB", capsule(f.Frames)})
	}
	b := w.set(s)
	if f.Syntax != dicom.Deflated {
		return b
	}
	var out bytes.Buffer
	z, _ := flate.NewWriter(&out, 6) // a level that exists: no error
	z.Write(b)
	z.Close()
	if out.Len()%2 == 1 {
		out.WriteByte(0)
	}
	return out.Bytes()
}

// capsule is encapsulated pixel data: of each frame the fragments.
type capsule [][][]byte

// writer turns sets into bytes.
type writer struct {
	explicit  bool
	undefined bool
	table     bool // of offsets, in encapsulated pixel data
	order     binary.ByteOrder
}

func (w writer) u16(b *bytes.Buffer, v uint16) {
	var x [2]byte
	w.order.PutUint16(x[:], v)
	b.Write(x[:])
}

func (w writer) u32(b *bytes.Buffer, v uint32) {
	var x [4]byte
	w.order.PutUint32(x[:], v)
	b.Write(x[:])
}

func (w writer) u64(b *bytes.Buffer, v uint64) {
	var x [8]byte
	w.order.PutUint64(x[:], v)
	b.Write(x[:])
}

func (w writer) tag(b *bytes.Buffer, t dicom.Tag) {
	w.u16(b, t.Group())
	w.u16(b, t.Element())
}

func (w writer) set(s *Set) []byte {
	var b bytes.Buffer
	for _, e := range s.Elements {
		w.tag(&b, e.Tag)
		value, undefined := w.value(e)
		n := uint32(len(value))
		if undefined {
			n = 0xFFFFFFFF
		}
		switch {
		case !w.explicit:
			w.u32(&b, n)
		case strings.Contains("OB OD OF OL OV OW SQ SV UC UN UR UT UV", e.VR):
			b.WriteString(e.VR)
			w.u16(&b, 0)
			w.u32(&b, n)
		default:
			b.WriteString(e.VR)
			w.u16(&b, uint16(n))
		}
		b.Write(value)
	}
	return b.Bytes()
}

func (w writer) value(e Element) (value []byte, undefined bool) {
	var b bytes.Buffer
	switch v := e.Value.(type) {
	case []byte:
		b.Write(v)
	case []uint16:
		words := make([]byte, 2*len(v))
		for i, x := range v {
			w.order.PutUint16(words[2*i:], x)
		}
		return words, false
	case capsule:
		return w.fragments(v), true
	case []*Set:
		for _, item := range v {
			x := w.set(item)
			w.tag(&b, 0xFFFEE000)
			if !w.undefined {
				w.u32(&b, uint32(len(x)))
				b.Write(x)
				continue
			}
			w.u32(&b, 0xFFFFFFFF)
			b.Write(x)
			w.tag(&b, 0xFFFEE00D)
			w.u32(&b, 0)
		}
		if w.undefined {
			w.tag(&b, 0xFFFEE0DD)
			w.u32(&b, 0)
			return b.Bytes(), true
		}
	case []any:
		if !w.binary(&b, e.VR, v) {
			b.WriteString(joined(v))
			if b.Len()%2 == 1 {
				pad := byte(' ')
				if e.VR == "UI" {
					pad = 0
				}
				b.WriteByte(pad)
			}
		}
	default:
		panic(fmt.Sprintf("dicomtest: %s: %T", e.Tag, e.Value))
	}
	return b.Bytes(), false
}

// binary writes numbers; not ok for a textual VR.
func (w writer) binary(b *bytes.Buffer, vr string, values []any) bool {
	for _, v := range values {
		if t, ok := v.(dicom.Tag); ok && vr == "AT" {
			w.tag(b, t)
			continue
		}
		x, isNumber := number(v)
		if !isNumber {
			return false
		}
		switch vr {
		case "US", "SS", "OW":
			w.u16(b, uint16(int64(x)))
		case "UL", "SL", "OL":
			w.u32(b, uint32(int64(x)))
		case "AT":
			w.tag(b, dicom.Tag(int64(x)))
		case "FL", "OF":
			w.u32(b, math.Float32bits(float32(x)))
		case "FD", "OD":
			w.u64(b, math.Float64bits(x))
		case "UV", "SV", "OV":
			w.u64(b, uint64(int64(x)))
		default:
			return false
		}
	}
	return len(values) > 0
}

func number(v any) (float64, bool) {
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

func (w writer) fragments(c capsule) []byte {
	var table, b bytes.Buffer
	for _, frame := range c {
		w.u32(&table, uint32(b.Len()))
		for _, x := range frame {
			w.tag(&b, 0xFFFEE000)
			w.u32(&b, uint32(len(x)+len(x)%2))
			b.Write(x)
			b.Write(make([]byte, len(x)%2))
		}
	}
	var out bytes.Buffer
	w.tag(&out, 0xFFFEE000)
	if w.table {
		w.u32(&out, uint32(table.Len()))
		out.Write(table.Bytes())
	} else {
		w.u32(&out, 0)
	}
	out.Write(b.Bytes())
	w.tag(&out, 0xFFFEE0DD)
	w.u32(&out, 0)
	return out.Bytes()
}
