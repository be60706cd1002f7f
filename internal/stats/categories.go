package stats

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// CompareCategories tests whether a category differs between groups of
// independent cases, table[category][group] being counts, by Cochran's rule
// (1954, Biometrics 10:417): Pearson's χ² where no expected count is below 1 and
// at most a fifth are below 5 (so, in a 2×2 table, none), otherwise Fisher's. key
// is for the random tables that a large one needs, see FisherExact.
func CompareCategories(table [][]int, key string) Test {
	t, ok := whole(table)
	if !ok {
		return noTest("χ²")
	}
	var few, cells int
	least := math.Inf(1)
	for _, row := range t.expected() {
		for _, e := range row {
			cells++
			least = math.Min(least, e)
			if e < 5 {
				few++
			}
		}
	}
	if least < 1 || 5*few > cells {
		return FisherExact(table, key)
	}
	return ChiSquare(table)
}

// ChiSquare is Pearson's test of independence, without a continuity correction.
// Rows and columns without cases are left out; undefined where fewer than two of
// either are left, and for a negative count.
func ChiSquare(table [][]int) Test {
	t, ok := whole(table)
	if !ok {
		return noTest("χ²")
	}
	var x float64
	for i, row := range t.expected() {
		for j, e := range row {
			x += square(float64(t.cell[i][j])-e) / e
		}
	}
	return chiSquare("χ²", x, float64((len(t.row)-1)*(len(t.col)-1)))
}

// counts is a table without empty rows and columns, with its margins.
type counts struct {
	cell     [][]int
	row, col []int
	n        int
}

func whole(table [][]int) (counts, bool) {
	var t counts
	if len(table) == 0 {
		return t, false
	}
	col := make([]int, len(table[0]))
	for _, row := range table {
		sameLength(len(row), len(col))
		for j, x := range row {
			if x < 0 {
				return t, false
			}
			col[j] += x
		}
	}
	for _, row := range table {
		var kept []int
		sum := 0
		for j, x := range row {
			if col[j] > 0 {
				kept = append(kept, x)
				sum += x
			}
		}
		if sum > 0 {
			t.cell, t.row = append(t.cell, kept), append(t.row, sum)
			t.n += sum
		}
	}
	for _, c := range col {
		if c > 0 {
			t.col = append(t.col, c)
		}
	}
	return t, len(t.row) > 1 && len(t.col) > 1
}

func (t counts) expected() [][]float64 {
	out := make([][]float64, len(t.row))
	for i, r := range t.row {
		out[i] = make([]float64, len(t.col))
		for j, c := range t.col {
			out[i][j] = float64(r) * float64(c) / float64(t.n)
		}
	}
	return out
}

// CategoryDifference is the standardised difference of two groups in a category
// of several levels, from table[category][group] with two columns: √(d'S⁻¹d),
// where d is the difference of the shares of all levels but one and S the mean of
// the two multinomial covariances (Yang & Dalton 2012, SAS Global Forum, 335). For
// two levels it is |p₁ − p₂|/√(mean of p(1−p)). NaN for an empty group and where
// S has no inverse (no level is in both groups).
func CategoryDifference(table [][]int) float64 {
	t, ok := whole(table)
	if len(t.row) == 1 && len(t.col) == 2 {
		return 0 // one level, in both groups
	}
	if !ok || len(t.col) != 2 {
		return math.NaN()
	}
	k := len(t.row) - 1
	d, s := mat.NewVecDense(k, nil), mat.NewSymDense(k, nil)
	share := func(i, g int) float64 { return float64(t.cell[i][g]) / float64(t.col[g]) }
	for i := range k {
		d.SetVec(i, share(i, 0)-share(i, 1))
		for j := i; j < k; j++ {
			var v float64
			for g := range 2 {
				v -= share(i, g) * share(j, g) / 2
				if i == j {
					v += share(i, g) / 2
				}
			}
			s.SetSym(i, j, v)
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(s) || chol.Cond() > 1e12 {
		return math.NaN()
	}
	var x mat.VecDense
	if err := chol.SolveVecTo(&x, d); err != nil {
		return math.NaN()
	}
	return math.Sqrt(mat.Dot(d, &x))
}
