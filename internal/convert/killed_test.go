//go:build unix

package convert

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/fault"

	"magn/internal/testenv"
)

// child is a process that converts src into out, in which no file can grow beyond
// full bytes where that is above 0, as on a full disk.
func child(t *testing.T, src, out string, full int) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestConvertInChild$")
	cmd.Env = append(os.Environ(), "MAGN_TEST_SRC="+src, "MAGN_TEST_OUT="+out, "MAGN_TEST_FULL="+strconv.Itoa(full))
	return cmd
}

// TestConvertInChild does nothing by itself: child runs it.
func TestConvertInChild(t *testing.T) {
	src := os.Getenv("MAGN_TEST_SRC")
	if src == "" {
		return
	}
	if n, _ := strconv.ParseUint(os.Getenv("MAGN_TEST_FULL"), 10, 64); n > 0 {
		testenv.SmallDisk(t, n)
	}
	r, err := scan(t, Options{}, src).Run(t.Context(), os.Getenv("MAGN_TEST_OUT"), nil)
	if err == nil {
		err = r.Err()
	}
	fmt.Printf("code %d: %v\n", fault.Code(err), err)
}

// large writes n series of ten slices whose pixels do not pack well.
func large(t *testing.T, dir string, n int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		list := stackOf(10, 96, 96, [3]float64{-20, -50, 60}, sagRow, sagCol, [3]float64{4.4, 0, 0})
		writeAll(t, filepath.Join(dir, fmt.Sprint(i)), tagged(list, fmt.Sprint(i), func(_ int, s *dicomtest.Set) {
			p := make([]uint16, 96*96)
			for i := range p {
				p[i] = uint16(rng.IntN(4096))
			}
			s.Put(tSeriesUID, "UI", fmt.Sprintf("1.2.9.%d", i)).Put(tSeriesNumber, "IS", i+1).Put(dicom.PixelData, "OW", p)
		}))
	}
}

// whole says that nothing in an output folder is half written: no image without
// its sidecar in the end, and none that is not the undisturbed run's.
func whole(t *testing.T, out string, want map[string]string) {
	t.Helper()
	for name, text := range tree(t, out) {
		if strings.HasPrefix(filepath.Base(name), ".") {
			continue // temporary, or the lock
		}
		if w, ok := want[name]; !ok || w != text {
			t.Errorf("%s is not as in an undisturbed run", name)
		}
	}
}

// kill -9 at any moment: what has its name is whole, and the next run ends as one
// that was not disturbed, with nothing else in the folder.
func TestKilled(t *testing.T) {
	src, out, calm := t.TempDir(), t.TempDir(), t.TempDir()
	large(t, src, 8)
	begin := time.Now()
	if msg, err := child(t, src, calm, 0).CombinedOutput(); err != nil || !strings.Contains(string(msg), "code 0") {
		t.Fatalf("%v\n%s", err, msg)
	}
	long := time.Since(begin)
	want := tree(t, calm)
	rng := rand.New(rand.NewPCG(3, 4))
	killed, within, left := 0, 0, 0
	for try := range 40 {
		if killed >= 12 && within >= 3 {
			break
		}
		if try%4 <= 1 { // from the beginning
			if err := os.RemoveAll(out); err != nil {
				t.Fatal(err)
			}
		}
		cmd := child(t, src, out, 0)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if try%4 == 1 { // amid its files, however short the time that it writes them in
			for end := time.Now().Add(2 * long); time.Now().Before(end); time.Sleep(time.Millisecond) {
				if list, _ := os.ReadDir(out); len(list) > 2 {
					break
				}
			}
		} else {
			time.Sleep(time.Duration(rng.Float64() * float64(long)))
		}
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); err == nil {
			continue // it had ended
		} else if x := (*exec.ExitError)(nil); !errors.As(err, &x) {
			t.Fatal(err)
		}
		killed++
		if _, err := os.Stat(out); err != nil {
			continue
		}
		got := tree(t, out)
		if len(got) > 1 && len(got) < len(want) {
			within++
		}
		for name := range got {
			if temporary.MatchString(filepath.Base(name)) {
				left++
			}
		}
		whole(t, out, want)
	}
	if killed == 0 || within == 0 {
		t.Errorf("killed %d times, %d times amid its files", killed, within)
	}
	// Names as a killed run leaves them, whether or not one just did.
	if err := os.MkdirAll(out, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".002_t1-tse-sag.nii.gz3502871", ".files.csv12", ".uids.json74", ".001_t1-tse-sag.json99"} {
		if err := os.WriteFile(filepath.Join(out, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(out, ".hidden.json5"), []byte("of another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if msg, err := child(t, src, out, 0).CombinedOutput(); err != nil || !strings.Contains(string(msg), "code 0") {
		t.Fatalf("%v\n%s", err, msg)
	}
	want[".hidden.json5"] = "of another"
	sameTree(t, tree(t, out), want)
	t.Logf("killed %d times, %d times amid its files; %d temporary files were left", killed, within, left)
}

// On a full disk a run ends with the name of what could not be written, with
// nothing half written; with room again it goes on to the same end.
func TestConvertOntoAFullDisk(t *testing.T) {
	src, out, calm := t.TempDir(), t.TempDir(), t.TempDir()
	large(t, src, 3)
	convertAll(t, scan(t, Options{}, src), calm)
	want := tree(t, calm)
	for _, full := range []int{50_000, 1_000, 2} {
		msg, err := child(t, src, out, full).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, msg)
		}
		if !strings.Contains(string(msg), fmt.Sprintf("code %d: ", fault.CodeFailed)) || !strings.Contains(string(msg), "_t1-tse-sag.nii.gz cannot be written: file too large") {
			t.Errorf("%d bytes: %s", full, msg)
		}
		if got := names(tree(t, out)); got != "" {
			t.Errorf("%d bytes: %s is left", full, got)
		}
	}
	// Room for the images, but for no list.
	if err := os.Mkdir(filepath.Join(out, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	convertAll(t, scan(t, Options{}, src), out)
	if err := os.Remove(filepath.Join(out, UIDsFile)); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(out, FilesFile)
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	msg, err := child(t, src, out, 500).CombinedOutput()
	if err != nil || !strings.Contains(string(msg), list+" cannot be written: file too large") {
		t.Errorf("%v\n%s", err, msg)
	}
	whole(t, out, want)
	convertAll(t, scan(t, Options{}, src), out)
	sameTree(t, tree(t, out), want)
}

// A folder that cannot be read is named, not counted with others.
func TestUnreadableFolder(t *testing.T) {
	dir := t.TempDir()
	numbered(t, dir, 1, nil)
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"p1", "p2"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o000); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 { // who may read anything
		if err := syscall.Seteuid(65534); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Seteuid(0) }()
	}
	s := scan(t, Options{}, dir)
	if os.Getuid() == 0 {
		if err := syscall.Seteuid(0); err != nil {
			t.Fatal(err)
		}
	}
	err := convertAll(t, s, t.TempDir()).Err()
	for _, name := range []string{"p1", "p2"} {
		if fault.Code(err) != fault.CodePartial || !strings.Contains(err.Error(), filepath.Join(dir, name)+": a folder that cannot be read: permission denied") {
			t.Errorf("code %d: %v", fault.Code(err), err)
		}
	}
}
