package torch_test

import (
	"math"
	"testing"

	"magn/internal/draw"
	"magn/internal/testenv"
	"magn/internal/torch"
)

// normCase is one batch norm with its surroundings.
type normCase struct{ residual, relu, training bool }

// normResult is the output, its gradients and the running statistics.
type normResult map[string][]float64

// runNorm computes one case in a type; the inputs are the same bf16 numbers.
func runNorm(t *testing.T, c normCase, d torch.DType) normResult {
	t.Helper()
	const b, ch, h, w = 5, 48, 9, 7
	r := draw.New("norm")
	random := func(n int, scale, offset float64) []float32 {
		x := make([]float32, n)
		for i := range x {
			// Exact in bf16: eight bits of mantissa.
			x[i] = float32(math.Round((r.NormFloat64()*scale+offset)*16) / 16)
		}
		return x
	}
	xs, res, up := random(b*ch*h*w, 1, 3), random(b*ch*h*w, 1, 0), random(b*ch*h*w, 1, 0)
	weight, bias := random(ch, 0.3, 1), random(ch, 0.5, 0)
	mean, variance := random(ch, 1, 3), random(ch, 0.01, 1.5)
	out := normResult{}
	stat := torch.Float32
	if d == torch.Float64 {
		stat = torch.Float64
	}
	if err := torch.Do(torch.Mode{Grad: true}, func(s *torch.Scope) {
		leaf := func(x []float32, d torch.DType, shape ...int) torch.Tensor {
			l := s.Detach(s.Convert(torch.New(s, x, torch.CPU, shape...), d, torch.CPU, len(shape) == 4))
			s.RequireGrad(l)
			return l
		}
		x := leaf(xs, d, b, ch, h, w)
		n := torch.Norm{
			Weight: leaf(weight, stat, ch), Bias: leaf(bias, stat, ch),
			Mean: s.Convert(torch.New(s, mean, torch.CPU, ch), stat, torch.CPU, false), Var: s.Convert(torch.New(s, variance, torch.CPU, ch), stat, torch.CPU, false),
		}
		var skip torch.Tensor
		if c.residual {
			skip = leaf(res, d, b, ch, h, w)
		}
		y := s.BatchNorm(x, n, skip, c.relu, c.training)
		g := s.Convert(torch.New(s, up, torch.CPU, b, ch, h, w), d, torch.CPU, true)
		s.Backward(s.Sum(s.Convert(s.Mul(y, g), torch.Float64, torch.CPU, false), false, 0, 1, 2, 3))
		out["y"] = s.Floats(y, len(xs))
		out["dx"] = s.Floats(s.Grad(x), len(xs))
		out["dweight"], out["dbias"] = s.Floats(s.Grad(n.Weight), ch), s.Floats(s.Grad(n.Bias), ch)
		out["mean"], out["var"] = s.Floats(n.Mean, ch), s.Floats(n.Var, ch)
		if c.residual {
			out["dres"] = s.Floats(s.Grad(skip), len(xs))
		}
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestFusedNorm holds the fused bf16 batch norm against libtorch's own in
// float64, on the same inputs: half a unit in bf16's last place is 2⁻⁹ of
// a number, so 1 % of the norm; the statistics, which are fp32, to 1e-5. Where
// a ReLU follows a sum that was rounded to bf16, one gate in two thousand flips,
// and the gradients differ by the root of that.
func TestFusedNorm(t *testing.T) {
	testenv.Torch(t)
	for _, c := range []normCase{{false, false, true}, {false, true, true}, {true, true, true}, {true, false, true}} {
		fused, plain := runNorm(t, c, torch.BFloat16), runNorm(t, c, torch.Float64)
		for name, want := range plain {
			got, limit := fused[name], 0.01
			if name == "mean" || name == "var" {
				limit = 1e-5
			}
			if c.residual && c.relu && name[0] == 'd' {
				limit = 0.04
			}
			var d, n float64
			for i := range want {
				d += (got[i] - want[i]) * (got[i] - want[i])
				n += want[i] * want[i]
			}
			if rel := math.Sqrt(d / n); rel > limit || math.IsNaN(rel) {
				t.Errorf("%+v: %s differs by %.2g of its norm", c, name, rel)
			}
		}
	}
}

// A NaN is not rectified away: it comes out, as from libtorch's own ReLU.
func TestFusedNormKeepsNaN(t *testing.T) {
	testenv.Torch(t)
	for _, training := range []bool{true, false} {
		if err := torch.Do(torch.Mode{}, func(s *torch.Scope) {
			x := make([]float32, 2*16*4*4)
			x[5] = float32(math.NaN())
			one, zero := make([]float32, 16), make([]float32, 16)
			for i := range one {
				one[i] = 1
			}
			vec := func(v []float32) torch.Tensor { return torch.New(s, v, torch.CPU, 16) }
			a := s.Convert(torch.New(s, x, torch.CPU, 2, 16, 4, 4), torch.BFloat16, torch.CPU, true)
			y := s.Floats(s.BatchNorm(a, torch.Norm{Weight: vec(one), Bias: vec(zero), Mean: vec(zero), Var: vec(one)}, torch.Tensor{}, true, training), len(x))
			if !math.IsNaN(y[5]) {
				t.Errorf("training %v: %g", training, y[5])
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFusedNormEval holds the running-statistics form likewise.
func TestFusedNormEval(t *testing.T) {
	testenv.Torch(t)
	var got, want []float64
	for _, d := range []torch.DType{torch.BFloat16, torch.Float64} {
		if err := torch.Do(torch.Mode{}, func(s *torch.Scope) {
			r := draw.New("eval")
			x := make([]float32, 2*32*5*5)
			for i := range x {
				x[i] = float32(math.Round(r.NormFloat64()*16) / 16)
			}
			stat := torch.Float32
			if d == torch.Float64 {
				stat = torch.Float64
			}
			vec := func(at float32) torch.Tensor {
				v := make([]float32, 32)
				for i := range v {
					v[i] = at + float32(i)/64
				}
				return s.Convert(torch.New(s, v, torch.CPU, 32), stat, torch.CPU, false)
			}
			a := s.Convert(torch.New(s, x, torch.CPU, 2, 32, 5, 5), d, torch.CPU, true)
			y := s.BatchNorm(a, torch.Norm{Weight: vec(1), Bias: vec(-0.2), Mean: vec(0.1), Var: vec(0.8)}, a, true, false)
			if d == torch.Float64 {
				want = s.Floats(y, len(x))
			} else {
				got = s.Floats(y, len(x))
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 0.01*math.Abs(want[i])+0.02 {
			t.Fatalf("element %d: %g, expected %g", i, got[i], want[i])
		}
	}
}
