package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/draw"
)

// sampleGen draws a fold: few distinct scores, so that there are ties, and few
// groups; both classes unless anyClass.
func sampleGen(anyClass bool) *rapid.Generator[Sample] {
	return rapid.Custom(func(t *rapid.T) Sample {
		n := rapid.IntRange(2, 25).Draw(t, "n")
		s := Sample{}
		for i := range n {
			s.Scores = append(s.Scores, float64(rapid.IntRange(-6, 6).Draw(t, "score")))
			s.Positive = append(s.Positive, rapid.Bool().Draw(t, "positive"))
			s.Groups = append(s.Groups, strconv.Itoa(rapid.IntRange(0, 9).Draw(t, "group")))
			if !anyClass && i < 2 {
				s.Positive[i] = i == 0
			}
		}
		return s
	})
}

func mapped(x []float64, f func(float64) float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = f(v)
	}
	return out
}

func shuffled(s Sample, order []int) Sample {
	var out Sample
	for _, i := range order {
		out.Scores = append(out.Scores, s.Scores[i])
		out.Positive = append(out.Positive, s.Positive[i])
		out.Groups = append(out.Groups, s.Groups[i])
	}
	return out
}

func close12(a, b Interval) bool {
	return math.Abs(a.Value-b.Value) < 1e-12 && math.Abs(a.Low-b.Low) < 1e-12 && math.Abs(a.High-b.High) < 1e-12
}

func TestAUCProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sampleGen(false).Draw(t, "fold")
		auc := AUC(s.Scores, s.Positive)
		iv := CVAUC([][]Sample{{s}})
		if math.Abs(AUC(mapped(s.Scores, func(x float64) float64 { return -x }), s.Positive)-(1-auc)) > 1e-15 {
			t.Fatal("AUC(−s) is not 1 − AUC(s)")
		}
		mono := Sample{mapped(s.Scores, func(x float64) float64 { return math.Atan(x)/3 + 7 }), s.Positive, s.Groups}
		if AUC(mono.Scores, s.Positive) != auc || CVAUC([][]Sample{{mono}}) != iv {
			t.Fatal("a monotone map changes AUC or interval")
		}
		order := rapid.Permutation(indices(len(s.Scores))).Draw(t, "order")
		perm := shuffled(s, order)
		if AUC(perm.Scores, perm.Positive) != auc || !close12(CVAUC([][]Sample{{perm}}), iv) {
			t.Fatal("the order of cases changes AUC or interval")
		}
		var area float64
		curve := ROC(s.Scores, s.Positive)
		for i := 1; i < len(curve); i++ {
			if curve[i].FPR < curve[i-1].FPR || curve[i].TPR < curve[i-1].TPR {
				t.Fatal("the curve goes back")
			}
			area += (curve[i].FPR - curve[i-1].FPR) * (curve[i].TPR + curve[i-1].TPR) / 2
		}
		if math.Abs(area-auc) > 1e-12 {
			t.Fatalf("area %g, AUC %g", area, auc)
		}
		var pairs, wins float64 // by definition
		for i := range s.Scores {
			for j := range s.Scores {
				if s.Positive[i] && !s.Positive[j] {
					pairs++
					switch {
					case s.Scores[i] > s.Scores[j]:
						wins++
					case s.Scores[i] == s.Scores[j]:
						wins += 0.5
					}
				}
			}
		}
		if math.Abs(wins/pairs-auc) > 1e-15 {
			t.Fatalf("pairs give %g, AUC %g", wins/pairs, auc)
		}
		// Seeds that agree are one seed.
		if !close12(CVAUC([][]Sample{{s}, {s}, {s}}), iv) {
			t.Fatal("three equal seeds are not one")
		}
	})
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// Weighting a case is repeating it.
func TestWeightedAUCIsRepetition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sampleGen(true).Draw(t, "fold")
		var weights, order []int
		for i := range s.Scores {
			w := rapid.IntRange(0, 3).Draw(t, "weight")
			weights = append(weights, w)
			for range w {
				order = append(order, i)
			}
		}
		rep := shuffled(s, order)
		got, want := Rank(s.Scores, s.Positive).AUC(weights), AUC(rep.Scores, rep.Positive)
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("weighted %g, repeated %g", got, want)
		}
	})
}

