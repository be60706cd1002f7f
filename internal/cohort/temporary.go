package cohort

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// temporary is the name that renameio gives a file while it is written: a dot, the
// file's own name, a random number. A process that is killed leaves it.
var temporary = regexp.MustCompile(`^\.(.+?)\d{5,}$`)

// RemoveTemporary removes what killed processes left of writing the files. Whoever
// calls it holds the lock without which nobody writes them.
func RemoveTemporary(paths ...string) error {
	mine := map[string]bool{}
	folders := map[string]bool{}
	for _, p := range paths {
		mine[filepath.Clean(p)], folders[filepath.Dir(p)] = true, true
	}
	for dir := range folders {
		if err := RemoveTemporaries(dir, func(name string) bool { return mine[filepath.Join(dir, name)] }); err != nil {
			return err
		}
	}
	return nil
}

// RemoveTemporaries is RemoveTemporary for those of a folder's files that of accepts
// by the name that they were to have.
func RemoveTemporaries(dir string, of func(name string) bool) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, e := range list {
		m := temporary.FindStringSubmatch(e.Name())
		if m == nil || !e.Type().IsRegular() || !of(m[1]) {
			continue
		}
		if e := os.Remove(filepath.Join(dir, e.Name())); e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	if err != nil {
		return fmt.Errorf("clearing %s: %w", dir, err)
	}
	return nil
}
