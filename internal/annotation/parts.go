package annotation

import "magn/internal/volume"

// part is voxels of one lesion that are connected, over faces, edges or corners.
type part struct {
	box
	has func(i int) bool // voxel i of the mask's storage
}

// parts splits a lesion. The order is that of each part's first voxel.
func parts(m *volume.Mask, label uint16, bx box) []part {
	w, h, d := bx.hi[0]-bx.lo[0], bx.hi[1]-bx.lo[1], bx.hi[2]-bx.lo[2]
	id := make([]int32, w*h*d) // which part a voxel of the box belongs to, from 1
	at := func(x, y, z int) int { return x + w*(y+h*z) }
	from := func(x, y, z int) int {
		return x + bx.lo[0] + m.Size[0]*(y+bx.lo[1]+m.Size[1]*(z+bx.lo[2]))
	}
	var out []part
	var stack [][3]int
	for z := range d {
		for y := range h {
			for x := range w {
				if id[at(x, y, z)] != 0 || m.Labels[from(x, y, z)] != label {
					continue
				}
				n := int32(len(out) + 1)
				b := box{lo: m.Size}
				id[at(x, y, z)] = n
				stack = append(stack[:0], [3]int{x, y, z})
				for len(stack) > 0 {
					p := stack[len(stack)-1]
					stack = stack[:len(stack)-1]
					for a := range 3 {
						b.lo[a], b.hi[a] = min(b.lo[a], p[a]+bx.lo[a]), max(b.hi[a], p[a]+bx.lo[a]+1)
					}
					for k := max(0, p[2]-1); k <= min(d-1, p[2]+1); k++ {
						for j := max(0, p[1]-1); j <= min(h-1, p[1]+1); j++ {
							for i := max(0, p[0]-1); i <= min(w-1, p[0]+1); i++ {
								if id[at(i, j, k)] == 0 && m.Labels[from(i, j, k)] == label {
									id[at(i, j, k)] = n
									stack = append(stack, [3]int{i, j, k})
								}
							}
						}
					}
				}
				out = append(out, part{b, func(i int) bool {
					v := m.Voxel(i)
					return id[at(v[0]-bx.lo[0], v[1]-bx.lo[1], v[2]-bx.lo[2])] == n
				}})
			}
		}
	}
	return out
}
