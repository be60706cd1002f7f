package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"magn/internal/draw"
)

// Draws of every bootstrap.
const Draws = 2000

// Resampler draws groups with replacement within strata: as many groups of each
// stratum as it has, each with all its cases.
type Resampler struct {
	strata [][][]int // stratum, group, cases
	cases  int
}

// NewResampler takes the stratum and the group of each case. Strata and groups
// are drawn in the order of their names, so that the order of cases does not
// matter. A group in two strata is drawn in each by itself.
func NewResampler(strata, groups []string) *Resampler {
	sameLength(len(strata), len(groups))
	rows := map[string]map[string][]int{}
	for i, s := range strata {
		if rows[s] == nil {
			rows[s] = map[string][]int{}
		}
		rows[s][groups[i]] = append(rows[s][groups[i]], i)
	}
	r := &Resampler{cases: len(strata)}
	for _, s := range sortedKeys(rows) {
		var of [][]int
		for _, g := range sortedKeys(rows[s]) {
			of = append(of, rows[s][g])
		}
		r.strata = append(r.strata, of)
	}
	return r
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Draw fills weights with how often each case is in one resample.
func (r *Resampler) Draw(rng *rand.Rand, weights []int) {
	sameLength(len(weights), r.cases)
	clear(weights)
	for _, groups := range r.strata {
		for range groups {
			for _, i := range groups[rng.IntN(len(groups))] {
				weights[i]++
			}
		}
	}
}

// Bootstrap computes k statistics on each of Draws resamples; draw b comes from
// the key and b alone. statistics writes into out (length k) what it finds for
// the weights; rng serves what else it draws. The result is [k][Draws].
func (r *Resampler) Bootstrap(k int, key string, statistics func(rng *rand.Rand, weights []int, out []float64)) [][]float64 {
	res := make([][]float64, k)
	for j := range res {
		res[j] = make([]float64, Draws)
	}
	weights, out := make([]int, r.cases), make([]float64, k)
	for b := range Draws {
		rng := draw.New("bootstrap", key, b)
		r.Draw(rng, weights)
		statistics(rng, weights, out)
		for j, x := range out {
			res[j][b] = x
		}
	}
	return res
}

// defined are the draws that are numbers, sorted; nil where a twentieth or more
// are not: limits of what is left would then describe another statistic.
func defined(draws []float64) []float64 {
	var ok []float64
	for _, x := range draws {
		if !math.IsNaN(x) {
			ok = append(ok, x)
		}
	}
	if len(ok) == 0 || 20*(len(draws)-len(ok)) >= len(draws) {
		return nil
	}
	slices.Sort(ok)
	return ok
}

// Percentile is value with the percentile interval of its bootstrap draws.
// Undefined draws are left out; the limits are NaN where a twentieth or more
// are undefined. Percentiles that leave out the value itself (a biased
// statistic, or rounding) are widened to it.
func Percentile(value float64, draws []float64) Interval {
	ok := defined(draws)
	if ok == nil || math.IsNaN(value) {
		return Interval{value, math.NaN(), math.NaN()}
	}
	return Interval{value, math.Min(value, quantile(ok, 0.5-Confidence/2)), math.Max(value, quantile(ok, 0.5+Confidence/2))}
}

// BootstrapP is the two-sided p of no difference from the draws of a
// difference: twice the smaller share of draws on one side of zero, zero itself
// counting on both, with one added to each count (Davison & Hinkley 1997, 4.2:
// a simulated p is never 0), at most 1. With B draws it is at least 2/(B+1).
func BootstrapP(draws []float64) float64 {
	ok := defined(draws)
	if ok == nil {
		return math.NaN()
	}
	below, above := 1, 1
	for _, x := range ok {
		if x <= 0 {
			below++
		}
		if x >= 0 {
			above++
		}
	}
	return math.Min(1, 2*float64(min(below, above))/float64(len(ok)+1))
}

// quantile of sorted values, linear between order statistics (numpy's default).
func quantile(sorted []float64, q float64) float64 {
	h := q * float64(len(sorted)-1)
	i := min(int(h), len(sorted)-1)
	j := min(i+1, len(sorted)-1)
	return sorted[i] + (h-float64(i))*(sorted[j]-sorted[i])
}
