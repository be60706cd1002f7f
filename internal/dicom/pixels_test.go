package dicom_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

func open(t rapid.TB, f dicomtest.File) *dicom.File {
	t.Helper()
	b := f.Bytes()
	d, err := dicom.Read(bytes.NewReader(b), int64(len(b)), "test")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func frame(t testing.TB, d *dicom.File, i int) []int32 {
	t.Helper()
	px, err := d.Frame(t.Context(), i, nil)
	if err != nil {
		t.Fatal(err)
	}
	return px
}

// image is a data set of one sample a pixel.
func image(rows, cols, alloc, stored, high int, signed bool, vr string, pixels []byte) *dicomtest.Set {
	return dicomtest.New().Image(rows, cols, alloc, signed).
		Put(dicom.BitsStored, "US", stored).Put(dicom.HighBit, "US", high).Put(dicom.PixelData, vr, pixels)
}

func TestNative(t *testing.T) {
	for _, c := range []struct {
		name string
		f    dicomtest.File
		want [][]int32
	}{
		{"8 bit", dicomtest.File{Set: image(1, 3, 8, 8, 7, false, "OB", []byte{0, 128, 255, 0})}, [][]int32{{0, 128, 255}}},
		{"8 bit signed", dicomtest.File{Set: image(1, 2, 8, 8, 7, true, "OB", []byte{127, 128})}, [][]int32{{127, -128}}},
		{"8 bit, 2 frames of odd size", dicomtest.File{Set: image(1, 3, 8, 8, 7, false, "OW", []byte{1, 2, 3, 4, 5, 6}).Put(dicom.NumberOfFrames, "IS", 2)}, [][]int32{{1, 2, 3}, {4, 5, 6}}},
		{"16 bit", dicomtest.File{Set: image(1, 2, 16, 16, 15, false, "OW", []byte{1, 2, 255, 255})}, [][]int32{{0x201, 65535}}},
		{"16 bit signed", dicomtest.File{Set: image(1, 2, 16, 16, 15, true, "OW", []byte{1, 2, 255, 255})}, [][]int32{{0x201, -1}}},
		// Bits above the high bit are an overlay's.
		{"12 of 16 with an overlay", dicomtest.File{Set: image(1, 2, 16, 12, 11, false, "OW", []byte{0xBC, 0x1A, 0xFF, 0xF0})}, [][]int32{{0xABC, 0x0FF}}},
		{"12 of 16 signed with an overlay", dicomtest.File{Set: image(1, 2, 16, 12, 11, true, "OW", []byte{0xBC, 0x1A, 0xFF, 0xF7})}, [][]int32{{0xABC - 0x1000, 0x7FF}}},
		{"12 of 16 at the top", dicomtest.File{Set: image(1, 2, 16, 12, 15, false, "OW", []byte{0xC5, 0xAB, 0xFF, 0xFF})}, [][]int32{{0xABC, 0xFFF}}},
		{"12 of 16 at the top, signed", dicomtest.File{Set: image(1, 2, 16, 12, 15, true, "OW", []byte{0xC5, 0xAB, 0xFF, 0x7F})}, [][]int32{{0xABC - 0x1000, 0x7FF}}},
		{"32 bit signed", dicomtest.File{Set: image(1, 1, 32, 32, 31, true, "OW", []byte{0xFE, 0xFF, 0xFF, 0xFF})}, [][]int32{{-2}}},
		{"32 bit", dicomtest.File{Set: image(1, 1, 32, 32, 31, false, "OW", []byte{1, 0, 0, 0x7F})}, [][]int32{{0x7F000001}}},
		// PS3.5 8.1.1: the least significant bit first. dcm2pnm of DCMTK 3.6.7 gives the same for 12 bits (--write-16-bit-pnm).
		{"1 bit, frames within bytes", dicomtest.File{Set: image(1, 3, 1, 1, 0, false, "OB", []byte{0b10_110_001, 0b1, 0, 0}).Put(dicom.NumberOfFrames, "IS", 3)}, [][]int32{{1, 0, 0}, {0, 1, 1}, {0, 1, 1}}},
		{"packed 12 bit", dicomtest.File{Set: image(2, 2, 12, 12, 11, false, "OW", []byte{0x21, 0x43, 0x65, 0x87, 0xA9, 0xCB})}, [][]int32{{0x321, 0x654, 0x987, 0xCBA}}},
		{"packed 12 bit, frames within bytes", dicomtest.File{Set: image(1, 1, 12, 12, 11, false, "OW", []byte{0x21, 0x43, 0x65, 0}).Put(dicom.NumberOfFrames, "IS", 2)}, [][]int32{{0x321}, {0x654}}},
		{"packed 12 bit signed", dicomtest.File{Set: image(1, 2, 12, 12, 11, true, "OW", []byte{0xFF, 0x0F, 0x80, 0})}, [][]int32{{-1, -0x800}}},
		// Big endian turns words.
		{"big endian 16", dicomtest.File{Syntax: dicom.ExplicitBig, Set: image(1, 2, 16, 16, 15, true, "OW", []byte{2, 1, 0xFF, 0xFE})}, [][]int32{{0x201, -2}}},
		{"big endian 8 OW", dicomtest.File{Syntax: dicom.ExplicitBig, Set: image(1, 3, 8, 8, 7, false, "OW", []byte{2, 1, 4, 3, 6, 5}).Put(dicom.NumberOfFrames, "IS", 2)}, [][]int32{{1, 2, 3}, {4, 5, 6}}},
		{"big endian 8 OB", dicomtest.File{Syntax: dicom.ExplicitBig, Set: image(1, 3, 8, 8, 7, false, "OB", []byte{1, 2, 3, 0})}, [][]int32{{1, 2, 3}}},
		{"big endian 1 OW", dicomtest.File{Syntax: dicom.ExplicitBig, Set: image(1, 9, 1, 1, 0, false, "OW", []byte{1, 0x80})}, [][]int32{{0, 0, 0, 0, 0, 0, 0, 1, 1}}},
		{"big endian 32", dicomtest.File{Syntax: dicom.ExplicitBig, Set: image(1, 1, 32, 32, 31, true, "OW", []byte{0xFF, 0xFF, 0xFF, 0xFE})}, [][]int32{{-2}}},
		{"GE: only pixels are big endian", dicomtest.File{Syntax: dicom.GEBigPixels, Set: image(1, 2, 16, 16, 15, false, "OW", []byte{2, 1, 4, 3})}, [][]int32{{0x201, 0x403}}},
		{"deflated", dicomtest.File{Syntax: dicom.Deflated, Set: image(1, 2, 16, 16, 15, false, "OW", []byte{1, 2, 3, 4})}, [][]int32{{0x201, 0x403}}},
		{"planes of colours", dicomtest.File{Set: image(1, 2, 8, 8, 7, false, "OB", []byte{1, 4, 2, 5, 3, 6}).Put(dicom.SamplesPerPixel, "US", 3).Put(dicom.PlanarConfiguration, "US", 1)}, [][]int32{{1, 2, 3, 4, 5, 6}}},
		{"colours of a pixel together", dicomtest.File{Set: image(1, 2, 8, 8, 7, false, "OB", []byte{1, 2, 3, 4, 5, 6}).Put(dicom.SamplesPerPixel, "US", 3)}, [][]int32{{1, 2, 3, 4, 5, 6}}},
		{"YBR_FULL_422", dicomtest.File{Set: image(1, 4, 8, 8, 7, false, "OB", []byte{1, 2, 90, 80, 3, 4, 70, 60}).Put(dicom.SamplesPerPixel, "US", 3).Put(dicom.PhotometricInterpretation, "CS", "YBR_FULL_422")}, [][]int32{{1, 90, 80, 2, 90, 80, 3, 70, 60, 4, 70, 60}}},
		{"YBR_FULL_422 in name only", dicomtest.File{Set: image(1, 2, 8, 8, 7, false, "OB", []byte{1, 2, 3, 4, 5, 6}).Put(dicom.SamplesPerPixel, "US", 3).Put(dicom.PhotometricInterpretation, "CS", "YBR_FULL_422")}, [][]int32{{1, 2, 3, 4, 5, 6}}},
		{"native under a compressed syntax", dicomtest.File{Claim: "1.2.840.10008.1.2.4.90", Set: image(1, 2, 16, 16, 15, false, "OW", []byte{1, 2, 3, 4})}, [][]int32{{0x201, 0x403}}},
	} {
		d := open(t, c.f)
		p, err := d.Pixels()
		if err != nil || p.Frames != len(c.want) {
			t.Errorf("%s: %+v, %v", c.name, p, err)
			continue
		}
		for i, want := range c.want {
			if got := frame(t, d, i); !slices.Equal(got, want) {
				t.Errorf("%s, frame %d: %x, want %x", c.name, i, got, want)
			}
		}
	}
}

// Any samples, packed by the definition of PS3.5 8.1.1 one bit at a time, come
// back.
func TestNativeAny(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alloc := rapid.SampledFrom([]int{1, 8, 12, 16, 32}).Draw(t, "allocated")
		stored := rapid.IntRange(1, alloc).Draw(t, "stored")
		high := rapid.IntRange(stored-1, alloc-1).Draw(t, "high bit")
		signed := rapid.Bool().Draw(t, "signed")
		rows, cols, frames := rapid.IntRange(1, 4).Draw(t, "rows"), rapid.IntRange(1, 4).Draw(t, "cols"), rapid.IntRange(1, 3).Draw(t, "frames")
		n := rows * cols * frames
		want := make([]int32, n)
		raw := make([]byte, (n*alloc+15)/16*2)
		for i := range want {
			cell := rapid.Uint32().Draw(t, "cell")
			for b := range alloc {
				raw[(i*alloc+b)/8] |= byte(cell>>b&1) << ((i*alloc + b) % 8)
			}
			v := int64(cell>>(high-stored+1)) & (1<<stored - 1)
			if signed && v >= 1<<(stored-1) {
				v -= 1 << stored
			}
			if v > 1<<31-1 { // refused, which has a test of its own
				t.Skip()
			}
			want[i] = int32(v)
		}
		f := dicomtest.File{Set: image(rows, cols, alloc, stored, high, signed, "OW", raw).Put(dicom.NumberOfFrames, "IS", frames), Syntax: rapid.SampledFrom([]string{dicom.ImplicitLittle, dicom.ExplicitLittle, dicom.ExplicitBig, dicom.Deflated}).Draw(t, "syntax")}
		if f.Syntax == dicom.ExplicitBig {
			w := max(2, alloc/8)
			for i := 0; i+w <= len(raw); i += w {
				slices.Reverse(raw[i : i+w])
			}
		}
		d := open(t, f)
		k := rows * cols
		for i := range frames {
			got, err := d.Frame(t.Context(), i, nil)
			if err != nil || !slices.Equal(got, want[i*k:][:k]) {
				t.Fatalf("frame %d: %x, want %x (%v)", i, got, want[i*k:][:k], err)
			}
		}
	})
}

