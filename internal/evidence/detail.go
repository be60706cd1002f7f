package evidence

import (
	"encoding/json"
	"math"
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
	Curve       []CurvePoint     `json:"curve"` // local regression
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
	low, high := 1.0, 0.0
	for i, c := range t.cases {
		z := t.together(i)
		p := 1 / (1 + math.Exp(-z))
		logits, scores, positive, groups = append(logits, z), append(scores, p), append(positive, c.label == 1), append(groups, c.group)
		truth = append(truth, float64(c.label))
		low, high = min(low, p), max(high, p)
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
	if high > low {
		at := make([]float64, curvePoints)
		for i := range at {
			at[i] = low + (high-low)*float64(i)/(curvePoints-1)
		}
		for i, y := range stats.Loess(scores, truth, loessSpan, at) {
			if !math.IsNaN(y) {
				c.Curve = append(c.Curve, CurvePoint{at[i], math.Min(1, math.Max(0, y))})
			}
		}
	}
	return c
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
