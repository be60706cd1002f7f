package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"magn/internal/evidence"
)

// inOrder hands a table's rows out one after another.
type inOrder struct {
	t    *testing.T
	name string
	rows []map[string]string
	next int
}

func rowsOf(t *testing.T, in Input, name string) *inOrder {
	t.Helper()
	return &inOrder{t: t, name: name, rows: read(t, tablesOf(in), name)}
}

// row is the next one, whose named columns must hold these texts.
func (o *inOrder) row(keysAndTexts ...string) map[string]string {
	o.t.Helper()
	if o.next >= len(o.rows) {
		o.t.Fatalf("%s: only %d rows", o.name, len(o.rows))
	}
	r := o.rows[o.next]
	o.next++
	for i := 0; i < len(keysAndTexts); i += 2 {
		if r[keysAndTexts[i]] != keysAndTexts[i+1] {
			o.t.Fatalf("%s, row %d: %s is %q, want %q", o.name, o.next, keysAndTexts[i], r[keysAndTexts[i]], keysAndTexts[i+1])
		}
	}
	return r
}

func (o *inOrder) end() {
	o.t.Helper()
	if o.next != len(o.rows) {
		o.t.Errorf("%s: %d rows, want %d", o.name, len(o.rows), o.next)
	}
}

func TestArmTablesHoldTheResults(t *testing.T) {
	in := allKinds(t)
	r := in.Results
	byName := map[string]evidence.ArmResult{}
	for _, a := range r.Arms {
		byName[a.Name] = a
	}
	// Networks, then radiomics, then readers; no variant, nothing image-blind.
	metrics := rowsOf(t, in, "metrics")
	for _, name := range []string{
		"sagittal", "sagittal-attention", "coronal", "coronal-attention", "axial", "axial-attention", "multi-view", "multi-view-attention",
		"radiomics-sagittal", "radiomics-coronal", "radiomics-axial", "radiomics-multi-view", "reader-A", "reader-B", "reader-C",
	} {
		row := metrics.row("arm", name, "kind", byName[name].Kind)
		sameInterval(t, name, row, "auc", byName[name].Metrics.AUC)
		if years := map[string]string{"reader-B": "5", "reader-C": "10"}[name]; row["years"] != years {
			t.Errorf("%s: %q years", name, row["years"])
		}
		if balanced := strings.Contains(row["note"], "auc: mean of the folds’ balanced accuracies"); balanced != (name == "reader-A" || name == "reader-B") {
			t.Errorf("%s: the note on its AUC is %q", name, row["note"])
		}
	}
	metrics.end()
	blind := rowsOf(t, in, "blind")
	for _, name := range []string{"outline", "clinical", "scanner"} {
		sameInterval(t, name, blind.row("arm", name), "auc", byName[name].Metrics.AUC)
	}
	blind.end()

	robust := rowsOf(t, in, "robustness")
	for _, f := range []struct {
		own      string
		variants []string
	}{
		{"multi-view-attention", []string{"jitter-5", "jitter-10", "jitter-20", "point", "permuted"}},
		{"radiomics-multi-view", []string{"forest", "forest-permuted"}},
		{"reader-A", []string{"aided"}},
		{"reader-B", []string{"aided"}},
		{"reader-C", []string{"aided"}},
	} {
		robust.row("arm", f.own, "change_auc", "")
		for _, v := range f.variants {
			a := byName[f.own+"-"+v]
			row := robust.row("arm", a.Name)
			sameInterval(t, a.Name, row, "auc", a.Metrics.AUC)
			same(t, a.Name, row, "change_auc", a.Metrics.AUC.Value-byName[f.own].Metrics.AUC.Value)
		}
	}
	robust.end()

	learning := rowsOf(t, in, "learning")
	for _, own := range []string{"multi-view", "multi-view-attention"} {
		for _, percent := range []string{"25", "50", "100"} {
			name := own + "-share-" + percent
			if percent == "100" {
				name = own
			}
			row := learning.row("of", own, "percent", percent, "arm", name)
			sameInterval(t, name, row, "auc", byName[name].Metrics.AUC)
		}
	}
	learning.end()

	inner := rowsOf(t, in, "metrics-inner")
	for _, row := range inner.rows {
		if row["kind"] == evidence.KindReader || byName[row["arm"]].Of != "" {
			t.Errorf("an inner threshold of %s", row["arm"])
		}
		sameInterval(t, row["arm"], row, "accuracy", byName[row["arm"]].MetricsInner.Accuracy)
	}
	if len(inner.rows) != 8+4+3 {
		t.Errorf("%d arms with an inner threshold", len(inner.rows))
	}
}

