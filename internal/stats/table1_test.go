package stats

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/draw"
)

func TestTwoSampleProperties(t *testing.T) {
	number := rapid.Map(rapid.IntRange(-20, 20), func(i int) float64 { return float64(i) / 4 })
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(number, 1, 20).Draw(t, "a"), rapid.SliceOfN(number, 1, 20).Draw(t, "b")
		size := float64(len(a) * len(b))
		if rapid.Bool().Draw(t, "without ties") {
			for i := range a {
				a[i] += float64(i) / 1e3
			}
			for i := range b {
				b[i] += float64(i)/1e3 + 1e-4
			}
		}
		u, v := MannWhitney(a, b), MannWhitney(b, a)
		if !same(u.Statistic+v.Statistic, size, 1e-9) || !same(u.P, v.P, 1e-12) || !(u.P > 0 && u.P <= 1) || u.Name != v.Name {
			t.Fatalf("%+v, swapped %+v", u, v)
		}
		if m := MannWhitney(mapped(a, math.Atan), mapped(b, math.Atan)); m.P != u.P || m.Statistic != u.Statistic {
			t.Fatalf("%+v, after a monotone map %+v", u, m)
		}
		positive := make([]bool, len(a)+len(b))
		for i := range a {
			positive[i] = true
		}
		if auc := AUC(append(slices.Clone(a), b...), positive); !same(u.Statistic/size, auc, 1e-12) {
			t.Fatalf("U/mn %g, AUC %g", u.Statistic/size, auc)
		}
		w, x := WelchT(a, b), WelchT(b, a)
		if !same(w.Statistic, -x.Statistic, 1e-9) || !same(w.P, x.P, 1e-12) {
			t.Fatalf("%+v, swapped %+v", w, x)
		}
		if !same(MeanDifference(a, b), -MeanDifference(b, a), 1e-9) {
			t.Fatal("the difference of means is not antisymmetric")
		}
		s := ShapiroWilk(a)
		if r := ShapiroWilk(mapped(a, func(v float64) float64 { return 3 - 7*v })); !same(s.Statistic, r.Statistic, 1e-9) || !same(s.P, r.P, 1e-6) {
			t.Fatalf("%+v, on another scale %+v", s, r)
		}
		if !math.IsNaN(s.P) && !(s.Statistic > 0 && s.Statistic <= 1+1e-12 && s.P >= 0 && s.P <= 1) {
			t.Fatalf("%+v", s)
		}
	})
}

// The exact p by listing every way to take the ranks of a.
func TestExactU(t *testing.T) {
	for m := 1; m <= 4; m++ {
		for n := 1; n <= 5; n++ {
			count, all := make([]float64, m*n+1), 0.0
			for set := range 1 << (m + n) {
				var ranks, k int
				for r := range m + n {
					if set>>r&1 == 1 {
						ranks, k = ranks+r, k+1
					}
				}
				if k == m {
					count[ranks-m*(m-1)/2]++
					all++
				}
			}
			var below float64
			for u := range m*n/2 + 1 {
				below += count[u]
				near(t, "exact p", exactU(u, m, n), math.Min(1, 2*below/all), 1e-12)
			}
		}
	}
}

func TestCategoryProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 4).Draw(t, "rows")
		table := make([][]int, rows)
		for i := range table {
			table[i] = rapid.SliceOfN(rapid.IntRange(0, 9), 2, 2).Draw(t, "row")
		}
		turned := make([][]int, 2)
		for j := range turned {
			for i := range table {
				turned[j] = append(turned[j], table[i][j])
			}
		}
		order := rapid.Permutation(table).Draw(t, "order")
		for _, test := range []func([][]int) Test{ChiSquare, func(x [][]int) Test { return FisherExact(x, "k") }, func(x [][]int) Test { return CompareCategories(x, "k") }} {
			a := test(table)
			for what, b := range map[string]Test{"turned": test(turned), "in another order": test(order)} {
				if a.Name != b.Name || !same(a.P, b.P, 1e-9) || !same(a.Statistic, b.Statistic, 1e-9) {
					t.Fatalf("%v: %+v, %s %+v", table, a, what, b)
				}
			}
			if !math.IsNaN(a.P) && !(a.P > 0 && a.P <= 1) && a.P > 1e-300 {
				t.Fatalf("%v: %+v", table, a)
			}
		}
		swapped := make([][]int, rows)
		for i, r := range table {
			swapped[i] = []int{r[1], r[0]}
		}
		if a, b := CategoryDifference(table), CategoryDifference(swapped); !same(a, b, 1e-9) || a < 0 {
			t.Fatalf("%v: %g, groups swapped %g", table, a, b)
		}
	})
}

