package cohort

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"
)

// aPatient draws a patient whose row any style can write.
func aPatient(t *rapid.T, n int, names []string) ClinicalRow {
	tenth := func(label string, lo, hi int) *float64 {
		if rapid.IntRange(0, 5).Draw(t, label+" known") == 0 {
			return nil
		}
		x := float64(rapid.IntRange(lo, hi).Draw(t, label)) / 10
		return &x
	}
	day := time.Date(1930, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 30000).Draw(t, "birth"))
	return ClinicalRow{
		Patient:  fmt.Sprintf("%s%04d", rapid.SampledFrom([]string{"", "P", "mr-"}).Draw(t, "id"), n),
		Birth:    Date{day.Year(), int(day.Month()), day.Day()},
		Name:     rapid.SampledFrom(names).Draw(t, "name"),
		Class:    rapid.SampledFrom([]string{"myeloma", "metastasis"}).Draw(t, "class"),
		Age:      tenth("age", 170, 860),
		Sex:      rapid.SampledFrom([]string{"M", "F"}).Draw(t, "sex"),
		Level:    rapid.SampledFrom([]string{"L1", "T12, L1", "C3; \"old\""}).Draw(t, "level"),
		Diameter: tenth("diameter", 1, 900),
	}
}

// style is one way to write a table.
type style struct {
	han, comma, serial bool // Chinese headers; decimal commas; dates as numbers
	sex, date, unit    int
	order              []int
}

var styleHeaders = [][2]string{
	{"Patient ID", "住院号"},
	{"Date of birth", "出生日期"},
	{"Name", "姓名"},
	{"Diagnosis", "病理诊断"},
	{"Age", "年龄"},
	{"Gender", "性别"},
	{"Level", "病变节段"},
	{"Max. diameter (cm)", "最大径（cm）"},
}

func (s style) header() []string {
	out := make([]string, len(styleHeaders))
	for i, h := range styleHeaders {
		out[i] = h[0]
		if s.han {
			out[i] = h[1]
		}
	}
	return out
}

func (s style) number(x *float64, unit string) string {
	if x == nil {
		return ""
	}
	text := strconv.FormatFloat(*x, 'f', -1, 64)
	if s.comma {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text + unit
}

func (s style) row(r ClinicalRow) []string {
	d := r.Birth
	day := time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
	date := day.Format([]string{"2006-01-02", "2006/1/2", "20060102", "2006年1月2日", "2.1.2006", "2 Jan 2006", "January 2, 2006", "2006-01-02 00:00:00"}[s.date])
	if s.serial {
		date = strconv.Itoa(int(day.Sub(time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)).Hours() / 24))
	}
	sex := [][2]string{{"M", "F"}, {"男", "女"}, {"male", "FEMALE"}, {"1", "2"}}[s.sex][map[string]int{"M": 0, "F": 1}[r.Sex]]
	ageUnit := []string{"", "岁", " years", "Y"}[s.unit]
	var cm *float64
	if r.Diameter != nil {
		x := *r.Diameter / 10
		cm = &x
	}
	return []string{r.Patient, date, r.Name, r.Class, s.number(r.Age, ageUnit), sex, r.Level, s.number(cm, "")}
}

func permuted(row []string, order []int) []string {
	out := make([]string, len(row))
	for i, j := range order {
		out[i] = row[j]
	}
	return out
}

func encodeText(t *rapid.T, text, encoding string) []byte {
	units := func(big bool) []byte {
		out := []byte{0xff, 0xfe}
		if big {
			out = []byte{0xfe, 0xff}
		}
		for _, u := range utf16.Encode([]rune(text)) {
			if big {
				out = append(out, byte(u>>8), byte(u))
			} else {
				out = append(out, byte(u), byte(u>>8))
			}
		}
		return out
	}
	var b []byte
	var err error
	switch encoding {
	case "utf-8 with mark":
		b = []byte("\ufeff" + text)
	case "utf-16":
		b = units(false)
	case "utf-16 big":
		b = units(true)
	case "gb18030":
		b, err = simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text))
	case "windows-1252":
		b, err = charmap.Windows1252.NewEncoder().Bytes([]byte(text))
	default:
		b = []byte(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// One table in any encoding, with any separator, decimal mark, date form, words
// for sex, units, order of columns, empty and twin rows gives the same rows.
func TestEveryStyleGivesTheSameRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		encoding := rapid.SampledFrom([]string{"utf-8", "utf-8 with mark", "utf-16", "utf-16 big", "gb18030", "windows-1252", "xlsx"}).Draw(t, "encoding")
		names := []string{"Zhang San", "Li^Si", "Smith"}
		s := style{
			comma: rapid.Bool().Draw(t, "comma"), serial: rapid.Bool().Draw(t, "serial"),
			sex: rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "sex"), date: rapid.SampledFrom([]int{0, 1, 2, 4, 5, 6, 7}).Draw(t, "date"),
			unit:  rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "unit"),
			order: rapid.Permutation([]int{0, 1, 2, 3, 4, 5, 6, 7}).Draw(t, "order"),
		}
		if encoding == "windows-1252" {
			names = []string{"Müller", "Pérez", "Weiß", "Smith"}
		} else {
			s.han = rapid.Bool().Draw(t, "han")
			if s.han { // a GB 18030 file has more than a character or two of Chinese
				names = append(names, "张三", "欧阳修", "镕基")
				s.sex, s.date, s.unit = rapid.IntRange(0, 3).Draw(t, "sex"), rapid.IntRange(0, 7).Draw(t, "date"), rapid.IntRange(0, 3).Draw(t, "unit")
			}
		}
		var want []ClinicalRow
		rows := [][]string{permuted(s.header(), s.order)}
		for i := range rapid.IntRange(1, 8).Draw(t, "patients") {
			r := aPatient(t, i+1, names)
			want = append(want, r)
			row := permuted(s.row(r), s.order)
			rows = append(rows, row)
			switch rapid.IntRange(0, 5).Draw(t, "extra") {
			case 0:
				rows = append(rows, row)
			case 1:
				rows = append(rows, make([]string, len(row)))
			}
		}
		var data []byte
		if encoding == "xlsx" {
			data = xlsxOf(t, rows, func(f *excelize.File) {})
		} else {
			var b bytes.Buffer
			w := csv.NewWriter(&b)
			w.Comma = rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(t, "separator")
			w.UseCRLF = rapid.Bool().Draw(t, "crlf")
			w.WriteAll(rows)
			data = encodeText(t, b.String(), encoding)
		}
		c, err := ParseClinical("t", data, TableOptions{})
		if err != nil {
			t.Fatalf("%v\n%v", err, rows)
		}
		opts := []cmp.Option{cmpopts.IgnoreFields(ClinicalRow{}, "Line"), cmpopts.EquateApprox(1e-12, 0), cmpopts.EquateEmpty()}
		if d := cmp.Diff(want, c.Rows, opts...); d != "" {
			t.Fatalf("%v\n%s", rows, d)
		}
		if !slices.ContainsFunc(c.Notes, func(n string) bool { return strings.Contains(n, "encoding: ") || strings.Contains(n, "sheet: ") }) {
			t.Fatalf("notes %q", c.Notes)
		}
	})
}

// xlsxOf writes rows as text cells; change may do more to the workbook.
func xlsxOf(t interface{ Fatal(...any) }, rows [][]string, change func(*excelize.File)) []byte {
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range rows {
		for j, v := range row {
			cell, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err == nil && v != "" {
				err = f.SetCellStr("Sheet1", cell, v)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	change(f)
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
