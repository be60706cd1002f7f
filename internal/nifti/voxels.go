package nifti

import (
	"encoding/binary"
	"fmt"
	"math"

	"magn/internal/fault"
	"magn/internal/volume"
)

// Volume is the image as float32, scaled in float64 and rounded once. It is an
// error where a voxel is NaN or infinite, or becomes so in float32; the first
// such voxel is named.
func (im *Image) Volume() (*volume.Volume, error) {
	data := make([]float32, im.Len())
	if im.Slope == 1 && im.Inter == 0 {
		switch le := binary.LittleEndian; im.Type {
		case Uint8:
			for i, x := range im.raw[:len(data)] {
				data[i] = float32(x)
			}
			return &volume.Volume{Grid: im.Grid, Data: data}, nil
		case Int16:
			for i := range data {
				data[i] = float32(int16(le.Uint16(im.raw[2*i:])))
			}
			return &volume.Volume{Grid: im.Grid, Data: data}, nil
		case Uint16:
			for i := range data {
				data[i] = float32(le.Uint16(im.raw[2*i:]))
			}
			return &volume.Volume{Grid: im.Grid, Data: data}, nil
		case Float32:
			for i := range data {
				data[i] = math.Float32frombits(le.Uint32(im.raw[4*i:]))
			}
			return im.finite(data)
		}
	}
	at := im.reader()
	for i := range data {
		data[i] = float32(at(i))
	}
	return im.finite(data)
}

func (im *Image) finite(data []float32) (*volume.Volume, error) {
	for i, x := range data {
		if x-x != 0 { // NaN or infinite
			return nil, im.bad(i, "a finite number", "mend the image: a voxel without a value cannot be used")
		}
	}
	return &volume.Volume{Grid: im.Grid, Data: data}, nil
}

// Mask is the image as labels. It is an error where a voxel is no whole number
// from 0 to 65535; the first such voxel is named.
func (im *Image) Mask() (*volume.Mask, error) {
	labels := make([]uint16, im.Len())
	switch le := binary.LittleEndian; {
	case im.Slope == 1 && im.Inter == 0 && im.Type == Uint8:
		for i, x := range im.raw[:len(labels)] {
			labels[i] = uint16(x)
		}
	case im.Slope == 1 && im.Inter == 0 && im.Type == Uint16:
		for i := range labels {
			labels[i] = le.Uint16(im.raw[2*i:])
		}
	default:
		at := im.reader()
		for i := range labels {
			x := at(i)
			if !(x >= 0 && x <= math.MaxUint16) || x != math.Trunc(x) {
				return nil, im.bad(i, "a label: a whole number from 0 to 65535", "is this the image rather than its mask, or a mask that was interpolated?")
			}
			labels[i] = uint16(x)
		}
	}
	return &volume.Mask{Grid: im.Grid, Labels: labels}, nil
}

// Float64s is the image's scaled values. Integers beyond 2^53 are rounded.
func (im *Image) Float64s() []float64 {
	at := im.reader()
	out := make([]float64, im.Len())
	for i := range out {
		out[i] = at(i)
	}
	return out
}

func (im *Image) bad(i int, expected, do string) error {
	v := im.Voxel(i)
	return &fault.Input{
		File: im.name, Field: fmt.Sprintf("voxel (%d,%d,%d)", v[0], v[1], v[2]),
		Found: fmt.Sprint(im.reader()(i)), Expected: expected, Do: do,
	}
}

// reader gives the scaled value of voxel i.
func (im *Image) reader() func(i int) float64 {
	le, b, m, c := binary.LittleEndian, im.raw, im.Slope, im.Inter
	// The product is rounded before the sum also where the processor could
	// fuse the two: the same file gives the same numbers everywhere.
	scale := func(x float64) float64 { return float64(x*m) + c }
	switch im.Type {
	case Uint8:
		return func(i int) float64 { return scale(float64(b[i])) }
	case Int8:
		return func(i int) float64 { return scale(float64(int8(b[i]))) }
	case Uint16:
		return func(i int) float64 { return scale(float64(le.Uint16(b[2*i:]))) }
	case Int16:
		return func(i int) float64 { return scale(float64(int16(le.Uint16(b[2*i:])))) }
	case Uint32:
		return func(i int) float64 { return scale(float64(le.Uint32(b[4*i:]))) }
	case Int32:
		return func(i int) float64 { return scale(float64(int32(le.Uint32(b[4*i:])))) }
	case Float32:
		return func(i int) float64 { return scale(float64(math.Float32frombits(le.Uint32(b[4*i:])))) }
	case Uint64:
		return func(i int) float64 { return scale(float64(le.Uint64(b[8*i:]))) }
	case Int64:
		return func(i int) float64 { return scale(float64(int64(le.Uint64(b[8*i:])))) }
	default: // Float64; Read lets no other type in
		return func(i int) float64 { return scale(math.Float64frombits(le.Uint64(b[8*i:]))) }
	}
}
