package report

import (
	"math"
	"strings"
	"testing"

	"magn/internal/evidence"
)

// study is two to three arms with the given AUCs, low bounds 0.1 below.
func study(aucs map[string]float64, order []string, comparisons ...evidence.Comparison) evidence.Results {
	r := evidence.Results{Comparisons: comparisons, Leakage: evidence.Leakage{Checked: 10}}
	for _, n := range order {
		x := aucs[n]
		r.Arms = append(r.Arms, evidence.ArmResult{Name: n, Metrics: evidence.Metrics{AUC: evidence.Interval{Value: x, Low: x - 0.1, High: x + 0.05}}})
	}
	return r
}

func TestVerdict(t *testing.T) {
	nan := math.NaN()
	ab := []string{"a", "b"}
	aucs := map[string]float64{"a": 0.9, "b": 0.8, "c": 0.85}
	for _, c := range []struct {
		name string
		r    evidence.Results
		tone string
		say  []string
		not  []string
	}{
		{
			"shown", study(aucs, ab, evidence.Comparison{A: "a", B: "b", Seeds: 3, DeltaAUC: 0.1, Low: 0.02, High: 0.18, P: 0.01, PHolm: 0.01}), "shown",
			[]string{"a has the highest AUC: 0.900 (95 % interval 0.800 to 0.950)", "0.100 AUC above b", "+0.020 to +0.180", "p = 0.010", "more than chance explains", "matters to a patient"},
			[]string{"no difference", "adjusted"},
		},
		{
			"turned round", study(aucs, ab, evidence.Comparison{A: "b", B: "a", Seeds: 3, DeltaAUC: -0.1, Low: -0.18, High: -0.02, P: 0.0001, PHolm: 0.0002}), "shown",
			[]string{"0.100 AUC above b", "+0.020 to +0.180", "p < 0.001"},
			[]string{"no difference"},
		},
		{
			"one seed", study(aucs, ab, evidence.Comparison{A: "a", B: "b", Seeds: 1, DeltaAUC: 0.1, Low: 0.02, High: 0.18, P: 0.01, PHolm: 0.01}), "unsure",
			[]string{"p = 0.010", "with 1\u00a0seed the noise of training is not in that", "nothing is shown before 3 seeds"},
			[]string{"more than chance"},
		},
		{
			"zero inside", study(aucs, ab, evidence.Comparison{A: "a", B: "b", DeltaAUC: 0.1, Low: -0.02, High: 0.22, P: 0.1, PHolm: 0.1}), "unsure",
			[]string{"includes zero", "no difference is shown", "−0.020 to +0.220"},
			[]string{"more than chance"},
		},
		{
			"lost to Holm", study(aucs, []string{"a", "b", "c"},
				evidence.Comparison{A: "a", B: "b", DeltaAUC: 0.1, Low: 0.01, High: 0.19, P: 0.04, PHolm: 0.08},
				evidence.Comparison{A: "c", B: "b", DeltaAUC: 0.05, Low: -0.1, High: 0.2, P: 0.5, PHolm: 0.5}), "unsure",
			[]string{"adjusted for the number of comparisons", "p = 0.080", "no difference is shown", "The next best, c (0.850), was not compared with it."},
			[]string{"more than chance"},
		},
		{
			"the best of its rivals", study(aucs, []string{"a", "b", "c"},
				evidence.Comparison{A: "a", B: "b", DeltaAUC: 0.1, Low: 0.01, High: 0.19, P: 0.001, PHolm: 0.002},
				evidence.Comparison{A: "a", B: "c", DeltaAUC: 0.05, Low: -0.1, High: 0.2, P: 0.5, PHolm: 0.5}), "unsure",
			[]string{"above c", "for the 2 secondary comparisons"},
			[]string{"above b", "not compared"},
		},
		{
			"set against what it was not tested against", study(aucs, []string{"a", "b", "c"},
				evidence.Comparison{A: "c", B: "b", DeltaAUC: 0.05, Low: -0.1, High: 0.2, P: 0.5, PHolm: 0.5},
				evidence.Comparison{A: "a", B: "b", Family: evidence.Descriptive, Chosen: true, Seeds: 3, DeltaAUC: 0.1, Low: -0.02, High: 0.22, PHolm: nan},
				evidence.Comparison{A: "a", B: "c", Family: evidence.Descriptive, Chosen: true, Seeds: 3, DeltaAUC: 0.05, Low: -0.03, High: 0.13, PHolm: nan}), "unsure",
			[]string{"the AUC of a is 0.100 above b (95 % interval of the difference −0.020 to +0.220) and 0.050 above c, the next best", "0.950), within noise of the next best", "Both are within noise: it is not shown to be better than either.", "chosen after the results were seen", "not tested"},
			[]string{"No test of it", "p =", "was not compared"},
		},
		{
			"beyond noise, on one seed", study(aucs, ab,
				evidence.Comparison{A: "a", B: "b", Family: evidence.Descriptive, Chosen: true, Seeds: 1, DeltaAUC: 0.1, Low: 0.02, High: 0.22, PHolm: nan}), "unsure",
			[]string{"0.100 above b, the next best", "a hint and no more", "With 1\u00a0seed the noise of training is not in it", "The pair was chosen"},
			[]string{"within noise", "more than chance"},
		},
		{
			"a test that shows nothing, against a third arm", study(aucs, []string{"a", "b", "c"},
				evidence.Comparison{A: "c", B: "b", Family: evidence.Primary, DeltaAUC: 0.05, Low: -0.1, High: 0.2, P: 0.5, PHolm: 0.5},
				evidence.Comparison{A: "a", B: "b", DeltaAUC: 0.1, Low: -0.1, High: 0.3, P: 0.3, PHolm: 0.3},
				evidence.Comparison{A: "a", B: "c", Family: evidence.Descriptive, Chosen: true, Seeds: 3, DeltaAUC: 0.05, Low: -0.03, High: 0.13, PHolm: nan}), "unsure",
			[]string{"0.050 above c, the next best", "within noise: it is not shown to be better."},
			[]string{"above b", "p = 0.300"},
		},
		{"no comparison", study(aucs, ab), "unsure", []string{"No test of it against another arm was made"}, nil},
		{"one arm", study(aucs, ab[:1]), "unsure", []string{"a: AUC 0.900", "nothing to compare"}, []string{"highest"}},
		{"guessing", study(map[string]float64{"a": 0.55}, ab[:1]), "unsure", []string{"not shown to be better than guessing"}, nil},
		{"undefined", study(map[string]float64{"a": nan, "b": nan}, ab), "unsure", []string{"No arm has an AUC that is defined"}, []string{"NaN"}},
		{
			"undefined beside defined", study(map[string]float64{"a": nan, "b": 0.8}, ab, evidence.Comparison{A: "a", B: "b", DeltaAUC: nan, Low: nan, High: nan, P: nan, PHolm: nan}), "unsure",
			[]string{"b has the highest AUC", "cannot be tested"},
			[]string{"NaN"},
		},
	} {
		v := verdictOf(c.r)
		all := strings.Join([]string{v.Headline, v.Matter, v.Chance}, " | ")
		if v.Tone != c.tone {
			t.Errorf("%s: tone %s, want %s", c.name, v.Tone, c.tone)
		}
		for _, s := range c.say {
			if !strings.Contains(all, s) {
				t.Errorf("%s: does not say %q: %s", c.name, s, all)
			}
		}
		for _, s := range c.not {
			if strings.Contains(all, s) {
				t.Errorf("%s: says %q: %s", c.name, s, all)
			}
		}
	}
}

