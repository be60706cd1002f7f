// Package nifti reads and writes NIfTI-1 and NIfTI-2 images: one 3-D volume in
// one file (.nii, .nii.gz).
//
// An Image is what a file holds, typed as on disk and with its grid in patient
// millimetres (RAS+, which is NIfTI's own frame). Volume and Mask turn it into
// the numbers and the labels that the rest of the system works on; WriteVolume
// and WriteMask are the way back. docs/formats/nifti.md says which of the
// format's choices are taken. References to "nifti1.h" are to the format's
// defining header, https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h.
package nifti

import (
	"fmt"

	"magn/internal/volume"
)

// DataType is the type of a voxel on disk, by its NIfTI code.
type DataType int16

// The types that are read and written.
const (
	Uint8   DataType = 2
	Int16   DataType = 4
	Int32   DataType = 8
	Float32 DataType = 16
	Float64 DataType = 64
	Int8    DataType = 256
	Uint16  DataType = 512
	Uint32  DataType = 768
	Int64   DataType = 1024
	Uint64  DataType = 1280
)

// types says of each type its name, bytes a voxel, and for integers the range.
// The upper limit is exclusive, so that it is a float64 also for 64 bits.
var types = map[DataType]struct {
	name      string
	bytes     int
	low, over float64
}{
	Uint8:   {"uint8", 1, 0, 1 << 8},
	Int16:   {"int16", 2, -1 << 15, 1 << 15},
	Int32:   {"int32", 4, -1 << 31, 1 << 31},
	Float32: {"float32", 4, 0, 0},
	Float64: {"float64", 8, 0, 0},
	Int8:    {"int8", 1, -1 << 7, 1 << 7},
	Uint16:  {"uint16", 2, 0, 1 << 16},
	Uint32:  {"uint32", 4, 0, 1 << 32},
	Int64:   {"int64", 8, -1 << 63, 1 << 63},
	Uint64:  {"uint64", 8, 0, 1 << 64},
}

// refused are the types that the standard has and that are no single number
// a voxel, or none that a float64 holds.
var refused = map[DataType]string{
	1: "binary", 32: "complex64", 128: "RGB24", 1536: "float128",
	1792: "complex128", 2048: "complex256", 2304: "RGBA32",
}

func (t DataType) String() string {
	if k, ok := types[t]; ok {
		return k.name
	}
	if n, ok := refused[t]; ok {
		return n
	}
	return fmt.Sprintf("DataType(%d)", int16(t))
}

// Bytes a voxel takes on disk; 0 for a type that is not read.
func (t DataType) Bytes() int { return types[t].bytes }

// Image is one 3-D image, typed as on disk. A voxel's value is what is stored
// times Slope plus Inter; 1 and 0 where the file sets no scale.
type Image struct {
	volume.Grid
	Type         DataType
	Slope, Inter float64
	Oriented     bool // a form says where left is; without one (qform_code, sform_code 0) the affine is pixdim alone

	name string // file, for messages
	raw  []byte // little-endian, Len() × Type.Bytes(), i fastest
}
