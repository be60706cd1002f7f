package convert

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"magn/internal/fault"
	"magn/internal/volume"
)

// Tolerances in mm. Positions are written with three to six decimals.
const (
	samePlace   = 0.01    // slices closer than this along the normal lie in the same place
	inLine      = 0.1     // how far a slice's corner may lie from where the affine has it
	stationGap  = 1.0     // corners farther apart in plane than this are of different stations
	headerNote  = 0.01    // difference between measured and header's spacing that is worth a note
	gapNote     = 0.02    // how far a slice may be from its place without a note, as a share of the spacing
	gapShare    = 0.05    // and without being refused
	maxFillings = 512     // missing slices that are filled at most
	maxPlaces   = 100_000 // slices of a stack, those included that are missing
)

// stack is the slices of one candidate in the making, in order.
type stack struct {
	slices  []*slice // by k; nil where missing
	origin  [3]float64
	row     [3]float64
	col     [3]float64
	step    [3]float64 // from one slice to the next
	sheared bool
	missing []int
	notes   []string
}

// normalOf is the common normal of slices of one orientation.
func normalOf(list []*slice) [3]float64 { return cross(list[0].row, list[0].col) }

// measure sets each slice's position along the normal.
func measure(list []*slice) {
	n := normalOf(list)
	for _, s := range list {
		s.d = dot(s.pos, n)
	}
}

// snap gives slices that lie next to one another, nearer than a tenth of their
// thickness, one place: the time points of a series whose positions are computed
// anew each time. Only where all other slices are clearly farther apart, so that
// thick slices that overlap keep their places. The order of places stays.
func snap(list []*slice) {
	thick := list[0].facts.Thickness
	for _, s := range list {
		thick = min(thick, s.facts.Thickness)
	}
	sorted := slices.Clone(list)
	slices.SortFunc(sorted, func(a, b *slice) int { return cmp.Compare(a.d, b.d) })
	near, far, any := 0.0, math.Inf(1), false
	for i := 1; i < len(sorted); i++ {
		switch g := sorted[i].d - sorted[i-1].d; {
		case g >= thick/10:
			far = min(far, g)
		default:
			near, any = max(near, g), any || g >= samePlace
		}
	}
	if !any || math.IsInf(far, 1) || near > far/5 {
		return
	}
	for i, s := range sorted {
		if i > 0 && s.d-sorted[i-1].d < thick/10 {
			continue
		}
		for j, at := i+1, s.d; j < len(sorted) && sorted[j].d-at < thick/10; j++ {
			at, sorted[j].d = sorted[j].d, s.d
		}
	}
}

// build puts slices of different places in order and on a grid. The error says
// why they make no volume.
func build(list []*slice, o Options) (*stack, error) {
	first := list[0]
	st := &stack{slices: list, origin: first.pos, row: first.row, col: first.col}
	n := normalOf(list)
	spacing, err := st.place(o)
	if err != nil {
		return nil, err
	}
	if len(list) == 1 {
		st.step = along([3]float64{}, spacing, n)
		return st, nil
	}
	last := list[len(list)-1]
	count := float64(len(st.slices) - 1)
	// In-plane displacement from first to last: gantry tilt, or rounding of the
	// cosines, which is left out so that the axes stay at right angles.
	shift := along(along(last.pos, -1, first.pos), -(last.d - first.d), n)
	st.step = along([3]float64{}, (last.d-first.d)/count, n)
	if norm(shift) > inLine {
		st.sheared = true
		st.step = along(st.step, 1/count, shift)
		st.notes = append(st.notes, fmt.Sprintf("slices are shifted in plane by %.4g mm each (gantry tilt): kept in the sform", norm(shift)/count))
	}
	for k, s := range st.slices {
		if s == nil {
			continue
		}
		off := along(s.pos, -1, along(first.pos, float64(k), st.step))
		off = along(off, -dot(off, n), n)
		if d := norm(off); d > 2*inLine {
			return nil, &fault.Input{Field: "(0020,0032) Image Position (Patient)", Found: fmt.Sprintf("slice %d %.3g mm off the line of the others", k+1, d), Expected: "slices that follow one another in line"}
		}
	}
	return st, nil
}

