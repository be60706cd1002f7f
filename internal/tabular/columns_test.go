package tabular

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/radiomics"
	"magn/internal/volume"
)

func textRow(group string, texts ...string) Row {
	r := Row{Group: group}
	for i := 0; i < len(texts); i += 2 {
		if texts[i+1] != "" {
			r.Texts = append(r.Texts, Text{texts[i], texts[i+1]})
		}
	}
	return r
}

// Words become a column each, numbers stay numbers, what is unknown is missing, and
// only training rows decide.
func TestColumns(t *testing.T) {
	train := []Row{
		textRow("b", "sex", "F", "age", "61.5", "level", "T12"),
		textRow("a", "sex", "M", "age", "", "level", "3"),
		textRow("b", "sex", "", "age", " 70", "level", "L1=2"),
	}
	c, err := fitColumns(train, Clinical)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"age", "level=3", "level=L1%3D2", "level=T12", "sex=F", "sex=M"}; !slices.Equal(c.names, want) {
		t.Fatalf("columns %v, want %v", c.names, want)
	}
	if !slices.Equal(c.fit.Groups, []string{"a", "b"}) || c.fit.Step != "columns" {
		t.Errorf("fit %+v", c.fit)
	}
	nan := math.NaN()
	for i, want := range [][]float64{
		{61.5, 0, 0, 1, 1, 0},
		{nan, 1, 0, 0, 0, 1},
		{70, 0, 1, 0, nan, nan},
		{nan, nan, nan, nan, 0, 0}, // a word that no training row has
	} {
		r := textRow("c", "sex", "X", "age", "old", "weight", "80")
		if i < len(train) {
			r = train[i]
		}
		for j, x := range r.fill(c.names) {
			if x != want[j] && !(math.IsNaN(x) && math.IsNaN(want[j])) {
				t.Errorf("row %d, %s is %v, want %v", i, c.names[j], x, want[j])
			}
		}
	}
}

// A remark is left out, and said to be.
func TestRemarksAreLeftOut(t *testing.T) {
	var rows []Row
	for i := range maxCategories + 1 {
		rows = append(rows, textRow("g", "remark", fmt.Sprintf("slow gait %c", 'a'+i), "age", fmt.Sprint(i)))
	}
	c, err := fitColumns(rows, Clinical)
	if err != nil || !slices.Equal(c.names, []string{"age"}) || len(c.leftOut) != 1 || !strings.Contains(c.leftOut[0], "remark") {
		t.Errorf("%+v, %v", c, err)
	}
	if strings.Contains(c.leftOut[0], "gait") {
		t.Errorf("a patient's value is told: %s", c.leftOut[0])
	}
	for _, rows := range [][]Row{rows[:0], {textRow("a", "sex", "F"), textRow("b", "sex", "F")}} {
		if _, err := fitColumns(rows, Clinical); !errors.Is(err, ErrNoFeatures) {
			t.Errorf("%v", err)
		}
	}
}

// Whatever stands in a table, names are ones that XGBoost takes, each once, and
// a training row fills its own words with 1.
func TestColumnNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOf(rapid.SampledFrom([]rune("ab=%[]<\n\x003 é")))
		var rows []Row
		for range rapid.IntRange(2, 8).Draw(t, "rows") {
			r := Row{Group: "g"}
			seen := map[string]bool{}
			for range rapid.IntRange(0, 4).Draw(t, "texts") {
				name, text := word.Draw(t, "name"), word.Draw(t, "text")
				if name != "" && text != "" && !seen[name] {
					seen[name] = true
					r.Texts = append(r.Texts, Text{name, text})
				}
			}
			rows = append(rows, r)
		}
		c, err := fitColumns(rows, Clinical)
		if err != nil {
			if !errors.Is(err, ErrNoFeatures) {
				t.Fatal(err)
			}
			return
		}
		seen := map[string]bool{}
		for _, n := range c.names {
			if seen[n] || n == "" || strings.ContainsAny(n, "[]<\x00\n") {
				t.Fatalf("name %q among %q", n, c.names)
			}
			seen[n] = true
		}
		for _, r := range rows {
			values := r.fill(c.names)
			for _, x := range r.Texts {
				if i := slices.Index(c.names, escape(x.Name)+"="+escape(x.Text)); i >= 0 && values[i] != 1 {
					t.Fatalf("%q is %v in %q", c.names[i], values[i], r.Texts)
				}
			}
		}
	})
}

func TestValuesThatNoColumnHolds(t *testing.T) {
	r := Row{Values: []radiomics.Value{{Name: "a", Value: 1e39}, {Name: "b", Value: math.Inf(-1)}, {Name: "c", Value: 2}}}
	if got := r.fill([]string{"a", "b", "c", "d"}); !math.IsNaN(got[0]) || !math.IsNaN(got[1]) || got[2] != 2 || !math.IsNaN(got[3]) {
		t.Errorf("%v", got)
	}
}

