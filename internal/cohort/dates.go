package cohort

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Date is a day of the calendar; the zero value is an unknown one.
type Date struct{ Year, Month, Day int }

// IsZero says whether the date is not known.
func (d Date) IsZero() bool { return d == Date{} }

// String is yyyy-mm-dd, "" where the date is not known.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// ParseDICOMDate reads a value of VR DA, yyyymmdd or the older yyyy.mm.dd
// (PS3.5 6.2); the zero date where it is neither.
func ParseDICOMDate(s string) Date {
	m := isoDate.FindStringSubmatch(strings.ReplaceAll(trim(s), ".", "-"))
	if m == nil {
		m = dicomDate.FindStringSubmatch(trim(s))
	}
	if m == nil {
		return Date{}
	}
	d, _ := date(m[1], m[2], m[3])
	return d
}

// serialDate is the day of a spreadsheet's serial number. In the 1900 system day
// 60 is a 29 February 1900 that never was, so days before March 1900 are not
// read (ECMA-376 Part 1, 18.17.4.1).
func serialDate(x float64, date1904 bool) (Date, bool) {
	n := math.Floor(x)
	base := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	if date1904 {
		base = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	} else if n <= 60 {
		return Date{}, false
	}
	if !(n >= 0 && n < 100_000) {
		return Date{}, false
	}
	t := base.AddDate(0, 0, int(n))
	return Date{t.Year(), int(t.Month()), t.Day()}, true
}

// dateOrder says which of two small numbers is the day.
type dateOrder int

const (
	unknownOrder dateOrder = iota
	dayFirst
	monthFirst
)

// Years in which a patient of a scanner, or an event in his life, can lie.
const minYear, maxYear = 1850, 2100

var (
	timeOfDay   = regexp.MustCompile(`[ t]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[ap]m|z)?$`)
	isoDate     = regexp.MustCompile(`^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$`)
	hanDate     = regexp.MustCompile(`^(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?[日号]?$`)
	dicomDate   = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})$`)
	dottedDate  = regexp.MustCompile(`^(\d{1,2})\.(\d{1,2})\.(\d{4})$`)
	slashedDate = regexp.MustCompile(`^(\d{1,2})[-/](\d{1,2})[-/](\d{4})$`)
	dayMonth    = regexp.MustCompile(`^(\d{1,2})[-. ]*([a-zäéû]{3,9})[-., ]*(\d{4})$`)
	monthDay    = regexp.MustCompile(`^([a-z]{3,9})[. ]+(\d{1,2})(?:st|nd|rd|th)?,? +(\d{4})$`)
	serial      = regexp.MustCompile(`^\d{5}(\.\d+)?$`)
	yearOnly    = regexp.MustCompile(`^(\d{4})(年|[-/.年]\d{1,2}月?)?$`)
	twoDigits   = regexp.MustCompile(`^(\d{1,2}[-/.]\d{1,2}|\d{1,2}[- ]?[a-z]{3})[-/. ]\d{2}$`)
)

// errIncomplete says that a date lacks its day: it cannot serve as a birth date.
var errIncomplete = errors.New("a date without a day")

var errNoDate = errors.New("no date")

// parseDate reads a date in one of the forms of docs/formats/tables.md. order is
// for dates such as 03/04/1960.
func parseDate(s string, order dateOrder, date1904 bool) (Date, error) {
	if len(s) > 64 || !strings.ContainsFunc(s, unicode.IsDigit) { // most other text, at once
		return Date{}, errNoDate
	}
	s = strings.ToLower(trim(norm.NFKC.String(s)))
	s = timeOfDay.ReplaceAllString(s, "")
	pick := func(re *regexp.Regexp) []string { return re.FindStringSubmatch(s) }
	if m := pick(isoDate); m != nil {
		return date(m[1], m[2], m[3])
	}
	if m := pick(hanDate); m != nil {
		return date(m[1], m[2], m[3])
	}
	if m := pick(dicomDate); m != nil {
		return date(m[1], m[2], m[3])
	}
	if m := pick(dottedDate); m != nil {
		return date(m[3], m[2], m[1])
	}
	if m := pick(slashedDate); m != nil {
		switch {
		case order == dayFirst:
			return date(m[3], m[2], m[1])
		case order == monthFirst:
			return date(m[3], m[1], m[2])
		case m[1] == m[2]:
			return date(m[3], m[2], m[1])
		}
		return Date{}, fmt.Errorf("a date of which day and month cannot be told apart")
	}
	if m := pick(dayMonth); m != nil {
		return namedDate(m[3], m[2], m[1])
	}
	if m := pick(monthDay); m != nil {
		return namedDate(m[3], m[1], m[2])
	}
	if serial.MatchString(s) {
		x, _ := strconv.ParseFloat(s, 64)
		if d, ok := serialDate(x, date1904); ok && d.Year <= maxYear {
			return d, nil
		}
	}
	if yearOnly.MatchString(s) {
		return Date{}, errIncomplete
	}
	if twoDigits.MatchString(s) {
		return Date{}, fmt.Errorf("a year of two digits")
	}
	return Date{}, errNoDate
}

func namedDate(year, month, day string) (Date, error) {
	for i := time.January; i <= time.December; i++ {
		if full := strings.ToLower(i.String()); month == full || month == full[:3] || month == "sept" && i == time.September {
			return date(year, strconv.Itoa(int(i)), day)
		}
	}
	return Date{}, errNoDate
}

// date refuses what is not on the calendar or out of range.
func date(year, month, day string) (Date, error) {
	y, _ := strconv.Atoi(year)
	m, _ := strconv.Atoi(month)
	d, _ := strconv.Atoi(day)
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if t.Year() != y || int(t.Month()) != m || t.Day() != d {
		return Date{}, fmt.Errorf("a day that is not on the calendar")
	}
	if y < minYear || y > maxYear {
		return Date{}, fmt.Errorf("a year out of range")
	}
	return Date{y, m, d}, nil
}

// orderOf tells day from month by the column: a number above 12 shows which is
// the day. both is true where rows contradict each other.
func orderOf(texts []string) (order dateOrder, both bool) {
	for _, s := range texts {
		m := slashedDate.FindStringSubmatch(timeOfDay.ReplaceAllString(strings.ToLower(trim(norm.NFKC.String(s))), ""))
		if m == nil {
			continue
		}
		a, _ := strconv.Atoi(m[1])
		b, _ := strconv.Atoi(m[2])
		found := unknownOrder
		if a > 12 && b <= 12 {
			found = dayFirst
		} else if b > 12 && a <= 12 {
			found = monthFirst
		}
		if found != unknownOrder && order != unknownOrder && found != order {
			return unknownOrder, true
		}
		if found != unknownOrder {
			order = found
		}
	}
	return order, false
}
