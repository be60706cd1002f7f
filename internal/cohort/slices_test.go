package cohort

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magn/internal/fault"
	"magn/internal/volume"
)

// The stack that was read back shows the pictures as they stood on the screen,
// in the order of their slice numbers.
func TestImportedSlicesAreShownAsTheyWere(t *testing.T) {
	f := newFixture(t)
	// The last row of the manifest is the first slice.
	first := f.find("p1", "coronal", 2)
	f.rows[first][0] = "0"
	want := map[volume.View][]int{}
	for _, v := range volume.Views {
		for n := range testSlices {
			want[v] = append(want[v], f.find("p1", v.String(), n)+1)
		}
	}
	want[volume.Coronal] = []int{want[volume.Coronal][2], want[volume.Coronal][0], want[volume.Coronal][1]}

	c := f.mustImport()
	for _, v := range volume.Views {
		stacks := c.Cases[0].Stacks(v)
		if len(stacks) != 1 {
			t.Fatalf("%v: %d stacks", v, len(stacks))
		}
		r, err := stacks[0].Read(v)
		if err != nil {
			t.Fatal(err)
		}
		if r.SpacingKnown || r.Image.SpacingKnown || r.Mask.SpacingKnown || r.ScaledBy != BySlice {
			t.Errorf("%v: spacing known %v, scaled by %q", v, r.SpacingKnown, r.ScaledBy)
		}
		if len(r.Sources) != testSlices {
			t.Fatalf("%v: %d sources", v, len(r.Sources))
		}
		for k, n := range want[v] {
			p := r.Image.Slice(k)
			picture := testPicture(n)
			if p.W != testW || p.H != testH {
				t.Fatalf("%v: %d×%d", v, p.W, p.H)
			}
			for i, x := range p.Pix {
				if x != float32(picture.Pix[i]) {
					t.Fatalf("%v slice %d pixel %d: %v, the picture has %d", v, k, i, x, picture.Pix[i])
				}
			}
			mask := testMask(testW, testH)
			for i, l := range r.Mask.Labels[k*testW*testH : (k+1)*testW*testH] {
				if (l == 1) != (mask.Pix[i] == 255) || l > 1 {
					t.Fatalf("%v slice %d: label %d at %d", v, k, l, i)
				}
			}
			if want := fmt.Sprintf("images/%03d.png", n); r.Sources[k].Image != want {
				t.Errorf("%v source %d: %s, want %s", v, k, r.Sources[k].Image, want)
			}
		}
	}
	if err := c.Check(context.Background(), nil); err != nil {
		t.Errorf("a fresh import: %v", err)
	}
}

func TestImportChoosesCases(t *testing.T) {
	f := newFixture(t)
	for range testSlices {
		f.rows[f.find("p2", "axial", 0)][4] = "coronal"
	}
	for i := range f.rows {
		if f.rows[i][1] == "p4" {
			f.rows[i][2] = "p3"
		}
	}
	opt := f.options()
	var calls []string
	c, err := ImportSlices(context.Background(), opt, func(done, total int) { calls = append(calls, fmt.Sprint(done, "/", total)) })
	if err != nil {
		t.Fatal(err)
	}
	dir := func(id string) string { return filepath.Join(opt.Study, "cases", id) }
	want := &Cohort{
		Dir: opt.Study, Positive: "tumour", Negative: "cyst",
		Cases: []Case{
			{ID: "p1", Group: "p1", Class: "tumour", Label: 1, Dir: dir("p1")},
			{ID: "p3", Group: "p3", Class: "cyst", Label: 0, Dir: dir("p3")},
			{ID: "p4", Group: "p3", Class: "cyst", Label: 0, Dir: dir("p4")},
		},
		Excluded: []Exclusion{
			{"p2", "p2", "tumour", "no slice of view axial"},
			{"p5", "p5", "other", "class other was not asked for"},
		},
	}
	if d := cmp.Diff(want, c); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"1/3", "2/3", "3/3"}, calls); d != "" {
		t.Error(d)
	}
	for _, gone := range []string{"p2", "p5"} {
		if exists(dir(gone)) {
			t.Errorf("a folder for %s, who is excluded", gone)
		}
	}
	if names, _ := os.ReadDir(opt.Study); len(names) != 3 {
		t.Errorf("the study folder holds %v", names)
	}

	// Asked for fewer views, p2 stays, with the views there are.
	opt.Views, opt.Study = []volume.View{volume.Coronal}, f.path("study2")
	c, err = ImportSlices(context.Background(), opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Cases) != 4 || !slices.Equal(c.Cases[1].Views(), []volume.View{volume.Sagittal, volume.Coronal}) {
		t.Errorf("%d cases, p2 with %v", len(c.Cases), c.Cases[1].Views())
	}
}

func TestImportRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		harm                func(f *fixture)
		file, field, reason string
	}{
		"missing image": {func(f *fixture) { os.Remove(f.path("images/001.png")) }, "images/001.png", "image of slice 1 (patient p1, sagittal, manifest line 2)", "no such file"},
		"missing mask":  {func(f *fixture) { os.Remove(f.path("masks/001.png")) }, "masks/001.png", "mask of slice 1", "no such file"},
		"truncated image": {func(f *fixture) {
			b, _ := os.ReadFile(f.path("images/002.png"))
			f.write("images/002.png", string(b[:len(b)-40]))
		}, "images/002.png", "image of slice 2", "truncated"},
		"header only":    {func(f *fixture) { f.write("images/002.png", "\x89PNG\r\n\x1a\n") }, "images/002.png", "image of slice 2", "truncated"},
		"flipped bits":   {func(f *fixture) { flip(f, "images/002.png", 60) }, "images/002.png", "image of slice 2", "damaged"},
		"no picture":     {func(f *fixture) { f.write("images/002.png", "patient, p1") }, "images/002.png", "image of slice 2", "neither"},
		"a folder":       {func(f *fixture) { f.rows[0][5] = "images" }, "images", "image of slice 1", "a folder"},
		"mask size":      {func(f *fixture) { f.picture("masks/003.png", testMask(testH, testW)) }, "masks/003.png", "mask of slice 3", "14×20 pixels, expected 20×14 as in its image"},
		"empty mask":     {func(f *fixture) { f.picture("masks/003.png", image.NewGray(image.Rect(0, 0, testW, testH))) }, "masks/003.png", "mask of slice 3", "empty mask"},
		"slice sizes":    {func(f *fixture) { f.picture("images/003.png", image.NewGray(image.Rect(0, 0, 9, 9))) }, "images/003.png", "image of slice 3", "9×9 pixels, expected 20×14 as in images/001.png"},
		"smoothed mask":  {func(f *fixture) { f.picture("masks/003.png", testPicture(1)) }, "masks/001.png", "masks of patient p1, sagittal", "different values"},
		"two classes":    {func(f *fixture) { f.rows[1][3] = "cyst" }, "manifest.csv", "line 3, column class", "patient p1 with two: tumour and cyst"},
		"a third class":  {func(f *fixture) { f.rows[1][3] = "other" }, "manifest.csv", "line 3, column class", "patient p1 with two: tumour and other"},
		"two groups":     {func(f *fixture) { f.rows[1][2] = "p3" }, "manifest.csv", "line 3, column group", "patient p1 with two: p1 and p3"},
		"same pixels":    {func(f *fixture) { f.picture("images/010.png", testPicture(1)) }, "images/010.png", "slice 10", "the same pixels under two groups: p2 here, p1 in"},
		"slice twice":    {func(f *fixture) { f.rows[4][0] = "1" }, "manifest.csv", "line 6, column slice", "slice 1 a second time (first in line 2)"},
		"missing column": {func(f *fixture) { f.header = "slice,patient,grup,class,view,image,mask" }, "manifest.csv", "header", "no column group"},
		"unknown view":   {func(f *fixture) { f.rows[0][4] = "saggital" }, "manifest.csv", "line 2, column view", `"saggital", expected sagittal, coronal or axial`},
		"id with a path": {func(f *fixture) { f.rows[0][1] = "../p9" }, "manifest.csv", "line 2, column patient", `"../p9"`},
		"ids by case":    {func(f *fixture) { f.rows[0][1] = "P1" }, "manifest.csv", "line 3, column patient", "P1 and p1"},
		"empty field":    {func(f *fixture) { f.rows[0][6] = "" }, "manifest.csv", "line 2, column mask", "empty field"},
		"short row":      {func(f *fixture) { f.rows[0] = f.rows[0][:6] }, "manifest.csv", "line 2", "6 fields, expected 7"},
		"a quote":        {func(f *fixture) { f.rows[0][5] = `a"b` }, "manifest.csv", "", "line 2"},
		"no rows":        {func(f *fixture) { f.rows = nil }, "manifest.csv", "", "no slices"},
		"no such class":  {func(f *fixture) { f.class("cyst", "cist") }, "manifest.csv", "class", `no slice of class "cyst", expected one of cist, other, tumour`},
		"no whole patient": {func(f *fixture) {
			for i := range f.rows {
				if f.rows[i][3] == "cyst" {
					f.rows[i][4] = "axial"
				}
			}
		}, "manifest.csv", "class", `no patient of class "cyst" with every view`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			test.harm(f)
			_, err := f.importAll()
			wantProblem(t, err, test.file, test.field, test.reason)
			f.nothingLeft()
		})
	}
}

func (f *fixture) class(from, to string) {
	for i := range f.rows {
		if f.rows[i][3] == from {
			f.rows[i][3] = to
		}
	}
}

func flip(f *fixture, rel string, at int) {
	b, err := os.ReadFile(f.path(rel))
	if err != nil {
		f.t.Fatal(err)
	}
	b[at] ^= 0xff
	f.write(rel, string(b))
}

