package stats

import (
	"math"
	"slices"

	"magn/internal/draw"
)

// Bounds of FisherExact: how many cells are filled in listing tables before tables
// are drawn instead, and how many are drawn.
const (
	fisherCells = 5_000_000
	fisherDraws = 20_000
)

// sameTable is how much more probable than the observed a table may be and still
// count as equally so, since probabilities are rounded (as in R's fisher.test).
const sameTable = 1 + 1e-7

// FisherExact is the test of independence with given margins: the probability of
// all tables that are at most as probable as the observed (Freeman & Halton 1951,
// Biometrika 38:141). Where they are too many to list, tables are drawn with the
// given margins by key and the name says so; p is then (1 + as rare)/(1 + draws).
// Rows and columns without cases are left out; undefined where fewer than two of
// either are left.
func FisherExact(table [][]int, key string) Test {
	const exact, drawn = "Fisher exact", "Fisher, 20,000 random tables"
	t, ok := whole(table)
	if !ok {
		return noTest(exact)
	}
	f := newFisher(t)
	f.limit = math.Log(sameTable)
	for _, row := range t.cell {
		f.limit += f.weight(row)
	}
	if f.fill(0, 0, t.col[0], slices.Clone(t.row), 0) {
		return Test{exact, math.NaN(), math.NaN(), math.Min(1, f.rare/f.all)}
	}
	return Test{drawn, math.NaN(), math.NaN(), f.drawn(t, key)}
}

// fisher lists the tables of given margins. The log probability of a table is
// constant − Σ log(cell!).
type fisher struct {
	col       []int
	logs      []float64 // log n!
	constant  float64
	limit     float64 // Σ of the observed, and a little
	rare, all float64 // probability of tables at most as probable, and of all
	looked    int     // steps taken
}

func newFisher(t counts) *fisher {
	f := &fisher{col: t.col, logs: make([]float64, t.n+1)}
	for i := 2; i <= t.n; i++ {
		f.logs[i] = f.logs[i-1] + math.Log(float64(i))
	}
	f.constant = -f.logs[t.n]
	for _, margins := range [2][]int{t.row, t.col} {
		for _, m := range margins {
			f.constant += f.logs[m]
		}
	}
	return f
}

func (f *fisher) weight(cells []int) float64 {
	var w float64
	for _, x := range cells {
		w -= f.logs[x]
	}
	return w
}

// fill gives row i of column j every count that leaves the rest possible: left
// is what each row still has, todo what the column still needs, w the sum of the
// cells before. It is false where there are too many tables.
func (f *fisher) fill(j, i, todo int, left []int, w float64) bool {
	if f.looked++; f.looked > fisherCells {
		return false
	}
	if j == len(f.col)-1 { // what is left is the last column
		w += f.weight(left)
		p := math.Exp(w + f.constant)
		f.all += p
		if w <= f.limit {
			f.rare += p
		}
		return true
	}
	if i == len(left)-1 { // and in a column the last row
		if todo > left[i] {
			return true
		}
		left[i] -= todo
		ok := f.fill(j+1, 0, f.col[j+1], left, w-f.logs[todo])
		left[i] += todo
		return ok
	}
	for x := 0; x <= min(todo, left[i]); x++ {
		left[i] -= x
		ok := f.fill(j, i+1, todo-x, left, w-f.logs[x])
		left[i] += x
		if !ok {
			return false
		}
	}
	return true
}

// drawn is p by random tables: the rows' cases are dealt to the columns.
func (f *fisher) drawn(t counts, key string) float64 {
	rows := make([]int, 0, t.n)
	for i, r := range t.row {
		for range r {
			rows = append(rows, i)
		}
	}
	cells, rare := make([]int, len(t.row)*len(t.col)), 1
	for b := range fisherDraws {
		rng := draw.New("Fisher", key, b)
		rng.Shuffle(len(rows), func(a, b int) { rows[a], rows[b] = rows[b], rows[a] })
		clear(cells)
		next := 0
		for j, c := range t.col {
			for range c {
				cells[rows[next]*len(t.col)+j]++
				next++
			}
		}
		if f.weight(cells) <= f.limit {
			rare++
		}
	}
	return float64(rare) / float64(fisherDraws+1)
}
