package torch_test

import (
	"math"
	"strings"
	"sync"
	"testing"

	"magn/internal/testenv"
	"magn/internal/torch"
)

// An error of libtorch comes back as one, names the operation, and later
// operations of the scope do nothing.
func TestErrorsComeBack(t *testing.T) {
	testenv.Torch(t)
	before, err := torch.Live()
	if err != nil {
		t.Fatal(err)
	}
	err = torch.Do(torch.Mode{Grad: true}, func(s *torch.Scope) {
		x := torch.New(s, make([]float32, 12), torch.CPU, 1, 3, 2, 2)
		w := torch.New(s, make([]float32, 36), torch.CPU, 2, 2, 3, 3)
		y := s.Conv2d(x, w, 1, 1, 1)
		z := s.ReLU(s.Add(y, y))
		if y.Valid() || z.Valid() || s.Err() == nil {
			t.Error("the scope went on after an error")
		}
		s.Backward(z)
		s.Item(z)
	})
	if err == nil || !strings.Contains(err.Error(), "conv2d") || !strings.Contains(err.Error(), "channels") {
		t.Errorf("%v", err)
	}
	for name, f := range map[string]func(s *torch.Scope){
		"3 numbers": func(s *torch.Scope) { torch.New(s, make([]float32, 3), torch.CPU, 2, 2) },
		"holds":     func(s *torch.Scope) { torch.Read(s, s.Zeros(torch.Float64, torch.CPU, 4), make([]float32, 4)) },
		"bytes":     func(s *torch.Scope) { torch.Read(s, s.Zeros(torch.Float32, torch.CPU, 4), make([]float32, 3)) },
		"handle 0":  func(s *torch.Scope) { s.ReLU(torch.Tensor{}) },
	} {
		if err := torch.Do(torch.Mode{}, f); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := torch.SetThreads(0); err == nil {
		t.Error("no threads at all were taken")
	}
	if after, _ := torch.Live(); after != before {
		t.Errorf("%d tensors left behind", after-before)
	}
}

// No mode outlives its call: many goroutines with different modes at once.
func TestModesDoNotLeak(t *testing.T) {
	testenv.Torch(t)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			grad := i%2 == 0
			if err := torch.Do(torch.Mode{Grad: grad}, func(s *torch.Scope) {
				x := torch.New(s, []float64{2, 3}, torch.CPU, 2)
				s.RequireGrad(x)
				y := s.Sum(s.Mul(x, x), false, 0)
				if !grad {
					s.Backward(y) // must fail: nothing was recorded
					return
				}
				s.Backward(y)
				if g := s.Floats(s.Grad(x), 2); g[0] != 4 || g[1] != 6 {
					t.Errorf("gradient %v", g)
				}
			}); (err != nil) == grad {
				t.Errorf("gradients recorded %v: %v", grad, err)
			}
		}()
	}
	wg.Wait()
}

// LSE pooling by its definition, in float64.
func TestLSEPool(t *testing.T) {
	testenv.Torch(t)
	x := []float64{0.5, -1, 2, 700, 3, 3, 3, 3}
	err := torch.Do(torch.Mode{}, func(s *torch.Scope) {
		got := s.Floats(s.LSEPool(torch.New(s, x, torch.CPU, 1, 2, 2, 2), 6), 2)
		// The first would overflow without the shift: 700 + log(1/4)/6.
		if math.Abs(got[0]-(700+math.Log(0.25)/6)) > 1e-9 || math.Abs(got[1]-3) > 1e-12 {
			t.Errorf("%v", got)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// bf16 casts convolutions and nothing else.
func TestBF16(t *testing.T) {
	testenv.Torch(t)
	err := torch.Do(torch.Mode{BF16: true}, func(s *torch.Scope) {
		x, w := s.Zeros(torch.Float32, torch.CPU, 1, 3, 4, 4), s.Zeros(torch.Float32, torch.CPU, 2, 3, 3, 3)
		y := s.Conv2d(x, w, 1, 1, 1)
		if _, d := s.Shape(y); d != torch.BFloat16 {
			t.Errorf("a convolution gives %v", d)
		}
		if _, d := s.Shape(s.LSEPool(y, 6)); d != torch.Float32 {
			t.Errorf("pooling gives %v", d)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}
