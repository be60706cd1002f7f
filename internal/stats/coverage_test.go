package stats

import (
	"flag"
	"math"
	"strconv"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"magn/internal/draw"
)

// How many data sets each coverage is counted over, and which ones. With 800
// the standard error of a coverage of .95 is .008.
var (
	simulations = flag.Int("simulations", 800, "simulated data sets a coverage is counted over")
	drawn       = flag.Int("simulation-seed", 1, "seed of the simulated data sets")
)

// design is how cross-validations are simulated: folds of n groups, one in
// every of them positive, each of size cases of one label that share a part of
// the score of weight share. Scores are normal with the classes shift apart,
// but a positive group is turned, below everything, with that probability.
type design struct {
	folds, n, every, size int
	share, shift, turned  float64
}

// truth is the expected AUC of every fold.
func (d design) truth() float64 { return expected(d.shift) * (1 - d.turned) }

func expected(shift float64) float64 { return distuv.UnitNormal.CDF(shift / math.Sqrt2) }

// simulate draws one cross-validation; every fold has its own score scale, as
// five models do.
func (d design) simulate(run int) []Sample {
	rng := draw.New("coverage", *drawn, run)
	out := make([]Sample, d.folds)
	for v := range out {
		scale, offset := math.Exp(rng.NormFloat64()), rng.NormFloat64()
		for g := range d.n {
			common, pos, mean := rng.NormFloat64(), g%d.every == 0, 0.0
			if pos {
				mean = d.shift
				if rng.Float64() < d.turned {
					mean = -1e6
				}
			}
			for range d.size {
				s := mean + math.Sqrt(d.share)*common + math.Sqrt(1-d.share)*rng.NormFloat64()
				out[v].Scores = append(out[v].Scores, offset+scale*s)
				out[v].Positive = append(out[v].Positive, pos)
				out[v].Groups = append(out[v].Groups, strconv.Itoa(v)+"/"+strconv.Itoa(g))
			}
		}
	}
	return out
}

// coverage is the share of runs whose interval holds truth.
func coverage(truth float64, interval func(run int) Interval) float64 {
	var in float64
	for run := range *simulations {
		if iv := interval(run); iv.Low <= truth && truth <= iv.High {
			in++
		}
	}
	return in / float64(*simulations)
}

func between(t *testing.T, what string, got, low, high float64) {
	t.Helper()
	t.Logf("%s: %.3f", what, got)
	if got < low || got > high {
		t.Errorf("%s covers %.3f, want %.3f to %.3f", what, got, low, high)
	}
}

