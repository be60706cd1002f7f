package evidence

import (
	"math"
	"math/rand/v2"
	"strconv"

	"magn/internal/stats"
)

// metrics of some cases under some seeds (indices), at 0.5 and at the inner
// threshold. Accuracy, sensitivity and specificity are over cases, not over
// folds; each number is the mean over seeds.
func (t *table) metrics(rows, seeds []int) (half, inner Metrics) {
	half.AUC, half.AUCPooled = t.auc(rows, seeds)
	inner.AUC, inner.AUCPooled = half.AUC, half.AUCPooled

	atHalf := t.answers(rows, seeds, func(s, i int) float64 { return 0.5 })
	atInner := t.answers(rows, seeds, func(s, i int) float64 { return t.threshold[s][i] })
	t.shares(&half, rows, atHalf)
	t.shares(&inner, rows, atInner)

	strata, groups := make([]string, len(rows)), make([]string, len(rows))
	once := make([]int, len(rows))
	for k, i := range rows {
		strata[k], groups[k], once[k] = strconv.Itoa(t.cases[i].fold), t.cases[i].group, 1
	}
	compute := func(_ *rand.Rand, weights []int, out []float64) {
		out[0], out[1] = t.f1(rows, atHalf, weights), t.f1(rows, atInner, weights)
		out[2] = t.brier(rows, seeds, weights)
	}
	var point [3]float64
	compute(nil, once, point[:])
	draws := stats.NewResampler(strata, groups).Bootstrap(len(point), "metrics", compute)
	half.F1 = Interval(stats.Percentile(point[0], draws[0]))
	inner.F1 = Interval(stats.Percentile(point[1], draws[1]))
	half.Brier = Interval(stats.Percentile(point[2], draws[2]))
	if t.arm.Kind == KindReader { // a read is no probability
		half.Brier = Undefined()
	}
	inner.Brier = half.Brier
	return half, inner
}

// auc is the mean of the folds' AUCs, and the AUC over all rows at once.
func (t *table) auc(rows, seeds []int) (mean, pooled Interval) {
	byFold, atOnce := make([][]stats.Sample, len(seeds)), make([][]stats.Sample, len(seeds))
	for k, s := range seeds {
		for start := 0; start < len(rows); {
			end := start // rows are sorted by fold
			for end < len(rows) && t.cases[rows[end]].fold == t.cases[rows[start]].fold {
				end++
			}
			byFold[k] = append(byFold[k], t.sample(s, rows[start:end]))
			start = end
		}
		atOnce[k] = []stats.Sample{t.sample(s, rows)}
	}
	return Interval(stats.CVAUC(byFold)), Interval(stats.CVAUC(atOnce))
}

// answers is [seed][row]: whether the score reaches the threshold.
func (t *table) answers(rows, seeds []int, threshold func(s, i int) float64) [][]bool {
	out := make([][]bool, len(seeds))
	for k, s := range seeds {
		out[k] = make([]bool, len(rows))
		for r, i := range rows {
			out[k][r] = t.score[s][i] >= threshold(s, i)
		}
	}
	return out
}

// shares are accuracy, sensitivity and specificity: of each case the share of
// seeds that answer it rightly.
func (t *table) shares(m *Metrics, rows []int, answers [][]bool) {
	var values [3][]float64 // all, positive, negative cases
	var groups [3][]string
	for r, i := range rows {
		truth := t.cases[i].label == 1
		var right float64
		for _, a := range answers {
			if a[r] == truth {
				right++
			}
		}
		right /= float64(len(answers))
		which := 2
		if truth {
			which = 1
		}
		for _, k := range [2]int{0, which} {
			values[k], groups[k] = append(values[k], right), append(groups[k], t.cases[i].group)
		}
	}
	m.Accuracy = Interval(stats.ClusteredWilson(values[0], groups[0]))
	m.Sensitivity = Interval(stats.ClusteredWilson(values[1], groups[1]))
	m.Specificity = Interval(stats.ClusteredWilson(values[2], groups[2]))
}

// f1 over weighted rows, the mean over seeds.
func (t *table) f1(rows []int, answers [][]bool, weights []int) float64 {
	var sum float64
	for _, a := range answers {
		var c stats.Confusion
		for r, i := range rows {
			c.Add(t.cases[i].label == 1, a[r], weights[r])
		}
		sum += c.F1()
	}
	return sum / float64(len(answers))
}

// brier is the mean squared distance of score and label over weighted rows, the
// mean over seeds.
func (t *table) brier(rows, seeds, weights []int) float64 {
	var sum float64
	var n int
	for r, i := range rows {
		n += weights[r]
		for _, s := range seeds {
			d := t.score[s][i] - float64(t.cases[i].label)
			sum += float64(weights[r]) * d * d
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n*len(seeds))
}
