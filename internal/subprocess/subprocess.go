// Package subprocess is what the processes that we start have in common:
// training workers and decoders of compressed frames. Each has a group of its own,
// bounds on its memory, and an end of its words that is kept for the message when
// it crashes.
package subprocess

import (
	"bytes"
	"sync"
)

// MaxTail is how many bytes a Tail keeps.
const MaxTail = 1024

// Tail keeps the end of what is written to it: a process's last words on standard
// error. The zero value is ready; it may be written and read at the same time.
type Tail struct {
	mu  sync.Mutex
	end []byte
}

// Write implements io.Writer and never fails.
func (t *Tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, b[max(0, len(b)-MaxTail):]...)
	if over := len(t.end) - MaxTail; over > 0 {
		t.end = append(t.end[:0], t.end[over:]...)
	}
	return len(b), nil
}

// String is what was kept, as valid UTF-8 and without white space around it.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.ToValidUTF8(bytes.TrimSpace(t.end), []byte("?")))
}
