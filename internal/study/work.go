package study

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"magn/internal/fault"
	"magn/internal/magn"
)

// Worker is what a worker process is given besides its streams.
type Worker struct {
	Run     func(ctx context.Context, u Unit, report func(magn.Event)) (*Result, error) // nil: the unit's own work
	Version string                                                                      // of the program, noted in unit.json
	Abandon func()                                                                      // ends the process; called where the parent is gone and the work does not stop by itself
}

// Work is the worker's side: it reads one job from in, runs it and writes events
// and one last line to out. When in ends, the parent is gone, and Work stops.
func (w Worker) Work(ctx context.Context, in io.Reader, out io.Writer) error {
	if w.Run == nil {
		w.Run = runUnit
	}
	var mu sync.Mutex
	say := func(l line) {
		b, err := json.Marshal(l)
		if err != nil { // a loss that is no number any more
			return
		}
		mu.Lock()
		defer mu.Unlock()
		_, _ = out.Write(append(b, '\n')) // who does not listen any more is seen at in
	}
	err := w.work(ctx, in, say)
	if err != nil {
		told := &lineError{Message: err.Error(), Code: fault.Code(err), NoRoom: fault.NoRoom(err)}
		errors.As(err, &told.Setting)
		say(line{Error: told})
		return err
	}
	say(line{Done: true})
	return nil
}

var errParentGone = errors.New("the process that started this worker is gone")

func (w Worker) work(ctx context.Context, in io.Reader, say func(line)) error {
	r := bufio.NewReaderSize(io.LimitReader(in, maxJob), 1<<16)
	text, err := r.ReadBytes('\n')
	if err != nil {
		return &fault.Input{File: "standard input", Expected: "one line, a job", Err: err, Do: "magn study run starts workers by itself"}
	}
	var j job
	if err := json.Unmarshal(text, &j); err != nil {
		return &fault.Input{File: "standard input", Expected: "a job", Err: err}
	}
	if sum := sha256.Sum256([]byte(j.Settings)); hex.EncodeToString(sum[:]) != j.Unit.Hash {
		return &fault.Input{File: "standard input", Field: "hash", Found: j.Unit.Hash, Expected: "that of its settings"}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	finished := make(chan struct{})
	defer close(finished)
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel(errParentGone)
		select {
		case <-finished:
		case <-time.After(grace):
			if w.Abandon != nil {
				w.Abandon()
			}
		}
	}()

	u := j.Unit
	if err := os.MkdirAll(u.Dir, 0o755); err != nil {
		return err
	}
	unlock, err := lockUnit(ctx, u.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := u.removeTemporary(); err != nil {
		return err
	}
	p := Planned{Unit: u, settings: []byte(j.Settings)}
	// The worker of a run that was killed may have finished meanwhile.
	if p.State, err = stateOf(u); err != nil {
		return err
	}
	if p.State != Done {
		if err := prepareDir(p); err != nil {
			return err
		}
		res, err := w.Run(ctx, u, func(e magn.Event) { say(line{Event: &e}) })
		if err != nil {
			return stopped(ctx, err)
		}
		if err := writeResult(u, res, w.Version); err != nil {
			return err
		}
	}
	return magn.RemoveCheckpoint(u.Dir)
}

// stopped tells work that was stopped from work that failed.
func stopped(ctx context.Context, err error) error {
	switch {
	case context.Cause(ctx) == errParentGone:
		return errParentGone
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return fault.ErrInterrupted
	}
	return settingFault(err)
}

// settingFault gives a setting that only the worker can judge (a device) its key
// in study.yaml and the exit code of bad input.
func settingFault(err error) error {
	var e *magn.SettingError
	if errors.As(err, &e) {
		return &settingError{"training." + e.Key, e.Found, e.Expected}
	}
	return err
}

// lockUnit waits for the worker of a run that was killed, which ends soon after
// its parent.
func lockUnit(ctx context.Context, dir string) (unlock func(), err error) {
	path := filepath.Join(dir, lockFile)
	l := flock.New(path)
	wait, stop := context.WithTimeout(ctx, 3*grace)
	defer stop()
	held, err := l.TryLockContext(wait, 50*time.Millisecond)
	if err != nil || !held {
		l.Close()
		if ctx.Err() != nil {
			return nil, stopped(ctx, ctx.Err())
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return nil, &fault.Input{File: dir, Found: "another worker that holds this unit", Do: "end it and run the same command again"}
		}
		return nil, fmt.Errorf("lock %s: %w", path, plainCause(err))
	}
	return func() { l.Close() }, nil
}
