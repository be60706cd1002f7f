package cohort

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Tri is an answer that may be unknown, which is not the same as no.
type Tri int8

// The answers.
const (
	Unknown Tri = iota
	No
	Yes
)

// String is yes, no or unknown.
func (t Tri) String() string { return [...]string{"unknown", "no", "yes"}[max(0, min(t, Yes))] }

// MarshalText writes yes, no or unknown.
func (t Tri) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads yes, no or unknown.
func (t *Tri) UnmarshalText(b []byte) error {
	for _, v := range []Tri{Unknown, No, Yes} {
		if v.String() == string(b) {
			*t = v
			return nil
		}
	}
	return fmt.Errorf("found %q, expected yes, no or unknown", b)
}

// TriOf is Yes or No.
func TriOf(b bool) Tri {
	if b {
		return Yes
	}
	return No
}

func wordSet(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Split(list, "|") {
		out[w] = true
	}
	return out
}

// Words as folded gives them.
var (
	missingWords = wordSet("|-|--|—|/|\\|.|?|na|n/a|n.a.|nan|nat|null|unknown|unk|missing|not available|not known|不详|未知|不明|缺失|未提供|未记录|暂无|unbekannt|k.a.|k. a.|keine angabe|keine angaben|fehlt|fehlend|nicht bekannt|nicht vorhanden")
	yesWords     = wordSet("yes|y|true|1|+|是|有|with|aided|assisted|good|qualified|合格|良好|已|confirmed|证实|ja|j|gut|gesichert|bestätigt|mit")
	noWords      = wordSet("no|n|false|0|否|无|没有|without|unaided|unassisted|none|poor|bad|unqualified|不合格|差|未|never|naive|treatment-naive|treatment naive|untreated|no treatment|未治疗|无治疗|未行治疗|初治|not confirmed|未证实|nein|ohne|schlecht|keine|unbehandelt|keine therapie|nicht gesichert|nicht bestätigt")
	maleWords    = wordSet("m|male|man|男|男性|h|homme|männlich|mann|hombre")
	femaleWords  = wordSet("f|female|woman|女|女性|w|femme|weiblich|frau|mujer")
	otherWords   = wordSet("o|other|其他|其它|d|divers")
)

func missing(s string) bool { return len(s) <= 64 && missingWords[folded(s)] }

// parseTri reads yes and no in the words of docs/formats/tables.md.
func parseTri(s string) (Tri, bool) {
	switch w := folded(s); {
	case missingWords[w]:
		return Unknown, true
	case yesWords[w]:
		return Yes, true
	case noWords[w]:
		return No, true
	}
	return Unknown, false
}

// treatmentList is names of treatments and nothing else but dates, numbers of
// cycles, doses, and words that say that it was done.
var treatmentList = func() *regexp.Regexp {
	const (
		name = `chemo(?:therap(?:y|ies))?|(?:chemo)?radio ?therapy|chemoradiation|radiation(?: therapy)?|radiosurgery|targeted(?: therapy)?|immuno ?therapy|` +
			`(?:cortico)?steroids?(?: therapy)?|emboli[sz]ation|vertebroplasty|kyphoplasty|surgery|resection|` +
			`放化疗|(?:化学|放射|化|放)(?:治)?疗|(?:靶向|免疫|激素|手术|栓塞)(?:治疗)?|栓塞术|(?:椎体|后凸)?成形术?|切除术?`
		date = `(?:19|20)\d\d(?:[-/.年]\d{1,2}(?:[-/.月]\d{1,2}日?|月)?|年)?`
		many = `(?:[x×] ?\d{1,2}|\d{1,2} ?(?:x|cycles?|courses?|fractions?|次|个?周期|个?疗程|程)|\d{1,3}(?:\.\d)? ?gy)`
		link = `(?: |,|;|/|\+|&|、|\(|\)| and | in |和|及|与)*`
		item = `(?:(?:previous|prior|post|after|s/p|status post) ?)?(?:已行?|曾行?)?(?:` + name + `)(?: done|后)?`
	)
	return regexp.MustCompile(`^(?:` + date + link + `)?` + item + `(?:` + link + `(?:` + item + `|` + date + `|` + many + `))*\)?$`)
}()

// parseTreated reads parseTri's words, and as yes what is names of treatments and
// nothing else: of a treatment that is planned, was refused or came after the images
// the name is there too, in more words than can be foreseen.
func parseTreated(s string) (Tri, bool) {
	if t, ok := parseTri(s); ok {
		return t, true
	}
	if len(s) <= 256 && treatmentList.MatchString(folded(s)) {
		return Yes, true
	}
	return Unknown, false
}

