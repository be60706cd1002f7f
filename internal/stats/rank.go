package stats

import (
	"cmp"
	"math"
	"slices"
)

// Ranked is a set of labelled scores sorted once, for the many AUCs of a
// bootstrap.
type Ranked struct {
	order    []int // indices, score ascending
	last     []bool
	positive []bool
	valid    bool // no score is NaN
}

// Rank sorts scores; scores[i] belongs to positive[i].
func Rank(scores []float64, positive []bool) *Ranked {
	sameLength(len(scores), len(positive))
	r := &Ranked{order: byScore(scores), last: make([]bool, len(scores)), positive: positive, valid: true}
	for k, i := range r.order {
		r.last[k] = k+1 == len(r.order) || scores[r.order[k+1]] != scores[i]
		r.valid = r.valid && !math.IsNaN(scores[i])
	}
	return r
}

// AUC is the Mann–Whitney estimate: the share of pairs of a positive and a
// negative case in which the positive has the higher score, ties counting
// half. weights[i] is how often case i is there (nil: once each). NaN where
// a class is missing or a score is NaN.
func (r *Ranked) AUC(weights []int) float64 {
	var pos, neg, wins int // wins counts half pairs, so that the sum is exact
	var tiePos, tieNeg int
	for k, i := range r.order {
		w := 1
		if weights != nil {
			w = weights[i]
		}
		if r.positive[i] {
			tiePos += w
		} else {
			tieNeg += w
		}
		if r.last[k] {
			wins += tiePos * (2*neg + tieNeg)
			pos, neg = pos+tiePos, neg+tieNeg
			tiePos, tieNeg = 0, 0
		}
	}
	if pos == 0 || neg == 0 || !r.valid {
		return math.NaN()
	}
	return float64(wins) / (2 * float64(pos) * float64(neg))
}

// AUC is the area under the ROC curve, see Ranked.AUC.
func AUC(scores []float64, positive []bool) float64 { return Rank(scores, positive).AUC(nil) }

// byScore is the order of scores, ascending.
func byScore(scores []float64) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[a], scores[b]) })
	return order
}

// midranks are ranks from 1; tied values share the mean of theirs (Sun & Xu
// 2014, algorithm 1).
func midranks(x []float64) []float64 {
	order, ranks := byScore(x), make([]float64, len(x))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && x[order[j]] == x[order[i]] {
			j++
		}
		j = max(j, i+1) // NaN equals nothing, not even itself
		for k := i; k < j; k++ {
			ranks[order[k]] = float64(i+j+1) / 2
		}
		i = j
	}
	return ranks
}

// Placements are DeLong's structural components: for a positive case the share
// of negative cases with a lower score, for a negative case the share of
// positive cases with a higher one, ties counting half. Computed from midranks
// in n·log n (Sun & Xu 2014, IEEE Signal Process. Lett. 21:1389, eq. 9–10).
// The mean over either class is the AUC. All NaN where a class is missing or
// a score is NaN.
func Placements(scores []float64, positive []bool) []float64 {
	sameLength(len(scores), len(positive))
	var of [2][]float64 // scores of the negative, the positive class
	for i, s := range scores {
		of[class(positive[i])] = append(of[class(positive[i])], s)
	}
	out := make([]float64, len(scores))
	m, n := float64(len(of[1])), float64(len(of[0]))
	if m == 0 || n == 0 || slices.ContainsFunc(scores, math.IsNaN) {
		for i := range out {
			out[i] = math.NaN()
		}
		return out
	}
	all := midranks(scores)
	own := [2][]float64{midranks(of[0]), midranks(of[1])}
	var seen [2]int
	for i := range scores {
		c := class(positive[i])
		below := all[i] - own[c][seen[c]] // of the other class
		seen[c]++
		if positive[i] {
			out[i] = below / n
		} else {
			out[i] = 1 - below/m
		}
	}
	return out
}

func class(positive bool) int {
	if positive {
		return 1
	}
	return 0
}
