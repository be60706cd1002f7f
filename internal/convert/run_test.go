package convert

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/fault"
	"magn/internal/nifti"
)

func convertAll(t *testing.T, s *Scan, out string) *Result {
	t.Helper()
	r, err := s.Run(context.Background(), out, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every file below the paths stands in files.csv with what became of it.
func TestEveryFileIsAccountedFor(t *testing.T) {
	dir := t.TempDir()
	writeAll(t, filepath.Join(dir, "good"), append(sagittal(4), sagittal(4)[0]))
	put := func(name string, s *dicomtest.Set) {
		if err := (dicomtest.File{Set: s}).Write(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	fresh := func(n string) *dicomtest.Set {
		return sagittal(1)[0].Put(tSeriesUID, "UI", "1.9."+n).Put(tSOPInstance, "UI", "1.9.1."+n)
	}
	put("report", dicomtest.New().Put(tSOPClass, "UI", "1.2.840.10008.5.1.4.1.1.88.11").Put(tModality, "CS", "SR"))
	put("DICOMDIR", dicomtest.New().Put(tSOPClass, "UI", classDirectory))
	put("screenshot", fresh("1").Put(tSOPClass, "UI", "1.2.840.10008.5.1.4.1.1.7").Delete(tPosition))
	put("colour", fresh("2").Put(dicom.SamplesPerPixel, "US", 3).Put(dicom.PhotometricInterpretation, "CS", "RGB").Put(0x00280006, "US", 0).
		Put(dicom.PixelData, "OW", make([]uint16, 90)))
	put("headless", fresh("3").Delete(dicom.PixelData))
	put("nowhere", fresh("4").Delete(tOrientation))
	put("crooked", fresh("5").Put(tOrientation, "DS", 1.0, 0.0, 0.0, 1.0, 0.0, 0.0))
	put("film", fresh("6").Put(0x00280008, "IS", 2).Put(dicom.PixelData, "OW", make([]uint16, 60)))
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("not DICOM"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := dicomtest.File{Set: fresh("7")}.Bytes()
	if err := os.WriteFile(filepath.Join(dir, "short"), whole[:len(whole)-10], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "good", "circle")); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "old"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := scan(t, Options{Skip: []string{out}}, dir, filepath.Join(dir, "good")) // the second is inside the first
	r := convertAll(t, s, out)
	f, err := os.Open(filepath.Join(out, FilesFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]string{
		"good/0000.dcm": {"used", ""}, "good/0001.dcm": {"used", ""}, "good/0002.dcm": {"used", ""}, "good/0003.dcm": {"used", ""},
		"good/0004.dcm": {"duplicate", "the same instance as " + filepath.Join(dir, "good", "0000.dcm")},
		"good/circle":   {"skipped", "a link to a folder"},
		"report":        {"skipped", "no image (SR)"}, "DICOMDIR": {"skipped", "a DICOMDIR"}, "screenshot": {"skipped", "no position"},
		"colour": {"skipped", "a colour image (RGB)"}, "notes.txt": {"skipped", "not a DICOM file"},
		"headless": {"refused", "none in an MR image"}, "nowhere": {"refused", "Image Orientation (Patient): found none"},
		"crooked": {"refused", "two unit vectors at right angles"}, "film": {"refused", "none for 2 frames"}, "short": {"refused", "0 of 1 frames are whole"},
	}
	if len(rows)-1 != len(want) {
		t.Errorf("%d files, want %d", len(rows)-1, len(want))
	}
	for _, row := range rows[1:] {
		name, err := filepath.Rel(dir, row[0])
		if err != nil {
			t.Fatal(err)
		}
		if w, ok := want[filepath.ToSlash(name)]; !ok || row[1] != w[0] || !strings.Contains(row[3], w[1]) {
			t.Errorf("%s: %s, %q; want %q", name, row[1], row[3], w)
		}
	}
	if err := r.Err(); fault.Code(err) != fault.CodePartial || !strings.Contains(err.Error(), "1 volumes done, 5 not") {
		t.Errorf("code %d: %v", fault.Code(err), err)
	}
}

// Nothing at all, or nothing that is good, ends with 3.
func TestNothingUsable(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := convertAll(t, scan(t, Options{}, dir), t.TempDir()).Err(); fault.Code(err) != fault.CodeInput {
		t.Errorf("no DICOM: code %d, %v", fault.Code(err), err)
	}
	l := sagittal(6)
	bad := t.TempDir()
	writeAll(t, bad, append(l[:2], l[3:]...))
	if err := convertAll(t, scan(t, Options{}, bad), t.TempDir()).Err(); fault.Code(err) != fault.CodeInput || !strings.Contains(err.Error(), "missing (4)") {
		t.Errorf("one bad series: code %d, %v", fault.Code(err), err)
	}
	if _, err := NewScan(context.Background(), []string{filepath.Join(dir, "none")}, Options{}, nil); fault.Code(err) != fault.CodeInput {
		t.Errorf("no such path: %v", err)
	}
}

// A second run keeps what is there and whole, and makes what is not or has other
// inputs. What is kept is byte for byte what a run makes.
func TestRerunGoesOn(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	list := sagittal(4)
	for i := range 3 {
		writeAll(t, filepath.Join(dir, string(rune('a'+i))), each(list, func(k int, s *dicomtest.Set) {
			s.Put(tSeriesUID, "UI", "1.2.9."+string(rune('1'+i))).Put(tSeriesNumber, "IS", i+1)
		}))
	}
	convertAll(t, scan(t, Options{}, dir), out)
	image := func(n int) string { return filepath.Join(out, "00"+string(rune('0'+n))+"_t1-tse-sag.nii.gz") }
	first, err := os.ReadFile(image(1))
	if err != nil {
		t.Fatal(err)
	}
	// The second was interrupted before its sidecar, of the third an input changed.
	if err := os.Remove(strings.TrimSuffix(image(2), ".nii.gz") + ".json"); err != nil {
		t.Fatal(err)
	}
	writeAll(t, filepath.Join(dir, "c"), each(list, func(k int, s *dicomtest.Set) { s.Put(dicom.PixelData, "OW", pixels(30, k)) }))
	r := convertAll(t, scan(t, Options{}, dir), out)
	if len(r.Volumes) != 3 || !r.Volumes[0].Kept || r.Volumes[1].Kept || r.Volumes[2].Kept {
		t.Errorf("kept: %+v", r.Volumes)
	}
	third, err := nifti.Read(image(3))
	if err != nil {
		t.Fatal(err)
	}
	if third.Float64s()[90] != float64(pixels(30, 0)[0]) {
		t.Error("a changed input did not change the volume")
	}
	again, err := os.ReadFile(image(1))
	if err != nil || string(again) != string(first) {
		t.Errorf("the first is not as it was: %v", err)
	}
	var list2 []uids
	b, err := os.ReadFile(filepath.Join(out, UIDsFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &list2); err != nil || len(list2) != 3 || list2[0].SeriesUID != "1.2.9.1" || len(list2[0].SOPInstanceUIDs) != 4 || list2[0].SOPInstanceUIDs[0] != "1.2.3.4.4" {
		t.Errorf("%v %+v", err, list2)
	}
}

// An interruption at any time leaves whole volumes only, says so with 130, and
// no goroutine behind.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	for i := range 6 {
		writeAll(t, filepath.Join(dir, string(rune('a'+i))), each(sagittal(8), func(k int, s *dicomtest.Set) {
			s.Put(tSeriesUID, "UI", "1.2.9."+string(rune('1'+i))).Put(tSeriesNumber, "IS", i+1)
		}))
	}
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for stop := range 5 {
		ctx, cancel := context.WithCancel(context.Background())
		out := t.TempDir()
		s := scan(t, Options{Workers: 1}, dir)
		_, err := s.Run(ctx, out, func(done, _ int) {
			if done == stop+1 {
				cancel()
			}
		})
		if !errors.Is(err, fault.ErrInterrupted) {
			t.Errorf("stopped after %d: %v", stop+1, err)
		}
		entries, err := os.ReadDir(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".nii.gz") {
				if _, err := nifti.Read(filepath.Join(out, e.Name())); err != nil {
					t.Error(err)
				}
			} else if !strings.HasSuffix(e.Name(), ".json") {
				t.Errorf("%s is left", e.Name())
			}
		}
		cancel()
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := NewScan(ctx, []string{dir}, Options{}, nil); !errors.Is(err, fault.ErrInterrupted) {
		t.Errorf("scan: %v", err)
	}
}

// Where the output cannot be written the run ends with an error that names it,
// and what was there is there still.
func TestUnwritable(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	writeAll(t, dir, sagittal(3))
	// A folder where the image should be: it cannot be replaced by a file.
	if err := os.MkdirAll(filepath.Join(out, "001_t1-tse-sag.nii.gz", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := scan(t, Options{}, dir).Run(context.Background(), out, nil)
	if err == nil || !strings.Contains(err.Error(), "001_t1-tse-sag.nii.gz cannot be written") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(out, "001_t1-tse-sag.json")); err == nil {
		t.Error("a sidecar without its image")
	}
}

// A compressed series without a decoder, and one whose pixels are garbage, are
// refused while the rest is converted.
func TestBadPixelsCostOneVolume(t *testing.T) {
	dir := t.TempDir()
	writeAll(t, filepath.Join(dir, "a"), sagittal(3))
	list := each(sagittal(3), func(k int, s *dicomtest.Set) { s.Put(tSeriesUID, "UI", "1.2.9").Put(tSeriesNumber, "IS", 2) })
	for i := range list {
		list[i].Delete(dicom.PixelData)
		list[i].file = dicomtest.File{Syntax: "1.2.840.10008.1.2.4.70", Frames: [][][]byte{{[]byte("garbage!")}}}
	}
	writeAll(t, filepath.Join(dir, "b"), list)
	writeAll(t, filepath.Join(dir, "b", "headless"), []made{{Set: sagittal(1)[0].Delete(dicom.PixelData)}})
	s := scan(t, Options{Decoder: decoder(t)}, dir)
	r := convertAll(t, s, t.TempDir())
	if len(r.Volumes) != 2 || r.Volumes[0].Err != nil || r.Volumes[1].Err == nil {
		t.Fatalf("%+v", r.Volumes)
	}
	if code := fault.Code(r.Err()); code != fault.CodePartial {
		t.Errorf("code %d", code)
	}
	for _, f := range r.Files {
		if bad := strings.Contains(f.Path, "/b/"); bad != (f.Status == Refused) || bad != (f.Reason != "") {
			t.Errorf("%s: %s", f.Path, f.Status)
		}
	}
}
