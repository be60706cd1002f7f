package cohort

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ageOf reads a clinical table and returns id → age for its rows.
func ageOf(t *testing.T, text string, opt TableOptions) map[string]float64 {
	t.Helper()
	c, err := ParseClinical("t.csv", []byte(text), opt)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	out := map[string]float64{}
	for _, r := range c.Rows {
		out[r.Patient] = -1
		if r.Age != nil {
			out[r.Patient] = *r.Age
		}
	}
	return out
}

func TestDelimited(t *testing.T) {
	want := map[string]float64{"p1": 54.5, "p2": 61}
	for name, text := range map[string]string{
		"comma":                  "patient id,age\np1,54.5\np2,61\n",
		"semicolon and comma":    "patient id;age\np1;54,5\np2;61,0\n",
		"tab":                    "patient id\tage\tlevel\np1\t54,5\t\np2\t61\tL1, L2\n",
		"quoted decimal comma":   "patient id,age\np1,\"54,5\"\np2,61\n",
		"more commas than marks": "patient id;age;level\np1;54,5;L1, L2, L3\np2;61,0;L1, L2, L3\n",
		"sep line":               "sep=;\r\npatient id;age\r\np1;54,5\r\np2;61\r\n",
		"old Macintosh":          "patient id,age\rp1,54.5\rp2,61\r",
		"empty rows":             "patient id,age\n\n,\np1,54.5\n , \np2,61\n\n",
		"twin rows":              "patient id,age\np1,54.5\np2,61\np1,54.5\n",
		"fields beyond":          "patient id,age,,\np1,54.5,,\np2,61,,\n",
		"title":                  "Patients of our hospital,\n2014 to 2020,\npatient id,age\np1,54.5\np2,61\n",
		"line break in a field":  "patient id,age,level\np1,54.5,\"L1\nL2\"\np2,61,\"a \"\"b\"\"\"\n",
		"spaces":                 "patient id , age\n p1 , \"54.5\"\n p2 ,\u00a061\u3000\n",
		"full width":             "患者编号，x,年龄\np1,５４．５\np2,６１\n",
		"units":                  "patient id,age\np1,54.5 years\np2,061Y\n",
		"months":                 "patient id,age (months)\np1,654\np2,61 y\n",
		"order of columns":       "age,note,patient id\n54.5,x,p1\n61,y,p2\n",
	} {
		opt := TableOptions{}
		if name == "full width" {
			opt.Columns = map[string]string{"patient": "患者编号，x"}
		}
		if d := cmp.Diff(want, ageOf(t, text, opt)); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
	}
	// What hospital systems write so that Excel keeps zeros.
	if d := cmp.Diff(map[string]float64{"0012": 54, "0034": 61}, ageOf(t, "patient id,age\n=\"0012\",54\n\"=\"\"0034\"\"\",61\n", TableOptions{})); d != "" {
		t.Error(d)
	}
	// The same within a quoted field is text.
	c, err := ParseClinical("t.csv", []byte("patient id,age,level\nx1,54,\"a,=\"\"7\"\",b\"\n"), TableOptions{})
	if err != nil || c.Rows[0].Level != `a,="7",b` {
		t.Errorf("%v, %+v", err, c)
	}
	c, err = ParseClinical("t.csv", []byte("patient id,a,b,c\nx1,\"x,=\",L1,\",z\"\n=\"7\",1,2,3\n"), TableOptions{})
	if err != nil || !cmp.Equal(c.Rows[0].More, map[string]string{"a": "x,=", "b": "L1", "c": ",z"}) || c.Rows[1].Patient != "7" {
		t.Errorf("%v, %+v", err, c)
	}
	if _, err := ParseClinical("t.csv", []byte("patient id,age\nx1,54\n"), TableOptions{Separator: "semicolon"}); err == nil {
		t.Error("the separator that was told is not used")
	}
}

