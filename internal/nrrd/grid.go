package nrrd

import (
	"fmt"
	"math"
	"strings"

	"magn/internal/fault"
	"magn/internal/volume"
)

// layout says what the axes of the file are: up to three of space, and at most
// one that counts the layers.
type layout struct {
	space  []int // file axis of i, j, k
	layers int   // file axis, −1 where there is none
}

// spaces is, for each patient space that is read, the sign of its axes in RAS+.
// A time axis behind space does not count: it is no axis of directions.
var spaces = map[string][3]float64{
	"right-anterior-superior": {1, 1, 1}, "ras": {1, 1, 1},
	"left-anterior-superior": {-1, 1, 1}, "las": {-1, 1, 1},
	"left-posterior-superior": {-1, -1, 1}, "lps": {-1, -1, 1},
}

// layout tells the axes of space from the others: by space directions, which say
// none for an axis that is no direction, otherwise by kinds.
func (h *header) layout(directions [][]float64) (layout, error) {
	l := layout{layers: -1}
	kinds := strings.Fields(strings.ToLower(h.fields["kinds"]))
	if len(kinds) != 0 && len(kinds) != h.dim {
		return l, h.bad("kinds", fmt.Sprintf("%d words, as dimension says", h.dim), "")
	}
	for a := range h.dim {
		kind := "domain"
		if len(kinds) > 0 {
			kind = kinds[a]
		}
		spatial := kind == "domain" || kind == "space" || kind == "???" || kind == "none"
		if directions != nil {
			spatial = directions[a] != nil
		}
		switch {
		case spatial && len(l.space) < 3:
			l.space = append(l.space, a)
		case h.sizes[a] == 1: // counts nothing
		case !spatial && l.layers < 0:
			l.layers = a
		default:
			return l, &fault.Input{
				File: h.name, Field: "sizes", Found: quoted(h.fields["sizes"]), Expected: "one 3-D image",
				Do: "split it into its volumes, for example with unu slice, and take one",
			}
		}
	}
	if len(l.space) == 0 {
		return l, h.bad("kinds", "axes of space", "")
	}
	return l, nil
}

// grid is where the header says the voxels lie, in RAS+.
func (h *header) grid() (g volume.Grid, l layout, oriented bool, err error) {
	directions, err := h.vectors("space directions")
	if err != nil {
		return g, l, false, err
	}
	if directions != nil && len(directions) != h.dim {
		return g, l, false, h.bad("space directions", fmt.Sprintf("%d vectors, as dimension says", h.dim), "")
	}
	if l, err = h.layout(directions); err != nil {
		return g, l, false, err
	}
	g.Size = [3]int{1, 1, 1}
	for c, a := range l.space {
		if h.sizes[a] > math.MaxInt32 {
			return g, l, false, h.bad("sizes", "at most 2147483647 voxels along an axis", "")
		}
		g.Size[c] = int(h.sizes[a])
	}
	name := strings.TrimSuffix(strings.ToLower(h.fields["space"]), "-time")
	if len(name) == 4 {
		name = strings.TrimSuffix(name, "t") // RAST, LAST, LPST
	}
	sign, oriented := spaces[name]
	if !oriented {
		sign = spaces["lps"] // as ITK takes it
	}
	if directions != nil {
		err = h.oriented(&g, l, directions, sign)
	} else {
		oriented = false
		err = h.spaced(&g, l, sign)
	}
	if err == nil {
		if _, e := g.Affine.Inverse(); e != nil {
			err = &fault.Input{File: h.name, Field: "space directions", Err: e, Do: "write the image again with valid directions"}
		}
	}
	return g, l, oriented, err
}

