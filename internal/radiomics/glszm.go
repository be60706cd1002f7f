package radiomics

// GLSZM describes the zones of one grey level: voxels that are connected
// through any of 26 neighbours (8 in slices). The grey-level size-zone matrix
// (Thibault et al., IJPRAI 27:1357002, 2013; IBSI manual, 3.8).
func GLSZM(g *Grey, s *Options) []Feature {
	v := g.zones(s).values(g.Levels)
	return features("glszm", map[string]float64{
		"GrayLevelNonUniformity":           v.levelNonUniformity,
		"GrayLevelNonUniformityNormalized": v.levelNonUniformityNormalised,
		"GrayLevelVariance":                v.levelVariance,
		"HighGrayLevelZoneEmphasis":        v.high,
		"LargeAreaEmphasis":                v.large,
		"LargeAreaHighGrayLevelEmphasis":   v.largeHigh,
		"LargeAreaLowGrayLevelEmphasis":    v.largeLow,
		"LowGrayLevelZoneEmphasis":         v.low,
		"SizeZoneNonUniformity":            v.sizeNonUniformity,
		"SizeZoneNonUniformityNormalized":  v.sizeNonUniformityNormalised,
		"SmallAreaEmphasis":                v.small,
		"SmallAreaHighGrayLevelEmphasis":   v.smallHigh,
		"SmallAreaLowGrayLevelEmphasis":    v.smallLow,
		"ZoneEntropy":                      v.entropy,
		"ZonePercentage":                   v.percentage,
		"ZoneVariance":                     v.sizeVariance,
	})
}

func (g *Grey) zones(s *Options) sizeMatrix {
	sets := g.connected(s)
	size := g.borrowed(0)
	for _, r := range g.runs {
		for v := r.start; v < r.start+r.n; v++ {
			size[sets.find(int32(v))]++
		}
	}
	m := g.tally(size)
	giveBack(size)
	giveBack(sets)
	return m
}

// connected puts the voxels of each zone into a set, in borrowed memory.
func (g *Grey) connected(s *Options) sets {
	sets := sets(borrow(len(g.Index)))
	for _, r := range g.runs {
		for v := r.start; v < r.start+r.n; v++ {
			sets[v] = int32(v)
		}
	}
	for _, d := range directions(g.Size, nil, s.stacked()) {
		g.pairs(d, func(a, b, n int) {
			ia := g.Index[a : a+n]
			ib := g.Index[b : b+n][:len(ia)]
			for k, i := range ia {
				if i == ib[k] {
					sets.join(int32(a+k), int32(b+k))
				}
			}
		})
	}
	return sets
}

// sets are disjoint sets of voxels, each known by one of its own. The value of
// a voxel is one nearer to that; at first itself.
type sets []int32

func (s sets) find(v int32) int32 {
	for s[v] != v {
		s[v] = s[s[v]]
		v = s[v]
	}
	return v
}

// join makes one set of those of a and b; the lower name stays.
func (s sets) join(a, b int32) {
	switch a, b = s.find(a), s.find(b); {
	case a < b:
		s[b] = a
	case b < a:
		s[a] = b
	}
}
