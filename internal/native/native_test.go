package native

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/fault"
)

// libm stands for a shared library that exists and is not ours.
const libm = "libm.so.6"

func TestMissing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("MAGN_NATIVE", dir)
	_, err := Open(Library{File: "libmagn_nowhere.so", Do: "apt install it"})
	var m *fault.Missing
	if !errors.As(err, &m) || fault.Code(err) != fault.CodeMissing {
		t.Fatalf("%v", err)
	}
	for _, part := range []string{"libmagn_nowhere.so", "apt install it", dir} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %q", part, err)
		}
	}
}

func TestWrongLibrary(t *testing.T) {
	for name, l := range map[string]Library{
		"no ABI symbol": {File: libm, ABISymbol: "magn_abi", ABI: 1, Do: "make native"},
		"no symbol":     {File: libm, Symbols: []Symbol{{Name: "magn_conv2d", Func: new(func())}}, Do: "make native"},
	} {
		_, err := Open(l)
		if fault.Code(err) != fault.CodeMissing || !strings.Contains(err.Error(), "make native") || !strings.Contains(err.Error(), "magn_") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpenAndCall(t *testing.T) {
	var cbrt func(float64) float64
	path, err := Open(Library{File: libm, Symbols: []Symbol{{Name: "cbrt", Func: &cbrt}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := cbrt(27); math.Abs(got-3) > 1e-12 || path != libm {
		t.Errorf("cbrt(27) = %g from %s", got, path)
	}
}

// A file that is no library, where the first candidate is, does not hide the rest.
func TestDamagedFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, libm), []byte("not ELF"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MAGN_NATIVE", dir)
	if path, err := Open(Library{File: libm}); err != nil || path != libm {
		t.Errorf("%s, %v", path, err)
	}
}
