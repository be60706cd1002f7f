package convert

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/fault"
	"magn/internal/gdcm"
)

// unlibrary is a decoder that finds no GDCM.
func unlibrary(t *testing.T) dicom.Decoder {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("MAGN_NATIVE", t.TempDir())
	d := gdcm.New([]string{"/usr/bin/env", asChild + "=1", self})
	t.Cleanup(func() { d.Close() })
	return d
}

// Where all that fails needs GDCM, the exit code says so: also of copies, which
// are decoded before there is a volume.
func TestWithoutGDCM(t *testing.T) {
	for name, list := range map[string][]made{
		"once":  each2(sagittal(3), jpegFile),
		"twice": append(each2(sagittal(3), jpegFile), each2(tagged(sagittal(3), "9", nil), jpegFile)...),
	} {
		dir := t.TempDir()
		writeAll(t, dir, list)
		r, err := scan(t, Options{Decoder: unlibrary(t)}, dir).Run(context.Background(), t.TempDir(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Err(); fault.Code(err) != fault.CodeMissing {
			t.Errorf("%s: code %d: %v", name, fault.Code(err), err)
		}
	}
}

// A copy that cannot be read is refused alone: the series is there without it.
func TestUnreadableCopy(t *testing.T) {
	for name, copies := range map[string]struct {
		first, second []made
	}{
		"compressed, without GDCM":        {sagittal(4), each2(sagittal(4), foreign)},
		"compressed and first":            {each2(sagittal(4), foreign), sagittal(4)},
		"one is damaged":                  {sagittal(4), each2(sagittal(4)[2:3], damaged)},
		"one under another UID":           {sagittal(4), each2(tagged(sagittal(4), "9", nil)[2:3], damaged)},
		"one under another UID and first": {each2(tagged(sagittal(4), "9", nil)[2:3], damaged), sagittal(4)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeAll(t, filepath.Join(dir, "a"), copies.first)
			writeAll(t, filepath.Join(dir, "b"), copies.second)
			s := scan(t, Options{Decoder: unlibrary(t)}, dir)
			r, err := s.Run(context.Background(), t.TempDir(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := summary(s), "001_t1-tse-sag: 5×6×4, 0.7×0.8×4.4 mm\n"; got != want {
				t.Errorf("%s\nwant\n%s", got, want)
			}
			if err := r.Err(); fault.Code(err) != fault.CodePartial {
				t.Errorf("code %d: %v", fault.Code(err), err)
			}
			status := map[Status]int{}
			for _, f := range s.Files {
				status[f.Status]++
			}
			if status[Used] != 4 || status[Refused] != len(s.Files)-4 {
				t.Errorf("%v", status)
			}
		})
	}
}

// damaged makes a file's pixels RLE that has a header and no data.
func damaged(m *made) {
	m.file = dicomtest.File{Syntax: "1.2.840.10008.1.2.5", Frames: [][][]byte{{bytes.Repeat([]byte{0xFF}, 66)}}}
}

// foreign makes a file's pixels JPEG 2000, which only GDCM would look into.
func foreign(m *made) {
	m.file = dicomtest.File{Syntax: "1.2.840.10008.1.2.4.90", Frames: [][][]byte{{{0xFF, 0x4F, 0xFF, 0x51}}}}
}
