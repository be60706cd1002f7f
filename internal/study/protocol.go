package study

import (
	"fmt"

	"magn/internal/fault"
	"magn/internal/magn"
)

// job is the one line that a worker reads.
type job struct {
	Unit     Unit   `json:"unit"`
	Settings string `json:"settings"` // the bytes of settings.json, whose SHA-256 is the unit's hash
}

// line is one line that a worker writes: an event, or its last one. A worker
// that ends without a last line has crashed.
type line struct {
	Event *magn.Event `json:"event,omitempty"`
	Done  bool        `json:"done,omitempty"`
	Error *lineError  `json:"error,omitempty"`
}

type lineError struct {
	Message string `json:"message"`
	Code    int    `json:"code"`

	NoRoom  bool          `json:"no_room,omitempty"` // nothing can be written there any more
	Setting *settingError `json:"setting,omitempty"` // of study.yaml, whose place the parent knows
}

// settingError is a setting that only the worker can judge, such as a device.
type settingError struct {
	Key      string `json:"key"` // such as training.device
	Found    string `json:"found"`
	Expected string `json:"expected"`
}

func (e *settingError) Error() string {
	return fmt.Sprintf("%s: %s: found %s, expected %s", ConfigFile, e.Key, e.Found, e.Expected)
}

// ExitCode is that of bad input.
func (e *settingError) ExitCode() int { return fault.CodeInput }

// maxLine bounds a line from a worker, and maxJob one to it.
const (
	maxLine = 1 << 20
	maxJob  = 256 << 20
)

// failure is an error that a worker told: its words and its exit code.
type failure lineError

func (f *failure) Error() string { return f.Message }

// ExitCode is the one that the worker would have ended with by itself.
func (f *failure) ExitCode() int { return f.Code }

// crash is a worker that ended without its last line, or ran out of time.
type crash struct {
	err     error
	said    string // end of its standard error
	timeout bool
}

func (c *crash) Error() string {
	s := c.err.Error()
	if c.said != "" {
		s += "; it said: " + c.said
	}
	return s
}

func (c *crash) Unwrap() error { return c.err }

// ExitCode is 1, whatever signal or code the worker itself ended with.
func (c *crash) ExitCode() int { return fault.CodeFailed }
