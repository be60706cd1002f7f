package stats

import (
	"math"
	"slices"
)

// Holm adjusts p values for the number of tests (Holm 1979, Scand. J. Stat.
// 6:65): p₍ᵢ₎ times (m − i + 1), made monotone, at most 1. An undefined p stays
// NaN and counts as no test.
func Holm(p []float64) []float64 {
	out := make([]float64, len(p))
	var order []int
	for i, x := range p {
		out[i] = math.NaN()
		if !math.IsNaN(x) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if p[a] < p[b] {
			return -1
		}
		if p[a] > p[b] {
			return 1
		}
		return 0
	})
	var least float64
	for k, i := range order {
		least = math.Max(least, math.Min(1, p[i]*float64(len(order)-k)))
		out[i] = least
	}
	return out
}
