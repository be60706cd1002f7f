package convert

import (
	"fmt"
	"slices"

	"magn/internal/fault"
)

// candidate makes one of slices that have a place each.
func (m *maker) candidate(list []*slice, levels []level) {
	// What snap put into one place has its own again.
	measure(list)
	st, err := build(list, m.scan.opt)
	if err != nil {
		m.refuseAs(list, levels, err)
		return
	}
	c := m.add(st.slices, levels)
	c.Grid, c.Notes, c.Missing, c.Sheared = st.grid(), slices.Concat(c.Notes, st.notes, differences(list)), st.missing, st.sheared
}

func (m *maker) refuse(list []*slice, err error) { m.refuseAs(list, nil, err) }

func (m *maker) refuseAs(list []*slice, levels []level, err error) {
	c := m.add(list, levels)
	c.Err = err
}

func (m *maker) add(list []*slice, levels []level) *Candidate {
	var first *slice
	for _, s := range list {
		if s != nil {
			first = s
			break
		}
	}
	c := &Candidate{Facts: first.facts, slices: list, Index: 1, Of: 1, Begin: earliest(list, keyTime), Content: earliest(list, keyContent)}
	if slices.ContainsFunc(list, func(s *slice) bool { return s != nil && s.clash }) {
		c.Doubt = &fault.Input{
			Field: "(0008,0018) SOP Instance UID", Found: "the same in files of one place with other pixels", Expected: "one image an instance",
			Do: "one of them was changed after it was acquired; look which, and leave the other out",
		}
	}
	if c.Facts.Reversed {
		c.Notes = append(c.Notes, "GE epi_pepolar, reversed phase encoding: stored upside down, placed as it was scanned")
	}
	for _, l := range levels {
		switch l.key {
		case keyCount:
			if l.index > 1 {
				c.suffix = append(c.suffix, "x")
				c.Notes = append(c.Notes, "split off: its series has these places already, with other pixels")
			} else {
				c.Notes = append(c.Notes, "some places were taken twice, with other pixels: the first acquired are here, the others split off")
			}
		case keySlab:
			c.suffix = append(c.suffix, fmt.Sprintf("s%d", l.index))
			c.Notes = append(c.Notes, fmt.Sprintf("slab %d of %d in its series", l.index, l.of))
		case keyInstance:
			c.Notes = append(c.Notes, "nothing but Instance Number tells the series' volumes apart: taken to be in its order")
			fallthrough
		default:
			c.By, c.Index, c.Of = keyNames[l.key].name, l.index, l.of
			c.suffix = append(c.suffix, fmt.Sprintf("%s%d", keyNames[l.key].letter, l.index))
		}
	}
	m.out = append(m.out, c)
	return c
}
