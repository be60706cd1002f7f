package evidence

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"magn/internal/stats"
)

// fixed compares two arms as fixed models. A case's score is the mean logit of
// its seeds; each fold has models, and so a scale of scores, of its own, so
// DeLong's differences are taken fold by fold and averaged (folds are independent
// of one another, so their variances add up), clustered by group (Obuchowski 1997).
func fixed(a, b *table) Fixed {
	f := Fixed{P: math.NaN()}
	var sum, variance float64
	var rightA, rightB []bool
	for _, fold := range a.folds {
		rows := a.rows(fold)
		var scores [2][]float64
		var positive []bool
		var groups []string
		for _, i := range rows {
			x, y := a.together(i), b.together(i)
			truth := a.cases[i].label == 1
			scores[0], scores[1] = append(scores[0], x), append(scores[1], y)
			positive, groups = append(positive, truth), append(groups, a.cases[i].group)
			rightA, rightB = append(rightA, (x >= 0) == truth), append(rightB, (y >= 0) == truth)
		}
		auc, cov := stats.ClusteredDeLong(scores[:], positive, groups)
		sum += auc[0] - auc[1]
		variance += cov[0][0] + cov[1][1] - 2*cov[0][1]
	}
	k := float64(len(a.folds))
	d, se := sum/k, math.Sqrt(math.Max(0, variance))/k
	f.DeltaAUC = Interval{d, d - stats.Z*se, d + stats.Z*se}
	switch {
	case se > 0:
		f.P = 2 * distuv.UnitNormal.CDF(-math.Abs(d)/se)
	case d == 0 && se == 0:
		f.P = 1
	}
	m := stats.McNemar(rightA, rightB, a.groups()) // rows of all folds in turn are the cases' order
	f.OnlyA, f.OnlyB, f.Accuracy, f.McNemar = m.OnlyA, m.OnlyB, Interval(m.Difference), m.Test.P
	return f
}

// together is the mean over seeds of a case's logits, as the models gave them. A
// reader's score may be 0 or 1, which has no logit: it is cut to 1e-9 … 1 − 1e-9.
func (t *table) together(row int) float64 {
	var sum float64
	if t.arm.Kind != KindReader {
		for s := range t.logit {
			sum += t.logit[s][row]
		}
		return sum / float64(len(t.logit))
	}
	for s := range t.score {
		p := math.Min(math.Max(t.score[s][row], 1e-9), 1-1e-9)
		sum += math.Log(p / (1 - p))
	}
	return sum / float64(len(t.score))
}
