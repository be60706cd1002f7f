package torch_test

import (
	"testing"

	"magn/internal/testenv"
	"magn/internal/torch"
)

// BenchmarkOps times forward and backward of what surrounds the convolutions, on
// a first stage's activations: 16 crops of 256² after the stem.
func BenchmarkOps(b *testing.B) {
	testenv.Torch(b)
	if err := torch.SetThreads(2); err != nil {
		b.Fatal(err)
	}
	ones := func(s *torch.Scope, n int, v float32) torch.Tensor {
		x := make([]float32, n)
		for i := range x {
			x[i] = v
		}
		return torch.New(s, x, torch.CPU, n)
	}
	for name, op := range map[string]func(s *torch.Scope, x torch.Tensor) torch.Tensor{
		"pool": func(s *torch.Scope, x torch.Tensor) torch.Tensor { return s.MaxPool(x, 3, 2, 1) },
		"norm": func(s *torch.Scope, x torch.Tensor) torch.Tensor {
			w, o := ones(s, 64, 1), ones(s, 64, 0)
			s.RequireGrad(w)
			return s.BatchNorm(x, torch.Norm{Weight: w, Bias: ones(s, 64, 0), Mean: o, Var: ones(s, 64, 1)}, torch.Tensor{}, true, true)
		},
	} {
		b.Run(name, func(b *testing.B) {
			data := make([]float32, 16*64*128*128)
			for i := range data {
				data[i] = float32(i*7919%1000) / 500
			}
			if err := torch.Do(torch.Mode{Grad: true}, func(s *torch.Scope) {
				x := s.Detach(s.Convert(torch.New(s, data, torch.CPU, 16, 64, 128, 128), torch.BFloat16, torch.CPU, true))
				s.RequireGrad(x)
				for b.Loop() {
					y := s.Inner(func(s *torch.Scope) torch.Tensor {
						y := op(s, x)
						s.Gradients(y, x)
						return y
					})
					s.Free(y)
				}
			}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