// place finds the spacing and the places of missing slices. list is in order.
func (st *stack) place(o Options) (spacing float64, err error) {
	list := st.slices
	f := list[0].facts
	if len(list) == 1 {
		switch {
		case f.SpacingBetween > 0 && f.SpacingBetween >= f.Thickness:
			// Less than the thickness is a gap in files of some GE scanners.
			return f.SpacingBetween, nil
		case f.Thickness > 0:
			return f.Thickness, nil
		}
		st.notes = append(st.notes, "one slice without a thickness: 1 mm stands in for it")
		return 1, nil
	}
	gaps := make([]float64, len(list)-1)
	for i := range gaps {
		gaps[i] = list[i+1].d - list[i].d
	}
	total := list[len(list)-1].d - list[0].d
	least := slices.Min(gaps)
	// Sharpened step by step: from the smallest gap to the mean of gaps that are
	// known to be one spacing, to the mean over all.
	spacing = least
	sum, one := 0.0, 0.0
	for _, g := range gaps {
		if g < 1.5*least {
			sum, one = sum+g, one+1
		}
	}
	spacing = sum / one
	at := make([]int, len(list))
	for i, g := range gaps {
		at[i+1] = at[i] + max(1, int(math.Round(g/spacing)))
	}
	if at[len(at)-1] >= maxPlaces {
		return 0, &fault.Input{
			Field: "(0020,0032) Image Position (Patient)", Found: fmt.Sprintf("slices %.4g mm apart in a stack of %.4g mm, all but %d of %d missing", spacing, total, len(list), at[len(at)-1]+1),
			Expected: fmt.Sprintf("a stack of at most %d slices", maxPlaces), Do: "one of the positions is wrong; export the series again",
		}
	}
	spacing = total / float64(at[len(at)-1])
	// Two rounded positions may be off by one of their last decimal together. Where
	// slices are missing the spacing itself is a guess, and less is forgiven.
	share, rounded := gapShare, min(rounding(list), spacing/5)
	if at[len(at)-1] >= len(list) {
		share, rounded = gapNote, 0
	}
	worst := 0.0
	for i, s := range list {
		off := math.Abs(s.d - list[0].d - float64(at[i])*spacing)
		if worst = max(worst, off); off > max(samePlace, share*spacing)+rounded {
			return 0, &fault.Input{
				Field: "(0020,0032) Image Position (Patient)", Found: fmt.Sprintf("spacing from %.4g to %.4g mm over %d slices", least, slices.Max(gaps), len(list)),
				Expected: "the same spacing throughout",
			}
		}
	}
	if worst > max(samePlace, gapNote*spacing)+rounded {
		st.notes = append(st.notes, fmt.Sprintf("slices lie up to %.2g mm off even places of %.4g mm", worst, spacing))
	}
	if n := at[len(at)-1] + 1 - len(list); n > 0 {
		have := make([]*slice, at[len(at)-1]+1)
		var where []string
		for i, k := range at {
			have[k] = list[i]
		}
		for k, s := range have {
			if s == nil {
				st.missing = append(st.missing, k)
				if len(where) < 8 {
					where = append(where, fmt.Sprintf("%d", k+1))
				}
			}
		}
		text := fmt.Sprintf("%d of %d slices missing (%s%s)", n, len(have), strings.Join(where, ", "), map[bool]string{true: " …"}[n > len(where)])
		if !o.Interpolate || n > maxFillings || n >= len(list) {
			do := "export the series again, or pass --interpolate to fill them from their neighbours"
			if o.Interpolate {
				do = "too many to fill from their neighbours; export the series again"
			}
			return 0, &fault.Input{Field: "(0020,0032) Image Position (Patient)", Found: text, Expected: fmt.Sprintf("one slice every %.4g mm", spacing), Do: do}
		}
		st.slices = have
		st.notes = append(st.notes, text+": interpolated")
	}
	if h := f.SpacingBetween; h > 0 && math.Abs(h-spacing) > headerNote {
		st.notes = append(st.notes, fmt.Sprintf("slices lie %.4g mm apart; the header's Spacing Between Slices says %.4g", spacing, h))
	}
	return spacing, nil
}

