package report

import (
	"cmp"
	"fmt"
	"maps"
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

// choice is a backbone and a λ that inner splits chose among.
type choice struct {
	backbone string // empty where there was one alone
	lambda   float64
}

// choices are what the inner splits of an arm's models said of each candidate: how
// many chose it, for how many epochs on the whole, and its losses.
type choices struct {
	chosen, epochs map[choice]int
	losses         map[choice][]float64
}

// choicesOf counts the folds of an arm; key says what of a candidate matters. Of
// candidates that are alike by it, the one with the lowest loss speaks for a model.
func choicesOf(a evidence.ArmResult, key func(choice) choice) choices {
	c := choices{map[choice]int{}, map[choice]int{}, map[choice][]float64{}}
	for _, f := range a.Folds {
		k := key(choice{f.Backbone, f.Lambda})
		c.chosen[k]++
		c.epochs[k] += f.Epochs
		least := map[choice]float64{}
		for _, t := range f.Tried {
			k := key(choice{t.Backbone, t.Lambda})
			if x, ok := least[k]; !ok || t.Loss < x {
				least[k] = t.Loss
			}
		}
		for k, x := range least {
			c.losses[k] = append(c.losses[k], x)
		}
	}
	return c
}

// keys are all candidates: by name of the backbone, then by λ.
func (c choices) keys() []choice {
	all := slices.Collect(maps.Keys(c.chosen))
	for k := range c.losses {
		if _, ok := c.chosen[k]; !ok {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b choice) int {
		return cmp.Or(cmp.Compare(a.backbone, b.backbone), cmp.Compare(a.lambda, b.lambda))
	})
	return all
}

// epochsAndLoss are the last two cells of a candidate.
func (c choices) epochsAndLoss(k choice) (epochs, loss cell) {
	e, l := undefinedNumber, undefinedNumber
	if n := c.chosen[k]; n > 0 {
		e = float64(c.epochs[k]) / float64(n)
	}
	if x := c.losses[k]; len(x) > 0 {
		l = 0
		for _, v := range x {
			l += v / float64(len(x))
		}
	}
	return single(e, "not chosen"), single(l, "no inner fit with it")
}

// searched are the arms whose models were chosen by inner splits of their own.
func searched(r evidence.Results) []evidence.ArmResult {
	var out []evidence.ArmResult
	for _, a := range r.Arms {
		if a.Kind == evidence.KindNetwork && len(a.Folds) > 0 && !centredOnly(a) {
			out = append(out, a)
		}
	}
	return out
}

// lambdaTable is what the inner splits of the networks said of each λ, and which
// they chose.
func lambdaTable(in Input) table {
	t := table{
		name:    "inner",
		caption: "What the inner splits, made of training patients alone, chose: how many models took each weight λ of the attention loss, and for how many epochs they were then trained on all their training patients. Loss: the lowest validation cross-entropy of the inner fits with it, smoothed over three epochs, mean over folds and seeds; each model took what was lowest for it (every fold’s are in inner-folds.csv).",
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
	for _, a := range searched(in.Results) {
		c := choicesOf(a, func(k choice) choice { return k })
		for _, k := range c.keys() {
			lambda := single(k.lambda, "")
			if !a.Attention { // no attention loss, so no weight of it
				lambda.blank = k.lambda == 0
			}
			epochs, loss := c.epochsAndLoss(k)
			t.add("", words(a.Name), words(cmp.Or(k.backbone, in.Backbone)), lambda, wholeNumber(c.chosen[k]), wholeNumber(len(a.Folds)), epochs, loss)
		}
	}
	return t
}

// backbonesTable is what the inner splits said of each backbone, where they had a
// choice.
func backbonesTable(r evidence.Results) table {
	t := table{
		name:    "backbones",
		caption: "What the inner splits, made of training patients alone, chose among backbones: how many models took each, and for how many epochs they were then trained. Loss: the lowest smoothed validation cross-entropy of the inner fits with it, over λ, mean over folds and seeds; of equal ones the smaller network was taken.",
		columns: []column{
			{head: "Arm", key: "arm"},
			{head: "Backbone", key: "backbone"},
			{head: "Chosen", key: "chosen", kind: whole},
			{head: "Models", key: "models", kind: whole},
			{head: "Epochs, mean", key: "epochs", kind: tenths},
			{head: "Loss", key: "loss", kind: number},
		},
	}
	for _, a := range searched(r) {
		c := choicesOf(a, func(k choice) choice { return choice{backbone: k.backbone} })
		if len(c.losses) < 2 {
			continue
		}
		for _, k := range c.keys() {
			epochs, loss := c.epochsAndLoss(k)
			t.add("", words(a.Name), words(k.backbone), wholeNumber(c.chosen[k]), wholeNumber(len(a.Folds)), epochs, loss)
		}
	}
	return t
}

// innerFoldsTable is each model's inner split; a file alone.
func innerFoldsTable(in Input) table {
	t := table{
		name: "inner-folds", bare: true,
		columns: []column{
			{key: "arm"},
			{key: "fold", kind: whole},
			{key: "seed", kind: whole},
			{key: "backbone"},
			{key: "lambda", kind: number},
			{key: "loss", kind: number},
			{key: "epoch", kind: whole},
			{key: "chosen", kind: whole},
		},
	}
	for _, a := range searched(in.Results) {
		for _, f := range a.Folds {
			for _, tr := range f.Tried {
				chosen := 0
				if tr.Backbone == f.Backbone && tr.Lambda == f.Lambda {
					chosen = 1
				}
				t.add("", words(a.Name), wholeNumber(f.Fold), wholeNumber(f.Seed), words(cmp.Or(tr.Backbone, in.Backbone)), single(tr.Lambda, ""),
					single(tr.Loss, ""), wholeNumber(tr.Epoch), wholeNumber(chosen))
			}
		}
	}
	return t
}

// centredOnly says whether an arm answers with another's networks: nothing was
// chosen for it.
func centredOnly(a evidence.ArmResult) bool { return a.Of != "" && a.Variant != "permuted" }

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
