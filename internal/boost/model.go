package boost

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// Model is trained trees. It is made by Train or Load and does not change.
type Model struct {
	features []string
	params   Params
	trees    []byte // XGBoost's JSON
}

// Features are the names of the columns, in the order that Predict expects.
func (m *Model) Features() []string { return slices.Clone(m.features) }

// Params are those that the model was trained with.
func (m *Model) Params() Params { return m.params }

// blockValues bounds what Predict copies at a time: 16 MiB of float32, which
// XGBoost holds in twice that.
const blockValues = 4 << 20

// Predict gives each row's margin: the log-odds of the positive class for
// boosting, 4(share-½) for Forest. Columns must be the model's, in its order;
// otherwise the error is a *fault.Input.
func (m *Model) Predict(ctx context.Context, x Matrix) ([]float64, error) {
	if err := x.check(); err != nil {
		return nil, err
	}
	if !slices.Equal(x.Features, m.features) {
		return nil, refuse("columns", difference(x.Features, m.features), fmt.Sprintf("the model's %d, in its order", len(m.features)))
	}
	out := make([]float64, 0, x.Rows())
	err := do(ctx, func(s *scope) error {
		booster, err := s.loaded(m)
		if err != nil {
			return err
		}
		width := len(m.features)
		for block := range slices.Chunk(x.Data, max(1, blockValues/width)*width) {
			if err := ctx.Err(); err != nil {
				return err
			}
			margins, err := margins(booster, block, width, m.params.Threads)
			if err != nil {
				return err
			}
			out = append(out, margins...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// margins predicts one block, whose matrix is freed before the next is copied.
func margins(booster uintptr, block []float32, width, threads int) (out []float64, err error) {
	s := &scope{}
	defer func() {
		if e := s.free(); err == nil {
			err = e
		}
	}()
	data, err := s.matrix(block, width, threads)
	if err != nil {
		return nil, err
	}
	var shape *uint64
	var dims uint64
	var values *float32
	const ask = `{"type":1,"training":false,"iteration_begin":0,"iteration_end":0,"strict_shape":false}`
	if err := check("predict", c.predict(booster, data, ask, &shape, &dims, &values)); err != nil {
		return nil, err
	}
	rows := len(block) / width
	if dims != 1 || *shape != uint64(rows) {
		return nil, fmt.Errorf("xgboost: predict: %d dimensions, the first %d, for %d rows", dims, *shape, rows)
	}
	out = make([]float64, rows)
	for i, v := range unsafe.Slice(values, rows) {
		out[i] = float64(v)
	}
	return out, nil
}

// difference names the first column that is not the expected one.
func difference(found, expected []string) string {
	for i := range min(len(found), len(expected)) {
		if found[i] != expected[i] {
			return fmt.Sprintf("%s at column %d where %s is expected", found[i], i+1, expected[i])
		}
	}
	return fmt.Sprintf("%d columns", len(found))
}

// Importance is one of XGBoost's measures of how much a feature matters.
type Importance string

// The measures. A feature that no tree uses has 0 in each.
const (
	Weight     Importance = "weight"      // number of splits
	Gain       Importance = "gain"        // mean gain of its splits
	Cover      Importance = "cover"       // mean sum of p(1-p) of the rows at its splits
	TotalGain  Importance = "total_gain"  // sum of the gains: Gini importance for Forest
	TotalCover Importance = "total_cover" // sum of the covers
)

// Importance gives one number a feature, in the order of Features.
func (m *Model) Importance(ctx context.Context, kind Importance) ([]float64, error) {
	names := make([]string, len(m.features)) // by number: theirs go through C and back unchanged
	for i := range names {
		names[i] = "f" + strconv.Itoa(i)
	}
	ask, err := json.Marshal(map[string]any{"importance_type": string(kind), "feature_names": names})
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(m.features))
	err = do(ctx, func(s *scope) error {
		booster, err := s.loaded(m)
		if err != nil {
			return err
		}
		var n, dims uint64
		var found **byte
		var shape *uint64
		var values *float32
		if err := check("importance", c.score(booster, string(ask), &n, &found, &dims, &shape, &values)); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		if dims != 1 || *shape != n || n > uint64(len(out)) {
			return fmt.Errorf("xgboost: importance: %d scores for %d features", n, len(out))
		}
		scores := unsafe.Slice(values, n)
		for i, name := range unsafe.Slice(found, n) {
			at, err := strconv.Atoi(strings.TrimPrefix(text(name), "f"))
			if err != nil || at < 0 || at >= len(out) {
				return fmt.Errorf("xgboost: importance: a score for %q", text(name))
			}
			out[at] = float64(scores[i])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// text copies a short C string.
func text(p *byte) string {
	const most = 32
	for n, b := range unsafe.Slice(p, most) {
		if b == 0 {
			return string(unsafe.Slice(p, n))
		}
	}
	return ""
}