func TestDelimitedRefused(t *testing.T) {
	for name, test := range map[string]struct{ text, field, reason string }{
		"too few fields":    {"patient id,age,sex\np1,54,M\np2,61\n", "line 3", "2 fields, expected 3"},
		"too many fields":   {"patient id,age\np1,54,5\n", "line 2", "3 fields, expected 2 as in the header; put fields that hold a separator"},
		"after a break":     {"patient id,level\np1,\"L1\nL2\"\np2\n", "line 4", "1 fields"},
		"bare quote":        {"patient id,level\np1,L1 \"old\"\n", "line 2", "quotation mark"},
		"open quote":        {"patient id,level\np1,\"L1\np2,L2\n", "line 2", "quotation mark"},
		"no id column":      {"age,sex\n54,M\n", "header", "no column patient"},
		"no rows":           {"\n\n", "", "no row"},
		"two id columns":    {"住院号,影像号,年龄\n1,2,54\n", "header", `"住院号" and "影像号"`},
		"no id":             {"patient id,age\np1,54\n,61\n", "line 3, column patient id", "no id"},
		"an error":          {"patient id,age\np1,#DIV/0!\n", "line 2, column age", "#DIV/0!"},
		"an error for id":   {"patient id,age\n#N/A,5\n", "line 2, column patient id", "error of the spreadsheet"},
		"a formula":         {"patient id,age\np1,=B2+1\n", "line 2, column age", "a formula"},
		"narrow column":     {"patient id,age\np1,#####\n", "line 2, column age", "error of the spreadsheet"},
		"web page":          {"<html><table><tr><td>patient id</td></tr></table>", "", "a web page"},
		"two ages":          {"patient id,age,age\np1,54,55\n", "header", "may both be the column age"},
		"another separator": {"patient id|age\np1|54\n", "header", "no column patient"},
	} {
		_, err := ParseClinical("t.csv", []byte(test.text), TableOptions{})
		t.Run(name, func(t *testing.T) { wantProblem(t, err, "t.csv", test.field, test.reason) })
	}
	// A first row that is no header may be a patient.
	_, err := ParseClinical("t.csv", []byte("Zhang San,0012,54\n"), TableOptions{})
	if err == nil || strings.Contains(err.Error(), "Zhang") || strings.Contains(err.Error(), "0012") {
		t.Errorf("%v", err)
	}
	_, err = ParseClinical("t.csv", []byte("patient id,age\np1,5\n"), TableOptions{Separator: "|"})
	wantProblem(t, err, "t.csv", "separator", "comma, semicolon or tab")
}

func TestColumnMap(t *testing.T) {
	text := "住院号,影像号,Jahre,sex\n1,20,54,M\n"
	opt := TableOptions{Columns: map[string]string{"patient": "影像号", "age": "Jahre", "sex": ""}}
	c, err := ParseClinical("t.csv", []byte(text), opt)
	if err != nil {
		t.Fatal(err)
	}
	if r := c.Rows[0]; r.Patient != "20" || *r.Age != 54 || r.Sex != "" {
		t.Errorf("%+v", r)
	}
	for field, columns := range map[string]map[string]string{
		"columns.patient": {"patient": "MRN"},
		"columns.pateint": {"pateint": "影像号", "patient": "影像号"},
	} {
		_, err := ParseClinical("t.csv", []byte(text), TableOptions{Columns: columns})
		wantProblem(t, err, "t.csv", field, "one of")
	}
}

func TestTablesAreBounded(t *testing.T) {
	for name, text := range map[string]string{
		"rows":    "patient\n" + strings.Repeat("1\n", maxRows+1),
		"columns": "patient" + strings.Repeat(",", maxColumns+1) + "\n",
		"cells":   "patient" + strings.Repeat(",", 1000) + "\n" + strings.Repeat("1"+strings.Repeat(",", 1000)+"\n", 2001),
	} {
		_, err := ParseClinical("t.csv", []byte(text), TableOptions{})
		t.Run(name, func(t *testing.T) { wantProblem(t, err, "t.csv", "line", "more than") })
	}
	// One problem a row, and an end to them.
	_, err := ParseClinical("t.csv", []byte("patient,age\n"+strings.Repeat("1,x,\n", 1)+strings.Repeat("1,x,y\n", 5000)), TableOptions{})
	if err == nil || len(err.(*Problems).List) > maxProblems {
		t.Errorf("%d problems", len(err.(*Problems).List))
	}
}

func FuzzClinicalCSV(f *testing.F) {
	f.Add([]byte("patient id,age,sex,birth date,name,diagnosis,diameter (cm),note\n=\"01\",54岁,男,1960/1/31,Zhang^San=张^三,MM,\"3,2×2\",x\n"))
	f.Add([]byte("sep=;\n住院号;年龄;\xd7\xa1\n1;2;3\n"))
	f.Add([]byte("\xff\xfei\x00d\x00\n\x001\x00"))
	f.Add([]byte("id\treader\tread\n1\tA\t0,5\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		// Whatever comes out hangs together.
		if c, err := ParseClinical("t.csv", data, TableOptions{}); err == nil {
			seen := map[string]bool{}
			for _, r := range c.Rows {
				if r.Patient == "" || seen[r.Patient] || r.Line < 1 {
					t.Fatalf("patient %q in line %d", r.Patient, r.Line)
				}
				seen[r.Patient] = true
				if r.Age != nil && !(*r.Age >= 0 && *r.Age <= 120) || r.Diameter != nil && !(*r.Diameter >= 0 && *r.Diameter <= 1000) {
					t.Fatalf("%+v", r)
				}
				for h := range r.Covariates() {
					found := false
					for _, n := range c.CovariateNames() {
						found = found || n == h
					}
					if !found {
						t.Fatalf("covariate %q is not listed", h)
					}
				}
			}
		}
		ParseClinical("t.csv", data, TableOptions{RowPerLesion: true})
		if a, err := ParseAnswers("t.csv", data, TableOptions{}); err == nil {
			for _, r := range a.Rows {
				if r.Patient == "" || r.Reader == "" || (r.Score != nil) == (r.Class != "") {
					t.Fatalf("%+v", r)
				}
			}
		}
	})
}
