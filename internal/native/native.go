// Package native opens the shared libraries that magn can use and is the one
// place that knows where they are: $MAGN_NATIVE, lib/ beside bin/, then the
// system's own search path.
//
// A library is opened on first need. Where it is absent, too old or lacks
// a symbol, the caller gets a *fault.Missing with the line that mends it, and
// every command that does not need the library works without it.
package native

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ebitengine/purego"

	"magn/internal/fault"
)

// Symbol is a C function and the Go function variable that will call it.
type Symbol struct {
	Name string
	Func any // pointer to a func variable
}

// Library says what to open.
type Library struct {
	File      string // libmagn_torch.so
	ABISymbol string // function without arguments that returns the ABI number; "" for none
	ABI       int32  // the number this build was written for
	Do        string // the line that installs or rebuilds it
	Symbols   []Symbol
}

// Candidates lists the paths that Open tries, in order. The last is the bare
// name, which the system's loader resolves.
func Candidates(file string) []string {
	var out []string
	if dir := os.Getenv("MAGN_NATIVE"); dir != "" {
		out = append(out, filepath.Join(dir, file))
	}
	if exe, err := os.Executable(); err == nil {
		if exe, err = filepath.EvalSymlinks(exe); err == nil {
			out = append(out, filepath.Join(filepath.Dir(exe), "..", "lib", file))
		}
	}
	return append(out, file)
}

// Open loads the library, checks its ABI number and binds every symbol. It
// returns the path that was opened. The error is a *fault.Missing.
func Open(l Library) (path string, err error) {
	var tried []error
	for _, p := range Candidates(l.File) {
		if filepath.IsAbs(p) {
			if _, err := os.Stat(p); err != nil {
				tried = append(tried, err)
				continue
			}
		}
		h, err := purego.Dlopen(p, purego.RTLD_NOW|purego.RTLD_LOCAL)
		if err != nil {
			tried = append(tried, err)
			continue
		}
		if err := bind(l, h); err != nil {
			return "", &fault.Missing{What: p, Do: l.Do, Err: err}
		}
		return p, nil
	}
	return "", &fault.Missing{What: l.File, Do: l.Do, Err: errors.Join(tried...)}
}

func bind(l Library, h uintptr) error {
	if l.ABISymbol != "" {
		var abi func() int32
		a, err := purego.Dlsym(h, l.ABISymbol)
		if err != nil {
			return fmt.Errorf("not a magn library: %w", err)
		}
		purego.RegisterFunc(&abi, a)
		if got := abi(); got != l.ABI {
			return fmt.Errorf("found interface number %d, expected %d: it was built from other sources", got, l.ABI)
		}
	}
	for _, s := range l.Symbols {
		a, err := purego.Dlsym(h, s.Name)
		if err != nil {
			return err
		}
		purego.RegisterFunc(s.Func, a)
	}
	return nil
}
