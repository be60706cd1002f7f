package stats

import (
	"math"
	"slices"
	"sort"
)

// Point of a ROC curve: false and true positive rate at one threshold.
type Point struct{ FPR, TPR float64 }

// ROC is the curve from (0,0) to (1,1) with one point for each distinct score,
// so that tied cases move along the diagonal between two points and the
// trapezoidal area is the AUC. nil where a class is missing or a score is NaN.
func ROC(scores []float64, positive []bool) []Point {
	r := Rank(scores, positive)
	var n [2]int
	for _, p := range positive {
		n[class(p)]++
	}
	if n[0] == 0 || n[1] == 0 || !r.valid {
		return nil
	}
	curve := []Point{{0, 0}}
	var above [2]int
	for k := len(r.order) - 1; k >= 0; k-- {
		above[class(positive[r.order[k]])]++
		if k == 0 || r.last[k-1] {
			curve = append(curve, Point{float64(above[0]) / float64(n[0]), float64(above[1]) / float64(n[1])})
		}
	}
	return curve
}

// MeanROC averages curves vertically (Fawcett 2006, Pattern Recognit. Lett.
// 27:861, algorithm 3): at each of n false positive rates, evenly spaced over
// [0, 1], the mean true positive rate. At a vertical step a curve counts with
// its upper end; the mean starts from an extra point (0,0). nil where there is
// no curve or one is undefined (empty), and for n < 2.
func MeanROC(curves [][]Point, n int) []Point {
	if len(curves) == 0 || n < 2 || slices.ContainsFunc(curves, func(c []Point) bool { return len(c) == 0 }) {
		return nil
	}
	mean := make([]Point, 0, n+1)
	mean = append(mean, Point{0, 0})
	for k := range n {
		fpr := float64(k) / float64(n-1)
		var sum float64
		for _, c := range curves {
			sum += height(c, fpr)
		}
		mean = append(mean, Point{fpr, sum / float64(len(curves))})
	}
	return mean
}

// height is the highest true positive rate of a curve at fpr, linear between
// its points.
func height(curve []Point, fpr float64) float64 {
	next := sort.Search(len(curve), func(i int) bool { return curve[i].FPR > fpr })
	switch next {
	case 0:
		return math.NaN()
	case len(curve):
		return curve[next-1].TPR
	}
	a, b := curve[next-1], curve[next]
	return a.TPR + (b.TPR-a.TPR)*(fpr-a.FPR)/(b.FPR-a.FPR)
}
