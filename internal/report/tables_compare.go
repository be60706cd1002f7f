package report

import (
	"slices"

	"magn/internal/evidence"
)

// families of comparisons in the order in which they are printed.
var familyHeads = []struct{ family, head string }{
	{evidence.Primary, "Primary, p not adjusted"},
	{evidence.Secondary, "Secondary: p adjusted for each other (Holm)"},
	{evidence.Descriptive, "Descriptive: no test is made"},
}

const (
	whyComparison = "the AUC of one of the two arms is not defined"
	describedOnly = "described, not tested"
	chosenPair    = "this pair was chosen after the results: the highest AUC against the arm that the study is about, or against the next best"
)

// familyOf is a comparison's family; results of an earlier version name none.
func familyOf(c evidence.Comparison) string {
	if c.Family == "" {
		return evidence.Secondary
	}
	return c.Family
}

// inFamilies are the comparisons, the primary one first, each with the heading
// that its family has.
func inFamilies(r evidence.Results) (out []evidence.Comparison, heads []string) {
	known := map[string]bool{}
	for _, f := range familyHeads {
		known[f.family] = true
		head := f.head
		for _, c := range r.Comparisons {
			if familyOf(c) == f.family {
				out, heads = append(out, c), append(heads, head)
				head = ""
			}
		}
	}
	for _, c := range r.Comparisons {
		if !known[familyOf(c)] {
			out, heads = append(out, c), append(heads, "")
		}
	}
	return out, heads
}

// comparisonsTable is the paired differences in AUC.
func comparisonsTable(r evidence.Results) table {
	t := table{
		name:    "comparisons",
		caption: "Differences in AUC on the same patients: mean over folds of first minus second, with 95 % intervals and two-sided p values by a bootstrap over groups and seeds within folds, so that they hold for another training and other patients.",
		columns: []column{
			{key: "family", only: fileOnly},
			{head: "First arm", key: "a"},
			{head: "Second arm", key: "b"},
			{head: "Difference in AUC", key: "delta_auc", kind: change},
			{head: "p", key: "p", kind: pvalue},
			{head: "p (Holm)", key: "p_holm", kind: pvalue},
		},
	}
	all, heads := inFamilies(r)
	for i, c := range all {
		d := span(evidence.Interval{Value: c.DeltaAUC, Low: c.Low, High: c.High})
		d.why = whyComparison
		p, holm := single(c.P, whyComparison), single(c.PHolm, whyComparison)
		switch familyOf(c) {
		case evidence.Primary:
			holm.hidden = "the primary comparison stands alone and is not adjusted"
		case evidence.Descriptive:
			p.hidden, holm.hidden, p.why, holm.why = describedOnly, describedOnly, describedOnly, describedOnly
		}
		if c.Chosen {
			d.remark = chosenPair
		}
		t.add(heads[i], words(familyOf(c)), words(c.A), words(c.B), d, p, holm)
	}
	return t
}

// fixedTable is the same comparisons of the models as they are.
func fixedTable(r evidence.Results) table {
	t := table{
		name:    "comparisons-fixed",
		caption: "The same comparisons of the trained models as they are, their scores averaged over seeds: nothing is said about another training, and no p is adjusted. DeLong’s test of the difference in AUC, fold by fold and clustered by group; McNemar’s test of the difference in accuracy at 0.5 (exact below 25 discordant patients).",
		columns: []column{
			{key: "family", only: fileOnly},
			{head: "First arm", key: "a"},
			{head: "Second arm", key: "b"},
			{group: "AUC, DeLong", head: "Difference", key: "delta_auc", kind: change},
			{group: "AUC, DeLong", head: "p", key: "p_delong", kind: pvalue},
			{group: "Only right", head: "First", key: "only_a_right", kind: whole},
			{group: "Only right", head: "Second", key: "only_b_right", kind: whole},
			{group: "Accuracy, McNemar", head: "Difference", key: "delta_accuracy", kind: change},
			{group: "Accuracy, McNemar", head: "p", key: "p_mcnemar", kind: pvalue},
		},
	}
	all, _ := inFamilies(r)
	if !slices.ContainsFunc(all, hasFixed) {
		return t
	}
	for _, c := range all {
		f := c.Fixed
		d, p, acc, mc := span(f.DeltaAUC), single(f.P, whyComparison), span(f.Accuracy), single(f.McNemar, "")
		d.why = whyComparison
		if familyOf(c) == evidence.Descriptive {
			p.hidden, mc.hidden, p.why, mc.why = describedOnly, describedOnly, describedOnly, describedOnly
		}
		t.add("", words(familyOf(c)), words(c.A), words(c.B), d, p, wholeNumber(f.OnlyA), wholeNumber(f.OnlyB), acc, mc)
	}
	return t
}

// hasFixed says whether a comparison was made of fixed models, too; one of an
// earlier version was not.
func hasFixed(c evidence.Comparison) bool { return c.Fixed != (evidence.Fixed{}) && !noFixed(c.Fixed) }

func noFixed(f evidence.Fixed) bool {
	return isNaN(f.DeltaAUC.Value) && isNaN(f.P) && isNaN(f.Accuracy.Value) && isNaN(f.McNemar)
}

// robustnessTable is arms that are another one but for one thing, beside it.
func robustnessTable(r evidence.Results) table {
	t := table{
		name:    "robustness",
		caption: "Arms that differ from the arm above them in one thing, on the same patients; 95 % intervals. The change is that of the AUC, and no test is made of it. Trained on permuted labels there is nothing to learn: such an arm is expected at 0.5.",
		columns: []column{
			{head: "Arm", key: "arm"},
			{head: "Variant", key: "variant"},
			{key: "of", only: fileOnly},
			{head: "AUC", key: "auc", kind: interval},
			{head: "Change", key: "change_auc", kind: difference},
			{head: "Brier", key: "brier", kind: interval},
		},
	}
	for _, m := range atThreshold {
		t.columns = append(t.columns, m.column(""))
	}
	for _, f := range variants(r) {
		line := func(head string, a evidence.ArmResult, variant string, change cell) {
			cells := []cell{words(a.Name), words(variant), words(a.Of), armCell(a, auc, a.Metrics), change, armCell(a, brier, a.Metrics)}
			for _, m := range atThreshold {
				cells = append(cells, armCell(a, m, a.Metrics))
			}
			t.add(head, cells...)
		}
		of := undefinedNumber
		if f.own >= 0 {
			own := r.Arms[f.own]
			of = own.Metrics.AUC.Value
			line(f.name, own, "", cell{iv: evidence.Interval{Value: undefinedNumber}, blank: true, why: "the arm itself"})
		}
		for k, i := range f.variants {
			head := ""
			if k == 0 && f.own < 0 {
				head = f.name
			}
			a := r.Arms[i]
			line(head, a, variantWords(a.Variant), single(a.Metrics.AUC.Value-of, whyComparison))
		}
	}
	return t
}
