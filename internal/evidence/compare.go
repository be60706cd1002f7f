package evidence

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"magn/internal/fault"
	"magn/internal/stats"
)

// Pair names two arms to compare: A minus B.
type Pair struct {
	A, B   string
	Family string // empty: Secondary
}

// ShareVariant begins the variant of an arm that was trained on a share of the
// training groups, in percent: share-25.
const ShareVariant = "share-"

// Families of comparisons.
const (
	Primary     = "primary"     // the one named before the study ran: not adjusted
	Secondary   = "secondary"   // adjusted for each other by Holm's method
	Descriptive = "descriptive" // not adjusted and not to be read as a test
)

// DefaultPairs are the comparisons a study makes unless it says otherwise.
// primary names the first, and where it is nil that is several views with
// attention minus the same without. Among networks follow: each set of views
// with attention minus without, the set of several views first; several views
// minus each of them alone, both without attention. Then the network (the one of
// most views, with attention where there is one) minus radiomics on the same
// views and minus each reader without help, and for each single view the network
// of it (with attention where there is one) minus radiomics of it. That the network
// knows more than an arm that sees no image, and a reader more with help, is
// described.
func DefaultPairs(arms []Arm, primary []string) []Pair {
	var own []Arm // no variants
	for _, a := range arms {
		if a.Of == "" {
			own = append(own, a)
		}
	}
	find := func(kind string, views []string, attention bool) string {
		for _, a := range own {
			if a.Kind == kind && slices.Equal(a.Views, views) && a.Attention == attention {
				return a.Name
			}
		}
		return ""
	}
	pairs := []Pair{}
	add := func(a, b, family string) {
		if a != "" && b != "" && a != b && !slices.ContainsFunc(pairs, func(p Pair) bool { return p.A == a && p.B == b || p.A == b && p.B == a }) {
			pairs = append(pairs, Pair{a, b, family})
		}
	}
	if len(primary) == 2 {
		add(primary[0], primary[1], Primary)
	}
	network := mainArm(arms)
	for _, several := range []bool{true, false} {
		for _, a := range own {
			if a.Kind != KindNetwork || (len(a.Views) > 1) != several {
				continue
			}
			if a.Attention {
				family := Secondary
				if len(pairs) == 0 && several {
					family = Primary
				}
				add(a.Name, find(a.Kind, a.Views, false), family)
			}
		}
	}
	for _, a := range own {
		if a.Kind != KindNetwork || a.Attention || len(a.Views) < 2 {
			continue
		}
		for _, v := range a.Views {
			add(a.Name, find(a.Kind, []string{v}, false), Secondary)
		}
	}
	for _, a := range own {
		switch {
		case a.Name == network:
			add(network, find(KindRadiomics, a.Views, false), Secondary)
		case a.Kind == KindReader:
			add(network, a.Name, Secondary)
		case a.Kind == KindBlind:
			add(network, a.Name, Descriptive)
		}
	}
	for _, a := range own {
		if a.Kind == KindRadiomics && len(a.Views) == 1 {
			add(cmp.Or(find(KindNetwork, a.Views, true), find(KindNetwork, a.Views, false)), a.Name, Secondary)
		}
	}
	for _, a := range arms { // a learning curve: what attention is worth with fewer patients
		for _, b := range arms {
			if a.Kind == KindNetwork && a.Attention && !b.Attention && a.Variant == b.Variant && strings.HasPrefix(a.Variant, ShareVariant) && slices.Equal(a.Views, b.Views) && b.Kind == a.Kind {
				add(a.Name, b.Name, Descriptive)
			}
		}
	}
	for _, a := range arms {
		if a.Kind == KindReader && a.Aided {
			add(a.Name, a.Of, Descriptive)
		}
	}
	return pairs
}

// compare makes the comparisons and adjusts their p for one another.
func compare(tables []*table, pairs []Pair) ([]Comparison, error) {
	byName := map[string]*table{}
	for _, t := range tables {
		byName[t.arm.Name] = t
	}
	out, ps := []Comparison{}, []float64{}
	for _, p := range pairs {
		a, b := byName[p.A], byName[p.B]
		for _, name := range [2]string{p.A, p.B} {
			if byName[name] == nil {
				return nil, &fault.Input{File: "comparison " + p.A + " − " + p.B, Found: "arm " + name, Expected: "an arm of the study"}
			}
		}
		if err := pairable(a, b); err != nil {
			return nil, err
		}
		c := difference(a, b)
		c.Family, c.Fixed, c.Seeds = cmp.Or(p.Family, Secondary), fixed(a, b), fewerSeeds(a, b)
		c.PHolm = math.NaN()
		switch c.Family {
		case Primary:
			c.PHolm = c.P
		case Secondary:
			ps = append(ps, c.P)
		}
		out = append(out, c)
	}
	adjusted := stats.Holm(ps)
	for i := range out {
		if out[i].Family == Secondary {
			out[i].PHolm, adjusted = adjusted[0], adjusted[1:]
		}
	}
	return out, nil
}

