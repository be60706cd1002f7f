package stats

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/draw"
)

// readerStudy simulates reads of n patients: what all see, what a modality shows,
// what a reader sees (in either), and the rest. Readers differ in skill, and in
// how much the second modality helps them.
func readerStudy(key string, run, n, readers int, help, skill float64) Reads {
	rng := draw.New(key, run)
	r := Reads{Scores: [][][]float64{make([][]float64, readers), make([][]float64, readers)}}
	patient, shown := make([]float64, n), [2][]float64{make([]float64, n), make([]float64, n)}
	for i := range n {
		r.Positive, r.Groups = append(r.Positive, i%2 == 0), append(r.Groups, strconv.Itoa(i))
		patient[i], shown[0][i], shown[1][i] = rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()
	}
	for j := range readers {
		own, level := make([]float64, n), skill*rng.NormFloat64()
		for i := range own {
			own[i] = rng.NormFloat64()
		}
		for m := range 2 {
			distance := 2.2 + level + skill/2*rng.NormFloat64() + help*float64(m)
			scores := make([]float64, n)
			for i := range scores {
				x := patient[i] + 0.6*shown[m][i] + 0.6*own[i] + rng.NormFloat64()
				if r.Positive[i] {
					x += distance
				}
				scores[i] = math.Round(2*x) / 2
			}
			r.Scores[m][j] = scores
		}
	}
	return r
}

// Where help is worth nothing p < .05 must come up in about 5 % of studies: with
// random readers who differ, and with fixed ones only where they do not. Where it
// is worth something it comes up more often.
func TestObuchowskiRocketteHoldsItsLevel(t *testing.T) {
	const runs = 300
	share := func(key string, help, skill float64, random bool) float64 {
		var n float64
		for run := range runs {
			auc, cov := readerStudy(key, run, 60, 5, help, skill).Estimate(AUCOf())
			if ObuchowskiRockette(auc, cov, random).Differences[0].Mean.P < 0.05 {
				n++
			}
		}
		return n / runs
	}
	for _, c := range []struct {
		what        string
		help, skill float64
		random      bool
		low, high   float64
	}{
		{"random readers who differ", 0, 0.5, true, 0.01, 0.085},
		{"fixed readers alike", 0, 0, false, 0.01, 0.09},
		{"random readers, help", 0.7, 0.5, true, 0.3, 1},
	} {
		got := share(c.what, c.help, c.skill, c.random)
		t.Logf("%s: p < .05 in %.3f of %d", c.what, got, runs)
		if got < c.low || got > c.high {
			t.Errorf("%s: p < .05 in %.3f, want %.3f to %.3f", c.what, got, c.low, c.high)
		}
	}
}

func TestReaderStudyProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, readers := rapid.IntRange(8, 24).Draw(t, "n"), rapid.IntRange(1, 5).Draw(t, "readers")
		r := readerStudy("properties", rapid.IntRange(0, 1000).Draw(t, "run"), n, readers, 0.5, 0.5)
		random := RandomReaders(readers)
		if random != (readers >= 3) {
			t.Fatal("the rule for random readers")
		}
		auc, cov := r.Estimate(AUCOf())
		s := ObuchowskiRockette(auc, cov, random)
		back := Reads{Scores: [][][]float64{r.Scores[1], r.Scores[0]}, Positive: r.Positive, Groups: r.Groups}
		bauc, bcov := back.Estimate(AUCOf())
		b := ObuchowskiRockette(bauc, bcov, random)
		d, e := s.Differences[0].Mean, b.Differences[0].Mean
		if !mirrored(d.Interval, e.Interval, 1e-9) || !same(d.P, e.P, 1e-9) || !same(s.Equal.P, b.Equal.P, 1e-9) {
			t.Fatalf("%+v, modalities swapped %+v", d, e)
		}
		if !same(s.Equal.P, d.P, 1e-9) && d.SE > 0 {
			t.Fatalf("F or χ² of two modalities says p %g, their difference %g", s.Equal.P, d.P)
		}
		// Readers in another order are the same study.
		order := rapid.Permutation(indices(readers)).Draw(t, "order")
		other := Reads{Scores: [][][]float64{pick(r.Scores[0], order), pick(r.Scores[1], order)}, Positive: r.Positive, Groups: r.Groups}
		oauc, ocov := other.Estimate(AUCOf())
		if o := ObuchowskiRockette(oauc, ocov, random).Differences[0].Mean; !same(o.Low, d.Low, 1e-9) || !same(o.P, d.P, 1e-9) {
			t.Fatalf("%+v, readers in another order %+v", d, o)
		}
		// One fixed reader under two modalities: the difference has the variance of a contrast.
		one := s.Differences[0].ByReader[0]
		if v := cov[0][0] + cov[readers][readers] - 2*cov[0][readers]; !same(one.SE, math.Sqrt(v), 1e-9) {
			t.Fatalf("SE %g of reader 1, want %g", one.SE, math.Sqrt(v))
		}
		// A model against one reader is the paired comparison of two scores.
		pair, pcov := (Reads{Scores: [][][]float64{{r.Scores[0][0], r.Scores[1][0]}}, Positive: r.Positive, Groups: r.Groups}).Estimate(AUCOf())
		m, by := AgainstReaders(pair[0], pcov, false)
		if !same(m.Value, -one.Value, 1e-12) || !same(m.SE, one.SE, 1e-9) || by[0].SE != m.SE || by[0].P != m.P {
			t.Fatalf("model %+v and %+v, reader %+v", m, by, one)
		}
		// A model that answers as one reader does, against that reader: nothing.
		twin, tcov := (Reads{Scores: [][][]float64{{r.Scores[0][0], r.Scores[0][0]}}, Positive: r.Positive, Groups: r.Groups}).Estimate(AUCOf())
		if m, _ := AgainstReaders(twin[0], tcov, false); m.Value != 0 || m.P != 1 {
			t.Fatalf("against itself %+v", m)
		}
	})
}

// The jackknife of a mean is its textbook variance, and of groups the clustered
// one, but for (G−1)/G·Σ against G/(G−1)·Σ where groups are of one size.
func TestJackknife(t *testing.T) {
	x := []float64{3, 1, 4, 1, 5, 9, 2, 6}
	weighted := func(weights []int) float64 {
		var sum, n float64
		for i, w := range weights {
			sum, n = sum+float64(w)*x[i], n+float64(w)
		}
		return sum / n
	}
	near(t, "standard error of a mean", JackknifeSE(eachItsOwn(8), weighted), math.Sqrt(variance(x)/8), 1e-12)
	groups := []string{"a", "a", "b", "b", "c", "c", "d", "d"}
	near(t, "of pairs", JackknifeSE(groups, weighted), math.Sqrt(variance([]float64{2, 2.5, 7, 4})/4), 1e-12)
	if se := JackknifeSE([]string{"a", "a"}, func([]int) float64 { return 1 }); !math.IsNaN(se) {
		t.Errorf("one group: %g", se)
	}
	if se := JackknifeSE(eachItsOwn(3), func(w []int) float64 { return float64(w[0]+w[1]) / float64(w[0]) }); !math.IsNaN(se) && !math.IsInf(se, 0) {
		t.Errorf("undefined without case 0: %g", se)
	}
}

