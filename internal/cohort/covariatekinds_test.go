package cohort

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"
)

// column reads a table with one further column.
func column(t *testing.T, opt TableOptions, cells ...string) (*Clinical, error) {
	t.Helper()
	text := "id;x\n"
	for i, c := range cells {
		text += fmt.Sprintf("P%d;%s\n", i, c)
	}
	return ParseClinical("t.csv", []byte(text), opt)
}

// A column is numbers or categories for all rows alike; what contradicts it is named
// with row and column, or by a note, or declared.
func TestCovariateKinds(t *testing.T) {
	numbers, categories := TableOptions{Numbers: []string{"x"}}, TableOptions{Categories: []string{"x"}}
	for _, c := range []struct {
		name string
		opt  TableOptions
		in   string // cells, separated by blanks
		want string // cells as they are carried
		note string
	}{
		{"decimal commas", TableOptions{}, "117,5|98|n/a|1,2e3|−3", "117.5|98||1.2e3|-3", ""},
		{"per cent", TableOptions{}, "62%|7,5 %|80%", "62|7.5|80", ""},
		{"units", TableOptions{}, "117 g/l|98 G/L", "117|98", ""},
		{"codes", TableOptions{}, "007|012|0", "007|012|0", `column "x" is read as a category: 1 of 3 values`},
		{"grades", TableOptions{}, "L1|T12|5|S1", "L1|T12|5|S1", `column "x" is read as a category: 1 of 4 values`},
		{"words", TableOptions{}, "a|b|a", "a|b|a", ""},
		{"declared numbers", numbers, "1|>80|ca. 62|3,5|low|low|low", "1|||3.5|||", `column "x": no numbers, taken as unknown: line 3, line 4, line 6, line 7, line 8`},
		{"declared categories", categories, "1|2|3a|1,0", "1|2|3a|1,0", ""},
	} {
		got, err := column(t, c.opt, strings.Split(c.in, "|")...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var cells []string
		for _, r := range got.Rows {
			cells = append(cells, r.More["x"])
		}
		if d := cmp.Diff(strings.Split(c.want, "|"), cells); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		notes := strings.Join(got.Notes, "\n")
		if !strings.Contains(notes, c.note) || c.note == "" && strings.Contains(notes, `column "x"`) {
			t.Errorf("%s: notes %s", c.name, notes)
		}
	}
	for _, c := range []struct{ in, field, reason string }{
		{"117|98|>80", "line 4, column x", `found text of the form ">99", expected a number`},
		{"117|98|80|ca. 62", "line 5, column x", "categories: [x]"},
		{"117|98|1.234,5", "line 4, column x", "expected a number"},
		{"62%|7,5%|0,8", "line 4, column x", "found a number without a unit, expected a number in %"},
		{"12 mm|13 mm|2 cm", "line 4, column x", "found a number in cm"},
		{"5.1|4.8|05.10.2024", "line 4, column x", "expected a number"}, // 5.10, and Excel on a German Windows
	} {
		_, err := column(t, TableOptions{}, strings.Split(c.in, "|")...)
		wantProblem(t, err, "t.csv", c.field, c.reason)
	}
	_, err := ParseClinical("t.csv", []byte("id;y\nA;1\n"), numbers)
	wantProblem(t, err, "t.csv", "numbers and categories", `no further column "x"`)
}

// Whatever stands in a column, its cells come out as they went in, as numbers all or
// none, or are named.
func TestCovariateKindsAlways(t *testing.T) {
	pool := []string{"", "1", "2,5", "-3.25", "62%", "> 80", "neg", "3 mm", "007", "n/a", "1e5"}
	rapid.Check(t, func(rt *rapid.T) {
		cells := rapid.SliceOfN(rapid.SampledFrom(pool), 1, 12).Draw(rt, "cells")
		got, err := column(t, TableOptions{}, cells...)
		if err != nil {
			if !strings.Contains(err.Error(), ", column x") {
				rt.Fatalf("%q: %v", cells, err)
			}
			return
		}
		same, number := true, true
		for i, r := range got.Rows {
			x := r.More["x"]
			same = same && (x == cells[i] || missing(cells[i]))
			_, unit, ok := parseQuantity(x)
			number = number && (x == "" || ok && unit == "")
		}
		if !same && !number {
			rt.Fatalf("%q became %+v", cells, got.Rows)
		}
	})
}

// Tables as spreadsheet programs of a German and of a Chinese Windows save them:
// encoding, separator, decimal commas, per cent, empty columns and rows at the end.
func TestSpreadsheetsOfTwoCountries(t *testing.T) {
	german := "Patienten-ID;Geburtsdatum;Geschlecht;Alter;Diagnose;Größter Durchmesser (mm);Vorbehandelt;Hb (g/dl);Anteil;Telefonnummer;;\r\n" +
		"P01;31.01.1960;w;60;Myelom;23,5;nein;11,2;62%;030 123;;\r\nP02;05.12.1955;männlich;65 Jahre;Metastase;18;ja;9,8;7,5%;k.A.;;\r\n;;;;;;;;;;;\r\n;;;;;;;;;;;\r\n"
	b, err := charmap.Windows1252.NewEncoder().Bytes([]byte(german))
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseClinical("t.csv", b, TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := c.Rows[0]
	if len(c.Rows) != 2 || r.Sex != "F" || *r.Age != 60 || r.Class != "Myelom" || *r.Diameter != 23.5 || r.Treated != No || c.Rows[1].Treated != Yes || r.Birth != (Date{1960, 1, 31}) {
		t.Errorf("%+v", r)
	}
	if d := cmp.Diff(map[string]string{"Hb (g/dl)": "11.2", "Anteil": "62"}, r.More); d != "" {
		t.Error(d)
	}

	chinese := "住院号,性别,年龄,诊断,最大径（mm）,血红蛋白(g/L),浸润比例,联系电话,,\r\n" +
		"00012,男,62岁,骨髓瘤,２３,117,62%,13912345678,,\r\n00013,女,55岁,转移瘤,18,98,70%,,,\r\n,,,,,,,,,\r\n"
	if b, err = simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(chinese)); err != nil {
		t.Fatal(err)
	}
	if c, err = ParseClinical("t.csv", b, TableOptions{}); err != nil {
		t.Fatal(err)
	}
	r = c.Rows[0]
	if len(c.Rows) != 2 || r.Patient != "00012" || r.Sex != "M" || *r.Age != 62 || *r.Diameter != 23 {
		t.Errorf("%+v", r)
	}
	if d := cmp.Diff(map[string]string{"血红蛋白(g/L)": "117", "浸润比例": "62"}, r.More); d != "" {
		t.Error(d)
	}

	// What stands in an age is named.
	for _, age := range []string{"ca. 62", ">80", "62-65", "05. Okt", "unter 18"} {
		_, err := ParseClinical("t.csv", []byte("Patient;Alter\nP1;61\nP2;"+age+"\n"), TableOptions{})
		wantProblem(t, err, "t.csv", "line 3, column Alter", fmt.Sprintf("found %q, expected an age", age))
	}
}

// A header of two rows: merged downwards over the id, merged sideways over groups.
func TestXLSXHeaderOfTwoRows(t *testing.T) {
	for _, downwards := range []bool{true, false} {
		data := sheetOf(t, func(f *excelize.File, set func(string, any)) {
			for at, x := range map[string]any{
				"A1": "Klinik", "A2": "Patient", "B2": "Diagnose", "C2": "Labor", "C3": "Hb", "D3": "Calcium", "E2": "Anteil",
				"A4": "P1", "B4": "Myelom", "C4": 11.2, "D4": 2.4, "E4": .62, "A5": "P2", "B5": "Metastase", "C5": 9.8, "D5": 2.3, "E5": .5, "G5": "x",
			} {
				set(at, x)
			}
			ranges := [][2]string{{"A1", "E1"}, {"C2", "D2"}}
			if downwards {
				ranges = append(ranges, [2]string{"A2", "A3"}, [2]string{"B2", "B3"}, [2]string{"E2", "E3"})
			}
			for _, r := range ranges {
				if err := f.MergeCell("Sheet1", r[0], r[1]); err != nil {
					t.Fatal(err)
				}
			}
			percent, err := f.NewStyle(&excelize.Style{NumFmt: 9})
			if err != nil {
				t.Fatal(err)
			}
			if err := f.SetCellStyle("Sheet1", "E4", "E5", percent); err != nil {
				t.Fatal(err)
			}
			set("G5", nil) // a column that was emptied
		})
		c, err := ParseClinical("t.xlsx", data, TableOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Rows) != 2 || c.Rows[0].Line != 4 || c.Rows[0].Class != "Myelom" {
			t.Errorf("%+v", c.Rows)
		}
		if d := cmp.Diff(map[string]string{"Hb": "11.2", "Calcium": "2.4", "Anteil": "0.62"}, c.Rows[0].More); d != "" {
			t.Error(d)
		}
		if notes := strings.Join(c.Notes, "\n"); !strings.Contains(notes, "merged ranges (A1:E1, C2:D2") {
			t.Error(notes)
		}
	}
}

// A date among numbers is a number that the program changed; errors are named by
// their place; a column without a name is said not to be read.
func TestXLSXCovariates(t *testing.T) {
	book := func(change func(set func(string, any))) []byte {
		return sheetOf(t, func(f *excelize.File, set func(string, any)) {
			for at, x := range map[string]any{
				"A1": "id", "B1": "Hb", "C1": "Grad", "A2": "P1", "B2": 5.1, "C2": "a", "A3": "P2", "B3": 4.8, "C3": "b", "A4": "P3", "B4": 5.2, "C4": "b",
			} {
				set(at, x)
			}
			style, err := f.NewStyle(&excelize.Style{NumFmt: 14})
			if err != nil {
				t.Fatal(err)
			}
			change(set)
			if x, _ := f.GetCellValue("Sheet1", "B4"); x == "45570" {
				if err := f.SetCellStyle("Sheet1", "B4", "B4", style); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	_, err := ParseClinical("t.xlsx", book(func(set func(string, any)) { set("B4", 45570) }), TableOptions{})
	wantProblem(t, err, "t.xlsx", "sheet Sheet1, row 4, column Hb", "found a date, which a spreadsheet program may have made of a number")
	c, err := ParseClinical("t.xlsx", book(func(set func(string, any)) { set("D3", "see letter"); set("E1", "y"); set("E2", 1) }), TableOptions{})
	if err != nil || !strings.Contains(strings.Join(c.Notes, "\n"), "columns without a name are not read: D") {
		t.Errorf("%v %+v", err, c)
	}
}
