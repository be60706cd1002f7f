package radiomics

import (
	"cmp"
	"math"
	"slices"
)

// A grey-level co-occurrence matrix says how often a voxel of level i has a
// neighbour of level j in one direction (Haralick et al., IEEE Trans SMC
// 3:610–621, 1973; IBSI reference manual, 3.6). It is kept as its cells that
// are not 0, which are never more than pairs of voxels are.

// cell is one of them: row and column as places in Grey.Levels, and how many
// pairs there are, or what they weigh.
type cell struct {
	i, j int32
	n    float64
}

// cooccurrences is one direction's matrix, or the weighted sum of several. Where
// it is symmetric, a cell off the diagonal (i < j) stands for its mirror image
// too: n is what is in each of the two.
type cooccurrences struct {
	cells     []cell
	symmetric bool
	weighted  bool // n are no counts, and may be tiny beside each other
}

// GLCM describes which grey levels lie side by side. The features are computed
// from the matrix of each direction and averaged over those that have a pair;
// with a weighting norm, from the directions' matrices summed, each times
// exp(−length²). Without a pair of neighbours in the lesion they are NaN.
//
// Where two levels are independent of each other Imc2 is 0; PyRadiomics has
// rounding errors there.
func GLCM(g *Grey, s *Options) []Feature {
	counter := newPairCounter(g, s)
	var sum glcmValues
	var weighted []cell
	n := 0
	ways := directions(g.Size, s.Distances, s.stacked())
	for _, d := range ways {
		m := counter.count(d)
		switch {
		case len(m.cells) == 0:
		case s.WeightingNorm == "":
			sum.add(m.withMCC(g))
			n++
		default:
			w := 1.0
			if s.WeightingNorm != "no_weighting" {
				mm := d.length(g.Spacing, s.WeightingNorm)
				w = math.Exp(-mm * mm)
			}
			weighted = mergeCells(weighted, m.cells, w)
		}
	}
	// Weights of far neighbours may all be rounded to 0.
	if m := (cooccurrences{weighted, s.SymmetricalGLCM, true}); m.total() > 0 {
		sum.add(m.withMCC(g))
		n++
	}
	mean := sum.dividedBy(n)
	switch {
	case len(g.Levels) > 1:
	case n > 0 || s.WeightingNorm == "" && len(ways) > 1:
		mean.mcc = 1
	default: // one matrix, of no pair: PyRadiomics sums k from 1 over nothing
		mean.inverseVariance = 0
	}
	return mean.features()
}

// pairCounter counts pairs of levels in a table where that is small, and
// otherwise lists and sorts them, so that memory is bounded by the number of
// voxels whatever the number of levels.
type pairCounter struct {
	g         *Grey
	symmetric bool
	side      int     // of the table: levels and, as 0, what is outside
	table     []int32 // nil where pairs are listed
	list      []uint64
	cells     []cell
}

// maxTable is how many cells a table may have for a small lesion; it may have
// 4 a voxel more for a large one.
const maxTable = 1 << 16

func newPairCounter(g *Grey, s *Options) *pairCounter {
	c := &pairCounter{g: g, symmetric: s.SymmetricalGLCM, side: len(g.Levels) + 1}
	if c.side*c.side <= maxTable+4*g.Count {
		c.table = make([]int32, c.side*c.side)
	}
	return c
}

// count is direction d's matrix. It is good until count is called again.
func (c *pairCounter) count(d offset) cooccurrences {
	c.cells = c.cells[:0]
	if c.table == nil {
		c.sorted(d)
	} else {
		c.tabulated(d)
	}
	return cooccurrences{c.cells, c.symmetric, false}
}

func (c *pairCounter) tabulated(d offset) {
	side := c.side
	c.g.pairs(d, func(a, b, n int) {
		from := c.g.Index[a : a+n]
		to := c.g.Index[b : b+n][:len(from)]
		for k, i := range from {
			c.table[int(i)*side+int(to[k])]++
		}
	})
	for i := 1; i < side; i++ {
		first := 1
		if c.symmetric {
			first = i
		}
		for j := first; j < side; j++ {
			n := c.table[i*side+j]
			if c.symmetric {
				n += c.table[j*side+i] // on the diagonal: the pair both ways round
			}
			if n > 0 {
				c.cells = append(c.cells, cell{int32(i - 1), int32(j - 1), float64(n)})
			}
		}
	}
	clear(c.table)
}

func (c *pairCounter) sorted(d offset) {
	c.list = c.list[:0]
	c.g.pairs(d, func(a, b, n int) {
		for k := range n {
			i, j := c.g.Index[a+k]-1, c.g.Index[b+k]-1
			if j < 0 {
				continue
			}
			if c.symmetric {
				i, j = min(i, j), max(i, j)
			}
			c.list = append(c.list, uint64(i)<<32|uint64(j))
		}
	})
	countSorted(c.list, func(x cell) {
		if c.symmetric && x.i == x.j {
			x.n *= 2
		}
		c.cells = append(c.cells, x)
	})
}

// countSorted sorts keys and calls f, in order, for each that is different: its
// upper half is the cell's row, its lower half the column.
func countSorted(keys []uint64, f func(cell)) {
	slices.Sort(keys)
	for from := 0; from < len(keys); {
		to := from
		for to < len(keys) && keys[to] == keys[from] {
			to++
		}
		f(cell{int32(keys[from] >> 32), int32(uint32(keys[from])), float64(to - from)})
		from = to
	}
}

// mergeCells is a, with b's cells times w added; both are by row and column.
func mergeCells(a, b []cell, w float64) []cell {
	out := make([]cell, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		switch order := compareCells(a, b); {
		case order < 0:
			out, a = append(out, a[0]), a[1:]
		case order > 0:
			out, b = append(out, cell{b[0].i, b[0].j, w * b[0].n}), b[1:]
		default:
			out, a, b = append(out, cell{a[0].i, a[0].j, a[0].n + w*b[0].n}), a[1:], b[1:]
		}
	}
	return out
}

// compareCells says which of the two lists' first cells comes first.
func compareCells(a, b []cell) int {
	switch {
	case len(a) == 0:
		return 1
	case len(b) == 0:
		return -1
	}
	return cmp.Or(cmp.Compare(a[0].i, b[0].i), cmp.Compare(a[0].j, b[0].j))
}

// total is the sum of all of the matrix.
func (m cooccurrences) total() float64 {
	var n float64
	for _, c := range m.cells {
		n += c.n
		if m.symmetric && c.i != c.j {
			n += c.n
		}
	}
	return n
}
