package report

import (
	"fmt"
	"strconv"
	"strings"

	"magn/internal/evidence"
)

// flowTable is the counts of the flowchart, for the file alone.
func flowTable(flow []FlowStep) table {
	t := table{
		name: "flow", bare: true,
		columns: []column{
			{key: "step"},
			{key: "patients", kind: whole},
			{key: "positive", kind: whole},
			{key: "negative", kind: whole},
			{key: "reason"},
			{key: "excluded", kind: whole},
		},
	}
	known := func(n int) cell {
		if n < 0 {
			return single(undefinedNumber, "not known at this step")
		}
		return wholeNumber(n)
	}
	none := single(undefinedNumber, "no exclusion in this row")
	for _, f := range flow {
		t.add("", words(f.Label), wholeNumber(f.N), known(f.Positive), known(f.Negative), words(""), none)
		for _, e := range f.Excluded {
			none := single(undefinedNumber, "an exclusion")
			t.add("", words(f.Label), none, none, none, words(e.Reason), wholeNumber(e.N))
		}
	}
	return t
}

// tooThin is why a category of many levels is counted and not compared.
const tooThin = "more levels than a third of the patients: too few in each to compare"

// patientsTable is Table 1. The page has a line for a number and one for each
// level of a category; the file has the same lines and each number alone.
func patientsTable(r evidence.Results) table {
	var pos, neg int
	if len(r.Arms) > 0 && len(r.Arms[0].Folds) > 0 {
		pos = positives(r.Arms[0])
		neg = r.Arms[0].N - pos
	}
	t := table{
		name:    "patients",
		caption: "Patients by class. Numbers: mean ± standard deviation, and median (quartiles); categories: patients (percentage of those known). The test is the one named, chosen by the stated rule; SMD: standardised mean difference, " + r.Positive + " minus " + r.Negative + " for numbers.",
		columns: []column{
			{head: "", key: "characteristic"},
			{key: "level", only: fileOnly},
			{head: fmt.Sprintf("%s (n = %d)", r.Positive, pos), only: pageOnly},
			{head: fmt.Sprintf("%s (n = %d)", r.Negative, neg), only: pageOnly},
			{head: "Missing", only: pageOnly},
		},
	}
	for _, class := range []string{"positive", "negative"} {
		for _, key := range []string{"n", "missing", "mean", "sd", "median", "q1", "q3"} {
			t.columns = append(t.columns, column{key: class + "_" + key, kind: whole, only: fileOnly})
		}
	}
	t.columns = append(t.columns, column{head: "Test", key: "test"}, column{head: "p", key: "p", kind: pvalue}, column{head: "SMD", key: "smd", kind: number})
	for _, c := range r.Patients {
		whyTest, whySMD := "nothing to test: one value only, or too few patients", "no spread to measure a difference by"
		if c.TooThin() {
			whyTest, whySMD = tooThin, tooThin
		}
		test := []cell{words(c.Test), single(float64(c.P), whyTest), single(float64(c.SMD), whySMD)}
		missing := strconv.Itoa(c.Positive.Missing) + " / " + strconv.Itoa(c.Negative.Missing)
		if c.Positive.Missing+c.Negative.Missing == 0 {
			missing = ""
		}
		cells := []cell{words(c.Name), words("")}
		if c.Number {
			cells = append(cells, numberCell(c.Positive), numberCell(c.Negative), words(missing))
		} else {
			cells = append(cells, words(""), words(""), words(missing))
		}
		cells = append(cells, append(summaryCells(c.Positive, c.Number), summaryCells(c.Negative, c.Number)...)...)
		t.add("", append(cells, test...)...)
		for _, l := range c.Levels {
			const why = "see the line of the characteristic"
			cells := []cell{words("\u2003" + l.Name), words(l.Name), words(share(l.Positive, c.Positive.N)), words(share(l.Negative, c.Negative.N)), words("")}
			for _, n := range []int{l.Positive, l.Negative} {
				cells = append(cells, wholeNumber(n))
				for range 6 {
					cells = append(cells, single(undefinedNumber, why))
				}
			}
			blank := cell{iv: evidence.Interval{Value: undefinedNumber}, why: why, blank: true}
			t.add("", append(cells, words(""), blank, blank)...)
		}
	}
	return t
}

