package radiomics

// distanceZones is the grey-level distance-zone matrix: a zone's size is the
// least distance of its voxels to the lesion's edge, in steps to neighbours
// that share a face, 1 for a voxel with a face on the outside.
func (g *Grey) distanceZones(stacked int) sizeMatrix {
	sets := g.connected(slicing(stacked))
	distance := g.edgeDistances(stacked)
	least := make([]int32, len(g.Index))
	g.each(func(v int) {
		name := sets.find(int32(v))
		if least[name] == 0 || distance[v] < least[name] {
			least[name] = distance[v]
		}
	})
	return g.tally(least)
}

// edgeDistances of the lesion's voxels, by peeling.
func (g *Grey) edgeDistances(stacked int) []int32 {
	faces := []offset{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	if stacked == 0 {
		faces = faces[:2]
	}
	distance := make([]int32, len(g.Index))
	var layer []int
	neighbours := func(v int, f func(w int, inside bool)) {
		at := g.position(v)
		for _, d := range faces {
			for _, sign := range []int{-1, 1} {
				w, ok := v, true
				stride := 1
				for axis, step := range d {
					to := at[axis] + sign*step
					ok = ok && to >= 0 && to < g.Size[axis]
					w += sign * step * stride
					stride *= g.Size[axis]
				}
				f(w, ok && g.Index[max(w, 0)] > 0)
			}
		}
	}
	g.each(func(v int) {
		neighbours(v, func(_ int, inside bool) {
			if !inside && distance[v] == 0 {
				distance[v] = 1
				layer = append(layer, v)
			}
		})
	})
	for d := int32(2); len(layer) > 0; d++ {
		var next []int
		for _, v := range layer {
			neighbours(v, func(w int, inside bool) {
				if inside && distance[w] == 0 {
					distance[w] = d
					next = append(next, w)
				}
			})
		}
		layer = next
	}
	return distance
}
