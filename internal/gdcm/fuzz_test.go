package gdcm

import (
	"testing"

	"magn/internal/fault"
)

// FuzzCodestream reads headers of any bytes in every transfer syntax, and decodes
// RLE: what happens before GDCM. A header that is accepted has the frame's own
// numbers, and what it gives to decode lies in the frame.
func FuzzCodestream(f *testing.F) {
	for _, frame := range codestreams(f) {
		f.Add(frame.Data, frame.TransferSyntax, frame.Rows, frame.Cols, frame.Samples, frame.Allocated)
	}
	run := packed(f, 4, 5, 3, 16, ramp(4*5*3*2))
	f.Add(run.Data, run.TransferSyntax, run.Rows, run.Cols, run.Samples, run.Allocated)
	f.Fuzz(func(t *testing.T, data []byte, syntax string, rows, cols, samples, allocated int) {
		frame := Frame{TransferSyntax: syntax, Rows: rows, Cols: cols, Samples: samples, Allocated: allocated, Stored: allocated, HighBit: allocated - 1, Data: data}
		if err := frame.Check(); err != nil {
			if fault.Code(err) != fault.CodeInput {
				t.Fatal(err)
			}
			return
		}
		if syntaxes[syntax] == rle {
			out, err := decodeRLE(frame)
			if (err == nil) != (len(out) == frame.size()) || err != nil && fault.Code(err) != fault.CodeInput {
				t.Fatalf("%d bytes, %v", len(out), err)
			}
			return
		}
		c, err := frame.codestream()
		switch {
		case err != nil && fault.Code(err) != fault.CodeInput:
			t.Fatal(err)
		case err == nil && (c.rows != rows || c.cols != cols || c.samples != samples || c.precision > allocated || len(c.data) == 0 || len(c.data) > len(data)):
			t.Fatalf("%+v was accepted", c)
		}
	})
}
