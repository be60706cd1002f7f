package native

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
	"testing"
)

// Everything, opening included, runs on one OS thread, one call at a time.
func TestThread(t *testing.T) {
	if _, err := os.Stat("/proc/self/task"); err != nil {
		t.Fatal("this test tells threads apart by their Linux id: ", err)
	}
	opened := 0
	th := Thread{Open: func() error { opened = syscall.Gettid(); return nil }}
	count := 0 // no lock: the thread is one
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			err := th.Do(context.Background(), func() {
				count++
				if id := syscall.Gettid(); id != opened {
					t.Errorf("runs on thread %d, opened on %d", id, opened)
				}
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if count != 50 {
		t.Errorf("%d calls", count)
	}
}

func TestThreadWaitsAndGivesUp(t *testing.T) {
	th := Thread{Open: func() error { return nil }}
	begun, end := make(chan struct{}), make(chan struct{})
	go func() { _ = th.Do(context.Background(), func() { close(begun); <-end }) }()
	<-begun
	ctx, cancel := context.WithCancel(context.Background())
	waiting := make(chan error)
	go func() { waiting <- th.Do(ctx, func() { t.Error("ran after its context had ended") }) }()
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	close(end)
	if err := th.Do(context.Background(), func() {}); err != nil {
		t.Error(err)
	}
}

func TestThreadThatCannotOpen(t *testing.T) {
	missing, opened := errors.New("missing"), 0
	th := Thread{Open: func() error { opened++; return missing }}
	for range 3 {
		if err := th.Do(context.Background(), func() { t.Error("ran") }); !errors.Is(err, missing) {
			t.Errorf("%v", err)
		}
	}
	if opened != 1 {
		t.Errorf("opened %d times", opened)
	}
}
