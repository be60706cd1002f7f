package radiomics

// A size matrix says how often grey level i comes in a piece of size j: a run
// of voxels (GLRLM), a zone (GLSZM), a voxel with its dependent neighbours
// (GLDM). The three families ask the same of it.

// sizeMatrix is its cells that are not 0, by level and size: cell.i is the
// place in Grey.Levels, cell.j the size.
type sizeMatrix []cell

// sizeValues are the features of one size matrix. "High" and "low" are of grey
// level, "large" and "small" of size.
type sizeValues struct {
	small, large, low, high                          float64
	smallLow, smallHigh, largeLow, largeHigh         float64
	levelNonUniformity, levelNonUniformityNormalised float64
	sizeNonUniformity, sizeNonUniformityNormalised   float64
	levelVariance, sizeVariance, entropy, percentage float64
}

// values computes them; percentage is pieces per voxel that they cover.
// Formulas are those of the IBSI manual, sections 3.7, 3.8 and 3.11.
func (m sizeMatrix) values(levels []int32) sizeValues {
	longest := int32(0)
	for _, c := range m {
		longest = max(longest, c.j)
	}
	byLevel, bySize := make([]float64, len(levels)), make([]float64, longest+1)
	var total, voxels float64
	for _, c := range m {
		total += c.n
		voxels += c.n * float64(c.j)
		byLevel[c.i] += c.n
		bySize[c.j] += c.n
	}
	var v sizeValues
	for _, c := range m {
		p := c.n / total
		i2, j2 := float64(levels[c.i])*float64(levels[c.i]), float64(c.j)*float64(c.j)
		v.entropy += entropyTerm(p)
		v.smallLow += p / (i2 * j2)
		v.smallHigh += p * i2 / j2
		v.largeLow += p * j2 / i2
		v.largeHigh += p * i2 * j2
	}
	var meanLevel, meanSize float64
	for i, n := range byLevel {
		p, l := n/total, float64(levels[i])
		meanLevel += p * l
		v.low += p / (l * l)
		v.high += p * l * l
		v.levelNonUniformity += n * p
		v.levelNonUniformityNormalised += p * p
	}
	for j, n := range bySize {
		if n == 0 {
			continue
		}
		p, s := n/total, float64(j)
		meanSize += p * s
		v.small += p / (s * s)
		v.large += p * s * s
		v.sizeNonUniformity += n * p
		v.sizeNonUniformityNormalised += p * p
	}
	for i, n := range byLevel {
		d := float64(levels[i]) - meanLevel
		v.levelVariance += n / total * d * d
	}
	for j, n := range bySize {
		d := float64(j) - meanSize
		v.sizeVariance += n / total * d * d
	}
	v.percentage = total / voxels
	return v
}

func (v *sizeValues) list() [16]*float64 {
	return [16]*float64{
		&v.small, &v.large, &v.low, &v.high,
		&v.smallLow, &v.smallHigh, &v.largeLow, &v.largeHigh,
		&v.levelNonUniformity, &v.levelNonUniformityNormalised,
		&v.sizeNonUniformity, &v.sizeNonUniformityNormalised,
		&v.levelVariance, &v.sizeVariance, &v.entropy, &v.percentage,
	}
}

// tally is the size matrix of the lesion's voxels whose size is above 0, each
// standing for one piece.
func (g *Grey) tally(size []int32) sizeMatrix {
	largest := int32(0)
	for _, r := range g.runs {
		for _, n := range size[r.start : r.start+r.n] {
			largest = max(largest, n)
		}
	}
	var m sizeMatrix
	side := int(largest) + 1
	if len(g.Levels)*side > maxTable+4*g.Count { // then sorting takes less memory
		var pieces []uint64
		g.each(func(v int) {
			if n := size[v]; n > 0 {
				pieces = append(pieces, uint64(g.Index[v]-1)<<32|uint64(n))
			}
		})
		countSorted(pieces, func(c cell) { m = append(m, c) })
		return m
	}
	table := make([]int32, len(g.Levels)*side)
	for _, r := range g.runs {
		places := g.Index[r.start : r.start+r.n]
		for k, n := range size[r.start : r.start+r.n] {
			if n > 0 {
				table[int(places[k]-1)*side+int(n)]++
			}
		}
	}
	for k, n := range table {
		if n > 0 {
			m = append(m, cell{int32(k / side), int32(k % side), float64(n)})
		}
	}
	return m
}
