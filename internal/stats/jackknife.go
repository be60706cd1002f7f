package stats

import (
	"math"
	"strconv"
)

// Jackknife leaves out each group once and gives the covariance of k statistics
// from how they move: (G−1)/G·Σ_g(θ₍₋g₎ − mean)(θ₍₋g₎ − mean)' (Efron 1982).
// statistics returns them for weights of the cases, 0 for those left out and
// otherwise 1. NaN where a statistic is undefined without some group, and with
// fewer than two groups.
func Jackknife(groups []string, statistics func(weights []int) []float64) [][]float64 {
	of, g := numbered(groups)
	members := make([][]int, g)
	weights := make([]int, len(groups))
	for i, k := range of {
		members[k] = append(members[k], i)
		weights[i] = 1
	}
	left := make([][]float64, g)
	for k, out := range members {
		for _, i := range out {
			weights[i] = 0
		}
		left[k] = append([]float64{}, statistics(weights)...)
		for _, i := range out {
			weights[i] = 1
		}
	}
	k := len(statistics(weights))
	mean, cov := make([]float64, k), make([][]float64, k)
	for _, theta := range left {
		for a, x := range theta {
			mean[a] += x / float64(g)
		}
	}
	for a := range cov {
		cov[a] = make([]float64, k)
		for b := range cov[a] {
			for _, theta := range left {
				cov[a][b] += (theta[a] - mean[a]) * (theta[b] - mean[b])
			}
			cov[a][b] *= float64(g-1) / float64(g)
			if g < 2 {
				cov[a][b] = math.NaN()
			}
		}
	}
	return cov
}

// JackknifeSE is the standard error of one statistic, see Jackknife.
func JackknifeSE(groups []string, statistic func(weights []int) float64) float64 {
	cov := Jackknife(groups, func(weights []int) []float64 { return []float64{statistic(weights)} })
	return math.Sqrt(cov[0][0])
}

// eachItsOwn are groups of one case.
func eachItsOwn(n int) []string {
	groups := make([]string, n)
	for i := range groups {
		groups[i] = strconv.Itoa(i)
	}
	return groups
}
