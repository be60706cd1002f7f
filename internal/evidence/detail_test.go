package evidence

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magn/internal/draw"
	"magn/internal/stats"
)

// withReaders is a study of one network and two readers, of whom one read again
// with help. Scores are drawn; groups are pairs in the first fold.
func withReaders(t *testing.T) Results {
	t.Helper()
	arms := []Arm{
		{Name: "multi-view", Kind: KindNetwork, Views: []string{"sagittal", "coronal", "axial"}},
		{Name: "reader-a", Kind: KindReader, Reader: "a", Years: 5, Binary: true},
		{Name: "reader-a-aided", Kind: KindReader, Reader: "a", Aided: true, Binary: true, Of: "reader-a", Variant: "aided"},
		{Name: "reader-b", Kind: KindReader, Reader: "b", Years: 10, Binary: true},
	}
	facts := map[string]map[string]string{}
	var units []Unit
	for _, a := range arms {
		seeds := []int{1, 2}
		if a.Kind == KindReader {
			seeds = []int{0}
		}
		for fold := range 3 {
			for _, seed := range seeds {
				u := Unit{Arm: a.Name, Fold: fold, Seed: seed}
				if a.Kind != KindReader {
					u.Fits = []Fit{{"weights", []string{"other"}}}
				}
				for i := range 24 {
					id := fmt.Sprintf("p%d-%02d", fold, i)
					group := id
					if fold == 0 {
						group = fmt.Sprintf("p0-%02d", i/2*2)
					}
					label := i / 2 % 2
					z := draw.New("readers", a.Name, id, seed).NormFloat64() + 1.4*(float64(label)-0.5)
					p := 1 / (1 + math.Exp(-z))
					if a.Kind == KindReader {
						p = math.Round(p)
					}
					u.Predictions = append(u.Predictions, Prediction{id, group, a.Name, fold, seed, label, z, p, 0.5})
					facts[id] = map[string]string{"scanner": []string{"A", "B", "C"}[i%3], "age": strconv.Itoa(40 + i + 10*label), "sex": []string{"F", "M"}[i%2]}
					if i == 5 {
						delete(facts[id], "age")
					}
				}
				units = append(units, u)
			}
		}
	}
	patients := Patients{Columns: []Column{{Name: "age", Number: true, Split: true}, {Name: "sex"}, {Name: "scanner", Split: true}}, Facts: facts}
	r, err := Summarise(Info{Study: "s", Positive: "yes", Negative: "no", Patients: patients}, arms, units, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A reader has no probabilities, no fits and no seeds, and is compared with
// a network of several seeds.
func TestReadersAsArms(t *testing.T) {
	r := withReaders(t)
	for _, a := range r.Arms[1:] {
		if a.Calibration != nil || len(a.Decision) > 0 || !math.IsNaN(a.Metrics.Brier.Value) {
			t.Errorf("%s: a read taken for a probability", a.Name)
		}
		m := a.Metrics
		near(t, a.Name+": pooled AUC is balanced accuracy", m.AUCPooled.Value, (m.Sensitivity.Value+m.Specificity.Value)/2, 1e-12)
	}
	if c := r.Arms[0].Calibration; c == nil || len(c.Bins) != 10 || math.IsNaN(c.Slope.Value) || len(c.Curve) == 0 {
		t.Errorf("calibration of the network: %+v", c)
	}
	if len(r.Comparisons) != 3 || r.Comparisons[0].A != "multi-view" || r.Comparisons[2].Family != Descriptive || !math.IsNaN(r.Comparisons[2].PHolm) {
		t.Fatalf("comparisons: %+v", r.Comparisons)
	}
	c := r.Comparisons[0]
	var folds float64
	for _, f := range r.Arms[1].Folds {
		folds += f.Metrics.AUC.Value / 3
	}
	near(t, "AUC of a reader is the mean of folds", r.Arms[1].Metrics.AUC.Value, folds, 1e-12)
	near(t, "difference of the AUCs in the table", c.DeltaAUC, r.Arms[0].Metrics.AUC.Value-r.Arms[1].Metrics.AUC.Value, 1e-12)
	if r.Arms[1].Metrics.AUC == r.Arms[1].Metrics.AUCPooled {
		t.Error("folds of unequal reads give the pooled number: nothing is tested")
	}
	if c.Fixed.OnlyA+c.Fixed.OnlyB == 0 || math.IsNaN(c.Fixed.P) || math.IsNaN(c.Fixed.McNemar) {
		t.Errorf("fixed: %+v", c.Fixed)
	}
}

// What the readers say together rests on the same reads as their arms.
func TestReaderStudy(t *testing.T) {
	r := withReaders(t)
	s := r.Readers
	if s == nil || s.Performance != "balanced accuracy" || s.Fleiss != nil || s.Help == nil || s.Model == nil {
		t.Fatalf("%+v", s)
	}
	var pairs []string
	for _, k := range s.Kappas {
		pairs = append(pairs, k.A+" "+k.B)
	}
	if d := cmp.Diff([]string{"reader-a reader-b", "reader-a reader-a-aided"}, pairs); d != "" {
		t.Error(d)
	}
	auc := func(arm int) float64 { return r.Arms[arm].Metrics.AUCPooled.Value }
	near(t, "help", s.Help.Mean.Difference.Value, auc(2)-auc(1), 1e-12)
	near(t, "readers", float64(s.Model.B), (auc(1)+auc(3))/2, 1e-12)
	near(t, "against a", s.Model.ByReader[0].Difference.Value, float64(s.Model.A)-auc(1), 1e-12)
	if s.Model.Random || len(s.Model.ByReader) != 2 || !math.IsNaN(float64(s.Model.Mean.DF)) {
		t.Errorf("two readers are fixed: %+v", s.Model)
	}
}

// Table 1 counts every patient once in each row, and subgroups share out those of
// whom the fact is known.
func TestPatients(t *testing.T) {
	r := withReaders(t)
	if len(r.Patients) != 3 {
		t.Fatalf("%d rows", len(r.Patients))
	}
	age := r.Patients[0]
	if age.Positive.N+age.Positive.Missing != 36 || age.Negative.Missing+age.Positive.Missing != 3 || age.P > 1e-3 || age.SMD < 0.5 {
		t.Errorf("age: %+v", age)
	}
	sex := r.Patients[1]
	if d := cmp.Diff([]Level{{"F", 18, 18}, {"M", 18, 18}}, sex.Levels); d != "" || math.Abs(float64(sex.P)-1) > 1e-12 || !strings.Contains(sex.Test, "χ²") && !strings.Contains(strings.ToLower(sex.Test), "chi") {
		t.Errorf("sex: %s %+v", d, sex)
	}
	n := map[string]int{}
	for _, s := range r.Arms[0].Subgroups {
		n[s.By] += s.N
		if s.By == "scanner" && s.N != 24 {
			t.Errorf("%+v", s)
		}
	}
	if d := cmp.Diff(map[string]int{"scanner": 72, "age": 69}, n); d != "" {
		t.Error(d)
	}
}

// Type 7, as numpy's default.
func TestQuantile(t *testing.T) {
	x := []float64{1, 2, 4, 8, 16}
	for q, want := range map[float64]float64{0: 1, 0.25: 2, 0.4: 2 + 0.6*2, 0.5: 4, 1: 16} { // numpy.quantile
		near(t, fmt.Sprint(q), quantile(x, q), want, 1e-12)
	}
	near(t, "confidence", stats.Confidence, 0.95, 0)
}
