package stats

import "math"

// Sample is one test fold: Scores[i], Positive[i] and Groups[i] are of case i.
type Sample struct {
	Scores   []float64
	Positive []bool
	Groups   []string
}

// CVAUC is the cross-validated AUC, the mean of the folds' AUCs, with an
// interval from its influence curve clustered by group. seeds[s][v] is fold v
// under seed s; all seeds have the same cases in the same folds, and a group
// lies in one fold. One fold is the AUC of that fold. Undefined where a fold
// lacks a class.
//
// The standard error (see influenceCurve) is that of LeDell 2015. The interval
// is taken on the logit scale by the delta method,
//
//	logit(AUC) ± z·SE/(AUC·(1 − AUC)), transformed back
//
// (as Pohar Perme & Manevski 2018, doi 10.1177/0962280218814556, advise for one
// sample), since AUC ± z·SE leaves the truth out too often near 1.
//
// The influence curve tells no variance where it is zero (folds separated
// completely, or all scores tied) and where no fold has two groups of either
// class. The interval is then Clopper and Pearson's for the AUC as a proportion
// of k answers, k being the number of pairs of a positive and a negative group
// of one fold that have no group in common. After complete separation that is
// (α/2)^(1/k) to 1, and holds whatever the scores' distribution: each of the k
// independent pairs is then in order, which has a probability of at most AUC^k.
func CVAUC(seeds [][]Sample) Interval {
	e := influenceCurve(seeds)
	switch {
	case math.IsNaN(e.auc):
		return undefined()
	case e.se == 0 || e.most < 2:
		return ClopperPearson(e.auc, float64(e.pairs))
	}
	centre, half := math.Log(e.auc/(1-e.auc)), Z*e.se/(e.auc*(1-e.auc))
	return Interval{e.auc, math.Min(e.auc, expit(centre-half)), math.Max(e.auc, expit(centre+half))} // min, max: rounding
}

func expit(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// estimate is what the influence curve says of a cross-validated AUC.
type estimate struct {
	auc, se     float64
	pairs, most int // pairs of groups without a common one: over all folds, and in the fold with most
}

// influenceCurve is the mean AUC and its standard error clustered by group:
// LeDell, Petersen & van der Laan 2015, Electron. J. Stat. 9:1583,
// as ci.pooled.cvAUC of the R package cvAUC computes it. With one case a group
// it is ci.cvAUC. The influence of case i in fold v is
//
//	ic_i = (n/n₁)·(placement_i − AUC_v)   for a positive case
//	ic_i = (n/n₀)·(placement_i − AUC_v)   for a negative one
//
// with n, n₁, n₀ the cases over all folds. A group's is the sum of its cases'
// over τ (the mean number of cases a group), averaged over seeds: models of
// several seeds answer for the same patients, so seeds add no patients. Then
// σ² = mean over folds of the mean over groups of its square, and
// SE = √(σ²/groups). Two things differ from the R package: tied scores count
// half in the placements as they do in the AUC, and there may be seeds.
func influenceCurve(seeds [][]Sample) estimate {
	if len(seeds) == 0 || len(seeds[0]) == 0 {
		return estimate{auc: math.NaN()}
	}
	var e estimate
	influence := make([]map[string]float64, len(seeds[0]))
	order := make([][]string, len(seeds[0])) // groups as first seen: sums must not depend on a map's order
	for _, folds := range seeds {
		sameLength(len(folds), len(seeds[0]))
		n, pos, groups := count(folds)
		tau := float64(n) / float64(groups)
		for v, f := range folds {
			auc := AUC(f.Scores, f.Positive)
			if math.IsNaN(auc) {
				return estimate{auc: math.NaN()}
			}
			e.auc += auc // divided at the end, so that the mean of ones is 1
			if influence[v] == nil {
				influence[v] = map[string]float64{}
			}
			for i, p := range Placements(f.Scores, f.Positive) {
				g := f.Groups[i]
				if _, ok := influence[v][g]; !ok {
					order[v] = append(order[v], g)
				}
				size := n - pos
				if f.Positive[i] {
					size = pos
				}
				influence[v][g] += float64(n) / float64(size) * (p - auc) / tau / float64(len(seeds))
			}
		}
	}
	e.auc /= float64(len(seeds) * len(seeds[0]))
	var sigma2 float64
	var groups int
	for v := range order {
		var sum float64
		for _, g := range order[v] {
			sum += influence[v][g] * influence[v][g]
		}
		sigma2 += sum / float64(len(order[v])) / float64(len(order))
		groups += len(order[v])
		k := pairs(seeds[0][v])
		e.pairs, e.most = e.pairs+k, max(e.most, k)
	}
	if sigma2 > 1e-24 { // less is what rounding leaves of sums that cancel
		e.se = math.Sqrt(sigma2 / float64(groups))
	}
	return e
}

// count gives the cases, the positive ones and the groups of one seed's folds.
func count(folds []Sample) (n, pos, groups int) {
	for _, f := range folds {
		sameLength(len(f.Scores), len(f.Positive), len(f.Groups))
		seen := map[string]bool{}
		for i := range f.Scores {
			n++
			pos += class(f.Positive[i])
			seen[f.Groups[i]] = true
		}
		groups += len(seen)
	}
	return n, pos, groups
}

// pairs is the largest number of pairs of a group with a positive case and
// a group with a negative one in which no group occurs twice. A group with
// both can stand on either side, not on both.
func pairs(f Sample) int {
	var of [2]map[string]bool // groups with a negative, a positive case
	all := map[string]bool{}
	for c := range of {
		of[c] = map[string]bool{}
	}
	for i, g := range f.Groups {
		of[class(f.Positive[i])][g], all[g] = true, true
	}
	return min(len(of[0]), len(of[1]), len(all)/2)
}
