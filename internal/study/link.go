package study

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"
)

// linkEnd ends the name of a link before it is renamed.
const linkEnd = ".tmp"

// link makes to the same file as from: a hard link where the file system has
// them, a copy otherwise. What is at to is replaced whole.
func link(from, to string) error {
	tmp := to + linkEnd
	if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Link(from, tmp); err == nil {
		// Renaming one name of a file onto another of the same file does nothing
		// and leaves both.
		err := os.Rename(tmp, to)
		_ = os.Remove(tmp)
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := renameio.NewPendingFile(to, renameio.WithTempDir(filepath.Dir(to)), renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	defer out.Cleanup()
	if _, err := io.Copy(out, in); err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	if err := out.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	return nil
}

// globEscape makes a folder's name stand for itself in a pattern.
func globEscape(dir string) string {
	return strings.NewReplacer("*", `\*`, "?", `\?`, "[", `\[`, `\`, `\\`).Replace(dir)
}
