package subprocess

import (
	"fmt"
	"os/exec"
	"runtime"
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
