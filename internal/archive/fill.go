package archive

import (
	"cmp"
	"math"
	"slices"
)

// run is pixels first to last of row y.
type run struct{ y, first, last int }

// filled is the pixels of one or several contours: runs in the order of rows, then
// of columns, none of which touches another.
type filled struct {
	runs   []run
	inner  []run // those not on the line of a contour
	pixels int
	within int // how many contours lie around it, each inside the next
}

// onLine is how far from a contour, in pixels, a pixel's centre lies on it: half of
// the last of three decimals of a mm in pixels of a quarter of one.
const onLine = 2e-3

// fill adds the pixels of the contours of one plane. Within a contour those are
// inside from which a ray crosses it an odd number of times, so that a keyhole is a
// hole (PS3.3 C.8.8.6.3). A contour inside another is a hole, and inside a hole an
// island; contours of which neither contains the other are joined; two with the
// same pixels count once, wherever and in whichever direction they begin.
// CLOSEDPLANAR_XOR says how a plane's contours combine, all together by rays.
func (r *raster) fill(voxels []int32, name string, group []contour) []int32 {
	if slices.ContainsFunc(group, func(c contour) bool { return c.xor }) {
		return r.add(voxels, int(group[0].depth), r.inside(group))
	}
	var all []filled
	for n := range group {
		f := r.inside(group[n : n+1])
		if r.crossed > maxCrossings {
			return voxels
		}
		if f.pixels > 0 {
			all = append(all, f)
		}
	}
	slices.SortStableFunc(all, func(a, b filled) int { return cmp.Compare(b.pixels, a.pixels) })
	var kept []filled
	var out filled
	for _, f := range all {
		twice := false
		for _, o := range kept {
			if r.merged > maxMerged {
				return voxels
			}
			switch shared := r.shared(f, o); {
			case shared == f.pixels && shared == o.pixels:
				twice = true
			case shared == f.pixels:
				f.within = max(f.within, o.within+1)
			case shared > 0:
				r.note("%q: contours of one plane that overlap are joined", name)
			}
		}
		if twice {
			r.note("%q: a contour that is there twice counts once", name)
			continue
		}
		kept = append(kept, f)
		if f.within%2 == 1 {
			f.runs = f.inner // the line around a hole belongs to what is around it
		}
		out = r.combine(out, f, f.within%2 == 1)
	}
	return r.add(voxels, int(group[0].depth), out)
}

// add turns pixels into voxels of slice k.
func (r *raster) add(voxels []int32, k int, f filled) []int32 {
	stride := [3]int{1, r.grid.Size[0], r.grid.Size[0] * r.grid.Size[1]}
	for _, u := range f.runs {
		for x := u.first; x <= u.last; x++ {
			voxels = append(voxels, int32(k*stride[r.k]+u.y*stride[r.b]+x*stride[r.a]))
		}
	}
	return voxels
}

// inside is the pixels whose centres are inside by the rule of rays, or on a line:
// many programs (OpenCV's findContours, rt-utils) draw an outline through the
// centres of the outermost pixels.
func (r *raster) inside(group []contour) filled {
	w, h := r.grid.Size[r.a], r.grid.Size[r.b]
	lo, hi := float64(h), -1.
	for _, c := range group {
		for _, p := range c.points {
			lo, hi = min(lo, p[1]), max(hi, p[1])
		}
	}
	low := int(min(max(0, math.Floor(lo)), float64(h)))
	crossings := make([][]float64, max(0, int(max(-1, min(float64(h-1), math.Ceil(hi))))-low+1))
	r.merged += len(crossings)
	for _, c := range group {
		p := c.points[len(c.points)-1]
		for _, q := range c.points {
			if r.crossed > maxCrossings {
				return filled{}
			}
			r.cross(crossings, low, p, q)
			p = q
		}
	}
	var f filled
	for y, xs := range crossings {
		slices.Sort(xs)
		for i := 0; i+1 < len(xs); i += 2 {
			first := int(max(0, math.Ceil(xs[i])))
			last := int(min(float64(w-1), math.Ceil(xs[i+1])-1)) // left edge in, right edge out
			f.push(run{low + y, first, last})
		}
	}
	line := r.line(group)
	if len(line.runs) == 0 {
		f.inner = f.runs
		return f
	}
	inner := r.combine(f, line, true)
	f = r.combine(f, line, false)
	f.inner = inner.runs
	return f
}

