package testenv

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gofrs/flock"
)

// peersWanted says that make test-peers runs: then an absent peer is a failure.
func peersWanted() bool { return CI() || os.Getenv("MAGN_PEERS") == "1" }

// Python is the path of an interpreter that can import all the modules:
// $MAGN_PYTHON where that is set, /usr/bin/python3 otherwise (whose modules
// come from Debian's packages; the first python3 in PATH is often another).
func Python(t testing.TB, modules ...string) string {
	t.Helper()
	python := os.Getenv("MAGN_PYTHON")
	if python == "" {
		python = "/usr/bin/python3"
	}
	if err := canImport(python, modules); err != nil {
		absent(t, peersWanted(), "%s cannot be the peer: %v; make setup-peers installs Debian's modules, MAGN_PYTHON names another Python", python, err)
	}
	return python
}

var imports sync.Map // interpreter and modules → func() error; importing torch takes seconds

func canImport(python string, modules []string) error {
	code := "pass"
	if len(modules) > 0 {
		code = "import " + strings.Join(modules, ", ")
	}
	check, _ := imports.LoadOrStore(python+"\x00"+code, sync.OnceValue(func() error {
		out, err := exec.Command(python, "-c", code).CombinedOutput()
		if err != nil && len(out) > 0 {
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			return fmt.Errorf("%s (%w)", lines[len(lines)-1], err)
		}
		return err
	}))
	return check.(func() error)()
}

// Browser is the path of a headless-capable Chromium.
func Browser(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	absent(t, peersWanted(), "no chromium in PATH; make setup-peers installs it")
	return ""
}

// Program is the path of another program that a test compares with; where tells
// from where it comes.
func Program(t testing.TB, name, where string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		absent(t, peersWanted(), "no %s in PATH; %s", name, where)
	}
	return path
}

// Magn is the path of the program, built from this checkout; beside it stands
// lib/ as an installation has it. The native library may be absent: a test that
// needs it calls Torch too.
func Magn(t testing.TB) string {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// program builds into one folder of a checkout in the user's cache and not into
// a new one each time: nothing removes a folder when a test process ends, and
// go build links only when something changed. The lock keeps the processes of
// one go test ./... apart.
var program = sync.OnceValues(func() (string, error) {
	src, err := root()
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "magn-test", fmt.Sprintf("%x", sha256.Sum256([]byte(src)))[:16])
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o700); err != nil {
		return "", err
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if err := lock.Lock(); err != nil {
		return "", err
	}
	defer lock.Unlock()
	lib := filepath.Join(dir, "lib")
	if _, err := os.Lstat(lib); err != nil {
		if err := os.Symlink(filepath.Join(src, "lib"), lib); err != nil {
			return "", err
		}
	}
	path := filepath.Join(dir, "bin", exe("magn"))
	cmd := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-o", path, "./cmd/magn")
	cmd.Dir = src
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/magn: %w\n%s", err, out)
	}
	return path, nil
})
