package cohort

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"magn/internal/fault"
	"magn/internal/volume"
)

// Check reads every stack of every case and returns all that is wrong as
// *Problems: unreadable or truncated files, NaN, a mask on another grid or empty,
// voxels that changed since the import, identical slices under two groups,
// a case without any stack. Flat slices (air) are not compared between groups.
// progress may be nil; its calls do not overlap.
func (c *Cohort) Check(ctx context.Context, progress func(done, total int)) error {
	found := make([]Problems, len(c.Cases))
	slices := make([][]slicePixels, len(c.Cases))
	err := forEach(ctx, len(c.Cases), progress, func(i int) error {
		slices[i] = checkCase(c.Cases[i], &found[i])
		return nil
	})
	if err != nil {
		return err
	}
	var all Problems
	for _, f := range found {
		all.List = append(all.List, f.List...)
	}
	same := newSameness("another image")
	for i, k := range c.Cases {
		for _, s := range slices[i] {
			same.add(k.Group, s, &all)
		}
	}
	return all.err(c.Dir)
}

// slicePixels is the hash of one slice and how a user finds it.
type slicePixels struct {
	hash        string
	file, field string
}

// sameness finds identical pixels under two groups: one person with two names,
// or a copy by mistake, and a leak between folds either way.
type sameness struct {
	first    map[string]slicePixels
	group    map[string]string
	expected string
	said     map[[2]string]bool
}

func newSameness(what string) *sameness {
	return &sameness{first: map[string]slicePixels{}, group: map[string]string{}, expected: what, said: map[[2]string]bool{}}
}

func (s *sameness) add(group string, p slicePixels, ps *Problems) {
	g, ok := s.group[p.hash]
	if !ok {
		s.group[p.hash], s.first[p.hash] = group, p
		return
	}
	pair := [2]string{p.file, s.first[p.hash].file}
	if g == group || s.said[pair] { // once for two stacks, however many slices they share
		return
	}
	s.said[pair] = true
	q := s.first[p.hash]
	ps.add(&fault.Input{
		File: p.file, Field: p.field,
		Found:    fmt.Sprintf("the same pixels under two groups: %s here, %s in %s (%s)", group, g, q.file, q.field),
		Expected: s.expected, Do: "put both patients into one group, or take one of them out",
	})
}

func checkCase(k Case, ps *Problems) []slicePixels {
	var out []slicePixels
	found := false
	for _, v := range volume.Views {
		for _, s := range k.Stacks(v) {
			found = true
			out = append(out, checkStack(s, v, ps)...)
		}
	}
	if !found {
		ps.add(&fault.Input{File: k.Dir, Field: "case " + k.ID, Found: "no stack of any view", Expected: "at least one <view>.nii.gz"})
	}
	return out
}

func checkStack(s Stack, v volume.View, ps *Problems) []slicePixels {
	image, mask, err := s.stored()
	if err != nil {
		ps.add(err)
		return nil
	}
	if hashVolume(image) != s.ImageSHA256 {
		ps.add(changed(s.Image, "image_sha256"))
	}
	if hashMask(mask) != s.MaskSHA256 {
		ps.add(changed(s.Mask, "mask_sha256"))
	}
	r, err := s.canonical(v, image, mask)
	if err != nil {
		ps.add(err)
		return nil
	}
	var out []slicePixels
	for k := range r.Image.Size[2] {
		p := r.Image.Slice(k)
		if !flat(p.Pix) {
			out = append(out, slicePixels{hashPixels(p.W, p.H, p.Pix), s.Image, fmt.Sprintf("slice %d", k)})
		}
	}
	return out
}

func changed(path, field string) error {
	return &fault.Input{
		File: path, Field: "voxels and grid", Found: "something else than what was imported",
		Expected: "the " + field + " of the sidecar", Do: "restore the file or import again",
	}
}

func flat(pix []float32) bool {
	for _, x := range pix {
		if x != pix[0] {
			return false
		}
	}
	return true
}

// forEach calls do for 0…n-1 on all cores, and progress after each. The first
// error or the end of the context stops it.
func forEach(ctx context.Context, n int, progress func(done, total int), do func(i int) error) error {
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(max(1, runtime.GOMAXPROCS(0)))
	var mu sync.Mutex
	done := 0
	for i := range n {
		if inner.Err() != nil {
			break
		}
		g.Go(func() error {
			if err := inner.Err(); err != nil {
				return err
			}
			if err := do(i); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			if progress != nil {
				progress(done, n)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}
