package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"magn/internal/fault"
)

// writeFile writes beside and renames: what is at path is whole, before and
// after.
func writeFile(path string, data []byte) error {
	if err := renameio.WriteFile(path, data, 0o644, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// number is a float64 that is null in JSON when it is NaN.
type Number float64

func (x Number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(x)) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(x))
}

func (x *Number) UnmarshalJSON(b []byte) error {
	if bytes.Equal(b, []byte("null")) {
		*x = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(x))
}

// encodeJSON is v indented, with a newline at the end.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}

func writeJSON(path string, v any) error {
	data, err := encodeJSON(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return writeFile(path, data)
}

// readJSON reads one JSON value into v.
func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return &fault.Input{File: path, Err: err}
	}
	if bad := parseJSON(data, v); bad != nil {
		bad.File = path
		return bad
	}
	return nil
}

// parseJSON parses one JSON value; its error names the line where that is
// known, and no file.
func parseJSON(data []byte, v any) *fault.Input {
	dec := json.NewDecoder(bytes.NewReader(data))
	err, at := dec.Decode(v), int64(-1)
	var syntax *json.SyntaxError
	var typed *json.UnmarshalTypeError
	switch {
	case err == nil:
		if _, err = dec.Token(); err == io.EOF {
			return nil
		}
		at, err = dec.InputOffset(), errors.New("something after the end")
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &typed):
		at = typed.Offset
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		at, err = int64(len(data)), errors.New("the file ends too early")
	}
	bad := &fault.Input{Err: err, Do: "write it again, or restore it"}
	if at >= 0 {
		bad.Field = fmt.Sprintf("line %d", 1+bytes.Count(data[:min(at, int64(len(data)))], []byte("\n")))
	}
	return bad
}

// nested hides where in its own bytes a part of a file failed: as an offset into
// the file that would be wrong.
func nested(what string, err error) error { return fmt.Errorf("%s: %v", what, err) }