// One class, no case, NaN scores, one group: undefined, never a panic.
func TestUndefined(t *testing.T) {
	nan := math.NaN()
	for name, s := range map[string]Sample{
		"one class": {[]float64{1, 2}, []bool{true, true}, []string{"a", "b"}},
		"no case":   {},
		"NaN score": {[]float64{1, nan}, []bool{true, false}, []string{"a", "b"}},
	} {
		if a := AUC(s.Scores, s.Positive); !math.IsNaN(a) {
			t.Errorf("%s: AUC %g", name, a)
		}
		if c := ROC(s.Scores, s.Positive); c != nil {
			t.Errorf("%s: curve %v", name, c)
		}
		good := Sample{[]float64{1, 2, 3}, []bool{true, false, true}, []string{"a", "b", "c"}}
		if iv := CVAUC([][]Sample{{good, s}}); !math.IsNaN(iv.Value) || !math.IsNaN(iv.Low) || !math.IsNaN(iv.High) {
			t.Errorf("%s: fold mean %v", name, iv)
		}
		if MeanROC([][]Point{ROC(good.Scores, good.Positive), nil}, 11) != nil {
			t.Error("mean of a curve and none")
		}
		if d, p := DeLongTest(s.Scores, s.Scores, s.Positive); !math.IsNaN(d.Value) || !math.IsNaN(p) {
			t.Errorf("%s: DeLong %v, %g", name, d, p)
		}
	}
	for _, iv := range []Interval{CVAUC(nil), CVAUC([][]Sample{{}}), ClusteredWilson(nil, nil), Wilson(nan, 3), Wilson(0.5, 0), ClopperPearson(nan, 3), ClopperPearson(0.5, -1), ClopperPearson(0.5, nan)} {
		if !math.IsNaN(iv.Value) || !math.IsNaN(iv.Low) || !math.IsNaN(iv.High) {
			t.Errorf("%v is defined", iv)
		}
	}
	if iv := ClusteredMean([]float64{0.5, 0.7}, []string{"a", "a"}); iv.Value != 0.6 || !math.IsNaN(iv.Low) {
		t.Errorf("one group: %v", iv)
	}
	if iv := ClusteredMean(nil, nil); !math.IsNaN(iv.Value) {
		t.Errorf("mean of nothing: %v", iv)
	}
	if p := BootstrapP([]float64{nan, nan}); !math.IsNaN(p) {
		t.Errorf("p of nothing: %g", p)
	}
	if f := (Confusion{TN: 3}).F1(); !math.IsNaN(f) {
		t.Errorf("F1 of nothing positive: %g", f)
	}
	holm := Holm([]float64{0.01, nan, 0.03})
	if holm[0] != 0.02 || !math.IsNaN(holm[1]) || holm[2] != 0.03 {
		t.Errorf("Holm with an undefined p: %v", holm)
	}
}

func TestWilsonHoldsItsValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		var values []float64
		var groups, own []string
		for i := range n {
			values = append(values, float64(rapid.IntRange(0, 3).Draw(t, "value"))/3)
			groups = append(groups, strconv.Itoa(rapid.IntRange(0, 4).Draw(t, "group")))
			own = append(own, strconv.Itoa(i))
		}
		c, w := ClusteredWilson(values, groups), ClusteredWilson(values, own)
		for _, iv := range []Interval{c, w} {
			if !(0 <= iv.Low && iv.Low <= iv.Value && iv.Value <= iv.High && iv.High <= 1) {
				t.Fatalf("not an interval: %v", iv)
			}
		}
		plain := Wilson(c.Value, float64(n))
		if c.Low > plain.Low+1e-12 || c.High < plain.High-1e-12 {
			t.Fatalf("clustering narrows %v to %v", plain, c)
		}
	})
}

func TestClopperPearsonHoldsItsValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, n := rapid.Float64Range(0, 1).Draw(t, "p"), rapid.IntRange(0, 400).Draw(t, "n")
		iv := ClopperPearson(p, float64(n))
		if !(0 <= iv.Low && iv.Low <= p && p <= iv.High && iv.High <= 1 && iv.Low < iv.High) {
			t.Fatalf("not an interval: %v", iv)
		}
	})
	if iv := ClopperPearson(0.3, 0); iv != (Interval{0.3, 0, 1}) {
		t.Errorf("of no answer: %v", iv)
	}
}

func TestMidranks(t *testing.T) {
	// scipy.stats.rankdata([3, 1, 3, 2, 3]) → [4, 1, 4, 2, 4]; ([2, 2, 1]) → [2.5, 2.5, 1]
	if got := midranks([]float64{3, 1, 3, 2, 3}); !slices.Equal(got, []float64{4, 1, 4, 2, 4}) {
		t.Error(got)
	}
	if got := midranks([]float64{2, 2, 1}); !slices.Equal(got, []float64{2.5, 2.5, 1}) {
		t.Error(got)
	}
}

