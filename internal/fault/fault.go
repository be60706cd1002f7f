// Package fault holds the errors that a user can do something about. Each says
// what is wrong in the terms of the user's own files, and each knows the exit
// code that the command line ends with.
//
// The codes: 0 done; 1 failed, as where an output cannot be written; 3 input not readable or not usable; 4 a native
// library or package is missing; 8 part of it done, the rest listed; 64 wrong
// usage; 130 interrupted, and a rerun goes on from there. 2 is left to a crash.
package fault

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
)

// Exit codes of every command.
const (
	CodeFailed      = 1
	CodeInput       = 3
	CodeMissing     = 4
	CodePartial     = 8
	CodeUsage       = 64
	CodeInterrupted = 130
)

// Input says that a file or a setting cannot be used: which one, which field
// of it, what was found, what was expected, and what to do. Empty parts are
// left out of the message.
type Input struct {
	File     string // path, or the name of the thing where there is no file
	Field    string // column, key, header field, tensor name, line 12
	Found    string
	Expected string
	Do       string // the way out, as an instruction
	Err      error  // cause, may be nil
}

func (e *Input) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Field != "" {
		if b.Len() > 0 {
			b.WriteString(": ")
		}
		b.WriteString(e.Field)
	}
	var parts []string
	if e.Found != "" {
		parts = append(parts, "found "+e.Found)
	}
	if e.Expected != "" {
		parts = append(parts, "expected "+e.Expected)
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	if len(parts) > 0 {
		b.WriteString(": " + strings.Join(parts, ", "))
	}
	if e.Do != "" {
		b.WriteString("; " + e.Do)
	}
	return b.String()
}

func (e *Input) Unwrap() error { return e.Err }

// ExitCode is 3.
func (e *Input) ExitCode() int { return CodeInput }

// Missing says that a native library or a package is not installed, and the
// line that installs it.
type Missing struct {
	What string // the library or program
	Do   string // e.g. "apt install libtorch-dev && make native"
	Err  error
}

func (e *Missing) Error() string {
	s := e.What + " is missing"
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s + "; " + e.Do
}

func (e *Missing) Unwrap() error { return e.Err }

// ExitCode is 4.
func (e *Missing) ExitCode() int { return CodeMissing }

// Partial says that some things were done and the rest, listed, were not.
type Partial struct {
	Done   int
	What   string  // "cases", "units"
	Failed []error // one a thing that was not done
}

func (e *Partial) Error() string {
	lines := make([]string, 0, len(e.Failed)+1)
	lines = append(lines, fmt.Sprintf("%d %s done, %d not:", e.Done, e.What, len(e.Failed)))
	for _, f := range e.Failed {
		lines = append(lines, "  "+f.Error())
	}
	return strings.Join(lines, "\n")
}

func (e *Partial) Unwrap() []error { return e.Failed }

// ExitCode is 8; where nothing was done and everything failed for one kind of
// reason, that reason's.
func (e *Partial) ExitCode() int {
	if e.Done > 0 || len(e.Failed) == 0 {
		return CodePartial
	}
	code := Code(e.Failed[0])
	for _, f := range e.Failed {
		if Code(f) != code {
			return CodePartial
		}
	}
	return code
}

// Usage says that the command line itself is wrong.
type Usage struct{ Err error }

func (e *Usage) Error() string { return e.Err.Error() }

func (e *Usage) Unwrap() error { return e.Err }

// ExitCode is 64.
func (e *Usage) ExitCode() int { return CodeUsage }

// ErrInterrupted is returned when a signal ended the work; what is on disk is
// whole, and the same command goes on from there.
var ErrInterrupted = &interrupted{}

type interrupted struct{}

func (*interrupted) Error() string { return "interrupted; the same command goes on from here" }

func (*interrupted) ExitCode() int { return CodeInterrupted }

// NoRoom says whether err is that of a place which takes no more: a full disk or
// quota, a read-only file system, a bound on the size of files. Nothing else can be
// written there either.
func NoRoom(err error) bool {
	for _, e := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EFBIG} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// NoPlace says that a folder to write to cannot be made, such as one below /proc or
// below a file; its exit code is that of other outputs that cannot be written.
func NoPlace(folder string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("%s: nothing can be created there (%w); choose another folder", folder, err)
}

// Code is the exit code for err: its own where it, or what it wraps, has one,
// 1 otherwise, 0 for nil.
func Code(err error) int {
	if err == nil {
		return 0
	}
	var c interface{ ExitCode() int }
	if errors.As(err, &c) {
		return c.ExitCode()
	}
	return CodeFailed
}
