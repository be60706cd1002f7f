package gdcm

import (
	"bytes"
	"encoding/binary"
	"testing"

	"pgregory.net/rapid"
)

func ramp(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * i / 7)
	}
	return b
}

// packed is a frame of these samples, interleaved and little-endian, as RLE.
func packed(t interface{ Helper() }, rows, cols, samples, allocated int, p []byte) Frame {
	t.Helper()
	width := allocated / 8
	head := make([]byte, 64)
	binary.LittleEndian.PutUint32(head, uint32(samples*width))
	out := head
	for s := range samples * width {
		binary.LittleEndian.PutUint32(out[4+4*s:], uint32(len(out)))
		sample, high := s/width, s%width
		var plane []byte
		for i := range rows * cols {
			plane = append(plane, p[(i*samples+sample)*width+width-1-high])
		}
		out = append(out, packBits(plane)...)
	}
	return Frame{
		TransferSyntax: "1.2.840.10008.1.2.5", Rows: rows, Cols: cols, Samples: samples, Allocated: allocated, Stored: allocated, HighBit: allocated - 1,
		Photometric: "MONOCHROME2", Data: out,
	}
}

// packBits is the encoder of PS3.5 G.3.1, which makes runs of two and more.
func packBits(in []byte) []byte {
	var out []byte
	for len(in) > 0 {
		run := 1
		for run < len(in) && run < 128 && in[run] == in[0] {
			run++
		}
		if run > 1 {
			out = append(out, byte(1-run), in[0])
		} else {
			for run < len(in) && run < 128 && in[run] != in[run-1] {
				run++
			}
			out = append(append(out, byte(run-1)), in[:run]...)
		}
		in = in[run:]
	}
	if len(out)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

func TestRLERoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(1, 30).Draw(t, "rows"), rapid.IntRange(1, 30).Draw(t, "cols")
		samples, allocated := rapid.SampledFrom([]int{1, 3}).Draw(t, "samples"), rapid.SampledFrom([]int{8, 16, 32}).Draw(t, "allocated")
		n := rows * cols * samples * allocated / 8
		p := rapid.SliceOfN(rapid.ByteRange(0, 3), n, n).Draw(t, "p")
		f := packed(t, rows, cols, samples, allocated, p)
		got, err := decode(f)
		if err != nil || !bytes.Equal(got, p) {
			t.Fatalf("%v, first difference at %d of %d", err, firstDifference(got, p), n)
		}
		// Cut anywhere, it is refused, but for the padding at its end.
		f.Data = f.Data[:rapid.IntRange(1, len(f.Data)-1).Draw(t, "cut")]
		if got, err := decode(f); err == nil && !bytes.Equal(got, p) {
			t.Fatalf("cut to %d bytes it decodes to something else", len(f.Data))
		}
	})
}

// Headers that lie.
func TestRLEHeader(t *testing.T) {
	for name, change := range map[string]func(b []byte){
		"no segments":              func(b []byte) { binary.LittleEndian.PutUint32(b, 0) },
		"too many":                 func(b []byte) { binary.LittleEndian.PutUint32(b, 0xFFFFFFFF) },
		"one too few":              func(b []byte) { binary.LittleEndian.PutUint32(b, 1) },
		"segment in the header":    func(b []byte) { binary.LittleEndian.PutUint32(b[4:], 3) },
		"segment behind the end":   func(b []byte) { binary.LittleEndian.PutUint32(b[8:], uint32(len(b)+1)) },
		"segments turned around":   func(b []byte) { binary.LittleEndian.PutUint32(b[8:], 64); binary.LittleEndian.PutUint32(b[4:], 80) },
		"nothing but no-operation": func(b []byte) { copy(b[64:], bytes.Repeat([]byte{0x80}, len(b)-64)) },
	} {
		f := packed(t, 8, 8, 1, 16, ramp(128))
		change(f.Data)
		if out, err := decode(f); err == nil || out != nil {
			t.Errorf("%s: no error", name)
		}
	}
	huge := packed(t, 8, 8, 1, 16, ramp(128))
	huge.Rows, huge.Cols = 8000, 8000
	if n := testing.AllocsPerRun(1, func() { _, _ = decode(huge) }); n > 20 {
		t.Errorf("%g allocations", n)
	}
}
