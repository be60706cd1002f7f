package stats

// Performance is what readers and models are judged by. Binary reads are scores 0
// and 1; their AUC is the balanced accuracy.
type Performance struct {
	// of gives, for the scores of cases, the value under case weights (nil: once
	// each), as Ranked.AUC does. NaN where undefined.
	of     func(scores []float64, positive []bool) func(weights []int) float64
	counts func(positive bool) bool // whether cases of a class say anything about it
}

// AUCOf is the area under the ROC curve, ties counting half.
func AUCOf() Performance {
	return Performance{
		func(scores []float64, positive []bool) func(weights []int) float64 { return Rank(scores, positive).AUC },
		func(bool) bool { return true },
	}
}

// SensitivityOf is the share of positive cases that reach the threshold.
func SensitivityOf(threshold float64) Performance {
	return Performance{rightAt(threshold), func(positive bool) bool { return positive }}
}

// SpecificityOf is the share of negative cases that do not reach the threshold.
func SpecificityOf(threshold float64) Performance {
	return Performance{rightAt(threshold), func(positive bool) bool { return !positive }}
}

// AccuracyOf is the share of cases on their side of the threshold.
func AccuracyOf(threshold float64) Performance {
	return Performance{rightAt(threshold), func(bool) bool { return true }}
}

// rightAt is the share of right answers.
func rightAt(threshold float64) func(scores []float64, positive []bool) func(weights []int) float64 {
	return func(scores []float64, positive []bool) func(weights []int) float64 {
		sameLength(len(scores), len(positive))
		return func(weights []int) float64 {
			var right, n int
			for i, s := range scores {
				w := 1
				if weights != nil {
					w = weights[i]
				}
				n += w
				if (s >= threshold) == positive[i] {
					right += w
				}
			}
			return float64(right) / float64(n) // NaN for none
		}
	}
}

// Reads are the scores of a reader study in which every reader reads every case
// under every modality (without and with help, say): Scores[modality][reader][case].
// Cases of one group are not independent.
type Reads struct {
	Scores   [][][]float64
	Positive []bool
	Groups   []string
}

// Estimate is the performance [modality][reader] and the covariance of all of
// them, in the order of Flat, by a jackknife over the groups of the cases that
// count (for sensitivity the positive ones).
func (r Reads) Estimate(p Performance) (value, cov [][]float64) {
	var rows []int
	for i, positive := range r.Positive {
		if p.counts(positive) {
			rows = append(rows, i)
		}
	}
	sameLength(len(r.Positive), len(r.Groups))
	positive, groups := pick(r.Positive, rows), pick(r.Groups, rows)
	var by []func(weights []int) float64
	for _, m := range r.Scores {
		sameLength(len(m), len(r.Scores[0]))
		var values []float64
		for _, scores := range m {
			sameLength(len(scores), len(r.Positive))
			f := p.of(pick(scores, rows), positive)
			by, values = append(by, f), append(values, f(nil))
		}
		value = append(value, values)
	}
	out := make([]float64, len(by))
	return value, Jackknife(groups, func(weights []int) []float64 {
		for k, f := range by {
			out[k] = f(weights)
		}
		return out
	})
}

// pick are some rows of x.
func pick[T any](x []T, rows []int) []T {
	out := make([]T, len(rows))
	for k, i := range rows {
		out[k] = x[i]
	}
	return out
}

// Flat is the place of a modality and reader in a covariance, for R readers.
func Flat(modality, reader, readers int) int { return modality*readers + reader }
