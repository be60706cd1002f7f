package magn

import "magn/internal/torch"

// adam is the optimiser's state: two moments a learned tensor.
type adam struct {
	net   *Net
	m, v  []torch.Tensor
	steps int
}

func newAdam(n *Net) (*adam, error) {
	o := &adam{net: n}
	err := torch.Do(torch.Mode{}, func(s *torch.Scope) {
		for _, p := range n.params {
			if !p.learned {
				continue
			}
			for _, list := range []*[]torch.Tensor{&o.m, &o.v} {
				z := s.Zeros(n.DType, n.Device, p.shape...)
				*list = append(*list, s.Keep(s.Convert(z, n.DType, n.Device, len(p.shape) == 4)))
			}
		}
	})
	return o, err
}

// step applies the gradients and drops them.
func (o *adam) step(s *torch.Scope, lr float64) {
	o.steps++
	learned := o.net.learned()
	s.Adam(learned, o.m, o.v, o.steps, lr)
	s.ZeroGrad(learned)
}

// tensors lists the moments for a checkpoint: adam.m.<name>, adam.v.<name>.
func (o *adam) tensors() []torch.Named {
	var out []torch.Named
	i := 0
	for _, p := range o.net.params {
		if p.learned {
			out = append(out, named("adam.m."+p.name, o.net.DType, p.shape, o.m[i]), named("adam.v."+p.name, o.net.DType, p.shape, o.v[i]))
			i++
		}
	}
	return out
}

// Close frees the moments.
func (o *adam) Close() error { return torch.Free(append(o.m, o.v...)...) }
