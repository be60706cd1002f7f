package dicom_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

// folder has n slices of 256×256 with headers of 60 kB, as Siemens writes them.
func folder(b *testing.B, n int, syntax string) []string {
	dir := b.TempDir()
	s := dicomtest.MR(256, 256, make([]uint16, 256*256)).
		Private(0x0029, "SIEMENS CSA HEADER", 0x10, "OB", make([]byte, 10<<10)).
		Private(0x0029, "SIEMENS CSA HEADER", 0x20, "OB", make([]byte, 45<<10))
	for i := range 200 {
		s.Private(0x0019+2*uint16(i/100), "SIEMENS MR HEADER", byte(i), "LO", "something that is not asked for")
	}
	var paths []string
	for i := range n {
		s.Put(dicom.InstanceNumber, "IS", i+1)
		path := filepath.Join(dir, fmt.Sprintf("%05d.dcm", i))
		if err := (dicomtest.File{Set: s, Syntax: syntax}).Write(path); err != nil {
			b.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// BenchmarkScan opens a folder of 2,000 files and takes what sorts them; Read
// is the same folder's first 64 kB, read and nothing done with.
//
//	go test -run - -bench Scan ./internal/dicom
func BenchmarkScan(b *testing.B) {
	for name, syntax := range map[string]string{"explicit": dicom.ExplicitLittle, "implicit": dicom.ImplicitLittle} {
		paths := folder(b, 2000, syntax)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, path := range paths {
					f, err := dicom.Open(path)
					if err != nil {
						b.Fatal(err)
					}
					if x, err := f.Floats(dicom.ImagePositionPatient); err != nil || len(x) != 3 || f.Text(dicom.SeriesInstanceUID) == "" {
						b.Fatal(x, err)
					}
					f.Close()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(len(paths)), "µs/file")
		})
		if name == "implicit" {
			continue
		}
		b.Run("read", func(b *testing.B) {
			buf := make([]byte, 64<<10)
			for b.Loop() {
				for _, path := range paths {
					os.Stat(path)
					f, err := os.Open(path)
					if err != nil {
						b.Fatal(err)
					}
					f.ReadAt(buf, 0)
					f.Close()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(len(paths)), "µs/file")
		})
	}
}

// BenchmarkFrame unpacks one slice of 512×512.
func BenchmarkFrame(b *testing.B) {
	path := filepath.Join(b.TempDir(), "a.dcm")
	if err := (dicomtest.File{Set: dicomtest.MR(512, 512, make([]uint16, 512*512)).Put(dicom.BitsStored, "US", 12).Put(dicom.HighBit, "US", 11)}).Write(path); err != nil {
		b.Fatal(err)
	}
	f, err := dicom.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	b.SetBytes(2 * 512 * 512)
	for b.Loop() {
		if _, err := f.Frame(b.Context(), 0, nil); err != nil {
			b.Fatal(err)
		}
	}
}
