package convert

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
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
	s.settle()
	return s, nil
}

// walk lists the files. Links to files are followed, links to folders are not:
// they may lead round in a circle.
func (s *Scan) walk(ctx context.Context, paths []string) error {
	limit := s.opt.MaxFiles
	if limit <= 0 {
		limit = 2_000_000
	}
	skip := map[string]bool{}
	for _, p := range s.opt.Skip {
		if abs, err := filepath.Abs(p); err == nil {
			skip[abs] = true
		}
	}
	seen := map[string]bool{}
	add := func(f File) error {
		abs, err := filepath.Abs(f.Path)
		if err != nil {
			abs = f.Path
		}
		if seen[abs] {
			return nil
		}
		if len(s.Files) >= limit {
			return &fault.Input{File: f.Path, Found: fmt.Sprintf("more than %d files", limit), Expected: "fewer", Do: "convert the folders one by one"}
		}
		seen[abs] = true
		s.Files = append(s.Files, f)
		return nil
	}
	for _, root := range paths {
		if _, err := os.Stat(root); err != nil {
			return &fault.Input{File: root, Err: pathless(err)}
		}
		if r, err := filepath.EvalSymlinks(root); err == nil {
			if fi, err := os.Stat(r); err == nil && fi.IsDir() && r != filepath.Clean(root) {
				root += string(filepath.Separator) // a link to a folder named by the user is followed
			}
		}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return fault.ErrInterrupted
			}
			if err != nil {
				return add(File{Path: path, Status: Refused, Reason: pathless(err).Error()})
			}
			if d.IsDir() {
				if abs, err := filepath.Abs(path); err == nil && skip[abs] {
					return filepath.SkipDir
				}
				return nil
			}
			fi, err := os.Stat(path)
			switch {
			case err != nil:
				return add(File{Path: path, Status: Refused, Reason: pathless(err).Error()})
			case fi.IsDir():
				return add(File{Path: path, Status: Skipped, Reason: "a link to a folder"})
			case !fi.Mode().IsRegular():
				return add(File{Path: path, Status: Skipped, Reason: "no regular file"})
			}
			return add(File{Path: path, size: fi.Size(), mtime: fi.ModTime().UnixNano()})
		})
		if err != nil {
			return err
		}
	}
	slices.SortFunc(s.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return nil
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
				list, syntax, notes, err := readFile(f.Path, p)
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
		for _, s := range in {
			byPart[partOf(s.facts)] = append(byPart[partOf(s.facts)], s)
		}
		for _, one := range byPart {
			if m.ctx.Err() != nil {
				return fault.ErrInterrupted
			}
			groups := orientations(one)
			if n := len(groups); n > 4 && n == len(one) || n >= maxOrientations {
				m.refuse(one, &fault.Input{
					Field: "(0020,0037) Image Orientation (Patient)", Found: fmt.Sprintf("%d slices that each have an orientation of their own", n),
					Expected: "parallel slices", Do: "rotating projections and radial scans are no volume; leave this series out",
				})
				continue
			}
			for _, g := range groups {
				if err := m.orientation(g); err != nil {
					return err
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
