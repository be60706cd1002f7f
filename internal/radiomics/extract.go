package radiomics

import (
	"context"
	"fmt"
	"slices"

	"magn/internal/volume"
)

// Result is what an extraction found about one lesion.
type Result struct {
	Label       uint16
	Features    []Feature    // shape first, then image by image; within one, classes and features in the settings' order
	Diagnostics []Diagnostic // what image and mask were like, step by step
	Notes       []string     // what was asked for and left out, and why: a sentence each
}

// Extract computes the features that the settings ask for, of the voxels with
// that label. workers bounds how many cores the filters use. It is a
// *fault.Input where image, mask and settings do not fit; its File then says
// "image", "mask" or "settings" in place of a path.
func Extract(ctx context.Context, im *Image, mask *volume.Mask, label uint16, s *Settings, workers int) (*Result, error) {
	p, err := Prepare(ctx, im, mask, label, s, workers)
	if err != nil {
		return nil, err
	}
	out := &Result{Label: label}
	if out.Diagnostics, err = diagnose(im, mask, p); err != nil {
		return nil, err
	}
	if err := out.shape(p, s); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(s.Features, func(c ClassFeatures) bool { return !isShape(c.Class) }) {
		return out, nil
	}
	err = p.Images(ctx, workers, func(name string, o *Options, r *Region) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		g, err := r.Discretise(Binning{Width: o.BinWidth, Count: o.BinCount})
		if err != nil {
			return fmt.Errorf("%s image: %w", name, err)
		}
		for _, c := range s.Features {
			if compute := greyClasses[c.Class]; compute != nil {
				out.add(name, c, compute(g, o))
			}
		}
		g.release()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// greyClasses are those computed from each image.
var greyClasses = map[string]func(*Grey, *Options) []Feature{
	"firstorder": FirstOrder,
	"glcm":       GLCM,
	"glrlm":      GLRLM,
	"glszm":      GLSZM,
	"gldm":       GLDM,
	"ngtdm":      NGTDM,
}

func isShape(class string) bool { return class == "shape" || class == "shape2D" }

// Compute describes one region by one class, as part of no extraction, with the
// bins of the options.
func Compute(r *Region, class string, o *Options) ([]Feature, error) {
	switch class {
	case "shape":
		return Shape(r), nil
	case "shape2D":
		return Shape2D(r, o.Force2DDimension)
	}
	compute := greyClasses[class]
	if compute == nil {
		return nil, fmt.Errorf("no class %q", class)
	}
	g, err := r.Discretise(Binning{Width: o.BinWidth, Count: o.BinCount})
	if err != nil {
		return nil, err
	}
	defer g.release()
	return compute(g, o), nil
}

// shape adds what is computed once, from the mask.
func (out *Result) shape(p *Prepared, s *Settings) error {
	classes := slices.DeleteFunc(slices.Clone(s.Features), func(c ClassFeatures) bool { return !isShape(c.Class) })
	slices.SortStableFunc(classes, func(a, b ClassFeatures) int { return len(a.Class) - len(b.Class) })
	for _, c := range classes {
		if c.Class == "shape2D" && !s.Force2D {
			out.Notes = append(out.Notes, "shape2D is left out: it is computed with force2D only")
			continue
		}
		r, err := p.ShapeRegion()
		if err != nil {
			return err
		}
		if d := s.Force2DDimension; c.Class == "shape2D" && r.Size[d] == 1 && r.Size[2-d] > 1 {
			// PyRadiomics looks along x, y, z where the slices are those of z, y, x.
			out.Notes = append(out.Notes, "shape2D is left out: the lesion has one voxel along "+"xyz"[d:d+1]+", and is on several slices")
			continue
		}
		all := []Feature(nil)
		if c.Class == "shape" {
			all = Shape(r)
		} else if all, err = Shape2D(r, s.Force2DDimension); err != nil {
			return err
		}
		out.add("original", c, all)
	}
	return nil
}

// add takes over, of all features of a class, those asked for.
func (out *Result) add(image string, c ClassFeatures, all []Feature) {
	for _, name := range c.Wanted() {
		if k := slices.IndexFunc(all, func(f Feature) bool { return f.Name == name }); k >= 0 {
			f := all[k]
			f.Image = image
			out.Features = append(out.Features, f)
		}
	}
}
