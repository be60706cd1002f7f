package torch_test

import (
	"math"
	"testing"

	"magn/internal/draw"
	"magn/internal/testenv"
	"magn/internal/torch"
)

// TestPool holds the bf16 max pooling against libtorch's own in fp32: the same
// numbers, exactly, values and gradients, with many ties, negative values, odd and
// smallest sizes.
func TestPool(t *testing.T) {
	testenv.Torch(t)
	for _, size := range [][2]int{{8, 8}, {7, 9}, {1, 1}, {2, 5}, {16, 3}} {
		const b, c = 3, 20
		r := draw.New("pool", size)
		n := b * c * size[0] * size[1]
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.IntN(9) - 6) // many ties
		}
		oh, ow := (size[0]+1)/2, (size[1]+1)/2
		up := make([]float32, b*c*oh*ow)
		for i := range up {
			up[i] = float32(r.IntN(15) - 7)
		}
		got := map[torch.DType][2][]float64{}
		for _, d := range []torch.DType{torch.BFloat16, torch.Float32} {
			if err := torch.Do(torch.Mode{Grad: true}, func(s *torch.Scope) {
				a := s.Detach(s.Convert(torch.New(s, x, torch.CPU, b, c, size[0], size[1]), d, torch.CPU, true))
				s.RequireGrad(a)
				y := s.MaxPool(a, 3, 2, 1)
				g := s.Convert(torch.New(s, up, torch.CPU, b, c, oh, ow), d, torch.CPU, true)
				s.Backward(s.Sum(s.Convert(s.Mul(y, g), torch.Float64, torch.CPU, false), false, 0, 1, 2, 3))
				got[d] = [2][]float64{s.Floats(y, len(up)), s.Floats(s.Grad(a), n)}
			}); err != nil {
				t.Fatal(err)
			}
		}
		for part, name := range []string{"output", "gradient"} {
			for i, want := range got[torch.Float32][part] {
				if got[torch.BFloat16][part][i] != want {
					t.Fatalf("%v: %s %d is %g, libtorch %g", size, name, i, got[torch.BFloat16][part][i], want)
				}
			}
		}
	}
	if err := torch.Do(torch.Mode{}, func(s *torch.Scope) {
		x := make([]float32, 32*4)
		x[17] = float32(math.NaN())
		y := s.Floats(s.MaxPool(s.Convert(torch.New(s, x, torch.CPU, 1, 32, 2, 2), torch.BFloat16, torch.CPU, true), 3, 2, 1), 32)
		if !math.IsNaN(y[4]) || math.IsNaN(y[3]) {
			t.Errorf("a NaN in channel 4 comes out as %v", y[:6])
		}
	}); err != nil {
		t.Fatal(err)
	}
}
