package cohort

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"magn/internal/fault"
	"magn/internal/volume"
)

// Facts are what rules of inclusion ask of a patient. Whoever imports fills them
// in; what he does not know stays unknown, which a rule treats as it says.
type Facts struct {
	Case         string
	Class        string   // "" unknown
	ContrastT1   [3]Tri   // a usable contrast-enhanced T1 series, by volume.View
	Annotation   Tri      // the lesions are outlined
	Quality      Tri      // the images are good enough
	Preoperative Tri      // the images were made before surgery, in the hospital of the study
	Pathology    Tri      // the class is confirmed by histology or cytology
	Treated      Tri      // before the images
	Age          *float64 // years
	Diameter     *float64 // mm
	Lesions      *int
	Clinical     Tri             // there is a row in the clinical table
	Known        map[string]bool // which covariates are known, by their names in cohort.csv
}

// FactsOf are the facts that a row of the clinical table knows; nil: no row.
func FactsOf(caseID string, r *ClinicalRow) Facts {
	f := Facts{Case: caseID, Clinical: TriOf(r != nil)}
	if r == nil {
		return f
	}
	f.Class, f.Quality, f.Preoperative, f.Pathology, f.Treated = r.Class, r.Quality, r.Preoperative, r.Pathology, r.Treated
	f.Age, f.Diameter, f.Lesions = r.Age, r.Diameter, r.Lesions
	f.Known = map[string]bool{}
	for name := range r.Covariates() {
		f.Known[name] = true
	}
	return f
}

// Rule is one criterion: a name of the list in docs/formats/tables.md and its
// parameters. A patient passes, fails, or it is not known.
type Rule struct {
	Rule    string   `yaml:"rule" json:"rule"`
	Views   []string `yaml:"views,omitempty" json:"views,omitempty"`     // contrast-t1
	Columns []string `yaml:"columns,omitempty" json:"columns,omitempty"` // complete
	Min     *float64 `yaml:"min,omitempty" json:"min,omitempty"`         // age, diameter, lesions
	Max     *float64 `yaml:"max,omitempty" json:"max,omitempty"`
	Unknown string   `yaml:"unknown,omitempty" json:"unknown,omitempty"` // include or exclude; "" as the rule's kind has it
}

// Rules are criteria in the order in which a flowchart counts them.
type Rules []Rule

// ruleKind is what a rule's name stands for.
type ruleKind struct {
	params  string // parameters that it takes, besides unknown
	unknown string // what becomes of a patient of whom it is not known
	judge   func(r Rule, f Facts, classes []string) (Tri, string)
}

func ask(t Tri, no, unknown string) (Tri, string) {
	if t == No {
		return No, no
	}
	return t, unknown
}

// ruleKinds are all rules. judge returns the verdict and, where it is not yes, the
// reason as it stands in a flowchart.
var ruleKinds = map[string]ruleKind{
	"class": {"", "exclude", func(_ Rule, f Facts, classes []string) (Tri, string) {
		for _, c := range classes {
			if f.Class == c {
				return Yes, ""
			}
		}
		if f.Class == "" {
			return Unknown, "no diagnosis is known"
		}
		return No, "another diagnosis"
	}},
	"preoperative": {"", "include", func(_ Rule, f Facts, _ []string) (Tri, string) {
		return ask(f.Preoperative, "no preoperative MRI", "not known whether the MRI is preoperative")
	}},
	"contrast-t1": {"views", "exclude", judgeViews},
	"quality": {"", "include", func(_ Rule, f Facts, _ []string) (Tri, string) {
		return ask(f.Quality, "images not good enough", "image quality not known")
	}},
	"pathology": {"", "exclude", func(_ Rule, f Facts, _ []string) (Tri, string) {
		return ask(f.Pathology, "not confirmed by pathology", "not known whether confirmed by pathology")
	}},
	"complete": {"columns", "exclude", judgeComplete},
	"annotation": {"", "exclude", func(_ Rule, f Facts, _ []string) (Tri, string) {
		return ask(f.Annotation, "no outline of the lesion", "not known whether the lesion is outlined")
	}},
	"untreated": {"", "exclude", func(_ Rule, f Facts, _ []string) (Tri, string) {
		switch f.Treated {
		case Yes:
			return No, "treated before"
		case No:
			return Yes, ""
		}
		return Unknown, "not known whether treated before"
	}},
	"age":      {"range", "exclude", func(r Rule, f Facts, _ []string) (Tri, string) { return judgeRange(r, f.Age, "age") }},
	"diameter": {"range", "exclude", func(r Rule, f Facts, _ []string) (Tri, string) { return judgeRange(r, f.Diameter, "diameter") }},
	"lesions": {"range", "exclude", func(r Rule, f Facts, _ []string) (Tri, string) {
		if f.Lesions == nil {
			return judgeRange(r, nil, "number of lesions")
		}
		x := float64(*f.Lesions)
		return judgeRange(r, &x, "number of lesions")
	}},
}

