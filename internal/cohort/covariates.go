package cohort

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"magn/internal/fault"
)

// Columns that name a person or a day are not carried into a study, as PS3.15
// Annex E asks of the images: by header, or by what stands in them.
var (
	naming = regexp.MustCompile(`phone|telephone|mobile|email|mail|address|addr|ssn|socialsecurity|insurance|idcard|identity|passport|nationalid|accession|contact|surname|firstname|lastname|givenname|familyname` +
		`|initials$|postcode|telefon|handy|anschrift|adresse|strasse|straße|wohnort|plz$|postleitzahl|versicher|krankenkasse|geburt|vorname|nachname|familienname|datum|aufnahme|entlassung|arzt|ärztin|fallnummer|aktenzeichen|zipcode|admission|discharge|date|physician|surgeon|^mrn|patientid|电话|手机|联系|地址|住址|身份证|证件|医保|邮箱|邮编|检查号|影像号|放射号|登记号|住院号|病案号|病历号|门诊号|床号|姓名|日期|时间|籍贯` +
		`|comment|remark|^notes?|notes?$|memo|freetext|kommentar|bemerkung|anmerkung|freitext|notiz|anamnese|备注|附注|注释|批注|说明|病史|主诉`)
	chineseID = regexp.MustCompile(`^\d{17}[\dXx]$`)
	mobile    = regexp.MustCompile(`^(\+?86)?1[3-9]\d{9}$`)
	dateIn    = regexp.MustCompile(`(?:^|[^\d.])(?:\d{1,2}[./-]\d{1,2}[./-](?:\d{4}|\d\d)|\d{4}[./-]\d{1,2}[./-]\d{1,2})(?:$|[^\d.])|\d{4} ?年|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])` +
		`|(?i:\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? (?:\d{1,2},? )?\d{4}\b)`)
	email = regexp.MustCompile(`^\S+@\S+\.\S+$`)
)

// covariates chooses which of the columns without a field of their own are
// carried, and says what is left out.
func (c *columns) covariates(rest []int, ids []string, opt TableOptions, names *[]string) []int {
	type why struct{ header, reason string }
	var kept []int
	var out []why
	var broken []string
	people := make([]string, len(c.rows))
	for i := range c.rows {
		if name := nameText(c.cell(i, fieldName).text); !placeholder(name) {
			people[i] = name
		}
	}
	for _, j := range rest {
		h := c.header[j]
		key := headerKey(h)
		switch {
		case slices.Contains(append(append([]string(nil), cohortColumns...), standardCovariates...), h):
			c.ps.add(&fault.Input{
				File: c.file, Field: "header", Found: fmt.Sprintf("a column %q that is not read as %s", h, h),
				Expected: "another name: it is a column of " + cohortFile, Do: "rename the column, or name it under columns",
			})
			continue
		case slices.Contains(*names, h):
			c.ps.add(&fault.Input{File: c.file, Field: "header", Found: fmt.Sprintf("two columns %q", h), Expected: "one"})
			continue
		case slices.Contains(opt.Keep, h):
		case naming.MatchString(key):
			out = append(out, why{h, "its name"})
			continue
		default:
			if reason := c.identifies(j, ids, people); reason != "" && (reason != aDate || slices.Contains(opt.Categories, h) || !c.mostlyNumbers(j)) {
				out = append(out, why{h, reason})
				continue
			}
		}
		for _, r := range c.rows {
			if k := r.cells[j].kind; k == errorKind || k == formulaKind {
				broken = append(broken, fmt.Sprintf("%s of %s", c.place(r.number), h))
			}
		}
		kept = append(kept, j)
		*names = append(*names, h)
	}
	for _, o := range out {
		c.notes = append(c.notes, fmt.Sprintf("column %q is not carried: by %s it may tell who a patient is (keep: [%s] carries it)", o.header, o.reason, o.header))
	}
	if len(broken) > 0 {
		c.notes = append(c.notes, fmt.Sprintf("%d errors or formulas of the spreadsheet in covariates are taken as unknown: %s", len(broken), joinSome(broken)))
	}
	return kept
}

// aDate is a reason that a number which was turned into a date gives as well.
const aDate = "a date in a cell"

// identifies says what in a column may tell who a patient is: identity, telephone
// and e-mail, a date in any cell, the row's own id or name, or free text, in which
// anything may stand.
func (c *columns) identifies(j int, ids, names []string) string {
	dates, filled := 0, 0
	sentences := map[string]bool{}
	for i, r := range c.rows {
		x := r.cells[j]
		if x.text == "" {
			continue
		}
		filled++
		if sentence(x.text) {
			sentences[folded(x.text)] = true
		}
		plain := strings.ReplaceAll(x.text, " ", "")
		switch {
		case chineseID.MatchString(plain), mobile.MatchString(plain), email.MatchString(plain):
			return "an identity, telephone or e-mail number in it"
		case ids[i] != "" && len(ids[i]) >= 4 && strings.Contains(x.text, ids[i]):
			return "the patient's id in it"
		case names[i] != "" && strings.Contains(nameText(x.text), names[i]):
			return "the patient's name in it"
		case x.kind == dateKind:
			return aDate
		case dateIn.MatchString(x.text) && !decimalNumber.MatchString(x.text):
			return aDate
		case len(x.text) <= 40:
			if _, err := parseDate(x.text, dayFirst, c.date1904); err == nil && !serial.MatchString(x.text) {
				dates++
			}
		}
	}
	if dates > 0 && 2*dates >= filled {
		return "the dates in it"
	}
	if 2*len(sentences) > filled {
		return "the free text in it"
	}
	return ""
}

// decimalNumber is a measurement, however many digits it has.
var decimalNumber = regexp.MustCompile(`^[+-]?\d*[.,]?\d+(?:[eE][+-]?\d+)?$`)

// sentence is text of at least three words, or of eight Chinese characters.
func sentence(s string) bool {
	han, words := 0, 0
	for _, r := range s {
		if unicode.Is(unicode.Han, r) {
			han++
		}
	}
	for _, w := range strings.Fields(s) {
		if strings.IndexFunc(w, unicode.IsLetter) >= 0 {
			words++
		}
	}
	return words >= 3 || han >= 8
}

// CovariateNames of a cohort whose clinical data is this table: the columns it
// has, in a fixed order, then the further ones in the file's.
func (c *Clinical) CovariateNames() []string {
	known := map[string]bool{}
	for _, r := range c.Rows {
		for n := range r.Covariates() {
			known[n] = true
		}
	}
	var names []string
	for _, n := range standardCovariates {
		if known[n] {
			names = append(names, n)
		}
	}
	return append(names, c.More...)
}

var standardCovariates = []string{"age", "sex", "level", "lesions", "diameter_mm", "treated", "scanner"}

// Covariates are what cohort.csv may hold of a row: by name, the unknown left out.
// Ids, names and dates are not among them.
func (r ClinicalRow) Covariates() map[string]string {
	out := map[string]string{}
	set := func(name, v string) {
		if v != "" {
			out[name] = v
		}
	}
	decimal := func(x *float64) string {
		if x == nil {
			return ""
		}
		return strconv.FormatFloat(math.Round(*x*1000)/1000, 'f', -1, 64)
	}
	set("age", decimal(r.Age))
	set("sex", r.Sex)
	set("level", r.Level)
	if r.Lesions != nil {
		set("lesions", strconv.Itoa(*r.Lesions))
	}
	set("diameter_mm", decimal(r.Diameter))
	if r.Treated != Unknown {
		set("treated", r.Treated.String())
	}
	set("scanner", r.Scanner)
	for h, v := range r.More {
		set(h, v)
	}
	return out
}
