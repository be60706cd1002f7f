package dicom

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// window is how much is read at once: most headers are shorter, so that one
// read serves the whole of them.
const window = 64 << 10

// scratch is what reading one file needs and the next can use again.
type scratch struct {
	buf      [window]byte
	elements []element
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// source reads through a window that moves over a file.
type source struct {
	r     io.ReaderAt
	size  int64
	buf   *scratch
	start int64 // of what is in buf
	n     int   // bytes in buf
}

func newSource(r io.ReaderAt, size int64) *source {
	return &source{r: r, size: size, buf: scratches.Get().(*scratch)}
}

// release gives the window back; slices that at gave out are no longer valid.
func (s *source) release() { scratches.Put(s.buf) }

// at is n bytes from off on, n at most window; they are valid until the next
// call. The caller has checked that they lie within size.
func (s *source) at(off int64, n int) ([]byte, error) { return s.read(off, n, window) }

// peek is at for places between which nothing is wanted, such as the headers of
// fragments: it reads little at once.
func (s *source) peek(off int64, n int) ([]byte, error) { return s.read(off, n, 512) }

func (s *source) read(off int64, n, ahead int) ([]byte, error) {
	if d := off - s.start; d >= 0 && d+int64(n) <= int64(s.n) {
		return s.buf.buf[d : d+int64(n)], nil
	}
	if off < 0 || n > window || off+int64(n) > s.size {
		return nil, fmt.Errorf("bytes %d to %d asked of %d", off, off+int64(n), s.size)
	}
	got, err := s.r.ReadAt(s.buf.buf[:min(int64(max(n, ahead)), s.size-off)], off)
	s.start, s.n = off, got
	if got < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, cause(err)
	}
	return s.buf.buf[:n], nil
}

// chunks is a data set that was inflated, in pieces of chunk bytes but the
// last: it grows without moving what is there.
type chunks struct {
	parts [][]byte
	size  int64
}

const chunk = 256 << 10

// ReadAt implements io.ReaderAt.
func (c *chunks) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) && off >= 0 && off < c.size {
		k := copy(p[n:], c.parts[off/chunk][off%chunk:])
		n, off = n+k, off+int64(k)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// fill reads r to its end or to limit bytes; more is true where r goes on. What
// was read before an error stays.
func (c *chunks) fill(r io.Reader, limit int64) (more bool, err error) {
	for c.size < limit {
		b := make([]byte, min(chunk, limit-c.size))
		n := 0
		for n < len(b) && err == nil {
			var k int
			k, err = r.Read(b[n:])
			n += k
		}
		if n > 0 {
			c.parts = append(c.parts, b[:n])
			c.size += int64(n)
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	n, _ := io.ReadFull(r, make([]byte, 1))
	return n > 0, nil
}