func TestModelTablesHoldTheResults(t *testing.T) {
	in := allKinds(t)
	r := in.Results
	bins, decision, features := rowsOf(t, in, "calibration-bins"), rowsOf(t, in, "decision"), rowsOf(t, in, "features")
	calibration := map[string]map[string]string{}
	for _, row := range read(t, tablesOf(in), "calibration") {
		calibration[row["arm"]] = row
	}
	for _, a := range r.Arms {
		for _, d := range a.Decision {
			row := decision.row("arm", a.Name)
			same(t, a.Name, row, "threshold", d.Threshold)
			sameInterval(t, a.Name, row, "model", d.Model)
			sameInterval(t, a.Name, row, "all", d.All)
			sameInterval(t, a.Name, row, "gain", d.Gain)
		}
		if c := a.Calibration; c != nil {
			for _, b := range c.Bins {
				row := bins.row("arm", a.Name)
				same(t, a.Name, row, "n", float64(b.N))
				same(t, a.Name, row, "score", b.Score)
				sameInterval(t, a.Name, row, "observed", b.Observed)
			}
			if row := calibration[a.Name]; (row != nil) != (a.Of == "") {
				t.Errorf("calibration of %s: %v", a.Name, row)
			} else if row != nil {
				sameInterval(t, a.Name, row, "in_the_large", c.InTheLarge)
				sameInterval(t, a.Name, row, "slope", c.Slope)
				sameInterval(t, a.Name, row, "intercept", c.Intercept)
				same(t, a.Name, row, "brier_scaled", c.BrierScaled.Value)
			}
		} else if a.Kind != evidence.KindReader {
			t.Errorf("%s has no calibration, so nothing is tested", a.Name)
		}
	}
	bins.end()
	decision.end()
	for _, at := range byKind(r, func(a evidence.ArmResult) bool { return len(a.Features) > 0 }) {
		a := r.Arms[at.i]
		for _, f := range a.Features {
			row := features.row("arm", a.Name, "feature", f.Name, "candidates", "768")
			same(t, a.Name, row, "kept", float64(f.Kept))
			same(t, a.Name, row, "used", float64(f.Used))
			same(t, a.Name, row, "units", float64(f.Units))
			same(t, a.Name, row, "mean_rank", f.Rank)
		}
	}
	features.end()

	// λ by inner split: 0.1 in one fold of five, 0.5 in three, 1 in one, two seeds.
	want := map[string][3]float64{"0.1": {2, 9}, "0.5": {6, (10 + 11 + 13) / 3.}, "1": {2, 12}}
	n := 0
	for _, row := range read(t, tablesOf(in), "inner") {
		if row["arm"] != "multi-view-attention" {
			continue
		}
		n++
		w := want[row["lambda"]]
		same(t, "λ "+row["lambda"], row, "chosen", w[0])
		same(t, "λ "+row["lambda"], row, "models", 10)
		same(t, "λ "+row["lambda"], row, "epochs", w[1])
		loss := 0.0 // the mean of what the folds were given
		lambda, _ := strconv.ParseFloat(row["lambda"], 64)
		for _, chose := range []float64{0.1, 0.5, 0.5, 1, 0.5} {
			loss += (0.4 + 0.1*math.Abs(lambda-chose)) / 5
		}
		reads(t, row["loss"], loss)
		if row["backbone"] != "resnet18" {
			t.Errorf("λ %s: backbone %q", row["lambda"], row["backbone"])
		}
	}
	if n != 3 {
		t.Errorf("%d rows of λ", n)
	}
	runtime := rowsOf(t, in, "runtime")
	for _, a := range in.Run.Arms {
		same(t, a.Arm, runtime.row("arm", a.Arm, "units", fmt.Sprint(a.Units)), "seconds", a.Seconds)
	}
	runtime.end()
}