// pairable says why two arms cannot be paired.
func pairable(a, b *table) error {
	bad := &fault.Input{File: "comparison " + a.arm.Name + " − " + b.arm.Name, Do: "compare arms on the same patients only"}
	if !slices.Equal(a.seeds, b.seeds) && a.arm.Kind != KindReader && b.arm.Kind != KindReader {
		bad.Found, bad.Expected = fmt.Sprintf("seeds %v and %v", a.seeds, b.seeds), "the same seeds"
		return bad
	}
	for i := range max(len(a.cases), len(b.cases)) {
		if i < len(a.cases) && i < len(b.cases) && a.cases[i] == b.cases[i] {
			continue
		}
		bad.Found = fmt.Sprintf("%d and %d cases", len(a.cases), len(b.cases))
		if i < len(a.cases) {
			bad.Found += fmt.Sprintf("; case %s of fold %d is not in both alike", a.cases[i].id, a.cases[i].fold)
		} else {
			bad.Found += fmt.Sprintf("; case %s of fold %d is in the second only", b.cases[i].id, b.cases[i].fold)
		}
		bad.Expected = "the same cases in the same folds"
		return bad
	}
	return nil
}

// difference of the fold-mean AUCs, mean over seeds. Each of the bootstrap's
// draws takes seeds with replacement, and groups with replacement within fold
// and class (a draw without one class has no AUC); both arms share the draw,
// and all comparisons share the draws, so that A − B is exactly −(B − A).
func difference(a, b *table) Comparison {
	var strata, groups []string
	class := map[string]int{} // bit 1: a negative case, bit 2: a positive one
	for _, c := range a.cases {
		class[c.group] |= 1 << c.label
	}
	for _, c := range a.cases {
		strata = append(strata, fmt.Sprint(c.fold, " ", class[c.group]))
		groups = append(groups, c.group)
	}
	deltas := deltaAUC(a, b)
	point := mean(deltas(nil))
	draws := stats.NewResampler(strata, groups).Bootstrap(1, "comparison", func(rng *rand.Rand, weights []int, out []float64) {
		bySeed := deltas(weights)
		out[0] = 0
		for range bySeed {
			out[0] += bySeed[rng.IntN(len(bySeed))] / float64(len(bySeed))
		}
	})
	iv := stats.Percentile(point, draws[0])
	return Comparison{A: a.arm.Name, B: b.arm.Name, DeltaAUC: iv.Value, Low: iv.Low, High: iv.High, P: stats.BootstrapP(draws[0])}
}

// deltaAUC gives, for weights of the cases, the difference of the fold-mean AUCs
// under each seed. The scores are sorted once.
func deltaAUC(a, b *table) func(weights []int) []float64 {
	type fold struct {
		rows    []int
		weights []int
		ranked  [2][]*stats.Ranked // of a and b, [seed]
	}
	folds := make([]fold, len(a.folds))
	for v := range folds {
		rows := a.rows(a.folds[v])
		folds[v] = fold{rows: rows, weights: make([]int, len(rows))}
		for k, t := range [2]*table{a, b} {
			for s := range t.seeds {
				sample := t.sample(s, rows)
				folds[v].ranked[k] = append(folds[v].ranked[k], stats.Rank(sample.Scores, sample.Positive))
			}
		}
	}
	out := make([]float64, max(len(a.seeds), len(b.seeds)))
	return func(weights []int) []float64 {
		clear(out)
		for v := range folds {
			f := &folds[v]
			for k, i := range f.rows {
				f.weights[k] = 1
				if weights != nil {
					f.weights[k] = weights[i]
				}
			}
			for s := range out {
				d := bySeed(f.ranked[0], s).AUC(f.weights) - bySeed(f.ranked[1], s).AUC(f.weights)
				out[s] += d / float64(len(folds))
			}
		}
		return out
	}
}

// MinSeeds is how many trainings a claim needs: with one the procedure finds
// differences that are the noise of training (docs/methods/statistics.md).
const MinSeeds = 3

func fewerSeeds(a, b *table) int {
	n := math.MaxInt
	for _, t := range [2]*table{a, b} {
		if t.arm.Kind != KindReader {
			n = min(n, len(t.seeds))
		}
	}
	if n == math.MaxInt { // two readers: nothing was trained
		return MinSeeds
	}
	return n
}

// bySeed is what an arm says under a seed; a reader says one thing.
func bySeed[T any](of []T, seed int) T { return of[min(seed, len(of)-1)] }

func mean(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
