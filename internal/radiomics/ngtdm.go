package radiomics

import "math"

// NGTDM describes how voxels differ from the mean of their neighbours: the
// neighbouring grey-tone difference matrix (Amadasun and King, IEEE Trans SMC
// 19:1264–1274, 1989; IBSI manual, 3.10). Where no voxel differs Coarseness is
// 10⁶; where there is one level Contrast and Busyness are 0. A voxel without a
// neighbour in the lesion counts, with no difference; the standard leaves it
// out.
func NGTDM(g *Grey, s *Options) []Feature {
	n, difference, alone := g.toneDifferences(s)
	for k, more := range alone {
		n[k] += more
	}
	return features("ngtdm", toneFeatures(g.Levels, n, difference))
}

// toneFeatures are those of a matrix: for each level, how many voxels have it
// and how much they differ from their neighbours altogether.
func toneFeatures(levels []int32, n, difference []float64) map[string]float64 {
	var voxels, present float64
	for _, count := range n {
		voxels += count
		if count > 0 {
			present++
		}
	}
	var coarse, differences float64
	for k, d := range difference {
		coarse += n[k] / voxels * d
		differences += d
	}
	var contrast, busy, complexity, strength float64
	for k, level := range levels { // each pair of different levels counts twice
		i, pi := float64(level), n[k]/voxels
		for l, level := range levels[:k] {
			j, pj := float64(level), n[l]/voxels
			if pi == 0 || pj == 0 {
				continue
			}
			contrast += 2 * pi * pj * (i - j) * (i - j)
			busy += 2 * math.Abs(i*pi-j*pj)
			complexity += 2 * (i - j) * (pi*difference[k] + pj*difference[l]) / (pi + pj)
			strength += 2 * (pi + pj) * (i - j) * (i - j)
		}
	}
	contrast *= differences / voxels
	if present > 1 {
		contrast /= present * (present - 1)
	}
	values := map[string]float64{
		"Busyness": 0, "Coarseness": 1e6, "Complexity": complexity / voxels, "Contrast": contrast, "Strength": 0,
	}
	if busy != 0 {
		values["Busyness"] = coarse / busy
	}
	if coarse != 0 {
		values["Coarseness"] = 1 / coarse
	}
	if differences != 0 {
		values["Strength"] = strength / differences
	}
	return values
}

// toneDifferences are, for each of Levels, the number of voxels and the sum of
// their differences, without sign, from the mean of their neighbours, both of
// the voxels that have one; alone is the number of the others.
func (g *Grey) toneDifferences(s *Options) (n, difference, alone []float64) {
	sum, count := make([]int64, len(g.Level)), make([]int32, len(g.Level))
	for _, d := range directions(g.Size, s.Distances, s.stacked()) {
		g.pairs(d, func(a, b, n int) {
			la := g.Level[a : a+n]
			lb, sa, sb := g.Level[b : b+n][:len(la)], sum[a : a+n][:len(la)], sum[b : b+n][:len(la)]
			ca, cb := count[a : a+n][:len(la)], count[b : b+n][:len(la)]
			for k, level := range la {
				if other := lb[k]; other > 0 {
					sa[k] += int64(other)
					ca[k]++
					sb[k] += int64(level)
					cb[k]++
				}
			}
		})
	}
	n, difference, alone = make([]float64, len(g.Levels)), make([]float64, len(g.Levels)), make([]float64, len(g.Levels))
	g.each(func(v int) {
		k := g.Index[v] - 1
		if count[v] == 0 {
			alone[k]++
		} else {
			n[k]++
			difference[k] += math.Abs(float64(g.Level[v]) - float64(sum[v])/float64(count[v]))
		}
	})
	return n, difference, alone
}
