package intake

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/annotation"
	"magn/internal/archive"
	"magn/internal/dicom"
	"magn/internal/testenv"
)

// The annotated sets as other people's programs wrote them: each outline finds its
// patient and its series, and fits. What the sets are: shared data's README.
func TestSharedOutlines(t *testing.T) {
	for set, want := range map[string]struct {
		view  string
		least float64 // ml of the lesion
	}{"sts_004": {"axial", 1}, "sts_008": {"axial", 1}, "breast_seg": {"sagittal", .1}} {
		dir := testenv.Data(t, "dicom", "annotated", set)
		study := filepath.Join(t.TempDir(), "study")
		clinical := filepath.Join(t.TempDir(), "c.csv")
		if err := os.WriteFile(clinical, []byte("patient,diagnosis\nP,a\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		m := newImporter(t, Options{Sources: []string{dir}, Study: study, Clinical: clinical, Classes: []string{"a", "b"}})
		for _, step := range []func() error{m.readTables, m.scanAll, m.findPatients, m.findOutlines} {
			if err := step(); err != nil {
				t.Fatalf("%s: %v", set, err)
			}
		}
		if len(m.patients) != 1 || len(m.patients[0].outlines) != 1 || len(m.result.Failed) > 0 {
			t.Fatalf("%s: %d patients, %v", set, len(m.patients), m.result.Failed)
		}
		o := m.patients[0].outlines[0]
		on := o.drawn[0]
		mask, err := o.read(t.Context(), m, on)
		if err != nil {
			t.Errorf("%s: %v", set, err)
			continue
		}
		ml := 0.0
		lesions, err := annotation.Measure(mask, annotation.Third)
		for _, l := range lesions {
			ml += l.VolumeML
		}
		if err != nil || ml < want.least || on.View.String() != want.view || !on.drawnOn {
			t.Errorf("%s: %v, %.2f ml on a series that is %s", set, err, ml, on.View)
		}
		// The same file by itself gives the same volume.
		d, err := dicom.Open(o.file)
		if err != nil {
			t.Fatal(err)
		}
		a, err := archive.Read(t.Context(), d, archive.Options{Series: &on.Grid})
		d.Close()
		if err != nil {
			t.Fatal(err)
		}
		alone, err := annotation.Measure(a.Mask, annotation.Third)
		sum := 0.0
		for _, l := range alone {
			sum += l.VolumeML
		}
		if err != nil || math.Abs(sum-ml) > 1e-9 {
			t.Errorf("%s: %v, %.3f ml and %.3f", set, err, ml, sum)
		}
		t.Logf("%s: %.2f ml, series %d, %s: %s", set, ml, on.Facts.SeriesNumber, on.Verdict, strings.Join(on.Reasons, "; "))
	}
}
