// Package torch is tensors and autograd over libtorch, through the project's own
// C interface (native/torch).
//
// Nouns: a Tensor is a handle to a libtorch tensor. A Scope owns the tensors made
// in it and frees them when it ends, but for those that were kept. A Mode says
// whether operations record gradients and whether convolutions run in bf16; it
// is given to each call and outlives none.
//
// libtorch keeps state in the calling thread and goroutines move, so every call
// goes through one goroutine locked to its OS thread: Do runs a function there.
// The first error in a scope stays: later operations in it do nothing, and Do
// returns it.
package torch

import (
	"context"
	"encoding/json"
	"fmt"

	"magn/internal/native"
)

const abi = 1

// DType is the type of a tensor's elements.
type DType int64

// The types that cross.
const (
	Float32 DType = iota
	Float64
	BFloat16
	Uint8
	Int64
	Float16
)

// Size is the number of bytes of one element.
func (d DType) Size() int { return [...]int{4, 8, 2, 1, 8, 2}[d] }

func (d DType) String() string {
	return [...]string{"float32", "float64", "bfloat16", "uint8", "int64", "float16"}[d]
}

// c holds the bound C functions. Arguments as in native/torch/magn_torch.h.
var c struct {
	live        func() int64
	info        func(out *byte, outlen int64, err *byte, errlen int64) int32
	threads     func(n int64, err *byte, errlen int64) int32
	cudaDevices func(n *int64, err *byte, errlen int64) int32
	determin    func(on int64, err *byte, errlen int64) int32

	create   func(data *byte, dtype int64, shape *int64, ndim, device int64, out *int64, err *byte, errlen int64) int32
	read     func(t int64, data *byte, bytes int64, err *byte, errlen int64) int32
	shape    func(t int64, shape8, ndim, dtype *int64, err *byte, errlen int64) int32
	assign   func(dst, src int64, err *byte, errlen int64) int32
	free     func(t int64)
	reqGrad  func(t, on int64, err *byte, errlen int64) int32
	grad     func(t int64, out *int64, err *byte, errlen int64) int32
	zeroGrad func(ts *int64, n int64, err *byte, errlen int64) int32
	convert  func(t, dtype, device, channelsLast, mode int64, out *int64, err *byte, errlen int64) int32
	detach   func(t int64, out *int64, err *byte, errlen int64) int32
	reshape  func(t int64, shape *int64, ndim, mode int64, out *int64, err *byte, errlen int64) int32
	narrow   func(t, dim, start, length, mode int64, out *int64, err *byte, errlen int64) int32
	cat      func(ts *int64, n, dim, mode int64, out *int64, err *byte, errlen int64) int32

	conv2d     func(x, w, stride, pad, dilation, mode int64, out *int64, err *byte, errlen int64) int32
	batchNorm  func(x int64, p *int64, residual, relu, training int64, momentum, eps float64, mode int64, out *int64, err *byte, errlen int64) int32
	relu       func(x, mode int64, out *int64, err *byte, errlen int64) int32
	maxPool    func(x, kernel, stride, pad, mode int64, out *int64, err *byte, errlen int64) int32
	linear     func(x, w, b, mode int64, out *int64, err *byte, errlen int64) int32
	lsePool    func(x int64, r float64, mode int64, out *int64, err *byte, errlen int64) int32
	channelSum func(x, w, mode int64, out *int64, err *byte, errlen int64) int32
	upsample   func(x, h, w, mode int64, out *int64, err *byte, errlen int64) int32
	bce        func(z, y, mode int64, out *int64, err *byte, errlen int64) int32

	add, sub, mul, div func(a, b, mode int64, out *int64, err *byte, errlen int64) int32
	affine             func(a int64, scale, shift float64, mode int64, out *int64, err *byte, errlen int64) int32
	sigmoid            func(a, mode int64, out *int64, err *byte, errlen int64) int32
	greater            func(a int64, value float64, out *int64, err *byte, errlen int64) int32
	sum, amin, amax    func(a int64, dims *int64, n, keep, mode int64, out *int64, err *byte, errlen int64) int32

	backward  func(loss int64, err *byte, errlen int64) int32
	gradients func(of int64, to *int64, n int64, outs *int64, err *byte, errlen int64) int32
	adam      func(params, m, v *int64, n, step int64, lr, beta1, beta2, eps float64, err *byte, errlen int64) int32
}

