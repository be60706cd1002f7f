package stats

import (
	"math"
	"slices"
)

// CompareNumbers tests whether a number differs between two groups of
// independent cases, by a rule: Welch's t where Shapiro and Wilk's test leaves
// both groups normal (p ≥ 0.05, between 3 and 5000 values), otherwise Mann and
// Whitney's. NaN values must be left out before.
func CompareNumbers(a, b []float64) Test {
	for _, x := range [2][]float64{a, b} {
		if t := ShapiroWilk(x); !(t.P >= 1-Confidence) {
			return MannWhitney(a, b)
		}
	}
	return WelchT(a, b)
}

// WelchT is the t test of equal means without the assumption of equal variances
// (Welch 1947, Biometrika 34:28), with Satterthwaite's degrees of freedom.
// Undefined with fewer than two values in a group, or without any variance.
func WelchT(a, b []float64) Test {
	va, vb := variance(a)/float64(len(a)), variance(b)/float64(len(b))
	if !(va+vb > 0) {
		return noTest("Welch t")
	}
	t := (mean(a) - mean(b)) / math.Sqrt(va+vb)
	df := square(va+vb) / (va*va/float64(len(a)-1) + vb*vb/float64(len(b)-1))
	return Test{"Welch t", t, df, studentP(t, df)}
}

// variance with n − 1; NaN for fewer than two values.
func variance(x []float64) float64 {
	m, sum := mean(x), 0.0
	for _, v := range x {
		sum += square(v - m)
	}
	return sum / float64(len(x)-1)
}

// exactBelow is the size of both groups up to which, without ties, MannWhitney
// is exact, as R's wilcox.test is.
const exactBelow = 50

// MannWhitney is the rank test of two groups (Mann & Whitney 1947, Ann. Math.
// Stat. 18:50); the statistic is U of a. Without ties and with fewer than
// exactBelow values in both groups it is exact, otherwise normal with the
// variance for ties and a continuity correction of a half. Undefined for an empty
// group or a NaN; p is 1 where all values are tied.
func MannWhitney(a, b []float64) Test {
	t := noTest("Mann–Whitney U")
	m, n := len(a), len(b)
	all := append(slices.Clone(a), b...)
	if m == 0 || n == 0 || slices.ContainsFunc(all, math.IsNaN) {
		return t
	}
	u := -float64(m*(m+1)) / 2
	for _, r := range midranks(all)[:m] {
		u += r
	}
	t.Statistic = u
	slices.Sort(all)
	var ties float64 // Σ(t³ − t)
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j] == all[i] {
			j++
		}
		k := float64(j - i)
		ties += k*k*k - k
		i = j
	}
	if ties == 0 && m < exactBelow && n < exactBelow {
		t.Name = "Mann–Whitney U, exact"
		t.P = exactU(int(math.Min(u, float64(m*n)-u)), m, n)
		return t
	}
	size := float64(m + n)
	sigma := math.Sqrt(float64(m*n) / 12 * (size + 1 - ties/(size*(size-1))))
	if sigma == 0 {
		t.P = 1
		return t
	}
	t.P = normalP(math.Max(0, math.Abs(u-float64(m*n)/2)-0.5), sigma)
	return t
}

// exactU is twice P(U ≤ u), at most 1, from the number of ways to take m of m + n
// ranks with a sum.
func exactU(u, m, n int) float64 {
	most := m * n
	ways := make([][]float64, m+1) // taken, sum less the least sum of as many
	for k := range ways {
		ways[k] = make([]float64, most+1)
	}
	ways[0][0] = 1
	for rank := 1; rank <= m+n; rank++ {
		for k := min(m, rank); k >= 1; k-- {
			step := rank - k // rank, less what the k-th least adds
			for s := most; s >= step; s-- {
				ways[k][s] += ways[k-1][s-step]
			}
		}
	}
	var below, all float64
	for s, w := range ways[m] {
		all += w
		if s <= u {
			below += w
		}
	}
	return math.Min(1, 2*below/all)
}

// MeanDifference is the standardised difference of two means, (mean a − mean
// b)/√((s²a + s²b)/2) (Austin 2009, Stat. Med. 28:3083). NaN without a variance.
func MeanDifference(a, b []float64) float64 {
	return (mean(a) - mean(b)) / math.Sqrt((variance(a)+variance(b))/2)
}
