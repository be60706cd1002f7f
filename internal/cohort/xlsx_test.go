package cohort

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"magn/internal/testenv"
)

// sheetOf writes a workbook with excelize.
func sheetOf(t *testing.T, change func(f *excelize.File, set func(cell string, v any))) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	change(f, func(cell string, v any) {
		t.Helper()
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	})
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A workbook as a clinic has it: a title in merged cells, numbers and dates as
// such, a number format that shows zeros, a hidden sheet, hidden rows, rich text.
func TestXLSX(t *testing.T) {
	data := sheetOf(t, func(f *excelize.File, set func(string, any)) {
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		set("A1", "脊柱肿瘤患者")
		must(f.MergeCell("Sheet1", "A1", "E1"))
		for i, h := range []string{"住院号", "出生日期", "年龄", "最大径(cm)", "姓名"} {
			set(fmt.Sprintf("%c3", 'A'+i), h)
		}
		zeros := "00000000"
		custom, err := f.NewStyle(&excelize.Style{CustomNumFmt: &zeros})
		must(err)
		set("A4", 12345)
		must(f.SetCellStyle("Sheet1", "A4", "A4", custom))
		set("B4", time.Date(1960, 1, 31, 0, 0, 0, 0, time.UTC))
		set("C4", 54.3)
		set("D4", 3.2)
		must(f.SetCellRichText("Sheet1", "E4", []excelize.RichTextRun{{Text: "张"}, {Text: "三"}}))
		set("A6", "00098765")
		set("B6", 21946) // 1960-01-31 without a date format
		must(f.SetCellFormula("Sheet1", "C6", "50+4"))
		must(f.SetCellValue("Sheet1", "C6", 54))
		must(f.SetRowVisible("Sheet1", 6, false))
		_, err = f.NewSheet("密")
		must(err)
		must(f.SetSheetVisible("密", false))
	})
	c, err := ParseClinical("t.xlsx", data, TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	age, age2, diameter := 54.3, 54., 32.
	birth := Date{1960, 1, 31}
	want := []ClinicalRow{
		{Line: 4, Patient: "00012345", Birth: birth, Age: &age, Diameter: &diameter, Name: "张三"},
		{Line: 6, Patient: "00098765", Birth: birth, Age: &age2},
	}
	if d := cmp.Diff(want, c.Rows); d != "" {
		t.Error(d)
	}
	notes := strings.Join(c.Notes, "\n")
	for _, part := range []string{`sheet: "Sheet1"`, "1 sheets are hidden", "1 hidden rows are read too", "1 merged ranges", "1 rows above the header", "serial dates"} {
		if !strings.Contains(notes, part) {
			t.Errorf("no note %q in\n%s", part, notes)
		}
	}
	if strings.Contains(notes, "张三") || strings.Contains(notes, "98765") {
		t.Errorf("a patient in the notes:\n%s", notes)
	}
}

// The 1904 system: 20484 is 1960-01-31 (openpyxl's to_excel(date(1960, 1, 31),
// CALENDAR_MAC_1904)), and 21946 in the 1900 system.
func TestXLSXDateSystems(t *testing.T) {
	for n, date1904 := range map[int]bool{21946: false, 20484: true} {
		data := sheetOf(t, func(f *excelize.File, set func(string, any)) {
			if err := f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &date1904}); err != nil {
				t.Fatal(err)
			}
			style, err := f.NewStyle(&excelize.Style{NumFmt: 14})
			if err != nil {
				t.Fatal(err)
			}
			set("A1", "id")
			set("B1", "dob")
			for _, row := range []string{"2", "3"} {
				set("A"+row, "p"+row)
				set("B"+row, n)
			}
			if err := f.SetCellStyle("Sheet1", "B2", "B2", style); err != nil {
				t.Fatal(err)
			}
		})
		c, err := ParseClinical("t.xlsx", data, TableOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range c.Rows {
			if (r.Birth != Date{1960, 1, 31}) {
				t.Errorf("1904 %v: %v", date1904, r.Birth)
			}
		}
	}
}