func TestImpossibleTables(t *testing.T) {
	for _, table := range [][][]int{nil, {}, {{1, 2}}, {{1, 2}, {0, 0}}, {{0, 3}, {0, 4}}, {{1, -2}, {3, 4}}} {
		if a, b := ChiSquare(table), FisherExact(table, ""); !math.IsNaN(a.P) || !math.IsNaN(b.P) {
			t.Errorf("%v: %+v, %+v", table, a, b)
		}
	}
	if d := CategoryDifference([][]int{{5, 7}, {0, 0}}); d != 0 {
		t.Errorf("one level in both groups: %g", d)
	}
	if d := CategoryDifference([][]int{{5, 0}, {0, 7}}); !math.IsNaN(d) {
		t.Errorf("no level in both groups: %g", d)
	}
	nan := math.NaN()
	for _, test := range []Test{
		WelchT(nil, []float64{1, 2}), WelchT([]float64{1, 1}, []float64{1, 1}), MannWhitney(nil, []float64{1}),
		MannWhitney([]float64{nan}, []float64{1}), ShapiroWilk([]float64{1, 2}), ShapiroWilk([]float64{1, 1, 1}),
		ShapiroWilk([]float64{1, 2, nan}), CompareNumbers(nil, nil),
	} {
		if !math.IsNaN(test.P) {
			t.Errorf("%+v", test)
		}
	}
	if u := MannWhitney([]float64{1, 1}, []float64{1}); u.P != 1 {
		t.Errorf("all tied: %+v", u)
	}
}

// The rules: which test is made of which data.
func TestRules(t *testing.T) {
	rng := draw.New("rules")
	normal, skewed := make([]float64, 40), make([]float64, 40)
	for i := range normal {
		normal[i], skewed[i] = rng.NormFloat64(), rng.ExpFloat64()
	}
	for name, got := range map[string]Test{
		"Welch t":               CompareNumbers(normal, normal[:20]),
		"Mann–Whitney U, exact": CompareNumbers(normal, skewed),
		"χ²":                    CompareCategories([][]int{{9, 9}, {9, 9}}, ""),
		"Fisher exact":          CompareCategories([][]int{{9, 9}, {9, 1}, {1, 1}}, ""),
	} {
		if got.Name != name {
			t.Errorf("%+v, want %s", got, name)
		}
	}
	// The same table by the key is the same p, by another nearly.
	large := [][]int{{9, 3, 4, 5}, {4, 9, 3, 6}, {2, 4, 9, 5}, {5, 3, 4, 9}, {6, 5, 2, 3}, {1, 2, 3, 1}}
	a, b, c := FisherExact(large, "a"), FisherExact(large, "a"), FisherExact(large, "c")
	if a.Name == "Fisher exact" || a.P != b.P || a.P == c.P || math.Abs(a.P-c.P) > 0.02 {
		t.Errorf("%+v, %+v, %+v", a, b, c)
	}
	// Drawn and listed tables agree within the Monte Carlo error.
	small := [][]int{{7, 2}, {3, 6}, {2, 5}}
	counted, _ := whole(small)
	f := newFisher(counted)
	f.limit = math.Log(sameTable)
	for _, row := range small {
		f.limit += f.weight(row)
	}
	p := FisherExact(small, "").P
	near(t, "drawn tables", f.drawn(counted, "k"), p, 4*math.Sqrt(p*(1-p)/fisherDraws))
}
