package torch

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"magn/internal/fault"
)

// Array is a tensor outside libtorch: little-endian elements, row-major.
type Array struct {
	DType DType
	Shape []int
	Data  []byte
}

// Len is the number of elements.
func (a Array) Len() int {
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	return n
}

var safeNames = map[string]DType{"F32": Float32, "F64": Float64, "BF16": BFloat16, "U8": Uint8, "I64": Int64, "F16": Float16}

func safeName(d DType) string {
	for n, t := range safeNames {
		if t == d {
			return n
		}
	}
	return ""
}

type safeEntry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// maxHeader bounds a safetensors header, as the format's own library does.
const maxHeader = 100 << 20

// Named is a tensor with its name; Fill writes its bytes when its turn comes, so
// that a large file is never held in memory twice.
type Named struct {
	Name  string
	DType DType
	Shape []int
	Fill  func() ([]byte, error)
}

// WriteSafetensors writes tensors in the order given, beside the path and then
// renamed onto it. Metadata goes under __metadata__; its key sha256 is set to the
// digest of header (with 64 zeros in that place) and data, so that a flipped bit
// is found when the file is read.
func WriteSafetensors(path string, metadata map[string]string, tensors []Named) (err error) {
	header := map[string]any{}
	meta := map[string]string{}
	for k, v := range metadata {
		meta[k] = v
	}
	blank := strings.Repeat("0", 64)
	meta["sha256"] = blank
	header["__metadata__"] = meta
	var at int64
	for _, t := range tensors {
		n := int64(Array{Shape: t.Shape}.Len() * t.DType.Size())
		header[t.Name] = safeEntry{safeName(t.DType), t.Shape, [2]int64{at, at + n}}
		at += n
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	fail := func(err error) error { // the place is at fault, not an input; the cause without the temporary's name
		var at *fs.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err != nil {
		return fail(err)
	}
	defer f.Cleanup()
	w := bufio.NewWriterSize(f, 1<<20)
	var size [8]byte
	binary.LittleEndian.PutUint64(size[:], uint64(len(text)))
	w.Write(size[:])
	w.Write(text)
	digest := sha256.New()
	digest.Write(text)
	for _, t := range tensors {
		b, err := t.Fill()
		if err != nil {
			return err
		}
		digest.Write(b)
		if _, err := w.Write(b); err != nil {
			return fail(err)
		}
	}
	if err := w.Flush(); err != nil {
		return fail(err)
	}
	where := strings.Index(string(text), blank)
	if _, err := f.WriteAt([]byte(hex.EncodeToString(digest.Sum(nil))), int64(8+where)); err != nil {
		return fail(err)
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return fail(err)
	}
	return nil
}

// Safetensors is an open file of named tensors.
type Safetensors struct {
	Path     string
	Metadata map[string]string
	f        *os.File
	start    int64
	entries  map[string]safeEntry
}

// OpenSafetensors reads the header and checks it against the file's length, and
// header and data against the sha256 in the metadata where there is one. Errors are
// *fault.Input.
func OpenSafetensors(path string) (*Safetensors, error) {
	bad := func(field, found, expected string) error {
		return &fault.Input{File: path, Field: field, Found: found, Expected: expected, Do: "the file is damaged or no safetensors file: copy or make it again"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &fault.Input{File: filepath.Clean(path), Err: err}
	}
	ok := false
	defer func() {
		if !ok {
			f.Close()
		}
	}()
	st, err := f.Stat()
	if err != nil {
		return nil, &fault.Input{File: path, Err: err}
	}
	var size [8]byte
	if _, err := io.ReadFull(f, size[:]); err != nil {
		return nil, bad("header length", fmt.Sprintf("%d bytes in the file", st.Size()), "at least 8")
	}
	n := binary.LittleEndian.Uint64(size[:])
	if n > maxHeader || int64(n) > st.Size()-8 {
		return nil, bad("header length", fmt.Sprint(n), fmt.Sprintf("at most the %d bytes left", st.Size()-8))
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(f, text); err != nil {
		return nil, bad("header", err.Error(), fmt.Sprintf("%d bytes", n))
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, bad("header", err.Error(), "JSON")
	}
	s := &Safetensors{Path: path, Metadata: map[string]string{}, f: f, start: 8 + int64(n), entries: map[string]safeEntry{}}
	left := st.Size() - s.start
	for name, r := range raw {
		if name == "__metadata__" {
			if err := json.Unmarshal(r, &s.Metadata); err != nil {
				return nil, bad("__metadata__", err.Error(), "strings")
			}
			continue
		}
		var e safeEntry
		if err := json.Unmarshal(r, &e); err != nil {
			return nil, bad("tensor "+name, err.Error(), "dtype, shape and data_offsets")
		}
		d, known := safeNames[e.DType]
		if !known {
			return nil, bad("tensor "+name, "type "+e.DType, "F32, F64, F16, BF16, U8 or I64")
		}
		want := int64(d.Size())
		for _, dim := range e.Shape {
			if dim < 0 || (dim > 0 && want > math.MaxInt64/int64(dim)) {
				return nil, bad("tensor "+name, fmt.Sprintf("shape %v", e.Shape), fmt.Sprintf("no more than the %d bytes of data in the file", left))
			}
			want *= int64(dim)
		}
		if e.Offsets[0] < 0 || e.Offsets[1] > left || e.Offsets[1]-e.Offsets[0] != want {
			return nil, bad("tensor "+name, fmt.Sprintf("bytes %d to %d", e.Offsets[0], e.Offsets[1]), fmt.Sprintf("%d bytes within the %d of the file; it may be truncated", want, left))
		}
		s.entries[name] = e
	}
	if want := s.Metadata["sha256"]; want != "" {
		h := sha256.New()
		h.Write(bytes.Replace(text, []byte(want), bytes.Repeat([]byte("0"), len(want)), 1))
		if _, err := io.Copy(h, io.NewSectionReader(f, s.start, left)); err != nil {
			return nil, &fault.Input{File: path, Err: err}
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			return nil, bad("content", "SHA-256 "+got[:12]+"…", short(want)+"… as its header says")
		}
	}
	ok = true
	return s, nil
}

func short(s string) string {
	if len(s) > 12 {
		return s[:12]
	}
	return s
}

// Checked says whether the file carried a digest, which then held. Files of this
// project always do; others need not.
func (s *Safetensors) Checked() bool { return s.Metadata["sha256"] != "" }

// Close closes the file.
func (s *Safetensors) Close() error { return s.f.Close() }

// Names lists the tensors, sorted.
func (s *Safetensors) Names() []string {
	var out []string
	for n := range s.entries {
		out = append(out, n)
	}
	slices.Sort(out)
	return out
}

// Shape is a tensor's shape and type; ok is false where there is none of that name.
func (s *Safetensors) Shape(name string) (shape []int, d DType, ok bool) {
	e, ok := s.entries[name]
	return e.Shape, safeNames[e.DType], ok
}

// Read reads one tensor.
func (s *Safetensors) Read(name string) (Array, error) {
	e, ok := s.entries[name]
	if !ok {
		return Array{}, &fault.Input{File: s.Path, Field: "tensor " + name, Found: "none of that name"}
	}
	b := make([]byte, e.Offsets[1]-e.Offsets[0])
	if _, err := s.f.ReadAt(b, s.start+e.Offsets[0]); err != nil {
		return Array{}, &fault.Input{File: s.Path, Field: "tensor " + name, Err: err}
	}
	return Array{DType: safeNames[e.DType], Shape: e.Shape, Data: b}, nil
}