// line is the pixels whose centres lie on a contour.
func (r *raster) line(group []contour) filled {
	w, h := float64(r.grid.Size[r.a]), float64(r.grid.Size[r.b])
	var all []run
	add := func(y, from, to float64) {
		if first, last := max(0, math.Ceil(from-onLine)), min(w-1, math.Floor(to+onLine)); first <= last {
			all = append(all, run{int(y), int(first), int(last)})
		}
	}
	for _, c := range group {
		p := c.points[len(c.points)-1]
		for _, q := range c.points {
			a, b := p, q
			if a[1] > b[1] {
				a, b = b, a
			}
			p = q
			first, last := max(0, math.Ceil(a[1]-onLine)), min(h-1, math.Floor(b[1]+onLine))
			for y := first; y <= last; y++ {
				if b[1]-a[1] <= 2*onLine { // along a row
					add(y, min(a[0], b[0]), max(a[0], b[0]))
					continue
				}
				x := a[0] + max(0, min(1, (y-a[1])/(b[1]-a[1])))*(b[0]-a[0])
				add(y, x, x)
			}
		}
	}
	r.merged += len(all)
	slices.SortFunc(all, func(a, b run) int { return cmp.Or(cmp.Compare(a.y, b.y), cmp.Compare(a.first, b.first)) })
	var f filled
	for _, u := range all {
		if n := len(f.runs) - 1; n >= 0 && f.runs[n].y == u.y {
			u.first = max(u.first, f.runs[n].last+1)
		}
		f.push(u)
	}
	return f
}

// push adds a run behind all others.
func (f *filled) push(u run) {
	if u.last < u.first {
		return
	}
	f.pixels += u.last - u.first + 1
	if n := len(f.runs) - 1; n >= 0 && f.runs[n].y == u.y && f.runs[n].last+1 == u.first {
		f.runs[n].last = u.last
		return
	}
	f.runs = append(f.runs, u)
}

// cross notes where the edge from p to q crosses the rows' centre lines, of which
// crossings has those from low on. An edge has its upper end and not its lower, so
// that a corner on a line counts once.
func (r *raster) cross(crossings [][]float64, low int, p, q [2]float64) {
	if p[1] > q[1] {
		p, q = q, p
	}
	if p[1] == q[1] {
		return
	}
	first := int(max(float64(low), math.Ceil(p[1])))
	last := int(min(float64(low+len(crossings)-1), math.Ceil(q[1])-1))
	r.crossed += max(0, last-first+1)
	for y := first; y <= last; y++ {
		t := (float64(y) - p[1]) / (q[1] - p[1])
		crossings[y-low] = append(crossings[y-low], p[0]+t*(q[0]-p[0]))
	}
}

// shared is how many pixels f and o have in common.
func (r *raster) shared(f, o filled) (n int) {
	i, j := 0, 0
	for i < len(f.runs) && j < len(o.runs) {
		r.merged++
		a, b := f.runs[i], o.runs[j]
		if a.y == b.y {
			n += max(0, min(a.last, b.last)-max(a.first, b.first)+1)
		}
		if a.y < b.y || a.y == b.y && a.last < b.last {
			i++
		} else {
			j++
		}
	}
	return n
}

// combine is out with the pixels of f, or without them.
func (r *raster) combine(out, f filled, without bool) filled {
	var got filled
	// Each row's runs, cut where a run of either begins or ends.
	type edge struct{ y, x, out, f int }
	edges := make([]edge, 0, 2*(len(out.runs)+len(f.runs)))
	for _, u := range out.runs {
		edges = append(edges, edge{u.y, u.first, 1, 0}, edge{u.y, u.last + 1, -1, 0})
	}
	for _, u := range f.runs {
		edges = append(edges, edge{u.y, u.first, 0, 1}, edge{u.y, u.last + 1, 0, -1})
	}
	r.merged += len(edges)
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x)) })
	inOut, inF := 0, 0
	for i, e := range edges {
		inOut, inF = inOut+e.out, inF+e.f
		if in := inOut > 0; without && in && inF == 0 || !without && (in || inF > 0) {
			got.push(run{e.y, e.x, edges[i+1].x - 1})
		}
	}
	return got
}
