package convert

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// bounded gives this process a data segment of n bytes at most; RLIMIT_AS would
// count the address space that Go reserves and never uses. Not ok, and no error,
// under the race detector: its shadow of all memory counts as data.
func bounded(n uint64) (ok bool, err error) {
	if raceDetector {
		return false, nil
	}
	err = unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: n, Max: n})
	return err == nil, err
}

// cpuSeconds are those that this process has computed: on a busy machine they say
// more than the clock.
func cpuSeconds() float64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// peak is the largest resident size since the last call, in bytes; 0 where the
// system does not tell.
func peak() int64 {
	n := status("VmHWM")
	if os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o200) != nil {
		return 0
	}
	return n
}

// status is a line of /proc/self/status that counts kB.
func status(name string) int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(b) {
		if v, ok := strings.CutPrefix(string(line), name+":"); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "kB")), 10, 64)
			return n << 10
		}
	}
	return 0
}