// numberCell is a number of a class as Table 1 prints it.
func numberCell(s evidence.Summary) cell {
	if s.N == 0 {
		return words(undefined)
	}
	decimals := 3
	switch size := max(abs(float64(s.Mean)), abs(float64(s.Median))); {
	case size >= 10:
		decimals = 1
	case size >= 1:
		decimals = 2
	}
	plain := func(x evidence.Number) string {
		if isNaN(float64(x)) {
			return undefined
		}
		return strings.Replace(strconv.FormatFloat(float64(x), 'f', decimals, 64), "-", "−", 1)
	}
	return words(fmt.Sprintf("%s ± %s; %s (%s–%s)", plain(s.Mean), plain(s.SD), plain(s.Median), plain(s.Q1), plain(s.Q3)))
}

func share(n, of int) string {
	if of == 0 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d (%s %%)", n, strings.TrimSuffix(strconv.FormatFloat(100*float64(n)/float64(of), 'f', 1, 64), ".0"))
}

func summaryCells(s evidence.Summary, numbers bool) []cell {
	why := "one patient or none"
	if !numbers {
		why = "a category"
	}
	cells := []cell{wholeNumber(s.N), wholeNumber(s.Missing)}
	for _, x := range []evidence.Number{s.Mean, s.SD, s.Median, s.Q1, s.Q3} {
		if !numbers { // a category has no mean, whatever stands in its place
			x = evidence.Number(undefinedNumber)
		}
		cells = append(cells, single(float64(x), why))
	}
	return cells
}

// subgroupsTable is the arms on patients who have a fact in common.
func subgroupsTable(r evidence.Results) table {
	t := table{
		name:    "subgroups",
		caption: "Arms by scanner and other facts, numbers halved at their median; 95 % intervals. A part of the patients seldom has both classes in each fold, so the AUC is the pooled one. No test is made between parts; those of fewer than five patients are left out.",
		columns: []column{
			{head: "Fact", key: "by"},
			{head: "Part", key: "level"},
			{head: "Arm", key: "arm"},
			{head: "n", key: "n", kind: whole},
			{head: "Pos.", key: "positive", kind: whole},
			pooled.column(""), brier.column(""),
		},
	}
	for _, m := range atThreshold {
		t.columns = append(t.columns, m.column(""))
	}
	type part struct{ by, level string }
	var parts []part
	seen := map[part]bool{}
	for _, a := range r.Arms {
		for _, s := range a.Subgroups {
			if p := (part{s.By, s.Level}); !seen[p] {
				seen[p] = true
				parts = append(parts, p)
			}
		}
	}
	last := ""
	for _, p := range parts {
		for _, at := range byKind(r, func(evidence.ArmResult) bool { return true }) {
			a := r.Arms[at.i]
			for _, s := range a.Subgroups {
				if s.By != p.by || s.Level != p.level {
					continue
				}
				cells := []cell{words(s.By), words(s.Level), words(a.Name), wholeNumber(s.N), wholeNumber(s.Positive)}
				for _, m := range append([]metric{pooled, brier}, atThreshold...) {
					c := span(m.of(s.Metrics))
					c.why = whyFold(m.key, evidence.FoldResult{N: s.N, Positive: s.Positive})
					if isReader(a) && m.key == brier.key {
						c.why = noProbability
					}
					cells = append(cells, c)
				}
				t.add("", cells...)
				line := &t.rows[len(t.rows)-1]
				line.fileOnly = !competes(a)
				if head := p.by + ": " + p.level; head != last && !line.fileOnly {
					line.head, last = head, head
				}
			}
		}
	}
	t.columns[0].only, t.columns[1].only = fileOnly, fileOnly // the headings say them
	return t
}
