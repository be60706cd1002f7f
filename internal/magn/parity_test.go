package magn

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/draw"
	"magn/internal/testenv"
	"magn/internal/torch"
	"magn/internal/volume"
)

// floats decodes an Array of F32 or F64.
func floats(a torch.Array) []float64 {
	out := make([]float64, a.Len())
	for i := range out {
		if a.DType == torch.Float64 {
			out[i] = math.Float64frombits(binary.LittleEndian.Uint64(a.Data[8*i:]))
		} else {
			out[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(a.Data[4*i:])))
		}
	}
	return out
}

// twoThreads gives operations as many threads as the reference uses: the order
// of a sum depends on them.
func twoThreads(t *testing.T) {
	t.Helper()
	testenv.Torch(t)
	if err := torch.SetThreads(2); err != nil {
		t.Fatal(err)
	}
}

// distance is |a−b| / |b|, by Euclidean norm; where b is zero, |a|.
func distance(a, b []float64) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	var d, n float64
	for i := range a {
		d += (a[i] - b[i]) * (a[i] - b[i])
		n += b[i] * b[i]
	}
	if n == 0 {
		return math.Sqrt(d)
	}
	return math.Sqrt(d / n)
}

// parityCase is one network, batch and loss, computed here and by PyTorch.
type parityCase struct {
	network Network
	dtype   torch.DType
	lambda  float64
	loss    string
	steps   int
	lr      float64
	size, b int
	rgb     bool // three equal channels instead of one that stands for them
}

type peer struct {
	t    *testing.T
	file *torch.Safetensors
}

func (p peer) get(name string) []float64 {
	p.t.Helper()
	a, err := p.file.Read(name)
	if err != nil {
		p.t.Fatal(err)
	}
	return floats(a)
}

// syntheticBatch draws images and masks: a bright square on noise; the last
// image of the second view has an empty mask.
func syntheticBatch(c parityCase) (xs, ms [][]float32, y []float32) {
	for v := range c.network.Views {
		r := draw.New("parity", v, c.size)
		x, m := make([]float32, c.b*c.size*c.size), make([]float32, c.b*c.size*c.size)
		for i := range c.b {
			cx, cy, half := r.IntN(c.size/2)+c.size/4, r.IntN(c.size/2)+c.size/4, 3+r.IntN(c.size/8)
			for row := range c.size {
				for col := range c.size {
					at := (i*c.size+row)*c.size + col
					x[at] = float32(r.Float64() * 0.5)
					if max(col-cx, cx-col, row-cy, cy-row) < half {
						x[at] += 0.5
						if v != 1 || i != c.b-1 {
							m[at] = 1
						}
					}
				}
			}
		}
		xs, ms = append(xs, x), append(ms, m)
	}
	for i := range c.b {
		y = append(y, float32(i%2))
	}
	return xs, ms, y
}

func (c parityCase) batch(s *torch.Scope) batch {
	xs, ms, y := syntheticBatch(c)
	b := batch{labels: s.Convert(torch.New(s, y, torch.CPU, c.b), c.dtype, torch.CPU, false)}
	for v := range xs {
		x := torch.New(s, xs[v], torch.CPU, c.b, 1, c.size, c.size)
		if c.rgb {
			x = s.Cat([]torch.Tensor{x, x, x}, 1)
		}
		b.images = append(b.images, s.Convert(x, c.dtype, torch.CPU, true))
		b.masks = append(b.masks, s.Convert(torch.New(s, ms[v], torch.CPU, c.b, c.size, c.size), c.dtype, torch.CPU, false))
	}
	return b
}