func TestPixelsRefused(t *testing.T) {
	good := func() *dicomtest.Set { return image(2, 2, 16, 16, 15, false, "OW", make([]byte, 8)) }
	for _, c := range []struct {
		set  *dicomtest.Set
		want string
	}{
		{good().Delete(dicom.Rows), "(0028,0010) Rows: found 0"},
		{good().Put(dicom.Columns, "US", 0), "(0028,0011) Columns: found 0"},
		{good().Put(dicom.Columns, "DS", "two"), "(0028,0011) Columns"},
		{good().Put(dicom.BitsAllocated, "US", 24), "(0028,0100) BitsAllocated: found 24"},
		{good().Put(dicom.SamplesPerPixel, "US", 2), "SamplesPerPixel: found 2"},
		{good().Put(dicom.SamplesPerPixel, "US", 9), "SamplesPerPixel: found 9"},
		{good().Put(dicom.NumberOfFrames, "IS", -1), "NumberOfFrames: found -1"},
		{good().Put(dicom.NumberOfFrames, "IS", 3), "found 8 bytes of pixels, expected 24, 1 of 3 frames are whole"},
		{good().Put(dicom.Rows, "US", 65535).Put(dicom.Columns, "US", 65535), "found 65535 × 65535 × 1 samples, expected at most"},
		{good().Delete(dicom.PixelData), "found no pixel data"},
		{good().Delete(dicom.PixelData).Put(dicom.FloatPixelData, "OF", 1.5), "floating point"},
	} {
		_, err := open(t, dicomtest.File{Set: c.set}).Pixels()
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q, want %q", err, c.want)
		}
	}
	d := open(t, dicomtest.File{Set: image(1, 1, 32, 32, 31, false, "OW", []byte{0, 0, 0, 0x80})})
	if _, err := d.Frame(t.Context(), 0, nil); err == nil || !strings.Contains(err.Error(), "2147483648") {
		t.Error(err)
	}
	if _, err := d.Frame(t.Context(), 1, nil); err == nil {
		t.Error("a second frame of one")
	}
}

