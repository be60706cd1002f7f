package dicom

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// limits of one value by VR (PS3.5 table 6.2-1): characters, and what they may be.
var limits = map[string]struct {
	most int
	form *regexp.Regexp
}{
	"AE": {16, nil},
	"AS": {4, regexp.MustCompile(`^\d{3}[DWMY]$`)},
	"CS": {16, regexp.MustCompile(`^[A-Z0-9 _]*$`)},
	"DA": {8, regexp.MustCompile(`^\d{8}$`)},
	"DS": {16, regexp.MustCompile(`^ *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? *$`)},
	"DT": {26, regexp.MustCompile(`^\d{4}(\d{2}){0,5}(\.\d{1,6})?([+-]\d{4})?$`)},
	"IS": {12, regexp.MustCompile(`^ *[+-]?\d+ *$`)},
	"LO": {64, nil},
	"LT": {10240, nil},
	"PN": {3*64 + 2, nil},
	"SH": {16, nil},
	"ST": {1024, nil},
	"TM": {14, regexp.MustCompile(`^\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?$`)},
	"UI": {64, regexp.MustCompile(`^(0|[1-9]\d*)(\.(0|[1-9]\d*))*$`)},
}

// oneValue are the textual VRs in which \ is no separator.
func oneValue(vr string) bool { return strings.Contains("LT ST UT UR", vr) }

// unicodeSet is the character set that text outside ASCII is written in (PS3.3
// C.12.1.1.2).
const unicodeSet = "ISO_IR 192"

// Check says what of the set breaks the standard's rules of encoding: a VR that is
// not the dictionary's, a value too long or of another form than its VR has, a
// private element without its creator, text outside ASCII where Specific Character
// Set is not ISO_IR 192. It does not know which elements an object needs.
func (s *Set) Check() error {
	return s.check(s.Text(SpecificCharacterSet) == unicodeSet)
}

func (s *Set) check(unicode bool) error {
	for _, e := range s.Elements {
		if err := e.check(s, unicode); err != nil {
			name := e.Tag.String()
			if k := e.Tag.Keyword(); k != "" {
				name += " " + k
			}
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (e Element) check(s *Set, unicode bool) error {
	v := vrOf(e.VR)
	if !v.known() {
		return fmt.Errorf("VR %q", e.VR)
	}
	if want := e.Tag.dictVR(); want != vrUN && want != v && !(want == vrXS && (v == vrUS || v == vrSS)) && !(want == vrOW && (v == vrOB || v == vrUS || v == vrSS)) {
		return fmt.Errorf("VR %s, the dictionary has %s", e.VR, want)
	}
	if n := e.Tag.Element(); e.Tag.Private() && n >= 0x1000 && s.Get(e.Tag&0xFFFF0000|Tag(n>>8)) == nil {
		return fmt.Errorf("a private element without its creator")
	}
	switch x := e.Value.(type) {
	case []*Set:
		if v != vrSQ {
			return fmt.Errorf("items in a VR %s", e.VR)
		}
		for _, item := range x {
			if err := item.check(unicode); err != nil {
				return err
			}
		}
	case []any:
		if v.width() > 0 {
			for _, y := range x {
				_, isTag := y.(Tag)
				if _, ok := asNumber(y); !ok && !(isTag && v == vrAT) {
					return fmt.Errorf("%T where %s has numbers", y, e.VR)
				}
			}
			return nil
		}
		for _, y := range x {
			if err := checkText(e.VR, asText(y), unicode); err != nil {
				return err
			}
		}
	case []byte:
		if len(x)%2 == 1 {
			return fmt.Errorf("%d bytes: an even number is needed", len(x))
		}
	}
	return nil
}

// checkText never shows the value: it may be somebody's name.
func checkText(vr, value string, unicode bool) error {
	if !utf8.ValidString(value) {
		return fmt.Errorf("text that is no UTF-8")
	}
	for _, r := range value {
		switch {
		case r > 126 && !unicode:
			return fmt.Errorf("text outside ASCII; Specific Character Set must be %s", unicodeSet)
		case r == '\\' && !oneValue(vr):
			return fmt.Errorf("a backslash in one value")
		case r < ' ' && !(oneValue(vr) && (r == '\n' || r == '\r' || r == '\t' || r == '\f')):
			return fmt.Errorf("a control character")
		}
	}
	l, limited := limits[vr]
	if !limited || value == "" {
		return nil
	}
	if n := utf8.RuneCountInString(value); n > l.most {
		return fmt.Errorf("%d characters, %s has at most %d", n, vr, l.most)
	}
	if l.form != nil && !l.form.MatchString(value) {
		return fmt.Errorf("not of the form of %s", vr)
	}
	return nil
}
