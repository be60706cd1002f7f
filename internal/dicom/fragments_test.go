package dicom_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/gdcm"
)

const (
	rle  = "1.2.840.10008.1.2.5"
	jpeg = "1.2.840.10008.1.2.4.70"
	j2k  = "1.2.840.10008.1.2.4.90"
)

// recorder stands in for the decoder: it keeps what it gets and gives back as
// many bytes as a frame has.
type recorder struct {
	got   []gdcm.Frame
	out   []byte
	short int
	err   error
}

func (r *recorder) Decode(_ context.Context, f gdcm.Frame) ([]byte, error) {
	r.got = append(r.got, f)
	if r.out != nil {
		return r.out, r.err
	}
	return make([]byte, f.Rows*f.Cols*f.Samples*f.Allocated/8-r.short), r.err
}

// codestream is one that begins and ends as JPEG does; n tells it apart.
func codestream(n byte, size int) []byte {
	b := append([]byte{0xFF, 0xD8, 0xFF, 0xC3}, bytes.Repeat([]byte{n}, size)...)
	return append(b, 0xFF, 0xD9)
}

func cut(b []byte, at ...int) [][]byte {
	var out [][]byte
	from := 0
	for _, x := range append(at, len(b)) {
		out = append(out, b[from:x])
		from = x
	}
	return out
}

func frames(n int) *dicomtest.Set {
	return dicomtest.New().Image(2, 2, 16, false).Put(dicom.NumberOfFrames, "IS", n)
}

func TestEncapsulated(t *testing.T) {
	a, b := codestream(1, 10), codestream(2, 20)
	for _, c := range []struct {
		name string
		file dicomtest.File
		want [][]byte
	}{
		{"one frame", dicomtest.File{Set: frames(1), Syntax: jpeg, Frames: [][][]byte{{a}}}, [][]byte{a}},
		{"one frame in pieces", dicomtest.File{Set: frames(1), Syntax: jpeg, Frames: [][][]byte{cut(a, 4, 8)}}, [][]byte{a}},
		{"one fragment a frame", dicomtest.File{Set: frames(2), Syntax: jpeg, Frames: [][][]byte{{a}, {b}}}, [][]byte{a, b}},
		{"one fragment a frame, table", dicomtest.File{Set: frames(2), Syntax: jpeg, Frames: [][][]byte{{a}, {b}}, Table: true}, [][]byte{a, b}},
		{"pieces, table", dicomtest.File{Set: frames(2), Syntax: jpeg, Frames: [][][]byte{cut(a, 6), cut(b, 2, 8)}, Table: true}, [][]byte{a, b}},
		{"pieces, told by their marks", dicomtest.File{Set: frames(2), Syntax: jpeg, Frames: [][][]byte{cut(a, 6), cut(b, 4, 8)}}, [][]byte{a, b}},
		{"pieces, told by the marks at their ends", dicomtest.File{Set: frames(2), Syntax: jpeg, Frames: [][][]byte{cut(a, 2, 6), cut(b, 2, 8)}}, [][]byte{a, b}},
		{"RLE in pieces, table", dicomtest.File{Set: frames(2), Syntax: rle, Frames: [][][]byte{cut(a, 6), cut(b, 6)}, Table: true}, [][]byte{a, b}},
		{"no number of frames, but a table", dicomtest.File{Set: frames(0).Delete(dicom.NumberOfFrames), Syntax: jpeg, Frames: [][][]byte{{a}, {b}}, Table: true}, [][]byte{a, b}},
		{"an implicit data set", dicomtest.File{Set: frames(1), Syntax: dicom.ImplicitLittle, Claim: jpeg, Frames: [][][]byte{{a}}}, [][]byte{a}},
		{"an uncompressed transfer syntax by its word", dicomtest.File{Set: frames(1), Claim: dicom.ExplicitLittle, Syntax: jpeg, Frames: [][][]byte{{a}}}, [][]byte{a}},
	} {
		for _, stop := range []bool{false, true} {
			raw := c.file.Bytes()
			d, err := dicom.Options{StopAtPixels: stop}.Read(bytes.NewReader(raw), int64(len(raw)), "test")
			if err != nil {
				t.Error(c.name, err)
				continue
			}
			p, err := d.Pixels()
			if err != nil || p.Frames != len(c.want) {
				t.Errorf("%s: %+v %v", c.name, p, err)
				continue
			}
			for i, want := range c.want {
				r := &recorder{}
				if _, err := d.Frame(t.Context(), i, r); err != nil {
					t.Errorf("%s: %v", c.name, err)
					continue
				}
				f := r.got[0]
				if !bytes.Equal(f.Data, want) || f.Rows != 2 || f.Allocated != 16 || f.Samples != 1 || (f.TransferSyntax != c.file.Syntax && f.TransferSyntax != c.file.Claim && f.TransferSyntax != "1.2.840.10008.1.2.4.57") {
					t.Errorf("%s frame %d: %+v", c.name, i, f)
				}
			}
		}
	}
}

