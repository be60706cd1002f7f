package archive

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"magn/internal/annotation"
	"magn/internal/dicom"
	"magn/internal/fault"
	"magn/internal/volume"
)

const rtReferencedStudySequence dicom.Tag = 0x30060012

// Bounds of a structure set; real ones have some thousands of contours.
const (
	maxContours  = 1 << 16
	maxPoints    = 1 << 22
	maxCrossings = 1 << 23 // of edges with rows of pixels
)

// planeTolerance is how far in slices the points of one contour may lie from one
// plane, and two contours apart and still on the same.
const planeTolerance = .1

// readRT rasterises each region of interest on the series' slices (PS3.3
// C.8.8.5, C.8.8.6).
func (a *Annotation) readRT(f *dicom.File, o Options) (g volume.Grid, parts []part, err error) {
	if o.Series == nil {
		return g, nil, &fault.Input{File: f.Path, Field: "series", Found: "none", Expected: "the grid of the series that the contours were drawn on"}
	}
	g = *o.Series
	if err := checkSeries(f.Path, g); err != nil {
		return g, nil, err
	}
	a.Series = rtSeries(f.DataSet)
	var all []Segment
	frames := map[int]string{}
	for n, item := range f.Items(dicom.StructureSetROISequence) {
		number, err := item.Int(dicom.ROINumber, n+1)
		if err != nil || slices.ContainsFunc(all, func(s Segment) bool { return s.Number == number }) {
			return g, nil, &fault.Input{File: f.Path, Field: "ROINumber", Found: item.Text(dicom.ROINumber), Expected: "a number of its own for each region", Err: err}
		}
		name := item.Text(dicom.ROIName)
		if name == "" {
			name = fmt.Sprintf("ROI %d", number)
		}
		all = append(all, Segment{Number: number, Name: name})
		frames[number] = item.Text(dicom.ReferencedFrameOfReferenceUID)
	}
	if parts, err = choose(f.Path, all, o.Names); err != nil {
		return g, nil, err
	}
	if err := a.oneFrame(f, parts, frames); err != nil {
		return g, nil, err
	}
	back, err := g.Affine.Inverse()
	if err != nil {
		return g, nil, err
	}
	r := &raster{file: f.Path, grid: g, index: back, note: a.note}
	r.k = annotation.StackAxis(g)
	r.a, r.b = (r.k+1)%3, (r.k+2)%3
	for n := range parts {
		for _, roi := range f.Items(dicom.ROIContourSequence) {
			if number, err := roi.Int(dicom.ReferencedROINumber, -1); err != nil || number != parts[n].Number {
				continue
			}
			voxels, err := r.region(parts[n].Name, roi)
			if err != nil {
				return g, nil, err
			}
			parts[n].voxels = append(parts[n].voxels, voxels...)
		}
	}
	return g, parts, nil
}

// oneFrame takes the regions' frame of reference, which must be one.
func (a *Annotation) oneFrame(f *dicom.File, parts []part, frames map[int]string) error {
	for _, p := range parts {
		uid := frames[p.Number]
		if uid == "" {
			continue
		}
		if a.Frame.UID != "" && a.Frame.UID != uid && p.Label > 1 {
			return &fault.Input{File: f.Path, Field: "ReferencedFrameOfReferenceUID", Found: "regions of several frames of reference", Expected: "one", Do: "choose regions of one series by name"}
		}
		a.Frame.UID = uid
	}
	if items := f.Items(dicom.ReferencedFrameOfReferenceSequence); a.Frame.UID == "" && len(items) > 0 {
		a.Frame.UID = items[0].Text(dicom.FrameOfReferenceUID)
	}
	return nil
}

// rtSeries is the series that a structure set names first (PS3.3 C.8.8.5).
func rtSeries(d *dicom.DataSet) string {
	for _, frame := range d.Items(dicom.ReferencedFrameOfReferenceSequence) {
		for _, study := range frame.Items(rtReferencedStudySequence) {
			for _, s := range study.Items(dicom.RTReferencedSeriesSequence) {
				if uid := s.Text(dicom.SeriesInstanceUID); uid != "" {
					return uid
				}
			}
		}
	}
	return ""
}

// contour is a closed polygon in the indices of the grid: column, row.
type contour struct {
	depth  float64 // along the stack, in slices
	points [][2]float64
}

// raster puts contours on a grid.
type raster struct {
	file    string
	grid    volume.Grid
	index   volume.Affine // patient mm → index
	a, b, k int           // storage axes: columns, rows, slices
	note    func(format string, args ...any)
	count   int // contours so far
	points  int
	crossed int
}

// region is the voxels of one region of interest.
func (r *raster) region(name string, roi *dicom.DataSet) ([]int32, error) {
	var all []contour
	for n, item := range roi.Items(dicom.ContourSequence) {
		c, err := r.read(fmt.Sprintf("contour %d of %q", n+1, name), item)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		if slices.ContainsFunc(all, func(o contour) bool { return o.depth == c.depth && slices.Equal(o.points, c.points) }) {
			r.note("%q: a contour that is there twice counts once", name)
			continue
		}
		all = append(all, *c)
	}
	var voxels []int32
	outside, further := 0, 0
	for _, group := range r.slices(all, &outside, &further) {
		if voxels = r.fill(voxels, group); r.crossed > maxCrossings {
			return nil, &fault.Input{File: r.file, Field: strconv.Quote(name), Found: "contours that cross the rows of pixels millions of times", Expected: "outlines"}
		}
	}
	if outside > 0 {
		r.note("%q: contours beyond the series' slices: %d", name, outside)
	}
	if further > 0 {
		r.note("%q: contours between slices, beside nearer ones: %d", name, further)
	}
	return voxels, nil
}

