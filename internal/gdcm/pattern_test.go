package gdcm

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// The test pattern of testdata/make.py.
const (
	patternRows = 33
	patternCols = 40
)

func patternAt(r, c, s, bits int, signed bool) int {
	v := (r*r*55 + c*205 + s*2950) % (1 << bits)
	if signed {
		v -= 1 << (bits - 1)
	}
	return v
}

// pattern is its samples as they come out of a Decoder.
func pattern(bits int, signed bool, samples, allocated int) []byte {
	var out []byte
	for r := range patternRows {
		for c := range patternCols {
			for s := range samples {
				out = appendSample(out, patternAt(r, c, s, bits, signed), allocated)
			}
		}
	}
	return out
}

func appendSample(b []byte, v, allocated int) []byte {
	switch allocated {
	case 8:
		return append(b, byte(v))
	case 16:
		return binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return binary.LittleEndian.AppendUint32(b, uint32(v))
}

// patternFrame is a frame of testdata, or of the bytes given.
func patternFrame(t testing.TB, syntax, name string, bits int, signed bool, samples, allocated int) Frame {
	t.Helper()
	f := Frame{
		TransferSyntax: "1.2.840.10008.1.2.4." + syntax, Rows: patternRows, Cols: patternCols, Samples: samples,
		Allocated: allocated, Stored: bits, HighBit: bits - 1, Signed: signed, Photometric: "MONOCHROME2",
	}
	if samples == 3 {
		f.Photometric = "RGB"
	}
	if name != "" {
		var err error
		if f.Data, err = os.ReadFile(filepath.Join("testdata", name)); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// losslessJPEG encodes samples, interleaved, as JPEG lossless in one scan (ITU-T
// T.81 annex H), with a Huffman table in which each of the 17 categories has
// a code of 5 bits.
func losslessJPEG(values []int, rows, cols, samples, bits, predictor int) []byte {
	out := []byte{0xFF, 0xD8, 0xFF, 0xC3, 0, byte(8 + 3*samples), byte(bits), byte(rows >> 8), byte(rows), byte(cols >> 8), byte(cols), byte(samples)}
	for s := range samples {
		out = append(out, byte(s+1), 0x11, 0)
	}
	out = append(out, 0xFF, 0xC4, 0, 19+17, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	for k := range 17 {
		out = append(out, byte(k))
	}
	out = append(out, 0xFF, 0xDA, 0, byte(6+2*samples), byte(samples))
	for s := range samples {
		out = append(out, byte(s+1), 0)
	}
	out = append(out, byte(predictor), 0, 0)
	w := bitWriter{out: out}
	at := func(r, c, s int) int { return values[(r*cols+c)*samples+s] }
	for r := range rows {
		for c := range cols {
			for s := range samples {
				w.difference(at(r, c, s) - predict(at, r, c, s, bits, predictor))
			}
		}
	}
	return append(w.flush(), 0xFF, 0xD9)
}

// predict is table H.1; the first line is predicted from the left, the first
// column from above.
func predict(at func(r, c, s int) int, r, c, s, bits, predictor int) int {
	switch {
	case r == 0 && c == 0:
		return 1 << (bits - 1)
	case r == 0:
		return at(r, c-1, s)
	case c == 0:
		return at(r-1, c, s)
	}
	a, b, d := at(r, c-1, s), at(r-1, c, s), at(r-1, c-1, s)
	return [...]int{0, a, b, d, a + b - d, a + (b-d)>>1, b + (a-d)>>1, (a + b) / 2}[predictor]
}

type bitWriter struct {
	out  []byte
	bits uint64
	n    int
}

func (w *bitWriter) put(v uint64, n int) {
	w.bits, w.n = w.bits<<n|v&(1<<n-1), w.n+n
	for w.n >= 8 {
		b := byte(w.bits >> (w.n - 8))
		w.out = append(w.out, b)
		if b == 0xFF {
			w.out = append(w.out, 0)
		}
		w.n -= 8
	}
}

// difference writes one modulo 2¹⁶ (H.1.2.2).
func (w *bitWriter) difference(d int) {
	d = int(int16(d))
	if d == -32768 {
		w.put(16, 5)
		return
	}
	size := 0
	for m := max(d, -d); m > 0; m >>= 1 {
		size++
	}
	w.put(uint64(size), 5)
	if d < 0 {
		d--
	}
	w.put(uint64(d), size)
}

func (w *bitWriter) flush() []byte {
	if w.n > 0 {
		w.put(0xFF, 8-w.n)
	}
	return w.out
}
