package archive

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"magn/internal/annotation"
	"magn/internal/dicom"
	"magn/internal/fault"
	"magn/internal/volume"
)

const maximumFractionalValue dicom.Tag = 0x0062000E

// Kinds of segmentation (PS3.3 C.8.20.2, Segmentation Type).
const (
	bitmap     = "BINARY"
	fractional = "FRACTIONAL"
	labelMap   = "LABELMAP"
)

// Bounds of a segmentation's own grid, which its frames' places make: two frames
// far apart would take any amount of memory.
const (
	maxSlices = 1 << 11
	maxVoxels = 1 << 27 // 256 MiB
)

// plane is one frame: where it lies, and which segment it is of.
type plane struct {
	origin  [3]float64 // centre of the first pixel, patient mm, RAS+
	column  [3]float64 // step from one column to the next, mm
	row     [3]float64 // step from one row to the next, mm
	apart   float64    // mm to the next slice as the header has it; 0 where it does not say
	segment int        // −1 in a label map, which has all
}

// normal is the direction at right angles to the plane, of length one.
func (p plane) normal() [3]float64 {
	c, r := p.column, p.row
	n := [3]float64{c[1]*r[2] - c[2]*r[1], c[2]*r[0] - c[0]*r[2], c[0]*r[1] - c[1]*r[0]}
	l := math.Sqrt(dot(n, n))
	return [3]float64{n[0] / l, n[1] / l, n[2] / l}
}

func dot(a, b [3]float64) float64 { return a[0]*b[0] + a[1]*b[1] + a[2]*b[2] }

// readSEG puts every frame of a segmentation on the grid. Frames that are not
// there are empty (PS3.3 C.8.20.2: "frames … may be omitted").
func (a *Annotation) readSEG(ctx context.Context, f *dicom.File, o Options) (g volume.Grid, parts []part, err error) {
	px, err := f.Pixels()
	if err != nil {
		return g, nil, err
	}
	kind := f.Text(dicom.SegmentationType)
	if class(f) == labelMapClass {
		kind = labelMap
	}
	if kind != bitmap && kind != fractional && kind != labelMap || px.Samples != 1 {
		return g, nil, &fault.Input{File: f.Path, Field: "SegmentationType", Found: strconv.Quote(kind), Expected: "BINARY, FRACTIONAL or LABELMAP with one sample a pixel"}
	}
	threshold := int32(1)
	if kind == fractional {
		most, err := f.Int(maximumFractionalValue, 1<<min(px.Stored, 16)-1)
		if err != nil || most < 1 || most > 1<<16 {
			return g, nil, &fault.Input{File: f.Path, Field: "MaximumFractionalValue", Found: f.Text(maximumFractionalValue), Expected: "a number from 1 on", Err: err}
		}
		threshold = int32(most+1) / 2 // at least half
		a.note("fractional: at least %d of %d counts as inside", threshold, most)
	}
	a.Series = firstSeries(f.DataSet)
	if parts, err = segments(f, o); err != nil {
		return g, nil, err
	}
	planes, err := planesOf(f, px)
	if err != nil {
		return g, nil, err
	}
	if o.Series != nil {
		g = *o.Series
		if err := checkSeries(f.Path, g); err != nil {
			return g, nil, err
		}
	} else if g, err = ownGrid(f, px, planes); err != nil {
		return g, nil, err
	}
	for i, p := range planes {
		if err := ctx.Err(); err != nil {
			return g, nil, err
		}
		at, err := placed(f.Path, i, p, px, g)
		if err != nil {
			return g, nil, err
		}
		values, err := f.Frame(ctx, i, o.Decoder)
		if err != nil {
			return g, nil, err
		}
		if err := take(f.Path, i, values, px.Cols, p.segment, threshold, at, parts); err != nil {
			return g, nil, err
		}
	}
	return g, parts, nil
}

// take gives the pixels of one frame to their segments.
func take(file string, i int, values []int32, cols, segment int, threshold int32, at annotation.Lattice, parts []part) error {
	var to *part
	for n := range parts {
		if parts[n].Number == segment {
			to = &parts[n]
		}
	}
	if segment >= 0 && to == nil {
		return nil // not asked for
	}
	byNumber := map[int32]*part{}
	if segment < 0 {
		for n := range parts {
			byNumber[int32(parts[n].Number)] = &parts[n]
		}
	}
	for n, v := range values {
		if v < threshold {
			continue
		}
		p := to
		if segment < 0 {
			if p = byNumber[v]; p == nil {
				continue
			}
		}
		where := at.At([3]int{n % cols, n / cols, 0})
		if where < 0 {
			return &fault.Input{
				File: file, Field: fmt.Sprintf("frame %d", i+1), Found: "a pixel of a segment outside the series", Expected: "segments inside the series",
				Do: "name the series that it was drawn on",
			}
		}
		p.voxels = append(p.voxels, int32(where))
	}
	return nil
}

