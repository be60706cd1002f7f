package dicom

import (
	"slices"
	"strings"
	"testing"
)

// The bytes are Python's codecs', with the escape sequences of PS3.3 Tables
// C.12-3 and C.12-4 put in by hand.
func TestCharset(t *testing.T) {
	for _, c := range []struct{ terms, bytes, want string }{
		{"ISO_IR 100", "\x4d\xfc\x6c\x6c\x65\x72\x5e\x5a\x6f\xeb", `Müller^Zoë`},
		{"ISO_IR 101", "\x44\x76\x6f\xf8\xe1\x6b\x5e\x4a\x69\xf8\xed", `Dvořák^Jiří`},
		{"ISO_IR 109", "\xc6\x61\x70\x65\x6c\x6f\x5e\xd8\x6f\x6a\x61", `Ĉapelo^Ĝoja`},
		{"ISO_IR 110", "\xa9\xf3\xba\x6c\x65\x5e\x4a\xe0\x6e\x69\x73", `Šķēle^Jānis`},
		{"ISO_IR 148", "\xde\x61\x68\x69\x6e\x5e\x41\xf0\x61\x6f\xf0\x6c\x75", `Şahin^Ağaoğlu`},
		{"ISO_IR 203", "\xbc\x75\x76\x72\x65\x5e\xa6\xe1\x72\x6b\x61\xa4", `Œuvre^Šárka€`},
		{"ISO_IR 144", "\xbb\xee\xda\x63\x65\xdc\xd1\x79\x70\xd3", `Люкceмбypг`},
		{"ISO_IR 127", "\xe2\xc8\xc7\xe6\xea\x5e\xe4\xe6\xd2\xc7\xd1", `قباني^لنزار`},
		{"ISO_IR 126", "\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", `Διονυσιος`},
		{"ISO_IR 138", "\xf9\xf8\xe5\xef\x5e\xe3\xe1\xe5\xf8\xe4", `שרון^דבורה`},
		{"ISO_IR 166", "\xca\xc1\xaa\xd2\xc2\x5e\xe3\xa8\xb4\xd5", `สมชาย^ใจดี`},
		{"ISO_IR 13", "\xd4\xcf\xc0\xde\x5e\xc0\xdb\xb3", `ﾔﾏﾀﾞ^ﾀﾛｳ`},
		{"ISO_IR 192", "\xe7\x8e\x8b\x5e\xe5\xb0\x8f\xe6\x9d\xb1", `王^小東`},
		{"GB18030", "\xcd\xf5\x5e\xd0\xa1\xb6\xab\x5e\x95\x32\x90\x31", `王^小东^𠂇`},
		{"GBK", "\x81\x5c\x5e\xd0\xa1\xb6\xab", `乗^小东`},
		{"ISO 2022 IR 100", "\x4d\xfc\x6c\x6c\x65\x72", `Müller`},
		{"\\ISO 2022 IR 87", "\x59\x61\x6d\x61\x64\x61\x5e\x54\x61\x72\x6f\x75\x3d\x1b\x24\x42\x3b\x33\x45\x44\x1b\x28\x42\x5e\x1b\x24\x42\x42\x40\x4f\x3a\x1b\x28\x42", `Yamada^Tarou=山田^太郎`},
		{"\\ISO 2022 IR 87\\ISO 2022 IR 159", "\x1b\x24\x42\x3b\x33\x1b\x28\x42\x1b\x24\x28\x44\x30\x21\x1b\x28\x42", `山丂`},
		{"ISO 2022 IR 13\\ISO 2022 IR 87", "\xd4\xcf\xc0\xde\x5e\xc0\xdb\xb3\x3d\x1b\x24\x42\x3b\x33\x45\x44\x1b\x28\x4a\x5e", `ﾔﾏﾀﾞ^ﾀﾛｳ=山田^`},
		{"\\ISO 2022 IR 149", "\x48\x6f\x6e\x67\x5e\x47\x69\x6c\x64\x6f\x6e\x67\x3d\x1b\x24\x29\x43\xfb\xf3\x5e\x1b\x24\x29\x43\xd1\xce\xd4\xd7", `Hong^Gildong=洪^吉洞`},
		{"\\ISO 2022 IR 58", "\x5a\x68\x61\x6e\x67\x5e\x58\x69\x61\x6f\x44\x6f\x6e\x67\x3d\x1b\x24\x29\x41\xd5\xc5\x5e\x1b\x24\x29\x41\xd0\xa1\xb6\xab\x3d", `Zhang^XiaoDong=张^小东=`},
		{"ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 126", "\xe9\x1b\x2d\x4c\xbb\xee\xda\x5e\x1b\x2d\x46\xc4\xe9\xef\x3d\xfc", `éЛюк^Διο=ü`},
	} {
		cs, unknown := newCharset(strings.Split(c.terms, `\`))
		if unknown {
			t.Errorf("%s: unknown", c.terms)
		}
		if got := cs.decode([]byte(c.bytes), true, false); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: %q, want %q", c.terms, got, c.want)
		}
	}
}

// A backslash separates values only where it is one: not as the second byte of a
// Chinese character, nor within two bytes of a Japanese one. After it the first
// sets are back (PS3.5 6.1.2.5.3).
func TestBackslash(t *testing.T) {
	for _, c := range []struct {
		terms, bytes string
		single       bool
		want         []string
	}{
		{"GBK", "\x81\x5c\\\x81\x5c", false, []string{"乗", "乗"}},
		{"GB18030", "\x81\x5ca\\b", true, []string{`乗a\b`}},
		{"ISO_IR 100", "\xe9\\\xe8", false, []string{"é", "è"}},
		{`\ISO 2022 IR 87`, "\x1b$B\x3b\x5c\x1b(B\\a", false, []string{"施", "a"}}, // 0x3B5C in JIS X 0208
		{`ISO 2022 IR 100\ISO 2022 IR 144`, "\x1b-L\xbb\\\xe9", false, []string{"Л", "é"}},
		{`ISO 2022 IR 100\ISO 2022 IR 144`, "\x1b-L\xbb\r\n\xe9", true, []string{"Л\r\né"}},
		{"ISO_IR 192", "é\\ü", false, []string{"é", "ü"}},
		{"ISO_IR 13", "\xd4\\5\\~", true, []string{"ﾔ¥5¥‾"}},
	} {
		cs, _ := newCharset(strings.Split(c.terms, `\`))
		if got := cs.decode([]byte(c.bytes), false, c.single); !slices.Equal(got, c.want) {
			t.Errorf("%s % x: %q, want %q", c.terms, c.bytes, got, c.want)
		}
	}
}

func TestCharsetTerms(t *testing.T) {
	for _, c := range []struct {
		term, bytes, want string
		unknown           bool
	}{
		{"ISO_IR 100", "\xe9", "é", false},
		{"ISO-IR 100", "\xe9", "é", false},
		{"ISO IR 100", "\xe9", "é", false},
		{"iso_ir_100", "\xe9", "é", false},
		{"ISO 8859-1", "\xe9", "é", false},
		{"ISO_IR 101", "\xe8", "č", false},
		{"ISO_IR 13", "\xc9", "ﾉ", false},
		{"ISO_IR 192", "\xe9", "\uFFFD", false},
		// ASCII by the file's word: a guess.
		{"ISO_IR 6", "\xe9", "é", false},
		{"", "\xe9", "é", false},
		{"nonsense", "\xe9", "é", true},
	} {
		cs, unknown := newCharset([]string{c.term})
		if got := cs.decode([]byte(c.bytes), false, false)[0]; got != c.want || unknown != c.unknown {
			t.Errorf("%q: %q %v", c.term, got, unknown)
		}
	}
	// Nothing said, and UTF-8 all the same.
	if got := standard.decode([]byte("Müller"), true, false)[0]; got != "Müller" {
		t.Error(got)
	}
}

// Whatever the bytes, text is valid UTF-8 and nothing fails.
func FuzzCharset(f *testing.F) {
	f.Add(`\ISO 2022 IR 87`, []byte("\x1b$B\x3b"), true)
	f.Add("GB18030", []byte("\x81\x30\x81"), false)
	f.Fuzz(func(t *testing.T, terms string, b []byte, single bool) {
		cs, _ := newCharset(strings.Split(terms, `\`))
		for _, s := range cs.decode(b, true, single) {
			if !isASCII(b) && strings.ToValidUTF8(s, "") != s {
				t.Errorf("%q of %q % x", s, terms, b)
			}
		}
	})
}