// extended adds an extended table of offsets to a data set.
func extended(s *dicomtest.Set, offsets, lengths []int) *dicomtest.Set {
	return s.Put(dicom.ExtendedOffsetTable, "OV", offsets).Put(dicom.ExtendedOffsetTableLengths, "OV", lengths)
}

func TestExtendedTable(t *testing.T) {
	a, b := []byte{1, 2, 3, 4, 5}, []byte{9, 8, 7, 6}
	for _, c := range []struct {
		offsets, lengths []int
		want             []byte
		notes            int
	}{
		{[]int{0, 14}, []int{5, 4}, a, 0}, // without the byte that pads the fragment
		{[]int{0, 13}, []int{5, 4}, append(slices.Clone(a), 0), 1},
		{[]int{0, 14}, []int{7, 4}, append(slices.Clone(a), 0), 1},
		{[]int{0}, []int{5}, append(slices.Clone(a), 0), 1},
	} {
		d := open(t, dicomtest.File{Set: extended(frames(2), c.offsets, c.lengths), Syntax: j2k, Frames: [][][]byte{{a}, {b}}})
		r := &recorder{}
		if _, err := d.Frame(t.Context(), 0, r); err != nil || !bytes.Equal(r.got[0].Data, c.want) || len(d.Notes) != c.notes {
			t.Errorf("%v: %v %+v %q", c, err, r.got, d.Notes)
		}
	}
}

