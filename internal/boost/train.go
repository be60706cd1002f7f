package boost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unsafe"
)

// Train grows trees on all rows of m. The same matrix, parameters, seed and
// number of threads give the same bytes. It ends between two rounds where ctx
// does, with ctx's error. XGBoost copies the matrix: hist took 20 bytes a value
// beside it at the peak, with 100000 rows and 200 columns.
func Train(ctx context.Context, m Matrix, p Params) (*Model, error) {
	if err := errors.Join(p.Check(), m.checkTraining()); err != nil {
		return nil, err
	}
	var trees []byte
	err := do(ctx, func(s *scope) error {
		data, err := s.matrix(m.Data, len(m.Features), p.Threads)
		if err != nil {
			return err
		}
		labels := make([]float32, len(m.Labels))
		for i, l := range m.Labels {
			labels[i] = float32(l)
		}
		if err := check("set labels", c.setFloats(data, "label", &labels[0], uint64(len(labels)))); err != nil {
			return err
		}
		booster, err := s.booster(data)
		if err != nil {
			return err
		}
		for _, kv := range p.pairs() {
			if err := check("set "+kv[0], c.set(booster, kv[0], kv[1])); err != nil {
				return err
			}
		}
		for round := range p.Rounds {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := check(fmt.Sprintf("round %d", round+1), c.update(booster, int32(round), data)); err != nil {
				return err
			}
		}
		var n uint64
		var out *byte
		if err := check("save", c.save(booster, `{"format":"json"}`, &n, &out)); err != nil {
			return err
		}
		trees = bytes.Clone(unsafe.Slice(out, n))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &Model{features: slices.Clone(m.Features), params: p, trees: trees}, nil
}

// matrix copies rows into XGBoost.
func (s *scope) matrix(data []float32, columns, threads int) (uintptr, error) {
	var h uintptr
	if err := check("copy the matrix", c.newMatrix(&data[0], uint64(len(data)/columns), uint64(columns), float32(math.NaN()), &h, int32(threads))); err != nil {
		return 0, err
	}
	live.Add(1)
	s.matrices = append(s.matrices, h)
	return h, nil
}

// booster makes an empty booster that keeps its predictions for train, where
// there is one, from round to round.
func (s *scope) booster(train ...uintptr) (uintptr, error) {
	var first *uintptr
	if len(train) > 0 {
		first = &train[0]
	}
	var h uintptr
	if err := check("make a booster", c.newBooster(first, uint64(len(train)), &h)); err != nil {
		return 0, err
	}
	live.Add(1)
	s.boosters = append(s.boosters, h)
	return h, nil
}

// loaded makes a booster of a model's trees.
func (s *scope) loaded(m *Model) (uintptr, error) {
	booster, err := s.booster()
	if err != nil {
		return 0, err
	}
	if err := check("load", c.load(booster, &m.trees[0], uint64(len(m.trees)))); err != nil {
		return 0, err
	}
	return booster, check("set nthread", c.set(booster, "nthread", strconv.Itoa(m.params.Threads)))
}
