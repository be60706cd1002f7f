package stats

import "math"

// FewDiscordant is the number of discordant pairs below which McNemar is exact.
const FewDiscordant = 25

// Paired is the comparison of two shares of right answers on the same cases.
type Paired struct {
	OnlyA, OnlyB int      // cases that A alone, B alone answers rightly: the discordant pairs
	Difference   Interval // A's share minus B's
	Test         Test     // by the rule
	Exact        float64  // p of the exact test
	MidP         float64  // the same with half of the probability of what was observed
	ChiSquare    Test     // the large-sample test
}

// McNemar compares the answers of a and b, right or wrong, to the same cases
// (McNemar 1947, Psychometrika 12:153). groups nil, or one case a group, takes
// cases as independent.
//
// The rule: with fewer than FewDiscordant discordant pairs Test is the exact one,
// otherwise the χ² one. The mid-p (Fagerland 2013, BMC Med. Res. Methodol.
// 13:91), less conservative, stands beside both.
//
// Under no difference A and B may be exchanged in each group, all its cases at
// once. So the exact p is that of Σ±d over all signs, d being how many more
// cases of the group A answers rightly than B: the binomial test where groups are
// single cases. The χ² test is (|b − c| − 1)²/(b + c) for single cases, and
// otherwise that of Obuchowski 1998 (Stat. Med. 17:1495), (Σd)²·(G−1)/(G·Σd²)
// over all G groups.
//
// The interval is Newcombe's (1998, Stat. Med. 17:2635, method 10), or for larger
// groups the difference ± z·SE, SE² = G/(G−1)·Σ(d − n·δ)²/N². p is 1 where no
// pair is discordant. Undefined without cases, and for clusters with one group.
func McNemar(a, b []bool, groups []string) Paired {
	sameLength(len(a), len(b))
	own := groups == nil
	var of []int
	g := len(a)
	if !own {
		sameLength(len(a), len(groups))
		of, g = numbered(groups)
		own = g == len(a)
	}
	var r Paired
	d, size := make([]int, g), make([]float64, g)
	right := [2]int{}
	both := 0
	for i := range a {
		k := i
		if of != nil {
			k = of[i]
		}
		size[k]++
		right[0] += class(a[i])
		right[1] += class(b[i])
		switch {
		case a[i] && !b[i]:
			r.OnlyA++
			d[k]++
		case b[i] && !a[i]:
			r.OnlyB++
			d[k]--
		case a[i]:
			both++
		}
	}
	n := len(a)
	if n == 0 || g == 1 && !own {
		r.Difference, r.Test, r.ChiSquare = undefined(), noTest("McNemar"), noTest("McNemar χ²")
		r.Exact, r.MidP = math.NaN(), math.NaN()
		return r
	}
	r.Exact, r.MidP = signFlip(d)
	if own {
		r.ChiSquare = mcNemarChiSquare(r.OnlyA, r.OnlyB)
		r.Difference = newcombe(both, r.OnlyA, r.OnlyB, n-both-r.OnlyA-r.OnlyB)
	} else {
		r.ChiSquare, r.Difference = obuchowski(d, size)
	}
	r.Test = r.ChiSquare
	if r.OnlyA+r.OnlyB < FewDiscordant {
		r.Test = Test{"McNemar exact", math.NaN(), math.NaN(), r.Exact}
		if !own {
			r.Test.Name = "clustered McNemar exact"
		}
	}
	return r
}

func mcNemarChiSquare(b, c int) Test {
	if b+c == 0 {
		return Test{"McNemar χ²", 0, 1, 1}
	}
	x := math.Max(0, math.Abs(float64(b-c))-1)
	return chiSquare("McNemar χ²", x*x/float64(b+c), 1)
}

// obuchowski is the test and the interval for groups of several cases.
func obuchowski(d []int, size []float64) (Test, Interval) {
	g := float64(len(d))
	var sum, squares, n float64
	for k, x := range d {
		sum, squares, n = sum+float64(x), squares+float64(x*x), n+size[k]
	}
	delta := sum / n
	var spread float64
	for k, x := range d {
		e := float64(x) - size[k]*delta
		spread += e * e
	}
	half := Z * math.Sqrt(g/(g-1)*spread) / n
	iv := Interval{delta, math.Max(-1, delta-half), math.Min(1, delta+half)}
	if squares == 0 {
		return Test{"clustered McNemar χ²", 0, 1, 1}, iv
	}
	return chiSquare("clustered McNemar χ²", sum*sum*(g-1)/(g*squares), 1), iv
}

// signFlip is the two-sided p of Σd when the sign of each d is a fair coin, by
// adding up the distribution of Σ±d; midP counts sums as large as the observed
// with half their probability.
func signFlip(d []int) (exact, midP float64) {
	reach, observed := 0, 0
	for _, x := range d {
		reach += max(x, -x)
		observed += x
	}
	observed = max(observed, -observed)
	p, next := make([]float64, 2*reach+1), make([]float64, 2*reach+1) // of each sum, from −reach
	p[reach] = 1
	for _, x := range d {
		x = max(x, -x)
		if x == 0 {
			continue
		}
		clear(next)
		for s, q := range p {
			if q != 0 {
				next[s-x] += q / 2
				next[s+x] += q / 2
			}
		}
		p, next = next, p
	}
	var beyond, at float64
	for s, q := range p {
		switch sum := max(s-reach, reach-s); {
		case sum > observed:
			beyond += q
		case sum == observed:
			at += q
		}
	}
	if reach == 0 {
		return 1, 1
	}
	return math.Min(1, beyond+at), beyond + at/2
}

// newcombe is the interval of a difference of paired shares from the 2×2 counts
// of both right, A only, B only and neither.
func newcombe(both, onlyA, onlyB, neither int) Interval {
	n := float64(both + onlyA + onlyB + neither)
	pa, pb := float64(both+onlyA)/n, float64(both+onlyB)/n
	a, b := Wilson(pa, n), Wilson(pb, n)
	var phi float64
	if m := float64(both+onlyA) * float64(onlyB+neither) * float64(both+onlyB) * float64(onlyA+neither); m > 0 {
		// Continuity: a positive association is taken n/2 nearer to none.
		phi = float64(both)*float64(neither) - float64(onlyA)*float64(onlyB)
		if phi > 0 {
			phi = math.Max(0, phi-n/2)
		}
		phi /= math.Sqrt(m)
	}
	delta := pa - pb
	half := func(x, y float64) float64 { return math.Sqrt(math.Max(0, x*x-2*phi*x*y+y*y)) }
	return Interval{delta, delta - half(pa-a.Low, b.High-pb), delta + half(a.High-pa, pb-b.Low)}
}
