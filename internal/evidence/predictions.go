package evidence

import (
	"strconv"

	"magn/internal/fault"
)

var predictionFormat = format[Prediction]{
	header: []string{"case", "group", "arm", "fold", "seed", "label", "logit", "score", "threshold"},
	check:  checkPrediction,
	parse:  parsePrediction,
	record: func(p Prediction) []string {
		return []string{
			p.Case, p.Group, p.Arm, strconv.Itoa(p.Fold), strconv.Itoa(p.Seed), strconv.Itoa(p.Label),
			full(p.Logit), full(p.Score), full(p.Threshold),
		}
	},
}

// WritePredictions writes predictions.csv; docs/formats/results.md describes
// it. A row that could not be read back is a *fault.Input and nothing is
// written.
func WritePredictions(path string, rows []Prediction) error {
	return predictionFormat.write(path, rows)
}

// ReadPredictions reads predictions.csv. A bad row is a *fault.Input with its
// line and column.
func ReadPredictions(path string) ([]Prediction, error) {
	return predictionFormat.read(path)
}

func parsePrediction(f *fields) Prediction {
	return Prediction{
		Case: f.text(), Group: f.text(), Arm: f.text(), Fold: f.whole(), Seed: f.whole(), Label: f.whole(),
		Logit: f.number(), Score: f.number(), Threshold: f.number(),
	}
}

func checkPrediction(p Prediction) *fault.Input {
	var label *fault.Input
	if p.Label != 0 && p.Label != 1 {
		label = &fault.Input{Field: "label", Found: strconv.Itoa(p.Label), Expected: "0 or 1"}
	}
	return firstOf(
		checkName("case", p.Case), checkName("group", p.Group), checkName("arm", p.Arm),
		checkNatural("fold", p.Fold), label,
		checkFinite("logit", p.Logit), checkShare("score", p.Score), checkFinite("threshold", p.Threshold))
}
