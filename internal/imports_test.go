// Package internal_test holds what is true of all packages together: which
// one may import which.
package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"magn/internal/testenv"
)

// everyone may import these: the errors a user can act on, and random numbers
// by key. They import nothing of ours.
var everyone = []string{"fault", "draw"}

// allowed says what each package may import besides those: names below
// internal/, and "*" for all. A package that is not listed fails the test: its
// place in the order is a decision, made here.
var allowed = map[string][]string{
	"fault":      nil,
	"draw":       nil,
	"subprocess": nil,

	"volume": nil,
	"stats":  nil,
	"native": nil,
	"web":    nil,

	"torch":      {"native"},
	"boost":      {"native"},
	"gdcm":       {"native", "subprocess"},
	"dicom":      {"gdcm"},
	"nifti":      {"volume"},
	"nrrd":       {"volume"},
	"radiomics":  {"volume"},
	"annotation": {"volume"},
	"convert":    {"dicom", "nifti", "volume"},
	"cohort":     {"annotation", "nifti", "nrrd", "volume"},
	"phantom":    {"dicom", "cohort", "nifti", "nrrd", "volume"},
	"solid":      {"volume"},
	"sheet":      {"annotation", "cohort", "nifti", "report", "volume"},
	"archive":    {"dicom", "annotation", "nifti", "volume"},
	"magn":       {"torch", "cohort", "stats", "volume"},
	"evidence":   {"stats"},
	"report":     {"evidence"},
	"tabular":    {"radiomics", "boost", "cohort", "nifti", "stats", "volume"},
	"study":      {"subprocess", "magn", "tabular", "boost", "evidence", "cohort", "annotation", "nifti", "volume"},
	"intake":     {"convert", "archive", "annotation", "dicom", "gdcm", "cohort", "nifti", "nrrd", "volume"},
	"server":     {"archive", "convert", "cohort", "intake", "study", "web"},

	"cli":      {"*"},
	"cmd/magn": {"cli"},
	"testenv":  nil,

	"dicom/dicomtest": {"dicom"},
}

// forTests is what only tests may import.
var forTests = []string{"testenv", "dicom/dicomtest"}

// truths are what any test may import, too: bodies whose outlines are known.
var truths = []string{"solid"}

// A test may import what its package rests on at any depth, since it makes the
// inputs that the package reads, and what only tests may.
func TestImports(t *testing.T) {
	root := testenv.Root(t)
	found := map[string]bool{}
	for file, imports := range importsOf(t, root) {
		pkg := name(path.Dir(file))
		found[pkg] = true
		may, listed := allowed[pkg]
		if !listed && pkg != "" {
			t.Errorf("%s: package %s is not in the table of allowed imports", file, pkg)
			continue
		}
		isTest := strings.HasSuffix(file, "_test.go")
		if isTest {
			may = slices.Concat(below(pkg), []string{pkg}, forTests, truths)
		}
		for _, imported := range imports {
			if slices.Contains(may, imported) || slices.Contains(everyone, imported) && !slices.Contains(everyone, pkg) {
				continue
			}
			if slices.Contains(may, "*") && !slices.Contains(forTests, imported) {
				continue
			}
			if pkg == "" && imported == "testenv" {
				continue // this file
			}
			t.Errorf("%s: %s may not import %s; it may import %v", file, pkg, imported, append(may, everyone...))
		}
	}
	if !found["fault"] || !found["cli"] {
		t.Fatalf("the walk from %s missed packages that exist: %v", root, slices.Sorted(maps.Keys(found)))
	}
}

// The table itself is an order: nothing may rest on itself.
func TestAllowedImportsHaveNoCycle(t *testing.T) {
	for pkg := range allowed {
		if slices.Contains(below(pkg), pkg) {
			t.Errorf("%s rests on itself", pkg)
		}
	}
	for pkg, may := range allowed {
		for _, m := range may {
			if _, listed := allowed[m]; !listed && m != "*" {
				t.Errorf("%s may import %s, which is not listed", pkg, m)
			}
		}
	}
}

// below lists what a package may import at any depth.
func below(pkg string) []string {
	seen := map[string]bool{}
	var visit func(string)
	visit = func(p string) {
		for _, m := range allowed[p] {
			if !seen[m] {
				seen[m] = true
				visit(m)
			}
		}
	}
	visit(pkg)
	return slices.Sorted(maps.Keys(seen))
}

// importsOf reads, for every Go file below root, which packages of ours it
// imports, whatever its build tags.
func importsOf(t *testing.T, root string) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); rel != "." && (strings.HasPrefix(n, ".") || n == "testdata" || n == "node_modules" || n == "tools") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		files[rel] = nil
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if ours, ok := strings.CutPrefix(imported, "magn/"); ok {
				files[rel] = append(files[rel], name(ours))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// name is how the table calls a folder: internal/volume is volume.
func name(dir string) string {
	if dir == "internal" {
		return ""
	}
	return strings.TrimPrefix(dir, "internal/")
}
