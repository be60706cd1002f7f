// Package nrrd reads and writes NRRD images: one 3-D image or label map in one
// file (.nrrd) or in a header and a data file (.nhdr and .raw, .raw.gz), and the
// segmentations of 3D Slicer (.seg.nrrd).
//
// An Image is what a file holds, typed as on disk and with its grid in patient
// millimetres (RAS+; the file's own space is usually left-posterior-superior).
// A layer is one label map of a segmentation whose segments overlap; most files
// have one. A Segment is a named label of one layer. Volume and Mask turn an
// Image into the numbers and the labels that the rest of the system works on;
// WriteVolume and WriteMask are the way back. docs/formats/nrrd.md says which of
// the format's choices are taken. "The definition" is
// https://teem.sourceforge.net/nrrd/format.html.
package nrrd

import (
	"fmt"

	"magn/internal/volume"
)

// DataType is the type of a voxel on disk.
type DataType uint8

// The types that are read and written.
const (
	Int8 DataType = iota + 1
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

// types says of each type the names that the definition gives it (the first is
// the one that is written), bytes a voxel, and for integers the range, whose
// upper limit is exclusive.
var types = map[DataType]struct {
	names     []string
	bytes     int
	low, over float64
}{
	Int8:    {[]string{"int8", "signed char", "int8_t"}, 1, -1 << 7, 1 << 7},
	Uint8:   {[]string{"uint8", "uchar", "unsigned char", "uint8_t"}, 1, 0, 1 << 8},
	Int16:   {[]string{"int16", "short", "short int", "signed short", "signed short int", "int16_t"}, 2, -1 << 15, 1 << 15},
	Uint16:  {[]string{"uint16", "ushort", "unsigned short", "unsigned short int", "uint16_t"}, 2, 0, 1 << 16},
	Int32:   {[]string{"int32", "int", "signed int", "int32_t"}, 4, -1 << 31, 1 << 31},
	Uint32:  {[]string{"uint32", "uint", "unsigned int", "uint32_t"}, 4, 0, 1 << 32},
	Int64:   {[]string{"int64", "longlong", "long long", "long long int", "signed long long", "signed long long int", "int64_t"}, 8, -1 << 63, 1 << 63},
	Uint64:  {[]string{"uint64", "ulonglong", "unsigned long long", "unsigned long long int", "uint64_t"}, 8, 0, 1 << 64},
	Float32: {[]string{"float"}, 4, 0, 0},
	Float64: {[]string{"double"}, 8, 0, 0},
}

// typeByName is the inverse of types' names.
var typeByName = func() map[string]DataType {
	m := map[string]DataType{}
	for t, k := range types {
		for _, n := range k.names {
			m[n] = t
		}
	}
	return m
}()

func (t DataType) String() string {
	if k, ok := types[t]; ok {
		return k.names[0]
	}
	return fmt.Sprintf("DataType(%d)", uint8(t))
}

// Bytes a voxel takes on disk; 0 for a type that is not read.
func (t DataType) Bytes() int { return types[t].bytes }

// whole says that the type holds integers.
func (t DataType) whole() bool { return types[t].over > types[t].low }

// Image is one 3-D image, typed as on disk.
type Image struct {
	volume.Grid
	Type DataType
	// Layers is how many values a voxel has: 1, or the number of label maps of
	// a segmentation with overlapping segments.
	Layers int
	// Oriented is false where the file names no patient space. Its axes are then
	// taken to run to the patient's left, back and head (as ITK does), which
	// serves to compare an image with its mask and for nothing that asks where
	// left is.
	Oriented bool
	// Segments are those that 3D Slicer lists; nil in any other file.
	Segments []Segment
	// Keys are the file's own key/value pairs (key:=value).
	Keys map[string]string

	name string // file, for messages
	raw  []byte // little-endian, Layers × Len() × Type.Bytes(); a layer is stored as a Volume's data are
}

// Segment is a named label of one layer.
type Segment struct {
	ID, Name string
	Layer    int
	Value    uint16 // in its layer
	Label    uint16 // in the mask: Value where all segments differ in it, else 1, 2, … as listed
}