var library = native.Library{
	File: "libmagn_torch.so", ABISymbol: "magn_abi", ABI: abi,
	Do: "apt install libtorch-dev libopenblas0 g++ && make native",
	Symbols: []native.Symbol{
		{Name: "magn_live", Func: &c.live},
		{Name: "magn_info", Func: &c.info},
		{Name: "magn_threads", Func: &c.threads},
		{Name: "magn_cuda_devices", Func: &c.cudaDevices},
		{Name: "magn_deterministic", Func: &c.determin},
		{Name: "magn_new", Func: &c.create},
		{Name: "magn_read", Func: &c.read},
		{Name: "magn_shape", Func: &c.shape},
		{Name: "magn_assign", Func: &c.assign},
		{Name: "magn_free", Func: &c.free},
		{Name: "magn_requires_grad", Func: &c.reqGrad},
		{Name: "magn_grad", Func: &c.grad},
		{Name: "magn_zero_grad", Func: &c.zeroGrad},
		{Name: "magn_convert", Func: &c.convert},
		{Name: "magn_detach", Func: &c.detach},
		{Name: "magn_reshape", Func: &c.reshape},
		{Name: "magn_narrow", Func: &c.narrow},
		{Name: "magn_cat", Func: &c.cat},
		{Name: "magn_conv2d", Func: &c.conv2d},
		{Name: "magn_batch_norm", Func: &c.batchNorm},
		{Name: "magn_relu", Func: &c.relu},
		{Name: "magn_max_pool", Func: &c.maxPool},
		{Name: "magn_linear", Func: &c.linear},
		{Name: "magn_lse_pool", Func: &c.lsePool},
		{Name: "magn_channel_sum", Func: &c.channelSum},
		{Name: "magn_upsample", Func: &c.upsample},
		{Name: "magn_bce", Func: &c.bce},
		{Name: "magn_add", Func: &c.add},
		{Name: "magn_sub", Func: &c.sub},
		{Name: "magn_mul", Func: &c.mul},
		{Name: "magn_div", Func: &c.div},
		{Name: "magn_affine", Func: &c.affine},
		{Name: "magn_sigmoid", Func: &c.sigmoid},
		{Name: "magn_greater", Func: &c.greater},
		{Name: "magn_sum", Func: &c.sum},
		{Name: "magn_amin", Func: &c.amin},
		{Name: "magn_amax", Func: &c.amax},
		{Name: "magn_backward", Func: &c.backward},
		{Name: "magn_gradients", Func: &c.gradients},
		{Name: "magn_adam", Func: &c.adam},
	},
}

// thread makes all calls into libtorch; path is what it opened.
var (
	thread = native.Thread{Open: func() (err error) { path, err = native.Open(library); return err }}
	path   string
)

// message is where C functions write theirs; only the thread touches it.
var message [4096]byte

func onThread(f func()) error { return thread.Do(context.Background(), f) }

// call turns a C function's status into an error with its message.
func call(op string, f func(err *byte, errlen int64) int32) error {
	if f(&message[0], int64(len(message))) == 0 {
		return nil
	}
	n := 0
	for n < len(message) && message[n] != 0 {
		n++
	}
	return fmt.Errorf("torch: %s: %s", op, message[:n])
}

// Info is what libtorch says of itself.
type Info struct {
	Path     string `json:"path"`
	Version  string `json:"version"`
	Threads  int    `json:"threads"`
	OneDNN   bool   `json:"onednn"`
	MKL      bool   `json:"mkl"`
	LAPACK   bool   `json:"lapack"`
	CUDA     bool   `json:"cuda"`
	Devices  int    `json:"devices"` // CUDA devices
	Config   string `json:"config"`
	Parallel string `json:"parallel"`
}

// GetInfo opens the library and asks. The error is a *fault.Missing where it
// cannot be opened.
func GetInfo() (Info, error) {
	var info Info
	var err error
	if e := onThread(func() {
		buf := make([]byte, 1<<16)
		if err = call("info", func(e *byte, n int64) int32 { return c.info(&buf[0], int64(len(buf)), e, n) }); err != nil {
			return
		}
		n := 0
		for buf[n] != 0 {
			n++
		}
		if err = json.Unmarshal(buf[:n], &info); err != nil {
			return
		}
		var devices int64
		err = call("cuda_devices", func(e *byte, n int64) int32 { return c.cudaDevices(&devices, e, n) })
		info.Devices = int(devices)
	}); e != nil {
		return info, e
	}
	info.Path = path
	return info, err
}

// SetThreads sets how many OS threads one operation may use.
func SetThreads(n int) error {
	var err error
	if e := onThread(func() {
		err = call("threads", func(e *byte, l int64) int32 { return c.threads(int64(n), e, l) })
	}); e != nil {
		return e
	}
	return err
}

// SetDeterministic asks cuDNN for algorithms that repeat; the CPU's do anyway.
func SetDeterministic(on bool) error {
	var err error
	if e := onThread(func() {
		err = call("deterministic", func(e *byte, l int64) int32 { return c.determin(b2i(on), e, l) })
	}); e != nil {
		return e
	}
	return err
}

// Live is the number of tensors that nobody has freed yet.
func Live() (int64, error) {
	var n int64
	err := onThread(func() { n = c.live() })
	return n, err
}

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
