package cohort

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/draw"
	"magn/internal/fault"
	"magn/internal/volume"
)

const (
	testW, testH = 20, 14 // of the fixture's pictures: neither square nor alike when turned
	testSlices   = 3      // a view
)

// fixture is a small manifest with its pictures: patients p1, p2 (tumour), p3,
// p4 (cyst), p5 (other), with three slices a view; every picture is different.
type fixture struct {
	t      *testing.T
	dir    string
	header string
	rows   [][]string
}

func newFixture(t *testing.T) *fixture {
	f := &fixture{t: t, dir: t.TempDir(), header: "slice,patient,group,class,view,image,mask"}
	for i, class := range []string{"tumour", "tumour", "cyst", "cyst", "other"} {
		p := fmt.Sprintf("p%d", i+1)
		for _, v := range volume.Views {
			for range testSlices {
				f.slice(p, p, class, v.String())
			}
		}
	}
	return f
}

// slice adds a row and its two pictures.
func (f *fixture) slice(patient, group, class, view string) {
	n := len(f.rows) + 1
	name := fmt.Sprintf("%03d.png", n)
	f.rows = append(f.rows, []string{fmt.Sprint(n), patient, group, class, view, "images/" + name, "masks/" + name})
	f.picture("images/"+name, testPicture(n))
	f.picture("masks/"+name, testMask(testW, testH))
}

func testPicture(n int) *image.Gray {
	r := draw.New("fixture", n)
	im := image.NewGray(image.Rect(0, 0, testW, testH))
	for i := range im.Pix {
		im.Pix[i] = uint8(r.IntN(256))
	}
	return im
}

// testMask has a lesion near the upper right, so that a turn or a flip shows.
func testMask(w, h int) *image.Gray {
	im := image.NewGray(image.Rect(0, 0, w, h))
	for y := 2; y < 5; y++ {
		for x := w - 6; x < w-2; x++ {
			im.SetGray(x, y, color.Gray{Y: 255})
		}
	}
	return im
}

func (f *fixture) path(rel string) string { return filepath.Join(f.dir, rel) }

func (f *fixture) picture(rel string, im image.Image) {
	f.t.Helper()
	if err := os.MkdirAll(filepath.Dir(f.path(rel)), 0o755); err != nil {
		f.t.Fatal(err)
	}
	w, err := os.Create(f.path(rel))
	if err != nil {
		f.t.Fatal(err)
	}
	defer w.Close()
	if err := png.Encode(w, im); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) write(rel, text string) {
	f.t.Helper()
	writeText(f.t, f.path(rel), text)
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// find is the index of the n-th row (from 0) of a patient and view.
func (f *fixture) find(patient, view string, n int) int {
	for i, r := range f.rows {
		if r[1] == patient && r[4] == view {
			if n == 0 {
				return i
			}
			n--
		}
	}
	f.t.Fatalf("no slice %d of %s %s", n, patient, view)
	return -1
}

func (f *fixture) options() ImportSlicesOptions {
	lines := []string{f.header}
	for _, r := range f.rows {
		lines = append(lines, strings.Join(r, ","))
	}
	f.write("manifest.csv", strings.Join(lines, "\n")+"\n")
	return ImportSlicesOptions{
		Manifest: f.path("manifest.csv"), Classes: []string{"tumour", "cyst"}, Positive: "tumour", Study: f.path("study"),
	}
}

func (f *fixture) importAll() (*Cohort, error) {
	f.t.Helper()
	return ImportSlices(context.Background(), f.options(), nil)
}

func (f *fixture) mustImport() *Cohort {
	f.t.Helper()
	c, err := f.importAll()
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// nothingLeft fails where a failed import left a study or its beginnings.
func (f *fixture) nothingLeft() {
	f.t.Helper()
	names, err := os.ReadDir(f.dir)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, n := range names {
		if strings.Contains(n.Name(), "study") {
			f.t.Errorf("left behind: %s", n.Name())
		}
	}
}

// wantProblem fails where err does not hold a *fault.Input for that file with
// that field and reason, or has another exit code than 3. All three are parts.
func wantProblem(t *testing.T, err error, file, field, reason string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want %s: %s: %s", file, field, reason)
	}
	if code := fault.Code(err); code != fault.CodeInput {
		t.Errorf("exit code %d, want %d", code, fault.CodeInput)
	}
	list := []error{err}
	var ps *Problems
	if errors.As(err, &ps) {
		list = ps.List
	}
	for _, e := range list {
		var in *fault.Input
		if errors.As(e, &in) && strings.HasSuffix(in.File, file) && strings.Contains(in.Field, field) && strings.Contains(e.Error(), reason) {
			if !strings.Contains(err.Error(), e.Error()) && len(list) <= maxShown {
				t.Errorf("the message leaves out %q", e)
			}
			return
		}
	}
	t.Errorf("want file %q, field %q, reason %q; got:\n%v", file, field, reason, err)
}
