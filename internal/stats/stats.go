// Package stats holds the statistics of a binary study whose independent unit
// is the group, as pure functions over slices: ROC curves, AUC and its intervals,
// DeLong's and McNemar's tests, proportions and means of clustered cases, Holm's
// correction, the group bootstrap and jackknife, calibration, decision curves,
// agreement, the analysis of reader studies, and the tests of a table of patients.
// docs/methods/statistics.md says which method is which and what it is held
// against.
//
// Nouns: a score ranks a case, higher meaning more like the positive class; a
// group is what may be one person, so cases of one group are not independent; a
// fold is one test set, ranked by one model; a placement is the share of the
// other class that a case is ranked correctly against; a modality is a way of
// reading (without or with help); a logit is the log odds of a probability.
//
// Undefined numbers (an AUC of one class, a share of nothing) are NaN, never a
// panic. All intervals are at 95 % and all p two-sided. Slices of different
// lengths are a programmer's mistake and panic.
package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Confidence of every interval.
const Confidence = 0.95

// Z is the normal quantile of a two-sided interval at Confidence, 1.959964.
var Z = distuv.UnitNormal.Quantile(0.5 + Confidence/2)

// Interval is a value and the limits of its confidence interval.
type Interval struct{ Value, Low, High float64 }

// undefined is the interval of a number that does not exist.
func undefined() Interval { return Interval{math.NaN(), math.NaN(), math.NaN()} }

// around is value ± half, cut to [0, 1].
func around(value, half float64) Interval {
	return Interval{value, clamp(value - half), clamp(value + half)}
}

// clamp cuts to [0, 1]; NaN stays NaN.
func clamp(x float64) float64 { return math.Max(0, math.Min(1, x)) }

// sameLength panics where slices that describe the same cases differ in length.
func sameLength(lengths ...int) {
	for _, n := range lengths {
		if n != lengths[0] {
			panic("stats: slices of the same cases differ in length")
		}
	}
}
