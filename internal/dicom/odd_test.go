package dicom_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

// What is written here by hand stands in explicit VR little endian, unless its
// name says otherwise.

func el(t dicom.Tag, vr, value string) []byte {
	b := binary.LittleEndian.AppendUint16(nil, t.Group())
	b = binary.LittleEndian.AppendUint16(b, t.Element())
	b = append(b, vr...)
	if strings.Contains("OB OW SQ UN UT", vr) {
		b = binary.LittleEndian.AppendUint32(append(b, 0, 0), uint32(len(value)))
	} else {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	}
	return append(b, value...)
}

// raw is an implicit element, or an item, with the length that is asked for.
func raw(t dicom.Tag, length uint32, value string) []byte {
	b := binary.LittleEndian.AppendUint16(nil, t.Group())
	b = binary.LittleEndian.AppendUint16(b, t.Element())
	return append(binary.LittleEndian.AppendUint32(b, length), value...)
}

const (
	item    = 0xFFFEE000
	itemEnd = 0xFFFEE00D
	seqEnd  = 0xFFFEE0DD
	open32  = 0xFFFFFFFF
)

// part10 is a file with that transfer syntax and body.
func part10(syntax string, body ...[]byte) []byte {
	return append(dicomtest.File{Set: dicomtest.New(), Syntax: dicom.ExplicitLittle, Claim: syntax}.Bytes(), bytes.Join(body, nil)...)
}

var (
	first  = el(dicom.ImageType, "CS", "ORIGINAL")
	second = el(dicom.Modality, "CS", "MR")
	last   = el(dicom.ProtocolName, "LO", "last")
)

