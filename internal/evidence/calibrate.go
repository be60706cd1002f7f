package evidence

import "magn/internal/stats"

// Calibrate fits the calibration of an arm to its out-of-fold predictions:
// P(positive) = 1/(1+exp(−(intercept + slope·logit))). The targets are Platt's
// (1999), (n₊+1)/(n₊+2) and 1/(n₋+2), so that the fit is finite where the logits
// separate the classes, as they do in a small study. Where all logits are equal
// the slope is 1 and the intercept 0.
func Calibrate(predictions []Prediction) (intercept, slope float64) {
	var positive, negative float64
	for _, p := range predictions {
		if p.Label == 1 {
			positive++
		} else {
			negative++
		}
	}
	x, y := make([]float64, 0, len(predictions)), make([]float64, 0, len(predictions))
	for _, p := range predictions {
		x = append(x, p.Logit)
		if p.Label == 1 {
			y = append(y, (positive+1)/(positive+2))
		} else {
			y = append(y, 1/(negative+2))
		}
	}
	intercept, slope, ok := stats.Logistic1(x, y)
	if !ok {
		return 0, 1
	}
	return intercept, slope
}
