package report

import (
	"strconv"
	"strings"

	"magn/internal/evidence"
)

// tablesOf builds every table of a report.
func tablesOf(r evidence.Results) []table {
	return []table{
		metricsTable(r), innerTable(r), comparisonsTable(r),
		mapsTable(r), foldsTable(r), leakageTable(r),
	}
}

// metric picks one of the Metrics.
type metric struct {
	key, head string
	of        func(evidence.Metrics) evidence.Interval
}

var (
	auc      = metric{"auc", "AUC", func(m evidence.Metrics) evidence.Interval { return m.AUC }}
	pooled   = metric{"auc_pooled", "AUC, pooled", func(m evidence.Metrics) evidence.Interval { return m.AUCPooled }}
	accuracy = metric{"accuracy", "Accuracy", func(m evidence.Metrics) evidence.Interval { return m.Accuracy }}
	f1       = metric{"f1", "F1", func(m evidence.Metrics) evidence.Interval { return m.F1 }}
	sens     = metric{"sensitivity", "Sensitivity", func(m evidence.Metrics) evidence.Interval { return m.Sensitivity }}
	specif   = metric{"specificity", "Specificity", func(m evidence.Metrics) evidence.Interval { return m.Specificity }}
	brier    = metric{"brier", "Brier", func(m evidence.Metrics) evidence.Interval { return m.Brier }}

	atThreshold = []metric{accuracy, f1, sens, specif}
)

func (m metric) column(group string) column {
	return column{group: group, head: m.head, key: m.key, kind: interval}
}

// metricsTable is each arm's metrics, classified at 0.5.
func metricsTable(r evidence.Results) table {
	ms := append([]metric{auc, pooled, brier}, atThreshold...)
	return armsTable(r, "metrics", "Every arm on all patients, each predicted by a model that has not seen them, with 95 % intervals. Classified at a probability of 0.5.", ms,
		func(a evidence.ArmResult) evidence.Metrics { return a.Metrics })
}

// innerTable is the same at the threshold that each unit's inner split chose.
func innerTable(r evidence.Results) table {
	return armsTable(r, "metrics-inner", "The same predictions classified at the threshold that each fold’s inner split chose, on training patients alone.", atThreshold,
		func(a evidence.ArmResult) evidence.Metrics { return a.MetricsInner })
}