func TestDeLongOfEqualScores(t *testing.T) {
	s := []float64{1, 3, 2, 5}
	pos := []bool{false, true, false, true}
	if d, p := DeLongTest(s, s, pos); d.Value != 0 || p != 1 {
		t.Errorf("a score against itself: %v, p %g", d, p)
	}
	if d, p := DeLongTest(s, []float64{5, 2, 3, 1}, pos); d.Value != 1 || !math.IsNaN(p) {
		t.Errorf("perfect against worst: %v, p %g", d, p)
	}
}

// A resample keeps the number of groups of each stratum, and groups whole.
func TestResampler(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		strata, groups := make([]string, n), make([]string, n)
		size := map[string]int{}
		for i := range n {
			g := rapid.IntRange(0, 9).Draw(t, "group")
			strata[i], groups[i] = strconv.Itoa(g%3), strconv.Itoa(g)
			size[groups[i]]++
		}
		weights := make([]int, n)
		NewResampler(strata, groups).Draw(draw.New(rapid.Uint64().Draw(t, "key")), weights)
		of, want, drawn := map[string]int{}, map[string]int{}, map[string]int{}
		for i := range n {
			if w, ok := of[groups[i]]; ok && w != weights[i] {
				t.Fatal("a group is not drawn whole")
			}
			if _, ok := of[groups[i]]; !ok {
				of[groups[i]] = weights[i]
				want[strata[i]]++
				drawn[strata[i]] += weights[i]
			}
		}
		for s := range want {
			if want[s] != drawn[s] {
				t.Fatalf("stratum %s: %d groups of %d", s, drawn[s], want[s])
			}
		}
	})
}

// The bootstrap of a mean has the standard error that theory gives, and draws
// do not depend on the order of cases or on the draws before.
func TestBootstrap(t *testing.T) {
	const n = 50
	rng := draw.New("bootstrap test")
	x, strata, groups := make([]float64, n), make([]string, n), make([]string, n)
	for i := range x {
		x[i], groups[i] = rng.NormFloat64(), strconv.Itoa(i)
	}
	mean := func(x []float64) func(*rand.Rand, []int, []float64) {
		return func(_ *rand.Rand, weights []int, out []float64) {
			out[0] = 0
			for i, w := range weights {
				out[0] += float64(w) * x[i] / n
			}
		}
	}
	draws := NewResampler(strata, groups).Bootstrap(1, "k", mean(x))[0]
	m, variance, _ := clustered(x, groups)
	_, got, _ := clustered(draws, seq(len(draws)))
	near(t, "standard error", math.Sqrt(got*float64(len(draws))), math.Sqrt(variance), 0.06*math.Sqrt(variance))
	iv := Percentile(m, draws)
	near(t, "low", iv.Low, m-Z*math.Sqrt(variance), 0.05)
	near(t, "high", iv.High, m+Z*math.Sqrt(variance), 0.05)

	slices.Reverse(x)
	slices.Reverse(groups)
	back := NewResampler(strata, groups).Bootstrap(1, "k", mean(x))[0]
	for b := range draws {
		near(t, "reversed cases", back[b], draws[b], 1e-12)
	}
	other := NewResampler(strata, groups).Bootstrap(1, "l", mean(x))[0]
	if slices.Equal(other, back) {
		t.Error("another key gives the same draws")
	}
}

func seq(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = strconv.Itoa(i)
	}
	return out
}

func TestBootstrapP(t *testing.T) {
	draws := make([]float64, 1999)
	for i := range draws {
		draws[i] = 1
	}
	near(t, "all above", BootstrapP(draws), 2.0/2000, 1e-15)
	for i := range 99 {
		draws[i] = -1
	}
	near(t, "99 below", BootstrapP(draws), 2*100.0/2000, 1e-15)
	clear(draws)
	near(t, "all zero", BootstrapP(draws), 1, 0)
	for i := range 100 { // more than a twentieth undefined
		draws[i] = math.NaN()
	}
	if p := BootstrapP(draws); !math.IsNaN(p) {
		t.Errorf("p with many undefined draws: %g", p)
	}
	if iv := Percentile(0.5, draws); iv.Value != 0.5 || !math.IsNaN(iv.Low) {
		t.Errorf("interval with many undefined draws: %v", iv)
	}
	for i := range draws {
		draws[i] = 1
	}
	for value, want := range map[float64]Interval{0.5: {0.5, 0.5, 1}, 1: {1, 1, 1}, 1.5: {1.5, 1, 1.5}} {
		if iv := Percentile(value, draws); iv != want {
			t.Errorf("interval of draws that leave out the value: %v, want %v", iv, want)
		}
	}
	for i := range draws {
		draws[i] = 0
	}
	for i := 1; i < 100; i++ {
		draws[i] = math.NaN()
	}
	draws[0] = 0 // 99 of 1999 are fewer
	if p := BootstrapP(draws); p != 1 {
		t.Errorf("p with few undefined draws: %g", p)
	}
}