// Groups of two alike cases: the clustered forms hold their level where the plain
// ones do not.
func TestClusteredTestsHoldTheirLevel(t *testing.T) {
	const runs, groups = 600, 40
	var plain, clustered [2]float64
	for run := range runs {
		rng := draw.New("clustered tests", run)
		var a, b []float64
		var positive, rightA, rightB []bool
		var of []string
		for g := range groups {
			shared, own := rng.NormFloat64(), [2]float64{rng.NormFloat64(), rng.NormFloat64()}
			for range 3 {
				x := shared + float64(g%2)
				u, v := x+own[0]+0.3*rng.NormFloat64(), x+own[1]+0.3*rng.NormFloat64()
				a, b = append(a, u), append(b, v)
				positive, of = append(positive, g%2 == 1), append(of, strconv.Itoa(g))
				rightA, rightB = append(rightA, (u > 0.5) == (g%2 == 1)), append(rightB, (v > 0.5) == (g%2 == 1))
			}
		}
		_, p := DeLongTest(a, b, positive)
		_, q := ClusteredDeLongTest(a, b, positive, of)
		for k, r := range [2][2]float64{{p, q}, {McNemar(rightA, rightB, nil).Test.P, McNemar(rightA, rightB, of).Test.P}} {
			if r[0] < 0.05 {
				plain[k] += 1.0 / runs
			}
			if r[1] < 0.05 {
				clustered[k] += 1.0 / runs
			}
		}
	}
	t.Logf("DeLong: p < .05 in %.3f, clustered %.3f; McNemar: %.3f, clustered %.3f", plain[0], clustered[0], plain[1], clustered[1])
	for k, what := range [2]string{"DeLong", "McNemar"} {
		if clustered[k] < 0.015 || clustered[k] > 0.085 || plain[k] < 0.1 {
			t.Errorf("%s: p < .05 in %.3f of cases as they are, %.3f clustered", what, plain[k], clustered[k])
		}
	}
}

// One reader, one modality, none, a class missing: undefined, never a panic.
func TestReaderStudiesThatCannotBe(t *testing.T) {
	for _, random := range []bool{true, false} {
		if s := ObuchowskiRockette(nil, nil, random); !math.IsNaN(s.Equal.P) || s.Differences != nil {
			t.Errorf("no modality: %+v", s)
		}
		if e, by := AgainstReaders([]float64{0.7}, [][]float64{{0.1}}, random); !math.IsNaN(e.P) || by != nil {
			t.Errorf("no reader: %+v", e)
		}
		one := readerStudy("one modality", 0, 20, 3, 0, 0.5)
		one.Scores = one.Scores[:1]
		auc, cov := one.Estimate(AUCOf())
		if s := ObuchowskiRockette(auc, cov, random); !math.IsNaN(s.Equal.P) || s.Differences != nil || !(s.Modalities[0].SE > 0) {
			t.Errorf("one modality: %+v", s)
		}
		sick := readerStudy("one class", 0, 20, 3, 0, 0.5)
		for i := range sick.Positive {
			sick.Positive[i] = true
		}
		auc, cov = sick.Estimate(AUCOf())
		s := ObuchowskiRockette(auc, cov, random)
		if d := s.Differences[0]; !math.IsNaN(s.Equal.P) || !math.IsNaN(d.Mean.P) || !math.IsNaN(d.Mean.Low) || !math.IsNaN(d.ByReader[0].P) || !math.IsNaN(s.Modalities[0].SE) {
			t.Errorf("one class: %+v", s)
		}
		if e, _ := AgainstReaders(auc[0], cov, random); !math.IsNaN(e.P) || !math.IsNaN(e.High) {
			t.Errorf("one class: %+v", e)
		}
	}
	single := readerStudy("one reader", 0, 20, 1, 0, 0.5)
	auc, cov := single.Estimate(AUCOf())
	if s := ObuchowskiRockette(auc, cov, true); !math.IsNaN(s.Equal.P) || !math.IsNaN(s.Differences[0].Mean.P) {
		t.Errorf("one random reader: %+v", s)
	}
	if s := ObuchowskiRockette(auc, cov, false); !(s.Equal.P >= 0) || !(s.Differences[0].Mean.SE >= 0) {
		t.Errorf("one fixed reader: %+v", s)
	}
	// All readers agree under both modalities: nothing varies, and nothing differs.
	alike := readerStudy("alike", 0, 20, 3, 0, 0.5)
	for m := range alike.Scores {
		for r := range alike.Scores[m] {
			alike.Scores[m][r] = alike.Scores[0][0]
		}
	}
	auc, cov = alike.Estimate(AUCOf())
	if d := ObuchowskiRockette(auc, cov, true).Differences[0].Mean; d.Value != 0 || d.P != 1 {
		t.Errorf("readers and modalities alike: %+v", d)
	}
}
