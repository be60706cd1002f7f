package radiomics

// GLRLM describes runs: voxels of one grey level in a line, in the 13 directions
// to neighbours (4 in slices). The grey-level run-length matrix (Galloway, CGIP
// 4:172–179, 1975; IBSI manual, 3.7). Features are computed from each
// direction's matrix and averaged; with a weighting norm, from the matrices
// summed, each times the length of a step in millimetres. A direction in which
// no line meets the lesion twice is left out; where that is all of them, or the
// lesion is one voxel, they are NaN.
func GLRLM(g *Grey, s *Options) []Feature {
	var sum, v sizeValues
	n := 0.0
	length := borrow(len(g.Index))
	defer giveBack(length)
	var weighted sizeMatrix
	ways := directions(g.Size, nil, s.stacked())
	for _, d := range ways {
		var m sizeMatrix
		if g.meetsTwice(d) {
			m = g.runLengths(d, length)
		}
		switch {
		case len(m) == 0:
		case s.WeightingNorm == "":
			v = m.values(g.Levels)
			to := v.list()
			for k, x := range sum.list() {
				*x += *to[k]
			}
			n++
		default:
			w := 1.0
			if s.WeightingNorm != "no_weighting" {
				w = d.length(g.Spacing, s.WeightingNorm)
			}
			weighted = mergeCells(weighted, m, w)
		}
	}
	if len(weighted) > 0 {
		sum, n = weighted.values(g.Levels), 1
	}
	for _, x := range sum.list() {
		*x /= n
	}
	if n == 0 && (s.WeightingNorm != "" || len(ways) == 1) { // one matrix, of no run: PyRadiomics sums these over nothing
		sum.entropy, sum.sizeVariance = 0, 0
	}
	v = sum
	return features("glrlm", map[string]float64{
		"GrayLevelNonUniformity":           v.levelNonUniformity,
		"GrayLevelNonUniformityNormalized": v.levelNonUniformityNormalised,
		"GrayLevelVariance":                v.levelVariance,
		"HighGrayLevelRunEmphasis":         v.high,
		"LongRunEmphasis":                  v.large,
		"LongRunHighGrayLevelEmphasis":     v.largeHigh,
		"LongRunLowGrayLevelEmphasis":      v.largeLow,
		"LowGrayLevelRunEmphasis":          v.low,
		"RunEntropy":                       v.entropy,
		"RunLengthNonUniformity":           v.sizeNonUniformity,
		"RunLengthNonUniformityNormalized": v.sizeNonUniformityNormalised,
		"RunPercentage":                    v.percentage,
		"RunVariance":                      v.sizeVariance,
		"ShortRunEmphasis":                 v.small,
		"ShortRunHighGrayLevelEmphasis":    v.smallHigh,
		"ShortRunLowGrayLevelEmphasis":     v.smallLow,
	})
}

// runLengths is direction d's matrix. length is scratch, one a voxel of the box: that of the run
// up to a voxel, negative where the run goes on. A voxel's neighbour in
// direction d comes after it in storage, so that one pass sees every run grow to
// its end.
func (g *Grey) runLengths(d offset, length []int32) sizeMatrix {
	for _, r := range g.runs {
		for v := r.start; v < r.start+r.n; v++ {
			length[v] = 1
		}
	}
	g.pairs(d, func(a, b, n int) {
		ia := g.Index[a : a+n]
		ib, la, lb := g.Index[b : b+n][:len(ia)], length[a : a+n][:len(ia)], length[b : b+n][:len(ia)]
		for k, i := range ia {
			if i == ib[k] {
				lb[k] = la[k] + 1
				la[k] = -la[k]
			}
		}
	})
	return g.tally(length)
}

// meetsTwice says whether a line in direction d meets the lesion twice. A line
// is known by where it enters the box; nearly always two neighbours are found
// at once.
func (g *Grey) meetsTwice(d offset) bool {
	touching := false
	g.pairs(d, func(_, b, n int) {
		for k := 0; k < n && !touching; k++ {
			touching = g.Index[b+k] > 0
		}
	})
	if touching {
		return true
	}
	step := d[0] + g.Size[0]*(d[1]+g.Size[1]*d[2])
	met, twice := make([]bool, len(g.Index)), false
	g.each(func(v int) {
		back := len(g.Index)
		for axis, at := range g.position(v) {
			switch {
			case d[axis] > 0:
				back = min(back, at/d[axis])
			case d[axis] < 0:
				back = min(back, (g.Size[axis]-1-at)/-d[axis])
			}
		}
		entry := v - back*step
		twice = twice || met[entry]
		met[entry] = true
	})
	return twice
}
