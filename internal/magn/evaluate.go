package magn

import (
	"context"
	"fmt"

	"magn/internal/cohort"
	"magn/internal/torch"
)

// answer is what the network says of one case.
type answer struct {
	subject *subject
	terms   []float64 // per view: mean over its slices of W_v·p_v
	logit   float64   // bias + Σ terms: the head is linear, so views need no pairing
	cams    [][]cam   // per view: of the largest pair, centred, then shifted
}

// cam is the signed class activation map Σ_k W_k f_k before its ReLU.
type cam struct {
	h, w int
	s    []float32
}

// evalBatch is how many crops go through the network at once: enough for its
// convolutions to run at full speed, and few, for what a layer makes of them all
// is held at the same time.
const evalBatch = 8

// crop is one crop to look at: which answer it is part of, and what it is good
// for.
type crop struct {
	of    int  // place in answers
	term  bool // counts for the score: centred
	cam   int  // place in the view's maps; -1: none
	shift [2]int
}

// chunk is a run of crops of one view.
type chunk struct {
	view   int
	images []float32
	crops  []crop
}

// evaluate runs cases through the network as it predicts: running statistics,
// no augmentation, the largest pairs of each view. The largest pair's map is
// kept, and those of so many crops shifted away from it, which no score counts.
func evaluate(ctx context.Context, n *Net, in *input, mode torch.Mode, cases []cohort.Case, shifted int) ([]answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make([]answer, len(cases))
	ready, failed := make(chan chunk, 1), make(chan error, 1)
	go func() {
		defer close(ready)
		failed <- in.chunks(ctx, cases, shifted, answers, ready)
	}()
	bias, err := n.bias()
	for c := range ready {
		if err != nil {
			continue // let the loader end
		}
		if err = n.evaluateChunk(mode, in.training.Crop, c, answers); err != nil {
			cancel()
		}
	}
	if e := <-failed; err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	for i := range answers {
		a := &answers[i]
		a.logit = bias
		for v := range a.terms {
			a.terms[v] /= float64(len(in.largest(a.subject.views[v])))
			a.logit += a.terms[v]
		}
	}
	return answers, nil
}

// chunks prepares the crops of all cases beside the compute: a case is read when
// its first crop is due.
func (in *input) chunks(ctx context.Context, cases []cohort.Case, shifted int, answers []answer, ready chan<- chunk) error {
	area := in.training.Crop * in.training.Crop
	for v, view := range in.views {
		c := chunk{view: v}
		send := func() error {
			if len(c.crops) == 0 {
				return nil
			}
			select {
			case ready <- c:
			case <-ctx.Done():
				return ctx.Err()
			}
			c = chunk{view: v}
			return nil
		}
		add := func(p pair, x crop) error {
			if c.images == nil {
				c.images = make([]float32, 0, evalBatch*in.channels()*area)
			}
			for _, plane := range p.planes {
				c.images = append(c.images, in.cut(plane, x.shift)...)
			}
			c.crops = append(c.crops, x)
			if len(c.crops) == evalBatch {
				return send()
			}
			return nil
		}
		for i, k := range cases {
			s, err := in.get(k)
			if err != nil {
				return err
			}
			if v == 0 {
				answers[i] = answer{subject: s, terms: make([]float64, len(in.views)), cams: make([][]cam, len(in.views))}
			}
			answers[i].cams[v] = make([]cam, 1+shifted)
			for j, p := range in.largest(s.views[v]) {
				if err := add(p, crop{of: i, term: true, cam: -min(j, 1)}); err != nil {
					return err
				}
			}
			for k, by := range in.shifts(s.Case, view, shifted) {
				if err := add(s.views[v][0], crop{of: i, cam: 1 + k, shift: by}); err != nil {
					return err
				}
			}
		}
		if err := send(); err != nil {
			return err
		}
	}
	return nil
}

func (n *Net) evaluateChunk(mode torch.Mode, side int, c chunk, answers []answer) error {
	mode.Grad = false
	return torch.Do(mode, func(s *torch.Scope) {
		count := len(c.crops)
		x := n.images(s, c.images, count, side)
		f := n.features(s, c.view, x, false)
		w := n.headWeight(s, c.view)
		terms := s.Floats(s.Sum(s.Mul(s.LSEPool(f, n.R), w), false, 1), count)
		signed := s.ChannelSum(f, w)
		shape, _ := s.Shape(signed)
		if s.Err() != nil {
			return
		}
		h, wd := shape[1], shape[2]
		maps := s.Floats(signed, count*h*wd)
		for i, x := range c.crops {
			if x.term {
				answers[x.of].terms[c.view] += terms[i]
			}
			if x.cam >= 0 {
				m := cam{h, wd, make([]float32, h*wd)}
				for p := range m.s {
					m.s[p] = float32(maps[i*h*wd+p])
				}
				answers[x.of].cams[c.view][x.cam] = m
			}
		}
	})
}

func (n *Net) bias() (float64, error) {
	var b float64
	err := torch.Do(torch.Mode{}, func(s *torch.Scope) { b = s.Item(n.fcB) })
	if err != nil {
		return 0, fmt.Errorf("reading the head: %w", err)
	}
	return b, nil
}
