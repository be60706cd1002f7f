package stats

import "math"

// Confusion counts answers against the truth.
type Confusion struct{ TP, FP, TN, FN int }

// Add counts n cases with one truth and one answer.
func (c *Confusion) Add(truth, answer bool, n int) {
	switch {
	case truth && answer:
		c.TP += n
	case answer:
		c.FP += n
	case truth:
		c.FN += n
	default:
		c.TN += n
	}
}

// F1 is 2·TP/(2·TP + FP + FN), undefined (NaN) where nothing is positive,
// neither in truth nor by answer.
func (c Confusion) F1() float64 {
	d := 2*c.TP + c.FP + c.FN
	if d == 0 {
		return math.NaN()
	}
	return 2 * float64(c.TP) / float64(d)
}
