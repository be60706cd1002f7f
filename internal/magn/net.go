package magn

import (
	"fmt"
	"math"

	"magn/internal/draw"
	"magn/internal/torch"
	"magn/internal/volume"
)

// param is a named tensor of the network: learned, or a running statistic.
type param struct {
	name    string
	shape   []int
	learned bool
	t       torch.Tensor
}

// Net is the network with its weights on a device. Tensor names are torchvision's,
// after the view's name and a point: sagittal.layer1.0.conv1.weight; with shared
// weights the prefix is "shared."; the head is fc.weight [1, views·C], fc.bias [1].
type Net struct {
	Network
	Device torch.Device
	DType  torch.DType // of the weights: Float32, or Float64

	params    []param
	backbones []*backbone // one a view; the same one when shared
	fcW, fcB  torch.Tensor
	channels  int  // of one view's features
	imagenet  bool // inputs are normalised as torchvision's weights want them
}

// NewNet makes a network whose convolutions are He-uniform (He et al. 2015:
// U(−b, b), b = √(6/fan_in)), drawn by seed and name, so that arms with the same
// seed begin alike. The head has no rectifier behind it and is drawn with
// b = 1/√fan_in (LeCun et al. 1998, PyTorch's default): with the wider bound the
// first logits are near ±5. Close frees it.
func NewNet(cfg Network, device torch.Device, dtype torch.DType, seed int) (*Net, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	n := &Net{Network: cfg, Device: device, DType: dtype}
	err := torch.Do(torch.Mode{}, func(s *torch.Scope) {
		declare := func(name string, learned bool, shape ...int) torch.Tensor {
			t := n.declare(s, seed, name, learned, shape)
			n.params = append(n.params, param{name, shape, learned, t})
			return t
		}
		for i, v := range cfg.Views {
			if cfg.Shared && i > 0 {
				n.backbones = append(n.backbones, n.backbones[0])
				continue
			}
			n.backbones = append(n.backbones, newBackbone(cfg.Backbone, cfg.Stride, n.prefix(v), declare))
		}
		n.channels = n.backbones[0].channels
		n.fcW = declare(headWeights, true, 1, len(cfg.Views)*n.channels)
		n.fcB = declare("fc.bias", true, 1)
		for _, p := range n.params {
			s.Keep(p.t)
		}
	})
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (n *Net) prefix(v volume.View) string {
	if n.Shared {
		return "shared."
	}
	return v.String() + "."
}

const headWeights = "fc.weight"

// declare makes a parameter on the device: channels-last where it has four
// dimensions, and a leaf of autograd where it is learned.
func (n *Net) declare(s *torch.Scope, seed int, name string, learned bool, shape []int) torch.Tensor {
	size, fan := 1, 1
	for i, d := range shape {
		size *= d
		if i > 0 {
			fan *= d
		}
	}
	x := make([]float32, size)
	switch {
	case len(shape) > 1:
		gain := 6.0
		if name == headWeights {
			gain = 1
		}
		r, bound := draw.New("weights", seed, name), math.Sqrt(gain/float64(fan))
		for i := range x {
			x[i] = float32((2*r.Float64() - 1) * bound)
		}
	case endsIn(name, ".running_var"), learned && endsIn(name, ".weight"):
		for i := range x {
			x[i] = 1
		}
	}
	t := s.Convert(torch.New(s, x, torch.CPU, shape...), n.DType, n.Device, len(shape) == 4)
	if learned {
		s.RequireGrad(t)
	}
	return t
}

func endsIn(s, suffix string) bool {
	return len(s) >= len(suffix) && s[len(s)-len(suffix):] == suffix
}

// Close frees the weights.
func (n *Net) Close() error {
	var ts []torch.Tensor
	for _, p := range n.params {
		ts = append(ts, p.t)
	}
	n.params = nil
	return torch.Free(ts...)
}

// learned lists the tensors that an optimiser changes.
func (n *Net) learned() []torch.Tensor {
	var ts []torch.Tensor
	for _, p := range n.params {
		if p.learned {
			ts = append(ts, p.t)
		}
	}
	return ts
}

// Parameters is the number of learned numbers.
func (n *Net) Parameters() int {
	total := 0
	for _, p := range n.params {
		if p.learned {
			total += torch.Array{Shape: p.shape}.Len()
		}
	}
	return total
}

// features runs one view's backbone on images [B,1 or 3,H,W].
func (n *Net) features(s *torch.Scope, view int, x torch.Tensor, training bool) torch.Tensor {
	return n.backbones[view].forward(s, x, training)
}

// forward runs every view and the head: logits [B] and features per view.
func (n *Net) forward(s *torch.Scope, xs []torch.Tensor, training bool) (logits torch.Tensor, features []torch.Tensor) {
	if len(xs) != len(n.Views) {
		s.Fail(fmt.Errorf("the network has %d views, the batch %d", len(n.Views), len(xs)))
		return torch.Tensor{}, nil
	}
	pooled := make([]torch.Tensor, len(xs))
	for v, x := range xs {
		f := n.features(s, v, x, training)
		features = append(features, f)
		pooled[v] = s.LSEPool(f, n.R)
	}
	return s.Reshape(s.Linear(s.Cat(pooled, 1), n.fcW, n.fcB), -1), features
}

// headWeight is one view's part of the head's weights, [C], without gradient.
func (n *Net) headWeight(s *torch.Scope, view int) torch.Tensor {
	return s.Detach(s.Reshape(s.Narrow(n.fcW, 1, view*n.channels, n.channels), -1))
}

// rawMap is the signed class activation map before its normalisation,
// ReLU(s·Σ_k W_k f_k), [B,h,w]: the head's weights detached, sign [B,1,1] +1 for
// the positive class and −1 for the negative.
//
// For LSE pooling and one linear layer the spatial mean of ∂z/∂f_k is W_k/(H·W),
// so this is Grad-CAM (Selvaraju et al. 2017) up to that factor.
func (n *Net) rawMap(s *torch.Scope, view int, features, sign torch.Tensor) torch.Tensor {
	return s.ReLU(s.Mul(s.ChannelSum(features, n.headWeight(s, view)), sign))
}

// flat is the range of a map below which it counts as zero everywhere.
const flat = 1e-5

// normaliseMap brings a map [B,H,W] to 0…1 by each image's minimum and maximum;
// where these are nearer than 1e-5 it is zero. Gradients pass through both.
func normaliseMap(s *torch.Scope, a torch.Tensor) torch.Tensor {
	lo, hi := s.Min(a, 1, 2), s.Max(a, 1, 2)
	span := s.Sub(hi, lo)
	alive := s.Greater(span, flat)
	// Where the map is flat, divide by about one and multiply by nought.
	return s.Mul(s.Div(s.Sub(a, lo), s.Add(span, s.Affine(alive, -1, 1))), alive)
}
