package phantom

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/volume"
)

// tree is every file below a folder with the hash of its content.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(rel)] = fmt.Sprintf("%x", sha256.Sum256(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func write(t *testing.T, opt Options) (string, *Summary) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cohort")
	s, err := Write(t.Context(), dir, opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	return dir, s
}

// The same options give the same files, whatever runs beside; a folder that holds
// them is left alone, another one refused.
func TestSameBytes(t *testing.T) {
	opt := Options{Patients: 9, Seed: 5, Size: 32, Difficulty: .5, Moved: 6}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	one, sum := write(t, opt)
	runtime.GOMAXPROCS(2)
	two, _ := write(t, opt)
	a, b := tree(t, one), tree(t, two)
	if len(a) != len(b) || len(a) < sum.Files+9 {
		t.Errorf("%d and %d files, %d images", len(a), len(b), sum.Files)
	}
	for name := range a {
		if a[name] != b[name] {
			t.Errorf("%s differs", name)
		}
	}
	again, err := Write(t.Context(), two, opt, func(done, total int) { t.Error("it was made again") })
	if err != nil || !again.Kept || again.Files != sum.Files || again.Dir != two {
		t.Errorf("again: %+v, %v", again, err)
	}
	opt.Seed++
	if _, err := Write(t.Context(), two, opt, nil); fault.Code(err) != fault.CodeInput {
		t.Errorf("another cohort into the same folder: %v", err)
	}
	for name, sum := range tree(t, two) {
		if a[name] != sum {
			t.Errorf("%s has changed", name)
		}
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "letter.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(t.Context(), other, opt, nil); fault.Code(err) != fault.CodeInput {
		t.Errorf("a folder with something else: %v", err)
	}
}

// Another seed is another cohort: no image is in both.
func TestSeedsDiffer(t *testing.T) {
	one, _ := write(t, Options{Patients: 6, Seed: 1, Size: 32})
	two, _ := write(t, Options{Patients: 6, Seed: 2, Size: 32})
	seen := map[string]string{}
	for name, sum := range tree(t, one) {
		seen[sum] = name
	}
	for name, sum := range tree(t, two) {
		if was, ok := seen[sum]; ok && strings.HasPrefix(name, "dicom/") {
			t.Errorf("%s is %s of another seed", name, was)
		}
	}
}

// The tables are such as this system reads, and say what the truth says.
func TestTables(t *testing.T) {
	dir, sum := write(t, Options{Patients: 16, Seed: 4, Size: 32, Moved: 6})
	table, err := cohort.ReadClinical(filepath.Join(dir, "clinical.csv"), cohort.TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Rows) != 16 || sum.Included != 14 || sum.Excluded != 2 || sum.Positive+sum.Negative != 14 {
		t.Errorf("%d rows, %+v", len(table.Rows), sum)
	}
	if a, b := table.Rows[1], table.Rows[2]; a.Name != b.Name || a.Birth != b.Birth || a.Patient == b.Patient {
		t.Error("the person with two ids is two people")
	}
	for name, scores := range map[string]bool{"readers.csv": false, "readers-scores.csv": true} {
		answers, err := cohort.ReadAnswers(filepath.Join(dir, name), cohort.TableOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if answers.Scores != scores || len(answers.Rows) != 14*2*2 || len(answers.Readers) != 2 {
			t.Errorf("%s: scores %v, %d rows, readers %v", name, answers.Scores, len(answers.Rows), answers.Readers)
		}
		for _, r := range answers.Rows {
			if r.Years == nil || *r.Years != 5 && *r.Years != 10 || r.Aided == cohort.Unknown {
				t.Fatalf("%s: %+v", name, r)
			}
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cohort.ParseRules("rules.yaml", data); err != nil {
		t.Error(err)
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil || !strings.Contains(string(readme), "about the software and not about patients") {
		t.Errorf("README.md does not say what it is: %v", err)
	}
}

// A study folder at once: canonical, outlined, checked, splittable.
func TestStudy(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "study")
	opt := Options{Patients: 14, Seed: 9, Size: 64, Difficulty: .1, Moved: 6}
	var calls []int
	c, err := WriteStudy(t.Context(), dir, opt, func(done, total int) { calls = append(calls, done, total) })
	if err != nil {
		t.Fatal(err)
	}
	if len(calls) != 2*13 || calls[24] != 13 || calls[25] != 13 {
		t.Errorf("progress %v", calls)
	}
	if len(c.Cases) != 13 || len(c.Excluded) != 1 || c.Positive != Positive || c.Negative != Negative {
		t.Fatalf("%d cases, %v excluded", len(c.Cases), c.Excluded)
	}
	groups, several := map[string]int{}, 0
	for _, k := range c.Cases {
		groups[k.Group]++
		for _, v := range volume.Views {
			if len(k.Stacks(v)) > 1 {
				several++
			}
			for _, s := range k.Stacks(v) {
				if _, err := s.Read(v); err != nil { // canonical, same grid, mask not empty
					t.Error(err)
				}
			}
		}
	}
	if groups["phantom-0002"] != 2 || len(groups) != 12 || several == 0 {
		t.Errorf("groups %v, %d views in two stations", groups, several)
	}
	if err := c.Check(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := cohort.FoldsCSV(dir, c.Cases, 3, 1); err != nil {
		t.Error(err)
	}
	if _, err := WriteStudy(t.Context(), dir, opt, nil); err != nil {
		t.Errorf("again: %v", err)
	}
	opt.Seed = 2
	if _, err := WriteStudy(t.Context(), dir, opt, nil); fault.Code(err) != fault.CodeInput {
		t.Errorf("another cohort into the same folder: %v", err)
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{
		{Patients: 5},
		{Patients: 10000},
		{Patients: 8, Difficulty: -.1},
		{Patients: 8, Difficulty: math.NaN()},
		{Patients: 8, Difficulty: 1.1},
		{Patients: 8, Size: 31},
		{Patients: 8, Size: 1025},
		{Patients: 8, Size: -1},
		{Patients: 8, Moved: -1},
		{Patients: 8, Moved: math.NaN()},
	} {
		dir := filepath.Join(t.TempDir(), "cohort")
		if _, err := Write(t.Context(), dir, o, nil); fault.Code(err) != fault.CodeUsage {
			t.Errorf("%+v: %v", o, err)
		}
		if _, err := WriteStudy(t.Context(), dir, o, nil); fault.Code(err) != fault.CodeUsage {
			t.Errorf("study, %+v: %v", o, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%+v left a folder", o)
		}
	}
}

// Cancelled in the middle, nothing is left.
func TestStops(t *testing.T) {
	parent := t.TempDir()
	for name, run := range map[string]func(ctx context.Context, progress func(done, total int)) error{
		"cohort": func(ctx context.Context, progress func(done, total int)) error {
			_, err := Write(ctx, filepath.Join(parent, "cohort"), Options{Patients: 12, Size: 32}, progress)
			return err
		},
		"study": func(ctx context.Context, progress func(done, total int)) error {
			_, err := WriteStudy(ctx, filepath.Join(parent, "study"), Options{Patients: 12, Size: 32}, progress)
			return err
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if err := run(ctx, func(done, total int) { cancel() }); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: want the context's error: %v", name, err)
		}
		if left, _ := os.ReadDir(parent); len(left) != 0 {
			t.Errorf("%s left behind: %v", name, left)
		}
		cancel()
	}
}