// Covariates but the scanner; and a cohort without any has no clinical arm.
func TestClinical(t *testing.T) {
	cases := []cohort.Case{
		{ID: "C1", Covariates: map[string]string{"age": "50", "scanner": "A", "sex": "F"}},
		{ID: "C2", Covariates: map[string]string{"age": "60", "scanner": "B"}},
	}
	if r := row(t, cases[0], of(Clinical), ""); !slices.Equal(r.Texts, []Text{{"age", "50"}, {"sex", "F"}}) {
		t.Errorf("%v", r.Texts)
	}
	if err := Answerable(cases, of(Clinical)); err != nil {
		t.Error(err)
	}
	a, err := Inputs(cases[0], of(Clinical))
	if err != nil {
		t.Fatal(err)
	}
	cases[0].Covariates["age"] = "51"
	if b, err := Inputs(cases[0], of(Clinical)); err != nil || a == b {
		t.Errorf("another age, the same inputs: %v", err)
	}
	for i := range cases {
		cases[i].Covariates = map[string]string{"scanner": fmt.Sprint(i)}
	}
	var bad *fault.Input
	if err := Answerable(cases, of(Clinical)); !errors.Is(err, ErrNoFeatures) || !errors.As(err, &bad) || bad.ExitCode() != fault.CodeInput {
		t.Errorf("%v", err)
	}
	if err := Answerable(cases, of(Outline)); err != nil {
		t.Errorf("%v", err)
	}
}

const imported = `{"inputs":"x","stacks":[
 {"view":"sagittal","n":1,"acquisition":{"Manufacturer":"Siemens","ManufacturersModelName":"Skyra","MagneticFieldStrength":3,"RepetitionTime":0.55,"PixelSpacing":[0.7,0.8],"ImageType":["ORIGINAL"],"SeriesNumber":4,"Inverted":true}},
 {"view":"sagittal","n":2,"acquisition":{"Manufacturer":"GE"}},
 {"view":"axial","n":1,"acquisition":null}],"lesions":[]}`

// The scanner's facts are those of the views' first stacks and of the clinical
// table; a cohort that has neither has no scanner arm, and the error says where.
func TestScanner(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, AcquisitionFile), []byte(imported), 0o644); err != nil {
		t.Fatal(err)
	}
	c := cohort.Case{ID: "C1", Dir: dir, Covariates: map[string]string{"scanner": "room 2", "age": "70"}}
	want := []Text{
		{"scanner", "room 2"},
		{"sagittal_Manufacturer", "Siemens"},
		{"sagittal_ManufacturersModelName", "Skyra"},
		{"sagittal_MagneticFieldStrength", "3"},
		{"sagittal_RepetitionTime", "0.55"},
		{"sagittal_PixelSpacing1", "0.7"},
		{"sagittal_PixelSpacing2", "0.8"},
	}
	if r := row(t, c, of(Scanner), ""); !slices.Equal(r.Texts, want) {
		t.Errorf("%v", r.Texts)
	}
	other := cohort.Case{ID: "C2", Dir: t.TempDir(), Covariates: map[string]string{"scanner": "room 1"}}
	if err := Answerable([]cohort.Case{c, other}, of(Scanner)); err != nil {
		t.Error(err)
	}
	other.Covariates = nil
	var bad *fault.Input
	if err := Answerable([]cohort.Case{c, other}, of(Scanner)); !errors.Is(err, ErrNoFeatures) || !errors.As(err, &bad) || bad.File != "case C2" {
		t.Errorf("%v", err)
	}
	c.Covariates = nil
	if err := Answerable([]cohort.Case{c, c}, of(Scanner)); !errors.Is(err, ErrNoFeatures) {
		t.Errorf("one scanner for all: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, AcquisitionFile), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Extract(t.Context(), c, of(Scanner, volume.Axial), ""); errors.Is(err, ErrNoFeatures) || !errors.As(err, &bad) || !strings.Contains(bad.File, AcquisitionFile) {
		t.Errorf("a broken file: %v", err)
	}
}

// Whatever stands in an import's file, there are texts or an error.
func FuzzAcquisition(f *testing.F) {
	f.Add(imported)
	f.Add(`{"stacks":[{"view":"axial","acquisition":{"PixelSpacing":[[1],[2,[3]]],"EchoTime":1e400}}]}`)
	f.Add(`{"stacks":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), AcquisitionFile)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		texts, err := scanner(cohort.Case{ID: "C1", Dir: filepath.Dir(path)}, volume.Views)
		var bad *fault.Input
		switch {
		case err == nil && len(texts) == 0:
			t.Error("nothing, and no error")
		case err != nil && !errors.As(err, &bad):
			t.Errorf("%v", err)
		case err == nil && !json.Valid([]byte(text)):
			t.Error("not JSON, and no error")
		}
		for _, x := range texts {
			if x.Text == "" {
				t.Errorf("%s is empty", x.Name)
			}
		}
	})
}
