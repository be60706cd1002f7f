package gdcm

import (
	"encoding/binary"
	"strings"
)

// RGB says whether colours of this photometric interpretation come out of a
// Decoder as RGB: those of YBR_FULL and YBR_FULL_422, with chroma brought to the
// resolution of luma, and of JPEG 2000's own transforms. Everything else comes out
// as it is: grey as grey, PALETTE COLOR as indices.
func RGB(photometric string) bool { return strings.HasPrefix(photometric, "YBR") }

// isYBR says whether a frame's decoded samples are luma and chroma. A lossy
// JPEG's own marks come before the header, which converters often leave as it was
// before or after compression; a lossless one often has JFIF's mark without
// meaning it.
func (f Frame) isYBR(c codestream) bool {
	if f.Samples != 3 || f.Allocated != 8 {
		return false
	}
	if c.lossy && c.color != unmarked {
		return c.color == markedYBR
	}
	return !c.mct && (f.Photometric == "YBR_FULL" || f.Photometric == "YBR_FULL_422")
}

// toRGB converts interleaved 8-bit YBR_FULL in place, by the inverse of PS3.3
// C.7.6.3.1.2 (ITU-T T.871 7), rounded, in 16-bit fixed point.
func toRGB(p []byte) {
	const half = 1 << 15
	for i := 0; i+2 < len(p); i += 3 {
		y, b, r := int(p[i])<<16, int(p[i+1])-128, int(p[i+2])-128
		p[i] = clamp8((y + 91881*r + half) >> 16)
		p[i+1] = clamp8((y - 22554*b - 46802*r + half) >> 16)
		p[i+2] = clamp8((y + 116130*b + half) >> 16)
	}
}

func clamp8(v int) byte { return byte(max(0, min(255, v))) }

// saturate brings samples that do not fit into Bits Stored to the nearest that
// does: lossy codestreams overshoot, and who cuts off the high bits would turn
// white into black. Signed samples of a codestream that knows no sign are left: their
// high bits may be sign or nothing.
func (f Frame) saturate(p []byte, c codestream) {
	if c.precision <= f.Stored || f.Signed && !c.signed {
		return
	}
	low, high := int64(0), int64(1)<<f.Stored-1
	if f.Signed {
		low, high = -(int64(1) << (f.Stored - 1)), int64(1)<<(f.Stored-1)-1
	}
	switch f.Allocated {
	case 8:
		for i, b := range p {
			v := int64(b)
			if f.Signed {
				v = int64(int8(b))
			}
			p[i] = byte(max(low, min(high, v)))
		}
	case 16:
		for i := 0; i+1 < len(p); i += 2 {
			v := int64(binary.LittleEndian.Uint16(p[i:]))
			if f.Signed {
				v = int64(int16(v))
			}
			if v < low || v > high {
				binary.LittleEndian.PutUint16(p[i:], uint16(max(low, min(high, v))))
			}
		}
	case 32:
		for i := 0; i+3 < len(p); i += 4 {
			v := int64(binary.LittleEndian.Uint32(p[i:]))
			if f.Signed {
				v = int64(int32(v))
			}
			if v < low || v > high {
				binary.LittleEndian.PutUint32(p[i:], uint32(max(low, min(high, v))))
			}
		}
	}
}