// number is a decimal with a point or a comma, then a unit. A comma is always a
// decimal mark: no quantity here has thousands.
var number = regexp.MustCompile(`^([+-]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:e[+-]?\d{1,3})?) *(.{0,20})$`)

// parseNumber reads a number and turns it by its unit's factor; units[""] is the
// factor where none is written.
func parseNumber(s string, units map[string]float64) (float64, bool) {
	if len(s) > 64 {
		return 0, false
	}
	s = strings.ReplaceAll(folded(s), "−", "-")
	m := number.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	factor, ok := units[strings.TrimRight(m[2], ". ")]
	if !ok {
		return 0, false
	}
	x, err := strconv.ParseFloat(strings.Replace(m[1], ",", ".", 1), 64)
	if err != nil || math.IsInf(x, 0) {
		return 0, false
	}
	return x * factor, true
}

const (
	perMonth = 1. / 12
	perWeek  = 7 / 365.25
	perDay   = 1 / 365.25
)

// ageUnits in years; DICOM's AS has Y, M, W and D (PS3.5 6.2).
var ageUnits = units(map[float64]string{
	1:        "y|yr|yrs|year|years|years old|yo|y/o|y.o|岁|周岁|年|a|jahre",
	perMonth: "m|mo|mon|month|months|月|个月|月龄", perWeek: "w|wk|week|weeks|周", perDay: "d|day|days|天|日",
})

// lengthUnits in mm.
var lengthUnits = units(map[float64]string{1: "mm|毫米", 10: "cm|厘米"})

var (
	yearUnits    = units(map[float64]string{1: "y|yr|yrs|year|years|年|a|jahre"})
	countUnits   = units(map[float64]string{1: "个|处|枚|lesion|lesions"})
	scoreUnits   = units(map[float64]string{1: "分", .01: "%"})
	dimensionCut = regexp.MustCompile(`[×x*✕]`)
)

// units turns factor → words into word → factor.
func units(words map[float64]string) map[string]float64 {
	out := map[string]float64{"": 1}
	for factor, list := range words {
		for _, w := range strings.Split(list, "|") {
			out[w] = factor
		}
	}
	return out
}

// withDefault is the same units, with another one where none is written: that of
// the header.
func withDefault(u map[string]float64, header string) map[string]float64 {
	_, unit := headerUnit(header)
	factor, ok := u[unit]
	if unit == "" || !ok {
		return u
	}
	out := map[string]float64{}
	for k, v := range u {
		out[k] = v
	}
	out[""] = factor
	return out
}

// parseDiameter reads a length, or the largest of 3.2×2.1 cm, in mm. A unit
// written once, at the end, is that of all.
func parseDiameter(s string, u map[string]float64) (float64, bool) {
	if len(s) > 64 {
		return 0, false
	}
	parts := dimensionCut.Split(folded(s), 4)
	if len(parts) > 3 {
		return 0, false
	}
	unit := strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(parts[len(parts)-1]), "+-0123456789.,"))
	largest := 0.
	for i, p := range parts {
		p = strings.TrimSpace(p)
		if i < len(parts)-1 && strings.Trim(p, "0123456789.,") == "" {
			p += unit
		}
		x, ok := parseNumber(p, u)
		if !ok || x < 0 {
			return 0, false
		}
		largest = max(largest, x)
	}
	return largest, true
}

// shape is a value with its letters and digits taken out of it: what a message
// may show of an id, a name or a birth date.
func shape(s string) string {
	var b strings.Builder
	for i, r := range []rune(norm.NFKC.String(s)) {
		switch {
		case i == 30:
			return strconv.Quote(b.String() + "…")
		case r >= '0' && r <= '9':
			b.WriteByte('9')
		case r < 128 && !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'):
			b.WriteRune(r)
		default:
			b.WriteByte('a')
		}
	}
	return "text of the form " + strconv.Quote(b.String())
}

// shown is a value of a column that names nobody, for a message.
func shown(s string) string {
	if r := []rune(s); len(r) > 30 {
		s = string(r[:30]) + "…"
	}
	return strconv.Quote(s)
}

// joinSome joins at most ten words.
func joinSome(words []string) string {
	if len(words) > 10 {
		words = append(words[:10:10], "…")
	}
	return strings.Join(words, ", ")
}
