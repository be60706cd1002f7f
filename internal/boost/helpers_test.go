package boost

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"magn/internal/draw"
	"magn/internal/testenv"
)

// spec is generated data. Column i of the first informative ones is shifted by
// (1 - i/informative)·effect in positive cases; the rest are noise. Columns are
// in units of their own, as radiomics features are.
type spec struct {
	name                       string
	rows, columns, informative int
	effect, missing            float64
}

func (s spec) make() Matrix {
	r := draw.New("boost test", s.name)
	m := Matrix{Data: make([]float32, 0, s.rows*s.columns)}
	for j := range s.columns {
		m.Features = append(m.Features, fmt.Sprintf("f%04d", j))
	}
	for i := range s.rows {
		label := r.IntN(2)
		m.Labels = append(m.Labels, label)
		m.Groups = append(m.Groups, fmt.Sprintf("g%03d", i/2))
		for j := range s.columns {
			v := s.value(r, j, label)
			if r.Float64() < s.missing {
				v = math.NaN()
			}
			m.Data = append(m.Data, float32(v))
		}
	}
	return m
}

func (s spec) value(r *rand.Rand, column, label int) float64 {
	v := r.NormFloat64()
	if column < s.informative {
		v += s.effect * (1 - float64(column)/float64(s.informative)) * float64(label)
	}
	return v * math.Pow(10, float64(column%5)-2)
}

// rows is m's rows from a up to b.
func rows(m Matrix, a, b int) Matrix {
	w := len(m.Features)
	return Matrix{m.Features, m.Data[a*w : b*w], m.Labels[a:b], m.Groups[a:b]}
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func train(t testing.TB, m Matrix, p Params) *Model {
	t.Helper()
	model, err := Train(context.Background(), m, p)
	fatal(t, err)
	return model
}

func predict(t testing.TB, model *Model, m Matrix) []float64 {
	t.Helper()
	out, err := model.Predict(context.Background(), m)
	fatal(t, err)
	return out
}

func bytesOf(t testing.TB, m *Model) []byte {
	t.Helper()
	b, err := m.MarshalText()
	fatal(t, err)
	return b
}

// noneLeft fails a test that leaves native handles open.
func noneLeft(t testing.TB) {
	t.Helper()
	t.Cleanup(func() {
		if n := Live(); n != 0 {
			t.Errorf("%d native handles left open", n)
		}
	})
}

// auc is the share of pairs of a positive and a negative case that scores order
// rightly, ties half.
func auc(scores []float64, labels []int) float64 {
	sum, pairs := 0.0, 0.0
	for i, a := range scores {
		for j, b := range scores {
			if labels[i] == 1 && labels[j] == 0 {
				pairs++
				switch {
				case a > b:
					sum++
				case a == b:
					sum += 0.5
				}
			}
		}
	}
	return sum / pairs
}

// answer is what testdata/peer.py prints.
type answer struct {
	Margins    []float64 `json:"margins"`
	Weight     []float64 `json:"weight"`
	Gain       []float64 `json:"gain"`
	Cover      []float64 `json:"cover"`
	TotalGain  []float64 `json:"total_gain"`
	TotalCover []float64 `json:"total_cover"`
	Top        []int     `json:"top"`
	Opened     []float64 `json:"opened"`
}

// peer asks Python, an answer for each of params; models are files for it.
func peer(t *testing.T, module, kind string, fit, test Matrix, params []Params, models ...[]byte) []answer {
	t.Helper()
	python := testenv.Python(t, "numpy", module)
	dir := t.TempDir()
	ask, err := json.Marshal(map[string]any{"kind": kind, "columns": len(fit.Features), "labels": fit.Labels, "params": params})
	fatal(t, err)
	for name, content := range map[string][]byte{"ask.json": ask, "train.f32": raw(fit.Data), "test.f32": raw(test.Data)} {
		fatal(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	for i, m := range models {
		fatal(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("model%d", i)), m, 0o600))
	}
	cmd := exec.Command(python, filepath.Join("testdata", "peer.py"), dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	var a []answer
	fatal(t, json.Unmarshal(out, &a))
	if len(a) != len(params) {
		t.Fatalf("%d answers to %d", len(a), len(params))
	}
	return a
}

func raw(data []float32) []byte {
	var b bytes.Buffer
	_ = binary.Write(&b, binary.LittleEndian, data) // a buffer takes everything
	return b.Bytes()
}

// apart is the largest difference, NaN where the lengths differ.
func apart(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	most := 0.0
	for i := range a {
		most = max(most, math.Abs(a[i]-b[i]))
	}
	return most
}
