package cohort

import (
	"context"
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magn/internal/testenv"
	"magn/internal/volume"
)

// subset writes a manifest of some patients of brain-cet1, images by full path.
func subset(t *testing.T, keep func(patient, class string) bool) string {
	t.Helper()
	data := testenv.Data(t, "brain-cet1")
	f, err := os.Open(filepath.Join(data, "manifest.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	full, err := filepath.Abs(data)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{strings.Join(rows[0], ",")}
	for _, r := range rows[1:] {
		if keep(r[1], r[3]) {
			r[5], r[6] = filepath.Join(full, r[5]), filepath.Join(full, r[6])
			out = append(out, strings.Join(r, ","))
		}
	}
	path := filepath.Join(t.TempDir(), "manifest.csv")
	writeText(t, path, strings.Join(out, "\n")+"\n")
	return path
}

// Four patients of brain-cet1, one of each class and one without an axial view.
// Areas of masks are Pillow's, through
//
//	(np.asarray(Image.open("masks/0489.png")) > 0).sum()
//
// and so are means of images, np.asarray(Image.open("images/0489.jpg")).mean();
// JPEG leaves a decoder free to differ by one grey value here and there.
func TestImportOfRealSlices(t *testing.T) {
	ids := map[string]bool{"102935": true, "MR031409B": true, "105538": true, "88670": true}
	opt := ImportSlicesOptions{
		Manifest: subset(t, func(p, _ string) bool { return ids[p] }),
		Classes:  []string{"glioma", "meningioma"}, Positive: "meningioma", Study: filepath.Join(t.TempDir(), "study"),
	}
	c, err := ImportSlices(context.Background(), opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantOut := []Exclusion{
		{"105538", "105538", "pituitary", "class pituitary was not asked for"},
		{"88670", "88670", "glioma", "no slice of view axial"},
	}
	if d := cmp.Diff(wantOut, c.Excluded); d != "" {
		t.Error(d)
	}
	want := map[string]struct {
		area int
		mean float64
	}{
		"489":  {856, 43.0183},
		"252":  {640, 33.1168},
		"34":   {414, 29.9481},
		"2748": {1215, 33.5185},
		"2749": {1042, 26.9036},
		"2678": {2263, 34.1439},
		"2679": {1538, 31.1088},
		"2141": {869, 20.2653},
		"2142": {1052, 19.6563},
		"2143": {5625, 17.5444},
	}
	seen := 0
	for _, k := range c.Cases {
		for _, v := range volume.Views {
			r, err := k.Stacks(v)[0].Read(v)
			if err != nil {
				t.Fatal(err)
			}
			for n, s := range r.Sources {
				seen++
				area, sum := 0, 0.
				p := r.Image.Slice(n)
				for i, x := range p.Pix {
					sum += float64(x)
					if r.Mask.Labels[n*p.W*p.H+i] != 0 {
						area++
					}
				}
				mean := sum / float64(len(p.Pix))
				if w, ok := want[s.Slice]; !ok || w.area != area || math.Abs(w.mean-mean) > .02 {
					t.Errorf("%s %v slice %s: area %d, mean %.4f; want %v", k.ID, v, s.Slice, area, mean, w)
				}
			}
		}
	}
	if seen != len(want) {
		t.Errorf("%d slices, want %d", seen, len(want))
	}
	if err := c.Check(context.Background(), nil); err != nil {
		t.Error(err)
	}
}

// The split of the 112 three-plane patients into five folds with seed 1 is that
// of a Python script written apart from this program, by the rule in MakeFolds'
// comment; the hash is that of its folds.csv.
func TestFoldsOfRealPatients(t *testing.T) {
	opt := ImportSlicesOptions{
		Manifest: filepath.Join(testenv.Data(t, "brain-cet1"), "manifest.csv"),
		Classes:  []string{"glioma", "meningioma"}, Positive: "meningioma", Study: "none",
	}
	if err := opt.verify(); err != nil {
		t.Fatal(err)
	}
	var ps Problems
	patients, err := opt.readManifest(&ps)
	if err != nil {
		t.Fatal(err)
	}
	c := opt.choose(patients, &ps)
	if err := ps.err(opt.Manifest); err != nil {
		t.Fatal(err)
	}
	if len(c.Cases) != 112 || len(c.Excluded) != 121 {
		t.Fatalf("%d cases, %d excluded", len(c.Cases), len(c.Excluded))
	}
	dir := t.TempDir()
	if _, err := FoldsCSV(dir, c.Cases, 5, 1); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, foldsFile))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sha(string(b)), "7e720f4f68b0518d4af08fb2ceef7449b99bc170f727d4d77781f972256654b5"; got != want {
		t.Errorf("folds.csv has hash %s, the reference's %s", got, want)
	}
}
