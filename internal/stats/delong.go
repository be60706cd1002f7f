package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// DeLong gives the AUCs of k scores of the same cases and their k×k covariance
// (DeLong 1988, Biometrics 44:837, by the fast algorithm of Sun & Xu 2014). It
// takes the models as fixed and the cases as independent: it says nothing about
// another training run. The covariance is NaN where a class has fewer than two
// cases.
func DeLong(scores [][]float64, positive []bool) (auc []float64, cov [][]float64) {
	own := make([]int, len(positive))
	for i := range own {
		own[i] = i
	}
	return delong(scores, positive, own)
}

// ClusteredDeLong is DeLong where cases of one group are not independent
// (Obuchowski 1997, Biometrics 53:567). A group may hold cases of both classes.
// With one case a group it is DeLong. The covariance is NaN where fewer than two
// groups have a positive, or a negative, case.
func ClusteredDeLong(scores [][]float64, positive []bool, groups []string) (auc []float64, cov [][]float64) {
	sameLength(len(positive), len(groups))
	of, _ := numbered(groups)
	return delong(scores, positive, of)
}

// delong is both, with the number of each case's group. With v the placements
// summed over a group's cases of one class, less as many times the AUC, and I₁,
// I₀, I the groups with a positive case, with a negative one, and all,
//
//	cov = I₁/(I₁−1)·Σv₁v₁'/n₁² + I₀/(I₀−1)·Σv₀v₀'/n₀² + I/(I−1)·Σ(v₁v₀' + v₀v₁')/(n₁n₀)
//
// which are S₁₀/n₁ + S₀₁/n₀ + (S₁₁ + S₁₁')/(n₁n₀) of Obuchowski's paper.
func delong(scores [][]float64, positive []bool, group []int) (auc []float64, cov [][]float64) {
	k := len(scores)
	auc, cov = make([]float64, k), make([][]float64, k)
	var cases, with [2]float64 // cases of a class, groups with a case of it
	seen := map[[2]int]bool{}
	all := 0
	for i, p := range positive {
		c := class(p)
		cases[c]++
		if !seen[[2]int{group[i], c}] {
			seen[[2]int{group[i], c}] = true
			with[c]++
		}
		all = max(all, group[i]+1)
	}
	sums := make([][2][]float64, k) // score, class, group
	for a := range scores {
		auc[a], cov[a] = AUC(scores[a], positive), make([]float64, k)
		sums[a] = [2][]float64{make([]float64, all), make([]float64, all)}
		for i, v := range Placements(scores[a], positive) {
			sums[a][class(positive[i])][group[i]] += v - auc[a]
		}
	}
	for a := range scores {
		for b := range scores {
			if with[0] < 2 || with[1] < 2 {
				cov[a][b] = math.NaN()
				continue
			}
			for c := range 2 {
				cov[a][b] += with[c] / (with[c] - 1) * dot(sums[a][c], sums[b][c]) / (cases[c] * cases[c])
			}
			cross := dot(sums[a][1], sums[b][0]) + dot(sums[a][0], sums[b][1])
			cov[a][b] += float64(all) / float64(all-1) * cross / (cases[0] * cases[1])
		}
	}
	return auc, cov
}

// DeLongTest compares two scores of the same cases: the difference of their
// AUCs (a minus b) with its interval, not cut to any range, and the two-sided
// p. Where the difference has no variance p is 1 for no difference and
// undefined for one.
func DeLongTest(a, b []float64, positive []bool) (delta Interval, p float64) {
	return normalDifference(DeLong([][]float64{a, b}, positive))
}

// ClusteredDeLongTest is DeLongTest by ClusteredDeLong.
func ClusteredDeLongTest(a, b []float64, positive []bool, groups []string) (delta Interval, p float64) {
	return normalDifference(ClusteredDeLong([][]float64{a, b}, positive, groups))
}

// normalDifference is the first minus the second of two estimates.
func normalDifference(value []float64, cov [][]float64) (delta Interval, p float64) {
	d := value[0] - value[1]
	variance := cov[0][0] + cov[1][1] - 2*cov[0][1]
	if variance < 1e-15*(cov[0][0]+cov[1][1]) {
		variance = 0 // what rounding leaves of two equal scores
	}
	se := math.Sqrt(variance)
	return Interval{d, d - Z*se, d + Z*se}, normalP(d, se)
}

// normalP is the two-sided p of no effect. Without a variance it is 1 for no
// effect and undefined for one.
func normalP(effect, se float64) float64 {
	switch {
	case se > 0:
		return 2 * distuv.UnitNormal.CDF(-math.Abs(effect)/se)
	case effect == 0 && se == 0:
		return 1
	}
	return math.NaN()
}

// numbered gives each group a number in order of appearance, so that sums over
// groups do not depend on a map's order, and how many there are.
func numbered(groups []string) (of []int, n int) {
	at := map[string]int{}
	of = make([]int, len(groups))
	for i, g := range groups {
		k, ok := at[g]
		if !ok {
			k = len(at)
			at[g] = k
		}
		of[i] = k
	}
	return of, len(at)
}

func dot(a, b []float64) float64 {
	var sum float64
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}