// oriented fills the affine from space directions and space origin.
func (h *header) oriented(g *volume.Grid, l layout, directions [][]float64, sign [3]float64) error {
	scale, err := h.spaceScale()
	if err != nil {
		return err
	}
	g.SpacingKnown = h.keys[spacingKey] != "unknown"
	origin, err := h.vectors("space origin")
	if err != nil {
		return err
	}
	if len(origin) > 1 || len(origin) == 1 && len(origin[0]) != 3 {
		return h.bad("space origin", "one vector of 3 numbers", "")
	}
	var step [3][3]float64
	for c, a := range l.space {
		if len(directions[a]) != 3 {
			return h.bad("space directions", "vectors of 3 numbers", "a plane without a place in space cannot be used")
		}
		step[c] = [3]float64(directions[a])
	}
	for c := len(l.space); c < 3; c++ { // a plane, or a line: one voxel thick, one millimetre
		step[c] = perpendicular(step[:c])
	}
	for r := range 3 {
		for c := range 3 {
			g.Affine[r][c] = sign[r] * step[c][r] * scale
		}
		if len(origin) == 1 && origin[0] != nil {
			g.Affine[r][3] = sign[r] * origin[0][r] * scale
		}
	}
	return nil
}

// perpendicular is a vector of length one that is at right angles to one or two
// others; zero where they leave none.
func perpendicular(to [][3]float64) [3]float64 {
	a, b := to[0], [3]float64{}
	if len(to) > 1 {
		b = to[1]
	} else {
		b[least(a)] = 1
	}
	n := [3]float64{a[1]*b[2] - a[2]*b[1], a[2]*b[0] - a[0]*b[2], a[0]*b[1] - a[1]*b[0]}
	if l := math.Sqrt(n[0]*n[0] + n[1]*n[1] + n[2]*n[2]); l > 0 {
		return [3]float64{n[0] / l, n[1] / l, n[2] / l}
	}
	return n
}

func least(a [3]float64) int {
	n := 0
	for i := range a {
		if math.Abs(a[i]) < math.Abs(a[n]) {
			n = i
		}
	}
	return n
}

// spaced fills the affine from spacings alone. The first voxel's centre lies in
// the origin, or half a voxel inside axis mins, which are those of cells unless
// centers say node (definition, section 6, "centers"; ITK does the same). Without
// spacings they are unknown.
func (h *header) spaced(g *volume.Grid, l layout, sign [3]float64) error {
	spacings, err := h.numbers("spacings")
	if err != nil {
		return err
	}
	mins, err := h.numbers("axis mins")
	if err != nil {
		return err
	}
	centers := strings.Fields(strings.ToLower(h.fields["centers"]))
	for c := range 3 {
		step, first := 1.0, 0.0
		if c < len(l.space) {
			a := l.space[c]
			if spacings != nil && spacings[a] == spacings[a] {
				step, g.SpacingKnown = spacings[a], true
			}
			if mins != nil && mins[a] == mins[a] {
				if first = mins[a]; a >= len(centers) || centers[a] != "node" {
					first += step / 2
				}
			}
		}
		if math.IsInf(first, 0) {
			return h.bad("axis mins", "finite numbers", "")
		}
		g.Affine[c][c], g.Affine[c][3] = sign[c]*step, sign[c]*first
	}
	if !g.SpacingKnown {
		return nil
	}
	for _, a := range l.space {
		if s := spacings[a]; s != s && h.sizes[a] > 1 {
			return h.bad("spacings", "a number for each axis of space", "")
		}
	}
	return nil
}

// spaceScale is millimetres a unit of the file's space; millimetres where the
// file says nothing, as every medical program means it.
func (h *header) spaceScale() (float64, error) {
	scale := map[string]float64{"": 1, "mm": 1, "millimeter": 1, "millimeters": 1, "cm": 10, "m": 1e3, "um": 1e-3, "µm": 1e-3}
	first := ""
	for i, w := range quotedWords(h.fields["space units"]) {
		if _, ok := scale[strings.TrimSpace(w)]; !ok || i > 0 && w != first {
			return 0, h.bad("space units", `"mm" for all axes ("cm", "m" and "um" are converted)`, "")
		}
		first = w
	}
	return scale[strings.TrimSpace(first)], nil
}
