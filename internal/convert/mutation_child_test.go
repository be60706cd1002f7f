package convert

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"magn/internal/fault"
	"magn/internal/gdcm"
	"magn/internal/nifti"
)

// asMutants makes this test binary a child that converts the mutants whose names
// are the lines of the file that the variable names, and prints an observed each.
const asMutants = "MAGN_TEST_MUTANTS"

// observed is what came of a mutant.
type observed struct {
	Name     string
	Begin    bool     // it is being converted; nothing else is said
	Volumes  []string // those converted: size, spacing, digest of geometry and values
	Same     bool     // the volumes are those of the mutant's base
	Notes    []string // of volumes and files
	Files    []row    // of files.csv, as read back
	Seconds  float64  // computed
	Peak     int64    // bytes resident
	Limited  bool     // to 1 GiB; not under the race detector, whose time and memory say nothing
	Code     int      // exit code
	Problems []string // what must not be, whatever the mutant is
}

// row is a file's in files.csv.
type row struct{ Name, Status, Reason string }

// mutantChild is the child's side: one JSON line before each mutant, one after.
func mutantChild(list string) error {
	limited, err := bounded(1 << 30)
	if err != nil {
		return err
	}
	names, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dec := gdcm.New([]string{"/usr/bin/env", asChild + "=1", self})
	defer dec.Close()
	all := map[string]mutant{}
	for _, m := range mutants() {
		all[m.name] = m
	}
	origin := map[string][]string{}
	enc := json.NewEncoder(os.Stdout)
	for name := range strings.Lines(string(names)) {
		m := all[strings.TrimSuffix(name, "\n")]
		if err := enc.Encode(observed{Name: m.name, Begin: true}); err != nil {
			return err
		}
		if origin[m.base] == nil {
			o := observe(mutant{base: m.base}, dec)
			if len(o.Volumes) == 0 || len(o.Problems) > 0 {
				return fmt.Errorf("base %s: %+v", m.base, o)
			}
			origin[m.base] = o.Volumes
		}
		o := observe(m, dec)
		o.Limited = limited
		o.Same = slices.Equal(o.Volumes, origin[m.base])
		if err := enc.Encode(o); err != nil {
			return err
		}
	}
	return nil
}

// observe converts a mutant in folders of its own.
func observe(m mutant, dec *gdcm.Decoder) (o observed) {
	o.Name = m.name
	defer func() {
		if r := recover(); r != nil {
			o.Problems = append(o.Problems, fmt.Sprintf("panic: %v\n%s", r, debug.Stack()))
		}
	}()
	problem := func(format string, a ...any) { o.Problems = append(o.Problems, fmt.Sprintf(format, a...)) }
	dir, err := os.MkdirTemp("", "mutant-")
	if err != nil {
		problem("%v", err)
		return o
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	names, err := m.write(in)
	if err != nil {
		problem("%v", err)
		return o
	}
	opt := m.opt
	opt.Decoder, opt.Workers = dec, 2
	debug.FreeOSMemory()
	peak()
	begin := cpuSeconds()
	s, err := NewScan(context.Background(), []string{in}, opt, nil)
	if err != nil {
		problem("scan: %v", err)
		return o
	}
	r, err := s.Run(context.Background(), out, nil)
	o.Seconds = cpuSeconds() - begin
	o.Peak = peak()
	if err != nil {
		problem("run: %v", err)
		return o
	}
	o.Code = fault.Code(r.Err())
	o.Files, err = filesTable(in, out)
	if err != nil {
		problem("%s: %v", FilesFile, err)
	}
	if len(o.Files) != len(names) {
		problem("%s has %d rows for %d files", FilesFile, len(o.Files), len(names))
	}
	bad := false
	for i, f := range o.Files {
		if i < len(names) && f.Name != names[i] {
			problem("row %d is of %s, not %s", i, f.Name, names[i])
		}
		switch Status(f.Status) {
		case Used:
		case Refused:
			bad = true
			fallthrough
		case Duplicate, Skipped:
			if f.Reason == "" {
				problem("%s is %s without a reason", f.Name, f.Status)
			}
		default:
			problem("%s has status %q", f.Name, f.Status)
		}
		if len(f.Reason) > 600 {
			problem("%s has a reason of %d bytes: %.100s", f.Name, len(f.Reason), f.Reason)
		}
	}
	for _, f := range r.Files {
		o.Notes = append(o.Notes, f.Notes...)
	}
	files := map[string]bool{FilesFile: true, UIDsFile: true}
	for _, v := range r.Volumes {
		if v.Err != nil {
			bad = true
			continue
		}
		bad = bad || v.Doubt != nil
		o.Notes = append(o.Notes, v.Notes...)
		files[filepath.FromSlash(v.Name)+".nii.gz"], files[filepath.FromSlash(v.Name)+".json"] = true, true
		text, err := imageText(filepath.Join(out, filepath.FromSlash(v.Name)+".nii.gz"))
		if err != nil {
			problem("%s: %v", v.Name, err)
		}
		o.Volumes = append(o.Volumes, text)
		side, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(v.Name)+".json"))
		if err != nil || !json.Valid(side) {
			problem("sidecar of %s: %v", v.Name, err)
		}
	}
	if bad != (o.Code != 0) && len(o.Volumes) > 0 {
		problem("exit code %d, something refused: %t", o.Code, bad)
	}
	err = filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if name, _ := filepath.Rel(out, path); err == nil && !d.IsDir() && !files[name] {
			problem("%s is left", name)
		}
		return err
	})
	if err != nil {
		problem("%v", err)
	}
	return o
}

// imageText stands for an image: its size and spacing, and a digest of its
// affine, values and name.
func imageText(path string) (string, error) {
	im, err := nifti.Read(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintln(h, filepath.Base(path))
	for _, r := range im.Affine {
		for _, x := range r {
			if math.IsNaN(x) || math.Abs(x) > 1e7 {
				return "", fmt.Errorf("affine %v", im.Affine)
			}
			fmt.Fprintf(h, "%.4f ", x)
		}
	}
	for i, x := range im.Float64s() {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return "", fmt.Errorf("voxel %d is %g", i, x)
		}
		fmt.Fprintf(h, "%g ", x)
	}
	sp := im.Spacing()
	return fmt.Sprintf("%d×%d×%d %.4g×%.4g×%.4g %x", im.Size[0], im.Size[1], im.Size[2], sp[0], sp[1], sp[2], h.Sum(nil)[:4]), nil
}

// filesTable is files.csv, sorted by name below in.
func filesTable(in, out string) ([]row, error) {
	f, err := os.Open(filepath.Join(out, FilesFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, r := range all[1:] {
		name, err := filepath.Rel(in, r[0])
		if err != nil {
			return nil, err
		}
		rows = append(rows, row{filepath.ToSlash(name), r[1], strings.ReplaceAll(r[3], in, "")})
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.Name, b.Name) })
	return rows, nil
}
