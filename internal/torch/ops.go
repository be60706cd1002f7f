package torch

import "unsafe"

// Convert changes type, device and, for four dimensions, memory format.
func (s *Scope) Convert(t Tensor, d DType, device Device, channelsLast bool) Tensor {
	return s.make1("convert", func(out *int64, e *byte, n int64) int32 {
		return c.convert(t.h, int64(d), int64(device), b2i(channelsLast), s.mode, out, e, n)
	})
}

// Detach is t without its history: gradients stop there.
func (s *Scope) Detach(t Tensor) Tensor {
	return s.make1("detach", func(out *int64, e *byte, n int64) int32 { return c.detach(t.h, out, e, n) })
}

// Reshape gives t another shape; one dimension may be -1.
func (s *Scope) Reshape(t Tensor, shape ...int) Tensor {
	dims := int64s(shape)
	return s.make1("reshape", func(out *int64, e *byte, n int64) int32 {
		return c.reshape(t.h, unsafe.SliceData(dims), int64(len(dims)), s.mode, out, e, n)
	})
}

// Narrow is length elements of t along dim from start on, without a copy.
func (s *Scope) Narrow(t Tensor, dim, start, length int) Tensor {
	return s.make1("narrow", func(out *int64, e *byte, n int64) int32 {
		return c.narrow(t.h, int64(dim), int64(start), int64(length), s.mode, out, e, n)
	})
}

// Cat concatenates along dim.
func (s *Scope) Cat(ts []Tensor, dim int) Tensor {
	hs := handles(ts)
	return s.make1("cat", func(out *int64, e *byte, n int64) int32 {
		return c.cat(unsafe.SliceData(hs), int64(len(hs)), int64(dim), s.mode, out, e, n)
	})
}

// Conv2d convolves x [B,C,H,W] with w [K,C,h,w], without bias.
func (s *Scope) Conv2d(x, w Tensor, stride, pad, dilation int) Tensor {
	return s.make1("conv2d", func(out *int64, e *byte, n int64) int32 {
		return c.conv2d(x.h, w.h, int64(stride), int64(pad), int64(dilation), s.mode, out, e, n)
	})
}

// Norm is the state of one batch normalisation, each tensor [C].
type Norm struct{ Weight, Bias, Mean, Var Tensor }

// BatchNorm normalises x [B,C,H,W], adds a residual where there is one, and
// rectifies where asked. In training the batch's statistics are used and the
// running ones in n are updated with momentum 0.1 (PyTorch's default; eps 1e-5).
func (s *Scope) BatchNorm(x Tensor, n Norm, residual Tensor, relu, training bool) Tensor {
	p := [4]int64{n.Weight.h, n.Bias.h, n.Mean.h, n.Var.h}
	return s.make1("batch_norm", func(out *int64, e *byte, l int64) int32 {
		return c.batchNorm(x.h, &p[0], residual.h, b2i(relu), b2i(training), 0.1, 1e-5, s.mode, out, e, l)
	})
}

// MaxPool is max pooling with a square kernel.
func (s *Scope) MaxPool(x Tensor, kernel, stride, pad int) Tensor {
	return s.make1("max_pool", func(out *int64, e *byte, n int64) int32 {
		return c.maxPool(x.h, int64(kernel), int64(stride), int64(pad), s.mode, out, e, n)
	})
}

// Linear is x [B,C] times w [K,C] transposed, plus b [K].
func (s *Scope) Linear(x, w, b Tensor) Tensor {
	return s.make1("linear", func(out *int64, e *byte, n int64) int32 { return c.linear(x.h, w.h, b.h, s.mode, out, e, n) })
}

// LSEPool is log-sum-exp pooling with sharpness r, [B,C,H,W] to [B,C]:
// (1/r) log(mean exp(r f)) (Pinheiro & Collobert 2015), in full precision.
func (s *Scope) LSEPool(x Tensor, r float64) Tensor {
	return s.make1("lse_pool", func(out *int64, e *byte, n int64) int32 { return c.lsePool(x.h, r, s.mode, out, e, n) })
}

// ChannelSum is the channels of x [B,C,H,W] weighted by w [C] and summed:
// [B,H,W], in full precision.
func (s *Scope) ChannelSum(x, w Tensor) Tensor {
	return s.make1("channel_sum", func(out *int64, e *byte, n int64) int32 { return c.channelSum(x.h, w.h, s.mode, out, e, n) })
}

// Upsample is bilinear, corners not aligned: [B,h,w] to [B,H,W].
func (s *Scope) Upsample(x Tensor, h, w int) Tensor {
	return s.make1("upsample", func(out *int64, e *byte, n int64) int32 {
		return c.upsample(x.h, int64(h), int64(w), s.mode, out, e, n)
	})
}

// BCE is the mean binary cross-entropy of logits and targets of one shape.
func (s *Scope) BCE(logits, targets Tensor) Tensor {
	return s.make1("bce", func(out *int64, e *byte, n int64) int32 { return c.bce(logits.h, targets.h, s.mode, out, e, n) })
}

// ReLU is max(x, 0).
func (s *Scope) ReLU(x Tensor) Tensor {
	return s.make1("relu", func(out *int64, e *byte, n int64) int32 { return c.relu(x.h, s.mode, out, e, n) })
}