// placed is where a frame's pixels are on the grid.
func placed(file string, i int, p plane, px dicom.Pixels, g volume.Grid) (annotation.Lattice, error) {
	as := volume.Grid{Size: [3]int{px.Cols, px.Rows, 1}, SpacingKnown: true}
	// The frame has no third axis: it takes the stack's, which need not be at right
	// angles to its slices but is the nearest to their normal.
	k, normal, spacing, most := 0, p.normal(), g.Spacing(), -1.
	for c := range 3 {
		step := [3]float64{g.Affine[0][c], g.Affine[1][c], g.Affine[2][c]}
		if along := math.Abs(dot(normal, step)) / spacing[c]; along > most {
			k, most = c, along
		}
	}
	for r := range 3 {
		as.Affine[r] = [4]float64{p.column[r], p.row[r], g.Affine[r][k], p.origin[r]}
	}
	l, err := annotation.NewLattice(as, g)
	if err == nil {
		return l, nil
	}
	// Compare with the slice that is nearest, not with the whole stack.
	slice, back := g, volume.Affine{}
	if back, err = g.Affine.Inverse(); err != nil {
		return l, err
	}
	at := back.Apply(p.origin)
	var first [3]float64
	first[k] = min(max(math.Round(at[k]), 0), float64(g.Size[k]-1))
	origin := g.Affine.Apply(first)
	slice.Size[k] = 1
	for r := range 3 {
		slice.Affine[r][3] = origin[r]
	}
	_, err = annotation.NewLattice(as, slice)
	return l, &fault.Input{
		File: file, Field: fmt.Sprintf("frame %d", i+1), Expected: "a slice of the series", Err: err,
		Do: "name the series that it was drawn on, or read it on its own grid and transfer it",
	}
}

// segments lists what the file says of its segments.
func segments(f *dicom.File, o Options) ([]part, error) {
	var all []Segment
	for n, item := range f.Items(dicom.SegmentSequence) {
		number, err := item.Int(dicom.SegmentNumber, n+1)
		if err != nil || number < 0 || number > math.MaxUint16 || slices.ContainsFunc(all, func(s Segment) bool { return s.Number == number }) {
			return nil, &fault.Input{File: f.Path, Field: "SegmentNumber", Found: item.Text(dicom.SegmentNumber), Expected: "a number of its own for each segment", Err: err}
		}
		name := item.Text(dicom.SegmentLabel)
		if name == "" {
			name = fmt.Sprintf("segment %d", number)
		}
		all = append(all, Segment{Number: number, Name: name})
	}
	return choose(f.Path, all, o.Names)
}

// planesOf reads each frame's functional groups (PS3.3 C.7.6.16, C.8.20.3); what
// is not in a frame's own is shared by all.
func planesOf(f *dicom.File, px dicom.Pixels) ([]plane, error) {
	shared := &dicom.DataSet{}
	if items := f.Items(dicom.SharedFunctionalGroupsSequence); len(items) > 0 {
		shared = items[0]
	}
	frames := f.Items(dicom.PerFrameFunctionalGroupsSequence)
	if len(frames) != px.Frames {
		return nil, &fault.Input{File: f.Path, Field: "PerFrameFunctionalGroupsSequence", Found: fmt.Sprintf("%d items for %d frames", len(frames), px.Frames), Expected: "one a frame"}
	}
	kind := f.Text(dicom.SegmentationType)
	planes := make([]plane, len(frames))
	for i, own := range frames {
		group := func(t dicom.Tag) *dicom.DataSet {
			for _, d := range []*dicom.DataSet{own, shared} {
				if items := d.Items(t); len(items) > 0 {
					return items[0]
				}
			}
			return nil
		}
		bad := func(field, expected string) error {
			return &fault.Input{File: f.Path, Field: fmt.Sprintf("frame %d: %s", i+1, field), Expected: expected, Do: "a segmentation without places cannot be put on its series"}
		}
		p := &planes[i]
		position, ok := three(group(dicom.PlanePositionSequence), dicom.ImagePositionPatient)
		if !ok {
			return nil, bad("ImagePositionPatient", "three numbers")
		}
		cos, err := group(dicom.PlaneOrientationSequence).Floats(dicom.ImageOrientationPatient)
		if err != nil || len(cos) != 6 || !orthonormal(cos) {
			return nil, bad("ImageOrientationPatient", "two directions at right angles")
		}
		measures := group(dicom.PixelMeasuresSequence)
		spacing, err := measures.Floats(dicom.PixelSpacing)
		if err != nil || len(spacing) != 2 || !(spacing[0] > 0 && spacing[1] > 0) || math.IsInf(spacing[0]+spacing[1], 0) {
			return nil, bad("PixelSpacing", "two numbers above 0")
		}
		for r, sign := range [3]float64{-1, -1, 1} {
			p.origin[r] = sign * position[r]
			p.column[r] = sign * cos[r] * spacing[1]
			p.row[r] = sign * cos[3+r] * spacing[0]
		}
		for _, t := range []dicom.Tag{dicom.SpacingBetweenSlices, dicom.SliceThickness} {
			if v, err := measures.Floats(t); err == nil && len(v) == 1 && v[0] > 0 && !math.IsInf(v[0], 0) && p.apart == 0 {
				p.apart = v[0]
			}
		}
		if p.segment = -1; kind != labelMap && class(f) != labelMapClass {
			if p.segment, err = group(dicom.SegmentIdentificationSequence).Int(dicom.ReferencedSegmentNumber, -2); err != nil || p.segment < 0 {
				return nil, bad("ReferencedSegmentNumber", "the number of a segment")
			}
		}
	}
	return planes, nil
}

