package gdcm

import (
	"encoding/binary"
	"fmt"

	"magn/internal/fault"
)

// decodeRLE decodes DICOM's run lengths (PS3.5 annex G): one segment a byte of
// a sample, the highest byte of the first sample first. It is here and not GDCM's
// because GDCM 3.0 mixes the bytes of colour samples of more than 8 bits and
// trusts the segments' offsets and number.
func decodeRLE(f Frame) ([]byte, error) {
	bad := func(format string, a ...any) error {
		return &fault.Input{Field: pixelData, Found: "a broken RLE frame", Err: fmt.Errorf(format, a...)}
	}
	d := f.Data
	if len(d) < 64 {
		return nil, bad("%d bytes, its header has 64", len(d))
	}
	width := f.Allocated / 8
	pixels := f.Rows * f.Cols
	segments := f.Samples * width
	if n := binary.LittleEndian.Uint32(d); int64(n) != int64(segments) {
		return nil, contradiction(pixelData, fmt.Sprintf("%d RLE segments", n), fmt.Sprintf("%d as in the header, one a byte of a pixel", segments))
	}
	// Two bytes make at most 128: the size is not taken on trust.
	if int64(len(d))*64 < int64(f.size()) {
		return nil, bad("%d bytes cannot hold %d", len(d), f.size())
	}
	out := make([]byte, f.size())
	for s := range segments {
		from := int64(binary.LittleEndian.Uint32(d[4+4*s:]))
		to := int64(len(d))
		if s+1 < segments {
			to = int64(binary.LittleEndian.Uint32(d[8+4*s:]))
		}
		if from < 64 || from > to || to > int64(len(d)) {
			return nil, bad("segment %d goes from byte %d to %d of %d", s+1, from, to, len(d))
		}
		sample, high := s/width, s%width
		first := sample*width + width - 1 - high
		if n := unpackBits(out[first:], segments, pixels, d[from:to]); n < pixels {
			return nil, bad("segment %d has %d bytes of %d", s+1, n, pixels)
		}
	}
	return out, nil
}

// unpackBits writes at most n bytes to every stride-th place of out and returns
// how many there were (PS3.5 G.3.2). A last run that goes beyond is cut: encoders
// pad.
func unpackBits(out []byte, stride, n int, in []byte) int {
	done := 0
	for len(in) > 0 && done < n {
		control := int(int8(in[0]))
		in = in[1:]
		switch {
		case control >= 0:
			run := min(control+1, n-done, len(in))
			for _, b := range in[:run] {
				out[done*stride] = b
				done++
			}
			in = in[run:]
		case control > -128:
			if len(in) == 0 {
				return done
			}
			for range min(1-control, n-done) {
				out[done*stride] = in[0]
				done++
			}
			in = in[1:]
		}
	}
	return done
}