func TestEncapsulatedRefused(t *testing.T) {
	a := codestream(1, 10)
	plain := bytes.Repeat([]byte{7}, 12)
	for _, c := range []struct {
		name  string
		file  dicomtest.File
		want  string
		whole int // -1: no *Short
	}{
		{"nothing to tell frames by", dicomtest.File{Set: frames(2), Syntax: j2k, Frames: [][][]byte{{plain}, {plain}, {plain}}}, "3 fragments without a table", -1},
		{"RLE with more fragments than frames", dicomtest.File{Set: frames(2), Syntax: rle, Frames: [][][]byte{{plain}, {plain}, {plain}}}, "found 3 fragments, expected 2", -1},
		{"RLE with fewer", dicomtest.File{Set: frames(3), Syntax: rle, Frames: [][][]byte{{plain}, {plain}}}, "2 of 3 frames are whole", 2},
		{"fewer", dicomtest.File{Set: frames(3), Syntax: jpeg, Frames: [][][]byte{{a}, {a}}}, "2 of 3 frames are whole", 2},
		{"none", dicomtest.File{Set: frames(1), Syntax: jpeg, Frames: [][][]byte{}}, "0 of 1 frames are whole", 0},
	} {
		d := open(t, c.file)
		_, err := d.Pixels()
		var s *dicom.Short
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &s) != (c.whole >= 0) {
			t.Errorf("%s: %v", c.name, err)
		}
		if s != nil && s.Whole != c.whole {
			t.Errorf("%s: %d whole", c.name, s.Whole)
		}
	}
	one := dicomtest.File{Set: frames(1), Syntax: jpeg, Frames: [][][]byte{{a}}}
	for name, c := range map[string]struct {
		d    *dicom.File
		dec  dicom.Decoder
		want string
	}{
		"no decoder":        {open(t, one), nil, "a decoder"},
		"fails":             {open(t, one), &recorder{err: errors.New("broken")}, "broken"},
		"too few":           {open(t, one), &recorder{short: 1}, "found 7 bytes decoded of frame 1, expected 8"},
		"RLE, too small":    {open(t, dicomtest.File{Set: frames(1).Put(dicom.Rows, "US", 2000), Syntax: rle, Frames: [][][]byte{{a}}}), &recorder{}, "found 16 bytes of RLE"},
		"12 bits allocated": {open(t, dicomtest.File{Set: frames(1).Put(dicom.BitsAllocated, "US", 12).Put(dicom.BitsStored, "US", 12).Put(dicom.HighBit, "US", 11), Syntax: jpeg, Frames: [][][]byte{{a}}}), &recorder{}, "8, 16 or 32"},
	} {
		if _, err := c.d.Frame(t.Context(), 0, c.dec); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the decoder gives is cut and signed as native pixels are.
func TestDecodedSigned(t *testing.T) {
	s := frames(1).Put(dicom.BitsStored, "US", 12).Put(dicom.HighBit, "US", 11).Put(dicom.PixelRepresentation, "US", 1)
	d := open(t, dicomtest.File{Set: s, Syntax: jpeg, Frames: [][][]byte{{codestream(1, 10)}}})
	got, err := d.Frame(t.Context(), 0, &recorder{out: dicomtest.Words([]uint16{0, 0x7FF, 0x800, 0x0FFF})})
	if err != nil || !slices.Equal(got, []int32{0, 2047, -2048, -1}) {
		t.Error(got, err)
	}
}

// A file that was cut off anywhere in its pixels has exactly those frames that
// are wholly there, with a table and without.
func TestCutOff(t *testing.T) {
	all := [][][]byte{cut(codestream(1, 10), 4), cut(codestream(2, 20), 6, 10), cut(codestream(3, 6), 4)}
	for _, table := range []bool{true, false} {
		raw := dicomtest.File{Set: frames(3), Syntax: jpeg, Frames: all, Table: table}.Bytes()
		at := bytes.Index(raw, []byte{0xE0, 0x7F, 0x10, 0, 'O', 'B'})
		last := -1
		for n := at + 12; n < len(raw); n++ {
			d, err := dicom.Read(bytes.NewReader(raw[:n]), int64(n), "test")
			if err != nil {
				t.Fatalf("%d: %v", n, err)
			}
			_, err = d.Pixels()
			var s *dicom.Short
			whole := 0
			switch {
			case err == nil:
				whole = 3
			case errors.As(err, &s):
				whole = s.Whole
			}
			for i := range whole {
				r := &recorder{}
				if _, err := d.Frame(t.Context(), i, r); err != nil || !bytes.Equal(r.got[0].Data, bytes.Join(all[i], nil)) {
					t.Fatalf("table %v, cut at %d, frame %d: %v", table, n, i, err)
				}
			}
			if whole < last {
				t.Errorf("table %v, cut at %d: %d frames, %d before", table, n, whole, last)
			}
			last = whole
		}
		if last != 3 { // only the delimiter is missing
			t.Errorf("table %v: %d frames at the end", table, last)
		}
	}
}

// A codestream's kind is found where the file does not say it.
func TestSniff(t *testing.T) {
	sof := func(m byte) []byte { return []byte{0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, m, 0, 2} }
	segments := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, 2), 64)
	for uid, b := range map[string][]byte{
		"1.2.840.10008.1.2.4.50": sof(0xC0), "1.2.840.10008.1.2.4.51": sof(0xC1), "1.2.840.10008.1.2.4.57": sof(0xC3), "1.2.840.10008.1.2.4.81": sof(0xF7),
		"1.2.840.10008.1.2.4.91": {0xFF, 0x4F, 0xFF, 0x51, 0, 0}, rle: append(segments, make([]byte, 56)...),
	} {
		d := open(t, dicomtest.File{Set: frames(1), Claim: dicom.ExplicitLittle, Syntax: jpeg, Frames: [][][]byte{{b}}})
		if d.TransferSyntax != uid || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "compressed pixel data under") {
			t.Errorf("%s: %s %q", uid, d.TransferSyntax, d.Notes)
		}
	}
}

// What is left out, or put together, is noted.
func TestFragmentsLeftOver(t *testing.T) {
	plain := []byte{1, 0, 0, 0, 64, 0, 0, 0}
	for _, c := range []struct {
		name string
		file dicomtest.File
		want string
	}{
		{"two fragments of one RLE frame", dicomtest.File{Set: frames(1), Syntax: rle, Frames: [][][]byte{{plain, plain}}}, "2 fragments for 1 frames of RLE"},
		{"a table for more frames", dicomtest.File{Set: frames(1), Syntax: rle, Frames: [][][]byte{{plain}, {plain}}, Table: true}, "a table of offsets for 2 frames where the header says 1"},
	} {
		d := open(t, c.file)
		if _, err := d.Pixels(); err != nil || !strings.Contains(strings.Join(d.Notes, "; "), c.want) {
			t.Errorf("%s: %v, notes %q", c.name, err, d.Notes)
		}
	}
}