// The table of docs/methods/statistics.md. Beside the coverage stand how often
// the truth was below and above the interval, what AUC ± z·SE cut to [0, 1]
// would have covered, the intervals' mean width, and how often there was no
// standard error.
func TestCVAUCCovers(t *testing.T) {
	t.Logf("%d data sets, seed %d", *simulations, *drawn)
	t.Logf("%-44s %6s  %6s %6s  %6s %6s %6s", "", "covers", "below", "above", "AUC±zSE", "width", "no SE")
	for _, c := range []struct {
		what      string
		d         design
		low, high float64
	}{
		{"5 folds of 200, AUC .78", design{5, 200, 2, 1, 0, 1.09, 0}, 0.925, 0.975},
		{"5 folds of 40, AUC .78", design{5, 40, 2, 1, 0, 1.09, 0}, 0.925, 0.975},
		{"5 folds of 22, AUC .78", design{5, 22, 2, 1, 0, 1.09, 0}, 0.925, 0.975},
		{"5 folds of 22, AUC .95", design{5, 22, 2, 1, 0, 2.33, 0}, 0.925, 0.975},
		{"5 folds of 22, AUC .98", design{5, 22, 2, 1, 0, 2.9, 0}, 0.95, 0.995},
		{"5 folds of 22, AUC .995", design{5, 22, 2, 1, 0, 3.64, 0}, 0.95, 0.995},
		{"5 folds of 22, 2 % of the positive turned", design{5, 22, 2, 1, 0, 8, 0.02}, 0.95, 0.995},
		{"5 folds of 22, 5 % of the positive turned", design{5, 22, 2, 1, 0, 8, 0.05}, 0.915, 0.97},
		{"5 folds of 22, 4 positive, AUC .78", design{5, 22, 6, 1, 0, 1.09, 0}, 0.9, 0.955},
		{"5 folds of 22, 4 positive, AUC .95", design{5, 22, 6, 1, 0, 2.33, 0}, 0.905, 0.96},
		{"5 folds of 5, AUC .78", design{5, 5, 2, 1, 0, 1.09, 0}, 0.915, 0.97},
		{"5 folds of 5, AUC .95", design{5, 5, 2, 1, 0, 2.33, 0}, 0.925, 0.98},
		{"1 fold of 22, AUC .5", design{1, 22, 2, 1, 0, 0, 0}, 0.93, 0.985},
		{"1 fold of 22, AUC .78", design{1, 22, 2, 1, 0, 1.09, 0}, 0.93, 0.98},
		{"1 fold of 22, AUC .95", design{1, 22, 2, 1, 0, 2.33, 0}, 0.95, 0.995},
		{"1 fold of 22, AUC .98", design{1, 22, 2, 1, 0, 2.9, 0}, 0.945, 0.995},
		{"1 fold of 22, 4 positive, AUC .78", design{1, 22, 6, 1, 0, 1.09, 0}, 0.89, 0.955},
		{"1 fold of 22, 1 positive, AUC .78", design{1, 22, 22, 1, 0, 1.09, 0}, 0.95, 1},
	} {
		truth := c.d.truth()
		var below, above, wald, width, zero float64
		for run := range *simulations {
			data := [][]Sample{c.d.simulate(run)}
			e, iv := influenceCurve(data), CVAUC(data)
			if e.se == 0 {
				zero++
			}
			if cut := around(e.auc, Z*e.se); cut.Low <= truth && truth <= cut.High {
				wald++
			}
			if truth < iv.Low {
				below++
			}
			if truth > iv.High {
				above++
			}
			width += iv.High - iv.Low
		}
		n := float64(*simulations)
		got := 1 - (below+above)/n
		t.Logf("%-44s %6.3f  %6.3f %6.3f  %6.3f %6.3f %6.3f", c.what, got, below/n, above/n, wald/n, width/n, zero/n)
		if got < c.low || got > c.high {
			t.Errorf("%s covers %.3f, want %.3f to %.3f", c.what, got, c.low, c.high)
		}
	}
}

func TestCVAUCCoversClusters(t *testing.T) {
	d := design{5, 40, 2, 3, 0.8, 1.09, 0}
	between(t, "groups of 3 alike cases", coverage(d.truth(), func(run int) Interval {
		return CVAUC([][]Sample{d.simulate(run)})
	}), 0.925, 0.975)
	// What clustering is for: the same data with every case taken as its own group.
	between(t, "the same, unclustered", coverage(d.truth(), func(run int) Interval {
		folds := d.simulate(run)
		for v := range folds {
			for i := range folds[v].Groups {
				folds[v].Groups[i] = strconv.Itoa(v) + "." + strconv.Itoa(i)
			}
		}
		return CVAUC([][]Sample{folds})
	}), 0.6, 0.85)
}

func TestCVAUCCoversWithSeeds(t *testing.T) {
	const shift, noise = 1.09, 0.3 // noise: deviation of a seed's own part
	cases := func(run int) []Sample {
		rng := draw.New("seeds", *drawn, run)
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
	between(t, "three seeds", coverage(expected(shift/math.Sqrt(1+noise*noise)), func(run int) Interval {
		rng := draw.New("noise", *drawn, run)
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
		rng := draw.New("proportion", *drawn, run)
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
	between(t, "clustered Wilson", coverage(truth, func(run int) Interval { return ClusteredWilson(data(run)) }), 0.925, 0.98)
	between(t, "clustered mean", coverage(truth, func(run int) Interval { return ClusteredMean(data(run)) }), 0.92, 0.975)
	between(t, "Wilson of cases", coverage(truth, func(run int) Interval {
		values, _ := data(run)
		var sum float64
		for _, x := range values {
			sum += x
		}
		return Wilson(sum/float64(len(values)), float64(len(values)))
	}), 0.8, 0.92)
}
