package gdcm

import (
	"fmt"
	"sync/atomic"
	"testing"

	"magn/internal/testenv"
)

// BenchmarkDecode compares decoding in this process with decoding in a child,
// alone and with one goroutine a processor, on real slices of 384×384 in 16 bits.
func BenchmarkDecode(b *testing.B) {
	d := newDecoder(b)
	for _, c := range []struct{ name, file string }{{"RLE", "4"}, {"JPEG lossless", "5"}, {"JPEG-LS", "7"}, {"JPEG 2000", "9"}} {
		f := readFile(b, testenv.Data(b, "dicom", "convert", "ts", "In", c.file+".dcm")).frame(0)
		for _, way := range []struct {
			name   string
			decode func() error
		}{
			{"in process", func() error { _, err := decode(f); return err }},
			{"child", func() error { _, err := d.Decode(b.Context(), f); return err }},
		} {
			b.Run(c.name+"/"+way.name, func(b *testing.B) {
				b.SetBytes(int64(f.size()))
				for b.Loop() {
					if err := way.decode(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
			})
		}
		b.Run(c.name+"/children", func(b *testing.B) {
			b.SetBytes(int64(f.size()))
			var failed atomic.Value
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := d.Decode(b.Context(), f); err != nil {
						failed.Store(err)
					}
				}
			})
			if err := failed.Load(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
		})
	}
}

// BenchmarkStart is what the first frame costs, and each one after a failure.
func BenchmarkStart(b *testing.B) {
	d := newDecoder(b)
	for b.Loop() {
		if _, err := d.Decode(b.Context(), flat(rowsFail)); err == nil {
			b.Fatal(fmt.Errorf("no error"))
		}
	}
}
