package cohort

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClinicalRows(t *testing.T) {
	const text = "MRN;Diagnosis;Age;Sex;DOB;Name;Level;No. of lesions;Max diameter;Prior treatment;Scanner;Pathology confirmed;Image quality;Preoperative;Hb (g/L)\n" +
		"P1;MM;54,5;M;1960-01-31;Zhang^San;L1;2;3,2 cm;chemotherapy;Siemens Aera;yes;good;1;117\n" +
		"P2;Lung metastasis;n/a;;;;;;;;;unknown;poor;0;-\n"
	opt := TableOptions{Classes: map[string][]string{"myeloma": {"mm", "multiple myeloma"}, "metastasis": {"lung  Metastasis"}}}
	c, err := ParseClinical("t.csv", []byte(text), opt)
	if err != nil {
		t.Fatal(err)
	}
	age, lesions, diameter := 54.5, 2, 32.
	want := []ClinicalRow{
		{
			Line: 2, Patient: "P1", Class: "myeloma", Age: &age, Sex: "M", Birth: Date{1960, 1, 31}, Name: "Zhang^San", Level: "L1", Lesions: &lesions, Diameter: &diameter,
			Treated: Yes, Scanner: "Siemens Aera", Pathology: Yes, Quality: Yes, Preoperative: Yes, More: map[string]string{"Hb (g/L)": "117"},
		},
		{Line: 3, Patient: "P2", Class: "metastasis", Quality: No, Preoperative: No, More: map[string]string{}},
	}
	if d := cmp.Diff(want, c.Rows); d != "" {
		t.Error(d)
	}
	covariates := map[string]string{
		"age": "54.5", "sex": "M", "level": "L1", "lesions": "2", "diameter_mm": "32", "treated": "yes", "scanner": "Siemens Aera", "Hb (g/L)": "117",
	}
	if d := cmp.Diff(covariates, c.Rows[0].Covariates()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"age", "sex", "level", "lesions", "diameter_mm", "treated", "scanner", "Hb (g/L)"}, c.CovariateNames()); d != "" {
		t.Error(d)
	}
	if s := fmt.Sprint(c.Rows); strings.Contains(s, "Zhang") || strings.Contains(s, "P1") {
		t.Errorf("printing rows shows who they are: %s", s)
	}
}

