package convert

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"magn/internal/fault"
)

// lockFile is in the output folder while a run writes to it.
const lockFile = ".magn-convert.lock"

// lock holds an output folder for one run.
func lock(out string) (unlock func(), err error) {
	path := filepath.Join(out, lockFile)
	l := flock.New(path)
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("%s cannot be written: %w", out, pathless(err))
	}
	if !ok {
		return nil, &fault.Input{File: out, Found: "another magn convert that writes to it", Expected: "one at a time", Do: "wait for it, or name another folder"}
	}
	return func() { _ = os.Remove(path); _ = l.Unlock() }, nil
}

// temporary are the names that files have while they are written: a run that is
// killed leaves them.
var temporary = regexp.MustCompile(`^\.([0-9]{3,}_.+\.nii\.gz|[0-9]{3,}_.+\.json|` + regexp.QuoteMeta(FilesFile) + `|` + regexp.QuoteMeta(UIDsFile) + `)[0-9]{2,}$`)

// outputs are the folders that a run writes to: out, and a folder a study.
func outputs(out string) ([]string, error) {
	list, err := os.ReadDir(out)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", out, pathless(err))
	}
	dirs := []string{out}
	for _, d := range list {
		if d.IsDir() && strings.HasPrefix(d.Name(), "study") {
			dirs = append(dirs, filepath.Join(out, d.Name()))
		}
	}
	return dirs, nil
}

// IsOutput says that a folder is one that Run wrote to, or began to.
func IsOutput(dir string) bool {
	for _, name := range []string{FilesFile, lockFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	dirs, err := outputs(dir)
	if err != nil {
		return false
	}
	for _, d := range dirs {
		list, err := os.ReadDir(d)
		if err == nil && slices.ContainsFunc(list, func(e os.DirEntry) bool { _, ok := readProduct(filepath.Join(d, e.Name())); return ok }) {
			return true
		}
	}
	return false
}

// product is a volume that an earlier run wrote.
type product struct {
	Inputs             string
	ConversionSoftware string
	ImageBytes         int64
	ImageSHA256        string
}

// tidy removes what a killed run left behind, and lists the volumes that earlier
// runs wrote, by name.
func tidy(out string) (map[string]product, error) {
	dirs, err := outputs(out)
	if err != nil {
		return nil, err
	}
	have := map[string]product{}
	for _, dir := range dirs {
		list, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", dir, pathless(err))
		}
		for _, d := range list {
			path := filepath.Join(dir, d.Name())
			if d.Type().IsRegular() && temporary.MatchString(d.Name()) {
				if err := os.Remove(path); err != nil {
					return nil, fmt.Errorf("%s cannot be removed: %w", path, pathless(err))
				}
				continue
			}
			if w, ok := readProduct(path); ok {
				name, err := filepath.Rel(out, strings.TrimSuffix(path, ".json"))
				if err != nil {
					return nil, err
				}
				have[filepath.ToSlash(name)] = w
			}
		}
	}
	return have, nil
}

// readProduct reads a sidecar of ours.
func readProduct(path string) (w product, ok bool) {
	if !strings.HasSuffix(path, ".json") {
		return w, false
	}
	fi, err := os.Stat(path)
	if err != nil || !fi.Mode().IsRegular() || fi.Size() > 1<<20 {
		return w, false
	}
	b, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(b, &w) != nil {
		return w, false
	}
	return w, w.ConversionSoftware == program && w.Inputs != ""
}

// stale deals with the volumes of earlier runs that this one does not make, or
// makes of another study: they are refused with the list, or removed where the
// options say so. One that this run makes anew is replaced, one that it refuses is
// removed: neither may be taken for what this run's files say.
func (s *Scan) stale(out string) error {
	have, err := tidy(out)
	if err != nil {
		return err
	}
	studies := studiesOf(filepath.Join(out, UIDsFile))
	mine := map[string]*Candidate{}
	for _, c := range s.Candidates {
		mine[c.Name] = c
	}
	var old []string
	for name := range have {
		if c := mine[name]; c == nil || studies[name] != "" && studies[name] != c.Facts.StudyUID {
			old = append(old, name)
		}
	}
	slices.Sort(old)
	if len(old) > 0 && !s.opt.Prune {
		list := strings.Join(old[:min(len(old), 20)], ", ")
		if n := len(old) - 20; n > 0 {
			list += fmt.Sprintf(" and %d more", n)
		}
		return &fault.Input{
			File: out, Found: fmt.Sprintf("%d volumes of an earlier run that these files do not make: %s", len(old), list),
			Expected: "none", Do: "convert into another folder, or pass --prune to remove them",
		}
	}
	for name := range have {
		if c := mine[name]; c != nil && c.Err == nil && !slices.Contains(old, name) {
			continue
		}
		if err := remove(filepath.Join(out, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return nil
}

// remove takes a volume of ours out: the sidecar first, so that what is left of
// it is no volume. One that is not there is no error.
func remove(path string) error {
	if _, ok := readProduct(path + ".json"); !ok {
		return nil
	}
	for _, file := range []string{path + ".json", path + ".nii.gz"} {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s cannot be removed: %w", file, pathless(err))
		}
	}
	return nil
}

// studiesOf are the studies of volumes in an earlier run's list; none where it
// cannot be read.
func studiesOf(path string) map[string]string {
	out := map[string]string{}
	b, err := os.ReadFile(path)
	var list []uids
	if err != nil || json.Unmarshal(b, &list) != nil {
		return out
	}
	for _, u := range list {
		out[u.Volume] = u.StudyInstanceUID
	}
	return out
}

// made says that a volume's files are there, made of the same inputs, and that the
// image is the one that was written.
func (s *Scan) made(image, side string, c *Candidate) bool {
	have, ok := readProduct(side)
	if !ok || have.Inputs != s.digest(c) || have.ImageSHA256 == "" {
		return false
	}
	if fi, err := os.Stat(image); err != nil || fi.Size() != have.ImageBytes {
		return false
	}
	_, sum, err := sumOf(image)
	return err == nil && sum == have.ImageSHA256
}

// sumOf is a file's size and SHA-256.
func sumOf(path string) (int64, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return 0, "", err
	}
	return n, hex.EncodeToString(h.Sum(nil)), nil
}
