package dicomtest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"os"

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

// Bytes is the file. What no file can have, a value of a type that dicom.Element
// does not name, is the test's mistake: it panics.
func (f File) Bytes() []byte {
	f.Syntax = cmp.Or(f.Syntax, dicom.ExplicitLittle)
	f.Claim = cmp.Or(f.Claim, f.Syntax)
	body := f.body()
	if f.NoMeta {
		return body
	}
	meta := New().Put(0x00020001, "OB", []byte{0, 1}).
		Put(dicom.MediaStorageSOPClassUID, "UI", cmp.Or(f.Set.Text(dicom.SOPClassUID), "1.2.840.10008.5.1.4.1.1.4")).
		Put(dicom.MediaStorageSOPInstanceUID, "UI", cmp.Or(f.Set.Text(dicom.SOPInstanceUID), "1.2.3")).
		Put(dicom.TransferSyntaxUID, "UI", f.Claim).
		Put(0x00020012, "UI", "1.2.826.0.1.3680043.9.7133.1")
	head := must(dicom.Preamble(meta))
	if f.NoPreamble {
		head = head[128+len("DICM"):]
	}
	return append(head, body...)
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func (f File) body() []byte {
	s := f.Set
	if f.Frames != nil {
		s = s.Clone().Put(dicom.PixelData, "OB", f.fragments())
	}
	b := must(dicom.Encoding{Syntax: f.Syntax, Undefined: f.Undefined}.Encode(s))
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

func (f File) fragments() dicom.Encapsulated {
	le := binary.LittleEndian
	item := func(b []byte, n int) []byte {
		return le.AppendUint32(le.AppendUint32(b, 0xE000FFFE), uint32(n))
	}
	var table, b []byte
	for _, frame := range f.Frames {
		table = le.AppendUint32(table, uint32(len(b)))
		for _, x := range frame {
			b = append(item(b, len(x)+len(x)%2), x...)
			b = append(b, make([]byte, len(x)%2)...)
		}
	}
	if !f.Table {
		table = nil
	}
	out := append(item(nil, len(table)), table...)
	out = append(out, b...)
	return le.AppendUint32(le.AppendUint32(out, 0xE0DDFFFE), 0)
}
