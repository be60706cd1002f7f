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
	k := len(scores)
	auc, cov = make([]float64, k), make([][]float64, k)
	place := make([][]float64, k)
	for a := range scores {
		auc[a], cov[a] = AUC(scores[a], positive), make([]float64, k)
		place[a] = Placements(scores[a], positive)
	}
	var n [2]float64
	for _, p := range positive {
		n[class(p)]++
	}
	for a := range scores {
		for b := range scores {
			var sum [2]float64
			for i, p := range positive {
				sum[class(p)] += (place[a][i] - auc[a]) * (place[b][i] - auc[b])
			}
			cov[a][b] = math.NaN()
			if n[0] > 1 && n[1] > 1 {
				cov[a][b] = sum[0]/(n[0]-1)/n[0] + sum[1]/(n[1]-1)/n[1]
			}
		}
	}
	return auc, cov
}

// DeLongTest compares two scores of the same cases: the difference of their
// AUCs (a minus b) with its interval, not cut to any range, and the two-sided
// p. Where the difference has no variance p is 1 for no difference and
// undefined for one.
func DeLongTest(a, b []float64, positive []bool) (delta Interval, p float64) {
	auc, cov := DeLong([][]float64{a, b}, positive)
	d := auc[0] - auc[1]
	se := math.Sqrt(math.Max(0, cov[0][0]+cov[1][1]-2*cov[0][1]))
	delta = Interval{d, d - Z*se, d + Z*se}
	switch {
	case se > 0:
		return delta, 2 * distuv.UnitNormal.CDF(-math.Abs(d)/se)
	case d == 0 && se == 0:
		return delta, 1
	}
	return delta, math.NaN()
}
