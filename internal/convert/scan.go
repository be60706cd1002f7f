package convert

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"magn/internal/fault"
)

// NewScan reads the headers of all files at and below paths and makes candidates
// of them. progress, where there is one, is called with the files read and their
// number, from several goroutines. Only what is wrong with paths themselves, too
// many files and an interruption are errors; what is wrong with a file or a
// series stands in the scan.
func NewScan(ctx context.Context, paths []string, o Options, progress func(done, total int)) (*Scan, error) {
	s := &Scan{opt: o}
	if err := s.walk(ctx, paths); err != nil {
		return nil, err
	}
	list, err := s.readHeaders(ctx, progress)
	if err != nil {
		return nil, err
	}
	midnight(list)
	m := &maker{ctx: ctx, scan: s}
	err = m.all(list)
	m.closeFiles()
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, fault.ErrInterrupted
	}
	s.Candidates = m.out
	s.number()
	s.doubts()
	s.settle()
	return s, nil
}

// readHeaders reads every file that has no status yet. The slices are in the
// files' order.
func (s *Scan) readHeaders(ctx context.Context, progress func(done, total int)) ([]*slice, error) {
	p := &pool{m: map[Facts]*Facts{}}
	perFile := make([][]*slice, len(s.Files))
	g, ctx := errgroup.WithContext(ctx)
	// Reading waits for disks more than it computes.
	g.SetLimit(2 * s.opt.workers())
	var mu sync.Mutex
	done := 0
	for i := range s.Files {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			f := &s.Files[i]
			if f.Status == "" && ctx.Err() == nil {
				list, syntax, notes, err := readFile(f.Path, f.size, p)
				f.syntax, f.Notes = syntax, notes
				for _, sl := range list {
					sl.file = int32(i)
				}
				perFile[i] = list
				if err != nil {
					perFile[i] = nil
					f.fail(err)
				}
			}
			if progress != nil {
				mu.Lock()
				done++
				n := done
				mu.Unlock()
				progress(n, len(s.Files))
			}
			return nil
		})
	}
	_ = g.Wait()
	if ctx.Err() != nil && context.Cause(ctx) != nil && !s.allRead(perFile) {
		return nil, fault.ErrInterrupted
	}
	return slices.Concat(perFile...), nil
}

// allRead says that no file is without slices and without a status.
func (s *Scan) allRead(perFile [][]*slice) bool {
	for i := range s.Files {
		if s.Files[i].Status == "" && perFile[i] == nil {
			return false
		}
	}
	return true
}

// fail gives a file the status and the reason that err stands for.
func (f *File) fail(err error) {
	f.Status, f.Reason = Refused, reason(err, f.Path)
	if s := skip(""); errors.As(err, &s) {
		f.Status = Skipped
	}
}

// reason is err's message without the path that stands beside it.
func reason(err error, path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(err.Error(), path), ": ")
}

func pathless(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

// all groups slices into series, parts and orientations, and makes candidates.
func (m *maker) all(list []*slice) error {
	bySeries := map[series][]*slice{}
	for _, s := range list {
		k := seriesOf(s.facts)
		if k.uid == "" {
			// Without a UID at least files of one folder may belong together.
			k.uid = "folder " + filepath.Dir(m.scan.Files[s.file].Path)
		}
		bySeries[k] = append(bySeries[k], s)
	}
	for _, in := range bySeries {
		byPart := map[part][]*slice{}
		te := echoTimes(in)
		for _, s := range in {
			k := partOf(s.facts, te)
			byPart[k] = append(byPart[k], s)
		}
		for _, one := range byPart {
			if m.ctx.Err() != nil {
				return fault.ErrInterrupted
			}
			groups := orientations(one)
			if n := len(groups); n > 4 && n == len(one) && !planes(one) || n >= maxOrientations {
				m.refuse(one, &fault.Input{
					Field: "(0020,0037) Image Orientation (Patient)", Found: fmt.Sprintf("%d slices that each have an orientation of their own", n),
					Expected: "parallel slices", Do: "rotating projections and radial scans are no volume; leave this series out",
				})
				continue
			}
			for _, g := range groups {
				for _, stack := range join(g) {
					if err := m.orientation(stack); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// settle gives every file that was read its status, and candidates their times.
func (s *Scan) settle() {
	first := map[string]float64{} // by study
	for _, c := range s.Candidates {
		if t, ok := first[c.Facts.StudyUID]; !math.IsNaN(c.Begin) && (!ok || c.Begin < t) {
			first[c.Facts.StudyUID] = c.Begin
		}
	}
	used, refused := make([]bool, len(s.Files)), make([]error, len(s.Files))
	for _, c := range s.Candidates {
		c.Seconds = nan
		if t, ok := first[c.Facts.StudyUID]; ok {
			c.Seconds = c.Begin - t
		}
		for _, sl := range c.slices {
			if sl == nil {
				continue
			}
			f := &s.Files[sl.file]
			if n := len(f.Volumes); n == 0 || f.Volumes[n-1] != c.Name {
				f.Volumes = append(f.Volumes, c.Name)
			}
			if c.Err != nil {
				refused[sl.file] = c.Err
			} else {
				used[sl.file] = true
			}
		}
	}
	for i := range s.Files {
		f := &s.Files[i]
		switch {
		case f.Status != "":
		case refused[i] != nil && !used[i]:
			f.Status, f.Reason = Refused, reason(refused[i], "")
		case used[i]:
			f.Status = Used
			if refused[i] != nil {
				f.Reason = "in part: " + reason(refused[i], "")
			} else {
				f.Reason = ""
			}
		default:
			f.Status = Duplicate
		}
	}
}
