package nifti

import (
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"magn/internal/fault"
)

// maxInflate is more than DEFLATE can expand: a match of 258 bytes costs at
// least two bits (RFC 1951), a factor of 1032.
const maxInflate = 1040

// source is the stream of an image's own bytes, decompressed where need be.
type source struct {
	io.Reader
	name   string
	gzip   bool
	onDisk int64 // bytes of the file
}

// most is how many bytes the source can hold at the very most.
func (s source) most() int64 {
	if s.gzip {
		return s.onDisk * maxInflate
	}
	return s.onDisk
}

// fail says that the source ended or broke where more was needed.
func (s source) fail(field, expected string, err error) error {
	f := &fault.Input{File: s.name, Field: field, Expected: expected, Do: "copy or export the file again"}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.Found = "the end of the file"
	case s.gzip:
		f.Found = "a damaged gzip stream"
		f.Err = err
	default:
		f.Err = unwrapPath(err)
	}
	return f
}

// voxels reads the image's bytes. Nothing is allocated for what the file cannot
// hold, and nothing is decompressed beyond what the header promises but a tail
// short enough to reach the gzip checksum.
func (s source) voxels(h header) ([]byte, error) {
	head := int64(size1)
	if h.version == 2 {
		head = size2
	}
	skip, n := int64(h.voxOffset)-head, int64(h.datatype.Bytes())
	left := s.most() - int64(h.voxOffset)
	promise := fmt.Sprintf("%d×%d×%d %v voxels from byte %.0f on", h.dim[1], h.dim[2], h.dim[3], h.datatype, h.voxOffset)
	for i := 1; i <= 3; i++ {
		if left <= 0 || h.dim[i] > left/n {
			found := fmt.Sprintf("%d bytes", s.onDisk)
			if s.gzip {
				found += " of gzip, which cannot hold that much"
			}
			return nil, &fault.Input{File: s.name, Field: "length", Found: found, Expected: promise, Do: "the file is cut off or its header is damaged; copy or export it again"}
		}
		n *= h.dim[i]
	}
	if _, err := io.CopyN(io.Discard, s, skip); err != nil {
		return nil, s.fail("voxels", promise, err)
	}
	// Real images shrink by less than 32: they are allocated at once. Where the
	// header asks for more, room is made as data come.
	raw := make([]byte, min(n, max(1<<20, 32*s.onDisk)))
	for have := 0; ; {
		got, err := io.ReadFull(s, raw[have:])
		have += got
		if err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil, &fault.Input{
					File: s.name, Field: "voxels", Found: fmt.Sprintf("%d of %d bytes", have, n), Expected: promise,
					Do: "the file is cut off; copy or export it again",
				}
			}
			return nil, s.fail("voxels", promise, err)
		}
		if int64(have) == n {
			break
		}
		raw = append(raw, make([]byte, min(n-int64(have), int64(have)))...)
	}
	return raw, s.tail(promise)
}

// tail reads a little beyond the voxels, so that a gzip stream that ends with
// them has its checksum verified. What goes on for longer is left alone.
func (s source) tail(promise string) error {
	if !s.gzip {
		return nil
	}
	_, err := io.CopyN(io.Discard, s, 1<<16)
	// ErrHeader: the stream is whole, and bytes that are no gzip follow it, such
	// as the padding of a tape.
	if err == nil || err == io.EOF || errors.Is(err, gzip.ErrHeader) {
		return nil
	}
	return s.fail("gzip stream after the voxels", promise, err)
}

func swapBytes(b []byte, width int) {
	switch width {
	case 2:
		for ; len(b) >= 2; b = b[2:] {
			b[0], b[1] = b[1], b[0]
		}
	case 4:
		for ; len(b) >= 4; b = b[4:] {
			b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
		}
	case 8:
		for ; len(b) >= 8; b = b[8:] {
			b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7] = b[7], b[6], b[5], b[4], b[3], b[2], b[1], b[0]
		}
	}
}
