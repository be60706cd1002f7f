package gdcm

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"magn/internal/fault"
)

// A message is a kind, the number of bytes that follow, and those bytes; numbers
// are little-endian and have 32 bits. To a child: a frame. From it: samples, or an
// error as JSON.
const (
	kindFrame   = 0x6d616601
	kindSamples = 0x6d616602
	kindError   = 0x6d616603
)

const (
	maxText  = 256     // of a string in a frame
	maxError = 1 << 16 // of an error
	fields   = 10      // numbers in front of a frame's strings and data
)

func writeMessage(w io.Writer, kind uint32, parts ...[]byte) error {
	var head [8]byte
	binary.LittleEndian.PutUint32(head[:], kind)
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	binary.LittleEndian.PutUint32(head[4:], uint32(n))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

func readHead(r io.Reader) (kind uint32, n int, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, 0, err
	}
	return binary.LittleEndian.Uint32(head[:]), int(binary.LittleEndian.Uint32(head[4:])), nil
}

// writeFrame sends a frame whose fields were checked.
func writeFrame(w io.Writer, f Frame) error {
	signed := 0
	if f.Signed {
		signed = 1
	}
	head := make([]byte, 0, 4*fields)
	for _, v := range []int{f.Rows, f.Cols, f.Samples, f.Allocated, f.Stored, f.HighBit, f.Planar, signed, len(f.TransferSyntax), len(f.Photometric)} {
		head = binary.LittleEndian.AppendUint32(head, uint32(v))
	}
	head = append(append(head, f.TransferSyntax...), f.Photometric...)
	return writeMessage(w, kindFrame, head, f.Data)
}

var errProtocol = errors.New("not a message of this protocol")

// readFrame returns io.EOF where no frame begins.
func readFrame(r *bufio.Reader) (Frame, error) {
	kind, n, err := readHead(r)
	if err != nil {
		return Frame{}, err
	}
	if kind != kindFrame || n < 4*fields || n > 4*fields+2*maxText+maxData {
		return Frame{}, errProtocol
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return Frame{}, fmt.Errorf("a frame is cut short: %w", err)
	}
	var v [fields]int
	for i := range v {
		v[i] = int(binary.LittleEndian.Uint32(b[4*i:]))
	}
	b = b[4*fields:]
	if v[8] > maxText || v[9] > maxText || v[8]+v[9] > len(b) {
		return Frame{}, errProtocol
	}
	return Frame{
		Rows: v[0], Cols: v[1], Samples: v[2], Allocated: v[3], Stored: v[4], HighBit: v[5], Planar: v[6], Signed: v[7] != 0,
		TransferSyntax: string(b[:v[8]]), Photometric: string(b[v[8]:][:v[9]]), Data: b[v[8]+v[9]:],
	}, nil
}

// wireError is an error on its way: a *fault.Input, a *fault.Missing or another.
type wireError struct {
	Kind                             string // "input", "missing" or ""
	Field, Found, Expected, What, Do string
	Err                              string // of the cause
}

func writeError(w io.Writer, err error) error {
	e := wireError{Err: err.Error()}
	var input *fault.Input
	var missing *fault.Missing
	cause := func(err error) string {
		if err == nil {
			return ""
		}
		return err.Error()
	}
	switch {
	case errors.As(err, &input):
		e = wireError{Kind: "input", Field: input.Field, Found: input.Found, Expected: input.Expected, Do: input.Do, Err: cause(input.Err)}
	case errors.As(err, &missing):
		e = wireError{Kind: "missing", What: missing.What, Do: missing.Do, Err: cause(missing.Err)}
	}
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if len(b) > maxError {
		return writeError(w, errors.New("an error too long to tell"))
	}
	return writeMessage(w, kindError, b)
}

func parseError(b []byte) error {
	var e wireError
	if err := json.Unmarshal(b, &e); err != nil {
		return errProtocol
	}
	var cause error
	if e.Err != "" {
		cause = errors.New(e.Err)
	}
	switch e.Kind {
	case "input":
		return &fault.Input{Field: e.Field, Found: e.Found, Expected: e.Expected, Do: e.Do, Err: cause}
	case "missing":
		return &fault.Missing{What: e.What, Do: e.Do, Err: cause}
	}
	return &fault.Input{Field: pixelData, Err: cause}
}

// readReply reads a child's answer, which has want bytes where it is one. The
// first error is the child's word about the frame, the second says that there
// was none.
func readReply(r io.Reader, want int) (samples []byte, told, broken error) {
	kind, n, err := readHead(r)
	switch {
	case err != nil:
		return nil, nil, err
	case kind == kindSamples && n == want:
		samples = make([]byte, n)
		_, err := io.ReadFull(r, samples)
		return samples, nil, err
	case kind == kindError && n <= maxError:
		b := make([]byte, n)
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, nil, err
		}
		return nil, parseError(b), nil
	}
	return nil, nil, errProtocol
}
