package evidence

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"magn/internal/stats"
)

// Calibration is how an arm's probabilities stand to what is true, out of fold;
// a case's probability is that of the mean logit of its seeds.
type Calibration struct {
	InTheLarge  Interval         `json:"in_the_large"` // on the logit: below 0 where probabilities are too high on the whole
	Intercept   Interval         `json:"intercept"`    // of the recalibration logit P = intercept + slope·logit …
	Slope       Interval         `json:"slope"`        // … below 1 where probabilities are too extreme
	BrierScaled Interval         `json:"brier_scaled"` // 1 − Brier over that of the prevalence; no interval
	Bins        []CalibrationBin `json:"bins"`
	Curve       []CurvePoint     `json:"curve"` // local regression, where there are patients; empty where there are too few
}

// CalibrationBin is a tenth of the cases, in order of their probability.
type CalibrationBin struct {
	N        int      `json:"n"`
	Score    float64  `json:"score"` // mean
	Observed Interval `json:"observed"`
}

// CurvePoint is a point of a calibration curve.
type CurvePoint struct {
	Score    float64 `json:"score"`
	Observed float64 `json:"observed"`
	Part     int     `json:"part"` // from 0: no patient lies between the points of two parts
}

// Decision is the net benefit of treating by an arm's probability at a threshold,
// and that of treating all; treating none has 0.
type Decision struct {
	Threshold float64  `json:"threshold"`
	Model     Interval `json:"model"`
	All       Interval `json:"all"`
	Gain      Interval `json:"gain"` // over the better of treating all and none
}

const (
	calibrationBins = 10
	curvePoints     = 41
	loessSpan       = 0.75
	curveGap        = 0.05
	curvePatients   = 50
	curveScores     = 10
)

// thresholds of a decision curve.
func thresholds() []float64 {
	var out []float64
	for i := 1; i < 20; i++ {
		out = append(out, float64(i)/20)
	}
	return out
}

// calibration of an arm's out-of-fold answers; nil of a reader, whose reads are no
// probabilities.
func (t *table) calibration() *Calibration {
	if t.arm.Kind == KindReader {
		return nil
	}
	var logits, scores, truth []float64
	var positive []bool
	var groups []string
	for i, c := range t.cases {
		z := t.together(i)
		p := 1 / (1 + math.Exp(-z))
		logits, scores, positive, groups = append(logits, z), append(scores, p), append(positive, c.label == 1), append(groups, c.group)
		truth = append(truth, float64(c.label))
	}
	r := stats.Recalibrate(logits, positive, groups)
	_, scaled := stats.Brier(scores, positive, nil)
	c := &Calibration{
		InTheLarge: Interval(r.InTheLarge.Interval), Intercept: Interval(r.Intercept.Interval), Slope: Interval(r.Slope.Interval),
		BrierScaled: Interval{scaled, math.NaN(), math.NaN()},
	}
	for _, b := range stats.CalibrationBins(scores, positive, groups, calibrationBins) {
		c.Bins = append(c.Bins, CalibrationBin{b.N, b.Score, Interval(b.Observed)})
	}
	c.Curve = curve(scores, truth)
	return c
}

// curve is the local regression of truth on scores at 41 points from the lowest
// score to the highest, without those that lie between two neighbouring patients
// whose scores are curveGap or more apart: there it would tell of the method and
// not of patients. None of fewer than curvePatients patients or curveScores
// different scores.
func curve(scores, truth []float64) []CurvePoint {
	sorted := slices.Sorted(slices.Values(scores))
	if different := slices.Compact(slices.Clone(sorted)); len(scores) < curvePatients || len(different) < curveScores {
		return nil
	}
	low, high := sorted[0], sorted[len(sorted)-1]
	var points []CurvePoint
	var at []float64
	part, from := 0, 0 // from: the patient at or below the point
	for i := range curvePoints {
		x := math.Min(high, low+(high-low)*float64(i)/(curvePoints-1))
		inside := true
		for from+1 < len(sorted) && sorted[from+1] <= x {
			if from++; sorted[from]-sorted[from-1] >= curveGap {
				part++
			}
		}
		if from+1 < len(sorted) && sorted[from] < x {
			inside = sorted[from+1]-sorted[from] < curveGap
		}
		if inside {
			points, at = append(points, CurvePoint{Score: x, Part: part}), append(at, x)
		}
	}
	var out []CurvePoint
	for i, y := range stats.Loess(scores, truth, loessSpan, at) {
		if !math.IsNaN(y) {
			points[i].Observed = math.Min(1, math.Max(0, y))
			out = append(out, points[i])
		}
	}
	return out
}

// decision is an arm's decision curve; nil of a reader.
func (t *table) decision() []Decision {
	if t.arm.Kind == KindReader {
		return nil
	}
	var positive []bool
	var strata, groups []string
	for _, c := range t.cases {
		positive, groups, strata = append(positive, c.label == 1), append(groups, c.group), append(strata, strconv.Itoa(c.fold))
	}
	var out []Decision
	for _, b := range stats.DecisionCurve(t.score, positive, thresholds(), stats.NewResampler(strata, groups), "decision") {
		out = append(out, Decision{b.Threshold, Interval(b.Model), Interval(b.All), Interval(b.Gain)})
	}
	return out
}

// UnmarshalJSON leaves what is absent undefined.
func (c *Calibration) UnmarshalJSON(b []byte) error {
	type plain Calibration
	u := Undefined()
	p := plain{InTheLarge: u, Intercept: u, Slope: u, BrierScaled: u}
	if err := json.Unmarshal(b, &p); err != nil {
		return nested("calibration", err)
	}
	*c = Calibration(p)
	return nil
}
