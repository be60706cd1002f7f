package radiomics

// matricesOf are a texture's matrices, one row a slice (or one for the whole
// lesion), in a row one a direction. The manual puts them together in several
// ways (section 3.6.2): features are averaged over all of them, or over what is
// left when a slice's directions, a direction's slices, or all are merged.
type matricesOf[M ~[]C, C any] [][]M

// bySlice merges the directions within each slice.
func (m matricesOf[M, C]) bySlice(merge func(a, b M) M) []M {
	var out []M
	for _, slice := range m {
		var sum M
		for _, one := range slice {
			sum = merge(sum, one)
		}
		out = append(out, sum)
	}
	return out
}

// byDirection merges the slices of each direction.
func (m matricesOf[M, C]) byDirection(merge func(a, b M) M) []M {
	var out []M
	for k := range m[0] {
		var sum M
		for _, slice := range m {
			sum = merge(sum, slice[k])
		}
		out = append(out, sum)
	}
	return out
}

func (m matricesOf[M, C]) every() []M {
	var out []M
	for _, slice := range m {
		out = append(out, slice...)
	}
	return out
}

// aggregated calls f with the matrices of each of the manual's ways.
func aggregated[M ~[]C, C any](flat, space matricesOf[M, C], merge func(a, b M) M, f func(suffix string, m []M)) {
	f("_2D_avg", flat.every())
	f("_2D_comb", flat.bySlice(merge))
	f("_2_5D_avg", flat.byDirection(merge))
	f("_2_5D_comb", matricesOf[M, C]{flat.byDirection(merge)}.bySlice(merge))
	f("_3D_avg", space.every())
	f("_3D_comb", space.bySlice(merge))
}

func addCells(a, b []cell) []cell { return mergeCells(a, b, 1) }

// cooccurrence adds the grey-level co-occurrence features (section 3.6).
func (f *ibsiFeatures) cooccurrence(g *Grey) {
	counter := newPairCounter(g, &Options{SymmetricalGLCM: true})
	count := func(one *Grey, directions []offset) (row [][]cell) {
		counter.g = one
		for _, d := range directions {
			row = append(row, append([]cell(nil), counter.count(d).cells...))
		}
		return row
	}
	var flat matricesOf[[]cell, cell]
	for _, one := range g.slices() {
		flat = append(flat, count(one, inPlane))
	}
	space := matricesOf[[]cell, cell]{count(g, inSpace)}
	aggregated(flat, space, addCells, func(suffix string, matrices [][]cell) {
		var v glcmValues
		n := 0
		for _, m := range matrices {
			if len(m) > 0 {
				v.add(cooccurrences{cells: m, symmetric: true}.values(g))
				n++
			}
		}
		v = v.dividedBy(n)
		for _, x := range []struct {
			name  string
			value float64
		}{
			{"joint_max", v.maximum},
			{"joint_avg", v.average},
			{"joint_var", v.sumSquares},
			{"joint_entr", v.entropy},
			{"diff_avg", v.differenceAverage},
			{"diff_var", v.differenceVariance},
			{"diff_entr", v.differenceEntropy},
			{"sum_avg", v.sumAverage},
			{"sum_var", v.tendency},
			{"sum_entr", v.sumEntropy},
			{"energy", v.energy},
			{"contrast", v.contrast},
			{"dissimilarity", v.differenceAverage},
			{"inv_diff", v.id},
			{"inv_diff_norm", v.idn},
			{"inv_diff_mom", v.idm},
			{"inv_diff_mom_norm", v.idmn},
			{"inv_var", v.inverseVariance},
			{"corr", v.correlation},
			{"auto_corr", v.autocorrelation},
			{"clust_tend", v.tendency},
			{"clust_shade", v.shade},
			{"clust_prom", v.prominence},
			{"info_corr1", v.imc1},
			{"info_corr2", v.imc2},
		} {
			f.add("cm", x.name+suffix, x.value)
		}
	})
}

// inPlane and inSpace are the directions to the neighbours of a voxel in its
// slice and in space: half of them.
var (
	inPlane = directions([3]int{2, 2, 2}, nil, 0)
	inSpace = directions([3]int{2, 2, 2}, nil, -1)
)

// sizeNames are the tags' parts of a size matrix's features, in the order of
// sizeValues.list: those of run lengths, size zones, distance zones and
// neighbouring dependence.
var sizeNames = map[string][16]string{
	"rlm": {
		"sre", "lre", "lgre", "hgre", "srlge", "srhge", "lrlge", "lrhge",
		"glnu", "glnu_norm", "rlnu", "rlnu_norm", "gl_var", "rl_var", "rl_entr", "r_perc",
	},
	"szm": {
		"sze", "lze", "lgze", "hgze", "szlge", "szhge", "lzlge", "lzhge",
		"glnu", "glnu_norm", "zsnu", "zsnu_norm", "gl_var", "zs_var", "zs_entr", "z_perc",
	},
	"dzm": {
		"sde", "lde", "lgze", "hgze", "sdlge", "sdhge", "ldlge", "ldhge",
		"glnu", "glnu_norm", "zdnu", "zdnu_norm", "gl_var", "zd_var", "zd_entr", "z_perc",
	},
	"ngl": {
		"lde", "hde", "lgce", "hgce", "ldlge", "ldhge", "hdlge", "hdhge",
		"glnu", "glnu_norm", "dcnu", "dcnu_norm", "gl_var", "dc_var", "dc_entr", "dc_perc",
	},
}

