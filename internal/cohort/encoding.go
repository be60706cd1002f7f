package cohort

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"

	"magn/internal/fault"
)

const sayEncoding = "say the file's encoding (encoding: gb18030, windows-1252, big5, …), or save it as UTF-8"

// decodeText is the text of a file and a line that says how it was read. name is
// an encoding as the WHATWG standard calls it, "" to tell it from the bytes:
//
//  1. a byte-order mark: UTF-8 or UTF-16;
//  2. valid UTF-8;
//  3. valid GB18030 of which at least half are the two-byte characters of
//     GB 2312 (both bytes from A1 on), one alone after an ASCII letter not
//     counted. Valid alone would not do: "Müller" and "Größe" in Windows-1252
//     are valid GB18030 too, as M黮ler and Gr鲞e;
//  4. Windows-1252, where none of its five unassigned bytes is in the file.
//
// UTF-8 with a few broken bytes is refused and not read as something else.
func decodeText(file string, data []byte, name string) (text, note string, err error) {
	bad := func(found, expected, do string) (string, string, error) {
		return "", "", &fault.Input{File: file, Field: "encoding", Found: found, Expected: expected, Do: do}
	}
	if name != "" {
		e, err := htmlindex.Get(name)
		if err != nil {
			return bad(fmt.Sprintf("%q", name), "an encoding such as utf-8, gb18030, windows-1252 or utf-16le", "")
		}
		b, err := e.NewDecoder().Bytes(data)
		if err != nil {
			return bad("bytes that are not "+name, "", sayEncoding)
		}
		text, note = strings.TrimPrefix(string(b), "\ufeff"), "encoding: "+name+", as told"
		if at := strings.IndexRune(text, utf8.RuneError); at >= 0 {
			return bad(fmt.Sprintf("bytes that are not %s in line %d", name, lineOf(text, at)), "", sayEncoding)
		}
		return plainText(file, text, note)
	}
	switch {
	case hasPrefix(data, 0xef, 0xbb, 0xbf):
		data = data[3:]
		if !utf8.Valid(data) {
			return bad(fmt.Sprintf("a byte-order mark of UTF-8 and other bytes in line %d", firstBad(data)), "UTF-8", sayEncoding)
		}
		return plainText(file, string(data), "encoding: UTF-8, by its byte-order mark")
	case hasPrefix(data, 0xff, 0xfe, 0, 0), hasPrefix(data, 0, 0, 0xfe, 0xff):
		return bad("UTF-32", "UTF-8, UTF-16 or GB18030", "save it as UTF-8")
	case hasPrefix(data, 0xff, 0xfe):
		return decodeUTF16(file, data[2:], binary.LittleEndian, "encoding: UTF-16, little-endian, by its byte-order mark")
	case hasPrefix(data, 0xfe, 0xff):
		return decodeUTF16(file, data[2:], binary.BigEndian, "encoding: UTF-16, big-endian, by its byte-order mark")
	case utf8.Valid(data):
		return plainText(file, string(data), "encoding: UTF-8")
	}
	if whole, broken := utf8Share(data); whole >= 9*broken {
		return bad(fmt.Sprintf("UTF-8 with a damaged character in line %d", firstBad(data)), "UTF-8", "mend that line; or "+sayEncoding)
	}
	if pairs, odd, ok := gbShare(data); ok && pairs >= odd {
		b, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
		if err == nil && !strings.ContainsRune(string(b), utf8.RuneError) {
			return plainText(file, string(b), fmt.Sprintf("encoding: GB18030 (not UTF-8; %d characters of two or four bytes)", pairs+odd))
		}
	}
	if strings.ContainsAny(string(latin1(data)), "\u0081\u008d\u008f\u0090\u009d") {
		return bad("neither UTF-8 nor GB18030 nor Windows-1252", "", sayEncoding)
	}
	b, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return bad("neither UTF-8 nor GB18030 nor Windows-1252", "", sayEncoding)
	}
	return plainText(file, string(b), "encoding: Windows-1252, since it is neither UTF-8 nor GB18030: look at names and accents")
}