func TestImportSaysEverythingAtOnce(t *testing.T) {
	f := newFixture(t)
	for n := 1; n <= 36; n++ { // both pictures of every slice of the two classes
		os.Remove(f.path(fmt.Sprintf("images/%03d.png", n)))
		os.Remove(f.path(fmt.Sprintf("masks/%03d.png", n)))
	}
	_, err := f.importAll()
	wantProblem(t, err, "images/001.png", "image of slice 1 ", "no such file")
	var ps *Problems
	if !errors.As(err, &ps) || len(ps.List) != 72 {
		t.Fatalf("want 72 problems: %v", err)
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 51 || !strings.Contains(lines[0], "72 problems, the first 50") {
		t.Errorf("%d lines, the first: %s", len(lines), lines[0])
	}
}

func TestImportOptions(t *testing.T) {
	f := newFixture(t)
	for want, harm := range map[string]func(o *ImportSlicesOptions){
		"two different ones":         func(o *ImportSlicesOptions) { o.Classes = []string{"tumour"} },
		"classes cyst,cyst":          func(o *ImportSlicesOptions) { o.Classes = []string{"cyst", "cyst"} },
		`positive class "other"`:     func(o *ImportSlicesOptions) { o.Positive = "other" },
		"sagittal, coronal or axial": func(o *ImportSlicesOptions) { o.Views = []volume.View{7} },
		"a manifest":                 func(o *ImportSlicesOptions) { o.Manifest = "" },
	} {
		opt := f.options()
		harm(&opt)
		_, err := ImportSlices(context.Background(), opt, nil)
		if fault.Code(err) != fault.CodeUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q and exit code 64: %v", want, err)
		}
	}
	opt := f.options()
	opt.Manifest = f.path("nothing.csv")
	_, err := ImportSlices(context.Background(), opt, nil)
	wantProblem(t, err, "nothing.csv", "", "no such file")
}

func TestImportIntoWhatIsThere(t *testing.T) {
	f := newFixture(t)
	c := f.mustImport()
	writeText(t, filepath.Join(c.Dir, "study.yaml"), "mine")
	again, err := f.importAll()
	if err != nil {
		t.Fatalf("the same cohort: %v", err)
	}
	if d := cmp.Diff(c, again); d != "" {
		t.Error(d)
	}

	for name, harm := range map[string]func(f *fixture){
		"another pixel":   func(f *fixture) { f.picture("images/001.png", testPicture(1000)) },
		"another mask":    func(f *fixture) { m := testMask(testW, testH); m.Pix[0] = 255; f.picture("masks/001.png", m) },
		"another patient": func(f *fixture) { f.rows = f.rows[:f.find("p5", "sagittal", 0)] },
	} {
		g := newFixture(t)
		harm(g)
		opt := g.options()
		opt.Study = c.Dir
		_, err = ImportSlices(context.Background(), opt, nil)
		wantProblem(t, err, "study", "study folder", "another cohort")
		if again, err := Load(c.Dir); err != nil || cmp.Diff(c, again) != "" {
			t.Errorf("%s: the study was touched: %v", name, err)
		}
	}
	if b, _ := os.ReadFile(filepath.Join(c.Dir, "study.yaml")); string(b) != "mine" {
		t.Error("study.yaml was touched")
	}

	opt := f.options()
	opt.Study = f.dir // holds the pictures
	_, err = ImportSlices(context.Background(), opt, nil)
	wantProblem(t, err, f.dir, "study folder", "no cohort.csv")

	opt.Study = f.path("manifest.csv/study")
	if _, err = ImportSlices(context.Background(), opt, nil); err == nil || !strings.Contains(err.Error(), "manifest.csv/study") {
		t.Errorf("a folder that cannot be made: %v", err)
	}
}

// An import that was killed leaves its beginnings beside the study; the next one
// clears them away. One that runs is not disturbed.
func TestImportAfterAKill(t *testing.T) {
	f := newFixture(t)
	left := f.path(".study.partial/cases/p1")
	if err := os.MkdirAll(left, 0o755); err != nil {
		t.Fatal(err)
	}
	writeText(t, filepath.Join(left, "sagittal_2.json"), "half")
	if err := os.Mkdir(f.path("study"), 0o755); err != nil { // an empty folder is as good as none
		t.Fatal(err)
	}
	c := f.mustImport()
	if exists(f.path(".study.partial")) || exists(filepath.Join(c.Cases[0].Dir, "sagittal_2.json")) || exists(filepath.Join(c.Dir, lockFile)) {
		t.Error("leftovers are in the way")
	}

	w, err := Create(f.path("study3"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	_, err = Create(f.path("study3"))
	wantProblem(t, err, ".study3.partial", "", "another process")
}

func TestImportStops(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := ImportSlices(ctx, f.options(), func(done, total int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("want the context's error: %v", err)
	}
	f.nothingLeft()
}
