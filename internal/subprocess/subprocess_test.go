package subprocess

import (
	"fmt"
	"maps"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A tail is the end of all that was written, in whatever pieces.
func TestTail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tail Tail
		all := ""
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 3*MaxTail), 0, 6).Draw(t, "pieces") {
			piece := strings.Repeat("x", n) + fmt.Sprint(n)
			if wrote, err := tail.Write([]byte(piece)); wrote != len(piece) || err != nil {
				t.Fatal(wrote, err)
			}
			all += piece
		}
		if want := all[max(0, len(all)-MaxTail):]; tail.String() != want {
			t.Fatalf("%d bytes kept, expected the last %d", len(tail.String()), len(want))
		}
	})
	var tail Tail
	fmt.Fprint(&tail, " \xff ended\n")
	if got := tail.String(); got != "? ended" {
		t.Errorf("%q", got)
	}
}

// Of a trace the first line is kept, however it comes in pieces and whatever was
// said before.
func TestTailOfATrace(t *testing.T) {
	rest := "goroutine 1 [running]:\n" + strings.Repeat("rax 0x0\n", 2*MaxTail)
	traces := map[string]string{
		"fatal error: runtime: cannot allocate memory\n\nruntime stack:\n" + rest:                       "fatal error: runtime: cannot allocate memory",
		"runtime/cgo: pthread_create failed: no thread\nSIGABRT: abort\nPC=0x7f m=0 sigcode=0\n" + rest: "runtime/cgo: pthread_create failed: no thread\nSIGABRT: abort",
		"terminate called after throwing\n  what():  bad_alloc\nSIGABRT: abort\nPC=0x7f\n\n" + rest:     "terminate called after throwing\n  what():  bad_alloc\nSIGABRT: abort",
		"panic: out\n[signal SIGSEGV]\n" + rest:                                                         "panic: out",
	}
	begin := "a library's warning\n" + strings.Repeat("x", 3*MaxTail) + "\n"
	rapid.Check(t, func(t *rapid.T) {
		var tail Tail
		trace := rapid.SampledFrom(slices.Sorted(maps.Keys(traces))).Draw(t, "trace")
		said := begin + trace
		for left := said; left != ""; {
			n := min(len(left), rapid.IntRange(1, 2*MaxTail).Draw(t, "piece"))
			fmt.Fprint(&tail, left[:n])
			left = left[n:]
		}
		if got := tail.String(); got != traces[trace] {
			t.Fatalf("%q, expected %q", got, traces[trace])
		}
	})
}

// A bounded process says so itself, and one without a bound still leaves no core.
func TestBound(t *testing.T) {
	if runtime.GOOS != "linux" {
		if Bound(1, 1) == nil {
			t.Fatal("a bound where there is none")
		}
		return
	}
	for memory, want := range map[uint64]string{64 << 20: "65536", 0: "unlimited"} {
		cmd := exec.Command("sh", "-c", "read go; ulimit -d; ulimit -c")
		OwnGroup(cmd)
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if err := Bound(cmd.Process.Pid, memory); err != nil {
			t.Error(err)
		}
		fmt.Fprintln(in, "go")
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Fields(out.String()); len(got) != 2 || got[0] != want || got[1] != "0" {
			t.Errorf("bound of %d bytes: ulimit says %v, expected %s and 0", memory, got, want)
		}
	}
}
