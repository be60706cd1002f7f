package cohort

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// What spreadsheet programs do to patient ids, and what is left of it to see. An
// id that has lost digits may be another patient's, so none is repaired.
var (
	scientific = regexp.MustCompile(`^[+-]?\d([.,]\d+)?[eE]\+?\d+$`)
	madeFloat  = regexp.MustCompile(`^\d+[.,]0+$`)
	fraction   = regexp.MustCompile(`^-?\d+\.\d+$`)
	grouped    = regexp.MustCompile(`^\d{1,3}([,']\d{3})+$`)
	madeDate   = regexp.MustCompile(`(?i)^(\d{1,2}-(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{2}|\d{1,2}月\d{1,2}日)$`)
	digits     = regexp.MustCompile(`^\d+$`)
)

// idDamage says what was done to an id, "" where nothing is seen. It never shows
// the id. Text cells of a spreadsheet are believed but for exponents: somebody
// typed them.
func idDamage(c cell) string {
	s := c.text
	switch {
	case c.kind == dateKind:
		return "a date: a spreadsheet program took the id for one"
	case c.kind == formulaKind:
		return "a formula"
	case c.kind == errorKind:
		return "an error of the spreadsheet"
	case scientific.MatchString(s) && strings.ContainsAny(s, "+.,"):
		return "a number in scientific notation: a spreadsheet program dropped digits of the id"
	case strings.ContainsRune(s, '\uFFFD'):
		return "a character lost in an earlier conversion"
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "a line break or another control character"
	case len(s) > 128:
		return "more than 128 characters"
	case c.kind == textKind:
		return ""
	case madeFloat.MatchString(s):
		return "a number with a decimal point: a program took the id for a measurement, and leading zeros may be lost"
	case c.kind == numberKind && fraction.MatchString(s), c.kind == numberKind && strings.HasPrefix(s, "-"):
		return "a number that is no id"
	case c.kind == looseKind && grouped.MatchString(s):
		return "a number with separators of thousands"
	case madeDate.MatchString(s):
		return "a date: a spreadsheet program took the id for one"
	case !digits.MatchString(s):
		return ""
	}
	switch zeros := len(s) - len(strings.TrimRight(s, "0")); {
	case c.kind == numberKind && len(s) > 15:
		return fmt.Sprintf("a number of %d digits, of which a spreadsheet keeps 15", len(s))
	case len(s) >= 17 && zeros >= len(s)-15:
		return fmt.Sprintf("%d digits with zeros after the fifteenth: a spreadsheet program dropped the others", len(s))
	case len(s) >= 12 && len(s)-zeros <= 6:
		// 1.23457E+11 of a CSV, opened and saved once more.
		return fmt.Sprintf("%d digits with zeros after the sixth: a spreadsheet program rounded the id", len(s))
	}
	return ""
}

// zerosLost finds the numbers in a column of ids that lack leading zeros which
// their neighbours have: all ids that begin with 0 are of one length, no all-digit
// id is longer, and these are shorter. It returns that length, 0 where nothing
// is wrong, and which cells.
func zerosLost(ids []cell) (length int, lost []int) {
	longest := 0
	for _, c := range ids {
		if !digits.MatchString(c.text) {
			continue
		}
		longest = max(longest, len(c.text))
		if c.text[0] == '0' && len(c.text) > 1 {
			if length != 0 && length != len(c.text) {
				return 0, nil
			}
			length = len(c.text)
		}
	}
	if length == 0 || longest > length {
		return 0, nil
	}
	for i, c := range ids {
		if c.kind != textKind && digits.MatchString(c.text) && len(c.text) < length {
			lost = append(lost, i)
		}
	}
	if len(lost) == 0 {
		return 0, nil
	}
	return length, lost
}

const saveAsText = "export the table again with that column as text; do not mend it by hand"

// idText is an id without the spaces around it, which DICOM does not count
// (VR LO, PS3.5 6.2), and with accents in one form.
func idText(s string) string { return trim(norm.NFC.String(s)) }
