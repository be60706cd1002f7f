package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

// Benefit is the net benefit of treating by the score, and of treating all, where
// a positive is called at a probability of Threshold (Vickers & Elkin 2006, Med.
// Decis. Making 26:565), in true positives a case. Treating none has 0. Gain is
// the model's over the better of those two.
type Benefit struct {
	Threshold        float64
	Model, All, Gain Interval
}

// NetBenefit of calling positive what reaches the threshold t is
// TP/n − FP/n·t/(1 − t). weights as in Ranked.AUC. NaN without cases and for a t
// that is not between 0 and 1.
func NetBenefit(scores []float64, positive []bool, t float64, weights []int) float64 {
	sameLength(len(scores), len(positive))
	var tp, fp, n float64
	for i, s := range scores {
		w := 1.0
		if weights != nil {
			w = float64(weights[i])
		}
		n += w
		switch {
		case !(s >= t):
		case positive[i]:
			tp += w
		default:
			fp += w
		}
	}
	if !(t > 0 && t < 1) {
		return math.NaN()
	}
	return (tp - fp*t/(1-t)) / n
}

// DecisionCurve is the net benefit at each threshold: scores[s] are those of seed
// s, and the model's benefit is the mean over seeds. Intervals are percentiles of
// r's bootstrap under key; without r they are NaN.
func DecisionCurve(scores [][]float64, positive []bool, thresholds []float64, r *Resampler, key string) []Benefit {
	seeds := make([]descending, len(scores))
	for s := range scores {
		seeds[s] = newDescending(scores[s], positive, thresholds)
	}
	everyone := newDescending(make([]float64, len(positive)), positive, make([]float64, len(thresholds)))
	const each = 3 // model, all, gain
	k := len(thresholds)
	all, of := make([]float64, k), make([]float64, k)
	compute := func(weights []int, out []float64) {
		clear(out)
		for _, s := range seeds {
			s.benefits(thresholds, weights, of)
			for j, b := range of {
				out[each*j] += b / float64(len(seeds))
			}
		}
		everyone.benefits(thresholds, weights, all)
		for j := range thresholds {
			if len(seeds) == 0 {
				out[each*j] = math.NaN()
			}
			out[each*j+1], out[each*j+2] = all[j], out[each*j]-math.Max(0, all[j])
		}
	}
	point := make([]float64, each*k)
	compute(nil, point)
	var draws [][]float64
	if r != nil {
		draws = r.Bootstrap(len(point), key, func(_ *rand.Rand, weights []int, out []float64) { compute(weights, out) })
	}
	interval := func(j int) Interval {
		if r == nil {
			return Interval{point[j], math.NaN(), math.NaN()}
		}
		return Percentile(point[j], draws[j])
	}
	curve := make([]Benefit, k)
	for j, t := range thresholds {
		curve[j] = Benefit{t, interval(each * j), interval(each*j + 1), interval(each*j + 2)}
	}
	return curve
}

// descending is a set of scores sorted once, for the many draws of a bootstrap.
type descending struct {
	order    []int // cases, score descending
	positive []bool
	reach    []int // how many of order reach each threshold
}

func newDescending(scores []float64, positive []bool, thresholds []float64) descending {
	sameLength(len(scores), len(positive))
	d := descending{order: byScore(scores), positive: positive}
	slices.Reverse(d.order)
	for _, t := range thresholds {
		d.reach = append(d.reach, sort.Search(len(scores), func(i int) bool { return !(scores[d.order[i]] >= t) }))
	}
	return d
}

// benefits is NetBenefit at each threshold.
func (d descending) benefits(thresholds []float64, weights []int, out []float64) {
	tp, fp := make([]int, len(d.order)+1), make([]int, len(d.order)+1) // of the first cases of order
	for k, i := range d.order {
		w := 1
		if weights != nil {
			w = weights[i]
		}
		tp[k+1], fp[k+1] = tp[k], fp[k]
		if d.positive[i] {
			tp[k+1] += w
		} else {
			fp[k+1] += w
		}
	}
	n := tp[len(d.order)] + fp[len(d.order)]
	for j, t := range thresholds {
		out[j] = math.NaN()
		if t > 0 && t < 1 {
			out[j] = (float64(tp[d.reach[j]]) - float64(fp[d.reach[j]])*t/(1-t)) / float64(n)
		}
	}
}
