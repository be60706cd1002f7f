package radiomics

// GLDM describes how many neighbours of a voxel depend on it, that is have a
// grey level within gldm_a of its own: the grey-level dependence matrix (Sun and
// Wee, CVGIP 23:341–352, 1983; IBSI manual, 3.11). A voxel's size is 1 for
// itself and 1 for each such neighbour.
func GLDM(g *Grey, s *Options) []Feature {
	v := g.dependence(s).values(g.Levels)
	return features("gldm", map[string]float64{
		"DependenceEntropy":                    v.entropy,
		"DependenceNonUniformity":              v.sizeNonUniformity,
		"DependenceNonUniformityNormalized":    v.sizeNonUniformityNormalised,
		"DependencePercentage":                 1, // there is one piece a voxel
		"DependenceVariance":                   v.sizeVariance,
		"GrayLevelNonUniformity":               v.levelNonUniformity,
		"GrayLevelNonUniformityNormalized":     v.levelNonUniformityNormalised, // Uniformity's equal
		"GrayLevelVariance":                    v.levelVariance,
		"HighGrayLevelEmphasis":                v.high,
		"LargeDependenceEmphasis":              v.large,
		"LargeDependenceHighGrayLevelEmphasis": v.largeHigh,
		"LargeDependenceLowGrayLevelEmphasis":  v.largeLow,
		"LowGrayLevelEmphasis":                 v.low,
		"SmallDependenceEmphasis":              v.small,
		"SmallDependenceHighGrayLevelEmphasis": v.smallHigh,
		"SmallDependenceLowGrayLevelEmphasis":  v.smallLow,
	})
}

func (g *Grey) dependence(s *Options) sizeMatrix {
	size := g.borrowed(1)
	defer giveBack(size)
	within := int32(min(s.GLDMA, maxLevels))
	for _, d := range directions(g.Size, s.Distances, s.stacked()) {
		g.pairs(d, func(a, b, n int) {
			la := g.Level[a : a+n]
			lb, sa, sb := g.Level[b : b+n][:len(la)], size[a : a+n][:len(la)], size[b : b+n][:len(la)]
			if within == 0 { // as a rule: no branch to foresee; none outside has a level of the lesion's
				for k, l := range la {
					var same int32
					if l == lb[k] {
						same = 1
					}
					sa[k] += same
					sb[k] += same
				}
				return
			}
			for k, l := range la {
				if o := lb[k]; o > 0 && max(l-o, o-l) <= within {
					sa[k]++
					sb[k]++
				}
			}
		})
	}
	return g.tally(size)
}
