package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"magn/internal/fault"
)

// output is a file that a command writes, with its name in the folder.
type output struct {
	name string
	data []byte
}

// writeTogether puts files into a folder that may be new: all of them or none, as
// far as a disk can fill up. All are written beside their places before the first
// takes its own. The last one says that the others are there: an earlier one of its
// name goes first. With it go the files of other names that belonged to it.
func writeTogether(dir string, files []output, others []string) (err error) {
	made, err := makeFolder(dir)
	if err != nil {
		return err
	}
	var placed []string
	defer func() {
		if err != nil {
			for _, p := range placed {
				os.Remove(p)
			}
			for _, d := range made {
				os.Remove(d)
			}
		}
	}()
	failed := func(path string, err error) error {
		var at *os.PathError
		if errors.As(err, &at) {
			err = at.Err // without the name of the file beside it
		}
		return fmt.Errorf("write %s: %w", path, err)
	}
	var pending []*renameio.PendingFile
	for _, o := range files {
		path := filepath.Join(dir, o.name)
		f, err := renameio.NewPendingFile(path, renameio.WithTempDir(dir), renameio.WithPermissions(0o644))
		if err != nil {
			return failed(path, err)
		}
		defer f.Cleanup()
		if _, err := f.Write(o.data); err != nil {
			return failed(path, err)
		}
		if err := f.Sync(); err != nil { // some file systems find only now that they are full
			return failed(path, err)
		}
		pending = append(pending, f)
	}
	last := filepath.Join(dir, files[len(files)-1].name)
	err = os.Remove(last)
	earlier := err == nil
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return failed(last, err)
	}
	for i, f := range pending {
		path := filepath.Join(dir, files[i].name)
		if err := f.CloseAtomicallyReplace(); err != nil {
			return failed(path, err)
		}
		placed = append(placed, path)
	}
	for _, name := range others {
		if !earlier {
			break // they are not ours
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return failed(filepath.Join(dir, name), err)
		}
	}
	return nil
}

// makeFolder makes a folder and those above it, and says which it made, the deepest
// one first.
func makeFolder(dir string) (made []string, err error) {
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Lstat(d); !errors.Is(err, os.ErrNotExist) || d == filepath.Dir(d) {
			break
		}
		made = append(made, d)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		for _, d := range made {
			os.Remove(d)
		}
		return nil, fault.NoPlace(dir, err)
	}
	return made, nil
}