// slabs parts slices at gaps that no whole number of missing slices explains,
// into runs of evenly spaced slices: parallel slabs in one series, as through
// several discs. One run where that does not come out, and where the gap may be
// of missing slices, so that an incomplete export is not taken for slabs.
func slabs(list []*slice) [][]*slice {
	if len(list) < 6 {
		return [][]*slice{list}
	}
	least := math.Inf(1)
	for i := 1; i < len(list); i++ {
		least = min(least, list[i].d-list[i-1].d)
	}
	// The spacing is the mean within runs: the smallest gap is too small where
	// positions are rounded, by a multiple that grows with the gap.
	var out [][]*slice
	sum, n, from := 0.0, 0.0, 0
	for i := 1; i <= len(list); i++ {
		if i < len(list) {
			if g := list[i].d - list[i-1].d; g < 1.5*least {
				sum, n = sum+g, n+1
				continue
			}
		}
		out = append(out, list[from:i])
		from = i
	}
	if len(out) == 1 {
		return out
	}
	for _, run := range out {
		if len(run) < 3 {
			return [][]*slice{list}
		}
	}
	spacing, rounded := sum/n, rounding(list)
	odd := false
	for i, run := range out[1:] {
		g := run[0].d - out[i][len(out[i])-1].d
		k := math.Round(g / spacing)
		odd = odd || math.Abs(g-k*spacing) > slabShare*spacing+rounded*(1+k*float64(len(out))/n)
	}
	if !odd {
		return [][]*slice{list}
	}
	return out
}

// thicknesses parts slices that are no even stack where Slice Thickness changes
// along them, into runs that are one each: a CT of the head, thin slices through
// the base and thick ones above. One run where that does not come out.
func thicknesses(list []*slice) [][]*slice {
	var out [][]*slice
	from := 0
	for i := 1; i <= len(list); i++ {
		if i < len(list) && math.Abs(list[i].facts.Thickness-list[i-1].facts.Thickness) < .01 {
			continue
		}
		out = append(out, list[from:i])
		from = i
	}
	if len(out) == 1 || len(out) > 4 {
		return [][]*slice{list}
	}
	if _, err := build(list, Options{}); err == nil {
		return [][]*slice{list}
	}
	for _, run := range out {
		if len(run) < 3 {
			return [][]*slice{list}
		}
		if _, err := build(run, Options{}); err != nil {
			return [][]*slice{list}
		}
	}
	return out
}

// slabShare is how far from a whole number of spacings a gap must be to lie
// between slabs.
const slabShare = .1

// rounding is the last decimal that slices' positions are written with, in mm,
// 0.1 at most; 0 where it is finer than a micrometre.
func rounding(list []*slice) float64 {
	for unit := .1; unit > 5e-4; unit /= 10 {
		if !slices.ContainsFunc(list, func(s *slice) bool {
			return slices.ContainsFunc(s.pos[:], func(x float64) bool { return math.Abs(x-math.Round(x/unit)*unit) > 1e-6 })
		}) {
			return unit
		}
	}
	return 0
}

// grid is the stack's in RAS+: LPS+ with x and y turned round.
func (st *stack) grid() volume.Grid {
	f := st.slices[0].facts
	g := volume.Grid{Size: [3]int{f.Cols, f.Rows, len(st.slices)}, SpacingKnown: true}
	for r, sign := range [3]float64{-1, -1, 1} {
		// Pixel Spacing is between rows, then between columns (PS3.3 10.7.1.3).
		g.Affine[r] = [4]float64{sign * st.row[r] * f.PixelSpacing[1], sign * st.col[r] * f.PixelSpacing[0], sign * st.step[r], sign * st.origin[r]}
		for c := range g.Affine[r] {
			g.Affine[r][c] += 0 // no negative zeros
		}
	}
	return g
}

// orthonormal is the pair of unit vectors at right angles nearest to a and b
// (symmetric orthonormalisation); not ok where they are far from one.
func orthonormal(a, b [3]float64) (row, col [3]float64, ok bool) {
	na, nb := norm(a), norm(b)
	if !(math.Abs(na-1) < .02 && math.Abs(nb-1) < .02 && math.Abs(dot(a, b)) < .02) {
		return row, col, false
	}
	for i := range a {
		a[i] /= na
		b[i] /= nb
	}
	// Of two unit vectors sum and difference are at right angles.
	u, v := along(a, 1, b), along(a, -1, b)
	nu, nv := norm(u), norm(v)
	for i := range u {
		row[i] = u[i]/nu + v[i]/nv
		col[i] = u[i]/nu - v[i]/nv
	}
	// Both are √2 long; by their own length exact axes stay exact.
	nr, nc := norm(row), norm(col)
	for i := range row {
		row[i] /= nr
		col[i] /= nc
	}
	return row, col, true
}