// Each of these is read to its last element, and its oddity noted.
func TestTolerated(t *testing.T) {
	seq := func(length uint32) []byte {
		return binary.LittleEndian.AppendUint32([]byte{8, 0, 0x40, 0x11, 'S', 'Q', 0, 0}, length)
	}
	uid := string(el(dicom.ReferencedSOPInstanceUID, "UI", "1.2\x00"))
	for _, c := range []struct {
		name  string
		bytes []byte
		note  string
	}{
		{"nothing odd", part10(dicom.ExplicitLittle, first, second, last), ""},
		{"the later of two counts", part10(dicom.ExplicitLittle, first, el(dicom.ProtocolName, "LO", "first"), last), "element twice"},
		{"order", part10(dicom.ExplicitLittle, first, last, second), "out of order"},
		{"odd length", part10(dicom.ExplicitLittle, first, el(dicom.Modality, "CS", "MRI"), last), "odd length"},
		{"zeros at the end", part10(dicom.ExplicitLittle, first, second, last, make([]byte, 500)), "padding"},
		{"a line's end", part10(dicom.ExplicitLittle, first, second, last, []byte("\r\n")), "padding"},
		{"no preamble", part10(dicom.ExplicitLittle, first, second, last)[132:], "no preamble"},
		{"no DICM", append(make([]byte, 132), bytes.Join([][]byte{first, second, last}, nil)...), "no meta information"},
		{"VR that is none yet", part10(dicom.ExplicitLittle, first, append([]byte{0x08, 0, 0x60, 0, 'Z', 'Z', 0, 0, 2, 0, 0, 0}, "MR"...), last), ""},
		{"short VR that is none", part10(dicom.ExplicitLittle, first, append([]byte{0x08, 0, 0x60, 0, '?', '?', 2, 0}, "MR"...), last), ""},
		{"VR of blanks", part10(dicom.ExplicitLittle, first, append([]byte{0x08, 0, 0x60, 0, ' ', ' ', 2, 0}, "MR"...), last), ""},
		{"implicit among explicit", part10(dicom.ExplicitLittle, first, raw(dicom.Modality, 2, "MR"), last), "other kind of VR"},
		{"explicit among implicit", part10(dicom.ImplicitLittle, raw(dicom.ImageType, 8, "ORIGINAL"), el(dicom.Modality, "CS", "MR"), raw(dicom.ProtocolName, 4, "last")), "other kind of VR"},
		{"delimiter of nothing", part10(dicom.ExplicitLittle, first, second, raw(itemEnd, 0, ""), last), "delimiter of nothing"},
		{"item without delimiter", part10(dicom.ExplicitLittle, first, seq(open32), raw(item, open32, uid), raw(item, open32, uid), raw(seqEnd, 0, ""), last), "item without its delimiter"},
		{"sequence without delimiter", part10(dicom.ExplicitLittle, first, seq(open32), raw(item, uint32(len(uid)), uid), last), "sequence without its delimiter"},
		{"bytes after the last item", part10(dicom.ExplicitLittle, first, seq(uint32(len(uid))+12), raw(item, uint32(len(uid)), uid), make([]byte, 4), last), "bytes after a sequence"},
		{"sequence as UN, undefined", part10(dicom.ExplicitLittle, first, []byte{8, 0, 0x40, 0x11, 'U', 'N', 0, 0, 255, 255, 255, 255}, raw(item, 12, string(raw(dicom.ReferencedSOPInstanceUID, 4, "1.2\x00"))), raw(seqEnd, 0, ""), last), ""},
		{"sequence as UN, implicit", part10(dicom.ExplicitLittle, first, el(dicom.ReferencedImageSequence, "UN", string(raw(item, 12, string(raw(dicom.ReferencedSOPInstanceUID, 4, "1.2\x00"))))), last), ""},
		{"sequence as UN, explicit", part10(dicom.ExplicitLittle, first, el(dicom.ReferencedImageSequence, "UN", string(raw(item, uint32(len(uid)), uid))), last), ""},
		{"sequence under another VR", part10(dicom.ExplicitLittle, first, []byte{8, 0, 0x40, 0x11, 'O', 'B', 0, 0, 255, 255, 255, 255}, raw(item, uint32(len(uid)), uid), raw(seqEnd, 0, ""), last), "another VR"},
		{"unknown character set", part10(dicom.ExplicitLittle, el(dicom.SpecificCharacterSet, "CS", "KLINGON "), first, last), "unknown character set"},
		{"no length of the meta information", slices.Delete(part10(dicom.ExplicitLittle, first, last), 132, 144), "no length of the meta information"},
		{"bytes after the pixels", part10(dicom.ExplicitLittle, first, last, el(dicom.PixelData, "OB", "\x01\x02"), []byte("garbage, garbage")), "after the pixel data"},
	} {
		f, err := read(c.bytes)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		notes := strings.Join(f.Notes, "; ")
		if f.Text(dicom.ProtocolName) != "last" || (c.note == "") != (notes == "") || !strings.Contains(notes, c.note) {
			t.Errorf("%s: %q, notes %q", c.name, f.Text(dicom.ProtocolName), notes)
		}
		if f.Has(dicom.Modality) && f.Text(dicom.Modality) != "MR" && f.Text(dicom.Modality) != "MRI" {
			t.Errorf("%s: modality %q", c.name, f.Text(dicom.Modality))
		}
		for _, it := range f.Items(dicom.ReferencedImageSequence) {
			if it.Text(dicom.ReferencedSOPInstanceUID) != "1.2" {
				t.Errorf("%s: %s", c.name, show(it))
			}
		}
		if f.Has(dicom.ReferencedImageSequence) && len(f.Items(dicom.ReferencedImageSequence)) == 0 {
			t.Errorf("%s: no items", c.name)
		}
	}
}

// Whatever the meta information claims, what is there is read.
func TestWrongSyntax(t *testing.T) {
	claims := append(slices.Clone(syntaxes), "", "1.2.3.4", "1.2.840.10008.1.2.4.90")
	for _, actual := range syntaxes {
		for _, claim := range claims {
			if claim == dicom.GEBigPixels {
				continue
			}
			b := dicomtest.File{Set: sample(), Syntax: actual, Claim: claim}.Bytes()
			if claim == "" {
				i := bytes.Index(b, []byte{2, 0, 0x10, 0, 'U', 'I'})
				b = slices.Delete(b, i, i+8+int(b[i+6]))
			}
			f, err := read(b)
			if err != nil {
				t.Errorf("%s as %q: %v", actual, claim, err)
				continue
			}
			if f.TransferSyntax != actual {
				t.Errorf("%s as %q: %s", actual, claim, f.TransferSyntax)
			}
			if (len(f.Notes) > 0) != (claim != actual) {
				t.Errorf("%s as %q: %q", actual, claim, f.Notes)
			}
			if got := frame(t, f, 0); !slices.Equal(got, []int32{1, 2, 3, 4, 5, 65535}) {
				t.Errorf("%s as %q: %v", actual, claim, got)
			}
		}
	}
}

// A zlib stream where a raw one is due.
func TestZlib(t *testing.T) {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(slices.Concat(first, second, last))
	z.Close()
	f, err := read(part10(dicom.Deflated, b.Bytes()))
	if err != nil || f.Text(dicom.ProtocolName) != "last" || len(f.Notes) != 1 {
		t.Errorf("%v", err)
	}
}

