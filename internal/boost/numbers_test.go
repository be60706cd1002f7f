package boost

import (
	"context"
	"math"
	"testing"

	"magn/internal/testenv"
)

// numbers are cases with XGBoost's own answers for the first rows of the test
// set: XGBoost 1.7.6 from PyPI and Debian's python3-xgboost 1.7.4 alike, by
//
//	python3 testdata/peer.py DIR
//
// with DIR as peer writes it.
var numbers = []struct {
	name    string
	params  func(*Params)
	forest  bool
	margins []float64
}{
	{name: "default", params: func(*Params) {}, margins: []float64{1.16683686, 0.141623378, 0.296161711, -2.64633489, -2.30220461}},
	{name: "two threads", params: func(p *Params) { p.Threads, p.Rounds = 2, 3 }, margins: []float64{-0.0713923648, -0.0158183649, 0.323089302, -0.186939016, -0.327581108}},
	{name: "sampled", params: func(p *Params) {
		p.Subsample, p.ColsampleByTree, p.ColsampleByNode, p.Seed, p.Rounds, p.MaxDepth = 0.7, 0.8, 0.5, 7, 40, 5
	}, margins: []float64{0.878303111, 0.270235121, 0.96772325, -2.34383917, -0.849978328}},
	{name: "penalised", params: func(p *Params) {
		p.Gamma, p.Lambda, p.Alpha, p.MinChildWeight, p.ScalePosWeight, p.Eta = 0.5, 2, 0.3, 3, 2.5, 0.3
	}, margins: []float64{0.821579039, -0.518001258, 2.15362954, -2.7407465, -2.2064662}},
	{name: "hist", params: func(p *Params) { p.TreeMethod, p.MaxBin, p.Subsample, p.Seed = "hist", 64, 0.8, 3 }, margins: []float64{0.686497688, -0.62264818, 1.15035689, -3.81909227, -1.13461328}},
	{name: "hist, two threads", params: func(p *Params) { p.TreeMethod, p.Threads, p.Rounds = "hist", 2, 3 }, margins: []float64{-0.0713923648, -0.0158183649, 0.323089302, -0.186939016, -0.327581108}},
	{name: "forests boosted", params: func(p *Params) { p.NumParallelTree, p.Rounds, p.Subsample, p.Seed = 5, 4, 0.5, 11 }, margins: []float64{-0.066177167, -0.214409366, 0.25077799, -0.342655092, -0.197629839}},
	{name: "forest", params: func(p *Params) { p.Seed, p.NumParallelTree = 5, 100 }, forest: true, margins: []float64{0.759999812, 0.11999999, 0.520000041, -1.15999949, -0.599999964}},
}

func numbersCase(i int) (fit, test Matrix, p Params) {
	m := spec{name: "numbers", rows: 240, columns: 25, informative: 8, effect: 1.2, missing: 0.15}.make()
	p = Boosting()
	if numbers[i].forest {
		p = Forest(len(m.Features))
	}
	numbers[i].params(&p)
	return rows(m, 0, 160), rows(m, 160, 240), p
}

func TestMargins(t *testing.T) {
	testenv.XGBoost(t)
	noneLeft(t)
	for i, c := range numbers {
		fit, test, p := numbersCase(i)
		got := predict(t, train(t, fit, p), test)
		if d := apart(got[:len(c.margins)], c.margins); !(d <= 1e-6) || len(c.margins) == 0 {
			t.Errorf("%s: %.9g, want %.9g", c.name, got[:5], c.margins)
		}
	}
}

func TestXGBoostPeer(t *testing.T) {
	testenv.XGBoost(t)
	noneLeft(t)
	var fit, test Matrix
	var params []Params
	var models []*Model
	var files [][]byte
	for i := range numbers {
		var p Params
		fit, test, p = numbersCase(i)
		params, models = append(params, p), append(models, train(t, fit, p))
		files = append(files, bytesOf(t, models[i]))
	}
	for i, want := range peer(t, "xgboost", "xgboost", fit, test, params, files...) {
		name, model := numbers[i].name, models[i]
		t.Logf("%s: %.9g", name, want.Margins[:5])
		if d := apart(predict(t, model, test), want.Margins); !(d <= 1e-6) {
			t.Errorf("%s: margins differ by %g", name, d)
		}
		if d := apart(want.Opened, want.Margins); !(d <= 1e-6) {
			t.Errorf("%s: margins of the saved model, opened by Python, differ by %g", name, d)
		}
		for kind, w := range map[Importance][]float64{Weight: want.Weight, Gain: want.Gain, Cover: want.Cover, TotalGain: want.TotalGain, TotalCover: want.TotalCover} {
			got, err := model.Importance(context.Background(), kind)
			fatal(t, err)
			for j := range got {
				if !(math.Abs(got[j]-w[j]) <= 1e-5*math.Abs(w[j])) {
					t.Errorf("%s: %s of feature %d: %g, want %g", name, kind, j, got[j], w[j])
				}
			}
		}
	}
}

// A tree of Forest without sampling: its leaves are shares and its gains twice
// the decrease of Gini impurity, both by hand. Six rows, split at 2.5 into
// (0 0 0) and (1 1 0); the latter at 5.5 into (1 1) and (0).
func TestForestLeavesAreShares(t *testing.T) {
	testenv.XGBoost(t)
	noneLeft(t)
	m := Matrix{Features: []string{"a"}, Data: []float32{0, 1, 2, 3, 4, 7}, Labels: []int{0, 0, 0, 1, 1, 0}}
	p := Forest(1)
	p.NumParallelTree, p.Subsample, p.MaxDepth = 1, 1, 1
	model := train(t, m, p)
	margins := predict(t, model, m)
	for i, want := range []float64{0, 0, 0, 2. / 3, 2. / 3, 2. / 3} {
		if got := RandomForest.Probability(margins[i]); math.Abs(got-want) > 1e-6 {
			t.Errorf("row %d: share %g, want %g", i, got, want)
		}
	}
	// Impurity n·2s(1-s): 6·2·⅓·⅔ = 8/3 before, 3·2·⅔·⅓ = 4/3 after.
	if got, err := model.Importance(context.Background(), TotalGain); err != nil || math.Abs(got[0]-2*(8./3-4./3)) > 1e-5 {
		t.Errorf("gain %v, %v, want 8/3", got, err)
	}
	p.MaxDepth, p.ScalePosWeight = 20, 1
	for i, margin := range predict(t, train(t, m, p), m) {
		if got := RandomForest.Probability(margin); math.Abs(got-float64(m.Labels[i])) > 1e-6 {
			t.Errorf("grown out, row %d: share %g, want %d", i, got, m.Labels[i])
		}
	}
}
