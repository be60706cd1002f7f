// Package phantom makes a small synthetic cohort of spine MRI, so that the whole
// software can be tried without anybody's data. It says something about the
// software and nothing about patients.
//
// Nouns: a person has one anatomy, a function from patient millimetres (RAS+) to
// signal, with one or two lesions in vertebrae. An exam scans it as three stacks
// of thick, slightly oblique slices, one a view, with bias field and Rician
// noise. A patient is one id in the cohort; one person stands in it under two
// ids, which are one group. The two classes are myeloma (positive: homogeneous,
// more often multiple) and metastasis (enhancing rim, dark and patchy core).
//
// Everything is drawn by key from the seed, so the same options give the same
// bytes, whatever the number of cores.
package phantom

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"magn/internal/cohort"
	"magn/internal/draw"
	"magn/internal/fault"
	"magn/internal/volume"
)

// The classes.
const (
	Positive = "myeloma"
	Negative = "metastasis"
)

// Options of a cohort.
type Options struct {
	Patients   int     // ids, the excluded one among them; 6 or more
	Seed       int64   // of everything drawn
	Difficulty float64 // 0: the classes are plainly different; 1: drawn from one distribution
	Size       int     // pixels a side in plane, 0.7 to 0.9 mm each; 0 means 256
}

const (
	minPatients, maxPatients = 6, 9999
	minSize, maxSize         = 32, 1024
)

func (o *Options) verify() error {
	if o.Size == 0 {
		o.Size = 256
	}
	switch {
	case o.Patients < minPatients || o.Patients > maxPatients:
		return &fault.Usage{Err: fmt.Errorf("%d patients: expected %d to %d", o.Patients, minPatients, maxPatients)}
	case !(o.Difficulty >= 0 && o.Difficulty <= 1):
		return &fault.Usage{Err: fmt.Errorf("difficulty %v: expected 0 to 1", o.Difficulty)}
	case o.Size < minSize || o.Size > maxSize:
		return &fault.Usage{Err: fmt.Errorf("%d pixels a side: expected %d to %d", o.Size, minSize, maxSize)}
	}
	return nil
}

// patient is one id of the cohort.
type patient struct {
	id     string
	person int // number of the person, from 1
	exam   int // 0, or 1 for the second id of a person
	label  int
}

func (p patient) class() string {
	if p.label == 1 {
		return Positive
	}
	return Negative
}

// group is the id of the person's first exam.
func (p patient) group() string { return personID(p.person) }

func personID(n int) string { return fmt.Sprintf("phantom-%04d", n) }

// twice is the person who stands in the cohort under two ids.
const twice = 2

// patients of a cohort: classes alternate from person to person; the second id
// of one person comes right after the first.
func (o Options) patients() []patient {
	var out []patient
	for n := 1; len(out) < o.Patients; n++ {
		p := patient{id: personID(n), person: n, label: n % 2}
		out = append(out, p)
		if n == twice {
			p.id, p.exam = p.id+"b", 1
			out = append(out, p)
		}
	}
	return out
}

// Write makes a cohort in a new study folder: cohort.csv, excluded.csv (the last
// patient has no coronal stack) and the case folders. A folder that already holds
// the same cohort is left as it is, another one refused; a failed call leaves
// nothing. progress may be nil; its calls do not overlap.
func Write(ctx context.Context, dir string, opt Options, progress func(done, total int)) (*cohort.Cohort, error) {
	if err := opt.verify(); err != nil {
		return nil, err
	}
	w, err := cohort.Create(dir)
	if err != nil {
		return nil, err
	}
	defer w.Abort()
	all := opt.patients()
	last := all[len(all)-1]
	c := &cohort.Cohort{
		Positive: Positive, Negative: Negative,
		Excluded: []cohort.Exclusion{{ID: last.id, Group: last.group(), Class: last.class(), Reason: "no stack of view coronal"}},
	}
	kept := all[:len(all)-1]
	for _, p := range kept {
		c.Cases = append(c.Cases, cohort.Case{ID: p.id, Group: p.group(), Class: p.class(), Label: p.label})
	}

	tex := newTexture(draw.New("phantom", opt.Seed, "texture"))
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(max(1, runtime.GOMAXPROCS(0)))
	var mu sync.Mutex
	done := 0
	for _, p := range kept {
		g.Go(func() error {
			body := newAnatomy(opt, p, tex)
			for _, view := range volume.Views {
				if err := inner.Err(); err != nil {
					return err
				}
				image, mask := scan(opt, p, body, view)
				if err := w.Stack(p.id, view, 1, image, mask, cohort.Sidecar{ScaledBy: cohort.ByStack}); err != nil {
					return err
				}
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			if progress != nil {
				progress(done, len(kept))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return w.Commit(c)
}
