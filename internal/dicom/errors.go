package dicom

import (
	"errors"
	"fmt"

	"magn/internal/fault"
)

// ErrNotDICOM is the cause of the error for a file that is no DICOM file: no
// "DICM" at byte 128, and no data set at its beginning either.
var ErrNotDICOM = errors.New("not a DICOM file")

// Error says why a file, or a part of it, cannot be read. errors.As finds a
// *fault.Input in it, so that it ends a command with exit code 3.
type Error struct {
	File     string
	Tag      Tag   // 0 where it is about no element
	Offset   int64 // byte in the file (in the inflated data set where it was deflated); -1 where there is none
	Found    string
	Expected string
	Do       string
	Err      error
}

func (e *Error) input() *fault.Input {
	in := &fault.Input{File: e.File, Found: e.Found, Expected: e.Expected, Do: e.Do, Err: e.Err}
	if e.Tag != 0 {
		in.Field = e.Tag.String()
		if k := e.Tag.Keyword(); k != "" {
			in.Field += " " + k
		}
	}
	if e.Offset >= 0 {
		if in.Field != "" {
			in.Field += " "
		}
		in.Field += fmt.Sprintf("at byte %d", e.Offset)
	}
	return in
}

func (e *Error) Error() string { return e.input().Error() }

// Unwrap gives the *fault.Input that says the same, and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.input()}
	}
	return []error{e.input(), e.Err}
}

// Short is the cause of the error of pixel data that hold less than the header
// promises.
type Short struct {
	Whole  int // frames from the first on that are all there
	Frames int // promised
}

func (s *Short) Error() string {
	return fmt.Sprintf("%d of %d frames are whole", s.Whole, s.Frames)
}
