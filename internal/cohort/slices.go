package cohort

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync/atomic"

	"magn/internal/fault"
	"magn/internal/volume"
)

// ImportSlicesOptions says which slices of a manifest become which cohort.
type ImportSlicesOptions struct {
	Manifest string        // CSV: slice,patient,group,class,view,image,mask
	Classes  []string      // the two classes of the study; patients of others are excluded
	Positive string        // the one of Classes that gets label 1
	Study    string        // the study folder to make
	Views    []volume.View // a patient without one of these is excluded; nil means all three
}

// ImportSlices makes a study folder of single slices (PNG or JPEG) with masks.
// The slices of a patient and view become one stack, in manifest order, whose
// affine says directions only; every view that a patient has is kept. What is
// wrong with the files is returned all at once as *Problems, and nothing is
// left behind. report may be nil; its calls do not overlap.
func ImportSlices(ctx context.Context, opt ImportSlicesOptions, report func(done, total int)) (*Cohort, error) {
	if err := opt.verify(); err != nil {
		return nil, err
	}
	var ps Problems
	patients, err := opt.readManifest(&ps)
	if err != nil {
		return nil, err
	}
	c := opt.choose(patients, &ps)
	if err := ps.err(opt.Manifest); err != nil {
		return nil, err
	}
	w, err := Create(opt.Study)
	if err != nil {
		return nil, err
	}
	defer w.Abort()

	byID := map[string]*patient{}
	for _, p := range patients {
		byID[p.id] = p
	}
	found := make([]Problems, len(c.Cases))
	pixels := make([][]slicePixels, len(c.Cases))
	var bad atomic.Bool // once anything is wrong, the rest is read but no more written
	err = forEach(ctx, len(c.Cases), report, func(i int) error {
		p := byID[c.Cases[i].ID]
		for v := range p.views {
			if len(p.views[v]) == 0 {
				continue
			}
			s := sliceStack{opt: &opt, view: volume.View(v), slices: p.views[v]}
			s.read(&found[i])
			pixels[i] = append(pixels[i], s.pixels...)
			if len(found[i].List) > 0 {
				bad.Store(true)
			}
			if bad.Load() {
				continue
			}
			side := Sidecar{ScaledBy: BySlice, Sources: s.sources}
			if err := w.Stack(p.id, s.view, 1, s.image, s.mask, side); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		ps.List = append(ps.List, f.List...)
	}
	same := newSameness("an image of that patient's own")
	for i, k := range c.Cases {
		for _, s := range pixels[i] {
			same.add(k.Group, s, &ps)
		}
	}
	if err := ps.err(opt.Manifest); err != nil {
		return nil, err
	}
	return w.Commit(c)
}

// verify holds the options against each other; the files are not touched.
func (opt *ImportSlicesOptions) verify() error {
	usage := func(format string, a ...any) error { return &fault.Usage{Err: fmt.Errorf(format, a...)} }
	switch {
	case opt.Manifest == "" || opt.Study == "":
		return usage("a manifest and a study folder are needed")
	case len(opt.Classes) != 2 || opt.Classes[0] == opt.Classes[1]:
		return usage("classes %s: two different ones are needed; a question about three is three studies of one against the rest", strings.Join(opt.Classes, ","))
	case !slices.Contains(opt.Classes, opt.Positive):
		return usage("positive class %q is not one of the classes %s", opt.Positive, strings.Join(opt.Classes, ","))
	}
	if len(opt.Views) == 0 {
		opt.Views = volume.Views
	}
	for _, v := range opt.Views {
		if !slices.Contains(volume.Views, v) {
			return usage("view %v: expected sagittal, coronal or axial", v)
		}
	}
	return nil
}

func (opt *ImportSlicesOptions) readManifest(ps *Problems) ([]*patient, error) {
	f, err := os.Open(opt.Manifest)
	if err != nil {
		return nil, openFault(opt.Manifest, "", err)
	}
	defer f.Close()
	patients := parseManifest(opt.Manifest, f, ps)
	if len(patients) == 0 && len(ps.List) == 0 {
		ps.add(&fault.Input{File: opt.Manifest, Found: "a header and no slices", Expected: "one row a slice"})
	}
	return patients, nil
}

// choose makes cases of the patients of the two classes who have the views, and
// exclusions of the others.
func (opt *ImportSlicesOptions) choose(patients []*patient, ps *Problems) *Cohort {
	c := &Cohort{Positive: opt.Positive}
	kept, seen := map[string]int{}, map[string]bool{}
	for _, p := range patients {
		seen[p.class] = true
		reason := ""
		if !slices.Contains(opt.Classes, p.class) {
			reason = "class " + p.class + " was not asked for"
		} else {
			var missing []string
			for _, v := range opt.Views {
				if len(p.views[v]) == 0 {
					missing = append(missing, v.String())
				}
			}
			if len(missing) > 0 {
				reason = "no slice of view " + strings.Join(missing, " and ")
			}
		}
		if reason != "" {
			c.Excluded = append(c.Excluded, Exclusion{p.id, p.group, p.class, reason})
			continue
		}
		k := Case{ID: p.id, Group: p.group, Class: p.class}
		if p.class == opt.Positive {
			k.Label = 1
		}
		kept[p.class]++
		c.Cases = append(c.Cases, k)
	}
	if len(ps.List) > 0 { // rows were left out: what is missing now may be what is wrong there
		return c
	}
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, class := range opt.Classes {
		f := &fault.Input{File: opt.Manifest, Field: "class"}
		switch {
		case !seen[class]:
			f.Found = "no slice of class " + strconv.Quote(class)
			f.Expected = "one of " + strings.Join(names, ", ")
		case kept[class] == 0:
			f.Found = "no patient of class " + strconv.Quote(class) + " with every view asked for"
			f.Expected = "at least one"
		default:
			continue
		}
		ps.add(f)
	}
	return c
}

// sliceStack turns the slices of one patient and view into image and mask.
type sliceStack struct {
	opt     *ImportSlicesOptions
	view    volume.View
	slices  []slice
	image   *volume.Volume // nil before the first picture could be read
	mask    *volume.Mask
	sources []Source
	pixels  []slicePixels
}

func (s *sliceStack) path(rel string) string {
	if filepath.IsAbs(rel) {
		return rel
	}
	return filepath.Join(filepath.Dir(s.opt.Manifest), filepath.FromSlash(rel))
}

// maxLabels a stack: more distinct values than lesions are the grey edges of
// a smoothed drawing, not labels.
const maxLabels = 64

func (s *sliceStack) read(ps *Problems) {
	before := len(ps.List)
	var w, h int // of the first readable slice
	first := ""
	labels := map[uint16]bool{}
	for i, row := range s.slices {
		field := func(what string) string {
			return fmt.Sprintf("%s of slice %s (patient %s, %s, manifest line %d)", what, row.id(), row.patient(), s.view, row.line)
		}
		im, err := openPicture(s.path(row.image()), field("image"))
		if err != nil {
			ps.add(err)
			// The mask is looked at all the same, so that all is said at once.
			if mk, err := openPicture(s.path(row.mask()), field("mask")); err != nil {
				ps.add(err)
			} else {
				mk.close()
			}
			continue
		}
		if s.image == nil {
			w, h, first = im.w, im.h, row.image()
			if err := s.allocate(im); err != nil {
				im.close()
				ps.add(err)
				return
			}
		}
		if im.w != w || im.h != h {
			ps.add(im.fault(fmt.Sprintf("%d×%d pixels", im.w, im.h),
				fmt.Sprintf("%d×%d as in %s, one size for the slices of a view", w, h, first)))
		} else {
			grey := s.image.Data[i*w*h : (i+1)*w*h]
			if err := im.grey(grey); err != nil {
				ps.add(err)
			} else {
				hash := hashPixels(w, h, grey)
				s.sources = append(s.sources, Source{row.id(), row.image(), row.mask(), hash})
				s.pixels = append(s.pixels, slicePixels{hash, im.path, im.field})
			}
		}
		im.close()
		s.readMask(i, row, im, field("mask"), labels, ps)
	}
	if len(ps.List) > before {
		return
	}
	if _, err := s.mask.Canonical(s.view); err != nil { // more slices than a picture has rows
		ps.add(&fault.Input{File: s.path(s.slices[0].image()), Field: fmt.Sprintf("stack of patient %s, %s", s.slices[0].patient(), s.view), Err: err})
	}
	if len(labels) > maxLabels {
		ps.add(&fault.Input{
			File: s.path(s.slices[0].mask()), Field: fmt.Sprintf("masks of patient %s, %s", s.slices[0].patient(), s.view),
			Found: fmt.Sprintf("%d different values", len(labels)), Expected: fmt.Sprintf("one label a lesion, at most %d", maxLabels),
			Do: "save the masks without smoothed edges",
		})
	}
}

// allocate makes room for the stack, whose size is known from its first slice.
func (s *sliceStack) allocate(im *picture) error {
	n := len(s.slices)
	if im.w*im.h > maxVoxels/n {
		return im.fault(fmt.Sprintf("%d slices of %d×%d pixels", n, im.w, im.h), fmt.Sprintf("at most %d voxels a stack", maxVoxels))
	}
	g := sliceGrid(s.view, im.w, im.h, n)
	s.image = &volume.Volume{Grid: g, Data: make([]float32, g.Len())}
	s.mask = &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
	return nil
}

func (s *sliceStack) readMask(i int, row slice, im *picture, field string, labels map[uint16]bool, ps *Problems) {
	mk, err := openPicture(s.path(row.mask()), field)
	if err != nil {
		ps.add(err)
		return
	}
	defer mk.close()
	if mk.w != im.w || mk.h != im.h {
		ps.add(mk.fault(fmt.Sprintf("%d×%d pixels", mk.w, mk.h), fmt.Sprintf("%d×%d as in its image %s", im.w, im.h, row.image())))
		return
	}
	n := im.w * im.h
	if s.mask.Size[0]*s.mask.Size[1] != n { // said of the image already
		return
	}
	dst := s.mask.Labels[i*n : (i+1)*n]
	if err := mk.labels(dst); err != nil {
		ps.add(err)
		return
	}
	empty := true
	for _, l := range dst {
		if l != 0 {
			empty = false
			if len(labels) <= maxLabels {
				labels[l] = true
			}
		}
	}
	if empty {
		ps.add(mk.fault("an empty mask", "at least one pixel of lesion"))
	}
}

// canonicalAxes are, for each view, the directions in patient axes (RAS+) in which
// a picture's columns, its rows and the slices run, as volume.Canonical has them.
var canonicalAxes = [3][3][3]float64{
	volume.Sagittal: {{0, -1, 0}, {0, 0, -1}, {1, 0, 0}},
	volume.Coronal:  {{-1, 0, 0}, {0, 0, -1}, {0, -1, 0}},
	volume.Axial:    {{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}},
}

// sliceGrid is the grid of a stack of pictures of a view: its affine makes the
// picture as shown on a screen, in manifest order, canonical. There is no
// spacing and no origin; one unit is one pixel or one slice.
func sliceGrid(view volume.View, w, h, n int) volume.Grid {
	g := volume.Grid{Size: [3]int{w, h, n}}
	for column, direction := range canonicalAxes[view] {
		for r, x := range direction {
			g.Affine[r][column] = x
		}
	}
	return g
}
