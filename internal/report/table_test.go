package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/evidence"
)

// read parses a table's CSV into one map a row.
func read(t *testing.T, tables []table, name string) []map[string]string {
	t.Helper()
	for _, tab := range tables {
		if tab.name != name {
			continue
		}
		data, err := tab.csv()
		if err != nil {
			t.Fatal(err)
		}
		recs, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var rows []map[string]string
		for _, r := range recs[1:] {
			m := map[string]string{}
			for i, k := range recs[0] {
				if _, twice := m[k]; twice {
					t.Fatalf("%s: column %s twice", name, k)
				}
				m[k] = r[i]
			}
			rows = append(rows, m)
		}
		return rows
	}
	t.Fatalf("no table %s", name)
	return nil
}

// same demands the very number: full precision in, full precision out; an
// undefined one is an empty field.
func same(t *testing.T, where string, row map[string]string, key string, want float64) {
	t.Helper()
	field, ok := row[key]
	if !ok {
		t.Fatalf("%s: no column %s", where, key)
	}
	if math.IsNaN(want) {
		if field != "" || row["note"] == "" {
			t.Errorf("%s: %s is undefined, CSV says %q with note %q", where, key, field, row["note"])
		}
		return
	}
	if got, err := strconv.ParseFloat(field, 64); err != nil || got != want {
		t.Errorf("%s: %s = %q, results say %v", where, key, field, want)
	}
}

func sameInterval(t *testing.T, where string, row map[string]string, key string, want evidence.Interval) {
	t.Helper()
	same(t, where, row, key, want.Value)
	same(t, where, row, key+"_low", want.Low)
	same(t, where, row, key+"_high", want.High)
}

// undefinedCase is the fixture with a fold of one class and what follows.
func undefinedCase() Input {
	in := fixture(16)
	nan := math.NaN()
	none := evidence.Interval{Value: nan, Low: nan, High: nan}
	a := &in.Results.Arms[0]
	a.Folds[2].Positive = 0
	a.Folds[2].Metrics.AUC, a.Folds[2].Metrics.Sensitivity, a.Folds[2].Metrics.F1 = none, none, none
	a.Folds[2].ROC = nil
	a.Metrics.AUC = none
	a.Metrics.Brier.Low, a.Metrics.Brier.High = nan, nan
	in.Results.Comparisons[0] = evidence.Comparison{A: "multi-view-attention", B: "multi-view", DeltaAUC: nan, Low: nan, High: nan, P: nan, PHolm: nan}
	return in
}

