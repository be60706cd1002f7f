package tabular

import (
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"magn/internal/cohort"
	"magn/internal/volume"
)

// viewRow is what one view of a case gives, and a file of the cache.
type viewRow struct {
	Key    string   `json:"key"`
	Names  []string `json:"names"` // without the view
	Values []number `json:"values"`
	Notes  []string `json:"notes,omitempty"`
}

func (r *viewRow) add(name string, x float64) {
	r.Names, r.Values = append(r.Names, name), append(r.Values, number(x))
}

// number is NaN as null in JSON.
type number float64

// MarshalJSON writes the least text that reads back as the same number.
func (n number) MarshalJSON() ([]byte, error) {
	if x := float64(n); !math.IsNaN(x) && !math.IsInf(x, 0) {
		return json.Marshal(x)
	}
	return []byte("null"), nil
}

// UnmarshalJSON is the inverse; what was infinite is missing.
func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

// maxCached bounds a file of the cache: some thousand features of 60 bytes.
const maxCached = 8 << 20

// stackSum is what a stack's numbers depend on.
type stackSum struct {
	Image    string `json:"image,omitempty"` // empty for the outline, which no image changes
	Mask     string `json:"mask"`
	Spacing  bool   `json:"spacing_known"`
	ScaledBy string `json:"scaled_by,omitempty"`
}

func stackSums(from Source, stacks []cohort.Stack) []stackSum {
	out := make([]stackSum, len(stacks))
	for i, st := range stacks {
		out[i] = stackSum{st.ImageSHA256, st.MaskSHA256, st.SpacingKnown, st.ScaledBy}
		if from == Outline {
			out[i].Image, out[i].ScaledBy = "", ""
		}
	}
	return out
}

// cached is one view of a case, from dir where it is there. A file that does not
// read back whole is computed anew. Two processes that miss at the same time
// compute the same bytes, and each renames its own into place.
func cached(c cohort.Case, from Source, v volume.View, e *extraction, dir string, compute func([]cohort.Stack) (viewRow, error)) (viewRow, error) {
	stacks, err := stacksOf(c, v)
	if err != nil {
		return viewRow{}, err
	}
	for _, st := range stacks {
		if st.MaskSHA256 == "" { // no sidecar that can be read: Read says what is wrong
			if _, err := st.Read(v); err != nil {
				return viewRow{}, err
			}
		}
	}
	key, err := digest(formatVersion, from, v.String(), e, stackSums(from, stacks))
	if err != nil {
		return viewRow{}, err
	}
	path := filepath.Join(dir, string(from), c.ID+"-"+v.String()+"-"+key[:12]+".json")
	if dir != "" {
		if row, ok := load(path, key); ok {
			return row, nil
		}
	}
	row, err := compute(stacks)
	if err != nil {
		return row, err
	}
	for i, x := range row.Values {
		if math.IsInf(float64(x), 0) {
			row.Values[i] = number(math.NaN()) // as it will be read
		}
	}
	if dir == "" {
		return row, nil
	}
	row.Key = key
	text, err := json.Marshal(row)
	if err != nil {
		return row, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return row, err
	}
	if err := renameio.WriteFile(path, text, 0o644, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return row, err
	}
	return row, nil
}

func load(path, key string) (row viewRow, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return row, false
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxCached+1))
	if err != nil || len(text) > maxCached || json.Unmarshal(text, &row) != nil {
		return viewRow{}, false
	}
	return row, row.Key == key && len(row.Names) == len(row.Values)
}
