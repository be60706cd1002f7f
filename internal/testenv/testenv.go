// Package testenv finds what a test needs from outside its own folder: shared
// data, the native library, a Python with the right modules, a browser, the
// built program. It alone decides whether a test may skip.
//
// The rule: what is absent is a skip on somebody's own machine and a failure
// where CI=true, because there everything was installed on purpose. Shared data
// is the one exception: a checkout without ../shared beside it skips under CI
// too. MAGN_PEERS=1 (make test-peers) asks for the peers by name, so there an
// absent peer is a failure as well.
package testenv

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/ebitengine/purego"
)

// withoutNative as the value of MAGN_NATIVE leaves the native libraries out of
// a run on purpose: the race detector's, which cannot see into C++.
const withoutNative = "none"

// CI says whether a skip counts as a failure.
func CI() bool { return os.Getenv("CI") == "true" }

// Root is the project's root folder, the one that holds go.mod.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var root = sync.OnceValues(func() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for d := dir; ; d = filepath.Dir(d) {
		if exists(filepath.Join(d, "go.mod")) {
			return d, nil
		}
		if d == filepath.Dir(d) {
			return "", &os.PathError{Op: "find go.mod at or above", Path: dir, Err: os.ErrNotExist}
		}
	}
})

// Data is the path of shared data, e.g. Data(t, "brain-cet1"): below $MAGN_DATA
// where that is set, below ../shared/data as seen from the project's root
// otherwise.
func Data(t testing.TB, parts ...string) string {
	t.Helper()
	shared := filepath.Join(Root(t), "..", "shared")
	base, promised := os.Getenv("MAGN_DATA"), true
	if base == "" {
		base, promised = filepath.Join(shared, "data"), exists(shared)
	}
	path := filepath.Join(append([]string{base}, parts...)...)
	if !exists(path) {
		absent(t, promised && CI(), "no shared data at %s; MAGN_DATA names another folder", path)
	}
	return path
}

// Sets is the folder that $MAGN_QA names, of real scanners' series that are too
// large to be shared data. Nobody promises it, so without the variable it is a
// skip everywhere.
func Sets(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("MAGN_QA")
	if dir == "" {
		absent(t, false, "MAGN_QA names no folder of real scanner sets; bench/qa.sh says which they are")
	}
	if !exists(dir) {
		absent(t, true, "MAGN_QA names %s, which is not there", dir)
	}
	return dir
}

// Torch makes sure that the tensor library can be opened, and that
// internal/native finds it: a test binary lies in a folder of its own, so the
// library beside bin/ is named through MAGN_NATIVE.
func Torch(t testing.TB) {
	t.Helper()
	library(t, "libmagn_torch.so")
}

// GDCM makes sure in the same way that compressed pixel data can be decoded.
func GDCM(t testing.TB) {
	t.Helper()
	library(t, "libmagn_gdcm.so")
}

// XGBoost makes sure that Debian's libxgboost0, or one in $MAGN_NATIVE, can be
// opened.
func XGBoost(t testing.TB) {
	t.Helper()
	if os.Getenv("MAGN_NATIVE") == withoutNative {
		t.Skip("this run leaves the native libraries out (MAGN_NATIVE=" + withoutNative + ")")
	}
	const file = "libxgboost.so.0"
	if dir := os.Getenv("MAGN_NATIVE"); dir != "" && exists(filepath.Join(dir, file)) {
		return
	}
	if _, err := purego.Dlopen(file, purego.RTLD_NOW|purego.RTLD_LOCAL); err != nil {
		absent(t, CI(), "%v; make setup installs it", err)
	}
}

func library(t testing.TB, file string) {
	t.Helper()
	dir := os.Getenv("MAGN_NATIVE")
	if dir == withoutNative {
		t.Skip("this run leaves the native libraries out (MAGN_NATIVE=" + withoutNative + ")")
	}
	if dir == "" {
		dir = filepath.Join(Root(t), "lib")
	}
	lib := filepath.Join(dir, file)
	if !exists(lib) {
		absent(t, CI(), "no %s; make native builds it", lib)
		return
	}
	// Not t.Setenv: it forbids parallel tests, and the value is the same for all.
	if err := os.Setenv("MAGN_NATIVE", dir); err != nil {
		t.Fatal(err)
	}
}

// absent ends a test for which something is not there.
func absent(t testing.TB, failure bool, format string, args ...any) {
	t.Helper()
	if failure {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// exe is the file name of a program on this system.
func exe(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}