// A search over backbones has a table of its own, beside the λs and in every fold;
// without one there is none.
func TestBackbonesTable(t *testing.T) {
	tried := func(losses ...float64) (out []evidence.Tried) { // resnet18 at λ .1 and 1, resnet34 at both
		for i, l := range losses {
			out = append(out, evidence.Tried{Backbone: []string{"resnet18", "resnet34"}[i/2], Lambda: []float64{0.1, 1}[i%2], Loss: l, Epoch: i + 1})
		}
		return out
	}
	in := Input{Backbone: "resnet18 or resnet34", Results: evidence.Results{Arms: []evidence.ArmResult{{
		Name: "axial-attention", Kind: evidence.KindNetwork, Attention: true,
		Folds: []evidence.FoldResult{
			{Fold: 0, Backbone: "resnet34", Lambda: 0.1, Epochs: 3, Tried: tried(.5, .4, .3, .6)},
			{Fold: 1, Backbone: "resnet34", Lambda: 1, Epochs: 4, Tried: tried(.8, .7, .9, .1)},
			{Fold: 2, Backbone: "resnet18", Lambda: 1, Epochs: 2, Tried: tried(.6, .2, .9, .8)},
		},
	}}}}
	nets := rowsOf(t, in, "backbones")
	row := nets.row("backbone", "resnet18", "chosen", "1", "models", "3", "epochs", "2")
	reads(t, row["loss"], (.4+.7+.2)/3)
	row = nets.row("backbone", "resnet34", "chosen", "2", "models", "3", "epochs", "3.5")
	reads(t, row["loss"], (.3+.1+.8)/3)
	nets.end()
	both := rowsOf(t, in, "inner")
	for _, w := range []struct {
		backbone, lambda, chosen string
		loss                     float64
	}{{"resnet18", "0.1", "0", (.5 + .8 + .6) / 3}, {"resnet18", "1", "1", (.4 + .7 + .2) / 3}, {"resnet34", "0.1", "1", (.3 + .9 + .9) / 3}, {"resnet34", "1", "1", (.6 + .1 + .8) / 3}} {
		reads(t, both.row("backbone", w.backbone, "lambda", w.lambda, "chosen", w.chosen)["loss"], w.loss)
	}
	both.end()
	folds := rowsOf(t, in, "inner-folds")
	chosen := 0
	for fold, f := range in.Results.Arms[0].Folds {
		for _, x := range f.Tried {
			row := folds.row("fold", fmt.Sprint(fold), "backbone", x.Backbone, "lambda", fmt.Sprint(x.Lambda), "epoch", fmt.Sprint(x.Epoch))
			reads(t, row["loss"], x.Loss)
			if row["chosen"] == "1" {
				chosen++
			}
		}
	}
	folds.end()
	if chosen != 3 {
		t.Errorf("%d chosen in three folds", chosen)
	}
	for i := range in.Results.Arms[0].Folds {
		f := &in.Results.Arms[0].Folds[i]
		f.Backbone, f.Tried = "", []evidence.Tried{{Lambda: 0.1, Loss: 0.5, Epoch: 1}}
	}
	if rows := backbonesTable(in.Results).rows; len(rows) > 0 {
		t.Errorf("a table of backbones without a choice: %v", rows)
	}
}

func reads(t *testing.T, text string, want float64) {
	t.Helper()
	if x, err := strconv.ParseFloat(text, 64); err != nil || math.Abs(x-want) > 1e-12 {
		t.Errorf("%q, want %g", text, want)
	}
}

