//go:build unix

package intake

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"magn/internal/cohort"
)

// inChild is an import in a process of its own, which TestImporting runs.
func (w *ward) inChild(study string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestImporting$")
	cmd.Env = append(os.Environ(), "MAGN_TEST_DIR="+w.root, "MAGN_TEST_STUDY="+study)
	return cmd
}

// TestImporting does nothing by itself: inChild runs it.
func TestImporting(t *testing.T) {
	root, study := os.Getenv("MAGN_TEST_DIR"), os.Getenv("MAGN_TEST_STUDY")
	if study == "" {
		return
	}
	r, err := Run(t.Context(), Options{
		Sources: []string{filepath.Join(root, "dvd")}, Study: study, Clinical: filepath.Join(root, "clinical.csv"),
		Annotations: filepath.Join(root, "outlines"), Classes: []string{"myeloma", "metastasis"}, Positive: "myeloma",
		Shuffle: func(int, func(i, j int)) {}, noShift: true,
	}, nil)
	if err == nil {
		err = r.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// tree is what a folder holds, by path: the bytes of files, "folder" of folders.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		out[rel] = "folder"
		if !d.IsDir() {
			b, err := os.ReadFile(path)
			out[rel] = string(b)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// differences are the paths at which two trees differ.
func differences(a, b map[string]string) []string {
	var out []string
	for path, x := range a {
		if y, ok := b[path]; !ok || x != y {
			out = append(out, path)
		}
	}
	for path := range b {
		if _, ok := a[path]; !ok {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// An import that is killed at any moment leaves whole files and cases only, and
// the same command again makes what one that was left alone makes, with nothing
// beside it.
func TestKilled(t *testing.T) {
	w := newWard(t, 4, nil)
	alone := filepath.Join(w.root, "alone")
	began := time.Now()
	if out, err := w.inChild(filepath.Join(alone, "study")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	takes, want := time.Since(began), tree(t, alone)
	const kills = 6
	for k := range kills {
		dir := filepath.Join(w.root, fmt.Sprint("killed", k))
		cmd := w.inChild(filepath.Join(dir, "study"))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// A later start of the process, and the end of its work, are of no interest.
		time.Sleep(takes * time.Duration(2*k+3) / (2*kills + 4))
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		if _, err := os.Stat(dir); err == nil {
			n := 0
			for path, x := range tree(t, dir) {
				if strings.Contains(path, "/.") || strings.HasPrefix(path, ".") {
					continue
				}
				if n++; x != want[path] {
					t.Errorf("kill %d: %s is there and not whole", k, path)
				}
			}
			t.Logf("kill %d: %d of %d files and folders", k, n, len(want))
		}
		if out, err := w.inChild(filepath.Join(dir, "study")).CombinedOutput(); err != nil {
			t.Fatalf("after kill %d: %v: %s", k, err, out)
		}
		if d := differences(want, tree(t, dir)); len(d) > 0 {
			t.Errorf("after kill %d these differ: %s", k, strings.Join(d, ", "))
		}
	}
}

// What a killed import was writing goes with the next one, wherever it was; what
// others have there stays.
func TestTemporaries(t *testing.T) {
	w := newWard(t, 2, nil)
	w.must()
	want := tree(t, w.root)
	plant := func(name ...string) string {
		path := filepath.Join(append([]string{w.root}, name...)...)
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const n = "5867632063610400183"
	plant(".study-crosswalk.csv" + n)
	plant(".study-crosswalk-files.csv" + n)
	plant(".study-crosswalk-uids.json" + n)
	plant(".study-crosswalk-unmatched.csv" + n)
	plant("study", ".cohort.csv"+n)
	plant("study", ".excluded.csv"+n)
	plant("study", importFolder, ".series.csv"+n)
	plant("study", importFolder, "thumbnails", ".C0001-0a0962c545.png"+n)
	if err := os.Mkdir(filepath.Join(w.root, ".study.partial"), 0o755); err != nil {
		t.Fatal(err)
	}
	plant(".study.partial", ".lock")
	theirs := []string{plant(".clinical.csv" + n), plant(".DS_Store"), plant("study", ".cohort.csv2"), plant("study", ".mine"+n)}
	w.must()
	got := tree(t, w.root)
	for _, path := range theirs {
		rel, _ := filepath.Rel(w.root, path)
		if got[rel] != "half" {
			t.Errorf("%s, which is somebody else's, is gone", rel)
		}
		delete(got, rel)
	}
	if d := differences(want, got); len(d) > 0 {
		t.Errorf("these differ: %s", strings.Join(d, ", "))
	}
	if _, err := cohort.Load(w.opt.Study); err != nil {
		t.Error(err)
	}
}
