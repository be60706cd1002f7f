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
	cams    []cam     // per view: of the largest pair
}

// cam is the signed class activation map Σ_k W_k f_k before its ReLU.
type cam struct {
	h, w int
	s    []float32
}

// evalBatch is how many crops go through the network at once.
const evalBatch = 32

// evaluate runs cases through the network as it predicts: running statistics,
// no augmentation, the largest pairs of each view.
func (t *trainer) evaluate(ctx context.Context, cases []cohort.Case) ([]answer, error) {
	return evaluate(ctx, t.net, t.in, t.mode, cases)
}

// chunk is a run of crops of one view.
type chunk struct {
	view   int
	images []float32
	of     []int // place in answers
	first  []bool
}

func evaluate(ctx context.Context, n *Net, in *input, mode torch.Mode, cases []cohort.Case) ([]answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make([]answer, len(cases))
	ready, failed := make(chan chunk, 1), make(chan error, 1)
	go func() {
		defer close(ready)
		failed <- in.chunks(ctx, cases, answers, ready)
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

// chunks prepares the crops of all cases beside the compute.
func (in *input) chunks(ctx context.Context, cases []cohort.Case, answers []answer, ready chan<- chunk) error {
	area := in.training.Crop * in.training.Crop
	for i, c := range cases {
		s, err := in.get(c)
		if err != nil {
			return err
		}
		answers[i] = answer{subject: s, terms: make([]float64, len(in.views)), cams: make([]cam, len(in.views))}
	}
	for v := range in.views {
		c := chunk{view: v}
		send := func() error {
			if len(c.of) == 0 {
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
		for i := range answers {
			for j, p := range in.largest(answers[i].subject.views[v]) {
				if c.images == nil {
					c.images = make([]float32, 0, evalBatch*in.channels()*area)
				}
				for _, plane := range p.planes {
					c.images = append(c.images, in.centred(plane)...)
				}
				c.of, c.first = append(c.of, i), append(c.first, j == 0)
				if len(c.of) == evalBatch {
					if err := send(); err != nil {
						return err
					}
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
		x := n.images(s, c.images, len(c.of), side)
		f := n.features(s, c.view, x, false)
		w := n.headWeight(s, c.view)
		terms := s.Floats(s.Sum(s.Mul(s.LSEPool(f, n.R), w), false, 1), len(c.of))
		signed := s.ChannelSum(f, w)
		shape, _ := s.Shape(signed)
		if s.Err() != nil {
			return
		}
		h, wd := shape[1], shape[2]
		maps := s.Floats(signed, len(c.of)*h*wd)
		for i, of := range c.of {
			answers[of].terms[c.view] += terms[i]
			if c.first[i] {
				m := cam{h, wd, make([]float32, h*wd)}
				for p := range m.s {
					m.s[p] = float32(maps[i*h*wd+p])
				}
				answers[of].cams[c.view] = m
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
