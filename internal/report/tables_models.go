package report

import (
	"fmt"
	"math"
	"slices"

	"magn/internal/evidence"
)

// calibrationTable is how probabilities stand to what is true.
func calibrationTable(r evidence.Results) table {
	t := table{
		name:    "calibration",
		caption: "Calibration of the probabilities of patients held out (the mean logit of the seeds), with 95 % intervals clustered by group. In the large: below 0 where probabilities are too high on the whole. Intercept and slope of logit P = intercept + slope · logit; ideal are 0 and 1, and a slope below 1 says that probabilities are too extreme. Scaled Brier score: 1 minus the score over that of the prevalence, 1 is perfect, 0 knows nothing.",
		columns: []column{
			{head: "Arm", key: "arm"},
			{head: "In the large", key: "in_the_large", kind: interval},
			{head: "Intercept", key: "intercept", kind: interval},
			{head: "Slope", key: "slope", kind: interval},
			{head: "Scaled Brier", key: "brier_scaled", kind: number},
		},
	}
	const why = "recalibration has no solution where the classes are separated, or one is missing"
	for _, at := range byKind(r, hasCalibration) {
		a := r.Arms[at.i]
		c := a.Calibration
		cells := []cell{words(a.Name)}
		for _, iv := range []evidence.Interval{c.InTheLarge, c.Intercept, c.Slope, c.BrierScaled} {
			x := span(iv)
			x.why = why
			cells = append(cells, x)
		}
		t.add(at.head, cells...)
	}
	return t
}

// binsTable is the points of the calibration figure, for the file alone.
func binsTable(r evidence.Results) table {
	t := table{
		name: "calibration-bins", bare: true,
		columns: []column{
			{key: "arm"},
			{key: "bin", kind: whole},
			{key: "n", kind: whole},
			{key: "score", kind: number},
			{key: "observed", kind: interval},
		},
	}
	for _, a := range r.Arms {
		if a.Calibration == nil {
			continue
		}
		for i, b := range a.Calibration.Bins {
			t.add("", words(a.Name), wholeNumber(i+1), wholeNumber(b.N), single(b.Score, ""), span(b.Observed))
		}
	}
	return t
}

// decisionTable is the points of the decision curves, for the file alone.
func decisionTable(r evidence.Results) table {
	t := table{
		name: "decision", bare: true,
		columns: []column{
			{key: "arm"},
			{key: "threshold", kind: number},
			{key: "model", kind: interval},
			{key: "all", kind: interval},
			{key: "gain", kind: interval},
		},
	}
	for _, a := range r.Arms {
		for _, d := range a.Decision {
			t.add("", words(a.Name), single(d.Threshold, ""), span(d.Model), span(d.All), span(d.Gain))
		}
	}
	return t
}

// shownFeatures is how many of an arm's features the page shows.
const shownFeatures = 12

// featuresTable is what the folds of arms that answer from a table chose.
func featuresTable(r evidence.Results) table {
	t := table{
		name:    "features",
		caption: fmt.Sprintf("Features that the folds chose, on their training patients alone, the most used first; at most %d an arm are shown, the CSV file has all. Kept: models whose ranking kept the feature; used: models that were given it; rank: mean of those that kept it.", shownFeatures),
		columns: []column{
			{key: "arm", only: fileOnly},
			{key: "candidates", kind: whole, only: fileOnly},
			{head: "Feature", key: "feature"},
			{head: "Models", key: "units", kind: whole},
			{head: "Kept", key: "kept", kind: whole},
			{head: "Used", key: "used", kind: whole},
			{head: "Mean rank", key: "mean_rank", kind: tenths},
		},
	}
	for _, at := range byKind(r, func(a evidence.ArmResult) bool { return len(a.Features) > 0 }) {
		a := r.Arms[at.i]
		head := fmt.Sprintf("%s: of %s", a.Name, count(a.Candidates, "candidate"))
		for i, f := range a.Features {
			t.add("", words(a.Name), wholeNumber(a.Candidates), words(f.Name), wholeNumber(f.Units), wholeNumber(f.Kept), wholeNumber(f.Used), single(f.Rank, ""))
			line := &t.rows[len(t.rows)-1]
			if line.fileOnly = a.Of != "" || i >= shownFeatures; !line.fileOnly {
				line.head, head = head, ""
			}
		}
	}
	return t
}

