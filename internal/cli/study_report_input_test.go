package cli

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/report"
	"magn/internal/study"
)

// Rules that left nobody out have no box; who passed all of them and is not in
// the cohort could not be imported.
func TestChartSteps(t *testing.T) {
	got := chartSteps(&cohort.Flowchart{
		Patients: 10, Included: 5,
		Steps: []cohort.Step{
			{Rule: "class", Before: 10, Left: 10},
			{Rule: "contrast-t1", Before: 10, Excluded: 3, Left: 7, Reasons: map[string]int{"no axial": 1, "no coronal": 2}},
			{Rule: "another rule", Before: 7, Excluded: 1, Left: 6, Reasons: map[string]int{"so": 1}},
		},
	})
	want := []report.FlowStep{
		{Label: "Patients", N: 10, Positive: -1, Negative: -1},
		{Label: "Contrast-enhanced T1 series of the views", N: 7, Positive: -1, Negative: -1, Excluded: []report.FlowReason{{Reason: "no coronal", N: 2}, {Reason: "no axial", N: 1}}},
		{Label: "another rule", N: 6, Positive: -1, Negative: -1, Excluded: []report.FlowReason{{Reason: "so", N: 1}}},
		{Label: "Imported", N: 5, Positive: -1, Negative: -1, Excluded: []report.FlowReason{{Reason: "could not be imported", N: 1}}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// Every rule there is has words.
	for _, r := range cohort.DefaultRules() {
		if ruleWords[r.Rule] == "" {
			t.Errorf("no words for the rule %s", r.Rule)
		}
	}
}

func TestFlowOfAStudy(t *testing.T) {
	s := &study.Study{Dir: t.TempDir(), Cohort: &cohort.Cohort{
		Cases:    []cohort.Case{{ID: "a", Label: 1}, {ID: "b"}, {ID: "c"}, {ID: "d"}},
		Excluded: []cohort.Exclusion{{ID: "x", Reason: "another class"}},
	}}
	s.Cases = s.Cohort.Cases[:3]
	s.Excluded = append(s.Cohort.Excluded[:1:1], cohort.Exclusion{ID: "d", Reason: "no stack of view axial"})
	got, err := flow(s)
	want := []report.FlowStep{
		{Label: "Patients", N: 5, Positive: -1, Negative: -1},
		{Label: "In the cohort", N: 4, Positive: -1, Negative: -1, Excluded: []report.FlowReason{{Reason: "another class", N: 1}}},
		{Label: "With every view that an arm needs", N: 3, Positive: 1, Negative: 2, Excluded: []report.FlowReason{{Reason: "no stack of view axial", N: 1}}},
	}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Error(err, d)
	}

	// With the import's own counts, where they are of this cohort.
	chart := filepath.Join(s.Dir, filepath.FromSlash(importFlow))
	if err := os.MkdirAll(filepath.Dir(chart), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		if err := os.WriteFile(chart, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"patients":9,"steps":[{"rule":"annotation","before":9,"excluded":5,"left":4,"reasons":{"no outline":5}}],"included":4}`)
	if got, err = flow(s); err != nil || len(got) != 3 || got[0].N != 9 || got[1].Label != "Lesions outlined" || got[1].N != 4 || got[2].N != 3 {
		t.Error(got, err)
	}
	write(`{"patients":9,"included":7}`) // of another cohort
	if got, err = flow(s); err != nil || got[0].N != 5 {
		t.Error(got, err)
	}
	write(`{`)
	if _, err = flow(s); fault.Code(err) != fault.CodeInput {
		t.Error(err)
	}
}

// A fold in which a table told nothing apart is said at the top, once for all seeds.
func TestNoColumnNotes(t *testing.T) {
	note := "fold 1: " + study.NoColumn + " its training cases apart"
	got := noColumnNotes([]*study.Record{
		{Arm: "scanner", Fold: 1, Seed: 1, Notes: []string{"something else", note}},
		{Arm: "scanner", Fold: 1, Seed: 2, Notes: []string{note}},
		{Arm: "clinical", Fold: 1, Seed: 1, Notes: []string{note}},
	})
	if want := []string{"scanner, " + note + ".", "clinical, " + note + "."}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
