package native

import (
	"context"
	"runtime"
	"sync"
)

// Thread is the one OS thread that calls a library: libtorch and XGBoost keep
// state in the calling thread (modes, OpenMP threads, the last error), and
// goroutines move. It starts on first use and lives as long as the process.
type Thread struct {
	// Open runs first, on the thread. Its error is that of every Do.
	Open func() error

	once sync.Once
	work chan func()
	err  error
}

// Do runs f on the thread, or not at all where ctx ends before its turn; once
// begun it is waited for.
func (t *Thread) Do(ctx context.Context, f func()) error {
	t.once.Do(t.start)
	if t.err != nil {
		return t.err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan struct{})
	select {
	case t.work <- func() { defer close(done); f() }:
		<-done
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *Thread) start() {
	t.work = make(chan func())
	opened := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		t.err = t.Open()
		close(opened)
		for f := range t.work {
			f()
		}
	}()
	<-opened
}