func TestPatientTablesHoldTheResults(t *testing.T) {
	in := allKinds(t)
	r := in.Results
	rows := rowsOf(t, in, "patients")
	for _, c := range r.Patients {
		row := rows.row("characteristic", c.Name, "level", "", "test", c.Test)
		same(t, c.Name, row, "p", float64(c.P))
		same(t, c.Name, row, "smd", float64(c.SMD))
		for class, s := range map[string]evidence.Summary{"positive": c.Positive, "negative": c.Negative} {
			same(t, c.Name, row, class+"_n", float64(s.N))
			same(t, c.Name, row, class+"_missing", float64(s.Missing))
			if c.Number {
				same(t, c.Name, row, class+"_mean", float64(s.Mean))
				same(t, c.Name, row, class+"_median", float64(s.Median))
				same(t, c.Name, row, class+"_q3", float64(s.Q3))
			} else if row[class+"_mean"] != "" {
				t.Errorf("%s has the mean %s", c.Name, row[class+"_mean"])
			}
		}
		for _, l := range c.Levels {
			rows.row("level", l.Name, "positive_n", fmt.Sprint(l.Positive), "negative_n", fmt.Sprint(l.Negative), "p", "")
		}
	}
	rows.end()
	sub := read(t, tablesOf(in), "subgroups")
	n := 0
	for _, a := range r.Arms {
		for _, s := range a.Subgroups {
			n++
			found := false
			for _, row := range sub {
				if row["arm"] == a.Name && row["by"] == s.By && row["level"] == s.Level {
					found = true
					same(t, a.Name, row, "n", float64(s.N))
					same(t, a.Name, row, "positive", float64(s.Positive))
					sameInterval(t, a.Name, row, "auc_pooled", s.Metrics.AUCPooled)
					sameInterval(t, a.Name, row, "sensitivity", s.Metrics.Sensitivity)
				}
			}
			if !found {
				t.Errorf("%s, %s %s is not in the table", a.Name, s.By, s.Level)
			}
		}
	}
	if n != len(sub) || n == 0 {
		t.Errorf("%d rows for %d parts", len(sub), n)
	}
	flow := rowsOf(t, in, "flow")
	for _, f := range in.Flow {
		flow.row("step", f.Label, "patients", fmt.Sprint(f.N))
		for _, e := range f.Excluded {
			flow.row("reason", e.Reason, "excluded", fmt.Sprint(e.N), "patients", "")
		}
	}
	flow.end()
}

