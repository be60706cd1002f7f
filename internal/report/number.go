package report

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"magn/internal/evidence"
)

// undefined is printed where a number does not exist; a note says why.
const undefined = "–"

// digits is the number of decimals of everything between 0 and 1.
const digits = 3

// undefinedNumber stands where the results have no number.
var undefinedNumber = math.NaN()

func isNaN(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) }

// decimal prints x with three decimals and a real minus sign. What rounds to
// zero has no sign.
func decimal(x float64) string {
	if isNaN(x) {
		return undefined
	}
	s := strconv.FormatFloat(x, 'f', digits, 64)
	if x > 1e4 || x < -1e4 { // nothing here is; a number gone wrong stays short
		s = strconv.FormatFloat(x, 'g', digits, 64)
	}
	if strings.HasPrefix(s, "-") {
		if strings.Trim(s, "-0.") == "" {
			return s[1:]
		}
		return "−" + s[1:]
	}
	return s
}

// signed is decimal with a plus sign for positive numbers: differences.
func signed(x float64) string {
	s := decimal(x)
	if s == undefined || strings.HasPrefix(s, "−") || strings.Trim(s, "0.") == "" {
		return s
	}
	return "+" + s
}

// short prints a number that is not a proportion (λ) as short as it is exact.
func short(x float64) string {
	if isNaN(x) {
		return undefined
	}
	return strings.Replace(strconv.FormatFloat(x, 'g', 4, 64), "-", "−", 1)
}

// bounds prints an interval's ends; empty where neither exists.
func bounds(iv evidence.Interval) string {
	if isNaN(iv.Low) && isNaN(iv.High) {
		return ""
	}
	if iv.Low < 0 {
		return decimal(iv.Low) + " to " + decimal(iv.High)
	}
	return decimal(iv.Low) + "–" + decimal(iv.High)
}

// withBounds prints a value and its interval on one line.
func withBounds(iv evidence.Interval) string {
	if b := bounds(iv); b != "" {
		return decimal(iv.Value) + " (" + b + ")"
	}
	return decimal(iv.Value)
}

// signedBounds prints a difference and its interval on one line.
func signedBounds(c evidence.Comparison) string {
	if isNaN(c.DeltaAUC) {
		return undefined
	}
	return signed(c.DeltaAUC) + " (" + signed(c.Low) + " to " + signed(c.High) + ")"
}

// pValue prints a p value; below a thousandth it says only that.
func pValue(p float64) string {
	if !isNaN(p) && p < 0.001 {
		return "< 0.001"
	}
	return decimal(p)
}

// exact is the shortest decimal that reads back as x: what CSV files hold.
// Undefined is empty there.
func exact(x float64) string {
	if isNaN(x) {
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// clean makes a name printable on one line of a figure: names come from the
// user's files, and a control character makes an SVG file unreadable.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// clip shortens a name to at most n runes, for figures.
func clip(s string, n int) string {
	r := []rune(clean(s))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}

// count prints "1 patient", "2 patients", unbroken.
func count(n int, one string) string {
	if n == 1 {
		return "1\u00a0" + one
	}
	return strconv.Itoa(n) + "\u00a0" + one + "s"
}
