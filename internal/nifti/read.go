package nifti

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"

	"magn/internal/fault"
)

// Read reads a .nii or .nii.gz file; what it is is told from its first bytes.
// Every failure is a *fault.Input that names path.
func Read(path string) (*Image, error) {
	if base := strings.TrimSuffix(strings.ToLower(path), ".gz"); strings.HasSuffix(base, ".hdr") || strings.HasSuffix(base, ".img") {
		return nil, refusePair(path)
	}
	st, err := os.Stat(path) // before opening: a named pipe would wait for ever
	if err != nil {
		return nil, &fault.Input{File: path, Err: unwrapPath(err)}
	}
	if !st.Mode().IsRegular() {
		return nil, &fault.Input{File: path, Found: "no regular file", Expected: "a .nii or .nii.gz file"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &fault.Input{File: path, Err: unwrapPath(err)}
	}
	defer f.Close()
	return read(path, f, st.Size())
}

// read reads an image out of r, which holds size bytes; name is for messages.
func read(name string, r io.Reader, size int64) (*Image, error) {
	buf := bufio.NewReaderSize(r, 1<<16)
	src := source{Reader: buf, name: name, onDisk: size}
	if head, err := buf.Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(buf)
		if err != nil {
			src.gzip = true
			return nil, src.fail("gzip header", "", err)
		}
		defer z.Close()
		src.Reader, src.gzip = z, true
	}
	h, err := src.header()
	if err != nil {
		return nil, err
	}
	if err := h.check(name); err != nil {
		return nil, err
	}
	g, err := h.grid(name)
	if err != nil {
		return nil, err
	}
	im := &Image{Grid: g, Oriented: h.sform > 0 || h.qform > 0, Type: h.datatype, Slope: h.slope, Inter: h.inter, name: name}
	if im.Slope == 0 || math.IsNaN(im.Slope) || math.IsInf(im.Slope, 0) {
		im.Slope, im.Inter = 1, 0 // nifti1.h: the scale is to be ignored
	}
	if math.IsNaN(im.Inter) || math.IsInf(im.Inter, 0) {
		return nil, &fault.Input{File: name, Field: "scl_inter", Found: fmt.Sprint(im.Inter), Expected: "a number"}
	}
	if im.raw, err = src.voxels(h); err != nil {
		return nil, err
	}
	if h.order.Uint16([]byte{0, 1}) == 1 {
		swapBytes(im.raw, im.Type.Bytes())
	}
	return im, nil
}

func (s source) header() (header, error) {
	b := make([]byte, size2)
	if _, err := io.ReadFull(s, b[:4]); err != nil {
		return header{}, s.fail("header", fmt.Sprintf("%d bytes", size1), err)
	}
	n, order := headerSize(b)
	if n == 0 {
		return header{}, &fault.Input{File: s.name, Field: "header", Found: fmt.Sprintf("the bytes % x", b[:4]), Expected: "a NIfTI header"}
	}
	b = b[:n]
	if _, err := io.ReadFull(s, b[4:]); err != nil {
		return header{}, s.fail("header", fmt.Sprintf("%d bytes", n), err)
	}
	return parseHeader(s.name, b, order)
}

// check refuses what is not one 3-D image of a known type.
func (h *header) check(name string) error {
	bad := func(field, found, expected string) error {
		return &fault.Input{File: name, Field: field, Found: found, Expected: expected}
	}
	rank := h.dim[0]
	if rank < 1 || rank > 7 {
		return bad("dim[0]", fmt.Sprint(rank), "1 to 7 dimensions")
	}
	for i := 1; i < 8; i++ {
		switch d := &h.dim[i]; {
		case int64(i) > rank:
			*d = 1 // nifti1.h leaves what is beyond dim[0] undefined
		case *d < 1:
			return bad(fmt.Sprintf("dim[%d]", i), fmt.Sprint(*d), "a size of at least 1")
		case i > 3 && *d > 1:
			what := fmt.Sprintf("a %d-D image of %d volumes", i, *d)
			if i == 5 {
				what = fmt.Sprintf("%d values a voxel", *d)
			}
			return &fault.Input{
				File: name, Field: fmt.Sprintf("dim[%d]", i), Found: what,
				Expected: "one 3-D volume with one value a voxel", Do: "split it, for example with fslsplit, and take one",
			}
		}
	}
	k, ok := types[h.datatype]
	if !ok {
		return bad("datatype", fmt.Sprintf("%d (%v)", int16(h.datatype), h.datatype), "an integer or floating-point type of 8 to 64 bits")
	}
	if int(h.bitpix) != 8*k.bytes {
		return bad("bitpix", fmt.Sprint(h.bitpix), fmt.Sprintf("%d for %v", 8*k.bytes, h.datatype))
	}
	head := float64(size1)
	if h.version == 2 {
		head = size2
	}
	if h.voxOffset == 0 {
		h.voxOffset = head + 4 // written by some programs; the header and its four extension bytes are meant
	}
	if !(h.voxOffset >= head) || h.voxOffset != math.Trunc(h.voxOffset) || h.voxOffset > 1<<53 {
		return bad("vox_offset", fmt.Sprint(h.voxOffset), fmt.Sprintf("a whole number from %g on", head))
	}
	return nil
}

// unwrapPath takes the path out of a file error, whose message names it anyway.
func unwrapPath(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
