package nrrd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"magn/internal/fault"
)

// Read reads a .nrrd or .nhdr file. The data file of a detached header must lie
// in the header's folder or below it. Every failure is a *fault.Input that names
// the file.
func Read(path string) (*Image, error) {
	f, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(path, f, size, open)
}

// open opens a regular file; anything else could wait for ever.
func open(path string) (io.ReadCloser, int64, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, 0, &fault.Input{File: path, Err: unwrapPath(err)}
	}
	if !st.Mode().IsRegular() {
		return nil, 0, &fault.Input{File: path, Found: "no regular file", Expected: "a .nrrd or .nhdr file"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, &fault.Input{File: path, Err: unwrapPath(err)}
	}
	return f, st.Size(), nil
}

// read reads an image out of r, which holds size bytes; open opens a data file.
func read(name string, r io.Reader, size int64, open func(string) (io.ReadCloser, int64, error)) (*Image, error) {
	s := source{bufio.NewReaderSize(r, 1<<16), name, size}
	h, attached, err := readHeader(name, s.Reader)
	if err != nil {
		return nil, err
	}
	g, l, oriented, err := h.grid()
	if err != nil {
		return nil, err
	}
	if file, ok := h.fields["data file"]; ok {
		if strings.HasPrefix(file, "LIST") || strings.Contains(file, "%") {
			return nil, h.bad("data file", "one file", "join the files first, for example with unu save")
		}
		if !filepath.IsLocal(file) {
			return nil, h.bad("data file", "a file in the header's folder", "move the data file beside its header and name it alone")
		}
		at := filepath.Join(filepath.Dir(name), file)
		d, n, err := open(at)
		if err != nil {
			return nil, err
		}
		defer d.Close()
		s = source{bufio.NewReaderSize(d, 1<<16), at, n}
	} else if !attached {
		return nil, &fault.Input{File: name, Field: "voxels", Found: "the end of the file after the header", Expected: "an empty line and the voxels, or a data file", Do: "copy or export the file again"}
	}
	raw, err := h.data(s)
	if err != nil {
		return nil, err
	}
	im := &Image{Grid: g, Type: h.typ, Layers: 1, Oriented: oriented, Keys: h.keys, name: name, raw: raw}
	if l.layers >= 0 {
		im.Layers = int(h.sizes[l.layers]) // no more than the values that were read
		im.raw = h.layered(raw, l)
	}
	return im, im.readSegments()
}

// layered brings the values into the order layer by layer.
func (h *header) layered(raw []byte, l layout) []byte {
	before, after := 1, 1 // values that vary faster and slower than the layer
	for a, size := range h.sizes {
		switch {
		case a < l.layers:
			before *= int(size)
		case a > l.layers:
			after *= int(size)
		}
	}
	if after == 1 {
		return raw
	}
	n, width := int(h.sizes[l.layers]), h.typ.Bytes()
	row := before * width
	out := make([]byte, len(raw))
	for y := range after {
		for x := range n {
			copy(out[(x*after+y)*row:][:row], raw[(y*n+x)*row:])
		}
	}
	return out
}

// voxel names voxel i of a layer in an error.
func (im *Image) voxel(i int) string {
	v := im.Voxel(i)
	return fmt.Sprintf("voxel (%d,%d,%d)", v[0], v[1], v[2])
}

// unwrapPath takes the path out of a file error, whose message names it anyway.
func unwrapPath(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
