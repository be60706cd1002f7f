package dicom

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// charset is a Specific Character Set (PS3.3 C.12.1.1.2): either one encoding
// for everything, or coded sets in the two halves of a byte's range, G0 (below
// 128) and G1 (above), between which escape sequences switch (ISO/IEC 2022,
// PS3.5 6.1).
type charset struct {
	whole  encoding.Encoding // UTF-8 (nil with utf8), GB18030, GBK
	utf8   bool
	g0, g1 *codedSet // at a value's beginning
	guess  bool      // the file says ASCII, or nothing: bytes above 127 are a guess
}

// codedSet is one of the sets that an escape sequence calls into G0 or G1.
type codedSet struct {
	bytes int // a character
	table encoding.Encoding
	// prefix and high turn a character's bytes into what table decodes: the
	// sets of Japan are parts of EUC-JP, and all EUC tables want the high bits.
	prefix []byte
	high   bool
}

var (
	ascii    = &codedSet{bytes: 1}
	romaji   = &codedSet{bytes: 1} // ISO-IR 14: ASCII but for ¥ and ‾
	katakana = &codedSet{bytes: 1, table: japanese.EUCJP, prefix: []byte{0x8E}}
	jis0208  = &codedSet{bytes: 2, table: japanese.EUCJP, high: true}
	jis0212  = &codedSet{bytes: 2, table: japanese.EUCJP, prefix: []byte{0x8F}, high: true}
	ksx1001  = &codedSet{bytes: 2, table: korean.EUCKR, high: true}
	gb2312   = &codedSet{bytes: 2, table: simplifiedchinese.GBK, high: true}
	latin1   = &codedSet{bytes: 1, table: charmap.ISO8859_1}
)

// escapes are the sequences after ESC (PS3.3 Tables C.12-3 and C.12-4), and
// where each puts its set.
var escapes = []struct {
	seq string
	g   int
	set *codedSet
}{
	{"(B", 0, ascii},
	{"(J", 0, romaji},
	{")I", 1, katakana},
	{"-A", 1, latin1},
	{"-B", 1, &codedSet{bytes: 1, table: charmap.ISO8859_2}},
	{"-C", 1, &codedSet{bytes: 1, table: charmap.ISO8859_3}},
	{"-D", 1, &codedSet{bytes: 1, table: charmap.ISO8859_4}},
	{"-L", 1, &codedSet{bytes: 1, table: charmap.ISO8859_5}},
	{"-G", 1, &codedSet{bytes: 1, table: charmap.ISO8859_6}},
	{"-F", 1, &codedSet{bytes: 1, table: charmap.ISO8859_7}},
	{"-H", 1, &codedSet{bytes: 1, table: charmap.ISO8859_8}},
	{"-M", 1, &codedSet{bytes: 1, table: charmap.ISO8859_9}},
	{"-b", 1, &codedSet{bytes: 1, table: charmap.ISO8859_15}},
	{"-T", 1, &codedSet{bytes: 1, table: charmap.Windows874}}, // TIS 620 and a few more
	{"$B", 0, jis0208},
	{"$@", 0, jis0208}, // its edition of 1978
	{"$(D", 0, jis0212},
	{"$)C", 1, ksx1001},
	{"$)A", 1, gb2312},
}

// byNumber says what the ISO registration's number in a defined term means for
// the first value: the escape sequences whose sets are there from the start.
var byNumber = map[string][]string{
	"6": {"(B"}, "100": {"-A"}, "101": {"-B"}, "109": {"-C"}, "110": {"-D"}, "144": {"-L"}, "127": {"-G"}, "126": {"-F"}, "138": {"-H"},
	"148": {"-M"}, "203": {"-b"}, "166": {"-T"}, "13": {"(J", ")I"}, "14": {"(J"}, "149": {"$)C"}, "58": {"$)A"},
	// These are called by their escape sequences only, also as a first value.
	"87": {"(B"}, "159": {"(B"},
}

// newCharset takes (0008,0005)'s values. unknown is true where one is no defined
// term, nor an obvious misspelling of one.
func newCharset(terms []string) (cs *charset, unknown bool) {
	cs = &charset{g0: ascii, guess: true}
	for i, term := range terms {
		t := strings.ToUpper(strings.NewReplacer("_", "", "-", "", " ", "").Replace(term))
		switch t {
		case "":
			continue
		case "ISOIR192", "ISO2022IR192", "UTF8":
			return &charset{utf8: true, g0: ascii}, unknown
		case "GB18030":
			return &charset{whole: simplifiedchinese.GB18030, g0: ascii}, unknown
		case "GBK", "ISO2022GBK":
			return &charset{whole: simplifiedchinese.GBK, g0: ascii}, unknown
		}
		for _, p := range []string{"ISO2022IR", "ISO2022", "ISOIR", "ISO", "IR"} {
			if n, ok := strings.CutPrefix(t, p); ok {
				t = n
				break
			}
		}
		if t == "88591" || t == "LATIN1" {
			t = "100"
		}
		sets, ok := byNumber[t]
		if !ok {
			unknown = true
			continue
		}
		if t != "6" {
			cs.guess = false
		}
		if i > 0 {
			continue // sets beyond the first are there after their escape sequence
		}
		for _, s := range sets {
			cs.call(s, &cs.g0, &cs.g1)
		}
	}
	return cs, unknown
}

