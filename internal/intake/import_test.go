package intake

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magn/internal/cohort"
	"magn/internal/volume"
)

// dice compares a mask with the lesion that the body has.
func dice(b *body, m *volume.Mask) float64 {
	want := b.mask(m.Grid)
	both, sum := 0, 0
	for i, l := range m.Labels {
		if l != 0 {
			sum++
		}
		if want.Labels[i] != 0 {
			sum++
			if l != 0 {
				both++
			}
		}
	}
	return 2 * float64(both) / float64(sum)
}

// The whole way: the right series of each view, its voxels where they were, the
// outline where it was and carried to the other views, and nobody's name.
func TestImport(t *testing.T) {
	w := newWard(t, 2, nil)
	w.opt.noShift = false
	r := w.must()
	want := map[string]string{
		"C0001 sagittal": "4", "C0001 coronal": "5", "C0001 axial": "6",
		"C0002 sagittal": "4", "C0002 coronal": "5", "C0002 axial": "6",
	}
	for k, n := range want {
		if got := w.numbers()[k]; got != n {
			t.Errorf("%s: series %q, want %s\n%s", k, got, n, w.list())
		}
	}
	if r.Converted != 2 || r.Kept != 0 || r.Flow.Included != 2 {
		t.Errorf("%+v", r)
	}
	if err := r.Cohort.Check(t.Context(), nil); err != nil {
		t.Error(err)
	}
	for _, b := range w.bodies {
		k := w.caseOf(r.Cohort, b)
		if k.Covariates["age"] == "" || k.Covariates["level"] == "" {
			t.Errorf("covariates %v", k.Covariates)
		}
		for v, gain := range map[volume.View]float64{volume.Sagittal: 1.2, volume.Coronal: 1, volume.Axial: 1} {
			stacks := k.Stacks(v)
			if len(stacks) != 1 {
				t.Fatalf("%s %s: %d stacks", k.ID, v, len(stacks))
			}
			read, err := stacks[0].Read(v)
			if err != nil {
				t.Fatal(err)
			}
			wrong := 0
			for n, x := range read.Image.Data {
				i := read.Image.Voxel(n)
				p := read.Image.Affine.Apply([3]float64{float64(i[0]), float64(i[1]), float64(i[2])})
				// Positions are written with ten digits; a point on the lesion's edge may fall to either side.
				if math.Abs(float64(x)-float64(b.at([3]float64{-p[0], -p[1], p[2]}, gain))) > 1 {
					wrong++
				}
			}
			if wrong > 5 {
				t.Errorf("%s %s: %d of %d voxels differ from the body", k.ID, v, wrong, len(read.Image.Data))
			}
			least := 1.0
			if v != volume.Sagittal { // a ball of 17 mm on slices of 5 mm: its edge is in half of the slabs
				least = .8
			}
			if d := dice(b, read.Mask); d < least {
				t.Errorf("%s %s: Dice %.3f with the lesion", k.ID, v, d)
			}
		}
	}
	for _, s := range readMade(filepath.Join(w.opt.Study, "cases", "C0001")).Stacks {
		if s.View == volume.Sagittal {
			continue
		}
		// The body did not move: what is found must be below a voxel, or not believed.
		if o := s.Outline; o.Shift == nil || o.Shift.Trusted && o.Shift.Length > 2.5 || o.Coverage < .99 {
			t.Errorf("%s: %+v %+v", s.View, o, o.Shift)
		}
	}
	noSecrets(t, w.opt.Study)
	again := w.must()
	if again.Converted != 0 || again.Kept != 2 {
		t.Errorf("a second import: %d converted, %d kept", again.Converted, again.Kept)
	}
}

// years begin a date of the patient's; within a measured number or a digest they are
// chance.
var years = regexp.MustCompile(`(?:^|[^0-9A-Z.])(?:1950[-/.0-9]|20200102)`)

// noSecrets looks for what names a patient in every file and file name.
func noSecrets(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.Contains(strings.ToUpper(d.Name()), secret) {
			t.Errorf("%s has a patient's name", path)
		}
		if d.IsDir() {
			return nil
		}
		files++
		b, err := os.ReadFile(path)
		text := strings.ToUpper(string(b))
		if strings.HasSuffix(path, ".gz") || strings.HasSuffix(path, ".png") {
			return err
		}
		for _, s := range []string{secret, "1.9.1"} {
			if strings.Contains(text, s) {
				t.Errorf("%s has %q", path, s)
			}
		}
		if day := years.FindString(text); day != "" {
			t.Errorf("%s has %q", path, day)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files: %v", files, err)
	}
	for _, name := range []string{"-crosswalk.csv", "-crosswalk-uids.json", "-crosswalk-files.csv"} {
		st, err := os.Stat(dir + name)
		if err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, st, err)
		}
	}
	if _, err := cohort.ReadCrosswalk(cohort.CrosswalkPath(dir)); err != nil {
		t.Error(err)
	}
}
