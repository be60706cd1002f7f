package testenv

import (
	"os/signal"
	"syscall"
	"testing"
)

// SmallDisk lets no file of this process grow beyond n bytes until the returned
// function is called or the test ends: a disk that fills up. It is for tests that
// do not run beside others, or for a process of their own.
func SmallDisk(t testing.TB, n uint64) (enlarge func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ) // so that write returns EFBIG
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	enlarge = func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was); err != nil {
			t.Fatal(err)
		}
		signal.Reset(syscall.SIGXFSZ)
	}
	t.Cleanup(enlarge) // go test itself writes after the test
	return enlarge
}
