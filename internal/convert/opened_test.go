package convert

import (
	"fmt"
	"path/filepath"
	"runtime/debug"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

// Multi-frame files stay open between their volumes, a few at once, until Close.
func TestOpenedFiles(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		m := enhanced(4, 3)
		m.Put(tSeriesUID, "UI", fmt.Sprint("1.2.9.", i)).Put(tSeriesNumber, "IS", i+1).Put(tSOPInstance, "UI", fmt.Sprint("1.2.8.", i))
		writeAll(t, filepath.Join(dir, fmt.Sprint(i)), []made{m})
	}
	s := scan(t, Options{}, dir)
	if len(s.Candidates) != 15 {
		t.Fatalf("%s", summary(s))
	}
	for i, c := range s.Candidates {
		a := string(image(t, s, c).Stored())
		if i >= 3 && a != string(image(t, s, s.Candidates[i%3]).Stored()) {
			t.Errorf("%s: other pixels", c.Name)
		}
		if n := len(s.open.by); n == 0 || n > maxIdle || n != len(s.open.idle) {
			t.Errorf("%d files are open, %d idle", n, len(s.open.idle))
		}
	}
	s.Close()
	if len(s.open.by) != 0 {
		t.Error("files stay open")
	}
	convertAll(t, s, t.TempDir())
	if len(s.open.by) != 0 {
		t.Error("files stay open after a run")
	}
}

// One enhanced file of 15,049 frames, with as many private elements in each as
// Philips writes, becomes 149 volumes; peak-MiB is of the whole process.
//
//	go test -run '^$' -bench ThousandsOfFrames -benchtime 1x ./internal/convert
func BenchmarkThousandsOfFrames(b *testing.B) {
	dir := b.TempDir()
	m := enhanced(101, 149)
	for _, g := range m.Get(tFrameGroups).Value.([]*dicomtest.Set) {
		for i := range 170 {
			g.Put(dicom.Tag(0x00991001+i), "DS", "1")
		}
	}
	writeAll(b, dir, []made{m})
	m = made{}
	debug.FreeOSMemory()
	peak()
	for b.Loop() {
		s := scan(b, Options{}, dir)
		r, err := s.Run(b.Context(), b.TempDir(), nil)
		if err != nil || r.Err() != nil || len(r.Volumes) != 149 {
			b.Fatal(err, r)
		}
	}
	b.ReportMetric(float64(peak())/(1<<20), "peak-MiB")
}
