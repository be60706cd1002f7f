package study

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"magn/internal/fault"
)

// blankSum stands where a file's own SHA-256 is to be, while it is computed: as in
// the safetensors files that package torch writes.
var blankSum = strings.Repeat("0", 2*sha256.Size)

// seal is the bytes of model.json. SHA256 is set to the digest of the file with
// zeros in that place, so that any byte that changes is found when it is read.
func (m *Model) seal() ([]byte, error) {
	m.SHA256 = blankSum
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	data = append(data, '\n')
	sum := sha256.Sum256(data)
	m.SHA256 = hex.EncodeToString(sum[:])
	return bytes.Replace(data, []byte(blankSum), []byte(m.SHA256), 1), nil
}

// maxModelJSON bounds model.json: a thousand networks of ten thousand patients
// stay far below it.
const maxModelJSON = 256 << 20

// Ways out for whoever has a model that cannot be used.
const (
	writeAgain  = "magn study run in the study that the model comes from writes it again and trains nothing anew"
	linkAgain   = "magn study run in the study that the model comes from puts it in order, or says which unit must be done again"
	writtenByIt = "what magn study run wrote"
)

// parseModel reads model.json strictly: its digest, no key but those of a Model,
// and nothing missing that an answer depends on.
func parseModel(path string, data []byte) (*Model, error) {
	bad := func(field, found, expected, do string) error {
		return &fault.Input{File: path, Field: field, Found: found, Expected: expected, Do: do}
	}
	m := &Model{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, &fault.Input{File: path, Err: err, Expected: writtenByIt, Do: writeAgain}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, bad("", "more after its end", writtenByIt, writeAgain)
	}
	sum := sha256.Sum256(bytes.Replace(data, []byte(m.SHA256), []byte(blankSum), 1))
	switch {
	case m.Format != modelFormat:
		return nil, bad("format", fmt.Sprintf("%q", m.Format), modelFormat, "")
	case m.SHA256 == "":
		return nil, bad("sha256", "none: an earlier version wrote this model", "the digest of its content", writeAgain)
	case hex.EncodeToString(sum[:]) != m.SHA256:
		return nil, bad("sha256", "changed since it was written", "the digest of its content", writeAgain)
	case len(m.Networks) == 0:
		return nil, bad("networks", "none", "at least one", "")
	case m.Positive == "" || m.Negative == "" || m.Positive == m.Negative:
		return nil, bad("positive, negative", fmt.Sprintf("%q and %q", m.Positive, m.Negative), "two classes", "")
	case len(m.Views) == 0:
		return nil, bad("views", "none", "at least one", "")
	}
	for _, f := range m.Networks {
		if f.File != filepath.Base(f.File) || strings.HasPrefix(f.File, ".") {
			return nil, bad("networks", fmt.Sprintf("%q", f.File), "a file beside it", "")
		}
	}
	return m, nil
}

// ReadModel reads models/<arm>/model.json and holds it and the networks beside it
// against their sums. paths are the networks' files.
func ReadModel(dir string) (m *Model, paths []string, err error) {
	path := filepath.Join(dir, modelJSON)
	unreadable := func(err error) error {
		return &fault.Input{File: path, Expected: "a model that magn study run left, such as STUDY/models/multi-view", Err: plainCause(err)}
	}
	if info, err := os.Stat(path); err != nil {
		return nil, nil, unreadable(err)
	} else if info.Size() > maxModelJSON {
		return nil, nil, &fault.Input{File: path, Found: fmt.Sprintf("%d bytes", info.Size()), Expected: fmt.Sprintf("at most %d", maxModelJSON)}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, unreadable(err)
	}
	if m, err = parseModel(path, data); err != nil {
		return nil, nil, err
	}
	for _, f := range m.Networks {
		p := filepath.Join(dir, f.File)
		sum, err := hashFile(p)
		if err != nil {
			return nil, nil, &fault.Input{File: p, Err: plainCause(err), Do: linkAgain}
		}
		if sum != f.SHA256 {
			return nil, nil, &fault.Input{File: p, Field: "SHA-256", Found: sum, Expected: f.SHA256 + " as in " + modelJSON, Do: linkAgain}
		}
		paths = append(paths, p)
	}
	return m, paths, nil
}
