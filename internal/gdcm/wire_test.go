package gdcm

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magn/internal/fault"
)

func TestFramesCross(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Frame{
			TransferSyntax: rapid.StringN(0, 60, maxText).Draw(t, "syntax"), Photometric: rapid.StringN(0, 16, maxText).Draw(t, "photometric"),
			Rows: rapid.IntRange(0, 1<<31).Draw(t, "rows"), Cols: rapid.IntRange(0, 1<<31).Draw(t, "cols"), Samples: rapid.IntRange(0, 4).Draw(t, "samples"),
			Allocated: rapid.IntRange(0, 32).Draw(t, "allocated"), Stored: rapid.IntRange(0, 32).Draw(t, "stored"), HighBit: rapid.IntRange(0, 31).Draw(t, "high"),
			Planar: rapid.IntRange(0, 1).Draw(t, "planar"), Signed: rapid.Bool().Draw(t, "signed"), Data: rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
		}
		var b bytes.Buffer
		if err := writeFrame(&b, f); err != nil {
			t.Fatal(err)
		}
		whole := bytes.Clone(b.Bytes())
		got, err := readFrame(bufio.NewReader(&b))
		if diff := cmp.Diff(f, got); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
		cut := whole[:rapid.IntRange(1, len(whole)-1).Draw(t, "cut")]
		if _, err := readFrame(bufio.NewReader(bytes.NewReader(cut))); err == nil {
			t.Fatalf("%d bytes of %d are a frame", len(cut), len(whole))
		}
	})
}

// An error arrives as what it was.
func TestErrorsCross(t *testing.T) {
	for _, want := range []error{
		&fault.Input{Field: "Rows", Found: "3", Expected: "4", Do: "send it again", Err: errors.New("cause")},
		&fault.Missing{What: "libmagn_gdcm.so", Do: "make native", Err: errors.New("no such file")},
		&fault.Input{Field: pixelData, Err: errors.New("plain")},
	} {
		var b bytes.Buffer
		if err := writeError(&b, want); err != nil {
			t.Fatal(err)
		}
		_, got, broken := readReply(&b, 10)
		if broken != nil || got.Error() != want.Error() || fault.Code(got) != fault.Code(want) {
			t.Errorf("%v, %v, want %v", got, broken, want)
		}
	}
	var b bytes.Buffer
	if err := writeError(&b, errors.New(strings.Repeat("long ", maxError))); err != nil || b.Len() > maxError {
		t.Errorf("%d bytes, %v", b.Len(), err)
	}
}

// A reply is what was asked for, or broken, whatever its bytes say.
func TestRepliesAreChecked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes")
		if rapid.Bool().Draw(t, "kind") && len(b) >= 4 {
			copy(b, []byte{byte(rapid.IntRange(1, 4).Draw(t, "last")), 0x66, 0x61, 0x6d})
		}
		samples, told, broken := readReply(bytes.NewReader(b), 8)
		if broken == nil && told == nil && len(samples) != 8 {
			t.Fatalf("%d samples", len(samples))
		}
	})
}

// Serve returns when nobody asks any more, though a frame is still being decoded.
func TestServeEnds(t *testing.T) {
	in, parent := io.Pipe()
	begun, release := make(chan struct{}), make(chan struct{})
	ended := make(chan error)
	go func() {
		ended <- serve(in, io.Discard, func(Frame) ([]byte, error) {
			close(begun)
			<-release
			return nil, nil
		})
	}()
	if err := writeFrame(parent, flat(2)); err != nil {
		t.Fatal(err)
	}
	<-begun
	parent.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	close(release)
	if err := Serve(strings.NewReader("these are no frames"), io.Discard); !errors.Is(err, errProtocol) {
		t.Errorf("%v", err)
	}
}
