package gdcm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/fault"
	"magn/internal/testenv"
)

// Every lossless kind of codestream gives the pattern back, in 8, 12 and 16 bits,
// signed and not, in colours and not, in as many bits as the header allocates.
func TestLosslessKinds(t *testing.T) {
	testenv.GDCM(t)
	for _, c := range []struct {
		syntax, name             string
		bits                     int
		signed                   bool
		samples, allocated, near int
	}{
		{"80", "8.jls", 8, false, 1, 8, 0},
		{"80", "8.jls", 8, false, 1, 16, 0},
		{"80", "8.jls", 8, false, 1, 32, 0},
		{"80", "12.jls", 12, false, 1, 16, 0},
		{"80", "16.jls", 16, false, 1, 16, 0},
		{"81", "16-near3.jls", 16, false, 1, 16, 3},
		{"80", "8-rgb-plane.jls", 8, false, 3, 8, 0},
		{"80", "8-rgb-line.jls", 8, false, 3, 8, 0},
		{"80", "8-rgb-pixel.jls", 8, false, 3, 8, 0},
		{"80", "12-rgb-plane.jls", 12, false, 3, 16, 0},
		{"90", "8.j2k", 8, false, 1, 8, 0},
		{"90", "8.j2k", 8, false, 1, 16, 0},
		{"90", "8-signed.j2k", 8, true, 1, 8, 0},
		{"90", "8-signed.j2k", 8, true, 1, 32, 0},
		{"90", "12.j2k", 12, false, 1, 16, 0},
		{"90", "12.jp2", 12, false, 1, 16, 0},
		{"91", "12-signed.j2k", 12, true, 1, 16, 0},
		{"90", "16-signed.j2k", 16, true, 1, 16, 0},
		{"90", "8-rgb-mct.j2k", 8, false, 3, 8, 0},
		{"90", "8-rgb.j2k", 8, false, 3, 8, 0},
	} {
		t.Run(fmt.Sprintf("%s in %d", c.name, c.allocated), func(t *testing.T) {
			got, err := decode(patternFrame(t, c.syntax, c.name, c.bits, c.signed, c.samples, c.allocated))
			if err != nil {
				t.Fatal(err)
			}
			want := pattern(c.bits, c.signed, c.samples, c.allocated)
			if c.near == 0 && !bytes.Equal(got, want) {
				t.Errorf("differs from the pattern first at byte %d of %d", firstDifference(got, want), len(want))
			}
			if worst := worst16(got, want); c.near > 0 && (worst > c.near || worst == 0) {
				t.Errorf("differs by %d, at most %d is allowed", worst, c.near)
			}
		})
	}
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

func worst16(a, b []byte) int {
	worst := 0
	for i := 0; i+1 < min(len(a), len(b)); i += 2 {
		d := int(binary.LittleEndian.Uint16(a[i:])) - int(binary.LittleEndian.Uint16(b[i:]))
		worst = max(worst, d, -d)
	}
	return worst
}

// JPEG lossless of any precision, size, predictor and number of samples.
func TestLosslessJPEG(t *testing.T) {
	testenv.GDCM(t)
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(1, 20).Draw(t, "rows"), rapid.IntRange(1, 20).Draw(t, "cols")
		samples := rapid.SampledFrom([]int{1, 3}).Draw(t, "samples")
		bits, predictor := rapid.IntRange(2, 16).Draw(t, "bits"), rapid.IntRange(1, 7).Draw(t, "predictor")
		allocated := rapid.SampledFrom([]int{8, 16}).Filter(func(a int) bool { return a >= bits }).Draw(t, "allocated")
		values := rapid.SliceOfN(rapid.IntRange(0, 1<<bits-1), rows*cols*samples, rows*cols*samples).Draw(t, "values")
		f := Frame{
			TransferSyntax: "1.2.840.10008.1.2.4.57", Rows: rows, Cols: cols, Samples: samples, Allocated: allocated, Stored: bits, HighBit: bits - 1,
			Photometric: map[int]string{1: "MONOCHROME2", 3: "RGB"}[samples], Data: losslessJPEG(values, rows, cols, samples, bits, predictor),
		}
		var want []byte
		for _, v := range values {
			want = appendSample(want, v, allocated)
		}
		got, err := decode(f)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%v, first difference at byte %d of %d", err, firstDifference(got, want), len(want))
		}
	})
}

