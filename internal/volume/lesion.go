package volume

import (
	"cmp"
	"slices"
)

// Drawn is one lesion on one slice of a canonical mask.
type Drawn struct {
	Label  uint16
	Slice  int    // k
	Area   int    // pixels
	Box    [4]int // x0,y0,x1,y1 of the pixels it covers, half-open
	Centre [2]int // pixel nearest to the box's centre; of two as near, the one at which an even crop is centred on the box
}

// Drawn lists each lesion on each slice that shows it: area descending, then
// slice, then label. The pieces of one label on one slice are one lesion.
func (m *Mask) Drawn() []Drawn {
	var all []Drawn
	w, h := m.Size[0], m.Size[1]
	for k := range m.Size[2] {
		at := map[uint16]int{} // label → place in all
		var label uint16
		var cur *Drawn
		for y := range h {
			for x, l := range m.Labels[(k*h+y)*w:][:w] {
				if l == 0 {
					continue
				}
				if cur == nil || l != label {
					n, ok := at[l]
					if !ok {
						n = len(all)
						at[l] = n
						all = append(all, Drawn{Label: l, Slice: k, Box: [4]int{x, y, x + 1, y + 1}})
					}
					label, cur = l, &all[n]
				}
				cur.Area++
				b := &cur.Box
				b[0], b[2], b[3] = min(b[0], x), max(b[2], x+1), y+1
			}
		}
	}
	for n := range all {
		// Half-open: the centre in pixels is (x0+x1-1)/2. An even crop around
		// pixel c is centred on c-1/2, so that a half is rounded up.
		b := all[n].Box
		all[n].Centre = [2]int{(b[0] + b[2]) / 2, (b[1] + b[3]) / 2}
	}
	slices.SortFunc(all, func(a, b Drawn) int {
		return cmp.Or(cmp.Compare(b.Area, a.Area), cmp.Compare(a.Slice, b.Slice), cmp.Compare(a.Label, b.Label))
	})
	return all
}
