package nifti

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/klauspost/compress/gzip"

	"magn/internal/fault"
	"magn/internal/volume"
)

// WriteVolume writes v with voxels of type t, as .nii or .nii.gz by path's
// ending. Every value must be t's exactly, and finite; the first that is not is
// named in a *fault.Input. The file is written beside and renamed: where
// writing fails, what was there is there still, and the error names path.
func WriteVolume(path string, v *volume.Volume, t DataType) error {
	k, ok := types[t]
	if !ok {
		return &fault.Input{File: path, Field: "datatype", Found: t.String(), Expected: "an integer or floating-point type of 8 to 64 bits"}
	}
	if err := checkGrid(path, v.Grid, len(v.Data)); err != nil {
		return err
	}
	whole := k.over > k.low
	for i, x := range v.Data {
		f := float64(x)
		if x-x == 0 && (!whole || f >= k.low && f < k.over && f == math.Trunc(f)) {
			continue
		}
		expected := "a finite number"
		if whole {
			expected = fmt.Sprintf("a whole number that %v holds", t)
		}
		at := v.Voxel(i)
		return &fault.Input{File: path, Field: fmt.Sprintf("voxel (%d,%d,%d)", at[0], at[1], at[2]), Found: fmt.Sprint(x), Expected: expected}
	}
	return write(path, v.Grid, t, len(v.Data), func(b []byte, i int) { putVoxel(b, t, v.Data[i]) })
}

// WriteMask writes m as uint8, or as uint16 where a label is above 255. It
// writes as WriteVolume does.
func WriteMask(path string, m *volume.Mask) error {
	if err := checkGrid(path, m.Grid, len(m.Labels)); err != nil {
		return err
	}
	if slices.Max(m.Labels) <= math.MaxUint8 {
		return write(path, m.Grid, Uint8, len(m.Labels), func(b []byte, i int) { b[0] = byte(m.Labels[i]) })
	}
	return write(path, m.Grid, Uint16, len(m.Labels), func(b []byte, i int) { binary.LittleEndian.PutUint16(b, m.Labels[i]) })
}

func checkGrid(path string, g volume.Grid, n int) error {
	if min(g.Size[0], g.Size[1], g.Size[2]) < 1 || g.Len() != n {
		return &fault.Input{File: path, Field: "size", Found: fmt.Sprintf("%d values on %d×%d×%d voxels", n, g.Size[0], g.Size[1], g.Size[2]), Expected: "one value a voxel"}
	}
	if _, err := g.Affine.Inverse(); err != nil {
		return &fault.Input{File: path, Field: "affine", Err: err}
	}
	if s := g.Spacing(); !g.SpacingKnown && !(math.Abs(s[0]-1) < 1e-4 && math.Abs(s[1]-1) < 1e-4 && math.Abs(s[2]-1) < 1e-4) {
		return &fault.Input{File: path, Field: "affine", Found: fmt.Sprintf("unknown spacing with voxels of %g×%g×%g", s[0], s[1], s[2]), Expected: "one unit a voxel where spacing is unknown"}
	}
	return nil
}

func putVoxel(b []byte, t DataType, x float32) {
	switch le := binary.LittleEndian; t {
	case Uint8:
		b[0] = uint8(x)
	case Int8:
		b[0] = uint8(int8(x))
	case Uint16:
		le.PutUint16(b, uint16(x))
	case Int16:
		le.PutUint16(b, uint16(int16(x)))
	case Uint32:
		le.PutUint32(b, uint32(x))
	case Int32:
		le.PutUint32(b, uint32(int32(x)))
	case Uint64:
		le.PutUint64(b, uint64(x))
	case Int64:
		le.PutUint64(b, uint64(int64(x)))
	case Float32:
		le.PutUint32(b, math.Float32bits(x))
	case Float64:
		le.PutUint64(b, math.Float64bits(float64(x)))
	}
}

// newHeader is the header for voxels of type t on g. Both forms are written,
// since some readers take the sform and some the qform; on a sheared grid the
// sform says it and the qform is the nearest rotation. NIfTI-2 is for sizes that
// NIfTI-1's 16 bits do not hold.
func newHeader(g volume.Grid, t DataType) header {
	s := g.Spacing()
	h := header{
		version: 1, datatype: t, bitpix: int16(8 * t.Bytes()), voxOffset: size1 + 4,
		slope: 1, units: unitsMM, sform: formScanner, srow: g.Affine,
		dim:    [8]int64{3, int64(g.Size[0]), int64(g.Size[1]), int64(g.Size[2]), 1, 1, 1, 1},
		pixdim: [8]float64{1, s[0], s[1], s[2], 0, 0, 0, 0},
	}
	if slices.Max(g.Size[:]) > math.MaxInt16 {
		h.version, h.voxOffset = 2, size2+4
	}
	if !g.SpacingKnown {
		h.units, h.descrip = unitsUnknown, spacingUnknown
	}
	h.qform = formScanner
	h.quatern, h.pixdim[0] = quatern(g.Affine, s)
	h.qoffset = [3]float64{g.Affine[0][3], g.Affine[1][3], g.Affine[2][3]}
	return h
}

// write writes header and n voxels; put puts voxel i into the bytes it is given.
func write(path string, g volume.Grid, t DataType, n int, put func(b []byte, i int)) error {
	return replace(path, func(f io.Writer, packed bool) error {
		if !packed {
			return encode(f, newHeader(g, t), n, put)
		}
		z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
		if err != nil {
			return err
		}
		if err := encode(z, newHeader(g, t), n, put); err != nil {
			return err
		}
		return z.Close()
	})
}

// replace writes a file beside path and renames it; packed says that the name
// asks for gzip. An error names path, and what was there is there still.
func replace(path string, write func(f io.Writer, packed bool) error) error {
	lower := strings.ToLower(path)
	packed := strings.HasSuffix(lower, ".nii.gz")
	if !packed && !strings.HasSuffix(lower, ".nii") {
		return &fault.Input{File: path, Field: "name", Expected: "one that ends in .nii or .nii.gz"}
	}
	fail := func(err error) error { return fmt.Errorf("%s cannot be written: %w", path, unwrapPath(err)) }
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)),
		renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
	if err != nil {
		return fail(err)
	}
	defer f.Cleanup()
	if err := write(f, packed); err != nil {
		return fail(err)
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return fail(err)
	}
	return nil
}

func encode(to io.Writer, h header, n int, put func(b []byte, i int)) error {
	w := bufio.NewWriterSize(to, 1<<16)
	w.Write(h.bytes())
	w.Write(make([]byte, 4)) // no extension follows
	width := h.datatype.Bytes()
	for i := range n {
		b := w.AvailableBuffer()
		if cap(b) < width {
			if err := w.Flush(); err != nil {
				return err
			}
			b = w.AvailableBuffer()
		}
		b = b[:width]
		put(b, i)
		w.Write(b)
	}
	return w.Flush()
}
