package cohort

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNumbers(t *testing.T) {
	for s, want := range map[string]float64{
		"54": 54, "54,5": 54.5, "54.5": 54.5, "54岁": 54, "54 y": 54, "54 years": 54, "054Y": 54, "５４周岁": 54,
		"018M": 1.5, "6 个月": .5, "6 months": .5, "026W": 26 * 7 / 365.25, "487D": 487 / 365.25, "54 yo": 54, "54y.": 54, "0,875": .875,
	} {
		if x, ok := parseNumber(s, ageUnits); !ok || math.Abs(x-want) > 1e-9 {
			t.Errorf("%q: %v %v, want %v", s, x, ok, want)
		}
	}
	for _, s := range []string{"", "y", "1,234.5", "1.234,5", "54 cm", "50-55", "<1", "about 50", "54 55", "NaN", "Inf", "0x10", "1e999", strings.Repeat("1", 65)} {
		if x, ok := parseNumber(s, ageUnits); ok {
			t.Errorf("%q is read as %v", s, x)
		}
	}
	for s, want := range map[string]float64{
		"32": 32, "3.2 cm": 32, "3,2cm": 32, "32毫米": 32, "3.2×2.1cm": 32, "21*32*18 mm": 32, "2.1 x 3.2 厘米": 32, "2.1cm×32mm": 32,
	} {
		if x, ok := parseDiameter(s, lengthUnits); !ok || math.Abs(x-want) > 1e-9 {
			t.Errorf("%q: %v %v, want %v", s, x, ok, want)
		}
	}
	for _, s := range []string{"1x2x3x4", "x", "3.2 in", "×3", "3×"} {
		if x, ok := parseDiameter(s, lengthUnits); ok {
			t.Errorf("%q is read as %v", s, x)
		}
	}
}

func TestHeaderUnits(t *testing.T) {
	for h, want := range map[string][2]string{
		"Diameter (cm)": {"diameter", "cm"}, "age_years": {"age", "years"}, "年龄（岁）": {"年龄", "years"}, "最大径[mm]": {"最大径", "mm"},
		"Years": {"years", ""}, "sex (1=M, 2=F)": {"sex", ""}, "Patient's Name": {"patientsname", ""}, "No. of lesions": {"nooflesions", ""},
	} {
		if _, unit := headerUnit(h); headerKey(h) != want[0] || unit != want[1] {
			t.Errorf("%q: %q, %q", h, headerKey(h), unit)
		}
	}
	if x, _ := parseDiameter("3.2", withDefault(lengthUnits, "size (cm)")); x != 32 {
		t.Error(x)
	}
	if x, _ := parseDiameter("32 mm", withDefault(lengthUnits, "size (cm)")); x != 32 {
		t.Error(x)
	}
}

// Serial numbers are openpyxl's, to_excel(date).
func TestDates(t *testing.T) {
	for s, want := range map[string]Date{
		"1960-01-31": {1960, 1, 31}, "1960/1/31": {1960, 1, 31}, "1960.1.31": {1960, 1, 31}, "19600131": {1960, 1, 31}, "31.01.1960": {1960, 1, 31},
		"1960年1月31日": {1960, 1, 31}, "31 Jan 1960": {1960, 1, 31}, "31-JAN-1960": {1960, 1, 31}, "January 31, 1960": {1960, 1, 31}, "１９６０年１月３１日": {1960, 1, 31},
		"1960-01-31 00:00:00": {1960, 1, 31}, "1960-01-31T12:30:00Z": {1960, 1, 31}, "31.1.1960 0:00": {1960, 1, 31}, "2024-02-29": {2024, 2, 29},
		"21946": {1960, 1, 31}, "36525": {1999, 12, 31}, "45351": {2024, 2, 29}, "10000": {1927, 5, 18}, "21946.5": {1960, 1, 31}, "05/05/1960": {1960, 5, 5},
	} {
		if d, err := parseDate(s, unknownOrder, false); err != nil || d != want {
			t.Errorf("%q: %v %v, want %v", s, d, err, want)
		}
	}
	for s, reason := range map[string]string{
		"1960": "without a day", "1960-01": "without a day", "1960年1月": "without a day", "31.1.60": "two digits", "1/2/60": "two digits", "31-Jan-60": "two digits",
		"03/04/1960": "cannot be told apart", "1960-02-30": "not on the calendar", "30.02.1960": "not on the calendar", "1023-01-01": "out of range", "unclear": "no date",
		"99999": "no date", "1": "no date", "": "no date", "19601331": "not on the calendar",
	} {
		if d, err := parseDate(s, unknownOrder, false); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: %v %v, want %s", s, d, err, reason)
		}
	}
	if d, _ := serialDate(61, false); (d != Date{1900, 3, 1}) {
		t.Error(d)
	}
	for _, x := range []float64{60, 0, -1, math.NaN(), math.Inf(1), 1e9} { // 60 is the 29 February 1900 that never was
		if d, ok := serialDate(x, false); ok {
			t.Errorf("%v is %v", x, d)
		}
	}
	for s, want := range map[string]Date{"19600131": {1960, 1, 31}, "1960.01.31": {1960, 1, 31}, "": {}, "1960": {}, "19601301": {}} {
		if d := ParseDICOMDate(s); d != want {
			t.Errorf("%q: %v", s, d)
		}
	}
}

