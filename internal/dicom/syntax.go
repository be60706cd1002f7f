package dicom

import (
	"encoding/binary"
	"strings"
)

// Transfer syntaxes whose data set is not explicit VR little endian, which is
// what all compressed ones are (PS3.5 A.4), or whose pixel data are not
// encapsulated.
const (
	ImplicitLittle = "1.2.840.10008.1.2"
	ExplicitLittle = "1.2.840.10008.1.2.1"
	Deflated       = "1.2.840.10008.1.2.1.99"
	ExplicitBig    = "1.2.840.10008.1.2.2"
	// GEBigPixels is GE's own: implicit VR little endian whose pixel data alone
	// are big endian.
	GEBigPixels = "1.2.840.113619.5.2"
)

// Transfer syntaxes that are told from a codestream.
const (
	rle      = "1.2.840.10008.1.2.5"
	jpegBase = "1.2.840.10008.1.2.4.50"
	jpegExt  = "1.2.840.10008.1.2.4.51"
	jpegLoss = "1.2.840.10008.1.2.4.57"
	jpegSV1  = "1.2.840.10008.1.2.4.70"
	jpegLS   = "1.2.840.10008.1.2.4.81"
	jpeg2000 = "1.2.840.10008.1.2.4.91"
)

// syntax is how elements stand in a data set.
type syntax struct {
	explicit bool
	big      bool
}

func (e syntax) order() binary.ByteOrder {
	if e.big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func (e syntax) String() string {
	s := "implicit VR "
	if e.explicit {
		s = "explicit VR "
	}
	if e.big {
		return s + "big endian"
	}
	return s + "little endian"
}

func syntaxOf(uid string) syntax {
	switch uid {
	case ImplicitLittle, GEBigPixels:
		return syntax{}
	case ExplicitBig:
		return syntax{explicit: true, big: true}
	}
	return syntax{explicit: true}
}

// uidOf is the uncompressed transfer syntax of an encoding.
func uidOf(e syntax) string {
	switch {
	case !e.explicit:
		return ImplicitLittle
	case e.big:
		return ExplicitBig
	}
	return ExplicitLittle
}

// compressed says whether pixel data of that transfer syntax are encapsulated.
func compressed(uid string) bool {
	switch uid {
	case ImplicitLittle, ExplicitLittle, Deflated, ExplicitBig, GEBigPixels, "":
		return false
	}
	return true
}

// knownSyntax says whether the UID is of the standard's transfer syntaxes, or
// GE's.
func knownSyntax(uid string) bool {
	return uid == GEBigPixels || uid == ImplicitLittle || strings.HasPrefix(uid, ImplicitLittle+".")
}

// plausible walks over the first elements from off on and says whether they
// make sense in syntax e: tags that ascend, VRs that exist and agree with the
// dictionary's, lengths that fit; and the first one in the dictionary, where
// meta information has not told that this is a DICOM file. It is the check of a
// transfer syntax's claim, and the guess where there is none.
func plausible(s *source, off, end int64, e syntax, told bool) bool {
	if off >= end {
		return false
	}
	last := Tag(0)
	for n := range 6 {
		if off == end {
			return true
		}
		h, err := readHeader(s, off, end, e, true)
		if err != nil || n > 0 && h.tag <= last {
			return false
		}
		if n == 0 {
			if _, ok := h.tag.find(); !ok && !told && h.tag.Element() != 0 || h.tag.Group() == 0 || h.tag.Group() > 0x7FE0 {
				return false
			}
		}
		if _, ok := h.tag.find(); !e.explicit && !ok && !h.tag.Private() && h.tag.Element() != 0 {
			return false
		}
		if h.undefined() {
			switch {
			case e.explicit && !(h.vr == vrSQ || h.vr == vrUN || h.vr == vrOB || h.vr == vrOW):
				return false
			case h.tag == PixelData:
				return true
			}
			b, err := s.at(h.value, int(min(8, end-h.value)))
			return err == nil && len(b) == 8 && isItem(tagAt(b, e.order()))
		}
		if !h.agrees() || int64(h.length) > end-h.value {
			// Pixel data that were cut off are no reason to doubt the encoding.
			return n > 0 && h.tag == PixelData && h.agrees()
		}
		last, off = h.tag, h.value+int64(h.length)
	}
	return true
}

// agrees says whether VR and length are what the dictionary has for the tag:
// a guess at the wrong encoding hardly ever passes.
func (h header) agrees() bool {
	if h.tag.Element() == 0 {
		return h.length == 4
	}
	if h.tag.Private() {
		return true
	}
	i, ok := h.tag.find()
	if !ok {
		return true
	}
	if h.vr == vrUN || h.vr == vrXS {
		return true
	}
	for _, v := range i.VRs {
		if vrOf(v) == h.vr || v == "OB" || v == "OW" {
			return true
		}
	}
	// Text kinds are mixed up often enough.
	return h.vr.width() == 0 && vrOf(i.VRs[0]).width() == 0
}
