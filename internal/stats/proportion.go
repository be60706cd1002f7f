package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Wilson is the score interval of a proportion p of n independent cases (Wilson
// 1927; n need not be whole, as an effective sample size is not). Undefined for
// n = 0.
func Wilson(p, n float64) Interval {
	if !(n > 0) || !(p >= 0 && p <= 1) {
		return undefined()
	}
	z2 := Z * Z
	centre := (p + z2/(2*n)) / (1 + z2/n)
	half := Z / (1 + z2/n) * math.Sqrt(p*(1-p)/n+z2/(4*n*n))
	iv := around(p, 0)
	iv.Low, iv.High = math.Min(p, clamp(centre-half)), math.Max(p, clamp(centre+half))
	if p == 0 {
		iv.Low = 0 // what rounding leaves
	}
	if p == 1 {
		iv.High = 1
	}
	return iv
}

// ClopperPearson is the exact interval of a proportion p of n independent
// answers (Clopper & Pearson 1934, Biometrika 26:404); n and p·n need not be
// whole. It never is a point: at p = 1 it is (α/2)^(1/n) to 1. With n = 0 it is
// 0 to 1. Undefined for a negative n.
func ClopperPearson(p, n float64) Interval {
	if !(n >= 0) || !(p >= 0 && p <= 1) {
		return undefined()
	}
	iv := Interval{p, 0, 1}
	k := p * n
	if k > 0 {
		iv.Low = math.Min(p, distuv.Beta{Alpha: k, Beta: n - k + 1}.Quantile(0.5-Confidence/2))
	}
	if k < n {
		iv.High = math.Max(p, distuv.Beta{Alpha: k + 1, Beta: n - k}.Quantile(0.5+Confidence/2))
	}
	return iv
}

// ClusteredWilson is Wilson's interval of the mean of values in [0, 1] (0 or 1
// of one answer, a share of several) with the effective sample size n/deff.
// The design effect deff is the variance of the mean, clustered by group, over
// p(1−p)/n, and is floored at 1: groups are not taken to carry more than
// independent cases would, and shares are not taken to be more exact than single
// answers. At p = 0 or 1, where no variance can be estimated, the groups are the
// sample (deff = n/groups). NaN values are undefined.
func ClusteredWilson(values []float64, groups []string) Interval {
	p, variance, g := clustered(values, groups)
	n := float64(len(values))
	binomial := p * (1 - p) / n
	deff := variance / binomial
	if binomial == 0 || g == 1 {
		deff = n / float64(g)
	}
	return Wilson(p, n/math.Max(1, deff))
}

// ClusteredMean is the mean of values in [0, 1] with a t interval from the
// variance clustered by group, groups − 1 degrees of freedom, cut to [0, 1]. The
// limits are NaN with one group.
func ClusteredMean(values []float64, groups []string) Interval {
	mean, variance, g := clustered(values, groups)
	if g < 2 {
		return Interval{mean, math.NaN(), math.NaN()}
	}
	return around(mean, studentQuantile(float64(g-1))*math.Sqrt(variance))
}

// clustered is the mean of values, the variance of that mean clustered by
// group, G/(G−1)·Σ_g(Σ_{i∈g}(x_i − mean))²/n², and the number of groups G.
func clustered(values []float64, groups []string) (mean, variance float64, g int) {
	sameLength(len(values), len(groups))
	n := float64(len(values))
	if n == 0 {
		return math.NaN(), math.NaN(), 0
	}
	for _, x := range values {
		mean += x
	}
	mean /= n
	of, g := numbered(groups)
	sums := make([]float64, g)
	for i, x := range values {
		sums[of[i]] += x - mean
	}
	for _, s := range sums {
		variance += s * s
	}
	if g == 1 {
		return mean, math.NaN(), 1
	}
	return mean, variance / (n * n) * float64(g) / float64(g-1), g
}
