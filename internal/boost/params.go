package boost

import (
	"fmt"
	"math"
	"strconv"

	"magn/internal/fault"
)

// Params say how trees grow: XGBoost's parameters, under its names in JSON. All
// of them are handed over, so that no default of the library decides anything.
// The objective is binary:logistic from a base score of 0.5, a margin of 0.
type Params struct {
	TreeMethod      string  `json:"tree_method"`       // exact: every split; hist: splits between MaxBin quantiles, for tens of thousands of rows
	Rounds          int     `json:"rounds"`            // boosting rounds, 1 to 100000
	NumParallelTree int     `json:"num_parallel_tree"` // trees a round, 1 to 100000; more than one makes a forest of each round
	Eta             float64 `json:"eta"`               // learning rate, (0, 1]
	MaxDepth        int     `json:"max_depth"`         // 1 to 30
	MinChildWeight  float64 `json:"min_child_weight"`  // least sum of p(1-p) over a leaf's rows, 0 or more
	Gamma           float64 `json:"gamma"`             // least gain of a split, 0 or more
	Lambda          float64 `json:"lambda"`            // L2 penalty on leaves, 0 or more
	Alpha           float64 `json:"alpha"`             // L1 penalty on leaves, 0 or more
	Subsample       float64 `json:"subsample"`         // share of the rows that each tree sees, drawn without replacement, (0, 1]
	ColsampleByTree float64 `json:"colsample_bytree"`  // share of the features drawn for each tree, (0, 1]
	ColsampleByNode float64 `json:"colsample_bynode"`  // share of those drawn for each split, (0, 1]
	ScalePosWeight  float64 `json:"scale_pos_weight"`  // weight of a positive case, above 0
	MaxBin          int     `json:"max_bin"`           // of hist, 2 to 65535
	Seed            uint32  `json:"seed"`
	Threads         int     `json:"nthread"` // 1 to 1024
}

// Boosting is gradient boosting for some hundreds of cases: 100 rounds at 0.1 of
// trees 3 deep, which are the defaults of scikit-learn's
// GradientBoostingClassifier, and XGBoost's own for the rest (no sampling,
// lambda 1, min_child_weight 1).
func Boosting() Params {
	return Params{
		TreeMethod: "exact", Rounds: 100, NumParallelTree: 1, Eta: 0.1, MaxDepth: 3, MinChildWeight: 1, Lambda: 1,
		Subsample: 1, ColsampleByTree: 1, ColsampleByNode: 1, ScalePosWeight: 1, MaxBin: 256, Threads: 1,
	}
}

// Forest is a random forest of 500 trees over so many features: one round, .632
// of the rows a tree (as many different ones as a bootstrap has), √features
// a split, no penalty, 20 deep, which for some hundreds of cases is until the
// leaves are pure.
//
// Without penalty and from a margin of 0 a leaf with share s of positive rows has
// the value 4(s-½), and a split gains twice its rows' decrease of Gini impurity.
// So the mean of the trees' shares is ½+margin/4 (see Forest's Probability), and
// TotalGain ranks features as Breiman's importance does.
func Forest(features int) Params {
	p := Boosting()
	p.Rounds, p.NumParallelTree, p.Eta, p.MaxDepth = 1, 500, 1, 20
	p.MinChildWeight, p.Lambda, p.Subsample = 0, 0, 0.632
	if features > 0 {
		// XGBoost cuts share × features down to a whole number; half a feature
		// more keeps rounding from taking one away.
		p.ColsampleByNode = min(1, (math.Floor(math.Sqrt(float64(features)))+0.5)/float64(features))
	}
	return p
}

// Check says which parameter is outside its range, as a *fault.Input.
func (p Params) Check() error {
	if p.TreeMethod != "exact" && p.TreeMethod != "hist" {
		return badParam("tree_method", strconv.Quote(p.TreeMethod), "exact or hist")
	}
	for _, w := range []struct {
		name          string
		value, lo, hi int
	}{
		{"rounds", p.Rounds, 1, 100000},
		{"num_parallel_tree", p.NumParallelTree, 1, 100000},
		{"rounds × num_parallel_tree", p.Rounds * p.NumParallelTree, 1, 1000000},
		{"max_depth", p.MaxDepth, 1, 30},
		{"max_bin", p.MaxBin, 2, 65535},
		{"nthread", p.Threads, 1, 1024},
	} {
		if w.value < w.lo || w.value > w.hi {
			return badParam(w.name, fmt.Sprint(w.value), fmt.Sprintf("%d to %d", w.lo, w.hi))
		}
	}
	for _, w := range []struct {
		name  string
		value float64
		zero  bool // may be 0
		hi    float64
	}{
		{"eta", p.Eta, false, 1},
		{"subsample", p.Subsample, false, 1},
		{"colsample_bytree", p.ColsampleByTree, false, 1},
		{"colsample_bynode", p.ColsampleByNode, false, 1},
		{"scale_pos_weight", p.ScalePosWeight, false, 1e6},
		{"min_child_weight", p.MinChildWeight, true, 1e9},
		{"gamma", p.Gamma, true, 1e9},
		{"lambda", p.Lambda, true, 1e9},
		{"alpha", p.Alpha, true, 1e9},
	} {
		// Written so that NaN fails.
		if !(w.value > 0 || w.zero && w.value == 0) || w.value > w.hi {
			bound := "above 0"
			if w.zero {
				bound = "0 or more"
			}
			return badParam(w.name, fmt.Sprint(w.value), fmt.Sprintf("%s and at most %g", bound, w.hi))
		}
	}
	return nil
}

// pairs are XGBoost's names and values; rounds are not among them.
func (p Params) pairs() [][2]string {
	real := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	return [][2]string{
		{"booster", "gbtree"},
		{"objective", "binary:logistic"},
		{"base_score", "0.5"},
		{"tree_method", p.TreeMethod},
		{"num_parallel_tree", strconv.Itoa(p.NumParallelTree)},
		{"eta", real(p.Eta)},
		{"max_depth", strconv.Itoa(p.MaxDepth)},
		{"min_child_weight", real(p.MinChildWeight)},
		{"gamma", real(p.Gamma)},
		{"lambda", real(p.Lambda)},
		{"alpha", real(p.Alpha)},
		{"subsample", real(p.Subsample)},
		{"colsample_bytree", real(p.ColsampleByTree)},
		{"colsample_bynode", real(p.ColsampleByNode)},
		{"scale_pos_weight", real(p.ScalePosWeight)},
		{"max_bin", strconv.Itoa(p.MaxBin)},
		{"seed", strconv.FormatUint(uint64(p.Seed), 10)},
		{"nthread", strconv.Itoa(p.Threads)},
	}
}

func badParam(field, found, expected string) error {
	return &fault.Input{File: "boosting parameters", Field: field, Found: found, Expected: expected}
}