func TestComparisonAndReaderTablesHoldTheResults(t *testing.T) {
	in := allKinds(t)
	r := in.Results
	comparisons, fixed := rowsOf(t, in, "comparisons"), rowsOf(t, in, "comparisons-fixed")
	all, _ := inFamilies(r)
	if len(all) != len(r.Comparisons) || all[0].Family != evidence.Primary {
		t.Fatalf("%d of %d comparisons, the first %s", len(all), len(r.Comparisons), all[0].Family)
	}
	for _, c := range all {
		row := comparisons.row("a", c.A, "b", c.B, "family", c.Family)
		same(t, c.A, row, "delta_auc", c.DeltaAUC)
		same(t, c.A, row, "p", c.P)
		same(t, c.A, row, "p_holm", c.PHolm)
		row = fixed.row("a", c.A, "b", c.B)
		sameInterval(t, c.A, row, "delta_auc", c.Fixed.DeltaAUC)
		same(t, c.A, row, "p_delong", c.Fixed.P)
		same(t, c.A, row, "only_a_right", float64(c.Fixed.OnlyA))
		same(t, c.A, row, "p_mcnemar", c.Fixed.McNemar)
		sameInterval(t, c.A, row, "delta_accuracy", c.Fixed.Accuracy)
	}
	comparisons.end()
	fixed.end()
	// No p of a descriptive comparison is printed.
	for _, tab := range tablesOf(in) {
		if tab.name != "comparisons" {
			continue
		}
		v := tab.view()
		for i, row := range v.Rows {
			p := row.Cells[3]
			if described := all[i].Family == evidence.Descriptive; described != (p.Text == undefined && p.Mark != "") {
				t.Errorf("%s comparison %d prints p = %q", all[i].Family, i, p.Text)
			}
		}
	}

	agree, differ := rowsOf(t, in, "readers-agreement"), rowsOf(t, in, "readers-differences")
	for _, k := range r.Readers.Kappas {
		row := agree.row("a", k.A, "b", k.B)
		sameInterval(t, k.A, row, "kappa", k.Binary.Kappa)
		same(t, k.A, row, "p", float64(k.Binary.P))
		if (k.Weighted == nil) != (row["kappa_weighted"] == "") {
			t.Errorf("%s, %s: weighted κ %q", k.A, k.B, row["kappa_weighted"])
		}
	}
	sameInterval(t, "Fleiss", agree.row("b", "(Fleiss)"), "kappa", r.Readers.Fleiss.Kappa)
	agree.end()
	for _, e := range []*evidence.ReaderEffect{r.Readers.Help, r.Readers.Model} {
		row := differ.row("readers", map[bool]string{true: "random", false: "fixed"}[e.Random])
		sameInterval(t, "mean", row, "difference", e.Mean.Difference)
		same(t, "mean", row, "p", float64(e.Mean.P))
		same(t, "mean", row, "first", float64(e.A))
		for i, x := range e.ByReader {
			row := differ.row("reader", e.Readers[i])
			sameInterval(t, e.Readers[i], row, "difference", x.Difference)
		}
	}
	differ.end()

	paired, truth := rowsOf(t, in, "heatmaps-differences"), rowsOf(t, in, "heatmaps-differences-true")
	for _, d := range r.MapDifferences {
		row := paired.row("a", d.A, "b", d.B, "view", d.View, "crops", d.Crops)
		for key, iv := range map[string]evidence.Interval{"energy": d.Energy, "iou": d.IoU, "hit": d.Hit, "otsu_iou": d.Otsu, "deletion": d.Deletion, "insertion": d.Insertion} {
			sameInterval(t, d.A, row, key, iv)
		}
		row = truth.row("a", d.A, "b", d.B, "view", d.View, "crops", d.Crops)
		for key, iv := range map[string]evidence.Interval{"energy": d.TrueEnergy, "iou": d.TrueIoU, "hit": d.TrueHit, "otsu_iou": d.TrueOtsu, "deletion": d.TrueDeletion, "insertion": d.TrueInsertion} {
			sameInterval(t, d.A+", true class", row, key, iv)
		}
	}
	paired.end()
	truth.end()
	exams, examsTrue := rowsOf(t, in, "heatmaps-exams"), rowsOf(t, in, "heatmaps-exams-true")
	for _, view := range []string{"sagittal", "coronal", "axial"} {
		for _, crops := range []string{evidence.Centred, evidence.Shifted} {
			for _, a := range r.Arms {
				for _, e := range a.Exams {
					if e.View != view || e.Crops != crops {
						continue
					}
					row := exams.row("arm", a.Name, "view", view, "crops", crops)
					sameInterval(t, a.Name, row, "deletion", e.Deletion.Map)
					sameInterval(t, a.Name, row, "gaussian_insertion", e.Insertion.Gaussian)
					sameInterval(t, a.Name, row, "difference_otsu_iou", e.Otsu.Difference)
					row = examsTrue.row("arm", a.Name, "view", view, "crops", crops)
					sameInterval(t, a.Name, row, "true_hit", e.TrueHit)
					sameInterval(t, a.Name, row, "true_deletion", e.TrueDeletion)
				}
			}
		}
	}
	exams.end()
	examsTrue.end()
}

// A calibration curve is drawn within its parts alone: between them is no patient.
func TestSupportedCurve(t *testing.T) {
	var c evidence.Calibration
	for i := range 11 {
		c.Curve = append(c.Curve, evidence.CurvePoint{Score: float64(i) / 10, Observed: 0.5, Part: i / 4})
	}
	c.Curve[9].Observed = math.NaN() // and what is left of the last part is no line
	got := supported(c)
	if len(got) != 2 || len(got[0]) != 4 || got[0][3].X != 0.3 || len(got[1]) != 4 || got[1][0].X != 0.4 {
		t.Errorf("%v", got)
	}
}
