package cohort

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magn/internal/testenv"
)

// patientFacts meet every default rule.
func patientFacts(id string) Facts {
	age := 59.
	return Facts{
		Case: id, Class: "myeloma", ContrastT1: [3]Tri{Yes, Yes, Yes}, Annotation: Yes, Quality: Yes, Preoperative: Yes, Pathology: Yes, Treated: No, Age: &age,
		Clinical: Yes, Known: map[string]bool{"age": true, "sex": true},
	}
}

var studyClasses = []string{"myeloma", "metastasis"}

func TestInclusion(t *testing.T) {
	change := func(id string, f func(*Facts)) Facts {
		x := patientFacts(id)
		f(&x)
		return x
	}
	facts := []Facts{
		patientFacts("C1"),
		change("C2", func(f *Facts) { f.Class = "metastasis" }),
		change("C3", func(f *Facts) { f.Class, f.Pathology = "chordoma", No }),
		change("C4", func(f *Facts) { f.Class = "" }),
		change("C5", func(f *Facts) { f.Preoperative = No }),
		change("C6", func(f *Facts) { f.ContrastT1 = [3]Tri{Yes, No, Unknown} }),
		change("C7", func(f *Facts) { f.ContrastT1 = [3]Tri{Yes, Yes, Unknown} }),
		change("C8", func(f *Facts) { f.Quality, f.Preoperative = Unknown, Unknown }),
		change("C9", func(f *Facts) { f.Quality = No }),
		change("C10", func(f *Facts) { f.Pathology = Unknown }),
		change("C11", func(f *Facts) { f.Known = map[string]bool{"age": true} }),
		change("C12", func(f *Facts) { f.Annotation = No }),
		FactsOf("C13", nil),
	}
	verdicts, flow := DefaultRules().Apply(facts, studyClasses)
	want := []string{
		"C1: included", "C2: included", "C3: another diagnosis (also: not confirmed by pathology)", "C4: no diagnosis is known", "C5: no preoperative MRI",
		"C6: no contrast-enhanced T1 of coronal", "C7: not known which series is the contrast-enhanced T1 of axial", "C8: included", "C9: images not good enough",
		"C10: not known whether confirmed by pathology", "C11: clinical data incomplete: sex", "C12: no outline of the lesion",
		"C13: no diagnosis is known (also: not known which series is the contrast-enhanced T1 of sagittal, coronal, axial; " +
			"not known whether confirmed by pathology; no row in the clinical table; not known whether the lesion is outlined)",
	}
	var got []string
	for _, v := range verdicts {
		got = append(got, v.Case+": "+v.String())
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// rule: before, excluded, of these unknown, left, any
	steps := "class 13 3 2 10 3 · preoperative 10 1 0 9 1 · contrast-t1 9 2 1 7 3 · quality 7 1 0 6 1 · pathology 6 1 1 5 3 · complete 5 1 0 4 2 · annotation 4 1 0 3 2"
	var have []string
	for _, s := range flow.Steps {
		have = append(have, fmt.Sprint(s.Rule, " ", s.Before, s.Excluded, s.Unknown, s.Left, s.Any))
	}
	if d := cmp.Diff(steps, strings.Join(have, " · ")); d != "" {
		t.Error(d)
	}
	if flow.Included != 3 || flow.Classes["myeloma"] != 2 || flow.Classes["metastasis"] != 1 {
		t.Errorf("%+v", flow)
	}
	table := flow.Table()
	if d := cmp.Diff([]string{"1", "class", "excluded: no diagnosis is known", "2"}, table[2]); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"8", "", "included", "3"}, table[len(table)-1]); d != "" {
		t.Error(d)
	}
	b, err := flow.JSON()
	var back Flowchart
	if err != nil || json.Unmarshal(b, &back) != nil || !cmp.Equal(flow, back) {
		t.Errorf("%v %s", err, b)
	}
}