// sizes adds the mean of size matrices' features. voxels are how many each
// matrix is of, for the share of pieces; nil where sizes add up to them.
func (f *ibsiFeatures) sizes(family, suffix string, levels []int32, matrices []sizeMatrix, voxels []int) {
	var sum sizeValues
	for k, m := range matrices {
		v := m.values(levels)
		if voxels != nil {
			v.percentage = 0
			for _, c := range m {
				v.percentage += c.n / float64(voxels[k])
			}
		}
		to := v.list()
		for k, x := range sum.list() {
			*x += *to[k] / float64(len(matrices))
		}
	}
	for k, x := range sum.list() {
		f.add(family, sizeNames[family][k]+suffix, *x)
	}
}

// runLengths adds the grey-level run-length features (section 3.7).
func (f *ibsiFeatures) runLengths(g *Grey) {
	length := borrow(len(g.Index))
	defer giveBack(length)
	count := func(one *Grey, directions []offset) (row []sizeMatrix) {
		for _, d := range directions {
			row = append(row, one.runLengths(d, length))
		}
		return row
	}
	var flat matricesOf[sizeMatrix, cell]
	for _, one := range g.slices() {
		flat = append(flat, count(one, inPlane))
	}
	space := matricesOf[sizeMatrix, cell]{count(g, inSpace)}
	merge := func(a, b sizeMatrix) sizeMatrix { return mergeCells(a, b, 1) }
	aggregated(flat, space, merge, func(suffix string, matrices []sizeMatrix) {
		f.sizes("rlm", suffix, g.Levels, matrices, nil)
	})
}

// inSlices calls add with the matrices of each slice, with those of all slices
// merged, and with that of the lesion in space.
func inSlices(g *Grey, matrix func(one *Grey, stacked int) sizeMatrix, add func(suffix string, m []sizeMatrix, voxels []int)) {
	var flat []sizeMatrix
	var voxels []int
	var sum sizeMatrix
	for _, one := range g.slices() {
		m := matrix(one, 0)
		n := 0
		for _, r := range one.runs {
			n += r.n
		}
		flat, voxels = append(flat, m), append(voxels, n)
		sum = mergeCells(sum, m, 1)
	}
	add("_2D", flat, voxels)
	add("_2_5D", []sizeMatrix{sum}, []int{g.Count})
	add("_3D", []sizeMatrix{matrix(g, -1)}, []int{g.Count})
}

// zones adds the features of size zones (section 3.8) and of distance zones
// (3.9), whose distances are to the edge of form.
func (f *ibsiFeatures) zones(form *Region, g *Grey) {
	flat, space := form.distancesIn(g.Region, 0), form.distancesIn(g.Region, -1)
	inSlices(g, func(one *Grey, stacked int) sizeMatrix { return one.zones(slicing(stacked)) },
		func(suffix string, m []sizeMatrix, _ []int) { f.sizes("szm", suffix, g.Levels, m, nil) })
	inSlices(g, func(one *Grey, stacked int) sizeMatrix {
		if stacked == 0 {
			return one.distanceZones(stacked, flat)
		}
		return one.distanceZones(stacked, space)
	},
		func(suffix string, m []sizeMatrix, voxels []int) { f.sizes("dzm", suffix, g.Levels, m, voxels) })
}

func slicing(stacked int) *Options { return &Options{Force2D: stacked == 0} }

// dependence adds the features of neighbouring grey-level dependence (3.11).
func (f *ibsiFeatures) dependence(g *Grey) {
	inSlices(g, func(one *Grey, stacked int) sizeMatrix { return one.dependence(slicing(stacked)) },
		func(suffix string, m []sizeMatrix, voxels []int) {
			f.sizes("ngl", suffix, g.Levels, m, voxels)
			energy := 0.0
			for k, one := range m {
				for _, c := range one {
					energy += sq(c.n/float64(voxels[k])) / float64(len(m))
				}
			}
			f.add("ngl", "dc_energy"+suffix, energy)
		})
}

// toneDifferences adds the features of neighbouring grey-tone differences
// (3.10); voxels without a neighbour are left out.
func (f *ibsiFeatures) toneDifferences(g *Grey) {
	names := [][2]string{
		{"Coarseness", "coarseness"},
		{"Contrast", "contrast"},
		{"Busyness", "busyness"},
		{"Complexity", "complexity"},
		{"Strength", "strength"},
	}
	mean := map[string]float64{}
	count, difference := make([]float64, len(g.Levels)), make([]float64, len(g.Levels))
	slices := g.slices()
	for _, one := range slices {
		n, d, _ := one.toneDifferences(slicing(0))
		for k := range n {
			count[k] += n[k]
			difference[k] += d[k]
		}
		for name, value := range toneFeatures(g.Levels, n, d) {
			mean[name] += value / float64(len(slices))
		}
	}
	n, d, _ := g.toneDifferences(slicing(-1))
	for _, way := range []struct {
		suffix string
		values map[string]float64
	}{
		{"_2D", mean},
		{"_2_5D", toneFeatures(g.Levels, count, difference)},
		{"_3D", toneFeatures(g.Levels, n, d)},
	} {
		for _, name := range names {
			f.add("ngt", name[1]+way.suffix, way.values[name[0]])
		}
	}
}
