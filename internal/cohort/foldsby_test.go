package cohort

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every scanner is a fold, in the order of their names; the split is frozen.
func TestFoldsBy(t *testing.T) {
	var cases []Case
	level := map[string]string{}
	for i := range 12 {
		c := Case{ID: fmt.Sprintf("p%02d", i), Group: fmt.Sprintf("g%02d", i/2), Label: i % 2}
		cases, level[c.ID] = append(cases, c), []string{"Philips", "GE", "Siemens"}[i/2%3]
	}
	dir := t.TempDir()
	folds, levels, err := FoldsByCSV(dir, cases, "scanner", level)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"GE", "Philips", "Siemens"}, levels); d != "" {
		t.Error(d)
	}
	for _, f := range folds {
		if levels[f.Fold] != level[f.Case] {
			t.Errorf("%s of %s in fold %d", f.Case, level[f.Case], f.Fold)
		}
	}
	if again, _, err := FoldsByCSV(dir, cases, "scanner", level); err != nil || !cmp.Equal(folds, again) {
		t.Errorf("a second time: %v", err)
	}
	for name, c := range map[string]struct {
		change func()
		dir    string
		want   string
	}{
		"moved":     {func() { level["p00"], level["p01"] = "GE", "GE" }, dir, "case p00: found fold 1, expected fold 0, that of scanner GE"},
		"two":       {func() { level["p00"], level["p01"] = "GE", "Philips" }, t.TempDir(), "group g00: found scanner GE and Philips"},
		"unknown":   {func() { delete(level, "p03") }, t.TempDir(), "case p03: found no scanner"},
		"one class": {func() { level["p00"], level["p01"] = "Esaote", "Esaote"; cases[1].Label = 0 }, t.TempDir(), "scanner Esaote: found no case of the positive class"},
	} {
		t.Run(name, func(t *testing.T) {
			before := map[string]string{}
			for k, v := range level {
				before[k] = v
			}
			label := cases[1].Label
			c.change()
			_, _, err := FoldsByCSV(c.dir, cases, "scanner", level)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
			level, cases[1].Label = before, label
		})
	}
}
