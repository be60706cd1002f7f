package intake

import (
	"context"
	"fmt"
	"math"
	"slices"

	"magn/internal/annotation"
	"magn/internal/cohort"
	"magn/internal/convert"
	"magn/internal/fault"
	"magn/internal/volume"
)

// builder makes one case.
type builder struct {
	*importer
	ctx    context.Context
	p      *patient
	images map[*Series]*picture
	masks  map[*Series]*volume.Mask // the outlines, by the series that they were drawn on
	drawn  []*Series                // those series, sagittal first
	made   *made
}

// picture is a converted series.
type picture struct {
	*volume.Volume
	side *convert.Sidecar
}

func (b *builder) image(s *Series) (*picture, error) {
	if im := b.images[s]; im != nil {
		return im, nil
	}
	raw, err := b.scan.Convert(b.ctx, s.Candidate)
	if err != nil {
		return nil, err
	}
	v, err := raw.Volume()
	if err != nil {
		return nil, err
	}
	b.images[s] = &picture{v, b.scan.NewSidecar(s.Candidate, raw)}
	return b.images[s], nil
}

// outlines reads all outlines of the patient, puts those of one series together,
// and measures the lesions.
func (b *builder) outlines() error {
	for _, o := range b.p.outlines {
		on, mask, err := b.onSeries(o)
		if err != nil {
			return err
		}
		if b.masks[on] == nil {
			b.masks[on] = mask
			b.drawn = append(b.drawn, on)
			continue
		}
		if err := join(b.masks[on], mask, o.file); err != nil {
			return err
		}
	}
	slices.SortStableFunc(b.drawn, func(x, y *Series) int { return int(x.View) - int(y.View) })
	for _, s := range b.drawn {
		if !slices.ContainsFunc(b.masks[s].Labels, func(l uint16) bool { return l != 0 }) {
			return &fault.Input{File: b.p.outlines[0].file, Field: "labels", Found: "no voxel of a lesion", Expected: "at least one"}
		}
	}
	var err error
	b.made.Lesions, err = annotation.Measure(b.masks[b.drawn[0]], annotation.Third)
	return err
}

// onSeries reads an outline on the series that it was drawn on. Where that may be
// several, one that is used comes first.
func (b *builder) onSeries(o *outline) (*Series, *volume.Mask, error) {
	list := slices.Clone(o.drawn)
	slices.SortStableFunc(list, func(x, y *Series) int { return b.used(y) - b.used(x) })
	var first error
	for _, s := range list {
		mask, err := o.read(b.ctx, b.importer, s)
		if err == nil && slices.ContainsFunc(mask.Labels, func(l uint16) bool { return l != 0 }) {
			return s, mask, nil
		}
		if err == nil {
			err = &fault.Input{File: o.file, Field: "labels", Found: "no voxel of a lesion on its series", Expected: "at least one"}
		}
		if first == nil {
			first = inFile(err, o.file)
		}
	}
	return nil, nil, first
}

func (b *builder) used(s *Series) int {
	for _, c := range b.p.views {
		if slices.Contains(c.use, s) {
			return 1
		}
	}
	return 0
}

// join adds the lesions of a second file of one series to those of the first. Files
// that outline the same are two answers to one question.
func join(to, from *volume.Mask, file string) error {
	next := uint16(0)
	here, both, there := 0, 0, 0
	for i, l := range to.Labels {
		next = max(next, l)
		if l != 0 {
			here++
		}
		if f := from.Labels[i]; f != 0 {
			there++
			if l != 0 {
				both++
			}
		}
	}
	if 2*both > min(here, there) {
		return &fault.Input{File: file, Found: "the same lesions as another file outlines on that series", Expected: "one outline a lesion", Do: "take one of the files out"}
	}
	for i, f := range from.Labels {
		if f == 0 || to.Labels[i] != 0 {
			continue
		}
		if int(next)+int(f) > math.MaxUint16 {
			return &fault.Input{File: file, Field: "labels", Found: fmt.Sprint(f), Expected: "labels below 65535 in all"}
		}
		to.Labels[i] = next + f
	}
	return nil
}

// view writes the stacks of a view. A stack that shows nothing of a lesion is left
// out where another one does.
func (b *builder) view(v volume.View) error {
	list := b.p.views[v].use
	if len(list) == 0 {
		return nil
	}
	grids := make([]volume.Grid, len(list))
	for i, s := range list {
		grids[i] = s.Grid
	}
	n := 0
	for _, s := range list {
		mask, report, err := b.mask(s, v, grids)
		if err != nil {
			return err
		}
		if report.Lesions == 0 {
			continue
		}
		im, err := b.image(s)
		if err != nil {
			return err
		}
		n++
		mask.Grid = im.Grid
		if err := b.growth.Stack(b.p.id, v, n, im.Volume, mask, cohort.Sidecar{ScaledBy: cohort.ByStack}); err != nil {
			return err
		}
		b.made.Stacks = append(b.made.Stacks, madeStack{v, n, s.Key, report, im.side})
	}
	if n == 0 {
		return &fault.Input{
			File: "case " + b.p.id, Field: v.String(), Found: "no part of the lesions inside its stacks",
			Expected: "stacks that show the lesions", Do: "choose another series in " + importFolder + "/" + seriesFile,
		}
	}
	return nil
}

// mask is the outline on the grid of a stack: drawn on it, or carried from a series
// of the same view, else from the sagittal one, else from any.
func (b *builder) mask(s *Series, v volume.View, grids []volume.Grid) (*volume.Mask, outlineReport, error) {
	r := outlineReport{How: "drawn", DrawnOn: s.Key, Coverage: 1}
	mask := b.masks[s]
	if mask != nil {
		n, err := b.count(mask, &r)
		r.Outlined = n
		return mask, r, err
	}
	from := b.drawn[0]
	for _, d := range b.drawn {
		if d.View == v {
			from = d
			break
		}
	}
	whole := b.masks[from]
	r.How, r.DrawnOn, r.Method = "carried", from.Key, b.Method
	mask, err := annotation.Transfer(whole, s.Grid, annotation.Options{Method: b.Method, From: frameOf(from), To: frameOf(s), AnyFrame: b.AnyFrame, Drawn: annotation.Third, Target: annotation.Third})
	if err != nil {
		return nil, r, inFile(err, "case "+b.p.id+", "+v.String())
	}
	if _, err = b.count(mask, &r); err != nil {
		return nil, r, err
	}
	cover, err := annotation.Coverage(whole, annotation.Third, grids)
	if err != nil {
		return nil, r, err
	}
	for _, c := range cover {
		r.Coverage = min(r.Coverage, c)
	}
	r.Outlined = len(cover)
	if r.Lesions == 0 || b.noShift {
		return mask, r, nil
	}
	reference, err := b.image(from)
	if err != nil {
		return nil, r, err
	}
	target, err := b.image(s)
	if err != nil {
		return nil, r, err
	}
	shift, err := annotation.FindShiftOf(reference.Volume, target.Volume, whole)
	if err == nil {
		r.Shift = &shift
	}
	return mask, r, nil
}

// count fills in how many lesions a mask shows, and how much of them.
func (b *builder) count(mask *volume.Mask, r *outlineReport) (int, error) {
	lesions, err := annotation.Measure(mask, annotation.Third)
	if err != nil {
		return 0, err
	}
	r.Lesions = len(lesions)
	for _, l := range lesions {
		r.VolumeML += l.VolumeML
	}
	return len(lesions), nil
}
