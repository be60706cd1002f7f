//go:build unix

package cohort

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"magn/internal/testenv"
)

// onFullDisk runs the named part of TestOnFullDisk in a process in which no file
// can grow beyond n bytes, as on a full disk, and gives what it prints. It is
// a process of its own since the limit would hit go test's log as well.
func onFullDisk(t *testing.T, n int, part, dir string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestOnFullDisk$")
	cmd.Env = append(os.Environ(), "MAGN_TEST_FULL="+strconv.Itoa(n), "MAGN_TEST_PART="+part, "MAGN_TEST_DIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// TestOnFullDisk does nothing by itself: onFullDisk runs it.
func TestOnFullDisk(t *testing.T) {
	n, err := strconv.ParseUint(os.Getenv("MAGN_TEST_FULL"), 10, 64)
	if err != nil {
		return
	}
	testenv.SmallDisk(t, n)
	dir := os.Getenv("MAGN_TEST_DIR")
	switch os.Getenv("MAGN_TEST_PART") {
	case "import":
		_, err = ImportSlices(t.Context(), ImportSlicesOptions{
			Manifest: filepath.Join(dir, "manifest.csv"), Classes: []string{"tumour", "cyst"}, Positive: "tumour", Study: filepath.Join(dir, "study"),
		}, nil)
	case "folds":
		_, err = FoldsCSV(dir, referenceCases(), 3, 7)
	}
	fmt.Println("the error:", err)
}

func TestImportOntoAFullDisk(t *testing.T) {
	f := newFixture(t)
	f.options() // writes the manifest
	out := onFullDisk(t, 300, "import", f.dir)
	if !strings.Contains(out, "the error: ") || !strings.Contains(out, filepath.Join(f.dir, ".study.partial", "cases")) || !strings.Contains(out, "too large") {
		t.Errorf("want an error that names the file: %s", out)
	}
	f.nothingLeft()
}

func TestFoldsOntoAFullDisk(t *testing.T) {
	dir := t.TempDir()
	out := onFullDisk(t, 20, "folds", dir)
	if !strings.Contains(out, "the error: ") || !strings.Contains(out, filepath.Join(dir, foldsFile)) {
		t.Errorf("want an error that names folds.csv: %s", out)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
