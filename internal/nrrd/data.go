package nrrd

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"magn/internal/fault"
)

// maxInflate is more than DEFLATE can expand: a match of 258 bytes costs at
// least two bits (RFC 1951), a factor of 1032.
const maxInflate = 1040

// source is the stream that holds the voxels: the rest of an attached file, or a
// data file.
type source struct {
	*bufio.Reader
	name   string
	onDisk int64 // bytes of the file, the header of an attached one included
}

// data reads the values as they lie in the file: n of them, in little-endian
// order. Nothing is allocated for what the file cannot hold.
func (h *header) data(s source) ([]byte, error) {
	n := int64(1)
	width := int64(h.typ.Bytes())
	most := s.onDisk
	encoding := strings.ToLower(h.fields["encoding"])
	switch encoding {
	case "raw":
	case "gzip", "gz":
		most *= maxInflate
	case "hex":
		most = most/2 + 1
	case "ascii", "text", "txt":
		most = (most + 1) / 2 * width // a digit and a space a value
	case "bzip2", "bz2":
		return nil, h.bad("encoding", "raw, gzip, ascii or hex", "write it again with gzip, for example with unu save -e gzip")
	default:
		return nil, h.bad("encoding", "raw, gzip, ascii or hex", "")
	}
	for _, size := range h.sizes {
		if size > most/(n*width) {
			return nil, &fault.Input{
				File: s.name, Field: "length", Found: fmt.Sprintf("%d bytes", s.onDisk),
				Expected: fmt.Sprintf("%s values of %v, %s", h.fields["sizes"], h.typ, encoding),
				Do:       "the file is cut off or its header is damaged; copy or export it again",
			}
		}
		n *= size
	}
	n *= width
	if err := h.skipLines(s); err != nil {
		return nil, err
	}
	skip := int64(0)
	if text, ok := h.fields["byte skip"]; ok {
		var err error
		if skip, err = strconv.ParseInt(text, 10, 64); err != nil || skip < -1 || skip == -1 && encoding != "raw" {
			return nil, h.bad("byte skip", "a whole number from 0 on, or -1 with raw encoding", "")
		}
	}
	raw, err := h.decode(s, encoding, skip, n)
	if err != nil {
		return nil, err
	}
	if encoding == "raw" || encoding == "gzip" || encoding == "gz" || encoding == "hex" {
		switch endian := strings.ToLower(h.fields["endian"]); {
		case endian == "big":
			swapBytes(raw, int(width))
		case endian == "little", width == 1:
		default:
			return nil, h.bad("endian", "little or big", "")
		}
	}
	return raw, nil
}

// skipLines does line skip, which counts in the file as it is, before anything
// is unpacked.
func (h *header) skipLines(s source) error {
	text, ok := h.fields["line skip"]
	if !ok {
		return nil
	}
	lines, err := strconv.ParseInt(text, 10, 64)
	if err != nil || lines < 0 || lines > s.onDisk {
		return h.bad("line skip", "a whole number of lines that the file has", "")
	}
	for range lines {
		for {
			_, err := s.ReadSlice('\n')
			if err == nil {
				break
			}
			if !errors.Is(err, bufio.ErrBufferFull) {
				return h.bad("line skip", "a whole number of lines that the file has", "")
			}
		}
	}
	return nil
}

// decode unpacks n bytes after skip ones; byte skip counts what is unpacked.
func (h *header) decode(s source, encoding string, skip, n int64) ([]byte, error) {
	var r io.Reader = s
	switch encoding {
	case "gzip", "gz":
		z, err := gzip.NewReader(s.Reader)
		if err != nil {
			return nil, &fault.Input{File: s.name, Field: "voxels", Found: "no gzip stream", Err: err, Do: "copy or export the file again"}
		}
		defer z.Close()
		r = z
	case "hex":
		r = &hexReader{r: s.Reader}
	case "ascii", "text", "txt":
		if _, err := io.CopyN(io.Discard, s, skip); err != nil {
			return nil, h.bad("byte skip", "fewer bytes than the file has", "")
		}
		return h.text(s, n)
	}
	if skip == -1 {
		return lastBytes(s, n)
	}
	if _, err := io.CopyN(io.Discard, r, skip); err != nil {
		return nil, h.bad("byte skip", "fewer bytes than the file has", "")
	}
	// Real images shrink by less than 32: they are allocated at once. Where the
	// header asks for more, room is made as data come.
	raw := make([]byte, min(n, max(1<<20, 32*s.onDisk)))
	for have := 0; ; {
		got, err := io.ReadFull(r, raw[have:])
		have += got
		if err != nil {
			return nil, s.short(int64(have), n, err)
		}
		if int64(have) == n {
			break
		}
		raw = append(raw, make([]byte, min(n-int64(have), int64(have)))...)
	}
	if encoding == "gzip" || encoding == "gz" {
		// A little further, so that a stream that ends here has its checksum verified.
		if _, err := io.CopyN(io.Discard, r, 1<<16); err != nil && err != io.EOF && !errors.Is(err, gzip.ErrHeader) {
			return nil, s.short(n, n, err)
		}
	}
	return raw, nil
}

