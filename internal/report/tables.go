package report

import (
	"fmt"
	"slices"

	"magn/internal/evidence"
)

// tablesOf builds every table of a report. One without rows is left out.
func tablesOf(in Input) []table {
	r := in.Results
	return slices.Concat([]table{
		flowTable(in.Flow), patientsTable(r),
		metricsTable(r), comparisonsTable(r),
		robustnessTable(r), learningTable(r), blindTable(r), mapsTable(r),
	}, mapDifferenceTables(r), examTables(r), []table{
		calibrationTable(r), binsTable(r), decisionTable(r),
		subgroupsTable(r), featuresTable(r), innerTable(r), fixedTable(r), backbonesTable(r), lambdaTable(in), innerFoldsTable(in),
		kappaTable(r), readersTable(r), foldsTable(r), leakageTable(r), violationsTable(r), runtimeTable(in.Run),
	})
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
	allMetrics  = append([]metric{auc, pooled, brier}, atThreshold...)
)

func (m metric) column(group string) column {
	return column{group: group, head: m.head, key: m.key, kind: interval}
}

func atHalf(a evidence.ArmResult) evidence.Metrics  { return a.Metrics }
func atInner(a evidence.ArmResult) evidence.Metrics { return a.MetricsInner }

// metricsTable is each competing arm's metrics, classified at 0.5.
func metricsTable(r evidence.Results) table {
	t := armsTable(r, competes, "metrics", "Every arm on all patients, each predicted by a model that has not seen them; value and 95 % interval.", allMetrics, atHalf)
	t.caption += " Classified at a probability of 0.5."
	return t
}

// innerTable is the same at the threshold that each unit's inner split chose.
func innerTable(r evidence.Results) table {
	keep := func(a evidence.ArmResult) bool { return !isReader(a) && a.Of == "" } // nothing was chosen for a reader
	return armsTable(r, keep, "metrics-inner", "The same predictions classified at the threshold that each fold’s inner split chose, on training patients alone.", atThreshold, atInner)
}

// blindTable is what arms that see no image reach.
func blindTable(r evidence.Results) table {
	return armsTable(r, isBlind, "blind", "Arms that see no image, on the same patients and folds. What an arm of "+ref("metrics")+" knows beyond them it may owe to the images.", allMetrics, atHalf)
}

// armsTable is the metrics of the arms that keep holds for, grouped by kind.
func armsTable(r evidence.Results, keep func(evidence.ArmResult) bool, name, caption string, ms []metric, of func(evidence.ArmResult) evidence.Metrics) table {
	sample := everywhere
	if n, groups, same := sameSample(r); same {
		sample = fileOnly
		if n != groups {
			caption += fmt.Sprintf(" All on %s in %s.", count(n, "patient"), count(groups, "group"))
		} else {
			caption += fmt.Sprintf(" All on %s.", count(n, "patient"))
		}
	}
	experienced := func(a evidence.ArmResult) bool { return keep(a) && a.Reader != nil && a.Reader.Years > 0 }
	years := slices.ContainsFunc(r.Arms, experienced)
	if years {
		caption += " Years: a reader’s experience."
	}
	t := table{name: name, caption: caption, columns: []column{
		{head: "Arm", only: pageOnly},
		{key: "arm", only: fileOnly},
		{key: "kind", only: fileOnly},
		{head: "n", key: "n", kind: whole, only: sample},
		{head: "Groups", key: "groups", kind: whole, only: sample},
		{head: "Seeds", key: "seeds", kind: whole},
	}}
	if years {
		t.columns = append(t.columns, column{key: "years", kind: optional, only: fileOnly})
	}
	for _, m := range ms {
		t.columns = append(t.columns, m.column(""))
	}
	for _, at := range byKind(r, keep) {
		a := r.Arms[at.i]
		cells := []cell{words(a.Name), words(a.Name), words(a.Kind), wholeNumber(a.N), wholeNumber(a.Groups), wholeNumber(len(a.Seeds))}
		if experienced(a) {
			cells[0].text += " (" + yearsWords(a.Reader.Years) + ")"
		}
		if years {
			experience := single(undefinedNumber, "")
			if experienced(a) {
				experience.iv.Value = a.Reader.Years
			}
			cells = append(cells, experience)
		}
		for _, m := range ms {
			cells = append(cells, armCell(a, m, of(a)))
		}
		t.add(at.head, cells...)
	}
	return t
}

func yearsWords(x float64) string {
	if x == 1 {
		return "1 year"
	}
	return short(x) + " years"
}

// armCell is a metric of an arm with what is to be said of it.
func armCell(a evidence.ArmResult, m metric, of evidence.Metrics) cell {
	c := span(m.of(of))
	c.why = whyArm(m.key, a)
	if choseClasses(a) {
		switch m.key {
		case auc.key:
			c.remark = "mean of the folds’ balanced accuracies, as the other arms’ AUC and as in every comparison: the reader chose a class and gave no score"
		case pooled.key:
			c.remark = "balanced accuracy of all patients at once: the mean of sensitivity and specificity"
		}
	}
	return c
}

// heldOut is what a fold holds out whole, where the split is by something.
func heldOut(r evidence.Results, fold int) string {
	if fold < 0 || fold >= len(r.FoldNames) {
		return ""
	}
	return r.FoldNames[fold]
}

// foldsTable is each arm on each fold and seed.
func foldsTable(r evidence.Results) table {
	t := table{
		name: "folds", folded: true, caption: "Every program on every fold and seed. Intervals, variants and readers are in the CSV file.",
		columns: []column{
			{head: "Arm", key: "arm"},
			{head: "Fold", key: "fold", kind: whole},
			{head: "Held out", key: "held_out"},
			{head: "Seed", key: "seed", kind: whole},
			{head: "n", key: "n", kind: whole},
			{head: "Pos.", key: "positive", kind: whole},
			{head: "λ", key: "lambda", kind: whole},
			{head: "Epochs", key: "epochs", kind: whole},
			{head: "AUC", key: "auc", kind: interval, bare: true},
			{head: "Brier", key: "brier", kind: interval, bare: true},
		},
	}
	if r.SplitBy == "" {
		t.columns[2].only = fileOnly
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
			cells := []cell{
				words(a.Name), wholeNumber(f.Fold), words(heldOut(r, f.Fold)), wholeNumber(f.Seed), wholeNumber(f.N), wholeNumber(f.Positive),
				single(f.Lambda, "no λ was chosen"), wholeNumber(f.Epochs),
			}
			for i := 6; i < 8; i++ { // λ and epochs are a network's
				cells[i].blank = a.Kind != evidence.KindNetwork
			}
			add := func(m metric, of evidence.Metrics) {
				c := span(m.of(of))
				if c.why = whyFold(m.key, f); isReader(a) && m.key == brier.key {
					c.why = noProbability
				}
				cells = append(cells, c)
			}
			add(auc, f.Metrics)
			add(brier, f.Metrics)
			for _, m := range atThreshold {
				add(m, f.Metrics)
			}
			for _, m := range atThreshold {
				add(m, f.MetricsInner)
			}
			t.add("", cells...)
			t.rows[len(t.rows)-1].fileOnly = a.Of != "" || isReader(a)
		}
	}
	return t
}