func TestXLSXRefused(t *testing.T) {
	one := func(header, id any, more ...any) func(*excelize.File, func(string, any)) {
		return func(f *excelize.File, set func(string, any)) {
			set("A1", header)
			set("A2", id)
			for i, v := range more {
				set(fmt.Sprintf("%c2", 'B'+i), v)
			}
		}
	}
	for name, test := range map[string]struct {
		change        func(*excelize.File, func(string, any))
		field, reason string
	}{
		"formula": {func(f *excelize.File, set func(string, any)) {
			one("id", "p1")(f, set)
			set("B1", "age")
			f.SetCellFormula("Sheet1", "B2", "50+4")
		}, "sheet Sheet1, row 2, column age", "a formula without a stored value"},
		"many digits": {one("id", 110101196001311.0*1000), "row 2, column id", "18 digits, of which a spreadsheet keeps 15"},
		"rounded":     {one("id", 123457000000), "row 2, column id", "zeros after the sixth"},
		"date":        {one("id", time.Date(2020, 3, 5, 0, 0, 0, 0, time.UTC)), "row 2, column id", "took the id for one"},
		"fraction":    {one("id", 12.5), "row 2, column id", "a number that is no id"},
		"exponent":    {one("id", "1.23457E+11"), "row 2, column id", "scientific notation"},
		"wider row":   {one("id", "p1", "x"), "row 2", "2 fields, expected 1"},
		"zeros lost": {func(f *excelize.File, set func(string, any)) {
			for i, v := range []any{"id", "0012345", "0098765", 12346} {
				set(fmt.Sprintf("A%d", i+1), v)
			}
		}, "row 4, column id", "a number of 5 digits among ids of 7"},
	} {
		_, err := ParseClinical("t.xlsx", sheetOf(t, test.change), TableOptions{})
		t.Run(name, func(t *testing.T) { wantProblem(t, err, "t.xlsx", test.field, test.reason) })
	}
	// An error of a formula, as it is stored.
	plain := sheetOf(t, one("id", "p1"))
	broken := replacePart(t, plain, "xl/worksheets/sheet1.xml", func(string) string {
		return `<worksheet><sheetData><row r="1"><c t="str"><v>id</v></c><c t="inlineStr"><is><t>age</t></is></c></row>` +
			`<row r="3"><c r="A3" t="str"><v>p2</v></c><c r="B3" t="e"><f>1/0</f><v>#DIV/0!</v></c></row></sheetData></worksheet>`
	})
	_, err := ParseClinical("t.xlsx", broken, TableOptions{})
	wantProblem(t, err, "t.xlsx", "row 3, column age", "#DIV/0!")

	_, err = ParseClinical("t.xlsx", plain, TableOptions{Sheet: "Tabelle1"})
	wantProblem(t, err, "t.xlsx", "sheet", `no sheet "Tabelle1", expected one of "Sheet1"`)
	for name, data := range map[string]string{
		"an Excel 97 file": "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
		"zip: not a valid": "PK\x03\x04 and no more",
	} {
		_, err := ParseClinical("t.xlsx", []byte(data), TableOptions{})
		wantProblem(t, err, "t.xlsx", "", name)
	}
	for n := range len(plain) / 97 {
		ParseClinical("t.xlsx", plain[:n*97], TableOptions{}) // no panic
	}
}

// replacePart is the workbook with one part changed.
func replacePart(t *testing.T, data []byte, name string, change func(string) string) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if f.Name == name {
			text = change(text)
		}
		part, err := w.Create(f.Name)
		if err == nil {
			_, err = part.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	return out.Bytes()
}

