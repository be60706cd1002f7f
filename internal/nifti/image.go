package nifti

import (
	"fmt"
	"io"

	"magn/internal/fault"
	"magn/internal/volume"
)

// New is an image of stored voxels: raw holds g.Len() of them, little-endian,
// i fastest, and becomes the image's own. Slope and inter pass through single
// precision, as NIfTI-1 keeps them, so that the image in memory has the values
// that its file will have.
func New(g volume.Grid, t DataType, slope, inter float64, raw []byte) (*Image, error) {
	width := t.Bytes()
	if width == 0 || len(raw)%width != 0 {
		return nil, &fault.Input{Field: "datatype", Found: fmt.Sprintf("%v in %d bytes", t, len(raw)), Expected: "whole voxels of a type that is written"}
	}
	if err := checkGrid("", g, len(raw)/width); err != nil {
		return nil, err
	}
	slope, inter = float64(float32(slope)), float64(float32(inter))
	if slope == 0 || slope-slope != 0 || inter-inter != 0 {
		return nil, &fault.Input{Field: "scl_slope, scl_inter", Found: fmt.Sprintf("%g, %g", slope, inter), Expected: "finite numbers, the slope not 0"}
	}
	return &Image{Grid: g, Oriented: true, Type: t, Slope: slope, Inter: inter, raw: raw}, nil
}

// Stored is the voxels as they are stored, little-endian, Type.Bytes() each, i
// fastest. They are the image's own.
func (im *Image) Stored() []byte { return im.raw }

// Write writes the voxels as they are stored, with slope and inter in the
// header: nothing is rounded. It writes as WriteVolume does, .nii.gz on all
// processors.
func (im *Image) Write(path string) error {
	h := newHeader(im.Grid, im.Type)
	h.slope, h.inter = im.Slope, im.Inter
	head := append(h.bytes(), 0, 0, 0, 0) // no extension follows
	return replace(path, func(f io.Writer, packed bool) error {
		if packed {
			return writeGzip(f, head, im.raw)
		}
		if _, err := f.Write(head); err != nil {
			return err
		}
		_, err := f.Write(im.raw)
		return err
	})
}
