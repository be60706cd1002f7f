package magn

import (
	"fmt"

	"magn/internal/torch"
)

// blocks of each stage, He et al. 2016, table 1, as torchvision builds them.
var blocks = map[string][]int{"resnet18": {2, 2, 2, 2}, "resnet34": {3, 4, 6, 3}, "resnet50": {3, 4, 6, 3}}

// conv is a convolution without bias followed by its batch normalisation.
type conv struct {
	w                 torch.Tensor
	norm              torch.Norm
	stride, pad, dila int
}

// block is a residual block: basic with two convolutions, bottleneck with three.
type block struct {
	convs []conv
	down  *conv
}

// backbone is a ResNet without its pooling and its classifier.
type backbone struct {
	stem     conv
	blocks   []block
	channels int // of the output
}

// newBackbone declares the parameters of a ResNet under prefix (torchvision's
// names) through declare and wires them up.
func newBackbone(name string, stride int, prefix string, declare func(name string, learned bool, shape ...int) torch.Tensor) *backbone {
	mk := func(key, norm string, out, in, kernel, stride, pad, dila int) conv {
		return conv{
			w: declare(prefix+key+".weight", true, out, in, kernel, kernel),
			norm: torch.Norm{
				Weight: declare(prefix+norm+".weight", true, out), Bias: declare(prefix+norm+".bias", true, out),
				Mean: declare(prefix+norm+".running_mean", false, out), Var: declare(prefix+norm+".running_var", false, out),
			},
			stride: stride, pad: pad, dila: dila,
		}
	}
	b := &backbone{stem: mk("conv1", "bn1", 64, 3, 7, 2, 3, 1)}
	bottleneck := name == "resnet50"
	in := 64
	for stage, n := range blocks[name] {
		width := 64 << stage
		out := width
		if bottleneck {
			out = 4 * width
		}
		for i := range n {
			key := fmt.Sprintf("layer%d.%d.", stage+1, i)
			step, dila := 1, 1
			if i == 0 && stage > 0 {
				step = 2
			}
			// Output stride 16: the last stage keeps its resolution and is dilated
			// from its second block on (torchvision's replace_stride_with_dilation).
			if stage == 3 && stride == 16 {
				step = 1
				if i > 0 {
					dila = 2
				}
			}
			var bl block
			if bottleneck {
				bl.convs = []conv{
					mk(key+"conv1", key+"bn1", width, in, 1, 1, 0, 1),
					mk(key+"conv2", key+"bn2", width, width, 3, step, dila, dila),
					mk(key+"conv3", key+"bn3", out, width, 1, 1, 0, 1),
				}
			} else {
				bl.convs = []conv{
					mk(key+"conv1", key+"bn1", width, in, 3, step, dila, dila),
					mk(key+"conv2", key+"bn2", width, width, 3, 1, dila, dila),
				}
			}
			if i == 0 && (step != 1 || in != out) {
				d := mk(key+"downsample.0", key+"downsample.1", out, in, 1, step, 0, 1)
				bl.down = &d
			}
			in = out
			b.blocks = append(b.blocks, bl)
		}
	}
	b.channels = in
	return b
}

func (c conv) forward(s *torch.Scope, x, residual torch.Tensor, relu, training bool) torch.Tensor {
	return s.Inner(func(s *torch.Scope) torch.Tensor {
		return s.BatchNorm(s.Conv2d(x, c.w, c.stride, c.pad, c.dila), c.norm, residual, relu, training)
	})
}

// forward maps images [B,3,H,W] (or [B,1,H,W]: one grey channel standing for
// three equal ones) to features [B,C,H/stride,W/stride]. What it makes on the
// way is freed as soon as autograd no longer needs it.
func (b *backbone) forward(s *torch.Scope, x torch.Tensor, training bool) torch.Tensor {
	return s.Inner(func(s *torch.Scope) torch.Tensor {
		stem := b.stem
		if shape, _ := s.Shape(x); s.Err() == nil && shape[1] == 1 {
			// conv(w, (x,x,x)) = conv(Σ_c w_c, x): the same function for a third of the work.
			stem.w = s.Sum(stem.w, true, 1)
		}
		// The largest of the positive parts is the positive part of the largest. Where
		// autograd keeps what an operation was made of, pooling comes first: the largest
		// activations of all then need not be kept. Where nothing is kept, the ReLU is
		// taken in place.
		a := stem.forward(s, x, torch.Tensor{}, !training, training)
		y := s.MaxPool(a, 3, 2, 1)
		s.Free(a)
		if training {
			p := y
			y = s.ReLU(p)
			s.Free(p)
		}
		for _, bl := range b.blocks {
			z := bl.forward(s, y, training)
			s.Free(y)
			y = z
		}
		return y
	})
}

func (bl block) forward(s *torch.Scope, x torch.Tensor, training bool) torch.Tensor {
	return s.Inner(func(s *torch.Scope) torch.Tensor {
		skip := x
		if bl.down != nil {
			skip = bl.down.forward(s, x, torch.Tensor{}, false, training)
		}
		y := x
		last := len(bl.convs) - 1
		for i, c := range bl.convs {
			residual := torch.Tensor{}
			if i == last {
				residual = skip
			}
			z := c.forward(s, y, residual, true, training)
			if i > 0 {
				s.Free(y)
			}
			y = z
		}
		return y
	})
}