// Small files that ask for much memory are refused or read with little. As
// excelize 2.11 reads it, the first makes it allocate 941 MiB.
func TestXLSXBombs(t *testing.T) {
	plain := sheetOf(t, func(_ *excelize.File, set func(string, any)) { set("A1", "id"); set("A2", "p1") })
	sheet := func(body string) func(string) string {
		return func(string) string {
			return `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + body + `</sheetData></worksheet>`
		}
	}
	var last strings.Builder
	for i := range 300 {
		fmt.Fprintf(&last, `<row r="%d"><c r="XFD%d"><v>1</v></c></row>`, i+1, i+1)
	}
	for name, change := range map[string]func(string) string{
		"last column":  sheet(last.String()),
		"last row":     sheet(`<row r="1048576"><c r="A1048576" t="str"><v>id</v></c></row>`),
		"beyond":       sheet(`<row r="99999999999"><c><v>1</v></c></row>`),
		"backwards":    sheet(`<row r="5"/><row r="5"/>`),
		"depth":        sheet(strings.Repeat("<x>", 1<<20)),
		"long":         sheet(`<row r="1"><c t="str"><v>` + strings.Repeat("a", 40<<20) + `</v></c></row>`),
		"cells":        sheet(strings.Repeat(`<row>`+strings.Repeat(`<c><v>1</v></c>`, 100)+`</row>`, 1<<12)),
		"no string":    sheet(`<row><c t="s"><v>99</v></c></row>`),
		"minus string": sheet(`<row><c t="s"><v>-1</v></c></row>`),
		"not closed":   func(string) string { return `<worksheet><sheetData><row><c>` },
	} {
		data := replacePart(t, plain, "xl/worksheets/sheet1.xml", change)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		_, err := ParseClinical("t.xlsx", data, TableOptions{})
		runtime.ReadMemStats(&after)
		if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 400 || time.Since(start) > time.Minute {
			t.Errorf("%s: %d bytes made us allocate %d MiB in %v", name, len(data), mib, time.Since(start))
		}
		if err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

// Which formats are dates: the built-in ones, and own ones that Excel offers in
// German, Chinese and Japanese editions.
func TestNumberFormats(t *testing.T) {
	codes := []string{
		"yyyy-mm-dd", "dd.mm.yyyy;@", `[$-404]e"年"m"月"d"日"`, "m/d/yy h:mm", "0.00", "0000000", `0" days"`, `#,##0.00 "d"`, "General", `[Red]0_d`, "[h]:mm",
	}
	want := "0 14=date 22=date 23 27=date 36=date 37 45=date 57=date " +
		"200=date 201=date 202=date 203=date 204 205=7 206=1 207 208 209=1 210"
	ids := []int{0, 14, 22, 23, 27, 36, 37, 45, 57}
	styles := "<styleSheet><numFmts>"
	for i, c := range codes {
		ids = append(ids, 200+i)
		styles += fmt.Sprintf(`<numFmt numFmtId="%d" formatCode="%s"/>`, 200+i, strings.ReplaceAll(c, `"`, "&quot;"))
	}
	styles += `</numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs>`
	for _, id := range ids {
		styles += fmt.Sprintf(`<xf numFmtId="%d"/>`, id)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	part, err := w.Create("s.xml")
	if err == nil {
		_, err = part.Write([]byte(styles + "</cellXfs></styleSheet>\n"))
	}
	if err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	formats, err := (&xlsx{parts: map[string]*zip.File{"s.xml": z.File[0]}}).formats("s.xml")
	if err != nil || len(formats) != len(ids) {
		t.Fatalf("%v, %d formats", err, len(formats))
	}
	var got []string
	for i, f := range formats {
		switch {
		case f.date:
			got = append(got, fmt.Sprint(ids[i], "=date"))
		case f.zeros > 0:
			got = append(got, fmt.Sprint(ids[i], "=", f.zeros))
		default:
			got = append(got, fmt.Sprint(ids[i]))
		}
	}
	if d := cmp.Diff(want, strings.Join(got, " ")); d != "" {
		t.Error(d)
	}
}

func TestFirstVisibleSheet(t *testing.T) {
	data := sheetOf(t, func(f *excelize.File, set func(string, any)) {
		set("A1", "id")
		set("A2", "old")
		if _, err := f.NewSheet("second"); err != nil {
			t.Fatal(err)
		}
		f.SetCellValue("second", "A1", "id")
		f.SetCellValue("second", "A2", "new")
		f.SetActiveSheet(1)
		if err := f.SetSheetVisible("Sheet1", false); err != nil {
			t.Fatal(err)
		}
	})
	for sheet, want := range map[string]string{"": "new", "Sheet1": "old"} {
		c, err := ParseClinical("t.xlsx", data, TableOptions{Sheet: sheet})
		if err != nil || c.Rows[0].Patient != want {
			t.Errorf("sheet %q: %v %+v", sheet, err, c)
		}
	}
}

func FuzzXLSX(f *testing.F) {
	f.Add(`<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="C1" t="str"><v>dob</v></c></row><row><c><v>1</v></c><c r="C2" s="1"><f>1</f><v>21946</v></c></row>`, "yyyy")
	f.Add(`<row><c t="s"><v>0</v></c></row><row><c t="b"><v>1</v></c><c t="e"><v>#REF!</v></c><c t="d"><v>1960-01-31</v></c></row>`, "00000")
	f.Add(`<row r="2" hidden="1"><c r="ZZ2"><v>1e300</v></c></row>`, `[$-404]e/m/d;@`)
	f.Fuzz(func(t *testing.T, body, format string) {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for name, text := range map[string]string{
			"_rels/.rels": `<Relationships><Relationship Id="a" Type="x/officeDocument" Target="/xl/workbook.xml"/></Relationships>`,
			"xl/workbook.xml": `<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>` +
				`<sheet name="S" sheetId="1" r:id="b"/></sheets></workbook>`,
			"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="b" Type="x/worksheet" Target="s.xml"/>` +
				`<Relationship Id="c" Type="x/sharedStrings" Target="t.xml"/><Relationship Id="d" Type="x/styles" Target="u.xml"/></Relationships>`,
			"xl/s.xml": `<worksheet><sheetData>` + body + `</sheetData></worksheet>`,
			"xl/t.xml": `<sst><si><t>patient id</t></si><si><r><t>a</t></r><rPh><t>b</t></rPh></si></sst>`,
			"xl/u.xml": `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="` + format + `"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="200"/></cellXfs></styleSheet>`,
		} {
			part, err := w.Create(name)
			if err == nil {
				_, err = part.Write([]byte(text))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		c, err := ParseClinical("t.xlsx", b.Bytes(), TableOptions{})
		if err != nil {
			return
		}
		for i, r := range c.Rows {
			if r.Patient == "" || i > 0 && c.Rows[i-1].Line >= r.Line {
				t.Fatalf("patient %q in row %d", r.Patient, r.Line)
			}
		}
	})
}

// What openpyxl writes of Python's own numbers and dates is read as it was meant.
func TestOpenpyxlPeer(t *testing.T) {
	python := testenv.Python(t, "openpyxl")
	path := filepath.Join(t.TempDir(), "t.xlsx")
	const script = `
import sys, datetime, openpyxl
w = openpyxl.Workbook(); s = w.active; s.title = "病例"
s.append(["patient id", "dob", "age", "diameter (mm)", "sex", "lesions", "Hb"])
s.append(["0012", datetime.date(1960, 1, 31), 54.1, 0.1 + 0.2, "男", 3, 11.7])
s.append([34, datetime.datetime(1999, 12, 31, 23, 59), 17, 1e2, "F", 1, 1/3])
s.append([123456789012345, "31/12/1999", "54岁", "3,2 cm", "女", None, None])
s["A3"].number_format = "0000"
w.create_sheet("old").sheet_state = "hidden"
w.save(sys.argv[1])`
	if out, err := exec.Command(python, "-c", script, path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	c, err := ReadClinical(path, TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p := func(x float64) *float64 { return &x }
	n := func(x int) *int { return &x }
	want := []ClinicalRow{
		{Line: 2, Patient: "0012", Birth: Date{1960, 1, 31}, Age: p(54.1), Diameter: p(.3), Sex: "M", Lesions: n(3), More: map[string]string{"Hb": "11.7"}},
		{Line: 3, Patient: "0034", Birth: Date{1999, 12, 31}, Age: p(17), Diameter: p(100), Sex: "F", Lesions: n(1), More: map[string]string{"Hb": "0.333333333333333"}},
		{Line: 4, Patient: "123456789012345", Birth: Date{1999, 12, 31}, Age: p(54), Diameter: p(32), Sex: "F", More: map[string]string{}},
	}
	if d := cmp.Diff(want, c.Rows); d != "" {
		t.Error(d)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}
