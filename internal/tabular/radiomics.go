package tabular

import (
	"context"
	"errors"
	"fmt"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/radiomics"
	"magn/internal/volume"
)

// largest stands before the form of the largest lesion of a view, which the
// union's stands beside without a prefix of its own.
const largest = "largest_"

// Notes of rows.
const (
	noteSlices = "slices without a known spacing, or each with a scale of its own: features are computed in each slice by itself and averaged by the lesion's area; intensities are normalised within a slice"
	noteNative = "the spacing is not known: pixels are native, and lengths are in pixels"
)

// view describes one view of a case. Several stacks are averaged, feature by
// feature, by the volume outlined in each; the largest lesion is that of the
// stack that shows most of it.
func (e *extraction) view(ctx context.Context, v volume.View, stacks []cohort.Stack) (row viewRow, err error) {
	var all, alone pool
	biggest := 0.0
	notes := map[string]bool{}
	for _, st := range stacks {
		in, err := st.Read(v)
		if err != nil {
			return row, err
		}
		p := &piece{e: e, ctx: ctx, stack: st, in: in, notes: notes}
		if st.ScaledBy == cohort.BySlice || !st.SpacingKnown {
			err = p.slices(&all)
		} else {
			err = p.whole(&all)
		}
		if err != nil {
			return row, err
		}
		if p.biggest > biggest {
			biggest, alone = p.biggest, p.alone
		}
	}
	all.into(&row)
	alone.into(&row)
	for _, n := range []string{noteSlices, noteNative, noteSmall, noteFlat} {
		if notes[n] {
			row.Notes = append(row.Notes, n)
		}
	}
	return row, nil
}

// piece is one stack of a view at work.
type piece struct {
	e       *extraction
	ctx     context.Context
	stack   cohort.Stack
	in      cohort.Read
	notes   map[string]bool
	alone   pool    // form of the stack's largest lesion
	biggest float64 // its volume in mm³, or voxels
}

// whole describes a stack as one volume: values and texture of all lesions as
// one, form of that and of the largest lesion.
func (p *piece) whole(all *pool) error {
	image := radiomics.ImageOf(p.in.Image, radiomics.Unknown)
	label, count, total := biggestLabel(p.in.Mask.Labels)
	sp := p.in.Image.Spacing()
	voxel := sp[0] * sp[1] * sp[2]
	union := merged(p.in.Mask, p.in.Mask.Labels)
	if err := p.extract(image, union, 1, p.e.Stack, func(f radiomics.Feature) {
		all.add(f.FullName(), f.Value, float64(total)*voxel)
	}); err != nil {
		return err
	}
	return p.form(image, p.in.Mask, label, p.e.Stack, float64(count)*voxel, func(name string, x float64) {
		p.alone.add(name, x, 1)
	})
}

// form describes the largest lesion; where that is larger than the one before.
func (p *piece) form(image *radiomics.Image, mask *volume.Mask, label uint16, s *radiomics.Settings, size float64, add func(string, float64)) error {
	only := shapeOnly(s)
	if only == nil {
		return nil
	}
	p.biggest = max(p.biggest, size)
	return p.extract(image, mask, label, only, func(f radiomics.Feature) { add(largest+f.FullName(), f.Value) })
}

// slices describes each slice with a lesion by itself, and averages by area.
func (p *piece) slices(all *pool) error {
	if p.e.Whole {
		return &fault.Input{
			File: p.stack.Image, Field: "scaled_by, spacing_known", Found: "slices without a known spacing, or each with a scale of its own",
			Expected: "a volume, which features across slices need", Do: "set features.mode: 2d, or force2D in the parameter file",
		}
	}
	p.notes[noteSlices] = true
	s := p.e.Slice
	if !p.stack.SpacingKnown {
		s = native(s)
		p.notes[noteNative] = true
	}
	g := p.in.Image.Grid
	n := g.Size[0] * g.Size[1]
	for k := range g.Size[2] {
		labels := p.in.Mask.Labels[k*n:][:n]
		label, _, total := biggestLabel(labels)
		if total == 0 {
			continue
		}
		flat := volume.Grid{Size: [3]int{g.Size[0], g.Size[1], 1}, Affine: g.Affine, SpacingKnown: g.SpacingKnown}
		image := radiomics.ImageOf(&volume.Volume{Grid: flat, Data: p.in.Image.Data[k*n:][:n]}, radiomics.Unknown)
		mask := &volume.Mask{Grid: flat, Labels: labels}
		weight := float64(total)
		if err := p.extract(image, merged(mask, labels), 1, s, func(f radiomics.Feature) { all.add(f.FullName(), f.Value, weight) }); err != nil {
			return err
		}
		// Averaged over slices like the rest: a label's largest slice says less of it.
		if err := p.form(image, mask, label, s, 0, func(name string, x float64) { all.add(name, x, weight) }); err != nil {
			return err
		}
	}
	return nil
}

// Notes of what was left out.
const (
	noteSmall = "a lesion, or its part on a slice, is smaller than features need (two pixels along two axes) and is left out"
	noteFlat  = "a slice of one grey value is left out"
)

// extract describes one label. A lesion that is too small for features, and an
// image without variation, give none, which is noted; all else that is wrong is
// an error that names the file.
func (p *piece) extract(image *radiomics.Image, mask *volume.Mask, label uint16, s *radiomics.Settings, add func(radiomics.Feature)) error {
	r, err := radiomics.Extract(p.ctx, image, mask, label, s, 1)
	if err != nil {
		var bad *fault.Input
		if p.ctx.Err() != nil || !errors.As(err, &bad) {
			return fmt.Errorf("%s: %w", p.stack.Image, err)
		}
		switch {
		case bad.File == "mask" && bad.Field == fmt.Sprintf("label %d", label):
			p.notes[noteSmall] = true
			return nil
		case bad.File == "image" && bad.Field == "normalize":
			p.notes[noteFlat] = true
			return nil
		}
		return radiomics.InFiles(err, p.stack.Image, p.stack.Mask, p.e.path)
	}
	for _, f := range r.Features {
		add(f)
	}
	return nil
}

// merged is all labels as one.
func merged(m *volume.Mask, labels []uint16) *volume.Mask {
	all := &volume.Mask{Grid: m.Grid, Labels: make([]uint16, len(labels))}
	for i, l := range labels {
		all.Labels[i] = min(l, 1)
	}
	return all
}

// biggestLabel is the lesion with the most voxels (of equal ones the lowest), how
// many it has, and how many all have.
func biggestLabel(labels []uint16) (label uint16, count, total int) {
	n := map[uint16]int{}
	for _, l := range labels {
		if l > 0 {
			n[l]++
			total++
		}
	}
	for l, c := range n {
		if c > count || c == count && l < label {
			label, count = l, c
		}
	}
	return label, count, total
}
