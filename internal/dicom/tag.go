package dicom

import (
	"fmt"
	"slices"

	"github.com/suyashkumar/dicom/pkg/tag"
)

// Tag names an element: group and element number, 0xGGGGEEEE.
type Tag uint32

// String is the tag as the standard prints it, (0028,0010).
func (t Tag) String() string { return fmt.Sprintf("(%04x,%04x)", t.Group(), t.Element()) }

// Group is the first half of the tag.
func (t Tag) Group() uint16 { return uint16(t >> 16) }

// Element is the second half of the tag.
func (t Tag) Element() uint16 { return uint16(t) }

// Private says whether the tag is a vendor's own: an odd group (PS3.5 7.8).
func (t Tag) Private() bool { return t>>16&1 == 1 }

// Keyword is the dictionary's word for the tag (PS3.6), such as Rows; "" for
// one that it does not have.
func (t Tag) Keyword() string {
	i, ok := t.find()
	if !ok {
		return ""
	}
	return i.Keyword
}

// find looks the tag up in the dictionary. Groups 50xx and 60xx repeat (PS3.5
// 7.6).
func (t Tag) find() (tag.Info, bool) {
	if t.Private() {
		return tag.Info{}, false
	}
	g := t.Group()
	if g&0xFF00 == 0x5000 || g&0xFF00 == 0x6000 {
		g &= 0xFF00
	}
	i, err := tag.Find(tag.Tag{Group: g, Element: t.Element()})
	return i, err == nil
}

// dictVR is the tag's VR where a file does not say it (PS3.5 A.1): vrUN for an
// unknown tag.
func (t Tag) dictVR() vr {
	if t.Private() {
		if e := t.Element(); e >= 0x10 && e <= 0xFF {
			return vrLO // private creator, PS3.5 7.8.1
		} else if e == 0 {
			return vrUL
		}
		return vrUN
	}
	i, ok := t.find()
	if !ok || len(i.VRs) == 0 {
		return vrUN
	}
	switch {
	case len(i.VRs) == 1:
		return vrOf(i.VRs[0])
	case i.VRs[0] == "US" && i.VRs[1] == "SS":
		return vrXS
	}
	return vrOW
}

// vr is a value representation, its two letters as one number.
type vr uint16

func vrOf(s string) vr {
	if len(s) != 2 {
		return vrUN
	}
	return vr(s[0])<<8 | vr(s[1])
}

func (v vr) String() string {
	if v == vrXS {
		return "US"
	}
	return string([]byte{byte(v >> 8), byte(v)})
}

// The VRs of PS3.5 6.2, and vrXS for "US or SS", which the pixel representation
// decides.
const (
	vrAE vr = 'A'<<8 | 'E'
	vrAS vr = 'A'<<8 | 'S'
	vrAT vr = 'A'<<8 | 'T'
	vrCS vr = 'C'<<8 | 'S'
	vrDA vr = 'D'<<8 | 'A'
	vrDS vr = 'D'<<8 | 'S'
	vrDT vr = 'D'<<8 | 'T'
	vrFD vr = 'F'<<8 | 'D'
	vrFL vr = 'F'<<8 | 'L'
	vrIS vr = 'I'<<8 | 'S'
	vrLO vr = 'L'<<8 | 'O'
	vrLT vr = 'L'<<8 | 'T'
	vrOB vr = 'O'<<8 | 'B'
	vrOD vr = 'O'<<8 | 'D'
	vrOF vr = 'O'<<8 | 'F'
	vrOL vr = 'O'<<8 | 'L'
	vrOV vr = 'O'<<8 | 'V'
	vrOW vr = 'O'<<8 | 'W'
	vrPN vr = 'P'<<8 | 'N'
	vrSH vr = 'S'<<8 | 'H'
	vrSL vr = 'S'<<8 | 'L'
	vrSQ vr = 'S'<<8 | 'Q'
	vrSS vr = 'S'<<8 | 'S'
	vrST vr = 'S'<<8 | 'T'
	vrSV vr = 'S'<<8 | 'V'
	vrTM vr = 'T'<<8 | 'M'
	vrUC vr = 'U'<<8 | 'C'
	vrUI vr = 'U'<<8 | 'I'
	vrUL vr = 'U'<<8 | 'L'
	vrUN vr = 'U'<<8 | 'N'
	vrUR vr = 'U'<<8 | 'R'
	vrUS vr = 'U'<<8 | 'S'
	vrUT vr = 'U'<<8 | 'T'
	vrUV vr = 'U'<<8 | 'V'
	vrXS vr = 'x'<<8 | 's'
)

// longVRs have two reserved bytes and a length of four in explicit VR (PS3.5
// 7.1.2).
var longVRs = []vr{vrOB, vrOD, vrOF, vrOL, vrOV, vrOW, vrSQ, vrSV, vrUC, vrUN, vrUR, vrUT, vrUV}

var shortVRs = []vr{
	vrAE, vrAS, vrAT, vrCS, vrDA, vrDS, vrDT, vrFD, vrFL, vrIS, vrLO, vrLT,
	vrPN, vrSH, vrSL, vrSS, vrST, vrTM, vrUI, vrUL, vrUS,
}

func (v vr) long() bool  { return slices.Contains(longVRs, v) }
func (v vr) known() bool { return slices.Contains(shortVRs, v) || v.long() }

// width is the number of bytes of one value of a binary VR, 0 for text.
func (v vr) width() int {
	switch v {
	case vrUS, vrSS, vrXS, vrOW:
		return 2
	case vrUL, vrSL, vrFL, vrAT, vrOF, vrOL:
		return 4
	case vrFD, vrOD, vrSV, vrUV, vrOV:
		return 8
	case vrOB, vrUN:
		return 1
	}
	return 0
}