func TestTablesHoldTheResults(t *testing.T) {
	for name, in := range map[string]Input{"defined": fixture(16), "undefined": undefinedCase(), "eight": eightArms(fixture(16))} {
		t.Run(name, func(t *testing.T) {
			r := in.Results
			tables := tablesOf(in)
			metrics, inner, folds := read(t, tables, "metrics"), read(t, tables, "metrics-inner"), read(t, tables, "folds")
			maps, comparisons := read(t, tables, "heatmaps"), read(t, tables, "comparisons")
			if len(metrics) != len(r.Arms) || len(inner) != len(r.Arms) || len(comparisons) != len(r.Comparisons) {
				t.Fatalf("%d, %d, %d rows", len(metrics), len(inner), len(comparisons))
			}
			k := 0
			mapRow := map[string]map[string]string{}
			for _, m := range maps {
				mapRow[m["arm"]+" "+m["view"]+" "+m["crops"]] = m
			}
			for i, a := range r.Arms {
				if metrics[i]["arm"] != a.Name || inner[i]["arm"] != a.Name {
					t.Errorf("row %d is not arm %s", i, a.Name)
				}
				same(t, a.Name, metrics[i], "n", float64(a.N))
				same(t, a.Name, metrics[i], "groups", float64(a.Groups))
				for _, m := range []metric{auc, pooled, brier, accuracy, f1, sens, specif} {
					sameInterval(t, a.Name, metrics[i], m.key, m.of(a.Metrics))
				}
				for _, m := range atThreshold {
					sameInterval(t, a.Name, inner[i], m.key, m.of(a.MetricsInner))
				}
				for _, f := range a.Folds {
					where := fmt.Sprint(a.Name, " fold ", f.Fold)
					row := folds[k]
					k++
					if row["arm"] != a.Name {
						t.Fatalf("%s: row of %s", where, row["arm"])
					}
					for key, want := range map[string]int{"fold": f.Fold, "seed": f.Seed, "n": f.N, "positive": f.Positive, "epochs": f.Epochs} {
						same(t, where, row, key, float64(want))
					}
					same(t, where, row, "lambda", f.Lambda)
					sameInterval(t, where, row, "auc", f.Metrics.AUC)
					sameInterval(t, where, row, "brier", f.Metrics.Brier)
					for _, m := range atThreshold {
						sameInterval(t, where, row, m.key, m.of(f.Metrics))
						sameInterval(t, where, row, m.key+"_inner", m.of(f.MetricsInner))
					}
				}
				for _, m := range a.Maps {
					where := a.Name + " " + m.View + " " + m.Crops
					row := mapRow[where]
					same(t, where, row, "n", float64(m.N))
					same(t, where, row, "zero", float64(m.Zero))
					sameInterval(t, where, row, "energy", m.Energy)
					sameInterval(t, where, row, "share", m.Share)
					sameInterval(t, where, row, "iou", m.IoU)
					sameInterval(t, where, row, "hit", m.Hit)
					sameInterval(t, where, row, "gaussian_energy", m.Gaussian.Energy)
					sameInterval(t, where, row, "gaussian_hit", m.Gaussian.Hit)
				}
			}
			if k != len(folds) {
				t.Errorf("%d fold rows for %d folds", len(folds), k)
			}
			for i, c := range r.Comparisons {
				row := comparisons[i]
				if row["a"] != c.A || row["b"] != c.B {
					t.Errorf("comparison %d is %s − %s", i, row["a"], row["b"])
				}
				sameInterval(t, "comparison", row, "delta_auc", evidence.Interval{Value: c.DeltaAUC, Low: c.Low, High: c.High})
				same(t, "comparison", row, "p", c.P)
				same(t, "comparison", row, "p_holm", c.PHolm)
			}
		})
	}
}

func TestUndefinedSaysWhy(t *testing.T) {
	in := undefinedCase()
	views := map[string]tableView{}
	for _, tab := range tablesOf(in) {
		views[tab.name] = tab.view()
	}
	for _, c := range []struct {
		table, head string
		row         int
		text, why   string
	}{
		{"metrics", "AUC", 0, undefined, "fold 2 holds one class only, so that a mean over folds does not exist"},
		{"metrics", "Brier", 0, decimal(in.Results.Arms[0].Metrics.Brier.Value), "too few independent groups for an interval"},
		{"folds", "AUC", 2, undefined, "one class only in this fold"},
		{"folds", "Sens.", 2, undefined, "no positive patient in this fold"},
		{"folds", "F1", 2, undefined, "no positive patient, and none predicted positive"},
		{"comparisons", "p", 0, undefined, "the AUC of one of the two arms is not defined"},
	} {
		v := views[c.table]
		for i, h := range v.Heads {
			if h.Text != c.head {
				continue
			}
			got := v.Rows[c.row].Cells[i]
			var why string
			for _, n := range v.Notes {
				if n.Mark == got.Mark {
					why = n.Text
				}
			}
			if got.Text != c.text || why != c.why {
				t.Errorf("%s, %s: %q because %q, want %q because %q", c.table, c.head, got.Text, why, c.text, c.why)
			}
			break // the first column of that name: at 0.5
		}
	}
	if n := len(views["metrics-inner"].Notes); n != 0 {
		t.Errorf("%d notes where all is defined", n)
	}
}