func judgeViews(r Rule, f Facts, _ []string) (Tri, string) {
	var lacks, unknown []string
	for _, v := range volume.Views {
		if len(r.Views) > 0 && !slices.Contains(r.Views, v.String()) {
			continue
		}
		switch f.ContrastT1[v] {
		case No:
			lacks = append(lacks, v.String())
		case Unknown:
			unknown = append(unknown, v.String())
		}
	}
	if len(lacks) > 0 {
		return No, "no contrast-enhanced T1 of " + strings.Join(lacks, ", ")
	}
	if len(unknown) > 0 {
		return Unknown, "not known which series is the contrast-enhanced T1 of " + strings.Join(unknown, ", ")
	}
	return Yes, ""
}

func judgeComplete(r Rule, f Facts, _ []string) (Tri, string) {
	if f.Clinical != Yes {
		return f.Clinical, "no row in the clinical table"
	}
	var lacks []string
	for _, c := range r.Columns {
		if !f.Known[c] {
			lacks = append(lacks, c)
		}
	}
	if len(lacks) > 0 {
		return No, "clinical data incomplete: " + strings.Join(lacks, ", ")
	}
	return Yes, ""
}

func judgeRange(r Rule, x *float64, what string) (Tri, string) {
	number := func(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }
	switch {
	case x == nil:
		return Unknown, what + " not known"
	case r.Min != nil && *x < *r.Min:
		return No, what + " below " + number(*r.Min)
	case r.Max != nil && *x > *r.Max:
		return No, what + " above " + number(*r.Max)
	}
	return Yes, ""
}

// DefaultRules are the paper's criteria in the order of its exclusions, then what
// its method needs. Treatment before the images is not among them: the paper
// does not exclude it.
func DefaultRules() Rules {
	return Rules{
		{Rule: "class"},
		{Rule: "preoperative"},
		{Rule: "contrast-t1", Views: []string{"sagittal", "coronal", "axial"}},
		{Rule: "quality"},
		{Rule: "pathology"},
		{Rule: "complete", Columns: []string{"age", "sex"}},
		{Rule: "annotation"},
	}
}

// Check says whether every rule exists, has the parameters it takes and no
// others; file and key are for the message.
func (rs Rules) Check(file, key string) error {
	seen := map[string]bool{}
	for i, r := range rs {
		at := fmt.Sprintf("%s[%d]", key, i)
		bad := func(found, expected string) error {
			return &fault.Input{File: file, Field: at, Found: found, Expected: expected}
		}
		k, ok := ruleKinds[r.Rule]
		if !ok {
			return bad(fmt.Sprintf("the rule %q", r.Rule), "one of "+strings.Join(ruleNames(), ", "))
		}
		if seen[r.Rule] {
			return bad("the rule "+r.Rule+" a second time", "each rule once")
		}
		seen[r.Rule] = true
		for param, there := range map[string]bool{"views": r.Views != nil, "columns": r.Columns != nil, "range": r.Min != nil || r.Max != nil} {
			if there && k.params != param {
				return bad("the parameter "+strings.Replace(param, "range", "min or max", 1)+" of "+r.Rule, "only parameters that the rule takes")
			}
		}
		for _, v := range r.Views {
			if _, err := volume.ParseView(v); err != nil {
				return bad(fmt.Sprintf("the view %q", v), "sagittal, coronal or axial")
			}
		}
		if k.params == "range" && r.Min == nil && r.Max == nil {
			return bad("neither min nor max", "a bound")
		}
		if r.Min != nil && r.Max != nil && *r.Min > *r.Max {
			return bad("min above max", "min up to max")
		}
		if r.Unknown != "" && r.Unknown != "include" && r.Unknown != "exclude" {
			return bad(fmt.Sprintf("unknown: %q", r.Unknown), "include or exclude")
		}
	}
	return nil
}

// ParseRules reads a YAML list of rules; a key or a rule that does not exist is
// refused.
func ParseRules(file string, data []byte) (Rules, error) {
	if len(data) > 1<<16 {
		return nil, &fault.Input{File: file, Found: "more than 64 kB", Expected: "a list of rules"}
	}
	var rs Rules
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&rs); err != nil && !errors.Is(err, io.EOF) {
		return nil, &fault.Input{File: file, Field: "inclusion", Expected: "a list of rules", Err: err}
	}
	return rs, rs.Check(file, "inclusion")
}
