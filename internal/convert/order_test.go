package convert

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/fault"
)

// firsts are the SOP Instance UIDs of candidates' first slices, by candidate.
func firsts(s *Scan) (out []string) {
	for _, c := range s.Candidates {
		out = append(out, s.Slices(c)[0].SOP)
	}
	return out
}

// Times without a date go on past midnight; a study of the morning and the evening
// stays as it is.
func TestMidnight(t *testing.T) {
	for _, c := range []struct {
		times [2]string
		want  []string
		after float64
	}{
		{[2]string{"0003", "2358"}, []string{"1.2.3.4.1.4", "1.2.3.4.0.4"}, 5 * 60},
		{[2]string{"0803", "1958"}, []string{"1.2.3.4.0.4", "1.2.3.4.1.4"}, (11*60 + 55) * 60},
	} {
		dir := t.TempDir()
		var list []made
		for i, at := range c.times {
			list = append(list, tagged(sagittal(4), fmt.Sprint(i), func(k int, s *dicomtest.Set) {
				s.Put(tAcquisitionTime, "TM", fmt.Sprintf("%s%02d", at, k)).Put(dicom.PixelData, "OW", pixels(30, 7*i+k))
			})...)
		}
		writeAll(t, dir, list)
		s := scan(t, Options{}, dir)
		if got := firsts(s); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v", c.times, got)
		}
		if got := s.Candidates[1].Seconds; got != c.after {
			t.Errorf("%v: the second began after %g s", c.times, got)
		}
	}
}

// Of two images of a place that nothing else tells apart, the first acquired stays
// in its stack: by time, else by acquisition number, else by UID.
func TestFirstAcquiredStays(t *testing.T) {
	for name, do := range map[string]func(k int, s *dicomtest.Set){ // -1 for the one that was acquired again
		"time":         func(k int, s *dicomtest.Set) { s.Put(tAcquisitionTime, "TM", fmt.Sprint(100001+k)) },
		"content time": func(k int, s *dicomtest.Set) { s.Put(tContentTime, "TM", fmt.Sprint(100001+k)) },
		"number":       func(k int, s *dicomtest.Set) { s.Put(tAcquisitionNumber, "IS", 10+k) },
		"UID": func(k int, s *dicomtest.Set) {
			if k < 0 {
				s.Put(tSOPInstance, "UI", "1.2.3.1")
			}
		},
	} {
		for seed := range 4 { // a hash would be right half the time
			list := each(tagged(sagittal(5), "5", nil), do)
			twin := tagged(sagittal(5), "9", func(_ int, s *dicomtest.Set) {
				s.Put(dicom.PixelData, "OW", pixels(30, seed))
				do(-1, s)
			})[2]
			dir := t.TempDir()
			writeAll(t, dir, append(list, twin))
			s := scan(t, Options{}, dir)
			if len(s.Candidates) != 2 {
				t.Fatalf("%s", summary(s))
			}
			want := twin.Get(tSOPInstance).Value.([]any)[0]
			if got := s.Slices(s.Candidates[0]); len(got) != 5 || got[2].SOP != want {
				t.Errorf("%s: %v, want %s among them", name, got, want)
			}
		}
	}
}

// One UID on two images ends with 8, and both are there.
func TestOneUIDTwoImages(t *testing.T) {
	dir := t.TempDir()
	twin := sagittal(5)[2]
	twin.Put(dicom.PixelData, "OW", pixels(30, 3))
	writeAll(t, dir, append(sagittal(5), twin))
	r := convertAll(t, scan(t, Options{}, dir), t.TempDir())
	if err := r.Err(); fault.Code(err) != fault.CodePartial || !strings.Contains(err.Error(), "001_t1-tse-sag: (0008,0018) SOP Instance UID: found the same in files of one place with other pixels") || len(r.Volumes) != 2 {
		t.Errorf("code %d: %v", fault.Code(err), err)
	}
}

// A derived or secondary image without a position is none of a conversion's
// business; one that was acquired is.
func TestDerivedWithoutPosition(t *testing.T) {
	for imageType, want := range map[string]Status{`DERIVED\SECONDARY`: Skipped, `DERIVED\PRIMARY\PROJECTION IMAGE`: Skipped, `ORIGINAL\SECONDARY\OTHER`: Skipped, `ORIGINAL\PRIMARY\M`: Refused, "": Refused} {
		dir := t.TempDir()
		writeAll(t, dir, sagittal(4))
		odd := tagged(sagittal(1), "7", func(_ int, s *dicomtest.Set) {
			s.Put(tSeriesUID, "UI", "1.7").Put(tImageType, "CS", imageType).Delete(tPosition).Delete(tOrientation)
		})
		writeAll(t, filepath.Join(dir, "x"), odd)
		r := convertAll(t, scan(t, Options{}, dir), t.TempDir())
		if f := r.Files[4]; f.Status != want || f.Reason == "" {
			t.Errorf("%s: %s, %s", imageType, f.Status, f.Reason)
		}
		if code := fault.Code(r.Err()); code != map[Status]int{Skipped: 0, Refused: 8}[want] {
			t.Errorf("%s: code %d", imageType, code)
		}
	}
}

// Parts of one even stack in volumes apart are said to be in doubt, with what parts
// them, and the run ends with 8.
func TestDoubt(t *testing.T) {
	dir := t.TempDir()
	list := sagittal(6)
	list[5].Put(tFrameOfReference, "UI", "1.2.99").Put(tPatientID, "LO", "Mueller")
	writeAll(t, dir, list)
	r := convertAll(t, scan(t, Options{}, dir), t.TempDir())
	err := r.Err()
	if fault.Code(err) != fault.CodePartial || !strings.Contains(err.Error(), "differ in Patient ID, Frame of Reference UID, ") || strings.Contains(err.Error(), "Mueller") {
		t.Errorf("code %d: %v", fault.Code(err), err)
	}
	// Two echoes of a localizer's planes in one direction, or two slices, are none.
	dir = t.TempDir()
	list = sagittal(3)
	list[2].Put(tTE, "DS", 90)
	writeAll(t, dir, list)
	if err := convertAll(t, scan(t, Options{}, dir), t.TempDir()).Err(); err != nil {
		t.Errorf("%v", err)
	}
}
