package radiomics

import (
	"math"
	"math/bits"
	"slices"
)

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
	n, difference, alone = make([]float64, len(g.Levels)), make([]float64, len(g.Levels)), make([]float64, len(g.Levels))
	add := func(v int, neighbours, sum float64) {
		k := g.Index[v] - 1
		if neighbours == 0 {
			alone[k]++
			return
		}
		n[k]++
		difference[k] += math.Abs(float64(g.Level[v]) - sum/neighbours)
	}
	all := directions(g.Size, s.Distances, s.stacked())
	most := 2 * len(all) // neighbours
	if shift := bits.Len(uint(most * g.Ng())); shift+bits.Len(uint(most)) <= 31 {
		g.packedNeighbours(all, shift, slices.Equal(s.Distances, []int{1}), s.stacked(), add)
	} else {
		g.manyNeighbours(all, add)
	}
	return n, difference, alone
}

// packedNeighbours calls add for each voxel with the number of its neighbours and
// their levels' sum. Both are kept in one number, the count from bit shift on:
// what is outside adds nothing to either, so that no branch hangs on it. near says
// that all are the neighbours at distance 1, but for those along the axis stacked.
func (g *Grey) packedNeighbours(all []offset, shift int, near bool, stacked int, add func(v int, neighbours, sum float64)) {
	one := int32(1) << shift
	around, packed := g.borrowed(0), borrow(len(g.Level))
	defer giveBack(around)
	defer giveBack(packed)
	clear(packed)
	for _, r := range g.runs {
		to := packed[r.start : r.start+r.n]
		for k, level := range g.Level[r.start : r.start+r.n] {
			to[k] = level + one
		}
	}
	if near {
		g.cubeSums(packed, around, stacked)
		all = nil
	}
	for _, d := range all {
		g.pairs(d, func(a, b, n int) {
			pa := packed[a : a+n]
			pb, sa, sb := packed[b : b+n][:len(pa)], around[a : a+n][:len(pa)], around[b : b+n][:len(pa)]
			for k, p := range pa {
				sa[k] += pb[k]
				sb[k] += p
			}
		})
	}
	for _, r := range g.runs {
		for v := r.start; v < r.start+r.n; v++ {
			add(v, float64(around[v]>>shift), float64(around[v]&(one-1)))
		}
	}
}

// cubeSums sets around to the sum of packed over the cube of 3³ voxels, or square of
// 3², about each voxel of the lesion without that itself: three along x are added
// once for all rows that they are in.
func (g *Grey) cubeSums(packed, around []int32, stacked int) {
	w, slice := g.Size[0], g.Size[0]*g.Size[1]
	along := packed
	if stacked != 2 {
		along = borrow(len(packed))
		defer giveBack(along)
		for at := 0; at < len(packed); at += w {
			row, to := packed[at:at+w], along[at:at+w]
			before, here := int32(0), row[0]
			for k, after := range row[1:] {
				to[k] = before + here + after
				before, here = here, after
			}
			to[w-1] = before + here
		}
	}
	for _, r := range g.runs {
		sum := around[r.start : r.start+r.n]
		for k, p := range packed[r.start : r.start+r.n] {
			sum[k] = -p
		}
		for z := max(r.z-1, 0); z <= min(r.z+1, g.Size[2]-1); z++ {
			for y := max(r.y-1, 0); y <= min(r.y+1, g.Size[1]-1); y++ {
				if stacked == 0 && z != r.z || stacked == 1 && y != r.y {
					continue
				}
				for k, x := range along[r.start+(y-r.y)*w+(z-r.z)*slice:][:len(sum)] {
					sum[k] += x
				}
			}
		}
	}
}

// manyNeighbours does the same where they do not fit into one number.
func (g *Grey) manyNeighbours(all []offset, add func(v int, neighbours, sum float64)) {
	sum, count := make([]int64, len(g.Level)), g.borrowed(0)
	defer giveBack(count)
	for _, d := range all {
		g.pairs(d, func(a, b, n int) {
			for k := range n {
				if other := g.Level[b+k]; other > 0 {
					sum[a+k] += int64(other)
					count[a+k]++
					sum[b+k] += int64(g.Level[a+k])
					count[b+k]++
				}
			}
		})
	}
	for _, r := range g.runs {
		for v := r.start; v < r.start+r.n; v++ {
			add(v, float64(count[v]), float64(sum[v]))
		}
	}
}
