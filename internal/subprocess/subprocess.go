// Package subprocess is what the processes that we start have in common:
// training workers and decoders of compressed frames. Each has a group of its own,
// bounds on its memory, and an end of its words that is kept for the message when
// it crashes.
package subprocess

import (
	"bytes"
	"slices"
	"sync"
)

// MaxTail is how many bytes a Tail keeps.
const MaxTail = 1024

// Tail keeps the end of what is written to it: a process's last words on standard
// error. Where they end in a trace it keeps the trace's beginning instead, which has
// the cause; its end is goroutines and registers. The zero value is ready; it may be
// written and read at the same time.
type Tail struct {
	mu    sync.Mutex
	end   []byte
	line  []byte // that is being written, its beginning
	trace []byte // the beginning of a trace
	ended bool   // it ended; what comes now is of no use
}

// traces are how one of Go or C++ begins, and stacks how goes on what is left out.
var (
	traces = []string{"fatal error: ", "panic: ", "runtime: ", "runtime/cgo: ", "terminate called ", "SIGABRT: ", "SIGSEGV: ", "SIGBUS: ", "SIGILL: ", "SIGFPE: "}
	stacks = []string{"PC=", "goroutine ", "runtime stack:", "[signal "}
)

// maxLine is how many bytes of a line are kept.
const maxLine = 256

// Write implements io.Writer and never fails.
func (t *Tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.look(b)
	t.end = append(t.end, b[max(0, len(b)-MaxTail):]...)
	if over := len(t.end) - MaxTail; over > 0 {
		t.end = append(t.end[:0], t.end[over:]...)
	}
	return len(b), nil
}

// look finds a trace in what comes in pieces, and keeps its first lines.
func (t *Tail) look(b []byte) {
	for !t.ended && len(b) > 0 {
		part, rest, whole := bytes.Cut(b, []byte("\n"))
		t.line = append(t.line, part[:min(len(part), maxLine-len(t.line))]...)
		if whole {
			switch begun := len(t.trace) > 0; {
			case begun && (len(bytes.TrimSpace(t.line)) == 0 || begins(t.line, stacks)):
				t.ended = true
			case begun || begins(t.line, traces):
				t.trace = append(append(t.trace, t.line...), '\n')
				t.ended = len(t.trace) > MaxTail
			}
			t.line = t.line[:0]
		}
		b = rest
	}
}

func begins(line []byte, with []string) bool {
	return slices.ContainsFunc(with, func(s string) bool { return bytes.HasPrefix(line, []byte(s)) })
}

// String is what was kept, as valid UTF-8 and without white space around it.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := t.end
	if len(t.trace) > 0 {
		kept = t.trace[:min(len(t.trace), MaxTail)]
	}
	return string(bytes.ToValidUTF8(bytes.TrimSpace(kept), []byte("?")))
}
