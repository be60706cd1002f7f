package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magn/internal/fault"
	"magn/internal/testenv"
)

// inFolder is what lies in a folder, by name; nil where there is none.
func inFolder(t *testing.T, dir string) map[string]string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	out := map[string]string{}
	for _, e := range list {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(b)
	}
	return out
}

// An answer is there whole or not at all, and an earlier one stays as it was until
// the new one is whole.
func TestWriteTogether(t *testing.T) {
	const room = 16 << 20 // more than go test's own log of this package, which the limit hits as well
	const much = room + 1
	top := t.TempDir()
	dir := filepath.Join(top, "new", "p1")
	answer := func(sizes ...int) []output {
		var out []output
		for i, name := range []string{"sagittal.png", "axial.png", "prediction.json"} {
			if sizes[i] > 0 {
				out = append(out, output{name, []byte(strings.Repeat("x", sizes[i]))})
			}
		}
		return out
	}
	full := func(files []output) error {
		enlarge := testenv.SmallDisk(t, room)
		defer enlarge()
		return writeTogether(dir, files, nil)
	}
	for _, sizes := range [][]int{{much, 10, 10}, {10, much, 10}, {10, 10, much}} {
		err := full(answer(sizes...))
		if fault.Code(err) != fault.CodeFailed || !errors.Is(err, syscall.EFBIG) || !strings.HasPrefix(err.Error(), "write "+dir) {
			t.Errorf("%v: %v", sizes, err)
		}
		if got := inFolder(t, filepath.Join(top, "new")); got != nil {
			t.Errorf("%v: left behind: %v", sizes, got)
		}
	}
	if err := writeTogether(dir, answer(10, 20, 30), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "mine.txt"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := inFolder(t, dir)
	if err := full(answer(11, 21, much)); err == nil {
		t.Error("no error on a full disk")
	}
	if d := cmp.Diff(before, inFolder(t, dir)); d != "" {
		t.Error("an answer that could not be written changed the earlier one: ", d)
	}
	if err := writeTogether(dir, answer(11, 0, 31), []string{"axial.png", "coronal.png"}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"sagittal.png": strings.Repeat("x", 11), "prediction.json": strings.Repeat("x", 31), "mine.txt": "mine"}
	if d := cmp.Diff(want, inFolder(t, dir)); d != "" {
		t.Error(d)
	}
}

// A place where nothing can be created is told in plain words, with one exit code.
func TestNoPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(file, "below")
	err := writeTogether(dir, []output{{"prediction.json", nil}}, nil)
	if want := dir + ": nothing can be created there (not a directory); choose another folder"; fault.Code(err) != fault.CodeFailed || err == nil || err.Error() != want {
		t.Errorf("code %d: %v, expected %s", fault.Code(err), err, want)
	}
}
