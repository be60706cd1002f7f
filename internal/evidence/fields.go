package evidence

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"magn/internal/fault"
)

// fields takes one record apart, column after column, and keeps the first thing
// wrong.
type fields struct {
	header, record []string
	next           int
	bad            *fault.Input
}

func (f *fields) text() string {
	f.next++
	return strings.Clone(f.record[f.next-1])
}

func (f *fields) fail(expected string) {
	if f.bad == nil {
		f.bad = &fault.Input{Field: f.header[f.next-1], Found: strconv.Quote(f.record[f.next-1]), Expected: expected}
	}
}

func (f *fields) whole() int {
	n, err := strconv.Atoi(f.text())
	if err != nil {
		f.fail("a whole number")
	}
	return n
}

func (f *fields) number() float64 {
	x, err := strconv.ParseFloat(f.text(), 64)
	if err != nil {
		f.fail("a number")
	}
	return x
}

func (f *fields) flag() bool {
	s := f.text()
	if s != "0" && s != "1" {
		f.fail("0 or 1")
	}
	return s == "1"
}

// full is a number with all its digits, so that reading gives it back.
func full(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// Checks shared by both tables; each returns nil or what is wrong.

func checkName(column, s string) *fault.Input {
	if s == "" || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return &fault.Input{Field: column, Found: strconv.Quote(s), Expected: "a name without control characters"}
	}
	return nil
}

func checkNatural(column string, n int) *fault.Input {
	if n < 0 {
		return &fault.Input{Field: column, Found: strconv.Itoa(n), Expected: "0 or more"}
	}
	return nil
}

func checkShare(column string, x float64) *fault.Input {
	if !(x >= 0 && x <= 1) { // NaN too
		return &fault.Input{Field: column, Found: full(x), Expected: "a number from 0 to 1"}
	}
	return nil
}

func checkFinite(column string, x float64) *fault.Input {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return &fault.Input{Field: column, Found: full(x), Expected: "a finite number"}
	}
	return nil
}

func firstOf(bad ...*fault.Input) *fault.Input {
	for _, b := range bad {
		if b != nil {
			return b
		}
	}
	return nil
}
