package cohort

import (
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A person's name in DICOM has up to three groups, alphabetic=ideographic=
// phonetic, each family^given^middle^prefix^suffix (VR PN, PS3.5 6.2.1). A table
// has one of the groups in some spelling.

// nameText is a name for comparing: NFKC, lower case, without accents, without
// anything but letters and digits.
func nameText(s string) string { return strings.Join(nameWords(s), "") }

// plainLetters are those that NFKD does not take apart.
var plainLetters = strings.NewReplacer("ß", "ss", "ø", "o", "ł", "l", "đ", "d", "æ", "ae", "œ", "oe")

func nameWords(s string) []string {
	s = norm.NFKD.String(strings.ToLower(norm.NFKC.String(s)))
	s = plainLetters.Replace(s)
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) { // accents, after NFKD
			return -1
		}
		return r
	}, s)
	return strings.FieldsFunc(norm.NFC.String(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// nameKeys are the forms under which a name may be met: for each group its words
// in order, and its words sorted, since tables put the family name first or
// last. Prefix and suffix do not count; placeholders have no form.
func nameKeys(pn string) []string {
	var keys []string
	add := func(k string) {
		for _, have := range keys {
			if have == k {
				return
			}
		}
		if !placeholder(k) {
			keys = append(keys, k)
		}
	}
	for i, group := range strings.Split(pn, "=") {
		if i == 3 {
			break
		}
		parts := strings.Split(group, "^")
		words := nameWords(strings.Join(parts[:min(3, len(parts))], " "))
		add(strings.Join(words, ""))
		sort.Strings(words)
		add(strings.Join(words, ""))
	}
	return keys
}

var placeholders = wordSet("|anonymous|anonymized|anonymised|anon|anonym|deidentified|unknown|unnamed|noname|name|patient|patientname|test|testpatient|none|null|na|nan|removed|redacted|x|xx|xxx|xxxx|匿名|未知|不详|无名|测试|测试患者|患者")

// placeholder says whether what is left of a name names nobody.
func placeholder(key string) bool {
	// Anonymous1, Patient 012: numbered placeholders. A mere number may be a pseudonym.
	bare := strings.TrimFunc(key, unicode.IsDigit)
	return placeholders[bare] && (bare != "" || key == "")
}

// placeholderDate says whether a birth date is what programs write for none.
func placeholderDate(d Date) bool {
	return d.IsZero() || d.Month == 1 && d.Day == 1 && (d.Year <= 1901 || d.Year == 1970 || d.Year == 2000)
}