func TestDateOrder(t *testing.T) {
	for text, want := range map[string]string{
		"03/04/1960|31/01/1960": "1960-04-03", "03/04/1960|01/31/1960": "1960-03-04", "3-4-1960|31-1-1960 00:00": "1960-04-03",
	} {
		c, err := ParseClinical("t.csv", []byte("id,dob\na,"+strings.Replace(text, "|", "\nb,", 1)+"\n"), TableOptions{})
		if err != nil || c.Rows[0].Birth.String() != want || c.Rows[1].Birth.String() != "1960-01-31" {
			t.Errorf("%q: %v %+v", text, err, c)
		}
	}
	for text, reason := range map[string]string{
		"03/04/1960|05/06/1961": "cannot be told apart", "31/01/1960|01/31/1960": "the day first and dates with the month first",
	} {
		_, err := ParseClinical("t.csv", []byte("id,dob\na,"+strings.Replace(text, "|", "\nb,", 1)+"\n"), TableOptions{})
		wantProblem(t, err, "t.csv", "column dob", reason)
		if strings.Contains(err.Error(), "03/04") {
			t.Errorf("a birth date in %v", err)
		}
	}
	c, err := ParseClinical("t.csv", []byte("id,dob\na,03/04/1960\n"), TableOptions{DateOrder: "mdy"})
	if err != nil || c.Rows[0].Birth.String() != "1960-03-04" {
		t.Errorf("%v %+v", err, c)
	}
}