func TestLeakageTable(t *testing.T) {
	r := evidence.Results{
		Arms: []evidence.ArmResult{{Name: "b"}, {Name: "a"}},
		Leakage: evidence.Leakage{Checked: 40, Steps: []evidence.StepSeen{
			{Arm: "a", Step: "weights", Units: 3, SeenMin: 13, SeenMax: 14, TestedMin: 6, TestedMax: 7},
			{Arm: "b", Step: "epoch", Units: 3, SeenMin: 13, SeenMax: 13, TestedMin: 7, TestedMax: 7, Both: 2},
		}},
	}
	rows := read(t, tablesOf(Input{Results: r}), "leakage")
	if len(rows) != 2 || rows[0]["arm"] != "b" || rows[0]["both"] != "2" || rows[1]["seen_min"] != "13" || rows[1]["seen_max"] != "14" || rows[1]["tested_max"] != "7" || rows[1]["both"] != "0" {
		t.Errorf("steps, in the order of arms: %v", rows)
	}
	words := strings.Join(leakageWords(r.Leakage), " ")
	for _, want := range []string{"The fitted steps are: epoch, weights.", "No normalisation is fitted", "No calibration is fitted"} {
		if !strings.Contains(words, want) {
			t.Errorf("%q is not in %q", want, words)
		}
	}
	r.Leakage.Steps[0].Step = "normalisation"
	if words := strings.Join(leakageWords(r.Leakage), " "); strings.Contains(words, "No normalisation") {
		t.Errorf("a step that there is is denied: %s", words)
	}
	r.Leakage.Violations = []evidence.Violation{{Arm: "a", Fold: 3, Seed: 2, Step: "epoch", Groups: []string{"g1", "g2"}}}
	rows = read(t, tablesOf(Input{Results: r}), "leakage-violations")
	if len(rows) != 1 || rows[0]["fold"] != "3" || rows[0]["seed"] != "2" || rows[0]["step"] != "epoch" || rows[0]["groups"] != "g1 g2" {
		t.Errorf("one violation: %v", rows)
	}
}

func TestNumbers(t *testing.T) {
	nan := math.NaN()
	for got, want := range map[string]string{
		decimal(0.9765): "0.977", decimal(-0.0004): "0.000", decimal(-0.021): "−0.021", decimal(nan): "–", decimal(math.Inf(1)): "–",
		signed(0.0123): "+0.012", signed(-0.0123): "−0.012", signed(0.0001): "0.000", pValue(0.0004): "< 0.001", pValue(0.412): "0.412",
		bounds(evidence.Interval{Value: 0.5, Low: 0.4, High: 0.6}): "0.400–0.600", bounds(evidence.Interval{Value: 0, Low: -0.1, High: 0.1}): "−0.100 to 0.100",
		bounds(evidence.Interval{Value: 0.5, Low: nan, High: nan}): "", short(0.3): "0.3", short(15): "15", yearsWords(1): "1 year", yearsWords(2.5): "2.5 years", exact(0.1): "0.1", exact(nan): "",
		clean("a\x00b\nc"): "a\uFFFDb c", clip("abcdef", 4): "abc…", letter(0): "a", letter(26): "aa", letter(27): "ab",
		duration(59.6): "1 min 0 s", duration(4210): "1 h 10 min",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A value that lies in its interval is printed within the limits printed.
func TestPrintedLimitsHoldTheValue(t *testing.T) {
	number := func(s string) float64 {
		x, err := strconv.ParseFloat(strings.NewReplacer("−", "-", "+", "").Replace(s), 64)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.OneOf(rapid.Float64Range(-1, 1), rapid.SampledFrom([]float64{0, 1, 0.9995, 0.99949999, -0.0004})), 3, 3).Draw(t, "limits")
		slices.Sort(x)
		for _, show := range []func(float64) string{decimal, signed, exact} {
			if low, value, high := number(show(x[0])), number(show(x[1])), number(show(x[2])); low > value || value > high {
				t.Fatalf("%v is printed as %g (%g to %g)", x, value, low, high)
			}
		}
	})
}
