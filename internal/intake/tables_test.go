package intake

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/cohort"
	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
)

func (w *ward) file(name ...string) string {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(append([]string{w.opt.Study}, name...)...))
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

// Who stands on one side only is told by line and case in the study, by id beside
// the crosswalk; a confirmed pair is taken; readers' answers get case ids; one
// person under two ids is one group.
func TestTables(t *testing.T) {
	w := newWard(t, 4, func(b *body, shots []shot) []shot {
		if b.seed == 3 { // the same person as patient 1, with an id of another hospital
			for i := range shots {
				shots[i].edit = func(_ int, s *dicomtest.Set) {
					s.Put(dicom.PatientName, "PN", secret+"^Nr1").Put(dicom.PatientBirthDate, "DA", "19500211")
				}
			}
		}
		return shots
	})
	w.write("clinical.csv", strings.Join([]string{
		"Patient ID;Diagnosis;Age;Sex;pathology confirmed;hobby",
		"secret0001;myeloma;50,5;F;yes;chess",
		"SECRET0002;metastasis;51;F;yes;",
		"SECRET0003;myeloma;52;F;yes;",
		"SECRET0009;myeloma;53;F;yes;",
		"",
	}, "\n"))
	w.write("readers.csv", "patient,reader,read,aided\nSECRET0002,R1,0.8,no\nC0003,R1,0.3,yes\nSECRET0077,R1,0.5,no\n")
	w.opt.Readers = filepath.Join(w.root, "readers.csv")
	r := w.must()
	if len(r.Cohort.Cases) != 2 || r.Flow.Patients != 4 {
		t.Errorf("%+v", r.Flow)
	}
	want := "only_in,line,case,did_you_mean,differs_in\ntable,5,,,\ntable,2,,C0001,case\nimages,,C0001,line 2,case\nimages,,C0004,,\n"
	if got := w.file(importFolder, "unmatched.csv"); got != want {
		t.Errorf("unmatched.csv:\n%s\nwant\n%s", got, want)
	}
	beside := w.opt.Study + "-crosswalk-unmatched.csv"
	b, err := os.ReadFile(beside)
	if st, e := os.Stat(beside); err != nil || e != nil || st.Mode().Perm() != 0o600 || !strings.Contains(string(b), "images,SECRET0001,secret0001,case") {
		t.Errorf("%v %v %s", err, st, b)
	}
	for _, n := range []string{"line 2 of the clinical table: no images; is it C0001?", "line 4 of the reader table: no images of that patient"} {
		if !strings.Contains(strings.Join(r.Notes, "\n"), n) {
			t.Errorf("%q is not among\n%s", n, strings.Join(r.Notes, "\n"))
		}
	}
	if got, want := w.file(importFolder, "readers.csv"), "case,lesion,reader,read,aided,years\nC0002,,R1,0.8,no,\nC0003,,R1,0.3,yes,\n"; got != want {
		t.Errorf("readers.csv:\n%s\nwant\n%s", got, want)
	}
	if got := w.file("excluded.csv"); !strings.Contains(got, "C0001,G0001,unknown,no diagnosis is known") {
		t.Error(got)
	}
	var flow cohort.Flowchart
	if err := json.Unmarshal([]byte(w.file(importFolder, "flowchart.json")), &flow); err != nil || flow.Included != 2 || flow.Steps[0].Excluded != 2 {
		t.Errorf("%v %+v", err, flow)
	}
	if got := w.file(importFolder, "flowchart.csv"); !strings.Contains(got, "1,class,excluded: no diagnosis is known,2\n") {
		t.Error(got)
	}
	// Cases 1 and 3 are one person.
	if got := w.file("cohort.csv"); !strings.Contains(got, "C0003,G0001,myeloma,1") || !strings.Contains(got, "C0002,G0002,metastasis,0") {
		t.Error(got)
	}
	noSecrets(t, w.opt.Study)

	w.write("tables.yaml", "matches: {secret0001: SECRET0001}\nclinical:\n  classes: {myeloma: [myeloma, MM]}\n")
	w.opt.Tables = filepath.Join(w.root, "tables.yaml")
	r = w.must()
	if len(r.Cohort.Cases) != 3 || r.Kept != 2 || r.Converted != 1 {
		t.Errorf("%+v", r)
	}
	if got := w.file("cohort.csv"); !strings.Contains(got, "C0001,G0001,myeloma,1,50.5,F") || !strings.Contains(got, "chess") {
		t.Error(got)
	}
}

// Which columns are numbers is written down, and who says so; their values have a
// decimal point whatever the table has.
func TestColumns(t *testing.T) {
	w := newWard(t, 2, nil)
	w.write("clinical.csv", "patient;diagnosis;age;sex;pathology confirmed;Hb;Grad;CRP\nSECRET0001;myeloma;60;F;ja;11,2;a;12\nSECRET0002;metastasis;61;M;ja;9,8;2;>80\n")
	w.write("tables.yaml", "clinical:\n  numbers: [CRP]\n")
	w.opt.Tables = filepath.Join(w.root, "tables.yaml")
	w.must()
	if got, want := w.file(importFolder, "columns.csv"), "column,kind,known,numbers,declared\nHb,number,2,2,no\nGrad,category,2,1,no\nCRP,number,2,1,yes\n"; got != want {
		t.Errorf("columns.csv:\n%s\nwant\n%s", got, want)
	}
	if got := w.file("cohort.csv"); !strings.Contains(got, "age,sex,Hb,Grad,CRP\nC0001,G0001,myeloma,1,60,F,11.2,a,12\nC0002,G0002,metastasis,0,61,M,9.8,2,\n") {
		t.Error(got)
	}
}
