package convert

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/fault"
)

// numbered writes a series of its own number into a folder of its own.
func numbered(t *testing.T, dir string, n int, do func(k int, s *dicomtest.Set)) {
	t.Helper()
	id := string(rune('0' + n))
	writeAll(t, filepath.Join(dir, id), tagged(sagittal(4), id, func(k int, s *dicomtest.Set) {
		s.Put(tSeriesUID, "UI", "1.2.9."+id).Put(tSeriesNumber, "IS", n)
		if do != nil {
			do(k, s)
		}
	}))
}

// tree is the files below a folder, by path, with what is in them.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[filepath.ToSlash(name)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// names are a tree's files; with their contents where they are to be compared.
func names(files map[string]string) string {
	var out []string
	for name := range files {
		out = append(out, name)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func sameTree(t *testing.T, got, want map[string]string) {
	t.Helper()
	if names(got) != names(want) {
		t.Errorf("%s\nwant\n%s", names(got), names(want))
	}
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s is not the same", name)
		}
	}
}

// Volumes that an earlier run wrote and this one does not make are refused before
// anything is written, and removed where that is asked for. Files of others stay.
func TestStaleVolumes(t *testing.T) {
	src, out := t.TempDir(), t.TempDir()
	for n := range 3 {
		numbered(t, src, n+1, nil)
	}
	if IsOutput(src) || IsOutput(out) || IsOutput(filepath.Join(out, "none")) {
		t.Error("what no run wrote is taken for an output")
	}
	convertAll(t, scan(t, Options{}, src), out)
	if !IsOutput(out) {
		t.Error("an output is not known")
	}
	if err := os.WriteFile(filepath.Join(out, "mine.json"), []byte(`{"Inputs": "x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(src, "2")); err != nil {
		t.Fatal(err)
	}
	before := tree(t, out)
	if err := os.Remove(filepath.Join(out, FilesFile)); err != nil || !IsOutput(out) {
		t.Errorf("%v; that of an interrupted run is not known", err)
	}
	if err := os.WriteFile(filepath.Join(out, FilesFile), []byte(before[FilesFile]), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := scan(t, Options{}, src).Run(t.Context(), out, nil)
	if fault.Code(err) != fault.CodeInput || !strings.Contains(err.Error(), "1 volumes of an earlier run that these files do not make: 002_t1-tse-sag,") {
		t.Errorf("code %d: %v", fault.Code(err), err)
	}
	sameTree(t, tree(t, out), before)
	convertAll(t, scan(t, Options{Prune: true}, src), out)
	want := "001_t1-tse-sag.json 001_t1-tse-sag.nii.gz 003_t1-tse-sag.json 003_t1-tse-sag.nii.gz files.csv mine.json uids.json"
	if got := names(tree(t, out)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}

	// One that is refused now is not left from before.
	if err := os.Remove(filepath.Join(src, "1", "0002.dcm")); err != nil {
		t.Fatal(err)
	}
	r := convertAll(t, scan(t, Options{}, src), out)
	if fault.Code(r.Err()) != fault.CodePartial {
		t.Errorf("%v", r.Err())
	}
	want = "003_t1-tse-sag.json 003_t1-tse-sag.nii.gz files.csv mine.json uids.json"
	if got := names(tree(t, out)); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	// Nor one whose pixels cannot be read now.
	numbered(t, src, 3, func(_ int, s *dicomtest.Set) { s.Put(dicom.PhotometricInterpretation, "CS", "MONOCHROME2") })
	short := filepath.Join(src, "3", "0001.dcm")
	list := sagittal(4)
	list[1].Put(tSeriesUID, "UI", "1.2.9.3").Put(tSeriesNumber, "IS", 3).Put(tSOPInstance, "UI", "1.2.3.4.3.2").Delete(dicom.PixelData)
	list[1].file = dicomtest.File{Syntax: "1.2.840.10008.1.2.5", Frames: [][][]byte{{make([]byte, 64)}}, Set: list[1].Set}
	if err := list[1].file.Write(short); err != nil {
		t.Fatal(err)
	}
	convertAll(t, scan(t, Options{}, src), out)
	if got := names(tree(t, out)); got != "files.csv mine.json uids.json" {
		t.Errorf("%s", got)
	}
}

// A volume of that name, but of another study, is not written over.
func TestAnotherStudysVolume(t *testing.T) {
	src, out := t.TempDir(), t.TempDir()
	numbered(t, src, 1, nil)
	convertAll(t, scan(t, Options{}, src), out)
	before := tree(t, out)
	other := t.TempDir()
	numbered(t, other, 1, func(_ int, s *dicomtest.Set) { s.Put(tStudyUID, "UI", "1.77") })
	_, err := scan(t, Options{}, other).Run(t.Context(), out, nil)
	if fault.Code(err) != fault.CodeInput || !strings.Contains(err.Error(), "001_t1-tse-sag") {
		t.Errorf("code %d: %v", fault.Code(err), err)
	}
	sameTree(t, tree(t, out), before)
}

// What is kept is looked at: an image that was cut off or changed is made anew.
func TestKeptIsWhole(t *testing.T) {
	src, out, want := t.TempDir(), t.TempDir(), t.TempDir()
	for n := range 3 {
		numbered(t, src, n+1, nil)
	}
	convertAll(t, scan(t, Options{}, src), out)
	convertAll(t, scan(t, Options{}, src), want)
	image := func(n int) string { return filepath.Join(out, "00"+string(rune('0'+n))+"_t1-tse-sag.nii.gz") }
	if err := os.Truncate(image(1), 100); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(image(2))
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(image(2), b, 0o600); err != nil {
		t.Fatal(err)
	}
	r := convertAll(t, scan(t, Options{}, src), out)
	if r.Volumes[0].Kept || r.Volumes[1].Kept || !r.Volumes[2].Kept {
		t.Errorf("%+v", r.Volumes)
	}
	sameTree(t, tree(t, out), tree(t, want))
}

// Two runs do not write into one folder.
func TestOneRunAFolder(t *testing.T) {
	src, out := t.TempDir(), t.TempDir()
	numbered(t, src, 1, nil)
	unlock, err := lock(out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scan(t, Options{}, src).Run(t.Context(), out, nil); fault.Code(err) != fault.CodeInput || !strings.Contains(err.Error(), "another magn convert") {
		t.Errorf("%v", err)
	}
	unlock()
	convertAll(t, scan(t, Options{}, src), out)
}

// Links to folders are followed, each folder once, whatever leads to it.
func TestLinksToFolders(t *testing.T) {
	dir, away := t.TempDir(), t.TempDir()
	out := filepath.Join(away, "out")
	numbered(t, dir, 1, nil)
	numbered(t, away, 2, nil)
	numbered(t, away, 3, nil)
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"a-link": filepath.Join(dir, "1"), "circle": dir, "away": away, "again": filepath.Join(away, "2"), "out": out} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir, filepath.Join(away, "back")); err != nil {
		t.Fatal(err)
	}
	s := scan(t, Options{Skip: []string{out}}, dir)
	var got []string
	for _, f := range s.Files {
		name, err := filepath.Rel(dir, f.Path)
		if err != nil {
			t.Fatal(err)
		}
		if f.Status != Used {
			name += ": " + string(f.Status) + ", " + f.Reason
		}
		if f.Status != Used || strings.HasSuffix(name, "0000.dcm") {
			got = append(got, filepath.ToSlash(name))
		}
	}
	// Links in the order of their names, after all that is not linked: again comes
	// before away, whose 2 is read then.
	want := []string{
		"1/0000.dcm", "a-link: skipped, a link to a folder that is read already", "again/0000.dcm",
		"away/3/0000.dcm", "away/back: skipped, a link to a folder that is read already",
		"circle: skipped, a link to a folder that is read already", "out: skipped, a link to the output folder",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if len(s.Candidates) != 3 {
		t.Errorf("%s", summary(s))
	}
	// The same through a link that is named.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if s := scan(t, Options{Skip: []string{out}}, link, dir); len(s.Candidates) != 3 {
		t.Errorf("%s", summary(s))
	}
}

// The sources may lie in the output's folder.
func TestSourceInOutput(t *testing.T) {
	out := t.TempDir()
	numbered(t, filepath.Join(out, "dicom"), 1, nil)
	numbered(t, filepath.Join(out, "more"), 2, nil)
	if err := os.Symlink(filepath.Join(out, "more"), filepath.Join(out, "dicom", "link")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r := convertAll(t, scan(t, Options{Skip: []string{out}}, filepath.Join(out, "dicom")), out)
		if len(r.Volumes) != 2 || len(r.Files) != 8 || r.Err() != nil {
			t.Errorf("%d volumes of %d files, %v", len(r.Volumes), len(r.Files), r.Err())
		}
	}
}

// Files without anything in them are what an interrupted copy leaves.
func TestEmptyFiles(t *testing.T) {
	dir := t.TempDir()
	numbered(t, dir, 1, nil)
	for name, b := range map[string][]byte{"IM0": nil, "IM1": make([]byte, 200_000), ".keep": nil, "notes": append(make([]byte, 100_000), 'x')} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := convertAll(t, scan(t, Options{}, dir), t.TempDir())
	if fault.Code(r.Err()) != fault.CodePartial {
		t.Errorf("%v", r.Err())
	}
	for name, want := range map[string]string{
		"IM0": "refused, found an empty file", "IM1": "refused, found 200000 zeros and nothing else",
		".keep": "skipped, an empty hidden file", "notes": "skipped, not a DICOM file",
	} {
		i := slices.IndexFunc(r.Files, func(f File) bool { return filepath.Base(f.Path) == name })
		if f := r.Files[i]; !strings.HasPrefix(string(f.Status)+", "+f.Reason, want) {
			t.Errorf("%s: %s, %s", name, f.Status, f.Reason)
		}
	}
}