func TestPixelsTolerated(t *testing.T) {
	for _, c := range []struct {
		tag        dicom.Tag
		value      int
		note       string
		stored, hi int
	}{
		{dicom.BitsStored, 0, "0 bits stored of 16", 16, 15},
		{dicom.BitsStored, 17, "17 bits stored of 16", 16, 15},
		{dicom.HighBit, 11, "high bit 11 with 16 bits stored", 16, 15},
		{dicom.HighBit, 16, "high bit 16 with 16 bits stored", 16, 15},
	} {
		d := open(t, dicomtest.File{Set: image(1, 1, 16, 16, 15, false, "OW", make([]byte, 2)).Put(c.tag, "US", c.value)})
		p, err := d.Pixels()
		if err != nil || p.Stored != c.stored || p.HighBit != c.hi || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], c.note) {
			t.Errorf("%s %d: %+v %v %q", c.tag, c.value, p, err, d.Notes)
		}
	}
	d := open(t, dicomtest.File{Set: image(1, 1, 16, 16, 15, false, "OW", make([]byte, 100))})
	if _, err := d.Pixels(); err != nil || len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "98 bytes after") {
		t.Error(err, d.Notes)
	}
}

// The frames that are there can be had.
func TestShort(t *testing.T) {
	d := open(t, dicomtest.File{Set: image(1, 2, 8, 8, 7, false, "OB", []byte{1, 2, 3, 4}).Put(dicom.NumberOfFrames, "IS", 3)})
	_, err := d.Pixels()
	var s *dicom.Short
	if !errors.As(err, &s) || *s != (dicom.Short{Whole: 2, Frames: 3}) {
		t.Fatal(err)
	}
	if got := frame(t, d, 1); !slices.Equal(got, []int32{3, 4}) {
		t.Error(got)
	}
	if _, err := d.Frame(t.Context(), 2, nil); !errors.As(err, &s) {
		t.Error(err)
	}
}