// plainText refuses what is no text at all and counts what an earlier
// conversion destroyed.
func plainText(file, text, note string) (string, string, error) {
	if at := strings.IndexByte(text, 0); at >= 0 {
		return "", "", &fault.Input{
			File: file, Field: "encoding", Found: fmt.Sprintf("a NUL character in line %d", lineOf(text, at)),
			Expected: "a CSV file in UTF-8, in GB18030 or in UTF-16 with a byte-order mark, or an xlsx file", Do: sayEncoding,
		}
	}
	if n := strings.Count(text, string(utf8.RuneError)); n > 0 {
		note += fmt.Sprintf("; %d characters were lost in an earlier conversion (U+FFFD)", n)
	}
	return text, note, nil
}

func decodeUTF16(file string, data []byte, order binary.ByteOrder, note string) (string, string, error) {
	units := make([]uint16, len(data)/2)
	lost := 0
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
		if units[i] == utf8.RuneError {
			lost++
		}
	}
	text := string(utf16.Decode(units))
	if len(data)%2 != 0 || strings.Count(text, string(utf8.RuneError)) > lost {
		return "", "", &fault.Input{File: file, Field: "encoding", Found: "half a UTF-16 character", Expected: "UTF-16", Do: "save it anew as UTF-8"}
	}
	return plainText(file, text, note)
}

func hasPrefix(data []byte, mark ...byte) bool {
	return strings.HasPrefix(string(data[:min(len(data), 4)]), string(mark))
}

// lineOf is the line, from 1, of a byte of a text.
func lineOf(text string, at int) int { return 1 + strings.Count(text[:at], "\n") }

// firstBad is the line, from 1, of the first byte that is not UTF-8.
func firstBad(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			return line
		}
		if r == '\n' {
			line++
		}
		data = data[n:]
	}
	return line
}

// utf8Share counts bytes outside ASCII that are part of valid UTF-8, and others.
func utf8Share(data []byte) (whole, broken int) {
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		switch {
		case n > 1:
			whole += n
		case r == utf8.RuneError:
			broken++
		}
		data = data[n:]
	}
	return whole, broken
}

// gbShare counts the characters of GB 2312 and the other characters outside
// ASCII, by the ranges of GB 18030-2005; ok is false where bytes fit neither. A
// single character right after an ASCII letter counts among the others: it is
// two accented letters of a European word more often than a word of Chinese.
func gbShare(data []byte) (pairs, odd int, ok bool) {
	in := func(i int, lo, hi byte) bool { return i >= 0 && i < len(data) && data[i] >= lo && data[i] <= hi }
	for i := 0; i < len(data); {
		switch {
		case data[i] < 0x80:
			i++
		case in(i, 0xa1, 0xf7) && in(i+1, 0xa1, 0xfe):
			if (in(i-1, 'a', 'z') || in(i-1, 'A', 'Z')) && !in(i+2, 0x80, 0xff) {
				odd++
			} else {
				pairs++
			}
			i += 2
		case in(i, 0x81, 0xfe) && (in(i+1, 0x40, 0x7e) || in(i+1, 0x80, 0xfe)):
			odd++
			i += 2
		case in(i, 0x81, 0xfe) && in(i+1, 0x30, 0x39) && in(i+2, 0x81, 0xfe) && in(i+3, 0x30, 0x39):
			odd++
			i += 4
		default:
			return pairs, odd, false
		}
	}
	return pairs, odd, true
}

// latin1 is each byte as the character of that number.
func latin1(data []byte) []rune {
	out := make([]rune, 0, 64)
	seen := [256]bool{}
	for _, b := range data {
		if !seen[b] {
			seen[b] = true
			out = append(out, rune(b))
		}
	}
	return out
}
