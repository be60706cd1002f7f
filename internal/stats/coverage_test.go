package stats

import (
	"math"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"magn/internal/draw"
)

// simulate draws one cross-validation: folds of n groups, each of size cases of
// one label with a shared part of the score of weight share; every fold has its
// own score scale, as five models do. The expected fold AUC is Φ(shift/√2).
func simulate(run, folds, n, size int, share, shift float64) []Sample {
	rng := draw.New("coverage", run, size, share)
	out := make([]Sample, folds)
	for v := range out {
		scale, offset := math.Exp(rng.NormFloat64()), rng.NormFloat64()
		for g := range n {
			common, pos := rng.NormFloat64(), g%2 == 0
			for range size {
				s := math.Sqrt(share)*common + math.Sqrt(1-share)*rng.NormFloat64()
				if pos {
					s += shift
				}
				out[v].Scores = append(out[v].Scores, offset+scale*s)
				out[v].Positive = append(out[v].Positive, pos)
				out[v].Groups = append(out[v].Groups, strconv.Itoa(v)+"/"+strconv.Itoa(g))
			}
		}
	}
	return out
}

// coverage is the share of runs whose interval holds truth.
func coverage(runs int, truth float64, interval func(run int) Interval) float64 {
	var in float64
	for run := range runs {
		if iv := interval(run); iv.Low <= truth && truth <= iv.High {
			in++
		}
	}
	return in / float64(runs)
}

// With 800 runs the standard error of a coverage of .95 is .008.
const runs = 800

func between(t *testing.T, what string, got, low, high float64) {
	t.Helper()
	t.Logf("%s: %.3f", what, got)
	if got < low || got > high {
		t.Errorf("%s covers %.3f, want %.3f to %.3f", what, got, low, high)
	}
}

func expected(shift float64) float64 { return distuv.UnitNormal.CDF(shift / math.Sqrt2) }

// The table of docs/methods/statistics.md: near 95 % where folds are not small
// and the AUC is not near 1, and by how much less where they are.
func TestCVAUCCovers(t *testing.T) {
	for _, c := range []struct {
		what      string
		n         int
		shift     float64 // 1.09: AUC .78, 2.33: .95, 2.9: .98
		low, high float64
	}{
		{"5 folds of 200, AUC .78", 200, 1.09, 0.93, 0.97},
		{"5 folds of 40, AUC .78", 40, 1.09, 0.925, 0.97},
		{"5 folds of 22, AUC .78", 22, 1.09, 0.91, 0.96},
		{"5 folds of 22, AUC .95", 22, 2.33, 0.87, 0.935},
		{"5 folds of 22, AUC .98", 22, 2.9, 0.82, 0.9},
		{"5 folds of 5, AUC .78", 5, 1.09, 0.83, 0.91},
	} {
		between(t, c.what, coverage(runs, expected(c.shift), func(run int) Interval {
			return CVAUC([][]Sample{simulate(run, 5, c.n, 1, 0, c.shift)})
		}), c.low, c.high)
	}
}

func TestCVAUCCoversClusters(t *testing.T) {
	const shift = 1.09
	between(t, "groups of 3 alike cases", coverage(runs, expected(shift), func(run int) Interval {
		return CVAUC([][]Sample{simulate(run, 5, 40, 3, 0.8, shift)})
	}), 0.925, 0.975)
	// What clustering is for: the same data with every case taken as its own group.
	between(t, "the same, unclustered", coverage(runs, expected(shift), func(run int) Interval {
		folds := simulate(run, 5, 40, 3, 0.8, shift)
		for v := range folds {
			for i := range folds[v].Groups {
				folds[v].Groups[i] = strconv.Itoa(v) + "." + strconv.Itoa(i)
			}
		}
		return CVAUC([][]Sample{folds})
	}), 0.6, 0.85)
}

// Three seeds whose scores share what belongs to the case: the interval must
// cover about as often as with one seed, not shrink as if patients had tripled.
func TestCVAUCCoversWithSeeds(t *testing.T) {
	const shift, noise = 1.09, 0.3 // noise: deviation of a seed's own part
	cases := func(run int) []Sample {
		rng := draw.New("seeds", run)
		folds := make([]Sample, 5)
		for v := range folds {
			for i := range 40 {
				s := rng.NormFloat64()
				if i%2 == 0 {
					s += shift
				}
				folds[v].Scores = append(folds[v].Scores, s)
				folds[v].Positive = append(folds[v].Positive, i%2 == 0)
				folds[v].Groups = append(folds[v].Groups, strconv.Itoa(100*v+i))
			}
		}
		return folds
	}
	between(t, "three seeds", coverage(runs, expected(shift/math.Sqrt(1+noise*noise)), func(run int) Interval {
		rng := draw.New("noise", run)
		var seeds [][]Sample
		for range 3 {
			folds := cases(run)
			for _, f := range folds {
				for i := range f.Scores {
					f.Scores[i] += noise * rng.NormFloat64()
				}
			}
			seeds = append(seeds, folds)
		}
		return CVAUC(seeds)
	}), 0.925, 0.975)
}

func TestClusteredProportionsCover(t *testing.T) {
	const truth = 0.8
	data := func(run int) (values []float64, groups []string) {
		rng := draw.New("proportion", run)
		for g := range 60 {
			common := rng.Float64() < truth
			for range 3 { // half of the cases answer as their group does
				v := common
				if rng.Float64() < 0.5 {
					v = rng.Float64() < truth
				}
				x := 0.0
				if v {
					x = 1
				}
				values, groups = append(values, x), append(groups, strconv.Itoa(g))
			}
		}
		return values, groups
	}
	between(t, "clustered Wilson", coverage(runs, truth, func(run int) Interval { return ClusteredWilson(data(run)) }), 0.925, 0.98)
	between(t, "clustered mean", coverage(runs, truth, func(run int) Interval { return ClusteredMean(data(run)) }), 0.92, 0.975)
	between(t, "Wilson of cases", coverage(runs, truth, func(run int) Interval {
		values, _ := data(run)
		var sum float64
		for _, x := range values {
			sum += x
		}
		return Wilson(sum/float64(len(values)), float64(len(values)))
	}), 0.8, 0.92)
}
