package annotation

import "math"

// How a lesion ends is not in its outlines: the next slice shows only that less
// than half of its slab is inside, so that the end is somewhere within one slice
// beyond the last outline, half a slice in the mean. But the outlines say how fast
// the lesion narrows. The square of the radius of an ellipsoid's section is a
// parabola of height, and with it the area; so is it here, through the areas of
// the last outlines, and a ball's (d²r²/dz² = −2) where they are too few to tell
// or narrow more slowly. The lesion ends where the parabola is zero.

// widening is by how much, in slices, a lesion is wider beyond its last outline
// than on it, at most: as much as it may be longer in the mean. A shape's margin
// holds it.
const widening = .5

// end is the distance t slices beyond the last outline, on slice n, whose
// neighbour at n+in is a slice further in: what it is on the slice, moved on as
// the outlines moved, and less by as much as the section's radius is.
func (s *shape) end(n, in int, t, u, v float64) float64 {
	d := s.plane(n, u, v)
	c := s.cap(n, in)
	square := c.square + t*(c.slope-t*c.bend)
	if d == outside || t > c.reach+rounding || square <= 0 {
		return outside
	}
	wider := s.depth[n] * (math.Sqrt(square/s.square[n]) - 1)
	if s.has(n + in) {
		// Where the outline moves sideways; its growth is in the line above.
		wider += t * ((d - s.plane(n+in, u, v)) - (s.depth[n] - s.depth[n+in]))
	}
	return d + min(wider, s.step*widening)
}

// endCap is the square of the section's radius t slices beyond the last outline,
// square + t·slope − t²·bend in mm², for t up to reach.
type endCap struct{ square, slope, bend, reach float64 }

// cap is how the lesion ends at slice n, seen from its neighbour at n+in.
func (s *shape) cap(n, in int) endCap {
	c := endCap{square: s.square[n], bend: s.step * s.step}
	if !s.has(n + in) {
		// Of a lesion that one slice shows, a pixel is outlined where at least half
		// of the slab is inside: where a lesion in its middle is half a slice thick.
		// So the outline is the section a quarter of a slice off the middle.
		c.square += c.bend / 16
	} else {
		if s.has(n + 2*in) {
			c.bend = max(c.bend, -(s.square[n]-2*s.square[n+in]+s.square[n+2*in])/2)
		}
		c.slope = s.square[n] - s.square[n+in] - c.bend
	}
	// The positive root. Beyond the next slice's plane it cannot be: there the
	// lesion was not drawn. The further beyond, the less is the parabola to be
	// believed, until half a slice, the mean of what is possible, stands.
	c.reach = (c.slope + math.Sqrt(c.slope*c.slope+4*c.bend*c.square)) / (2 * c.bend)
	if c.reach > 1 {
		c.reach = max(.5, 2-c.reach)
	}
	// Beyond the stack nothing was imaged.
	if beyond := (in < 0 && !s.imaged[1]) || (in > 0 && !s.imaged[0]); beyond {
		c.reach = min(c.reach, .5)
	}
	return c
}
