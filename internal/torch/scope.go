package torch

import (
	"fmt"
	"unsafe"
)

// Tensor is a handle to a libtorch tensor. The zero Tensor is none.
type Tensor struct{ h int64 }

// Valid says whether there is a tensor.
func (t Tensor) Valid() bool { return t.h != 0 }

// Mode is given to each operation of a scope.
type Mode struct {
	Grad bool // record what is needed for a backward pass
	BF16 bool // convolutions in bf16 on fp32 weights, as PyTorch's autocast does
}

func (m Mode) bits() int64 {
	var b int64
	if m.Grad {
		b |= 1
	}
	if m.BF16 {
		b |= 2
	}
	return b
}

// Device is where a tensor lives: CPU, or the number of a CUDA device.
type Device int64

// CPU is the host.
const CPU Device = -1

// Scope owns the tensors made in it. It is used inside Do only.
type Scope struct {
	mode  int64
	owned map[int64]struct{}
	err   error
}

// Do runs f on the thread that talks to libtorch, frees the tensors that f made
// and did not keep, and returns the first error. f must not call Do, or any
// other function of this package that is not a method of its scope.
func Do(m Mode, f func(s *Scope)) error {
	var err error
	if e := onThread(func() {
		s := &Scope{mode: m.bits(), owned: map[int64]struct{}{}}
		defer s.freeAll()
		f(s)
		err = s.err
	}); e != nil {
		return e
	}
	return err
}

// Inner runs f in a scope within s and hands f's tensor on to s; everything else
// that f made is freed at once, so that memory is held no longer than needed.
func (s *Scope) Inner(f func(s *Scope) Tensor) Tensor {
	in := &Scope{mode: s.mode, owned: map[int64]struct{}{}, err: s.err}
	defer in.freeAll()
	t := f(in)
	if s.err = in.err; s.err != nil {
		return Tensor{}
	}
	if _, ok := in.owned[t.h]; ok {
		delete(in.owned, t.h)
		s.owned[t.h] = struct{}{}
	}
	return t
}

// Err is the first error in the scope.
func (s *Scope) Err() error { return s.err }

// Fail makes err the scope's error unless it has one.
func (s *Scope) Fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Keep takes t out of the scope: the caller frees it, with Free.
func (s *Scope) Keep(t Tensor) Tensor {
	delete(s.owned, t.h)
	return t
}

// Free frees tensors before their scope ends, or tensors that were kept.
func (s *Scope) Free(ts ...Tensor) {
	for _, t := range ts {
		if t.h != 0 {
			delete(s.owned, t.h)
			c.free(t.h)
		}
	}
}

func (s *Scope) freeAll() {
	for h := range s.owned {
		c.free(h)
	}
	s.owned = nil
}

// Free frees tensors that were kept, from outside a scope.
func Free(ts ...Tensor) error {
	return onThread(func() {
		for _, t := range ts {
			if t.h != 0 {
				c.free(t.h)
			}
		}
	})
}

// make1 runs a C function that makes one tensor.
func (s *Scope) make1(op string, f func(out *int64, err *byte, errlen int64) int32) Tensor {
	if s.err != nil {
		return Tensor{}
	}
	var h int64
	if err := call(op, func(e *byte, n int64) int32 { return f(&h, e, n) }); err != nil {
		s.err = err
		return Tensor{}
	}
	if h != 0 {
		s.owned[h] = struct{}{}
	}
	return Tensor{h}
}

func (s *Scope) do(op string, f func(err *byte, errlen int64) int32) {
	if s.err == nil {
		s.err = call(op, f)
	}
}

// Element is a Go type that crosses as it is.
type Element interface {
	~float32 | ~float64 | ~uint8 | ~int64
}

func dtypeOf[E Element]() DType {
	var e E
	switch any(e).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	case uint8:
		return Uint8
	}
	return Int64
}

// New copies data into a tensor of the given shape on a device.
func New[E Element](s *Scope, data []E, device Device, shape ...int) Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	if n != len(data) {
		s.Fail(fmt.Errorf("torch: new: %d numbers do not fill the shape %v", len(data), shape))
		return Tensor{}
	}
	var e E
	return s.fromBytes((*byte)(unsafe.Pointer(unsafe.SliceData(data))), n*int(unsafe.Sizeof(e)), dtypeOf[E](), device, shape)
}

// FromBytes copies raw little-endian elements into a tensor.
func (s *Scope) FromBytes(data []byte, d DType, device Device, shape ...int) Tensor {
	n := d.Size()
	for _, e := range shape {
		n *= e
	}
	if n != len(data) {
		s.Fail(fmt.Errorf("torch: new: %d bytes do not fill the shape %v of %v", len(data), shape, d))
		return Tensor{}
	}
	return s.fromBytes(unsafe.SliceData(data), n, d, device, shape)
}

func (s *Scope) fromBytes(data *byte, bytes int, d DType, device Device, shape []int) Tensor {
	dims := int64s(shape)
	if bytes == 0 {
		data = nil
	}
	return s.make1("new", func(out *int64, e *byte, n int64) int32 {
		return c.create(data, int64(d), unsafe.SliceData(dims), int64(len(dims)), int64(device), out, e, n)
	})
}

// Zeros is a tensor of zeros.
func (s *Scope) Zeros(d DType, device Device, shape ...int) Tensor {
	return s.fromBytes(nil, 0, d, device, shape)
}

// Read copies a tensor's elements, row-major, into data, which must have its
// length and its type.
func Read[E Element](s *Scope, t Tensor, data []E) {
	var e E
	if _, d := s.Shape(t); s.err == nil && d != dtypeOf[E]() {
		s.Fail(fmt.Errorf("torch: read: the tensor holds %v, the slice %v", d, dtypeOf[E]()))
		return
	}
	s.do("read", func(err *byte, n int64) int32 {
		return c.read(t.h, (*byte)(unsafe.Pointer(unsafe.SliceData(data))), int64(len(data))*int64(unsafe.Sizeof(e)), err, n)
	})
}

// Bytes copies a tensor's elements, row-major, as raw little-endian bytes.
func (s *Scope) Bytes(t Tensor) []byte {
	shape, d := s.Shape(t)
	n := d.Size()
	for _, e := range shape {
		n *= e
	}
	if s.err != nil {
		return nil
	}
	out := make([]byte, n)
	s.do("read", func(err *byte, l int64) int32 { return c.read(t.h, unsafe.SliceData(out), int64(n), err, l) })
	return out
}

// Item is the value of a tensor of one element.
func (s *Scope) Item(t Tensor) float64 {
	return s.Floats(t, 1)[0]
}

// Floats copies n elements out as float64, whatever floating type they have.
func (s *Scope) Floats(t Tensor, n int) []float64 {
	out := make([]float64, n)
	if s.err != nil {
		return out
	}
	Read(s, s.Convert(t, Float64, CPU, false), out)
	return out
}

// Shape is the dimensions and the element type.
func (s *Scope) Shape(t Tensor) ([]int, DType) {
	var dims [8]int64
	var n, d int64
	s.do("shape", func(e *byte, l int64) int32 { return c.shape(t.h, &dims[0], &n, &d, e, l) })
	out := make([]int, n)
	for i := range out {
		out[i] = int(dims[i])
	}
	return out, DType(d)
}

func int64s(xs []int) []int64 {
	out := make([]int64, len(xs))
	for i, x := range xs {
		out[i] = int64(x)
	}
	return out
}

func handles(ts []Tensor) []int64 {
	out := make([]int64, len(ts))
	for i, t := range ts {
		out[i] = t.h
	}
	return out
}
