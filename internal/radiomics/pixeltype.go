package radiomics

import "math"

// PixelType is the type of a grey value on disk. PyRadiomics keeps it through
// resampling, so that interpolated values of an integer image are cut to whole
// numbers within the type's range, and those of a float32 image are rounded to
// it.
type PixelType uint8

// The types of grey values.
const (
	Unknown PixelType = iota
	Int8
	Uint8
	Int16
	Uint16
	Int32
	Uint32
	Int64
	Uint64
	Float32
	Float64
)

// limits is the range of an integer type; false for the others.
func (t PixelType) limits() (lo, hi float64, integer bool) {
	switch t {
	case Int8:
		return math.MinInt8, math.MaxInt8, true
	case Uint8:
		return 0, math.MaxUint8, true
	case Int16:
		return math.MinInt16, math.MaxInt16, true
	case Uint16:
		return 0, math.MaxUint16, true
	case Int32:
		return math.MinInt32, math.MaxInt32, true
	case Uint32:
		return 0, math.MaxUint32, true
	case Int64:
		return math.MinInt64, math.MaxInt64, true
	case Uint64:
		return 0, math.MaxUint64, true
	}
	return 0, 0, false
}

// cast is what ITK's ResampleImageFilter stores of an interpolated value:
// within an integer type's range, its fraction cut off.
func (t PixelType) cast(x float64) float64 {
	if lo, hi, integer := t.limits(); integer {
		return math.Trunc(min(max(x, lo), hi))
	}
	if t == Float32 {
		return float64(float32(x))
	}
	return x
}

// wrap is what numpy stores of a float64 in an array of the type: the fraction
// cut off, and of what does not fit the low bits. What is no number is 0 in
// types of up to 16 bits and the least number in wider ones (x86).
func (t PixelType) wrap(x float64) float64 {
	lo, hi, integer := t.limits()
	if !integer {
		return t.cast(x)
	}
	if math.IsNaN(x) || math.Abs(x) >= 1<<31 {
		if hi > math.MaxUint16 {
			return lo
		}
		return 0
	}
	n := hi - lo + 1
	return math.Mod(math.Mod(math.Trunc(x)-lo, n)+n, n) + lo
}
