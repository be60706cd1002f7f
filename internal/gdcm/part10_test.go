package gdcm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// file is what these tests need of a DICOM file: the package that reads them
// properly stands above this one. Little-endian only, as all compressed files
// are (PS3.5 A.4), explicit as they should be or implicit as some are.
type file struct {
	text   map[uint32]string
	number map[uint32]int
	pixels []byte   // of an uncompressed file
	frames [][]byte // of a compressed one: fragments, told apart by the frames' number
}

const (
	tagSyntax      = 0x00020010
	tagSamples     = 0x00280002
	tagPhotometric = 0x00280004
	tagPlanar      = 0x00280006
	tagFrames      = 0x00280008
	tagRows        = 0x00280010
	tagCols        = 0x00280011
	tagAllocated   = 0x00280100
	tagStored      = 0x00280101
	tagHighBit     = 0x00280102
	tagSigned      = 0x00280103
	tagPixels      = 0x7FE00010
	tagItem        = 0xFFFEE000
)

func readFile(t testing.TB, path string) file {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f := file{text: map[uint32]string{}, number: map[uint32]int{}}
	at := bytes.Index(b, []byte("DICM"))
	if at < 0 {
		t.Fatalf("%s: no DICM", path)
	}
	if err := f.read(b[at+4:]); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return f
}

func (f *file) read(b []byte) error {
	for len(b) >= 8 {
		tag, value, rest, err := element(b)
		if err != nil {
			return err
		}
		if tag == tagPixels {
			if value != nil {
				f.pixels = value
				return nil
			}
			return f.fragments(rest)
		}
		f.text[tag] = strings.Trim(string(value), " \x00")
		if len(value) == 2 {
			f.number[tag] = int(binary.LittleEndian.Uint16(value))
		}
		b = rest
	}
	return errors.New("no pixel data")
}

// element reads one; its value is nil where its length is undefined, and a
// sequence of that kind is skipped.
func element(b []byte) (tag uint32, value, rest []byte, err error) {
	tag = uint32(binary.LittleEndian.Uint16(b))<<16 | uint32(binary.LittleEndian.Uint16(b[2:]))
	n, head := uint32(0), 8
	switch vr := string(b[4:6]); {
	case tag>>16 == 0xFFFE, vr < "AA" || vr > "ZZ":
		n = binary.LittleEndian.Uint32(b[4:])
	case strings.Contains("OB OW OF OD OL SQ UN UC UR UT OV SV UV", vr):
		n, head = binary.LittleEndian.Uint32(b[8:]), 12
	default:
		n = uint32(binary.LittleEndian.Uint16(b[6:]))
	}
	b = b[head:]
	switch {
	case n != 0xFFFFFFFF:
		if int64(n) > int64(len(b)) {
			return tag, nil, nil, fmt.Errorf("%08X claims %d bytes of %d", tag, n, len(b))
		}
		return tag, b[:n:n], b[n:], nil
	case tag == tagPixels:
		return tag, nil, b, nil
	}
	for len(b) >= 8 { // items, elements of items, until the delimiter of this level
		inner, _, rest, err := element(b)
		if err != nil || inner == 0xFFFEE0DD || inner == 0xFFFEE00D {
			return tag, nil, rest, err
		}
		b = rest
	}
	return tag, nil, b, nil
}

func (f *file) fragments(b []byte) error {
	var all [][]byte
	for len(b) >= 8 {
		tag, value, rest, err := element(b)
		if err != nil {
			return err
		}
		if tag != tagItem {
			break
		}
		all, b = append(all, value), rest
	}
	if len(all) < 2 {
		return errors.New("no fragments")
	}
	all = all[1:] // the offset table
	n, _ := strconv.Atoi(f.text[tagFrames])
	if n = max(n, 1); n == len(all) {
		f.frames = all
		return nil
	}
	if n != 1 {
		return fmt.Errorf("%d fragments of %d frames", len(all), n)
	}
	f.frames = [][]byte{bytes.Join(all, nil)}
	return nil
}

func (f file) frame(i int) Frame {
	fr := Frame{
		TransferSyntax: f.text[tagSyntax], Photometric: f.text[tagPhotometric],
		Rows: f.number[tagRows], Cols: f.number[tagCols], Samples: f.number[tagSamples], Planar: f.number[tagPlanar],
		Allocated: f.number[tagAllocated], Stored: f.number[tagStored], HighBit: f.number[tagHighBit], Signed: f.number[tagSigned] == 1,
	}
	if i < len(f.frames) {
		fr.Data = f.frames[i]
	}
	return fr
}