func TestClassSpellings(t *testing.T) {
	c, err := ParseClinical("t.csv", []byte("id,class\na,Multiple  Myeloma\nb,multiple myeloma\nc,Other\nd,\n"), TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range c.Rows {
		got = append(got, r.Class)
	}
	if d := cmp.Diff([]string{"Multiple  Myeloma", "Multiple  Myeloma", "Other", ""}, got); d != "" {
		t.Error(d)
	}
	if n := c.Notes[len(c.Notes)-1]; n != "class: unknown 1, Multiple  Myeloma 2, Other 1" {
		t.Error(n)
	}
}

func TestSecondRows(t *testing.T) {
	const text = "id,class,age,level,diameter\na,mm,54,L1,20\nb,meta,61,T3,\na,mm,54,L3,31\n"
	_, err := ParseClinical("t.csv", []byte(text), TableOptions{})
	wantProblem(t, err, "t.csv", "line 4, column id", "the patient of line 2 again")
	_, err = ParseClinical("t.csv", []byte("id,class\na,mm\na,meta\n"), TableOptions{})
	wantProblem(t, err, "t.csv", "line 3, column id", "another value in class")
	_, err = ParseClinical("t.csv", []byte("id,age,level\na,54,L1\na,55,L2\n"), TableOptions{RowPerLesion: true})
	wantProblem(t, err, "t.csv", "line 3, column id", "another value in age")

	c, err := ParseClinical("t.csv", []byte(text), TableOptions{RowPerLesion: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Rows) != 2 || c.Rows[0].Level != "L1; L3" || *c.Rows[0].Diameter != 31 || *c.Rows[0].Lesions != 2 || *c.Rows[1].Lesions != 1 || c.Rows[1].Diameter != nil {
		t.Errorf("%+v", c.Rows)
	}
}

func TestClinicalValuesRefused(t *testing.T) {
	for text, want := range map[string][2]string{
		"id,age\na,540\n":               {"line 2, column age", `"540", expected an age`},
		"id,age\na,x\n":                 {"column age", `"x"`},
		"id,lesions\na,1.5\n":           {"column lesions", "a whole number"},
		"id,diameter\na,-3\n":           {"column diameter", "a length"},
		"id,treated\na,perhaps\n":       {"column treated", "yes or no"},
		"id,dob\na,1960-13-01\n":        {"column dob", "not on the calendar"},
		"id,quality\na,#REF!\n":         {"column quality", "#REF!"},
		"id,mark,mark\na,1,2\n":         {"header", `two columns "mark"`},
		"id,group\na,1\n":               {"header", `a column "group"`},
		"patient,patient id,age\na,b,1": {"header", "may both be the column patient"},
	} {
		_, err := ParseClinical("t.csv", []byte(text), TableOptions{})
		wantProblem(t, err, "t.csv", want[0], want[1])
	}
}

// Columns that tell who a patient is stay out of the study.
func TestCovariatesNameNobody(t *testing.T) {
	const text = "patient id,name,stage,电话,surgery date,marks,contact,seen,state,Hb,seria\n" +
		"P0001,Zhang San,II,13812345678,x,see P0001,a,1/2/2019,,#N/A,43000\n" +
		"P0002,Li Si,III,13812345679,y,,b,2019-03-04,patient ZHANG,9,43001\n" +
		"P0003,Wang Wu,I,,,,,,wang wu is well,8,\n"
	c, err := ParseClinical("t.csv", []byte(text), TableOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"stage", "Hb", "seria"}, c.More); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]string{"stage": "II", "seria": "43000"}, c.Rows[0].More); d != "" {
		t.Error(d)
	}
	notes := strings.Join(c.Notes, "\n")
	for _, part := range []string{
		`"电话" is not carried: by its name`, `"marks" is not carried: by the patient's id in it`, `"state" is not carried: by the patient's name in it`,
		`"seen" is not carried: by a date in a cell`, "1 errors or formulas",
	} {
		if !strings.Contains(notes, part) {
			t.Errorf("no note %q in\n%s", part, notes)
		}
	}
	c, err = ParseClinical("t.csv", []byte(text), TableOptions{Keep: []string{"marks"}})
	if err != nil || len(c.More) != 4 {
		t.Errorf("%v %v", err, c.More)
	}
	// Free text may say anything: by its header, by a date within a cell, or as it is
	// another sentence in most rows.
	for _, column := range []string{
		"comment\ncalled Frau Meier\nwell\n", "Remarks\nx\ny\n", "备注\n好\n\n", "clinical notes\nok\nok\n",
		"course\nstable\nstable since 12.05.1961\n", "course\nstable\nseen 2019年5月\n", "course\nstable\nMay 1961\n", "course\nin 12 May 1961\nx\n",
		"course\ncalled Frau Meier\nhusband says he is well\n", "course\n患者自述腰痛三个月余\n由家属王五陪同前来就诊\n",
	} {
		lines := strings.Split(column, "\n")
		c, err := ParseClinical("t.csv", []byte("id,"+lines[0]+"\na,"+lines[1]+"\nb,"+lines[2]+"\n"), TableOptions{})
		if err != nil || len(c.More) != 0 {
			t.Errorf("%q is carried: %v", column, err)
		}
		c, err = ParseClinical("t.csv", []byte("id,"+lines[0]+"\na,"+lines[1]+"\nb,"+lines[2]+"\n"), TableOptions{Keep: lines[:1]})
		if err != nil || len(c.More) != 1 {
			t.Errorf("%q is not kept: %v", column, err)
		}
	}
	for _, column := range []string{
		"Hb (g/L)\n117.25\n1.5e-3\n", "primary\nnon small cell lung\nnon small cell lung\n", "stage\nT2 N0\nIIIa\n", "sequence\n20190301123.5\n1.2.3\n",
		"denoted\nx\ny\n",
	} {
		lines := strings.Split(column, "\n")
		c, err := ParseClinical("t.csv", []byte("id,"+lines[0]+"\na,"+lines[1]+"\nb,"+lines[2]+"\nc,"+lines[2]+"\n"), TableOptions{})
		if err != nil || len(c.More) != 1 {
			t.Errorf("%q is not carried: %v", column, err)
		}
	}
	for _, values := range []string{"13812345678", "110101196001310026", "a@b.cn"} {
		c, err := ParseClinical("t.csv", []byte("id,extra\na,"+values+"\n"), TableOptions{})
		if err != nil || len(c.More) != 0 {
			t.Errorf("%s: %v %v", values, err, c.More)
		}
	}
}

func TestCentimetresAreAsked(t *testing.T) {
	c, err := ParseClinical("t.csv", []byte("id,diameter\na,3.2\nb,2.1\nc,4\nd,5.5\ne,1.9\n"), TableOptions{})
	if err != nil || !strings.Contains(strings.Join(c.Notes, "\n"), "Are these centimetres?") {
		t.Errorf("%v %v", err, c.Notes)
	}
}
