package boost

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

	"github.com/google/renameio/v2"

	"magn/internal/fault"
)

// A file has three lines:
//
//	magn-boost 1 sha256:<of all that follows this line, in hex>
//	{"features":[…],"params":{…}}        a Classifier has "classifier":{…} too
//	{"learner":…}                        XGBoost's own JSON, which its other packages open
//
// The hash is compared and the trees are checked in Go before XGBoost, which
// trusts the numbers of nodes in a file, sees a byte of it.
const magic = "magn-boost 1 sha256:"

// maxFile bounds what is read: a forest of 500 trees over 1000 cases has 6 MB.
const maxFile = 512 << 20

type header struct {
	Features   []string         `json:"features"`
	Params     Params           `json:"params"`
	Classifier *classifierLines `json:"classifier,omitempty"`
}

func (m *Model) encode(cl *classifierLines) ([]byte, error) {
	second, err := json.Marshal(header{m.features, m.params, cl})
	if err != nil {
		return nil, err
	}
	rest := append(append(second, '\n'), m.trees...)
	if len(rest) > maxFile-256 {
		return nil, &fault.Input{File: "model", Found: fmt.Sprintf("%d bytes of trees", len(rest)), Expected: fmt.Sprintf("at most %d", maxFile), Do: "grow fewer or shallower trees"}
	}
	return append([]byte(magic+hash(rest)+"\n"), rest...), nil
}

func hash(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// decode is what encode wrote; name is for the error, a *fault.Input.
func decode(name string, data []byte) (*Model, *classifierLines, error) {
	bad := func(field, found, expected string, err error) error {
		return &fault.Input{File: name, Field: field, Found: found, Expected: expected, Err: err, Do: "copy it again from where it was made, or train again"}
	}
	if len(data) > maxFile {
		return nil, nil, bad("", "more than 512 MiB", "a model", nil)
	}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	sum, ok := bytes.CutPrefix(first, []byte(magic))
	if !ok {
		return nil, nil, bad("line 1", "something else", "a model that starts with "+magic, nil)
	}
	if string(sum) != hash(rest) {
		return nil, nil, bad("hash", "another than line 1 says", "the bytes that were written: it is cut short or altered", nil)
	}
	second, trees, _ := bytes.Cut(rest, []byte("\n"))
	var h header
	d := json.NewDecoder(bytes.NewReader(second))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return nil, nil, bad("line 2", "", "", err)
	}
	if len(h.Features) == 0 || len(h.Features) > maxColumns {
		return nil, nil, bad("line 2, features", fmt.Sprint(len(h.Features)), "one or more", nil)
	}
	if err := errors.Join(checkNames(h.Features), h.Params.Check()); err != nil {
		return nil, nil, bad("line 2", "", "", err)
	}
	if err := checkTrees(trees, len(h.Features)); err != nil {
		return nil, nil, bad("line 3", "", "", err)
	}
	return &Model{h.Features, h.Params, bytes.Clone(trees)}, h.Classifier, nil
}

// MarshalText is what Save writes. The same training gives the same bytes.
func (m *Model) MarshalText() ([]byte, error) { return m.encode(nil) }

// Hash is the SHA-256, in hex, of what Save writes after its first line, which
// holds it.
func (m *Model) Hash() (string, error) {
	b, err := m.MarshalText()
	if err != nil {
		return "", err
	}
	return string(b[len(magic):bytes.IndexByte(b, '\n')]), nil
}

// Save writes the model, whole or not at all.
func (m *Model) Save(path string) error { return save(path, m.MarshalText) }

// Load reads what Save or a Classifier's Save wrote. It opens no library. The
// error is a *fault.Input where the file is cut short, altered or no model.
func Load(path string) (*Model, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	m, _, err := decode(path, data)
	return m, err
}

func save(path string, encode func() ([]byte, error)) error {
	data, err := encode()
	if err != nil {
		return err
	}
	return renameio.WriteFile(path, data, 0o644, renameio.WithTempDir(filepath.Dir(path)))
}

func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &fault.Input{File: path, Err: err}
	}
	defer f.Close()
	// One byte more than may be there, so that decode sees that it is too much.
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, &fault.Input{File: path, Err: err}
	}
	return data, nil
}