// Where the header says something else than the codestream, both are named.
func TestContradictions(t *testing.T) {
	good := patternFrame(t, "90", "12.j2k", 12, false, 1, 16)
	jls := patternFrame(t, "80", "12.jls", 12, false, 1, 16)
	signed := patternFrame(t, "90", "12-signed.j2k", 12, true, 1, 16)
	colour := patternFrame(t, "80", "8-rgb-plane.jls", 8, false, 3, 8)
	for name, c := range map[string]struct {
		f      Frame
		change func(*Frame)
		words  []string
	}{
		"rows":              {good, func(f *Frame) { f.Rows = 32 }, []string{"33×40", "32×40"}},
		"columns":           {jls, func(f *Frame) { f.Cols = 41 }, []string{"33×40", "33×41"}},
		"samples":           {colour, func(f *Frame) { f.Samples = 1 }, []string{"samples per pixel 3", "1 as in the header"}},
		"more bits":         {jls, func(f *Frame) { f.Allocated, f.Stored, f.HighBit = 8, 8, 7 }, []string{"bits per sample 12", "8"}},
		"sign in one":       {signed, func(f *Frame) { f.Signed = false }, []string{"signed", "unsigned"}},
		"sign in the other": {good, func(f *Frame) { f.Signed, f.Stored, f.HighBit = true, 14, 13 }, []string{"unsigned samples of bits 12", "signed samples of 14"}},
		"kind":              {jls, func(f *Frame) { f.TransferSyntax = "1.2.840.10008.1.2.4.70" }, []string{"JPEG-LS", "JPEG"}},
		"not one":           {jls, func(f *Frame) { f.Data = []byte("nothing of that kind") }, []string{"no known codestream", "JPEG-LS"}},
		"high bit":          {good, func(f *Frame) { f.HighBit = 15 }, []string{"15", "11"}},
		"stored":            {good, func(f *Frame) { f.Stored = 17 }, []string{"17", "16"}},
		"allocated":         {good, func(f *Frame) { f.Allocated = 12 }, []string{"12", "8, 16 or 32"}},
		"CMYK":              {good, func(f *Frame) { f.Samples = 4 }, []string{"4", "1 or 3"}},
		"empty":             {good, func(f *Frame) { f.Data = nil }, []string{"0 bytes"}},
		"huge":              {good, func(f *Frame) { f.Rows, f.Cols = 65535, 65535 }, []string{"65535 and 65535", "at most 268435456"}},
		"HTJ2K":             {good, func(f *Frame) { f.TransferSyntax = "1.2.840.10008.1.2.4.201" }, []string{"High-Throughput JPEG 2000", "uncompressed"}},
		"HTJ2K in J2K":      {good, func(f *Frame) { f.Data = bytes.Clone(f.Data); f.Data[6] |= 0x40 }, []string{"High-Throughput"}},
		"video":             {good, func(f *Frame) { f.TransferSyntax = "1.2.840.10008.1.2.4.102" }, []string{"MPEG-4"}},
		"JPEG XL":           {good, func(f *Frame) { f.TransferSyntax = "1.2.840.10008.1.2.4.110" }, []string{"JPEG XL"}},
		"unknown":           {good, func(f *Frame) { f.TransferSyntax = strings.Repeat("9", 9999) }, []string{"9999", "expected RLE"}},
	} {
		f := c.f
		c.change(&f)
		out, err := New(nil).Decode(t.Context(), f) // no command: these must not need a child
		var input *fault.Input
		if !errors.As(err, &input) || out != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, w := range c.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q is not in %q", name, w, err)
			}
		}
		if len(err.Error()) > 400 {
			t.Errorf("%s: a message of %d bytes", name, len(err.Error()))
		}
	}
}

// What decoders, header and codestream may disagree about without harm: more
// bits in the codestream than are stored, and a forgotten sign.
func TestTolerated(t *testing.T) {
	testenv.GDCM(t)
	// Two's complement of 12 bits in a codestream that says unsigned.
	f := patternFrame(t, "90", "12.j2k", 12, false, 1, 16)
	f.Signed = true
	if got, err := decode(f); err != nil || !bytes.Equal(got, pattern(12, false, 1, 16)) {
		t.Errorf("unsigned codestream, signed header: %v", err)
	}
	// 12 bits written, 10 stored: what is beyond becomes 1023 and not what its low bits say.
	f = patternFrame(t, "80", "12.jls", 12, false, 1, 16)
	f.Stored, f.HighBit = 10, 9
	got, err := decode(f)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := 0, 0; i < patternRows*patternCols; i++ {
		v = min(1023, patternAt(i/patternCols, i%patternCols, 0, 12, false))
		if g := int(binary.LittleEndian.Uint16(got[2*i:])); g != v {
			t.Fatalf("sample %d is %d, want %d", i, g, v)
		}
	}
	// The same with a sign, in 8 bits.
	f = patternFrame(t, "90", "8-signed.j2k", 8, true, 1, 8)
	f.Stored, f.HighBit = 6, 5
	if got, err = decode(f); err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if v := max(-32, min(31, patternAt(i/patternCols, i%patternCols, 0, 8, true))); int(int8(got[i])) != v {
			t.Fatalf("sample %d is %d, want %d", i, int8(got[i]), v)
		}
	}
}

// YBR of a codestream without a transform of its own becomes RGB; three colours
// whose values are written down in ITU-T T.871 and BT.601: grey, red, blue.
func TestYBR(t *testing.T) {
	testenv.GDCM(t)
	ybr := []int{128, 128, 128, 76, 85, 255, 29, 255, 107}
	f := Frame{
		TransferSyntax: "1.2.840.10008.1.2.4.70", Rows: 1, Cols: 3, Samples: 3, Allocated: 8, Stored: 8, HighBit: 7,
		Photometric: "YBR_FULL", Data: losslessJPEG(ybr, 1, 3, 3, 8, 1),
	}
	got, err := decode(f)
	if want := []byte{128, 128, 128, 254, 0, 0, 0, 0, 254}; err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v %v, want %v", got, err, want)
	}
	f.Photometric = "RGB"
	if got, err = decode(f); err != nil || !bytes.Equal(got, []byte{128, 128, 128, 76, 85, 255, 29, 255, 107}) {
		t.Errorf("as RGB: %v %v", got, err)
	}
	if !RGB("YBR_FULL_422") || RGB("MONOCHROME1") || RGB("PALETTE COLOR") {
		t.Error("RGB names the wrong ones")
	}
}
