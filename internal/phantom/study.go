package phantom

import (
	"context"
	"os"

	"magn/internal/cohort"
	"magn/internal/volume"
)

// WriteStudy makes a study folder at once, without DICOM and import between: the
// same people, the same images and outlines, the true masks in the views that have
// no outline. Patients who must be excluded are those of Write, with its reasons.
// A folder that already holds the same cohort is left as it is, another one
// refused; a failed call leaves nothing. progress may be nil; its calls do not
// overlap.
func WriteStudy(ctx context.Context, dir string, opt Options, progress func(done, total int)) (*cohort.Cohort, error) {
	if err := opt.verify(); err != nil {
		return nil, err
	}
	w, err := cohort.Create(dir)
	if err != nil {
		return nil, err
	}
	defer w.Abort()
	c := &cohort.Cohort{Positive: Positive, Negative: Negative}
	var kept []patient
	for _, p := range opt.patients() {
		if p.flaw != none {
			c.Excluded = append(c.Excluded, cohort.Exclusion{ID: p.id, Group: p.group(), Class: p.class(), Reason: p.flaw.reason()})
			continue
		}
		kept = append(kept, p)
		c.Cases = append(c.Cases, cohort.Case{ID: p.id, Group: p.group(), Class: p.class(), Label: p.label})
	}
	err = each(ctx, len(kept), progress, func(ctx context.Context, i int, tex texture) error {
		return newExam(opt, kept[i], tex).writeStacks(ctx, w)
	}, opt)
	if err != nil {
		return nil, err
	}
	return w.Commit(c)
}

// writeStacks writes the stacks that show a lesion.
func (e *exam) writeStacks(ctx context.Context, w *cohort.Writer) error {
	if err := e.render(ctx, func(s *series) bool { return s.used }); err != nil {
		return err
	}
	var n [3]int
	for _, s := range e.series {
		if !s.used {
			continue
		}
		mask := e.truths[stackKey(s.stack)]
		labels := labelsOf(mask)
		if len(labels) == 0 {
			continue
		}
		if s.drawn {
			mask = e.outline(mask, labels)
		}
		v := s.stack.view
		n[v]++
		if err := w.Stack(e.id, v, n[v], s.volume(), mask, cohort.Sidecar{ScaledBy: cohort.ByStack}); err != nil {
			return err
		}
	}
	for _, v := range volume.Views {
		if n[v] == 0 {
			return &os.PathError{Op: "scan", Path: e.id + "/" + v.String(), Err: os.ErrNotExist}
		}
	}
	return nil
}
