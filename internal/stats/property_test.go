package stats

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func minus(x []float64) []float64 { return mapped(x, func(v float64) float64 { return -v }) }

func not(x []bool) []bool {
	out := make([]bool, len(x))
	for i, v := range x {
		out[i] = !v
	}
	return out
}

// same holds also for two numbers that are undefined.
func same(a, b, tol float64) bool {
	return math.Abs(a-b) <= tol || math.IsNaN(a) && math.IsNaN(b) || a == b
}

func mirrored(a, b Interval, tol float64) bool {
	return same(a.Value, -b.Value, tol) && same(a.Low, -b.High, tol) && same(a.High, -b.Low, tol)
}

func TestDeLongProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sampleGen(true).Draw(t, "a")
		b := rapid.Permutation(s.Scores).Draw(t, "b")
		single := eachItsOwn(len(b))
		for _, groups := range [][]string{single, s.Groups} {
			d, p := ClusteredDeLongTest(s.Scores, b, s.Positive, groups)
			if e, q := ClusteredDeLongTest(b, s.Scores, s.Positive, groups); !mirrored(d, e, 1e-12) || !same(p, q, 1e-9) {
				t.Fatalf("A − B %v (p %g), B − A %v (p %g)", d, p, e, q)
			}
			if e, q := ClusteredDeLongTest(minus(s.Scores), minus(b), not(s.Positive), groups); !same(d.Value, e.Value, 1e-12) || !same(d.Low, e.Low, 1e-9) || !same(p, q, 1e-9) {
				t.Fatalf("%v, with classes swapped %v", d, e)
			}
			if e, _ := ClusteredDeLongTest(mapped(s.Scores, math.Atan), mapped(b, math.Exp), s.Positive, groups); !same(d.Low, e.Low, 1e-12) {
				t.Fatalf("%v, after monotone maps %v", d, e)
			}
		}
		d, p := DeLongTest(s.Scores, b, s.Positive)
		if e, q := ClusteredDeLongTest(s.Scores, b, s.Positive, single); d != e && !math.IsNaN(d.Low) || !same(p, q, 0) {
			t.Fatalf("%v, as groups of one %v", d, e)
		}
	})
}

func TestMcNemarProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 80).Draw(t, "n")
		a, b := rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "a"), rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "b")
		groups := make([]string, n)
		for i := range groups {
			groups[i] = strconv.Itoa(rapid.IntRange(0, n).Draw(t, "group"))
		}
		for _, g := range [][]string{nil, groups} {
			r, s := McNemar(a, b, g), McNemar(b, a, g)
			if !mirrored(r.Difference, s.Difference, 1e-12) || !same(r.Test.P, s.Test.P, 1e-12) || r.OnlyA != s.OnlyB {
				t.Fatalf("%+v, swapped %+v", r, s)
			}
			if r := McNemar(a, b, g); !(r.MidP <= r.Exact && r.Exact <= 1) && !math.IsNaN(r.Exact) {
				t.Fatalf("mid-p %g, exact %g", r.MidP, r.Exact)
			}
			if iv := r.Difference; !math.IsNaN(iv.Low) && !(-1 <= iv.Low && iv.Low <= iv.Value+1e-12 && iv.Value <= iv.High+1e-12 && iv.High <= 1) {
				t.Fatalf("not an interval: %v", iv)
			}
		}
		if r, s := McNemar(a, b, nil), McNemar(a, b, eachItsOwn(n)); r.Difference != s.Difference || r.Test.Name != s.Test.Name || r.Test.P != s.Test.P || r.MidP != s.MidP {
			t.Fatalf("%+v, as groups of one %+v", r, s)
		}
		if r := McNemar(a, a, groups); r.Test.P != 1 && !math.IsNaN(r.Test.P) {
			t.Fatalf("against itself: %+v", r)
		}
	})
}

func TestKappaProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, k := rapid.IntRange(2, 40).Draw(t, "n"), rapid.IntRange(2, 5).Draw(t, "k")
		category := rapid.SliceOfN(rapid.IntRange(0, k-1), n, n)
		a, b := category.Draw(t, "a"), category.Draw(t, "b")
		other := func(x []int, to func(int) int) []int {
			out := make([]int, len(x))
			for i, v := range x {
				out[i] = to(v)
			}
			return out
		}
		order := rapid.Permutation(indices(k)).Draw(t, "order")
		for _, w := range []Weighting{Unweighted, Linear, Quadratic} {
			r := CohenKappa(a, b, k, w, nil)
			rename := func(v int) int { return k - 1 - v }
			if w == Unweighted {
				rename = func(v int) int { return order[v] }
			}
			for what, s := range map[string]Kappa{
				"swapped": CohenKappa(b, a, k, w, nil),
				"renamed": CohenKappa(other(a, rename), other(b, rename), k, w, nil),
			} {
				if !same(r.Value, s.Value, 1e-12) || !same(r.SE, s.SE, 1e-7) || !same(r.P, s.P, 1e-7) {
					t.Fatalf("%+v, %s %+v", r, what, s)
				}
			}
			if r := CohenKappa(a, a, k, w, nil); !math.IsNaN(r.Value) && (!same(r.Value, 1, 1e-12) || !same(r.SE, 0, 1e-7)) {
				t.Fatalf("with itself %+v", r)
			}
			if !(r.Value <= 1+1e-12) && !math.IsNaN(r.Value) {
				t.Fatalf("%+v", r)
			}
		}
		if k == 2 && CohenKappa(a, b, k, Linear, nil) != CohenKappa(a, b, k, Unweighted, nil) && !math.IsNaN(CohenKappa(a, b, k, Linear, nil).Value) {
			t.Fatal("weights matter with two categories")
		}
		if r := CohenKappa(a, append(slices.Clone(b[:n-1]), k), k, Unweighted, nil); !math.IsNaN(r.Value) {
			t.Fatalf("a category out of range: %+v", r)
		}
		// Fleiss' κ of two raters is κ with both raters' shares pooled (Scott's π).
		ratings := make([][]int, n)
		pooled := make([]float64, k)
		var agree, chance float64
		for i := range a {
			ratings[i] = []int{a[i], b[i]}
			pooled[a[i]] += 0.5 / float64(n)
			pooled[b[i]] += 0.5 / float64(n)
			if a[i] == b[i] {
				agree += 1 / float64(n)
			}
		}
		for _, p := range pooled {
			chance += p * p
		}
		if f := FleissKappa(ratings, k, nil); chance < 1-1e-9 && !same(f.Value, (agree-chance)/(1-chance), 1e-9) {
			t.Fatalf("Fleiss' κ %g, Scott's π %g", f.Value, (agree-chance)/(1-chance))
		}
	})
}

// What was recalibrated needs none: intercept 0, slope 1.
func TestRecalibrateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sampleGen(false).Draw(t, "sample")
		r := Recalibrate(s.Scores, s.Positive, s.Groups)
		if math.Abs(r.Slope.Value) > 1e-6 {
			again := Recalibrate(mapped(s.Scores, func(z float64) float64 { return r.Intercept.Value + r.Slope.Value*z }), s.Positive, s.Groups)
			for _, x := range [][2]float64{{again.InTheLarge.Value, 0}, {again.Intercept.Value, 0}, {again.Slope.Value, 1}} {
				if !same(x[0], x[1], 1e-6) && !math.IsNaN(x[0]) {
					t.Fatalf("recalibrated %+v", again)
				}
			}
		}
		if m := Recalibrate(minus(s.Scores), not(s.Positive), s.Groups); !mirrored(r.InTheLarge.Interval, m.InTheLarge.Interval, 1e-9) || !mirrored(r.Intercept.Interval, m.Intercept.Interval, 1e-6) || !same(r.Slope.SE, m.Slope.SE, 1e-6) {
			t.Fatalf("%+v, with classes swapped %+v", r, m)
		}
		if r.InTheLarge.SE < 0 || math.IsNaN(r.InTheLarge.Value) {
			t.Fatalf("in the large %+v", r.InTheLarge)
		}
	})
}

func TestCalibrationCurveProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sampleGen(true).Draw(t, "sample")
		k := rapid.IntRange(1, 12).Draw(t, "bins")
		n, cases := 0, map[float64]int{}
		last := math.Inf(-1)
		bins := CalibrationBins(s.Scores, s.Positive, s.Groups, k)
		for _, b := range bins {
			if b.N < 1 || b.Score <= last {
				t.Fatalf("bins %+v", bins)
			}
			last = b.Score
			n += b.N
		}
		for _, v := range s.Scores {
			cases[v]++
		}
		if n != len(s.Scores) || len(bins) > k || len(bins) > len(cases) {
			t.Fatalf("%d cases in %d bins of %d: %+v", n, len(bins), k, bins)
		}
		if len(cases) == len(s.Scores) && len(bins) != min(k, n) {
			t.Fatalf("%d bins of %d cases without ties, want %d", len(bins), n, k)
		}
		// A line is its own local regression.
		line := func(x float64) float64 { return 2*x - 3 }
		span := rapid.Float64Range(0.1, 1).Draw(t, "span")
		at := []float64{-6.5, -1.25, 0, 2, 7}
		for i, y := range Loess(s.Scores, mapped(s.Scores, line), span, at) {
			near := min(n, max(2, int(span*float64(n)+1e-10)))
			if n < 2 || tied(s.Scores, at[i], near) {
				continue
			}
			if !same(y, line(at[i]), 1e-9) {
				t.Fatalf("loess of a line at %g: %g", at[i], y)
			}
		}
	})
}

// tied says whether the cases that count at p have one x, so that there is no
// slope.
func tied(x []float64, p float64, near int) bool {
	d := mapped(x, func(v float64) float64 { return math.Abs(v - p) })
	slices.Sort(d)
	seen := map[float64]bool{}
	for _, v := range x {
		if math.Abs(v-p) < d[near-1] || d[near-1] == 0 && v == p {
			seen[v] = true
		}
	}
	return len(seen) < 2
}

func TestNetBenefitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sampleGen(true).Draw(t, "sample")
		p := mapped(s.Scores, expit)
		threshold := rapid.Float64Range(0.01, 0.99).Draw(t, "threshold")
		var pos float64
		for _, y := range s.Positive {
			pos += float64(class(y)) / float64(len(p))
		}
		got := NetBenefit(p, s.Positive, threshold, nil)
		if got > pos+1e-12 || got < -threshold/(1-threshold)-1e-12 {
			t.Fatalf("benefit %g with %g positive", got, pos)
		}
		perfect := make([]float64, len(p))
		for i, y := range s.Positive {
			perfect[i] = float64(class(y))
		}
		if b := NetBenefit(perfect, s.Positive, threshold, nil); !same(b, pos, 1e-12) {
			t.Fatalf("benefit of the truth %g, want %g", b, pos)
		}
		weights := rapid.SliceOfN(rapid.IntRange(0, 2), len(p), len(p)).Draw(t, "weights")
		one := []float64{0}
		newDescending(p, s.Positive, []float64{threshold}).benefits([]float64{threshold}, weights, one)
		if want := NetBenefit(p, s.Positive, threshold, weights); !same(one[0], want, 1e-12) {
			t.Fatalf("benefit in one pass %g, want %g", one[0], want)
		}
		strata := make([]string, len(p))
		r := NewResampler(strata, s.Groups)
		for _, b := range DecisionCurve([][]float64{p, p}, s.Positive, []float64{0.001, threshold}, r, "k") {
			for _, iv := range []Interval{b.Model, b.All, b.Gain} {
				if !(iv.Low <= iv.Value && iv.Value <= iv.High) {
					t.Fatalf("%+v", b)
				}
			}
			if b.Threshold == 0.001 && !same(b.Model.Value, b.All.Value, 1e-12) {
				t.Fatalf("everything is positive at .001: %+v", b)
			}
		}
	})
}