func (s source) short(have, n int64, err error) error {
	f := &fault.Input{File: s.name, Field: "voxels", Found: fmt.Sprintf("%d of %d bytes", have, n), Do: "the file is cut off or damaged; copy or export it again"}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		f.Err = err
	}
	return f
}

// lastBytes is byte skip −1: the data are the file's last n bytes.
func lastBytes(s source, n int64) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(s, s.onDisk)) // no more than the file is large
	if err != nil || int64(len(raw)) < n {
		return nil, s.short(int64(len(raw)), n, io.EOF)
	}
	return raw[int64(len(raw))-n:], nil
}

// hexReader reads two hexadecimal digits a byte and passes over white space.
type hexReader struct{ r *bufio.Reader }

func (h *hexReader) Read(p []byte) (int, error) {
	for i := range p {
		hi, err := h.digit()
		if err != nil {
			return i, err
		}
		lo, err := h.digit()
		if err != nil {
			return i, io.ErrUnexpectedEOF
		}
		p[i] = hi<<4 | lo
	}
	return len(p), nil
}

func (h *hexReader) digit() (byte, error) {
	for {
		c, err := h.r.ReadByte()
		switch {
		case err != nil:
			return 0, err
		case c >= '0' && c <= '9':
			return c - '0', nil
		case c >= 'a' && c <= 'f':
			return c - 'a' + 10, nil
		case c >= 'A' && c <= 'F':
			return c - 'A' + 10, nil
		case c == ' ' || c >= '\t' && c <= '\r':
		default:
			return 0, fmt.Errorf("%q is no hexadecimal digit", c)
		}
	}
}

// text reads numbers that are separated by white space or commas.
func (h *header) text(s source, n int64) ([]byte, error) {
	width := h.typ.Bytes()
	raw := make([]byte, n) // at most eight times the file: data has checked it
	words := bufio.NewScanner(s)
	words.Split(bufio.ScanWords)
	i := int64(0)
	for i < n && words.Scan() {
		for _, w := range strings.FieldsFunc(words.Text(), func(r rune) bool { return r == ',' }) {
			if i == n {
				break
			}
			if err := h.typ.parse(raw[i:], w); err != nil {
				return nil, &fault.Input{File: s.name, Field: fmt.Sprintf("value %d", i/int64(width)), Found: quoted(w), Expected: fmt.Sprintf("a number that %v holds", h.typ)}
			}
			i += int64(width)
		}
	}
	if i < n {
		return nil, &fault.Input{File: s.name, Field: "voxels", Found: fmt.Sprintf("%d of %d values", i/int64(width), n/int64(width)), Do: "the file is cut off or damaged; copy or export it again"}
	}
	return raw, nil
}

// parse puts the number that w says into b.
func (t DataType) parse(b []byte, w string) error {
	bits := 8 * t.Bytes()
	var u uint64
	var err error
	switch t {
	case Float32, Float64:
		var x float64
		x, err = strconv.ParseFloat(w, bits)
		if u = math.Float64bits(x); t == Float32 {
			u = uint64(math.Float32bits(float32(x)))
		}
	case Uint8, Uint16, Uint32, Uint64:
		u, err = strconv.ParseUint(w, 10, bits)
	default:
		var x int64
		x, err = strconv.ParseInt(w, 10, bits)
		u = uint64(x)
	}
	if err != nil {
		return err
	}
	var le [8]byte
	binary.LittleEndian.PutUint64(le[:], u)
	copy(b[:t.Bytes()], le[:])
	return nil
}

func swapBytes(b []byte, width int) {
	for ; len(b) >= width; b = b[width:] {
		for i := range width / 2 {
			b[i], b[width-1-i] = b[width-1-i], b[i]
		}
	}
}
