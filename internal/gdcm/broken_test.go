package gdcm

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"magn/internal/fault"
	"magn/internal/testenv"
)

// codestreams are one of each kind, small.
func codestreams(t testing.TB) map[string]Frame {
	values := make([]int, patternRows*patternCols)
	for i := range values {
		values[i] = patternAt(i/patternCols, i%patternCols, 0, 12, false)
	}
	lossless := patternFrame(t, "70", "", 12, false, 1, 16)
	lossless.Data = losslessJPEG(values, patternRows, patternCols, 1, 12, 1)
	return map[string]Frame{
		"JPEG lossless":       lossless,
		"JPEG-LS":             patternFrame(t, "80", "12.jls", 12, false, 1, 16),
		"JPEG-LS near":        patternFrame(t, "81", "16-near3.jls", 16, false, 1, 16),
		"JPEG-LS colour":      patternFrame(t, "80", "8-rgb-line.jls", 8, false, 3, 8),
		"JPEG 2000":           patternFrame(t, "90", "12-signed.j2k", 12, true, 1, 16),
		"JPEG 2000 in a box":  patternFrame(t, "90", "12.jp2", 12, false, 1, 16),
		"JPEG 2000 in colour": patternFrame(t, "90", "8-rgb-mct.j2k", 8, false, 3, 8),
	}
}

// outcome decodes what may be broken: the result is a *fault.Input within the
// time limit, or samples of the right size.
func outcome(t *testing.T, d *Decoder, name string, f Frame) []byte {
	t.Helper()
	started := time.Now()
	p, err := d.Decode(context.Background(), f)
	if took := time.Since(started); took > d.within+5*time.Second {
		t.Errorf("%s: took %v", name, took)
	}
	if err == nil && len(p) != f.size() || err != nil && (p != nil || fault.Code(err) != fault.CodeInput) {
		t.Errorf("%s: %d bytes, %v", name, len(p), err)
	}
	return p
}

// A codestream that is cut short is refused wherever it is cut: its samples are
// never some of the image's and grey for the rest, even where zeroes take the
// place of what is missing, or an end marker.
func TestTruncated(t *testing.T) {
	d := newDecoder(t)
	all := codestreams(t)
	for _, name := range []string{"SC_rgb_dcmtk_+eb+cy+np.dcm", "SC_rgb_jpeg_lossy_gdcm.dcm", "JPGExtended.dcm", "JPEG2000.dcm", "SC_rgb_jpeg_gdcm.dcm"} {
		all[name] = readFile(t, testenv.Data(t, "dicom", "odd", name)).frame(0)
	}
	for name, f := range all {
		whole := outcome(t, d, name, f)
		if whole == nil {
			t.Errorf("%s: the whole one is refused", name)
		}
		data := bytes.TrimRight(f.Data, "\x00\xFF")
		step := max(1, len(data)/5)
		for n := len(data) - 1; n > 0; n -= step {
			for what, cut := range map[string][]byte{
				"cut":            data[:n:n],
				"cut and ended":  append(data[:n:n], 0xFF, 0xD9),
				"cut and zeroes": append(data[:n:n], make([]byte, len(data)-n)...),
			} {
				f.Data = cut
				p := outcome(t, d, name, f)
				if p != nil && !bytes.Equal(p, whole) {
					t.Errorf("%s, %s to %d of %d: decoded to something else", name, what, n, len(data))
				}
			}
		}
	}
}

// Codestreams of random bytes, and with some bytes changed.
func TestGarbage(t *testing.T) {
	d := newDecoder(t)
	r := rand.New(rand.NewPCG(1, 2))
	for name, f := range codestreams(t) {
		data := f.Data
		for i := range 8 {
			f.Data = bytes.Clone(data)
			for range 1 + i%3 {
				f.Data[r.IntN(len(data))] = byte(r.Uint32())
			}
			outcome(t, d, name+", changed", f)
			f.Data = bytes.Clone(data)
			for at := r.IntN(len(data)); at < len(data)-2; at++ { // its end marker stays
				f.Data[at] = byte(r.Uint32())
			}
			outcome(t, d, name+", random from somewhere", f)
			f.Data = f.Data[:min(len(data), 2+r.IntN(64))]
			for at := 2; at < len(f.Data); at++ {
				f.Data[at] = byte(r.Uint32())
			}
			outcome(t, d, name+", random", f)
		}
	}
	good(t, d)
}

// Headers that promise more than can be: where the DICOM header agrees it is
// too large, and where it does not, it contradicts; with sizes that pass, GDCM runs
// out of its memory or of data.
func TestHugeHeader(t *testing.T) {
	d := newDecoder(t)
	for name, f := range codestreams(t) {
		f.Data = bytes.Clone(f.Data)
		for _, n := range []int{65535, 16000, 8000} {
			at := sizeAt(t, f.Data)
			if syntaxes[f.TransferSyntax] == jpeg2000 {
				for _, o := range []int{0, 4, 16, 20} { // the image and its one tile
					binary.BigEndian.PutUint32(f.Data[at+o:], uint32(n))
				}
			} else {
				binary.BigEndian.PutUint16(f.Data[at:], uint16(n))
				binary.BigEndian.PutUint16(f.Data[at+2:], uint16(n))
			}
			if p := outcome(t, d, name, f); p != nil {
				t.Errorf("%s, %d×%d: decoded although the header says %d×%d", name, n, n, f.Rows, f.Cols)
			}
			g := f
			g.Rows, g.Cols = n, n
			if p := outcome(t, d, name, g); p != nil {
				t.Errorf("%s, %d×%d: decoded from %d bytes", name, n, n, len(f.Data))
			}
		}
	}
	good(t, d)
}

// sizeAt is where a codestream's header has its size.
func sizeAt(t *testing.T, b []byte) int {
	t.Helper()
	for _, mark := range []struct {
		bytes []byte
		skip  int
	}{{[]byte{0xFF, 0x51}, 6}, {[]byte{0xFF, 0xC3}, 5}, {[]byte{0xFF, 0xF7}, 5}} {
		if at := bytes.Index(b, mark.bytes); at >= 0 {
			return at + mark.skip
		}
	}
	t.Fatal("no size")
	return 0
}
