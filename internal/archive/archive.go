// Package archive reads the annotations that a picture archive holds: DICOM
// segmentations (SEG, PS3.3 A.51) and radiotherapy structure sets (RTSTRUCT,
// PS3.3 A.19).
//
// An Annotation is a mask on the grid of a series, with one label a segment. A
// segment is a SEG's segment or a structure set's region of interest (ROI): in
// this system, a lesion. Coordinates of the files are left-posterior-superior;
// masks are RAS+, like all grids.
package archive

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"magn/internal/annotation"
	"magn/internal/dicom"
	"magn/internal/fault"
	"magn/internal/volume"
)

// SOP classes that are read (PS3.4 B.5).
const (
	segClass      = "1.2.840.10008.5.1.4.1.1.66.4"
	labelMapClass = "1.2.840.10008.5.1.4.1.1.66.7"
	rtClass       = "1.2.840.10008.5.1.4.1.1.481.3"
)

// Segment is one lesion of an annotation.
type Segment struct {
	Label  uint16 // in the mask: 1, 2, … in the order of the file
	Number int    // the file's own
	Name   string
	Voxels int // that are its own, after those it shares have gone to a smaller one
}

// Annotation is what was read out of one file.
type Annotation struct {
	Mask     *volume.Mask
	Segments []Segment
	Shared   int              // voxels of two or more segments; the smallest has them
	Frame    annotation.Frame // of the file: compare it with the series'
	Series   string           // SeriesInstanceUID that it was drawn on; "" where it does not say
	Notes    []string         // what was odd and tolerated
}

// Options of a reader.
type Options struct {
	// Series is the grid of the series that the annotation was drawn on. A SEG may
	// go without: its mask is then on a grid of its own. A structure set may not.
	Series *volume.Grid
	// Names chooses segments by name or number; none means all.
	Names []string
	// Decoder is for compressed frames of a SEG; nil where there are none.
	Decoder dicom.Decoder
}

// Is says whether a file holds an annotation that Read reads.
func Is(f *dicom.File) bool {
	return slices.Contains([]string{segClass, labelMapClass, rtClass}, class(f))
}

// class is the SOP class; by its modality where a file does not say.
func class(f *dicom.File) string {
	if c := f.Text(dicom.SOPClassUID); c != "" {
		return c
	}
	return map[string]string{"SEG": segClass, "RTSTRUCT": rtClass}[f.Text(dicom.Modality)]
}

// Read reads a SEG or a structure set. Every failure is a *fault.Input that names
// the file. It does not compare frames of reference.
func Read(ctx context.Context, f *dicom.File, o Options) (*Annotation, error) {
	a := &Annotation{Frame: annotation.Frame{UID: f.Text(dicom.FrameOfReferenceUID), Study: f.Text(dicom.StudyInstanceUID)}}
	var parts []part
	var grid volume.Grid
	var err error
	switch c := class(f); c {
	case segClass, labelMapClass:
		grid, parts, err = a.readSEG(ctx, f, o)
	case rtClass:
		grid, parts, err = a.readRT(f, o)
	default:
		err = &fault.Input{File: f.Path, Field: "SOP class", Found: strconv.Quote(c), Expected: "a segmentation (SEG) or a structure set (RTSTRUCT)"}
	}
	if err != nil {
		return nil, err
	}
	a.paint(grid, parts)
	return a, nil
}

// part is a segment with its voxels.
type part struct {
	Segment
	voxels []int32 // in the grid's storage; some may be twice
}

// paint puts the parts into one mask, the largest first: a lesion inside an organ
// is not hidden by it.
func (a *Annotation) paint(g volume.Grid, parts []part) {
	a.Mask = &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	order := make([]int, len(parts))
	for n := range parts {
		order[n] = n
		slices.Sort(parts[n].voxels)
		parts[n].voxels = slices.Compact(parts[n].voxels)
	}
	slices.SortStableFunc(order, func(x, y int) int { return len(parts[y].voxels) - len(parts[x].voxels) })
	for _, n := range order {
		p := &parts[n]
		for _, v := range p.voxels {
			if l := a.Mask.Labels[v]; l != 0 {
				a.Shared++
				parts[l-1].Voxels--
			}
			a.Mask.Labels[v] = p.Label
			p.Voxels++
		}
	}
	for _, p := range parts {
		a.Segments = append(a.Segments, p.Segment)
		if len(p.voxels) == 0 {
			a.note("segment %q has no voxel on the series", p.Name)
		}
	}
}

func (a *Annotation) note(format string, args ...any) {
	if s := fmt.Sprintf(format, args...); !slices.Contains(a.Notes, s) {
		a.Notes = append(a.Notes, s)
	}
}

// choose keeps the segments that are asked for, and numbers their labels.
func choose(file string, all []Segment, names []string) ([]part, error) {
	var out []part
	for _, s := range all {
		if len(names) == 0 || slices.Contains(names, s.Name) || slices.Contains(names, strconv.Itoa(s.Number)) {
			s.Label = uint16(len(out) + 1)
			out = append(out, part{Segment: s})
		}
	}
	for _, n := range names {
		if !slices.ContainsFunc(all, func(s Segment) bool { return s.Name == n || strconv.Itoa(s.Number) == n }) {
			have := make([]string, 0, len(all))
			for _, s := range all {
				have = append(have, strconv.Quote(s.Name))
			}
			return nil, &fault.Input{File: file, Field: "segments", Found: strings.Join(have, ", "), Expected: strconv.Quote(n)}
		}
	}
	if len(out) == 0 {
		return nil, &fault.Input{File: file, Field: "segments", Found: "none", Expected: "at least one"}
	}
	if len(out) > maxSegments {
		return nil, &fault.Input{File: file, Field: "segments", Found: strconv.Itoa(len(out)), Expected: fmt.Sprintf("at most %d", maxSegments)}
	}
	return out, nil
}

const maxSegments = 1024

// three reads three finite numbers of an element.
func three(d *dicom.DataSet, t dicom.Tag) (v [3]float64, ok bool) {
	f, err := d.Floats(t)
	if err != nil || len(f) != 3 {
		return v, false
	}
	for i, x := range f {
		if x-x != 0 {
			return v, false
		}
		v[i] = x
	}
	return v, true
}

// checkSeries is an error for a grid that nothing can be put on.
func checkSeries(file string, g volume.Grid) error {
	if min(g.Size[0], g.Size[1], g.Size[2]) < 1 || !g.SpacingKnown || g.Len() > math.MaxInt32 {
		return &fault.Input{File: file, Field: "series", Found: "no grid with known spacing", Expected: "the grid of the series that it was drawn on"}
	}
	if _, err := g.Affine.Inverse(); err != nil {
		return &fault.Input{File: file, Field: "series", Err: err}
	}
	return nil
}
