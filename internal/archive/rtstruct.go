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
	maxMerged    = 1 << 29 // runs of pixels compared with others
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
	regions := make([][]contour, len(parts))
	for n := range parts {
		for _, roi := range f.Items(dicom.ROIContourSequence) {
			if number, err := roi.Int(dicom.ReferencedROINumber, -1); err != nil || number != parts[n].Number {
				continue
			}
			if regions[n], err = r.readAll(regions[n], parts[n].Name, roi); err != nil {
				return g, nil, err
			}
		}
	}
	r.along(regions)
	for n := range parts {
		if parts[n].voxels, err = r.region(parts[n].Name, regions[n]); err != nil {
			return g, nil, err
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

// contour is a closed polygon in the indices of the grid.
type contour struct {
	what   string       // names it in messages
	space  [][3]float64 // along the grid's storage axes
	xor    bool         // CLOSEDPLANAR_XOR
	depth  float64      // along the stack, in slices
	points [][2]float64 // column, row
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
	merged  int // runs compared
}

// along takes the contours' own normal for the stack's: the storage axis seen from
// which they are largest, by the rectangles around them in mm². Where they enclose
// nothing the grid must tell.
func (r *raster) along(regions [][]contour) {
	s := r.grid.Spacing()
	var area [3]float64
	for _, all := range regions {
		for _, c := range all {
			lo, hi := c.space[0], c.space[0]
			for _, p := range c.space {
				for a := range p {
					lo[a], hi[a] = min(lo[a], p[a]), max(hi[a], p[a])
				}
			}
			for k := range area {
				a, b := (k+1)%3, (k+2)%3
				area[k] += (hi[a] - lo[a]) * s[a] * (hi[b] - lo[b]) * s[b]
			}
		}
	}
	r.k = annotation.StackAxis(r.grid)
	for k, x := range area {
		if x > area[r.k] {
			r.k = k
		}
	}
	r.a, r.b = (r.k+1)%3, (r.k+2)%3
}

// readAll adds the contours of one region of interest.
func (r *raster) readAll(all []contour, name string, roi *dicom.DataSet) ([]contour, error) {
	for n, item := range roi.Items(dicom.ContourSequence) {
		c, err := r.read(fmt.Sprintf("contour %d of %q", n+1, name), item)
		if err != nil {
			return nil, err
		}
		if c != nil {
			all = append(all, *c)
		}
	}
	return all, nil
}

// region is the voxels of one region of interest.
func (r *raster) region(name string, all []contour) ([]int32, error) {
	for n := range all {
		if err := r.flatten(&all[n]); err != nil {
			return nil, err
		}
	}
	var voxels []int32
	outside, further := 0, 0
	for _, group := range r.slices(all, &outside, &further) {
		if voxels = r.fill(voxels, name, group); r.crossed > maxCrossings || r.merged > maxMerged {
			return nil, &fault.Input{File: r.file, Field: strconv.Quote(name), Found: "contours that cross the rows of pixels, or each other, millions of times", Expected: "outlines"}
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
	c := &contour{what: what, xor: item.Text(dicom.ContourGeometricType) == "CLOSEDPLANAR_XOR", space: make([][3]float64, 0, len(data)/3)}
	for ; len(data) > 0; data = data[3:] {
		p := r.index.Apply([3]float64{-data[0], -data[1], data[2]})
		if p[0]-p[0] != 0 || p[1]-p[1] != 0 || p[2]-p[2] != 0 {
			return nil, bad("a coordinate that is no finite number", "coordinates", nil)
		}
		c.space = append(c.space, p)
	}
	return c, nil
}

// flatten projects a contour, which must lie in a slice.
func (r *raster) flatten(c *contour) error {
	c.points = make([][2]float64, 0, len(c.space))
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, p := range c.space {
		lo, hi = min(lo, p[r.k]), max(hi, p[r.k])
		c.depth += p[r.k]
		c.points = append(c.points, [2]float64{p[r.a], p[r.b]})
	}
	c.depth /= float64(len(c.space))
	if hi-lo > 2*planeTolerance {
		return &fault.Input{
			File: r.file, Field: c.what, Found: fmt.Sprintf("points %.3g mm apart along the stack", (hi-lo)*r.grid.Spacing()[r.k]), Expected: "a contour in a slice of the series",
			Err: fmt.Errorf("it was drawn on another series"),
		}
	}
	c.space = nil
	return nil
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
