package convert

import (
	"fmt"
	"math"
	"slices"

	"magn/internal/dicom"
)

// unitedPlaces reads where the slices of a United Imaging grid lie: one image of a
// whole volume, with an item for each slice that has its Image Position (dcm2niix's
// page on UIH has the vendor's table).
func (r *reader) unitedPlaces(d *dicom.DataSet, n float64) error {
	bad := func(found, expected string) error {
		return r.bad("(0065,1051) MR VFrame Sequence", found, expected, "export the series as single slices")
	}
	items := d.Items(d.Private(unitedFrames.group, unitedFrames.creator, unitedFrames.element))
	if n != math.Trunc(n) || n > maxTiles || len(items) != int(n) {
		return bad(fmt.Sprintf("%d items for a grid of %.6g slices", len(items), n), "an item a slice")
	}
	for i, item := range items {
		v, ok := header{top: item}.vec(tPosition)
		if !ok || max(math.Abs(v[0]), math.Abs(v[1]), math.Abs(v[2])) > 1e6 {
			return bad(fmt.Sprintf("no Image Position (Patient) in item %d", i+1), "where each slice lies")
		}
		r.grid = append(r.grid, v)
	}
	return nil
}

// unitedGrid cuts the image into its slices: as many columns of tiles as the
// square root of their number, rounded up, and as many rows as those need.
func (r *reader) unitedGrid(s *slice, facts Facts) ([]*slice, error) {
	n := len(r.grid)
	cols := int(math.Ceil(math.Sqrt(float64(n))))
	rows := (n + cols - 1) / cols
	if facts.Cols%cols != 0 || facts.Rows%rows != 0 {
		return nil, r.bad("(0065,1050)", fmt.Sprintf("a grid of %d slices in %d×%d pixels", n, facts.Cols, facts.Rows), "an image of whole tiles", "export the series as single slices")
	}
	facts.Rows, facts.Cols, facts.TileColumns = facts.Rows/rows, facts.Cols/cols, cols
	shared := r.pool.one(facts)
	out := slices.Repeat([]*slice{s}, n)
	for i := range out {
		c := *s
		c.facts, c.tile, c.pos = shared, int32(i), r.grid[i]
		out[i] = &c
	}
	return out, nil
}