// askPyTorch writes weights and batch, runs the reference and opens its answer.
func (c parityCase) askPyTorch(t *testing.T, n *Net) peer {
	t.Helper()
	python := testenv.Python(t, "torch", "torchvision", "numpy")
	dir := t.TempDir()
	tensors := n.tensors()
	var b batch
	if err := torch.Do(torch.Mode{}, func(s *torch.Scope) {
		b = c.batch(s)
		for _, ts := range [][]torch.Tensor{b.images, b.masks, {b.labels}} {
			for _, x := range ts {
				s.Keep(x)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	channels := 1
	if c.rgb {
		channels = 3
	}
	for v, view := range c.network.Views {
		tensors = append(tensors, named("x."+view.String(), c.dtype, []int{c.b, channels, c.size, c.size}, b.images[v]),
			named("m."+view.String(), c.dtype, []int{c.b, c.size, c.size}, b.masks[v]))
	}
	tensors = append(tensors, named("y", c.dtype, []int{c.b}, b.labels))
	in, out := filepath.Join(dir, "in.safetensors"), filepath.Join(dir, "out.safetensors")
	if err := torch.WriteSafetensors(in, nil, tensors); err != nil {
		t.Fatal(err)
	}
	if err := torch.Free(append(append(b.images, b.masks...), b.labels)...); err != nil {
		t.Fatal(err)
	}
	cfg, _ := json.Marshal(map[string]any{
		"backbone": c.network.Backbone, "stride": c.network.Stride, "shared": c.network.Shared, "views": c.network.Views,
		"lse_r": c.network.R, "lambda": c.lambda, "loss": c.loss, "steps": c.steps, "lr": c.lr,
	})
	if text, err := exec.Command(python, "testdata/parity.py", in, out, string(cfg)).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	f, err := torch.OpenSafetensors(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return peer{t, f}
}

// TestParityForwardBackward holds logits, maps, every loss and every parameter's
// gradient against PyTorch in fp32: 1e-4 of each tensor's norm. Both get three
// channels, one memory format and two threads, so that oneDNN picks the same
// kernels: a rounding difference of 1e-6 flips the sign of some activation in
// a million, and one flipped ReLU moves a gradient by 1e-3 of its norm.
// TestParityAdam, in float64, holds the one-channel path.
func TestParityForwardBackward(t *testing.T) {
	twoThreads(t)
	all, one := volume.Views, []volume.View{volume.Sagittal}
	cases := map[string]parityCase{
		"resnet18":                      {network: Network{"resnet18", 32, false, all, 6}},
		"resnet18 normalised":           {network: Network{"resnet18", 32, false, all, 6}, lambda: 0.5, loss: LossNormalised},
		"resnet18 mse":                  {network: Network{"resnet18", 32, false, all, 6}, lambda: 1, loss: LossMSE},
		"resnet18 energy":               {network: Network{"resnet18", 32, false, all, 6}, lambda: 1, loss: LossEnergy},
		"resnet18 one view":             {network: Network{"resnet18", 32, false, one, 6}, lambda: 0.5, loss: LossNormalised},
		"resnet34 shared":               {network: Network{"resnet34", 32, true, all, 6}, lambda: 0.5, loss: LossNormalised},
		"resnet50":                      {network: Network{"resnet50", 32, false, all, 6}},
		"resnet50 normalised":           {network: Network{"resnet50", 32, false, all, 6}, lambda: 0.5, loss: LossNormalised},
		"resnet50 mse output stride 16": {network: Network{"resnet50", 16, false, one, 6}, lambda: 0.5, loss: LossMSE},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			c.dtype, c.size, c.b, c.lr, c.rgb = torch.Float32, 96, 4, 1e-3, true
			if c.loss == "" {
				c.loss = LossNormalised
			}
			n, err := NewNet(c.network, torch.CPU, c.dtype, 1)
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			want := c.askPyTorch(t, n)
			worst, worstName := 0.0, ""
			check := func(name string, got []float64) {
				t.Helper()
				d := distance(got, want.get(name))
				if d > worst {
					worst, worstName = d, name
				}
				if d > 1e-4 {
					t.Errorf("%s: differs by %.2g of its norm", name, d)
				}
			}
			err = torch.Do(torch.Mode{Grad: true}, func(s *torch.Scope) {
				b := c.batch(s)
				logits, features := n.forward(s, b.images, true)
				check("logits", s.Floats(logits, c.b))
				sign := s.Reshape(s.Affine(b.labels, 2, -1), -1, 1, 1)
				for v, view := range c.network.Views {
					raw := s.Upsample(n.rawMap(s, v, features[v], sign), c.size, c.size)
					check("map."+view.String(), s.Floats(normaliseMap(s, raw), c.b*c.size*c.size))
					check("loss."+view.String(), s.Floats(attentionLoss(s, c.loss, raw, b.masks[v]), 1))
				}
				total, classification, _ := n.loss(s, b, c.lambda, c.loss)
				check("loss.classification", s.Floats(classification, 1))
				check("loss.total", s.Floats(total, 1))
				s.Backward(total)
				for _, p := range n.params {
					if p.learned {
						check("grad."+p.name, s.Floats(s.Grad(p.t), torch.Array{Shape: p.shape}.Len()))
					}
				}
				s.ZeroGrad(n.learned())
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d parameters; worst: %s, %.2g of its norm", n.Parameters(), worstName, worst)
		})
	}
}

// TestParityAdam holds every tensor after three optimiser steps against PyTorch
// in float64, to 1e-8 of its norm, running statistics included. Here one channel
// stands for three, so the sums' roundings differ; at a learning rate of 1e-3 each
// step of a ResNet-50 on four images multiplies such a difference by a thousand
// or more, at 1e-4 it does not. Biases begin at zero, so that their relative
// difference is that of Adam's steps alone.
func TestParityAdam(t *testing.T) {
	twoThreads(t)
	for _, backbone := range []string{"resnet18", "resnet50"} {
		for _, lambda := range []float64{0, 0.5} {
			t.Run(fmt.Sprintf("%s λ=%g", backbone, lambda), func(t *testing.T) {
				c := parityCase{
					network: Network{backbone, 32, false, []volume.View{volume.Sagittal, volume.Axial}, 6}, dtype: torch.Float64,
					lambda: lambda, loss: LossNormalised, steps: 3, lr: 1e-4, size: 96, b: 4,
				}
				n, err := NewNet(c.network, torch.CPU, c.dtype, 1)
				if err != nil {
					t.Fatal(err)
				}
				defer n.Close()
				want := c.askPyTorch(t, n)
				o, err := newAdam(n)
				if err != nil {
					t.Fatal(err)
				}
				defer o.Close()
				for range c.steps {
					if err := torch.Do(torch.Mode{Grad: true}, func(s *torch.Scope) {
						total, _, _ := n.loss(s, c.batch(s), c.lambda, c.loss)
						s.Backward(total)
						o.step(s, c.lr)
					}); err != nil {
						t.Fatal(err)
					}
				}
				worst := 0.0
				for _, p := range n.params {
					var got []float64
					if err := torch.Do(torch.Mode{}, func(s *torch.Scope) { got = s.Floats(p.t, torch.Array{Shape: p.shape}.Len()) }); err != nil {
						t.Fatal(err)
					}
					d := distance(got, want.get("after."+p.name))
					worst = max(worst, d)
					if d > 1e-8 {
						t.Errorf("%s: differs by %.2g of its norm", p.name, d)
					}
				}
				t.Logf("worst %.2g of a tensor's norm", worst)
			})
		}
	}
}

// TestCAMIsGradCAM holds the closed form against autograd: the spatial mean of
// ∂z/∂f_k is W_k/(H·W) for log-sum-exp pooling and one linear layer, so the
// Grad-CAM map is the class activation map divided by H·W.
func TestCAMIsGradCAM(t *testing.T) {
	twoThreads(t)
	n, err := NewNet(Network{"resnet18", 32, false, volume.Views, 6}, torch.CPU, torch.Float64, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	c := parityCase{network: n.Network, dtype: torch.Float64, size: 96, b: 3}
	err = torch.Do(torch.Mode{Grad: true}, func(s *torch.Scope) {
		b := c.batch(s)
		logits, features := n.forward(s, b.images, true)
		grads := s.Gradients(logits, features...)
		for v := range n.Views {
			shape, _ := s.Shape(features[v])
			cells := shape[2] * shape[3]
			alpha := s.Floats(s.Affine(s.Sum(grads[v], false, 2, 3), 1/float64(cells), 0), shape[0]*shape[1]) // [B,C] spatial mean
			w := s.Floats(n.headWeight(s, v), shape[1])
			f := s.Floats(features[v], shape[0]*shape[1]*cells)
			ones := torch.New(s, []float64{1, 1, 1}, torch.CPU, 3, 1, 1)
			cam := s.Floats(n.rawMap(s, v, features[v], ones), shape[0]*cells)
			var grad []float64
			for i := range shape[0] {
				for p := range cells {
					sum := 0.0
					for k := range shape[1] {
						sum += alpha[i*shape[1]+k] * f[(i*shape[1]+k)*cells+p]
					}
					grad = append(grad, math.Max(sum, 0)*float64(cells))
				}
				for k := range shape[1] {
					if d := math.Abs(alpha[i*shape[1]+k]*float64(cells) - w[k]); d > 1e-6*math.Abs(w[k])+1e-12 {
						t.Fatalf("%v, channel %d: Grad-CAM weight·H·W %g, head's weight %g", n.Views[v], k, alpha[i*shape[1]+k]*float64(cells), w[k])
					}
				}
			}
			if d := distance(cam, grad); d > 1e-6 {
				t.Errorf("%v: the maps differ by %.2g of their norm", n.Views[v], d)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWeightsFromTorchvision loads states that torchvision itself saved, legacy
// .pth, zipped .pth and safetensors, by name.
func TestParityWeightsFromTorchvision(t *testing.T) {
	twoThreads(t)
	python := testenv.Python(t, "torch", "torchvision", "numpy")
	dir := t.TempDir()
	script := `
import sys, torch, torchvision
torch.manual_seed(3)
m = torchvision.models.resnet18()
d = sys.argv[1]
torch.save(m.state_dict(), d + '/zip.pth')
torch.save(m.state_dict(), d + '/legacy.pth', _use_new_zipfile_serialization=False)
s = m.state_dict(); w = s.pop('layer3.0.conv1.weight'); s['layer3.0.conv9.weight'] = w
torch.save(s, d + '/wrong.pth')
torch.save(torchvision.models.resnet34().state_dict(), d + '/other.pth')
x = torch.linspace(0, 1, 64 * 64).reshape(1, 1, 64, 64)
m.eval(); m.avgpool = torch.nn.Identity(); m.fc = torch.nn.Identity()
with torch.no_grad(): print(' '.join(repr(float(v)) for v in m(x.expand(-1, 3, -1, -1)).flatten()))
`
	text, err := exec.Command(python, "-c", script, dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var want []float64
	for _, f := range strings.Fields(string(text)) {
		var x float64
		if _, err := fmt.Sscan(f, &x); err != nil {
			t.Fatal(err)
		}
		want = append(want, x)
	}
	n, err := NewNet(Network{"resnet18", 32, false, []volume.View{volume.Sagittal, volume.Axial}, 6}, torch.CPU, torch.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	x := make([]float32, 64*64)
	for i := range x {
		x[i] = float32(float64(i) / (64*64 - 1))
	}
	for _, file := range []string{"zip.pth", "legacy.pth"} {
		if err := n.LoadBackbones(filepath.Join(dir, file)); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for v := range n.Views {
			var got []float64
			if err := torch.Do(torch.Mode{}, func(s *torch.Scope) {
				got = s.Floats(n.features(s, v, torch.New(s, x, torch.CPU, 1, 1, 64, 64), false), len(want))
			}); err != nil {
				t.Fatal(err)
			}
			if d := distance(got, want); d > 1e-5 {
				t.Errorf("%s: features differ by %.2g of their norm", file, d)
			}
		}
	}
	for file, say := range map[string]string{
		"wrong.pth": "[missing layer3.0.conv1.weight][extra layer3.0.conv9.weight]",
		"other.pth": "extra layer1.2.bn1.bias",
	} {
		err := n.LoadBackbones(filepath.Join(dir, file))
		if err == nil || !strings.Contains(err.Error(), say) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: the error is %v, it should name the file and say %q", file, err, say)
		}
	}
}

// TestNothingLeaks counts live tensors around everything above.
func TestNothingLeaks(t *testing.T) {
	twoThreads(t)
	before, err := torch.Live()
	if err != nil {
		t.Fatal(err)
	}
	n, err := NewNet(Network{"resnet18", 32, false, volume.Views, 6}, torch.CPU, torch.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	o, err := newAdam(n)
	if err != nil {
		t.Fatal(err)
	}
	c := parityCase{network: n.Network, dtype: torch.Float32, size: 64, b: 2}
	held, _ := torch.Live()
	for range 2 {
		if err := torch.Do(torch.Mode{Grad: true}, func(s *torch.Scope) {
			total, _, _ := n.loss(s, c.batch(s), 0.5, LossEnergy)
			s.Backward(total)
			o.step(s, 1e-3)
		}); err != nil {
			t.Fatal(err)
		}
	}
	if now, _ := torch.Live(); now != held {
		t.Errorf("two steps left %d tensors behind", now-held)
	}
	o.Close()
	n.Close()
	if after, _ := torch.Live(); after != before {
		t.Errorf("closing left %d tensors behind", after-before)
	}
}
