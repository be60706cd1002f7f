package cohort

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"magn/internal/fault"
)

// maxShown is how many problems are printed; the count is always given.
const maxShown = 50

// Problems is everything found wrong with one set of files, so that a user mends
// it in one go. Each is a *fault.Input: file, field, found, expected.
type Problems struct {
	Where string // the folder or file that was looked at
	List  []error
}

func (p *Problems) add(err error) { p.List = append(p.List, err) }

// err is nil where nothing is wrong. It copies, so that a caller's Problems can
// be a plain local variable.
func (p *Problems) err(where string) error {
	if len(p.List) == 0 {
		return nil
	}
	return &Problems{Where: where, List: p.List}
}

func (p *Problems) Error() string {
	if len(p.List) == 1 {
		return p.List[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d problems", p.Where, len(p.List))
	if len(p.List) > maxShown {
		fmt.Fprintf(&b, ", the first %d", maxShown)
	}
	b.WriteString(":")
	for i, e := range p.List {
		if i == maxShown {
			break
		}
		b.WriteString("\n  " + e.Error())
	}
	return b.String()
}

// Unwrap gives errors.Is and errors.As every problem.
func (p *Problems) Unwrap() []error { return p.List }

// ExitCode is 3: input not usable.
func (p *Problems) ExitCode() int { return fault.CodeInput }

// openFault words a file that cannot be opened.
func openFault(path, field string, err error) *fault.Input {
	f := &fault.Input{File: path, Field: field, Err: err}
	if errors.Is(err, os.ErrNotExist) {
		f.Found, f.Err = "no such file", nil
	}
	return f
}
