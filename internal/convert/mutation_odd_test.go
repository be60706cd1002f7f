package convert

import (
	"os"
	"path/filepath"
	"testing"

	"magn/internal/fault"
	"magn/internal/testenv"
)

// Every odd file is accounted for: all in one run, and each by itself. What is no
// volume by itself is none among others, for the same reason.
func TestOddFiles(t *testing.T) {
	dir := testenv.Data(t, "dicom/odd")
	dec := decoder(t)
	together := scan(t, Options{Decoder: dec}, dir)
	r := convertAll(t, together, t.TempDir())
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Files) < len(entries) {
		t.Errorf("%d files of %d", len(r.Files), len(entries))
	}
	count := map[Status]int{}
	for _, f := range r.Files {
		count[f.Status]++
		if (f.Reason == "") != (f.Status == Used) {
			t.Errorf("%s: %s, reason %q", f.Path, f.Status, f.Reason)
		}
		out := t.TempDir()
		alone := convertAll(t, scan(t, Options{Decoder: dec}, f.Path), out)
		if len(alone.Files) != 1 {
			t.Fatalf("%s: %d files", f.Path, len(alone.Files))
		}
		switch a := alone.Files[0]; a.Status {
		case Skipped, Refused:
			if f.Status != a.Status || f.Reason != a.Reason {
				t.Errorf("%s: %s (%s), but among others %s (%s)", f.Path, a.Status, a.Reason, f.Status, f.Reason)
			}
		case Used:
			if f.Status == Skipped {
				t.Errorf("%s: used, but among others %s (%s)", f.Path, f.Status, f.Reason)
			}
			if images, err := filepath.Glob(filepath.Join(out, "*.nii.gz")); err != nil || len(images) == 0 {
				t.Errorf("%s: used without a volume (%v)", f.Path, err)
			}
		default:
			t.Errorf("%s: %q", f.Path, a.Status)
		}
		if err := alone.Err(); (err == nil) != (alone.Files[0].Status == Used) || err != nil && fault.Code(err) != fault.CodeInput {
			t.Errorf("%s: %s, but code %d: %v", f.Path, alone.Files[0].Status, fault.Code(err), err)
		}
	}
	t.Logf("%d files, %d volumes: %v", len(r.Files), len(r.Volumes), count)
	for _, f := range r.Files {
		t.Logf("%s: %s %s %v", filepath.Base(f.Path), f.Status, f.Reason, f.Volumes)
	}
}
