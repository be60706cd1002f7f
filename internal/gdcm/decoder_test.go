package gdcm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"magn/internal/fault"
	"magn/internal/subprocess"
	"magn/internal/testenv"
)

// newDecoder has children that misbehave where they are told to.
func newDecoder(t testing.TB) *Decoder {
	t.Helper()
	testenv.GDCM(t)
	t.Setenv(childEnv, "1")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := New([]string{exe})
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// flat is a valid frame of so many rows, one column.
func flat(rows int) Frame {
	return Frame{
		TransferSyntax: "1.2.840.10008.1.2.4.70", Rows: rows, Cols: 1, Samples: 1, Allocated: 16, Stored: 12, HighBit: 11,
		Photometric: "MONOCHROME2", Data: losslessJPEG(make([]int, rows), rows, 1, 1, 12, 1),
	}
}

// good decodes a frame that is in order.
func good(t *testing.T, d *Decoder) {
	t.Helper()
	f := patternFrame(t, "90", "12-signed.j2k", 12, true, 1, 16)
	if got, err := d.Decode(t.Context(), f); err != nil || !bytes.Equal(got, pattern(12, true, 1, 16)) {
		t.Fatalf("a good frame: %v", err)
	}
}

func TestChildThatFails(t *testing.T) {
	d := newDecoder(t)
	d.within = 2 * time.Second
	for _, c := range []struct {
		rows  int
		words string
	}{
		{rowsKilled, "crashed on this frame (signal: killed)"},
		{rowsHang, "did not finish this frame in 2s"},
		{rowsExit, "the last word"},
		{rowsMemory, "crashed on this frame"},
		{rowsGarbage, "not a message"},
		{rowsTooLong, "not a message"},
		{rowsAbort, "crashed on this frame"},
		{rowsFail, "this one cannot be decoded"},
	} {
		good(t, d) // a child that has decoded before, and
		for range 2 {
			started := time.Now()
			out, err := d.Decode(t.Context(), flat(c.rows)) // one that has not
			var input *fault.Input
			if out != nil || !errors.As(err, &input) || !strings.Contains(err.Error(), c.words) || len(err.Error()) > 2*subprocess.MaxTail {
				t.Errorf("%q: %v", c.words, err)
			}
			if took := time.Since(started); took > 10*time.Second {
				t.Errorf("%q: took %v", c.words, took)
			}
		}
		good(t, d)
	}
}

// What an earlier frame left behind costs no later one.
func TestChildIsReplaced(t *testing.T) {
	d := newDecoder(t)
	good(t, d)
	if got, err := d.Decode(t.Context(), flat(rowsOnce)); err != nil || len(got) != 2*rowsOnce {
		t.Errorf("%v", err)
	}
	good(t, d)
	d.idle[0].kill() // by somebody else
	_ = d.idle[0].cmd.Process.Signal(os.Interrupt)
	good(t, d)
}

func TestCancelled(t *testing.T) {
	d := newDecoder(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	started := time.Now()
	_, err := d.Decode(ctx, flat(rowsHang))
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) > 5*time.Second {
		t.Errorf("%v after %v", err, time.Since(started))
	}
	if _, err := d.Decode(ctx, flat(2)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a context that is done: %v", err)
	}
	good(t, d)
}

// Many goroutines share few children; broken frames among them cost only
// themselves.
func TestManyAtOnce(t *testing.T) {
	d := newDecoder(t)
	f := patternFrame(t, "80", "12.jls", 12, false, 1, 16)
	want := pattern(12, false, 1, 16)
	var group sync.WaitGroup
	for i := range 60 {
		group.Go(func() {
			if i%10 == 3 {
				if _, err := d.Decode(t.Context(), flat(rowsKilled)); fault.Code(err) != fault.CodeInput {
					t.Errorf("%d: %v", i, err)
				}
				return
			}
			if got, err := d.Decode(t.Context(), f); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	group.Wait()
	if len(d.idle) > runtime.NumCPU() {
		t.Errorf("%d children on %d processors", len(d.idle), runtime.NumCPU())
	}
}

func TestClose(t *testing.T) {
	defer goleak.VerifyNone(t)
	d := newDecoder(t)
	good(t, d)
	child := d.idle[0]
	for range 2 {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	if child.cmd.ProcessState == nil || !child.cmd.ProcessState.Success() {
		t.Errorf("the child ended with %v", child.cmd.ProcessState)
	}
	if _, err := d.Decode(t.Context(), flat(2)); !errors.Is(err, errClosed) {
		t.Errorf("%v", err)
	}
	if err := New([]string{"never started"}).Close(); err != nil {
		t.Error(err)
	}
}

func TestNoChild(t *testing.T) {
	for _, command := range [][]string{nil, {"/nowhere/magn", "work", "decode"}} {
		d := New(command)
		if out, err := d.Decode(t.Context(), flat(2)); err == nil || out != nil {
			t.Errorf("%q: %v", command, err)
		}
		_ = d.Close()
	}
}

// Without the library every frame but RLE gets the line that installs it.
func TestMissingLibrary(t *testing.T) {
	d := newDecoder(t)
	t.Setenv("MAGN_NATIVE", t.TempDir())
	for range 2 {
		_, err := d.Decode(t.Context(), flat(2))
		var missing *fault.Missing
		if !errors.As(err, &missing) || fault.Code(err) != fault.CodeMissing || !strings.Contains(err.Error(), "apt install libgdcm-dev") {
			t.Errorf("%v", err)
		}
	}
	if _, err := d.Decode(t.Context(), packed(t, 3, 5, 1, 16, ramp(3*5*2))); err != nil {
		t.Errorf("RLE: %v", err)
	}
	if len(d.idle) != 1 {
		t.Errorf("%d children", len(d.idle))
	}
}

// The program as it is built serves frames, and finds the library beside itself.
func TestProgram(t *testing.T) {
	testenv.GDCM(t)
	d := New([]string{testenv.Magn(t), "work", "decode"})
	defer d.Close()
	t.Setenv("MAGN_NATIVE", "")
	good(t, d)
	good(t, d)
}

// A child keeps no memory of the frames that it has decoded.
func TestNoLeak(t *testing.T) {
	d := newDecoder(t)
	resident := func(frames int) int {
		for name, f := range codestreams(t) {
			for range frames {
				outcome(t, d, name, f)
			}
		}
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", d.idle[0].cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		n, _ := strconv.Atoi(strings.Fields(string(b))[1])
		return n * os.Getpagesize()
	}
	before := resident(150) // Go's heap has its size by then
	// 7 kinds, 150 frames, 2640 to 3960 bytes: 3 MiB.
	if grown := resident(150) - before; grown > 1<<20 {
		t.Errorf("%d KiB more after 1050 frames", grown>>10)
	}
}