// read reads one contour; nil where it encloses nothing.
func (r *raster) read(what string, item *dicom.DataSet) (*contour, error) {
	bad := func(found, expected string, err error) error {
		return &fault.Input{File: r.file, Field: what, Found: found, Expected: expected, Err: err}
	}
	if r.count++; r.count > maxContours {
		return nil, bad(fmt.Sprintf("more than %d", maxContours), "fewer contours", nil)
	}
	switch kind := item.Text(dicom.ContourGeometricType); kind {
	case "CLOSED_PLANAR", "CLOSEDPLANAR_XOR":
	case "POINT", "OPEN_PLANAR", "OPEN_NONPLANAR":
		r.note("%s contours enclose nothing and are left out", kind)
		return nil, nil
	default:
		return nil, bad(strconv.Quote(kind), "CLOSED_PLANAR", nil)
	}
	data, err := item.Floats(dicom.ContourData)
	if err != nil {
		return nil, bad("", "coordinates", err)
	}
	promised, err := item.Int(dicom.NumberOfContourPoints, len(data)/3)
	if err != nil || len(data)%3 != 0 || promised != len(data)/3 {
		return nil, bad(fmt.Sprintf("%d numbers for %d points", len(data), promised), "three a point", err)
	}
	if len(data) < 9 {
		r.note("contours of fewer than three points are left out")
		return nil, nil
	}
	if r.points += len(data) / 3; r.points > maxPoints {
		return nil, bad(fmt.Sprintf("more than %d points", maxPoints), "fewer", nil)
	}
	c := &contour{points: make([][2]float64, 0, len(data)/3)}
	lo, hi := math.Inf(1), math.Inf(-1)
	for ; len(data) > 0; data = data[3:] {
		p := r.index.Apply([3]float64{-data[0], -data[1], data[2]})
		if p[0]-p[0] != 0 || p[1]-p[1] != 0 || p[2]-p[2] != 0 {
			return nil, bad("a coordinate that is no finite number", "coordinates", nil)
		}
		lo, hi = min(lo, p[r.k]), max(hi, p[r.k])
		c.depth += p[r.k]
		c.points = append(c.points, [2]float64{p[r.a], p[r.b]})
	}
	c.depth /= float64(len(c.points))
	if hi-lo > 2*planeTolerance {
		return nil, bad(fmt.Sprintf("points %.3g mm apart along the stack", (hi-lo)*r.grid.Spacing()[r.k]), "a contour in a slice of the series",
			fmt.Errorf("it was drawn on another series"))
	}
	return c, nil
}

// slices groups contours by the slice that they fall on: the nearest, within half
// a slice. Contours of one plane belong together. Where several planes fall on
// one slice, as those of a finer series do, only the nearest plane counts:
// outlines of different heights must not be holes in each other.
func (r *raster) slices(all []contour, outside, further *int) [][]contour {
	bySlice := map[int][]contour{}
	for _, c := range all {
		k := math.Ceil(c.depth - .5 - 1e-6) // a plane halfway belongs to the lower slice
		if k < 0 || k >= float64(r.grid.Size[r.k]) {
			*outside++
			continue
		}
		bySlice[int(k)] = append(bySlice[int(k)], c)
	}
	var out [][]contour
	for k := range r.grid.Size[r.k] {
		group := bySlice[k]
		if len(group) == 0 {
			continue
		}
		nearest := group[0].depth
		for _, c := range group {
			if math.Abs(c.depth-float64(k)) < math.Abs(nearest-float64(k))-1e-6 {
				nearest = c.depth
			}
		}
		var kept []contour
		for _, c := range group {
			if math.Abs(c.depth-nearest) > planeTolerance {
				*further++
				continue
			}
			c.depth = float64(k)
			kept = append(kept, c)
		}
		out = append(out, kept)
	}
	return out
}

// fill adds the pixels whose centres are inside: those from which a ray crosses
// the contours of the plane an odd number of times. So contours inside others are
// holes, whether they are joined to them by a keyhole or not (PS3.3 C.8.8.6.3).
func (r *raster) fill(voxels []int32, group []contour) []int32 {
	w, h := r.grid.Size[r.a], r.grid.Size[r.b]
	crossings := make([][]float64, h)
	for _, c := range group {
		p := c.points[len(c.points)-1]
		for _, q := range c.points {
			if r.crossed > maxCrossings {
				return voxels
			}
			r.cross(crossings, p, q)
			p = q
		}
	}
	stride := [3]int{1, r.grid.Size[0], r.grid.Size[0] * r.grid.Size[1]}
	base := int(group[0].depth) * stride[r.k]
	for y, xs := range crossings {
		slices.Sort(xs)
		for i := 0; i+1 < len(xs); i += 2 {
			first := int(max(0, math.Ceil(xs[i])))
			last := int(min(float64(w-1), math.Ceil(xs[i+1])-1)) // left edge in, right edge out
			for x := first; x <= last; x++ {
				voxels = append(voxels, int32(base+y*stride[r.b]+x*stride[r.a]))
			}
		}
	}
	return voxels
}

// cross notes where the edge from p to q crosses the rows' centre lines. An edge
// has its upper end and not its lower, so that a corner on a line counts once.
func (r *raster) cross(crossings [][]float64, p, q [2]float64) {
	if p[1] > q[1] {
		p, q = q, p
	}
	if p[1] == q[1] {
		return
	}
	first := int(max(0, math.Ceil(p[1])))
	last := int(min(float64(len(crossings)-1), math.Ceil(q[1])-1))
	r.crossed += max(0, last-first+1)
	for y := first; y <= last; y++ {
		t := (float64(y) - p[1]) / (q[1] - p[1])
		crossings[y] = append(crossings[y], p[0]+t*(q[0]-p[0]))
	}
}