// Sigmoid is 1/(1+exp(-x)).
func (s *Scope) Sigmoid(x Tensor) Tensor {
	return s.make1("sigmoid", func(out *int64, e *byte, n int64) int32 { return c.sigmoid(x.h, s.mode, out, e, n) })
}

// Affine is x·scale + shift.
func (s *Scope) Affine(x Tensor, scale, shift float64) Tensor {
	return s.make1("affine", func(out *int64, e *byte, n int64) int32 { return c.affine(x.h, scale, shift, s.mode, out, e, n) })
}

// Greater is 1 where x > value, else 0, in x's type and without gradient.
func (s *Scope) Greater(x Tensor, value float64) Tensor {
	return s.make1("greater", func(out *int64, e *byte, n int64) int32 { return c.greater(x.h, value, out, e, n) })
}

// Add, Sub, Mul and Div broadcast as PyTorch does.

// Add is a + b.
func (s *Scope) Add(a, b Tensor) Tensor {
	return s.make1("add", func(out *int64, e *byte, n int64) int32 { return c.add(a.h, b.h, s.mode, out, e, n) })
}

// Sub is a − b.
func (s *Scope) Sub(a, b Tensor) Tensor {
	return s.make1("sub", func(out *int64, e *byte, n int64) int32 { return c.sub(a.h, b.h, s.mode, out, e, n) })
}

// Mul is a · b, elementwise.
func (s *Scope) Mul(a, b Tensor) Tensor {
	return s.make1("mul", func(out *int64, e *byte, n int64) int32 { return c.mul(a.h, b.h, s.mode, out, e, n) })
}

// Div is a / b, elementwise.
func (s *Scope) Div(a, b Tensor) Tensor {
	return s.make1("div", func(out *int64, e *byte, n int64) int32 { return c.div(a.h, b.h, s.mode, out, e, n) })
}

// Sum sums over dims and keeps them at length one where asked.
func (s *Scope) Sum(x Tensor, keep bool, dims ...int) Tensor {
	ds := int64s(dims)
	return s.make1("sum", func(out *int64, e *byte, n int64) int32 {
		return c.sum(x.h, unsafe.SliceData(ds), int64(len(ds)), b2i(keep), s.mode, out, e, n)
	})
}

// Min is the minimum over dims, which stay at length one.
func (s *Scope) Min(x Tensor, dims ...int) Tensor {
	ds := int64s(dims)
	return s.make1("amin", func(out *int64, e *byte, n int64) int32 {
		return c.amin(x.h, unsafe.SliceData(ds), int64(len(ds)), 1, s.mode, out, e, n)
	})
}

// Max is the maximum over dims, which stay at length one.
func (s *Scope) Max(x Tensor, dims ...int) Tensor {
	ds := int64s(dims)
	return s.make1("amax", func(out *int64, e *byte, n int64) int32 {
		return c.amax(x.h, unsafe.SliceData(ds), int64(len(ds)), 1, s.mode, out, e, n)
	})
}

// Assign copies src into dst, which keeps its type, device and layout.
func (s *Scope) Assign(dst, src Tensor) {
	s.do("assign", func(e *byte, n int64) int32 { return c.assign(dst.h, src.h, e, n) })
}

// RequireGrad makes t a leaf whose gradient Backward fills in.
func (s *Scope) RequireGrad(t Tensor) {
	s.do("requires_grad", func(e *byte, n int64) int32 { return c.reqGrad(t.h, 1, e, n) })
}

// Grad is t's gradient; not Valid where it has none.
func (s *Scope) Grad(t Tensor) Tensor {
	return s.make1("grad", func(out *int64, e *byte, n int64) int32 { return c.grad(t.h, out, e, n) })
}

// ZeroGrad drops the gradients.
func (s *Scope) ZeroGrad(ts []Tensor) {
	hs := handles(ts)
	s.do("zero_grad", func(e *byte, n int64) int32 { return c.zeroGrad(unsafe.SliceData(hs), int64(len(hs)), e, n) })
}

// Backward adds the gradients of a one-element loss to the leaves it came from.
func (s *Scope) Backward(loss Tensor) {
	s.do("backward", func(e *byte, n int64) int32 { return c.backward(loss.h, e, n) })
}

// Gradients are those of the sum of `of` with respect to each of `to`, by
// autograd, without touching the leaves.
func (s *Scope) Gradients(of Tensor, to ...Tensor) []Tensor {
	hs := handles(to)
	outs := make([]int64, len(to))
	s.do("gradients", func(e *byte, n int64) int32 {
		return c.gradients(of.h, unsafe.SliceData(hs), int64(len(hs)), unsafe.SliceData(outs), e, n)
	})
	ts := make([]Tensor, len(to))
	if s.err == nil {
		for i, h := range outs {
			s.owned[h] = struct{}{}
			ts[i] = Tensor{h}
		}
	}
	return ts
}

// Adam makes one step of Adam (Kingma & Ba 2015; betas 0.9 and 0.999, eps 1e-8,
// PyTorch's order of operations) on params with their gradients. m and v are the
// moments, step counts from 1.
func (s *Scope) Adam(params, m, v []Tensor, step int, lr float64) {
	ps, ms, vs := handles(params), handles(m), handles(v)
	s.do("adam", func(e *byte, n int64) int32 {
		return c.adam(unsafe.SliceData(ps), unsafe.SliceData(ms), unsafe.SliceData(vs), int64(len(ps)), int64(step), lr, 0.9, 0.999, 1e-8, e, n)
	})
}
