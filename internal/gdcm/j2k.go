package gdcm

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Markers of JPEG 2000 (ITU-T T.800 annex A).
const (
	markSOC = 0xFF4F
	markSIZ = 0xFF51
	markCOD = 0xFF52
	markSOT = 0xFF90
	markSOD = 0xFF93
	markEOC = 0xFFD9
)

var jp2Signature = []byte("\x00\x00\x00\x0CjP  \r\n\x87\n")

// isJPEG2000 knows a codestream, and one in a JP2 file, which DICOM forbids and
// some write.
func isJPEG2000(b []byte) bool {
	return bytes.HasPrefix(b, []byte{0xFF, 0x4F, 0xFF, 0x51}) || bytes.HasPrefix(b, jp2Signature)
}

// readJPEG2000 reads the main header, and walks the tile-parts to see that none
// is cut short: OpenJPEG decodes what is there, and what GDCM hands it ends at the
// last byte D9, wherever that is. What is to be decoded is the codestream alone,
// without the boxes of a JP2 file and what stands behind its end.
func readJPEG2000(b []byte) (codestream, error) {
	c := codestream{family: jpeg2000}
	b, err := unboxed(b)
	if err != nil {
		return c, err
	}
	at, err := c.readMain(b)
	if err != nil {
		return c, err
	}
	end, err := lastTilePart(b, at)
	if err != nil {
		return c, err
	}
	c.data = b[:end+2]
	return c, nil
}

// readMain reads SOC to the first SOT and returns where that is.
func (c *codestream) readMain(b []byte) (int, error) {
	cod := false
	for at := 2; ; {
		if at+4 > len(b) {
			return 0, fmt.Errorf("the main header is cut short after %d bytes", len(b))
		}
		marker := binary.BigEndian.Uint16(b[at:])
		if marker == markSOT {
			if !cod {
				return 0, fmt.Errorf("no coding style in the main header")
			}
			return at, nil
		}
		n := int(binary.BigEndian.Uint16(b[at+2:]))
		if marker < 0xFF01 || n < 2 || n > len(b)-at-2 {
			return 0, fmt.Errorf("marker %04X at byte %d claims %d bytes of %d", marker, at, n, len(b)-at-2)
		}
		body := b[at+4 : at+2+n]
		if (at == 2) != (marker == markSIZ) {
			return 0, fmt.Errorf("marker %04X at byte %d, expected the size of the image first and once", marker, at)
		}
		switch marker {
		case markSIZ:
			if err := c.readSize(body); err != nil {
				return 0, err
			}
		case markCOD:
			if len(body) < 5 {
				return 0, fmt.Errorf("a coding style of %d bytes", len(body))
			}
			cod, c.mct = true, body[4] != 0
		}
		at += 2 + n
	}
}

// readSize reads SIZ (T.800 A.5.1).
func (c *codestream) readSize(b []byte) error {
	if len(b) < 36 {
		return fmt.Errorf("a size of %d bytes", len(b))
	}
	u := func(i int) int64 { return int64(binary.BigEndian.Uint32(b[2+4*i:])) }
	width, height := u(0)-u(2), u(1)-u(3)
	tileWidth, tileHeight, tileX, tileY := u(4), u(5), u(6), u(7)
	c.samples = int(binary.BigEndian.Uint16(b[34:]))
	if width < 1 || height < 1 || width > 65535 || height > 65535 || tileWidth < 1 || tileHeight < 1 || tileX > u(2) || tileY > u(3) {
		return fmt.Errorf("%d×%d in tiles of %d×%d", height, width, tileHeight, tileWidth)
	}
	across, down := (u(0)-tileX+tileWidth-1)/tileWidth, (u(1)-tileY+tileHeight-1)/tileHeight
	if across*down > 65535 { // T.800 B.3: Isot has 16 bits
		return fmt.Errorf("%d tiles, 65535 are possible", across*down)
	}
	c.rows, c.cols = int(height), int(width)
	if c.samples < 1 || len(b) < 36+3*c.samples {
		return fmt.Errorf("%d components in a size of %d bytes", c.samples, len(b))
	}
	for i := range c.samples {
		comp := b[36+3*i:][:3]
		if comp[0] != b[36] || comp[1] != 1 || comp[2] != 1 {
			return fmt.Errorf("components of different bits or resolution")
		}
	}
	c.precision, c.signed = int(b[36]&0x7F)+1, b[36]&0x80 != 0
	if c.precision > 32 {
		return fmt.Errorf("%d bits per sample", c.precision)
	}
	if b[0]&0x40 != 0 { // Rsiz, T.814 A.2
		return fmt.Errorf("it is High-Throughput JPEG 2000")
	}
	return nil
}

// lastTilePart walks from tile-part to tile-part and returns where the last
// ends, which is where the end marker stands.
func lastTilePart(b []byte, at int) (int, error) {
	for at+2 <= len(b) && binary.BigEndian.Uint16(b[at:]) == markSOT {
		if at+12 > len(b) {
			return 0, fmt.Errorf("it is cut short in the tile-part at byte %d", at)
		}
		n := int64(binary.BigEndian.Uint32(b[at+6:])) // Psot, from SOT on
		if n == 0 {                                   // the last one, up to the end marker
			at = max(at+12, bytes.LastIndex(b, []byte{0xFF, 0xD9}))
			break
		}
		if n < 14 || n > int64(len(b)-at) {
			return 0, fmt.Errorf("the tile-part at byte %d claims %d bytes of %d", at, n, len(b)-at)
		}
		at += int(n)
	}
	if at+2 > len(b) || binary.BigEndian.Uint16(b[at:]) != markEOC {
		return 0, fmt.Errorf("it is cut short: no end marker at byte %d of %d", at, len(b))
	}
	return at, nil
}

// unboxed finds the codestream in a JP2 file (T.800 I.4).
func unboxed(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, jp2Signature) {
		return b, nil
	}
	for rest := b; len(rest) >= 8; {
		n, head := int64(binary.BigEndian.Uint32(rest)), int64(8)
		if n == 1 && len(rest) >= 16 {
			n, head = int64(binary.BigEndian.Uint64(rest[8:])), 16
		}
		if n == 0 {
			n = int64(len(rest))
		}
		if n < head || n > int64(len(rest)) {
			return nil, fmt.Errorf("a box claims %d bytes of %d", n, len(rest))
		}
		if string(rest[4:8]) == "jp2c" {
			inner := rest[head:n]
			if !bytes.HasPrefix(inner, []byte{0xFF, 0x4F, 0xFF, 0x51}) {
				return nil, fmt.Errorf("no codestream in its box")
			}
			return inner, nil
		}
		rest = rest[n:]
	}
	return nil, fmt.Errorf("a JP2 file without a codestream")
}