func TestOtherRules(t *testing.T) {
	p := func(x float64) *float64 { return &x }
	for name, test := range map[string]struct {
		rule Rule
		f    func(*Facts)
		want string
	}{
		"age low":       {Rule{Rule: "age", Min: p(60)}, nil, "age below 60"},
		"age high":      {Rule{Rule: "age", Min: p(18), Max: p(58.5)}, nil, "age above 58.5"},
		"age edge":      {Rule{Rule: "age", Min: p(59), Max: p(59)}, nil, "included"},
		"age unknown":   {Rule{Rule: "age", Min: p(18)}, func(f *Facts) { f.Age = nil }, "age not known"},
		"age let in":    {Rule{Rule: "age", Min: p(18), Unknown: "include"}, func(f *Facts) { f.Age = nil }, "included"},
		"treated":       {Rule{Rule: "untreated"}, func(f *Facts) { f.Treated = Yes }, "treated before"},
		"untreated":     {Rule{Rule: "untreated"}, nil, "included"},
		"not known":     {Rule{Rule: "untreated"}, func(f *Facts) { f.Treated = Unknown }, "not known whether treated before"},
		"quality":       {Rule{Rule: "quality", Unknown: "exclude"}, func(f *Facts) { f.Quality = Unknown }, "image quality not known"},
		"lesions":       {Rule{Rule: "lesions", Max: p(1)}, func(f *Facts) { n := 2; f.Lesions = &n }, "number of lesions above 1"},
		"small":         {Rule{Rule: "diameter", Min: p(10)}, func(f *Facts) { f.Diameter = p(9) }, "diameter below 10"},
		"one view":      {Rule{Rule: "contrast-t1", Views: []string{"axial"}}, func(f *Facts) { f.ContrastT1 = [3]Tri{No, No, Yes} }, "included"},
		"all views":     {Rule{Rule: "contrast-t1"}, func(f *Facts) { f.ContrastT1 = [3]Tri{No, Yes, Yes} }, "no contrast-enhanced T1 of sagittal"},
		"in a hospital": {Rule{Rule: "preoperative", Unknown: "exclude"}, func(f *Facts) { f.Preoperative = Unknown }, "not known whether the MRI is preoperative"},
	} {
		f := patientFacts("C1")
		if test.f != nil {
			test.f(&f)
		}
		rules := Rules{test.rule}
		if err := rules.Check("study.yaml", "inclusion"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if v, _ := rules.Apply([]Facts{f}, studyClasses); v[0].String() != test.want {
			t.Errorf("%s: %s, want %s", name, v[0], test.want)
		}
	}
}

func TestRulesAreStrict(t *testing.T) {
	got, err := ParseRules("study.yaml", []byte(RulesYAML("")))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(DefaultRules(), got); d != "" {
		t.Error(d)
	}
	if rules, err := ParseRules("s", nil); err != nil || rules != nil {
		t.Errorf("%v %v", rules, err)
	}
	for text, reason := range map[string]string{
		"- {rule: pathlogy}":                               `the rule "pathlogy", expected one of age, annotation`,
		"- {rule: age, minimum: 3}":                        "minimum",
		"- {rule: age}":                                    "neither min nor max",
		"- {rule: age, min: 9, max: 3}":                    "min above max",
		"- {rule: class, min: 3}":                          "the parameter min or max of class",
		"- {rule: age, min: 3, views: [axial]}":            "the parameter views of age",
		"- {rule: contrast-t1, views: [saggital]}":         "saggital",
		"- {rule: quality, unknown: maybe}":                "include or exclude",
		"- {rule: quality}\n- {rule: quality}":             "a second time",
		"- {rule: class, rule: quality}":                   "rule",
		"rule: class":                                      "",
		"- {rule: complete, columns: 3":                    "",
		"- {rule: age, min: " + strings.Repeat("9", 1<<17): "64 kB",
	} {
		_, err := ParseRules("study.yaml", []byte(text))
		wantProblem(t, err, "study.yaml", "", reason)
	}
}

// Whatever the rules and facts: the boxes of the flowchart add up, and who is out
// has a reason.
func TestFlowchartAddsUp(t *testing.T) {
	tri := rapid.Custom(func(t *rapid.T) Tri { return Tri(rapid.IntRange(0, 2).Draw(t, "tri")) })
	rapid.Check(t, func(t *rapid.T) {
		var rules Rules
		for _, n := range rapid.Permutation([]string{"class", "quality", "pathology", "annotation", "untreated", "contrast-t1"}).Draw(t, "rules")[:rapid.IntRange(0, 6).Draw(t, "n")] {
			rules = append(rules, Rule{Rule: n, Unknown: rapid.SampledFrom([]string{"", "include", "exclude"}).Draw(t, "unknown")})
		}
		facts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Facts {
			return Facts{
				Class: rapid.SampledFrom([]string{"", "myeloma", "other"}).Draw(t, "class"), Quality: tri.Draw(t, "q"), Pathology: tri.Draw(t, "p"), Annotation: tri.Draw(t, "a"),
				Treated: tri.Draw(t, "t"), ContrastT1: [3]Tri{tri.Draw(t, "s"), tri.Draw(t, "c"), tri.Draw(t, "x")},
			}
		}), 0, 20).Draw(t, "facts")
		verdicts, flow := rules.Apply(facts, studyClasses)
		left := flow.Patients
		for i, s := range flow.Steps {
			sum, first, any := 0, 0, 0
			for _, n := range s.Reasons {
				sum += n
			}
			for _, v := range verdicts {
				for j, r := range v.Reasons {
					if r.Rule == rules[i].Rule {
						any++
						if j == 0 {
							first++
						}
					}
				}
			}
			if s.Before != left || s.Left != s.Before-s.Excluded || sum != s.Excluded || first != s.Excluded || any != s.Any || s.Unknown > s.Excluded {
				t.Fatalf("step %d: %+v after %d", i, s, left)
			}
			left = s.Left
		}
		included, classes := 0, 0
		for _, v := range verdicts {
			if v.Include != (len(v.Reasons) == 0) {
				t.Fatalf("%+v", v)
			}
			if v.Include {
				included++
			}
		}
		for _, n := range flow.Classes {
			classes += n
		}
		if included != left || flow.Included != left || classes != left {
			t.Fatalf("%d, %d and %d are in of %d left", included, flow.Included, classes, left)
		}
	})
}

// The page on tables names every field with its headers, and every rule.
func TestTablesPage(t *testing.T) {
	b, err := os.ReadFile(testenv.Root(t) + "/docs/formats/tables.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	for _, f := range append(append([]field(nil), clinicalFields...), readerFields...) {
		if !strings.Contains(page, "`"+f.name+"`") {
			t.Errorf("the page lacks the field %s", f.name)
		}
		for _, w := range strings.Fields(f.words) {
			if !strings.Contains(strings.ReplaceAll(page, " |", ","), " "+w+",") {
				t.Errorf("the page lacks %q of the field %s", w, f.name)
			}
		}
	}
	for _, r := range ruleNames() {
		if !strings.Contains(page, "| `"+r+"` |") {
			t.Errorf("the page lacks the rule %s", r)
		}
	}
}
