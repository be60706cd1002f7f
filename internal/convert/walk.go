package convert

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"magn/internal/fault"
)

// walker lists files. Folders are known by their path without links, so that each
// is walked once, however many links lead to it or round in a circle.
type walker struct {
	ctx   context.Context
	scan  *Scan
	limit int
	skip  []string        // real paths that are not walked
	roots []string        // real paths that were named
	seen  map[string]bool // files, by absolute path
	dirs  map[string]bool // folders that are walked, by real path
	links []string        // to folders, that are followed when all else is walked
}

// walk lists the files at and below paths. Links to files and to folders are
// followed; a folder's own path comes before a link to it.
func (s *Scan) walk(ctx context.Context, paths []string) error {
	w := &walker{ctx: ctx, scan: s, limit: s.opt.MaxFiles, seen: map[string]bool{}, dirs: map[string]bool{}}
	if w.limit <= 0 {
		w.limit = 2_000_000
	}
	for _, p := range s.opt.Skip {
		if p, err := real(p); err == nil {
			w.skip = append(w.skip, p)
		}
	}
	for _, root := range paths {
		if _, err := os.Stat(root); err != nil {
			return &fault.Input{File: root, Err: pathless(err)}
		}
		if at, err := real(root); err == nil {
			w.roots = append(w.roots, at)
		}
		if err := w.tree(root); err != nil {
			return err
		}
	}
	for len(w.links) > 0 {
		path := w.links[0]
		w.links = w.links[1:]
		at, err := real(path)
		switch {
		case err != nil:
			err = w.add(File{Path: path, Status: Refused, Reason: pathless(err).Error()})
		case w.dirs[at]:
			err = w.add(File{Path: path, Status: Skipped, Reason: "a link to a folder that is read already"})
		case w.within(at):
			err = w.add(File{Path: path, Status: Skipped, Reason: "a link to the output folder"})
		default:
			err = w.tree(path)
		}
		if err != nil {
			return err
		}
	}
	slices.SortFunc(s.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return nil
}

// real is an absolute path without links.
func real(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// within says that a link leads to a folder that is not walked, or into one; into
// one that holds a source it may.
func (w *walker) within(at string) bool {
	return slices.ContainsFunc(w.skip, func(s string) bool { return at == s || !w.holds(s) && below(at, s) })
}

func (w *walker) holds(skip string) bool {
	return slices.ContainsFunc(w.roots, func(r string) bool { return below(r, skip) })
}

func below(path, dir string) bool {
	return strings.HasPrefix(path, strings.TrimSuffix(dir, string(filepath.Separator))+string(filepath.Separator))
}

func (w *walker) add(f File) error {
	abs, err := filepath.Abs(f.Path)
	if err != nil {
		abs = f.Path
	}
	if w.seen[abs] {
		return nil
	}
	if len(w.scan.Files) >= w.limit {
		return &fault.Input{File: f.Path, Found: fmt.Sprintf("more than %d files", w.limit), Expected: "fewer", Do: "convert the folders one by one"}
	}
	w.seen[abs] = true
	w.scan.Files = append(w.scan.Files, f)
	return nil
}

// tree lists the files at and below root, which may be a link.
func (w *walker) tree(root string) error {
	top, err := real(root)
	if err != nil {
		return &fault.Input{File: root, Err: pathless(err)}
	}
	if fi, err := os.Stat(top); err == nil && fi.IsDir() {
		root += string(filepath.Separator)
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if w.ctx.Err() != nil {
			return fault.ErrInterrupted
		}
		if err != nil {
			f := File{Path: path, Status: Refused, Reason: pathless(err).Error()}
			if d != nil && d.IsDir() {
				f.folder, f.Reason = true, "a folder that cannot be read: "+f.Reason
			}
			return w.add(f)
		}
		if d.IsDir() {
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			at := filepath.Join(top, rel)
			if w.dirs[at] || slices.Contains(w.skip, at) {
				return filepath.SkipDir
			}
			w.dirs[at] = true
			return nil
		}
		fi, err := os.Stat(path)
		switch {
		case err != nil:
			return w.add(File{Path: path, Status: Refused, Reason: pathless(err).Error()})
		case fi.IsDir():
			w.links = append(w.links, path)
			return nil
		case !fi.Mode().IsRegular():
			return w.add(File{Path: path, Status: Skipped, Reason: "no regular file"})
		}
		return w.add(File{Path: path, size: fi.Size(), mtime: fi.ModTime().UnixNano()})
	})
}

// empty says of a file that is no DICOM whether something should have been in it:
// a copy that was interrupted leaves no bytes, or zeros.
func empty(path string, size int64) error {
	switch {
	case size == 0 && strings.HasPrefix(filepath.Base(path), "."):
		return skip("an empty hidden file")
	case size == 0:
		return &fault.Input{File: path, Found: "an empty file", Expected: "an image", Do: "copy it again, or take it out"}
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	buf, zeros := make([]byte, 1<<16), make([]byte, 1<<16)
	for {
		n, err := f.Read(buf)
		if !bytes.Equal(buf[:n], zeros[:n]) {
			return skip("not a DICOM file")
		}
		if err == io.EOF {
			return &fault.Input{File: path, Found: fmt.Sprintf("%d zeros and nothing else", size), Expected: "an image", Do: "copy it again, or take it out"}
		}
		if err != nil {
			return err
		}
	}
}