func TestLeakDrownsOut(t *testing.T) {
	r := study(map[string]float64{"a": 0.9, "b": 0.8}, []string{"a", "b"}, evidence.Comparison{A: "a", B: "b", DeltaAUC: 0.1, Low: 0.02, High: 0.18, P: 0.01, PHolm: 0.01})
	r.Leakage.Violations = []evidence.Violation{{Arm: "a", Step: "epoch", Groups: []string{"g"}}}
	v := verdictOf(r)
	if v.Tone != "leak" || !strings.HasPrefix(v.Headline, "These numbers cannot be trusted") {
		t.Errorf("tone %s: %s", v.Tone, v.Headline)
	}
	if s := leakageSentence(r.Leakage); !strings.Contains(s, "cannot be trusted") {
		t.Error(s)
	}
	if s := leakageSentence(evidence.Leakage{}); !strings.Contains(s, "nothing is shown") {
		t.Error(s)
	}
}

func TestDataSentence(t *testing.T) {
	r := fixture(4).Results
	r.Groups = r.Cases
	if s := dataSentence(r); !strings.Contains(s, "each of them independent") {
		t.Error(s)
	}
	// Three seeds predict each patient three times; it is still one patient.
	a := &r.Arms[0]
	for _, f := range a.Folds {
		f.Seed = 2
		a.Folds = append(a.Folds, f)
	}
	a.Seeds = []int{1, 2}
	if s := dataSentence(r); !strings.Contains(s, "18 meningioma (the positive class) and 22 glioma. 5-fold cross-validation by group, 2\u00a0seeds.") {
		t.Error(s)
	}
}