// lambdaTable is what the inner splits of the networks said of each λ, and which
// they chose.
func lambdaTable(in Input) table {
	t := table{
		name:    "inner",
		caption: "What the inner splits, made of training patients alone, chose: how many models took each weight λ of the attention loss, and for how many epochs they were then trained on all their training patients. Loss: the lowest validation cross-entropy of an inner fit with that λ, mean over folds and seeds (the choice itself smooths it over epochs).",
		columns: []column{
			{head: "Arm", key: "arm"},
			{head: "Backbone", key: "backbone"},
			{head: "λ", key: "lambda", kind: whole},
			{head: "Chosen", key: "chosen", kind: whole},
			{head: "Models", key: "models", kind: whole},
			{head: "Epochs, mean", key: "epochs", kind: tenths},
			{head: "Loss", key: "loss", kind: number},
		},
	}
	for _, a := range in.Results.Arms {
		if a.Kind != evidence.KindNetwork || len(a.Folds) == 0 || centredOnly(a) {
			continue
		}
		chosen, epochs := map[float64]int{}, map[float64]int{}
		for _, f := range a.Folds {
			chosen[f.Lambda]++
			epochs[f.Lambda] += f.Epochs
		}
		losses := innerLosses(a.Name, in.Histories)
		var all []float64
		for l := range chosen {
			all = append(all, l)
		}
		for l := range losses {
			if _, ok := chosen[l]; !ok {
				all = append(all, l)
			}
		}
		slices.Sort(all)
		for _, l := range all {
			mean, loss := undefinedNumber, undefinedNumber
			if n := chosen[l]; n > 0 {
				mean = float64(epochs[l]) / float64(n)
			}
			if x, ok := losses[l]; ok {
				loss = x
			}
			lambda := single(l, "")
			if !a.Attention { // no attention loss, so no weight of it
				lambda.blank = l == 0
			}
			t.add("", words(a.Name), words(in.Backbone), lambda, wholeNumber(chosen[l]), wholeNumber(len(a.Folds)),
				single(mean, "not chosen"), single(loss, "no inner fit with this λ"))
		}
	}
	return t
}

// centredOnly says whether an arm answers with another's networks: nothing was
// chosen for it.
func centredOnly(a evidence.ArmResult) bool { return a.Of != "" && a.Variant != "permuted" }

// innerLosses are, by λ, the mean over an arm's inner fits of their lowest
// validation loss.
func innerLosses(arm string, rows []History) map[float64]float64 {
	type inner struct {
		fit
		lambda float64
	}
	least := map[inner]float64{}
	var order []inner
	for _, h := range rows {
		if h.Arm != arm || isNaN(h.Val) || isNaN(h.Lambda) {
			continue
		}
		key := inner{fit{h.Fold, h.Seed, h.Stage}, h.Lambda}
		x, ok := least[key]
		if !ok {
			order = append(order, key)
			x = h.Val
		}
		least[key] = math.Min(x, h.Val)
	}
	sum, n := map[float64]float64{}, map[float64]int{}
	for _, key := range order { // in their order, so that sums round alike
		sum[key.lambda] += least[key]
		n[key.lambda]++
	}
	for l := range sum {
		sum[l] /= float64(n[l])
	}
	return sum
}

// runtimeTable is what the arms' units took.
func runtimeTable(run RunInfo) table {
	t := table{
		name:    "runtime",
		caption: "Computing time of the units, which may have run side by side. An arm that answers with another’s networks takes only the time of answering.",
		columns: []column{
			{head: "Arm", key: "arm"},
			{head: "Models", key: "units", kind: whole},
			{key: "seconds", kind: whole, only: fileOnly},
			{head: "Time", only: pageOnly},
			{head: "A model", only: pageOnly},
		},
	}
	for _, a := range run.Arms {
		t.add("", words(a.Arm), wholeNumber(a.Units), single(a.Seconds, ""), words(duration(a.Seconds)), words(duration(a.Seconds/float64(max(1, a.Units)))))
	}
	return t
}
