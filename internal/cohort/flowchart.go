package cohort

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
)

func ruleNames() []string { return slices.Sorted(maps.Keys(ruleKinds)) }

// Verdict is what the rules say of one patient.
type Verdict struct {
	Case    string
	Include bool
	Reasons []Reason // all rules that exclude him, in their order; the first is that of the flowchart
}

// Reason is one rule that a patient does not meet.
type Reason struct {
	Rule    string `json:"rule"`
	Text    string `json:"text"`
	Unknown bool   `json:"unknown"` // it is not known whether he meets it
}

// String is the first reason, and with it how many further ones there are.
func (v Verdict) String() string {
	switch len(v.Reasons) {
	case 0:
		return "included"
	case 1:
		return v.Reasons[0].Text
	}
	var rest []string
	for _, r := range v.Reasons[1:] {
		rest = append(rest, r.Text)
	}
	return v.Reasons[0].Text + " (also: " + strings.Join(rest, "; ") + ")"
}

// Step is one box of the flowchart: who is left when its rule has been applied
// to those whom the rules before it left.
type Step struct {
	Rule     string         `json:"rule"`
	Before   int            `json:"before"`
	Excluded int            `json:"excluded"`
	Unknown  int            `json:"unknown"` // of the excluded, those of whom it is not known
	Left     int            `json:"left"`
	Reasons  map[string]int `json:"reasons"`           // the excluded by reason
	Any      int            `json:"any"`               // of all patients, those whom this rule alone would exclude
	Classes  map[string]int `json:"classes,omitempty"` // the excluded by class; of the step "checked" only
}

// Flowchart is the counts of a study's flow of patients, as in the paper's
// Figure 1.
type Flowchart struct {
	Patients int            `json:"patients"`
	Steps    []Step         `json:"steps"`
	Included int            `json:"included"`
	Classes  map[string]int `json:"classes"` // the included by class
}

// Apply judges every patient by every rule. classes are those of the study's
// question. Verdicts are in the order of the facts.
func (rs Rules) Apply(facts []Facts, classes []string) ([]Verdict, Flowchart) {
	flow := Flowchart{Patients: len(facts), Classes: map[string]int{}}
	for _, r := range rs {
		flow.Steps = append(flow.Steps, Step{Rule: r.Rule, Reasons: map[string]int{}})
	}
	verdicts := make([]Verdict, 0, len(facts))
	for _, f := range facts {
		v := Verdict{Case: f.Case}
		for i, r := range rs {
			s := &flow.Steps[i]
			still := len(v.Reasons) == 0
			if still {
				s.Before++
			}
			met, reason := r.judge(f, classes)
			if met == Yes || met == Unknown && r.whenUnknown() == "include" {
				continue
			}
			v.Reasons = append(v.Reasons, Reason{r.Rule, reason, met == Unknown})
			s.Any++
			if still {
				s.Excluded++
				s.Reasons[reason]++
				if met == Unknown {
					s.Unknown++
				}
			}
		}
		if v.Include = len(v.Reasons) == 0; v.Include {
			flow.Included++
			flow.Classes[f.Class]++
		}
		verdicts = append(verdicts, v)
	}
	for i := range flow.Steps {
		flow.Steps[i].Left = flow.Steps[i].Before - flow.Steps[i].Excluded
	}
	return verdicts, flow
}

// judge treats a rule that does not exist, which Check refuses, as met by nobody.
func (r Rule) judge(f Facts, classes []string) (Tri, string) {
	k, ok := ruleKinds[r.Rule]
	if !ok {
		return Unknown, "no such rule: " + r.Rule
	}
	return k.judge(r, f, classes)
}

func (r Rule) whenUnknown() string {
	if r.Unknown != "" {
		return r.Unknown
	}
	return ruleKinds[r.Rule].unknown
}

// JSON is the flowchart as an indented object.
func (f Flowchart) JSON() ([]byte, error) {
	b, err := json.MarshalIndent(f, "", "  ")
	return append(b, '\n'), err
}

// Table is the flowchart as rows of a CSV: step, rule, reason, patients. A rule
// has a row for each reason, the most frequent first, then what is left.
func (f Flowchart) Table() [][]string {
	rows := [][]string{{"step", "rule", "what", "patients"}, {"0", "", "patients", strconv.Itoa(f.Patients)}}
	for i, s := range f.Steps {
		reasons := slices.Sorted(maps.Keys(s.Reasons))
		sort.SliceStable(reasons, func(a, b int) bool { return s.Reasons[reasons[a]] > s.Reasons[reasons[b]] })
		for _, r := range reasons {
			rows = append(rows, []string{strconv.Itoa(i + 1), s.Rule, "excluded: " + r, strconv.Itoa(s.Reasons[r])})
		}
		rows = append(rows, []string{strconv.Itoa(i + 1), s.Rule, "left", strconv.Itoa(s.Left)})
	}
	for _, c := range slices.Sorted(maps.Keys(f.Classes)) {
		rows = append(rows, []string{strconv.Itoa(len(f.Steps) + 1), "", "included: " + c, strconv.Itoa(f.Classes[c])})
	}
	return append(rows, []string{strconv.Itoa(len(f.Steps) + 1), "", "included", strconv.Itoa(f.Included)})
}

// RulesYAML is the commented section that a new study file gets; it reads back as
// DefaultRules. indent is put before each line.
func RulesYAML(indent string) string {
	lines := []string{
		"# Who is in the study: rules in the order of the flowchart. A patient is counted under the",
		"# first that he does not meet. unknown: include or exclude says what becomes of patients of",
		"# whom a fact is not known. The list of rules: docs/formats/tables.md.",
	}
	why := map[string]string{
		"class":        "one of the study's two classes; unknown: exclude",
		"preoperative": "MRI before surgery, in this hospital; unknown: include",
		"contrast-t1":  "a contrast-enhanced T1 series of each of these views",
		"quality":      "not marked as unusable; unknown: include",
		"pathology":    "confirmed by histology or cytology; unknown: exclude",
		"complete":     "these columns of the clinical table are filled",
		"annotation":   "the lesions are outlined",
	}
	for _, r := range DefaultRules() {
		line := "- {rule: " + r.Rule
		if r.Views != nil {
			line += ", views: [" + strings.Join(r.Views, ", ") + "]"
		}
		if r.Columns != nil {
			line += ", columns: [" + strings.Join(r.Columns, ", ") + "]"
		}
		lines = append(lines, fmt.Sprintf("%-70s # %s", line+"}", why[r.Rule]))
	}
	lines = append(lines,
		"# Others: {rule: untreated}, {rule: age, min: 18, max: 90}, {rule: diameter, min: 10}, {rule: lesions, max: 5}")
	return indent + strings.Join(lines, "\n"+indent) + "\n"
}
