package radiomics

// distanceZones is the grey-level distance-zone matrix: a zone's size is the
// least of its voxels' distances to the edge (edgeDistances), one a voxel of g's
// box.
func (g *Grey) distanceZones(stacked int, distance []int32) sizeMatrix {
	sets := g.connected(slicing(stacked))
	least := g.borrowed(0)
	defer giveBack(least)
	g.each(func(v int) {
		name := sets.find(int32(v))
		if least[name] == 0 || distance[v] < least[name] {
			least[name] = distance[v]
		}
	})
	giveBack(sets)
	return g.tally(least)
}

// distancesIn are a lesion's distances to the edge of form, the mask as it was
// drawn: resegmentation leaves the edge where it was (IBSI 3.9). r lies in form's
// box.
func (form *Region) distancesIn(r *Region, stacked int) []int32 {
	all := form.edgeDistances(stacked)
	out := make([]int32, len(r.Inside))
	for _, s := range r.runs() {
		from := s.x + r.Start[0] - form.Start[0] +
			form.Size[0]*(s.y+r.Start[1]-form.Start[1]+form.Size[1]*(s.z+r.Start[2]-form.Start[2]))
		copy(out[s.start:s.start+s.n], all[from:])
	}
	return out
}

// edgeDistances of the lesion's voxels, by peeling: in steps to neighbours that
// share a face (in slices where stacked is 0), 1 for a voxel with a face on the
// outside.
func (r *Region) edgeDistances(stacked int) []int32 {
	faces := []offset{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
	if stacked == 0 {
		faces = faces[:2]
	}
	distance := make([]int32, len(r.Inside))
	var layer []int
	neighbours := func(v int, f func(w int, inside bool)) {
		at := r.position(v)
		for _, d := range faces {
			for _, sign := range []int{-1, 1} {
				w, ok := v, true
				stride := 1
				for axis, step := range d {
					to := at[axis] + sign*step
					ok = ok && to >= 0 && to < r.Size[axis]
					w += sign * step * stride
					stride *= r.Size[axis]
				}
				f(w, ok && r.Inside[max(w, 0)])
			}
		}
	}
	for v, in := range r.Inside {
		if !in {
			continue
		}
		neighbours(v, func(_ int, inside bool) {
			if !inside && distance[v] == 0 {
				distance[v] = 1
				layer = append(layer, v)
			}
		})
	}
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
