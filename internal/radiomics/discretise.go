package radiomics

import (
	"fmt"
	"math"

	"magn/internal/fault"
)

// Binning says how values become grey levels: by bins of one width, or by a
// number of bins between the region's minimum and maximum.
type Binning struct {
	Width float64 // of a bin, in the image's unit; bins are aligned to multiples of it
	Count int     // of bins; where it is above 0 it counts and Width does not
}

// Grey is a region in grey levels.
type Grey struct {
	*Region
	Level  []int32 // of every voxel of the box: from 1 in the lesion, 0 outside
	Index  []int32 // of every voxel of the box: 1 + its level's place in Levels, 0 outside
	Levels []int32 // those that occur, ascending
	Counts []int   // how many voxels have each of Levels
	runs   []run
}

// release gives back the memory of a Grey that Discretise made and nobody will
// use any more.
func (g *Grey) release() {
	giveBack(g.Level)
	giveBack(g.Index)
	g.Level, g.Index = nil, nil
}

// maxLevels bounds the highest grey level, and so the memory of what is
// tabulated by level. Texture of a lesion means nothing long before.
const maxLevels = 1 << 20

// Ng is the highest grey level.
func (g *Grey) Ng() int { return int(g.Levels[len(g.Levels)-1]) }

// Discretise puts a region's values into bins as PyRadiomics does. With
// Width w the grey level is
//
//	⌊x/w⌋ − ⌊min/w⌋ + 1
//
// where the Image Biomarker Standardisation Initiative counts bins from the
// minimum (or the range's lower end) itself. With Count n it is
//
//	⌊n (x − min) / (max − min)⌋ + 1, and n for x = max
//
// on edges computed in float64, in numpy's order of operations, so that a value
// on an edge falls on the same side; edges of counted bins are rounded to single
// precision where values are stored so. It is a *fault.Input where Width is not
// positive, where it is below the values' own resolution, and where more than
// about a million levels would come of it.
func (r *Region) Discretise(b Binning) (*Grey, error) {
	runs := r.runs()
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, s := range runs {
		for _, v := range r.Values[s.start : s.start+s.n] {
			if v < lo {
				lo = v
			}
			if v > hi {
				hi = v
			}
		}
	}
	e, err := b.edges(lo, hi)
	if err != nil {
		return nil, err
	}
	level := borrow(len(r.Values))
	clear(level)
	for _, s := range runs {
		to := level[s.start : s.start+s.n]
		if r.single && b.Count > 0 {
			for k, v := range r.Values[s.start : s.start+s.n] {
				to[k] = e.singleLevel(v)
			}
			continue
		}
		for k, v := range r.Values[s.start : s.start+s.n] {
			to[k] = e.level(v)
		}
	}
	return r.withLevels(level, runs), nil
}

// withLevels is the region with grey levels of any origin: 0 outside, from 1 to
// maxLevels inside.
func (r *Region) withLevels(level []int32, runs []run) *Grey {
	g := &Grey{Region: r, Level: level, Index: borrow(len(level)), runs: runs}
	clear(g.Index)
	top := int32(0)
	for _, s := range runs {
		for _, l := range level[s.start : s.start+s.n] {
			top = max(top, l)
		}
	}
	count := make([]int32, top+1)
	for _, s := range runs {
		for _, l := range level[s.start : s.start+s.n] {
			count[l]++
		}
	}
	place := count // from here on: 1 + a level's place in Levels
	for l, n := range count {
		if n > 0 {
			g.Levels = append(g.Levels, int32(l))
			g.Counts = append(g.Counts, int(n))
			place[l] = int32(len(g.Levels))
		}
	}
	for _, s := range runs {
		to := g.Index[s.start : s.start+s.n]
		for k, l := range level[s.start : s.start+s.n] {
			to[k] = place[l]
		}
	}
	return g
}

// binEdges are the lower ends of equally wide bins: edge k is low + k*step; last,
// where bins are counted, is the number of the bin that holds the maximum.
type binEdges struct {
	low, step float64
	last      int
}

func (b Binning) edges(lo, hi float64) (binEdges, error) {
	if b.Count > 0 { // numpy.histogram, numpy.linspace
		if b.Count > maxLevels {
			return binEdges{}, &fault.Input{File: "settings", Field: "binCount", Found: fmt.Sprint(b.Count), Expected: fmt.Sprintf("at most %d", maxLevels)}
		}
		if lo == hi {
			lo, hi = lo-0.5, hi+0.5
		}
		e := binEdges{low: lo, step: (hi - lo) / float64(b.Count), last: b.Count}
		if !(e.step > 0) || math.IsInf(e.step, 0) {
			return e, &fault.Input{File: "image", Found: fmt.Sprintf("values from %v to %v", lo, hi), Expected: "a range that can be divided into bins"}
		}
		return e, nil
	}
	if !(b.Width > 0) || math.IsInf(b.Width, 0) {
		return binEdges{}, &fault.Input{File: "settings", Field: "binWidth", Found: fmt.Sprint(b.Width), Expected: "a number above 0"}
	}
	rest := math.Mod(lo, b.Width) // numpy's %: the divisor's sign
	if rest < 0 {
		rest += b.Width
	}
	low := lo - rest
	e := binEdges{low: low, step: low + b.Width - low} // numpy.arange's own step
	if n := (hi - low) / b.Width; !(n < maxLevels-1) || !(e.step > 0) || hi+b.Width == hi {
		return e, &fault.Input{
			File: "settings", Field: "binWidth", Found: fmt.Sprintf("%v for values from %v to %v", b.Width, lo, hi),
			Expected: fmt.Sprintf("a width that gives fewer than %d bins, each wider than the values' rounding", maxLevels),
			Do:       "raise binWidth, or set binCount instead",
		}
	}
	return e, nil
}

// level is how many edges are at or below v (numpy.digitize). The division is
// only a guess: what decides is the comparison with the edges as they round.
func (e binEdges) level(v float64) int32 {
	k := float64(int32((v - e.low) / e.step)) // there are fewer than 2²⁰ bins, and v is not below low
	for k > 0 && v < e.low+k*e.step {
		k--
	}
	for v >= e.low+(k+1)*e.step && (e.last == 0 || int(k)+1 < e.last) {
		k++
	}
	if e.last > 0 && int(k) >= e.last {
		k = float64(e.last - 1)
	}
	return int32(max(k, 0)) + 1
}

// singleLevel is level with edges in single precision.
func (e binEdges) singleLevel(v float64) int32 {
	at := func(k int32) float64 { return float64(float32(e.low + float64(float64(k)*e.step))) }
	k := int32((v - e.low) / e.step)
	for k > 0 && v < at(k) {
		k--
	}
	for v >= at(k+1) && int(k)+1 < e.last {
		k++
	}
	return min(max(k, 0), int32(e.last-1)) + 1
}
