package report

import (
	"fmt"
	"slices"
	"strings"
)

// labels are what figures and tables are called in the page, by their names:
// "Figure 4A", "Table S2". Numbers run without holes, those of the main part and
// those of the supplement apart.
type labels struct{ figure, table map[string]string }

// The figures of the main part: those of one group share a number and have
// letters. A name that ends in - stands for all that begin so.
var (
	mainFigures  = [][]string{{"flow"}, {"transfer-"}, {"auc", "differences"}, {"roc", "roc-folds"}, {"energy", "heatmaps-"}, {"calibration"}, {"decision"}}
	otherFigures = [][]string{{"robustness"}, {"learning"}, {"subgroups"}, {"training"}}
	mainTables   = []string{"patients", "metrics", "comparisons", "robustness", "learning", "blind", "heatmaps", "heatmaps-differences", "heatmaps-differences-true", "heatmaps-exams", "heatmaps-exams-true", "calibration"}
	fileTables   = []string{"flow", "calibration-bins", "decision", "inner-folds"} // not printed
	otherTables  = []string{"subgroups", "features", "metrics-inner", "comparisons-fixed", "backbones", "inner", "readers-agreement", "readers-differences", "folds", "leakage-violations", "leakage", "runtime", checklistName}
)

func labelsOf(figures []figure, tables []table) labels {
	l := labels{map[string]string{}, map[string]string{}}
	for _, part := range []struct {
		prefix string
		groups [][]string
	}{{"Figure ", mainFigures}, {"Figure S", otherFigures}} {
		n := 0
		for _, group := range part.groups {
			var names []string
			for _, pattern := range group {
				for _, f := range figures {
					if f.name == pattern || strings.HasSuffix(pattern, "-") && strings.HasPrefix(f.name, pattern) {
						names = append(names, f.name)
					}
				}
			}
			if len(names) > 0 {
				n++
			}
			for i, name := range names {
				l.figure[name] = fmt.Sprint(part.prefix, n)
				if len(names) > 1 {
					l.figure[name] += strings.ToUpper(letter(i))
				}
			}
		}
	}
	printed := func(name string) bool {
		return name == checklistName || slices.ContainsFunc(tables, func(t table) bool {
			return t.name == name && !t.bare && slices.ContainsFunc(t.rows, func(r row) bool { return !r.fileOnly })
		})
	}
	for _, part := range []struct {
		prefix string
		names  []string
	}{{"Table ", mainTables}, {"Table S", otherTables}} {
		n := 0
		for _, name := range part.names {
			if printed(name) {
				n++
				l.table[name] = fmt.Sprint(part.prefix, n)
			}
		}
	}
	return l
}

// ref stands for a table's label in a caption, which is made before labels are.
func ref(table string) string { return "⟦" + table + "⟧" }

// resolve puts labels in their places.
func (l labels) resolve(s string) string {
	for _, name := range slices.Concat(mainTables, otherTables) {
		if !strings.Contains(s, "⟦") {
			break
		}
		label := l.table[name]
		if label == "" {
			label = "the table of " + name
		}
		s = strings.ReplaceAll(s, ref(name), label)
	}
	return s
}