func armsTable(r evidence.Results, name, caption string, ms []metric, of func(evidence.ArmResult) evidence.Metrics) table {
	t := table{name: name, caption: caption, columns: []column{
		{head: "Arm", key: "arm"},
		{head: "n", key: "n", kind: whole},
		{head: "Groups", key: "groups", kind: whole},
		{head: "Seeds", key: "seeds", kind: whole},
	}}
	for _, m := range ms {
		t.columns = append(t.columns, m.column(""))
	}
	for _, a := range r.Arms {
		row := []cell{words(a.Name), wholeNumber(a.N), wholeNumber(a.Groups), wholeNumber(len(a.Seeds))}
		for _, m := range ms {
			c := span(m.of(of(a)))
			c.why = whyArm(m.key, a)
			row = append(row, c)
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// foldsTable is each arm on each fold and seed.
func foldsTable(r evidence.Results) table {
	t := table{
		name: "folds", caption: "Every arm on every fold and seed. Intervals are in the CSV file.",
		columns: []column{
			{head: "Arm", key: "arm"},
			{head: "Fold", key: "fold", kind: whole},
			{head: "Seed", key: "seed", kind: whole},
			{head: "n", key: "n", kind: whole},
			{head: "Pos.", key: "positive", kind: whole},
			{head: "λ", key: "lambda", kind: whole},
			{head: "Epochs", key: "epochs", kind: whole},
			{head: "AUC", key: "auc", kind: interval, bare: true},
			{head: "Brier", key: "brier", kind: interval, bare: true},
		},
	}
	heads := []string{"Acc.", "F1", "Sens.", "Spec."}
	for i, m := range atThreshold {
		t.columns = append(t.columns, column{group: "at 0.5", head: heads[i], key: m.key, kind: interval, bare: true})
	}
	for i, m := range atThreshold {
		t.columns = append(t.columns, column{group: "at inner threshold", head: heads[i], key: m.key + "_inner", kind: interval, bare: true})
	}
	for _, a := range r.Arms {
		for _, f := range a.Folds {
			row := []cell{
				words(a.Name), wholeNumber(f.Fold), wholeNumber(f.Seed), wholeNumber(f.N), wholeNumber(f.Positive),
				single(f.Lambda, "no λ was chosen"), wholeNumber(f.Epochs),
			}
			add := func(m metric, of evidence.Metrics) {
				c := span(m.of(of))
				c.why = whyFold(m.key, f)
				row = append(row, c)
			}
			add(auc, f.Metrics)
			add(brier, f.Metrics)
			for _, m := range atThreshold {
				add(m, f.Metrics)
			}
			for _, m := range atThreshold {
				add(m, f.MetricsInner)
			}
			t.rows = append(t.rows, row)
		}
	}
	return t
}

// comparisonsTable is the paired differences in AUC.
func comparisonsTable(r evidence.Results) table {
	t := table{
		name:    "comparisons",
		caption: "Differences in AUC on the same patients: mean over folds of first minus second, with 95 % intervals and two-sided p values by a bootstrap over groups and seeds within folds; Holm’s correction over the comparisons of this table.",
		columns: []column{
			{head: "First arm", key: "a"},
			{head: "Second arm", key: "b"},
			{head: "Difference in AUC", key: "delta_auc", kind: change},
			{head: "p", key: "p", kind: pvalue},
			{head: "p (Holm)", key: "p_holm", kind: pvalue},
		},
	}
	const why = "the AUC of one of the two arms is not defined"
	for _, c := range r.Comparisons {
		d := span(evidence.Interval{Value: c.DeltaAUC, Low: c.Low, High: c.High})
		d.why = why
		t.rows = append(t.rows, []cell{words(c.A), words(c.B), d, single(c.P, why), single(c.PHolm, why)})
	}
	return t
}

// mapsTable is what the attention maps did, per view and arm.
func mapsTable(r evidence.Results) table {
	t := table{
		name:    "heatmaps",
		caption: "Heat maps of the patients held out, with 95 % intervals clustered by group, on crops centred on the lesion and on the same crops shifted away from it. Energy: the part of the map that lies inside the lesion; share: the part of the crop that the lesion covers, which a uniform map would reach; IoU: of the map above one half with the lesion; hit: the map’s maximum lies inside the lesion. Gaussian: the same numbers of a fixed Gaussian in the crop’s middle, as wide as fits the training outlines best; it looks at nothing, and only what exceeds it on shifted crops says that a map follows the lesion. Maps that are zero everywhere are counted, and score 0.",
		columns: []column{
			{head: "View", key: "view"},
			{head: "Crops", key: "crops"},
			{head: "Arm", key: "arm"},
			{head: "Maps", key: "n", kind: whole},
			{head: "Zero maps", key: "zero", kind: whole},
			{head: "Energy", key: "energy", kind: interval},
			{head: "Share", key: "share", kind: interval},
			{head: "IoU", key: "iou", kind: interval},
			{head: "Hit", key: "hit", kind: interval},
			{head: "Gaussian energy", key: "gaussian_energy", kind: interval},
			{head: "Gaussian IoU", key: "gaussian_iou", kind: interval},
			{head: "Gaussian hit", key: "gaussian_hit", kind: interval},
		},
	}
	for _, of := range mapKinds(r) {
		for _, a := range r.Arms {
			for _, m := range a.Maps {
				if kindOf(m) != of {
					continue
				}
				row := []cell{words(m.View), words(m.Crops), words(a.Name), wholeNumber(m.N), wholeNumber(m.Zero)}
				for _, iv := range []evidence.Interval{m.Energy, m.Share, m.IoU, m.Hit, m.Gaussian.Energy, m.Gaussian.IoU, m.Gaussian.Hit} {
					c := span(iv)
					c.why = "no map of this view"
					row = append(row, c)
				}
				t.rows = append(t.rows, row)
			}
		}
	}
	return t
}

// leakageTable is one row a fitted step that saw groups it was tested on; with
// none, one row that says how many steps were checked.
func leakageTable(r evidence.Results) table {
	t := table{
		name: "leakage", caption: "Fitted steps that saw groups they were tested on.",
		columns: []column{
			{head: "Checked", key: "checked", kind: whole},
			{head: "Violations", key: "violations", kind: whole},
			{head: "Arm", key: "arm"},
			{head: "Fold", key: "fold"},
			{head: "Seed", key: "seed"},
			{head: "Step", key: "step"},
			{head: "Groups", key: "groups"},
		},
	}
	l := r.Leakage
	head := []cell{wholeNumber(l.Checked), wholeNumber(len(l.Violations))}
	for _, v := range l.Violations {
		t.rows = append(t.rows, append(head[:2:2], words(v.Arm), words(strconv.Itoa(v.Fold)),
			words(strconv.Itoa(v.Seed)), words(v.Step), words(strings.Join(v.Groups, " "))))
	}
	if len(l.Violations) == 0 {
		t.rows = append(t.rows, append(head[:2:2], words(""), words(""), words(""), words(""), words("")))
	}
	return t
}
