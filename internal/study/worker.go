package study

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"magn/internal/fault"
	"magn/internal/magn"
	"magn/internal/subprocess"
)

// grace is how long a worker that was told to stop has for it; a variable so that tests need not wait.
var grace = 10 * time.Second

// work runs one unit in a worker process and returns its error: a *failure that
// the worker told, a *crash, or what kept the process from starting.
func work(ctx context.Context, command []string, p Planned, memoryGiB float64, report func(magn.Event)) error {
	input, err := json.Marshal(job{p.Unit, string(p.settings)})
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = WorkerEnv(os.Environ(), p.Unit.Threads)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace
	subprocess.OwnGroup(cmd) // a signal from the terminal reaches the parent, who tells the workers
	said := &subprocess.Tail{}
	cmd.Stderr = said
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a worker: %w", err)
	}
	// Before the job: nothing large has been allocated yet.
	limit := subprocess.Bound(cmd.Process.Pid, uint64(memoryGiB*(1<<30)))
	if limit == nil {
		_, _ = stdin.Write(append(input, '\n')) // a worker that is gone by now has crashed, and is found out below
	}
	last := listen(stdout, said, report)
	stdin.Close()
	// A worker that has said its last line and hangs in a library's exit code.
	hung := time.AfterFunc(grace, func() { _ = cmd.Process.Kill() })
	err = cmd.Wait()
	hung.Stop()
	switch {
	case limit != nil:
		return fmt.Errorf("bound a worker's memory to %g GiB: %w; execution.memory_gib: 0 sets no bound", memoryGiB, limit)
	case last != nil && last.Error == nil:
		return nil
	case last != nil && last.Error.Code != fault.CodeInterrupted:
		return (*failure)(last.Error)
	case last != nil:
		return &crash{err: errors.New("somebody else's signal stopped the worker")}
	case err == nil:
		err = errors.New("exit status 0")
	}
	return &crash{err: fmt.Errorf("the worker ended without its last line (%w)", err), said: said.String()}
}

// listen passes a worker's events on until it closes its output and returns its
// last line, or nil. What is no line of ours, such as a library's own words, is
// kept for the message of a crash.
func listen(out io.Reader, said io.Writer, report func(magn.Event)) (last *line) {
	sc := bufio.NewScanner(out)
	sc.Buffer(nil, maxLine)
	for sc.Scan() {
		var l line
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil || (l.Event == nil && !l.Done && l.Error == nil) {
			fmt.Fprintf(said, "%s\n", sc.Bytes())
			continue
		}
		if l.Event != nil {
			report(*l.Event)
			continue
		}
		last = &l
	}
	_, _ = io.Copy(io.Discard, out) // after a line too long: the worker must not block on a full pipe
	return last
}

// WorkerEnv is the environment of a worker. glibc is told to keep memory that
// was freed, since a training step frees and takes the same large blocks again
// and each return to the system costs page faults; and to use one arena, since
// the arenas of other threads than the first give blocks above 64 MiB back to
// the system whatever they are told. Go's own heap holds patches that live as
// long as the worker, and is collected early so that it does not double.
func WorkerEnv(env []string, threads int) []string {
	set := map[string]string{
		"OMP_NUM_THREADS":        strconv.Itoa(threads),
		"MALLOC_ARENA_MAX":       "1",
		"MALLOC_MMAP_THRESHOLD_": strconv.Itoa(1 << 30),
		"MALLOC_TRIM_THRESHOLD_": strconv.Itoa(1 << 40),
		"MALLOC_TOP_PAD_":        strconv.Itoa(16 << 20),
		"GOGC":                   "25",
	}
	env = slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		_, ours := set[name]
		return ours
	})
	for _, name := range slices.Sorted(maps.Keys(set)) {
		env = append(env, name+"="+set[name])
	}
	return env
}