func TestRefused(t *testing.T) {
	seq := []byte{8, 0, 0x40, 0x11, 'S', 'Q', 0, 0, 255, 255, 255, 255}
	whole := part10(dicom.ExplicitLittle, first, second, last)
	deflated := dicomtest.File{Set: sample(), Syntax: dicom.Deflated}.Bytes()
	for _, c := range []struct {
		name  string
		bytes []byte
		want  string
	}{
		{"cut off in a value", whole[:len(whole)-1], "(0018,1030) ProtocolName at byte"},
		{"cut off in a header", part10(dicom.ExplicitLittle, first, second, last[:5]), "found 5 bytes, expected an element"},
		{"cut off after the meta information", part10(dicom.ExplicitLittle), "expected a data set"},
		{"cut off in the meta information", whole[:150], "found 6 bytes, expected an element"},
		{"cut off in a sequence", part10(dicom.ExplicitLittle, first, seq, raw(item, open32, "")), "the end of the file in an item"},
		{"cut off before an item", part10(dicom.ExplicitLittle, first, seq), "(0008,1140) ReferencedImageSequence at byte"},
		{"cut off while deflated", deflated[:len(deflated)-40], "deflated data set that is cut off or damaged"},
		{"item longer than its sequence", part10(dicom.ExplicitLittle, first, el(dicom.ReferencedImageSequence, "SQ", string(raw(item, 100, ""))), last), "found a length of 100 where 0 bytes are left"},
		{"no item", part10(dicom.ExplicitLittle, first, el(dicom.ReferencedImageSequence, "SQ", string(first)), last), "expected an item"},
		{"a length far beyond the file", part10(dicom.ExplicitLittle, first, []byte{8, 0, 0x41, 0x11, 'U', 'N', 0, 0, 0xFE, 255, 255, 255}), "found a length of 4294967294 where 0 bytes are left"},
		{"text of undefined length", part10(dicom.ExplicitLittle, first, []byte{8, 0, 0x41, 0x11, 'U', 'T', 0, 0, 255, 255, 255, 255}, last), "undefined length in VR UT"},
		{"an item of nothing", part10(dicom.ExplicitLittle, first, raw(item, 0, ""), last), "an item outside a sequence"},
		{"a picture", append([]byte("\xFF\xD8\xFF\xE0\x00\x10JFIF"), make([]byte, 300)...), "not a DICOM file"},
		{"text", bytes.Repeat([]byte("patient,class\n"), 50), "not a DICOM file"},
		{"zeros", make([]byte, 1000), "not a DICOM file"},
	} {
		_, err := read(c.bytes)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "test: ") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestBounds(t *testing.T) {
	deep := func(n int) []byte {
		seq := []byte{8, 0, 0x40, 0x11, 'S', 'Q', 0, 0, 255, 255, 255, 255}
		b := slices.Clone(first)
		for range n {
			b = append(append(b, seq...), raw(item, open32, "")...)
		}
		for range n {
			b = append(append(b, raw(itemEnd, 0, "")...), raw(seqEnd, 0, "")...)
		}
		return b
	}
	many := slices.Concat(first, bytes.Repeat(el(0x00091010, "SH", ""), 1000))
	for _, c := range []struct {
		name  string
		opt   dicom.Options
		bytes []byte
		want  string // "" where it is read
	}{
		{"64 deep", dicom.Options{}, part10(dicom.ExplicitLittle, deep(64)), ""},
		{"65 deep", dicom.Options{}, part10(dicom.ExplicitLittle, deep(65)), "nested more than 64 deep"},
		{"100,000 deep", dicom.Options{}, part10(dicom.ExplicitLittle, deep(100_000)), "nested more than 64 deep"},
		{"elements", dicom.Options{MaxElements: 1007}, part10(dicom.ExplicitLittle, many), ""},
		{"too many elements", dicom.Options{MaxElements: 1000}, part10(dicom.ExplicitLittle, many), "more than 1000 elements"},
		{"inflates too far", dicom.Options{MaxInflated: 1000}, dicomtest.File{Set: dicomtest.MR(100, 100, make([]uint16, 10000)), Syntax: dicom.Deflated}.Bytes(), "more than 1000 bytes when inflated"},
	} {
		_, err := c.opt.Read(bytes.NewReader(c.bytes), int64(len(c.bytes)), "test")
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