func orthonormal(c []float64) bool {
	a, b := [3]float64(c[:3]), [3]float64(c[3:])
	const tol = 1e-3
	return math.Abs(dot(a, a)-1) < tol && math.Abs(dot(b, b)-1) < tol && math.Abs(dot(a, b)) < tol
}

// ownGrid is the smallest regular stack that holds all frames.
func ownGrid(f *dicom.File, px dicom.Pixels, planes []plane) (g volume.Grid, err error) {
	bad := func(found, expected string) error {
		return &fault.Input{File: f.Path, Field: "frames", Found: found, Expected: expected, Do: "name the series that it was drawn on"}
	}
	if len(planes) == 0 {
		return g, bad("none", "at least one frame")
	}
	first := planes[0]
	normal := first.normal()
	var depths []float64
	for _, p := range planes {
		d := [3]float64{p.origin[0] - first.origin[0], p.origin[1] - first.origin[1], p.origin[2] - first.origin[2]}
		depth := dot(d, normal)
		for r := range 3 {
			// Slices of one stack differ along its normal only.
			if math.Abs(d[r]-depth*normal[r]) > .05*math.Sqrt(dot(first.column, first.column)) ||
				math.Abs(p.column[r]-first.column[r])*float64(px.Cols) > .05 || math.Abs(p.row[r]-first.row[r])*float64(px.Rows) > .05 {
				return g, bad("planes that are not one stack", "slices above each other")
			}
		}
		depths = append(depths, depth)
	}
	slices.Sort(depths)
	step := first.apart
	for i := 1; i < len(depths); i++ {
		if d := depths[i] - depths[i-1]; d > .01 && (d < step-.01 || step == 0) {
			step = d
		}
	}
	if step == 0 {
		return g, bad("no SpacingBetweenSlices and no SliceThickness", "the distance of slices")
	}
	low := depths[0]
	for _, d := range depths {
		n := (d - low) / step
		if math.Abs(n-math.Round(n))*step > .01*(1+math.Round(n)*.1) && math.Abs(n-math.Round(n)) > .05 {
			return g, bad(fmt.Sprintf("slices at %.4g and %.4g mm", low, d), fmt.Sprintf("slices %.4g mm apart", step))
		}
	}
	count := math.Round((depths[len(depths)-1]-low)/step) + 1
	if count > maxSlices || count*float64(px.Rows)*float64(px.Cols) > maxVoxels {
		return g, bad(fmt.Sprintf("%.0f slices of %.4g mm", count, step), "a stack of a patient")
	}
	g = volume.Grid{Size: [3]int{px.Cols, px.Rows, int(count)}, SpacingKnown: true}
	for r := range 3 {
		g.Affine[r] = [4]float64{first.column[r], first.row[r], normal[r] * step, first.origin[r] + normal[r]*low}
	}
	return g, nil
}

// firstSeries is the series that a SEG names first (PS3.3 C.12.4).
func firstSeries(d *dicom.DataSet) string {
	for _, s := range d.Items(dicom.ReferencedSeriesSequence) {
		if uid := s.Text(dicom.SeriesInstanceUID); uid != "" {
			return uid
		}
	}
	return ""
}
