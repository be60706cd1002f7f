package nifti

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"magn/internal/fault"
	"magn/internal/volume"
)

// Sizes of the two headers, which are also the first number in them.
const (
	size1 = 348
	size2 = 540
)

// Codes of nifti1.h: xyzt_units' spatial part, and the sform/qform code
// "scanner-based anatomical coordinates".
const (
	unitsUnknown = 0
	unitsMetre   = 1
	unitsMM      = 2
	unitsMicron  = 3
	unitsMask    = 7
	formScanner  = 1
)

// spacingUnknown in descrip, together with xyzt_units 0 and voxels of one unit,
// is how a grid of unknown spacing is written. Units alone would not do: many
// programs leave them 0 in files whose pixdim are millimetres.
const spacingUnknown = "magn: spacing unknown"

// header holds the fields that are used, the same for both versions. The names
// are nifti1.h's.
type header struct {
	version      int
	order        binary.ByteOrder
	dim          [8]int64
	datatype     DataType
	bitpix       int16
	pixdim       [8]float64
	voxOffset    float64
	slope, inter float64
	units        int
	descrip      string
	qform, sform int
	quatern      [3]float64 // b, c, d
	qoffset      [3]float64
	srow         volume.Affine
}

// headerSize tells version and byte order from a file's first four bytes; 0
// where they are no header's.
func headerSize(b []byte) (int, binary.ByteOrder) {
	for _, o := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if n := int(o.Uint32(b)); n == size1 || n == size2 {
			return n, o
		}
	}
	return 0, nil
}

// parseHeader takes the fields out of a header's bytes; b is size1 or size2
// long, as headerSize said. It checks the magic only.
func parseHeader(name string, b []byte, o binary.ByteOrder) (header, error) {
	h := header{order: o}
	i16 := func(at int) int16 { return int16(o.Uint16(b[at:])) }
	i32 := func(at int) int { return int(int32(o.Uint32(b[at:]))) }
	i64 := func(at int) int64 { return int64(o.Uint64(b[at:])) }
	f32 := func(at int) float64 { return float64(math.Float32frombits(o.Uint32(b[at:]))) }
	f64 := func(at int) float64 { return math.Float64frombits(o.Uint64(b[at:])) }
	text := func(at, n int) string { s, _, _ := strings.Cut(string(b[at:at+n]), "\x00"); return s }

	magicAt, magic, pair := 344, "n+1\x00", "ni1\x00"
	if len(b) == size2 {
		magicAt, magic, pair = 4, "n+2\x00\r\n\x1a\n", "ni2\x00"
	}
	switch {
	case bytes.HasPrefix(b[magicAt:], []byte(magic)):
	case bytes.HasPrefix(b[magicAt:], []byte(pair)):
		return h, refusePair(name)
	default:
		return h, &fault.Input{
			File: name, Field: "magic", Found: fmt.Sprintf("%q", b[magicAt:magicAt+len(magic)]),
			Expected: fmt.Sprintf("%q", magic), Do: "an Analyze 7.5 file has to be converted to NIfTI first",
		}
	}
	var f func(int) float64
	var step, pixdim, quatern, srow int
	if len(b) == size1 {
		h.version, f, step, pixdim, quatern, srow = 1, f32, 4, 76, 256, 280
		for i := range h.dim {
			h.dim[i] = int64(i16(40 + 2*i))
		}
		h.datatype, h.bitpix, h.voxOffset = DataType(i16(70)), i16(72), f32(108)
		h.slope, h.inter, h.units = f32(112), f32(116), int(b[123])
		h.descrip, h.qform, h.sform = text(148, 80), int(i16(252)), int(i16(254))
	} else {
		h.version, f, step, pixdim, quatern, srow = 2, f64, 8, 104, 352, 400
		for i := range h.dim {
			h.dim[i] = i64(16 + 8*i)
		}
		h.datatype, h.bitpix, h.voxOffset = DataType(i16(12)), i16(14), float64(i64(168))
		h.slope, h.inter, h.units = f64(176), f64(184), i32(500)
		h.descrip, h.qform, h.sform = text(240, 80), i32(344), i32(348)
	}
	for i := range h.pixdim {
		h.pixdim[i] = f(pixdim + step*i)
	}
	for i := range 3 {
		h.quatern[i], h.qoffset[i] = f(quatern+step*i), f(quatern+step*(3+i))
		for k := range 4 {
			h.srow[i][k] = f(srow + step*(4*i+k))
		}
	}
	return h, nil
}

// bytes is the header as it is written, magic and all, in little-endian order.
func (h header) bytes() []byte {
	o := binary.LittleEndian
	n := size1
	if h.version == 2 {
		n = size2
	}
	b := make([]byte, n)
	o.PutUint32(b, uint32(n))
	put := func(at int, v float64) { o.PutUint32(b[at:], math.Float32bits(float32(v))) }
	step, pixdim, quatern, srow := 4, 76, 256, 280
	if h.version == 1 {
		copy(b[344:], "n+1\x00")
		b[38] = 'r' // "regular", as the Analyze format wanted it
		for i, d := range h.dim {
			o.PutUint16(b[40+2*i:], uint16(d))
		}
		o.PutUint16(b[70:], uint16(h.datatype))
		o.PutUint16(b[72:], uint16(h.bitpix))
		put(108, h.voxOffset)
		put(112, h.slope)
		put(116, h.inter)
		b[123] = byte(h.units)
		copy(b[148:227], h.descrip)
		o.PutUint16(b[252:], uint16(h.qform))
		o.PutUint16(b[254:], uint16(h.sform))
	} else {
		put = func(at int, v float64) { o.PutUint64(b[at:], math.Float64bits(v)) }
		step, pixdim, quatern, srow = 8, 104, 352, 400
		copy(b[4:], "n+2\x00\r\n\x1a\n")
		for i, d := range h.dim {
			o.PutUint64(b[16+8*i:], uint64(d))
		}
		o.PutUint16(b[12:], uint16(h.datatype))
		o.PutUint16(b[14:], uint16(h.bitpix))
		o.PutUint64(b[168:], uint64(h.voxOffset))
		put(176, h.slope)
		put(184, h.inter)
		o.PutUint32(b[500:], uint32(h.units))
		copy(b[240:319], h.descrip)
		o.PutUint32(b[344:], uint32(h.qform))
		o.PutUint32(b[348:], uint32(h.sform))
	}
	for i, p := range h.pixdim {
		put(pixdim+step*i, p)
	}
	for i := range 3 {
		put(quatern+step*i, h.quatern[i])
		put(quatern+step*(3+i), h.qoffset[i])
		for k := range 4 {
			put(srow+step*(4*i+k), h.srow[i][k])
		}
	}
	return b
}

func refusePair(name string) error {
	return &fault.Input{
		File: name, Found: "an image in two files (.hdr and .img)",
		Expected: "one file, .nii or .nii.gz", Do: "join the pair first, for example with fslchfiletype NIFTI_GZ",
	}
}
