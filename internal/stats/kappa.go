package stats

import "math"

// Weighting says how much a disagreement between two categories i and j of k
// counts.
type Weighting int

const (
	Unweighted Weighting = iota // every disagreement alike
	Linear                      // |i − j|
	Quadratic                   // (i − j)²
)

// disagreement of categories i and j, 0 to 1 where there are k.
func (w Weighting) disagreement(i, j, k int) float64 {
	d := math.Abs(float64(i-j)) / float64(k-1)
	switch {
	case w == Linear:
		return d
	case w == Quadratic:
		return d * d
	case i == j:
		return 0
	}
	return 1
}

// Kappa is agreement beyond chance: 1 for full agreement, 0 for chance. The
// interval is κ ± z·SE cut to [−1, 1]. P is of κ = 0, by the standard error that
// holds there.
type Kappa struct {
	Interval
	SE, P float64
}

func kappa(value, se, se0 float64) Kappa {
	k := Kappa{Interval{value, value - Z*se, value + Z*se}, se, normalP(value, se0)}
	k.Low, k.High = math.Max(-1, k.Low), math.Min(1, k.High)
	return k
}

// CohenKappa is the agreement of two raters; a[i] and b[i] are their categories
// of case i, 0 to k−1 (Cohen 1960, 1968). With groups nil cases are independent
// and the standard errors are those of Fleiss, Cohen & Everitt 1969 (Psychol.
// Bull. 72:323); otherwise a jackknife over groups gives SE. Undefined without
// cases, for a category out of range, and where chance alone agrees fully (both
// raters name one and the same category throughout).
func CohenKappa(a, b []int, k int, w Weighting, groups []string) Kappa {
	sameLength(len(a), len(b))
	value, se, se0 := cohen(a, b, k, w, nil)
	if groups != nil {
		se = JackknifeSE(groups, func(weights []int) float64 {
			v, _, _ := cohen(a, b, k, w, weights)
			return v
		})
	}
	return kappa(value, se, se0)
}

// cohen is κ with its standard error, and the one under no agreement; weights as
// in Ranked.AUC.
func cohen(a, b []int, k int, w Weighting, weights []int) (value, se, se0 float64) {
	nan := math.NaN()
	if k < 2 || !inRange(a, k) || !inRange(b, k) {
		return nan, nan, nan
	}
	p := make([]float64, k*k)
	row, col := make([]float64, k), make([]float64, k)
	var n float64
	for i := range a {
		x := 1.0
		if weights != nil {
			x = float64(weights[i])
		}
		p[a[i]*k+b[i]] += x
		row[a[i]] += x
		col[b[i]] += x
		n += x
	}
	for i := range p {
		p[i] /= n
	}
	agree := func(i, j int) float64 { return 1 - w.disagreement(i, j, k) }
	meanRow, meanCol := make([]float64, k), make([]float64, k) // mean agreement of a category with the other rater
	var observed, chance float64
	for i := range k {
		row[i] /= n
		col[i] /= n
	}
	for i := range k {
		for j := range k {
			observed += p[i*k+j] * agree(i, j)
			chance += row[i] * col[j] * agree(i, j)
			meanRow[i] += col[j] * agree(i, j)
			meanCol[j] += row[i] * agree(i, j)
		}
	}
	left := 1 - chance
	if !(left > 1e-15) {
		return nan, nan, nan
	}
	value = leftOf(observed, chance) / left
	var v, v0 float64
	for i := range k {
		for j := range k {
			m := meanRow[i] + meanCol[j]
			e := agree(i, j) - m*(1-value)
			v += p[i*k+j] * e * e
			v0 += row[i] * col[j] * (agree(i, j) - m) * (agree(i, j) - m)
		}
	}
	c := value - chance*(1-value)
	se = math.Sqrt(math.Max(0, leftOf(v, c*c))/n) / left
	se0 = math.Sqrt(math.Max(0, leftOf(v0, chance*chance))/n) / left
	return value, se, se0
}

// leftOf is a − b, without what rounding leaves of equal ones.
func leftOf(a, b float64) float64 {
	if math.Abs(a-b) < 1e-14*(math.Abs(a)+math.Abs(b)) {
		return 0
	}
	return a - b
}

func inRange(x []int, k int) bool {
	for _, v := range x {
		if v < 0 || v >= k {
			return false
		}
	}
	return true
}

// FleissKappa is the agreement of m ≥ 2 raters; ratings[i] are the categories, 0
// to k−1, that the raters gave case i, m for every case (Fleiss 1971, Psychol.
// Bull. 76:378). SE is a jackknife over groups, or cases where groups is nil; P
// rests on the standard error without agreement of Fleiss, Nee & Landis 1979
// (Psychol. Bull. 86:974). Undefined for fewer than two cases or raters, for
// cases that differ in their number of ratings, for a category out of range, and
// where all ratings are one category.
func FleissKappa(ratings [][]int, k int, groups []string) Kappa {
	if groups == nil {
		groups = eachItsOwn(len(ratings))
	}
	sameLength(len(ratings), len(groups))
	value, se0 := fleiss(ratings, k, nil)
	return kappa(value, JackknifeSE(groups, func(weights []int) float64 {
		v, _ := fleiss(ratings, k, weights)
		return v
	}), se0)
}

func fleiss(ratings [][]int, k int, weights []int) (value, se0 float64) {
	nan := math.NaN()
	if len(ratings) < 2 || k < 1 {
		return nan, nan
	}
	m := float64(len(ratings[0]))
	share := make([]float64, k)
	var n, agreeing float64
	for i, r := range ratings {
		if len(r) != len(ratings[0]) || len(r) < 2 || !inRange(r, k) {
			return nan, nan
		}
		w := 1.0
		if weights != nil {
			w = float64(weights[i])
		}
		n += w
		count := make([]float64, k)
		for _, c := range r {
			count[c]++
			share[c] += w
		}
		for _, c := range count {
			agreeing += w * c * (c - 1) / (m * (m - 1))
		}
	}
	var chance, pq, skew float64
	for _, s := range share {
		p := s / (n * m)
		chance += p * p
		pq += p * (1 - p)
		skew += p * (1 - p) * (1 - 2*p)
	}
	if !(pq > 1e-15) {
		return nan, nan
	}
	value = leftOf(agreeing/n, chance) / (1 - chance)
	return value, math.Sqrt(math.Max(0, 2*leftOf(pq*pq, skew))/(n*m*(m-1))) / pq
}
