package stats

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Brier is the mean squared distance of score and truth (Brier 1950) and its
// scaled form 1 − Brier/(p·(1 − p)), p being the share of positive cases: 1 for
// certainty, 0 for what predicts p always. weights as in Ranked.AUC. NaN without
// cases; scaled also with one class.
func Brier(scores []float64, positive []bool, weights []int) (brier, scaled float64) {
	sameLength(len(scores), len(positive))
	var sum, pos, n float64
	for i, s := range scores {
		w := 1.0
		if weights != nil {
			w = float64(weights[i])
		}
		y := float64(class(positive[i]))
		sum += w * square(s-y)
		pos += w * y
		n += w
	}
	if n == 0 {
		return math.NaN(), math.NaN()
	}
	brier = sum / n
	if pos == 0 || pos == n {
		return brier, math.NaN()
	}
	return brier, 1 - brier/(pos/n*(1-pos/n))
}

// CalibrationBin is a part of a calibration plot: what was predicted there on
// average, and the share that is positive with its interval.
type CalibrationBin struct {
	N        int
	Score    float64
	Observed Interval
}

// CalibrationBins puts cases in order of score into at most k bins of nearly
// equal size; tied scores stay together, so bins may be larger, and fewer. The
// intervals are ClusteredWilson's. nil where a score is NaN.
func CalibrationBins(scores []float64, positive []bool, groups []string, k int) []CalibrationBin {
	sameLength(len(scores), len(positive), len(groups))
	if slices.ContainsFunc(scores, math.IsNaN) || k < 1 {
		return nil
	}
	order := byScore(scores)
	var bins []CalibrationBin
	for start := 0; start < len(order); {
		// The end of bin b of k is at (b+1)/k of the cases, and at least one further.
		b := start * k / len(order)
		end := max(start+1, ((b+1)*len(order)+k-1)/k)
		for end < len(order) && scores[order[end]] == scores[order[end-1]] {
			end++
		}
		bin := CalibrationBin{N: end - start}
		var values []float64
		var of []string
		for _, i := range order[start:end] {
			bin.Score += scores[i] / float64(end-start)
			values, of = append(values, float64(class(positive[i]))), append(of, groups[i])
		}
		bin.Observed = ClusteredWilson(values, of)
		bins = append(bins, bin)
		start = end
	}
	return bins
}

// Loess is Cleveland's local linear regression of y on x with tricube weights,
// without robustness steps (1979, J. Am. Stat. Assoc. 74:829), at the points at:
// each fit uses the nearest ⌊span·n⌋ cases, at least two. For a calibration curve
// y is 0 or 1 and x the score; 0.75 is a usual span (Austin & Steyerberg 2014,
// Stat. Med. 33:517). Values are not cut to [0, 1]. Where all of the nearest cases
// have the point's own x, it is their mean. NaN where a point or an x is, and for
// fewer than two cases.
func Loess(x, y []float64, span float64, at []float64) []float64 {
	sameLength(len(x), len(y))
	out := make([]float64, len(at))
	n := len(x)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x[a], x[b]) })
	near := min(n, max(2, int(span*float64(n)+1e-10)))
	bad := n < 2 || slices.ContainsFunc(x, math.IsNaN) || !(span > 0)
	for k, p := range at {
		if bad || math.IsNaN(p) {
			out[k] = math.NaN()
			continue
		}
		// The window of near neighbours in x, found by sliding it towards p.
		start := max(0, min(n-near, sort.Search(n, func(i int) bool { return x[order[i]] >= p })-near))
		for start+near < n && x[order[start+near]]-p < p-x[order[start]] {
			start++
		}
		out[k] = localLine(x, y, order[start:start+near], p)
	}
	return out
}

// localLine is the weighted line through some cases, at p.
func localLine(x, y []float64, rows []int, p float64) float64 {
	var radius float64
	for _, i := range rows {
		radius = math.Max(radius, math.Abs(x[i]-p))
	}
	var n, mx, my float64
	weight := make([]float64, len(rows))
	for k, i := range rows {
		weight[k] = 1
		if radius > 0 {
			u := math.Abs(x[i]-p) / radius
			u = 1 - u*u*u
			weight[k] = u * u * u
		}
		n, mx, my = n+weight[k], mx+weight[k]*x[i], my+weight[k]*y[i]
	}
	if n == 0 { // all of them at the edge
		return math.NaN()
	}
	mx, my = mx/n, my/n
	var sxx, sxy float64
	for k, i := range rows {
		sxx += weight[k] * square(x[i]-mx)
		sxy += weight[k] * (x[i] - mx) * (y[i] - my)
	}
	if sxx <= 1e-12*n*radius*radius { // all that counts lies at one x
		return my
	}
	return my + sxy/sxx*(p-mx)
}