func (cs *charset) call(seq string, g0, g1 **codedSet) (n int) {
	for _, e := range escapes {
		if strings.HasPrefix(seq, e.seq) {
			if e.g == 0 {
				*g0 = e.set
			} else {
				*g1 = e.set
			}
			return len(e.seq)
		}
	}
	return 0
}

// repertoire is the character set of a data set: its own, or that of what it is
// an item of.
func (d *DataSet) repertoire() *charset {
	for ; d != nil; d = d.parent {
		if d.charset != nil {
			return d.charset
		}
	}
	return standard
}

var standard = &charset{g0: ascii, guess: true}

// decode turns a value into text, split at backslashes where it is not single.
// A byte without meaning becomes U+FFFD.
func (cs *charset) decode(b []byte, name, single bool) []string {
	if isASCII(b) {
		if single {
			return []string{string(b)}
		}
		return strings.Split(string(b), `\`)
	}
	switch {
	case cs.utf8, cs.guess && utf8.Valid(b) && !hasEscape(b):
		s := strings.ToValidUTF8(string(b), "\uFFFD")
		if single {
			return []string{s}
		}
		return strings.Split(s, `\`)
	case cs.whole != nil:
		return cs.decodeWhole(b, single)
	}
	return cs.decode2022(b, name, single)
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 || c == 0x1B {
			return false
		}
	}
	return true
}

func hasEscape(b []byte) bool { return strings.IndexByte(string(b), 0x1B) >= 0 }

// decodeWhole keeps backslashes that are the second byte of a Chinese character
// from splitting the value.
func (cs *charset) decodeWhole(b []byte, single bool) []string {
	var out []string
	from := 0
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] > 0x80 && b[i] < 0xFF:
			i++ // the second of two; of four, the third is above 0x80 again
		case b[i] == '\\' && !single:
			out = append(out, text(cs.whole, b[from:i]))
			from = i + 1
		}
	}
	return append(out, text(cs.whole, b[from:]))
}

func text(e encoding.Encoding, b []byte) string {
	s, err := e.NewDecoder().Bytes(b)
	if err != nil {
		return strings.ToValidUTF8(string(b), "\uFFFD")
	}
	return string(s)
}

// decode2022 follows the escape sequences. A value's end, a line's end and, in a
// name, ^ and = call the first sets back (PS3.5 6.1.2.5.3).
func (cs *charset) decode2022(b []byte, name, single bool) []string {
	var out []string
	var s strings.Builder
	g0, g1 := cs.g0, cs.g1
	if g1 == nil && cs.guess {
		g1 = latin1
	}
	first := g1
	for i := 0; i < len(b); {
		c := b[i]
		if c == 0x1B {
			n := cs.call(string(b[i+1:min(i+4, len(b))]), &g0, &g1)
			if n == 0 {
				s.WriteRune(utf8.RuneError)
			}
			i += 1 + n
			continue
		}
		set := g0
		if c >= 0x80 {
			set = g1
		}
		if c < 0x80 && (g0.bytes == 1 || c <= 0x20 || c == 0x7F) {
			switch {
			case c == '\\' && !single:
				out = append(out, s.String())
				s.Reset()
				g0, g1 = cs.g0, first
			default:
				if c == '\n' || c == '\f' || c == '\r' || c == '\t' || name && (c == '^' || c == '=') {
					g0, g1 = cs.g0, first
				}
				s.WriteString(g0.low(c))
			}
			i++
			continue
		}
		if set == nil {
			s.WriteRune(utf8.RuneError)
			i++
			continue
		}
		n := min(set.bytes, len(b)-i)
		s.WriteString(set.char(b[i : i+n]))
		i += n
	}
	return append(out, s.String())
}

// low is a single byte of G0.
func (c *codedSet) low(b byte) string {
	if c == romaji && b == '\\' {
		return "¥"
	}
	if c == romaji && b == '~' {
		return "‾"
	}
	return string(rune(b))
}

// char is one character of the set.
func (c *codedSet) char(b []byte) string {
	if len(b) < c.bytes || c.table == nil {
		return "\uFFFD"
	}
	raw := append([]byte{}, c.prefix...)
	for _, x := range b {
		if c.high {
			x |= 0x80
		}
		raw = append(raw, x)
	}
	return text(c.table, raw)
}