func TestWords(t *testing.T) {
	for s, want := range map[string]Tri{
		"yes": Yes, "Y": Yes, "是": Yes, "有": Yes, "1": Yes, "TRUE": Yes, "no": No, "否": No, "无": No, "0": No, "": Unknown, "N/A": Unknown, "不详": Unknown, "?": Unknown,
		"化疗6周期": Yes, "Chemotherapy": Yes, "放疗后": Yes, "untreated": No, "未治疗": No, "none": No,
		"化疗 2019.03, 放疗 2019年5月": Yes, "放化疗": Yes, "手术+化疗": Yes, "已行化疗": Yes, "化疗后放疗": Yes, "激素": Yes, "免疫治疗": Yes, "椎体成形术": Yes,
		"radiotherapy and chemotherapy": Yes, "radiation 30 Gy": Yes, "Surgery (2019-03-01)": Yes, "chemo, 6 cycles": Yes, "2018 surgery": Yes, "steroids": Yes,
		"previous radiotherapy": Yes, "embolization/vertebroplasty": Yes,
	} {
		if got, ok := parseTreated(s); !ok || got != want {
			t.Errorf("%q: %v %v, want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{
		"未行化疗", "no chemotherapy", "without radiotherapy", "perhaps", "非手术",
		"放疗前", "术前", "拟手术", "待放疗", "拟行化疗", "建议手术", "拒绝手术", "手术前", "化疗中断", "准备化疗", "手术后MRI", "放疗？",
		"scheduled for surgery", "radiotherapy planned", "planned radiotherapy", "surgery refused", "awaiting chemo", "steroids only after MRI", "before chemotherapy",
		"surgery declined", "chemotherapy?", "candidate for surgery", "radiation oncology consult", "pre-surgery", "surgery next week", "surgery 2019, refused",
	} {
		if got, ok := parseTreated(s); ok {
			t.Errorf("%q is read as %v", s, got)
		}
	}
	var back Tri
	for _, v := range []Tri{Unknown, No, Yes} {
		if b, _ := v.MarshalText(); back.UnmarshalText(b) != nil || back != v {
			t.Errorf("%v comes back as %v", v, back)
		}
	}
	if back.UnmarshalText([]byte("maybe")) == nil {
		t.Error("maybe is read")
	}
}

func TestSexes(t *testing.T) {
	for text, want := range map[string]string{
		"M|f|男|女|Male|WOMAN|O": "M F M F M F O", "1|2|0|9": "M F - -", "男|1|2": "M M F", "2|0": "F -", "w|m|": "F M -",
	} {
		c, err := ParseClinical("t.csv", []byte("id,sex\n"+numbered(text)), TableOptions{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got []string
		for _, r := range c.Rows {
			if r.Sex == "" {
				r.Sex = "-"
			}
			got = append(got, r.Sex)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", text, got, want)
		}
	}
	for text, reason := range map[string]string{"0|1|1": "not known which is male", "M|3": `"3"`, "M|Mn": `"mn"`} {
		_, err := ParseClinical("t.csv", []byte("id,sex\n"+numbered(text)), TableOptions{})
		wantProblem(t, err, "t.csv", "column sex", reason)
	}
}

// numbered makes rows p1,a p2,b … of a|b….
func numbered(values string) string {
	var b strings.Builder
	for i, v := range strings.Split(values, "|") {
		b.WriteString("p" + strings.Repeat("x", i) + "," + v + "\n")
	}
	return b.String()
}

// What spreadsheets make of ids is told from ids that are merely long.
func TestDamagedIDs(t *testing.T) {
	loose := func(s string) cell { return looseCell(s) }
	for _, s := range []string{
		"1.23457E+11", "1,23457E+11", "1.1E+17", "12345.0", "123457000000", "110101199001010000000", "110101199001001000", "5-Mar", "Mar-05", "3月5日", "1,234,567", "#N/A", "=A2", "a\ufffd", "a\nb",
		strings.Repeat("9", 129),
	} {
		if idDamage(loose(s)) == "" {
			t.Errorf("%q passes", s)
		}
	}
	for _, s := range []string{
		"1", "0012345", "P-007", "123456789012", "202000000001", "110101196001310026", "1.2.840.113619.2", "E12", "12E4", "2020-001", "MARIA-05", "Dec", "张三01", "100000", "1 234",
	} {
		if why := idDamage(loose(s)); why != "" {
			t.Errorf("%q: %s", s, why)
		}
	}
	// Text in a spreadsheet was typed; a number was not.
	for s, kind := range map[string]cellKind{"110101199001001000": textKind, "12345.0": textKind, "123456789012345": numberKind} {
		if why := idDamage(cell{s, kind}); why != "" {
			t.Errorf("%q: %s", s, why)
		}
	}
	for s, kind := range map[string]cellKind{"1234567890123456": numberKind, "12.5": numberKind, "-3": numberKind, "1.2E+11": textKind} {
		if idDamage(cell{s, kind}) == "" {
			t.Errorf("%q passes", s)
		}
	}
}

func TestLeadingZerosLost(t *testing.T) {
	for ids, want := range map[string]int{
		"0012345 0098765 12345": 1, "0012345 1234567 12345": 1, "0012345 0098765 7654321": 0, "7 12 123": 0, "001 12 1234": 0, "01 001 5": 0, "0 5 12": 0, "007 P7 x": 0,
	} {
		var cells []cell
		for _, s := range strings.Fields(ids) {
			cells = append(cells, looseCell(s))
		}
		if _, lost := zerosLost(cells); len(lost) != want {
			t.Errorf("%s: %v, want %d", ids, lost, want)
		}
	}
}

// No message shows an id, a name or a birth date.
func TestMessagesNameNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`QX[A-Z]{6}[0-9]{3}`).Draw(t, "secret")
		kind := rapid.IntRange(0, 3).Draw(t, "kind")
		row := [][]string{
			{secret, "x", secret, "1960-01-01"},
			{secret + "\ufffd", "54", secret, "1960-01-01"},
			{secret, "54", secret, secret},
			{secret, "54", secret, "1960-01-01", secret},
		}[kind]
		_, err := ParseClinical("t.csv", []byte("patient id,age,name,dob\nA,1,B,2000-01-01\n"+strings.Join(row, ",")+"\n"), TableOptions{})
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Fatalf("%v", err)
		}
	})
}
