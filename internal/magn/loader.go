package magn

import (
	"context"

	"golang.org/x/sync/errgroup"

	"magn/internal/cohort"
	"magn/internal/draw"
)

// hostBatch is a batch in Go's memory: per view the planes and masks of n crops.
type hostBatch struct {
	n             int
	images, masks [][]float32
	labels        []float32
	groups        []string // of its cases, as they were read: what the weights see
}

// order is the training cases of one epoch, shuffled by key and cut into
// batches. A last batch of less than half a batch is left out (batch
// normalisation over a handful is noise, and over one it is undefined), unless it
// is the only one.
func order(cases []cohort.Case, batch int, key ...any) [][]cohort.Case {
	shuffled := make([]cohort.Case, len(cases))
	for i, j := range draw.New(append(key, "order")...).Perm(len(cases)) {
		shuffled[i] = cases[j]
	}
	var out [][]cohort.Case
	for len(shuffled) > 0 {
		n := min(batch, len(shuffled))
		if len(out) == 0 || n > 1 && 2*n >= batch {
			out = append(out, shuffled[:n])
		}
		shuffled = shuffled[n:]
	}
	return out
}

// Steps is how many optimiser steps an epoch over so many cases has: a last batch
// of less than half the size is left out.
func Steps(cases, batch int) int {
	n := cases / batch
	if rest := cases % batch; rest > 1 && 2*rest >= batch || n == 0 {
		n++
	}
	return n
}

// load makes an epoch's batches beside the compute: up to two are ready and
// waiting while a third is computed on. The channel is closed at the end, or on
// an error, which wait returns.
func (in *input) load(ctx context.Context, batches [][]cohort.Case, key ...any) (ready <-chan hostBatch, wait func() error) {
	ch := make(chan hostBatch, 2)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(ch)
		for _, cases := range batches {
			b, err := in.trainingBatch(ctx, cases, key...)
			if err != nil {
				return err
			}
			select {
			case ch <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return ch, g.Wait
}

func (in *input) trainingBatch(ctx context.Context, cases []cohort.Case, key ...any) (hostBatch, error) {
	b := hostBatch{n: len(cases)}
	area, planes := in.training.Crop*in.training.Crop, in.channels()
	for range in.views {
		b.images = append(b.images, make([]float32, len(cases)*planes*area))
		b.masks = append(b.masks, make([]float32, len(cases)*area))
	}
	b.labels = make([]float32, len(cases))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	b.groups = make([]string, len(cases))
	for i, c := range cases {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			s, err := in.get(c)
			if err != nil {
				return err
			}
			b.labels[i], b.groups[i] = float32(s.Label), s.Group
			for v, view := range in.views {
				r := draw.New(append(key[:len(key):len(key)], c.ID, view)...)
				in.augmented(r, view, pick(r, s.views[v]), b.images[v][i*planes*area:(i+1)*planes*area], b.masks[v][i*area:(i+1)*area])
			}
			return nil
		})
	}
	return b, g.Wait()
}
