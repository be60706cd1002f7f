package cli

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/lmittmann/tint"
	"github.com/vbauerster/mpb/v8/cwriter"
)

// Env is what a command has of the world around it. The program makes it from
// the process's own streams, a test from buffers.
type Env struct {
	In   io.Reader
	Out  io.Writer // the result
	Err  io.Writer // progress and logs
	JSON bool      // --json
	Log  *slog.Logger

	terminal bool             // Err is one, so a bar can be drawn and colours shown
	now      func() time.Time // the clock of progress lines
}

// NewEnv is the Env of these streams.
func NewEnv(in io.Reader, out, err io.Writer) *Env {
	e := &Env{In: in, Out: out, now: time.Now}
	if f, ok := err.(*os.File); ok {
		e.terminal = cwriter.IsTerminal(int(f.Fd()))
	}
	e.Err = &stderr{w: err}
	e.Log = slog.New(tint.NewTextHandler(e.Err, &tint.Options{
		Level:      slog.LevelInfo,
		TimeFormat: time.TimeOnly,
		NoColor:    !e.terminal || os.Getenv("NO_COLOR") != "",
	}))
	return e
}

// Result prints what a command found: v as one line of JSON with --json,
// otherwise what human writes.
func (e *Env) Result(v any, human func(w io.Writer) error) error {
	if !e.JSON {
		return human(e.Out)
	}
	enc := json.NewEncoder(e.Out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// stderr is standard error that a progress bar can take over for its time, so
// that log lines appear above the bar and not through it.
type stderr struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *stderr) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}

// target is where the bytes go now.
func (s *stderr) target() io.Writer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w
}

// redirect sends what follows to w and returns where it went before.
func (s *stderr) redirect(w io.Writer) io.Writer {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.w
	s.w = w
	return before
}
