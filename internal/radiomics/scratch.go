package radiomics

import "sync"

// Classes need an int32 for each voxel of the box while they count, and one
// class comes after the other, image after image: memory that one has done with
// serves the next. New pages cost more than counting does for a small lesion.
var spare sync.Pool

// borrow is memory for n numbers, whatever stands in it. It goes back by
// giveBack; where an error or a panic keeps it from that, nothing is lost but
// time.
func borrow(n int) []int32 {
	if s, ok := spare.Get().(*[]int32); ok && cap(*s) >= n {
		return (*s)[:n]
	}
	return make([]int32, n)
}

func giveBack(s []int32) { spare.Put(&s) }

// borrowed is memory of g's box in which the lesion's voxels are set to x. What
// stands elsewhere says nothing, and may be written over.
func (g *Grey) borrowed(x int32) []int32 {
	s := borrow(len(g.Index))
	for _, r := range g.runs {
		to := s[r.start : r.start+r.n]
		for k := range to {
			to[k] = x
		}
	}
	return s
}
