package phantom

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"magn/internal/cohort"
	"magn/internal/draw"
	"magn/internal/fault"
	"magn/internal/volume"
)

func write(t *testing.T, opt Options) *cohort.Cohort {
	t.Helper()
	c, err := Write(context.Background(), filepath.Join(t.TempDir(), "study"), opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCohort(t *testing.T) {
	var calls [][2]int
	dir := filepath.Join(t.TempDir(), "study")
	opt := Options{Patients: 14, Seed: 1, Size: 64, Difficulty: .3}
	c, err := Write(context.Background(), dir, opt, func(done, total int) { calls = append(calls, [2]int{done, total}) })
	if err != nil {
		t.Fatal(err)
	}
	if len(calls) != 13 || calls[12] != [2]int{13, 13} {
		t.Errorf("progress %v", calls)
	}
	if len(c.Cases) != 13 || len(c.Excluded) != 1 || c.Positive != "myeloma" || c.Negative != "metastasis" {
		t.Fatalf("%d cases, %v excluded, %s against %s", len(c.Cases), c.Excluded, c.Positive, c.Negative)
	}
	if x := c.Excluded[0]; x.ID != "phantom-0013" || !strings.Contains(x.Reason, "coronal") {
		t.Errorf("excluded %+v", x)
	}
	group, labels, two := map[string]int{}, [2]int{}, 0
	for _, k := range c.Cases {
		group[k.Group]++
		labels[k.Label]++
		most := uint16(0)
		for _, v := range volume.Views {
			stacks := k.Stacks(v)
			if len(stacks) != 1 {
				t.Fatalf("%s %v: %d stacks", k.ID, v, len(stacks))
			}
			r, err := stacks[0].Read(v) // canonical, same grid, mask not empty
			if err != nil {
				t.Fatal(err)
			}
			s := r.Image.Spacing()
			if !r.SpacingKnown || !r.Image.SpacingKnown || r.ScaledBy != cohort.ByStack ||
				s[0] < .7 || s[0] > .9 || math.Abs(s[0]-s[1]) > 1e-5 || math.Abs(s[2]-thickness) > 1e-5 || r.Image.Size != [3]int{64, 64, slices} {
				t.Errorf("%s %v: spacing %v, size %v, %+v", k.ID, v, s, r.Image.Size, r.Sidecar)
			}
			for _, d := range r.Mask.Drawn() {
				most = max(most, d.Label)
			}
		}
		if most == 2 {
			two++
		}
	}
	if group["phantom-0002"] != 2 || len(group) != 12 {
		t.Errorf("groups %v", group)
	}
	if labels[0] < 6 || labels[1] < 6 {
		t.Errorf("%d metastases, %d myelomas", labels[0], labels[1])
	}
	if two == 0 || two == len(c.Cases) {
		t.Errorf("%d of %d patients with two lesions", two, len(c.Cases))
	}
	if err := c.Check(context.Background(), nil); err != nil {
		t.Error(err)
	}
	if _, err := cohort.FoldsCSV(dir, c.Cases, 5, 1); err != nil {
		t.Error(err)
	}
	// The second time, it is there already.
	if _, err := Write(context.Background(), dir, opt, nil); err != nil {
		t.Errorf("again: %v", err)
	}
	opt.Seed = 2
	if _, err := Write(context.Background(), dir, opt, nil); fault.Code(err) != fault.CodeInput {
		t.Errorf("another cohort into the same folder: %v", err)
	}
}

// The same options give the same files, whatever runs beside.
func TestSameBytes(t *testing.T) {
	opt := Options{Patients: 6, Seed: 5, Size: 40, Difficulty: .5}
	a := write(t, opt)
	procs := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(procs)
	b := write(t, opt)
	files := 0
	err := filepath.WalkDir(a.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		rel, _ := filepath.Rel(a.Dir, path)
		x, errX := os.ReadFile(path)
		y, errY := os.ReadFile(filepath.Join(b.Dir, rel))
		if string(x) != string(y) {
			t.Errorf("%s differs", rel)
		}
		return errors.Join(errX, errY)
	})
	if err != nil || files != 5*9+2 {
		t.Errorf("%d files, %v", files, err)
	}
}

// One anatomy for three views: a point of the patient has nearly the same signal
// in every stack that covers it, and the same lesion.
func TestViewsShowOneBody(t *testing.T) {
	opt := Options{Patients: 6, Seed: 3, Difficulty: 0, Size: 96}
	p := opt.patients()[0]
	body := newAnatomy(opt, p, newTexture(draw.New("phantom", opt.Seed, "texture")))
	for _, view := range volume.Views {
		v, m := scan(opt, p, body, view)
		if _, err := v.Canonical(view); err != nil {
			t.Error(err)
		}
		var agree, all, inside, drawn int
		for n, label := range m.Labels {
			at := v.Voxel(n)
			q := v.Affine.Apply([3]float64{float64(at[0]), float64(at[1]), float64(at[2])})
			s, l := body.at(q[0], q[1], q[2])
			all++
			// Blur, slab, noise and coil change a voxel; they do not change most.
			if d := math.Abs(float64(v.Data[n]) - s); d < 60+.35*s {
				agree++
			}
			if label != 0 {
				drawn++
				if l == label {
					inside++
				}
			}
		}
		if float64(agree) < .9*float64(all) || float64(inside) < .9*float64(drawn) || drawn == 0 {
			t.Errorf("%v: %d of %d voxels agree, %d of %d lesion voxels", view, agree, all, inside, drawn)
		}
	}
}

// Homogeneous against rim: the spread of signal inside the lesions tells the
// classes apart where they are made to differ, and not where they are not.
func TestDifficulty(t *testing.T) {
	const n = 120
	auc := func(difficulty float64) float64 {
		opt := Options{Patients: n, Seed: 11, Difficulty: difficulty}
		tex := newTexture(draw.New("phantom", opt.Seed, "texture"))
		var spread [2][]float64
		for _, p := range opt.patients() {
			if p.exam > 0 {
				continue
			}
			body := newAnatomy(opt, p, tex)
			l := body.lesions[0]
			var sum, square, count float64
			for i := range 11 * 11 * 11 {
				var q [3]float64
				for k, x := range [3]int{i % 11, i / 11 % 11, i / 121} {
					q[k] = l.centre[k] + (float64(x)/5-1)*l.radius[k]
				}
				if s, label := body.at(q[0], q[1], q[2]); label == 1 {
					sum, square, count = sum+s, square+s*s, count+1
				}
			}
			mean := sum / count
			spread[p.label] = append(spread[p.label], square/count-mean*mean)
		}
		wins := 0.
		for _, a := range spread[0] {
			for _, b := range spread[1] {
				if a > b {
					wins++
				}
			}
		}
		return wins / float64(len(spread[0])*len(spread[1]))
	}
	if easy := auc(0); easy < .98 {
		t.Errorf("difficulty 0: AUC %.3f", easy)
	}
	// Standard error of an AUC without effect, 60 against 59: sqrt((n+m+1)/(12nm)) = .053.
	if none := auc(1); math.Abs(none-.5) > .16 {
		t.Errorf("difficulty 1: AUC %.3f", none)
	}
	if middle := auc(.6); middle < .6 || middle > .999 {
		t.Errorf("difficulty .6: AUC %.3f", middle)
	}
}

// At difficulty 1 the label has no say in any number that is drawn.
func TestLabelIsForgottenAtDifficultyOne(t *testing.T) {
	opt := Options{Patients: 6, Seed: 3, Difficulty: 1}
	tex := newTexture(draw.New("phantom", opt.Seed, "texture"))
	a := newAnatomy(opt, patient{person: 4, label: 0}, tex)
	b := newAnatomy(opt, patient{person: 4, label: 1}, tex)
	if len(a.lesions) != len(b.lesions) {
		t.Fatal("another number of lesions")
	}
	for i := range a.lesions {
		if a.lesions[i] != b.lesions[i] {
			t.Errorf("lesion %d: %+v against %+v", i, a.lesions[i], b.lesions[i])
		}
	}
}

func TestOptions(t *testing.T) {
	for _, o := range []Options{
		{Patients: 5},
		{Patients: 10000},
		{Patients: 8, Difficulty: -.1},
		{Patients: 8, Difficulty: math.NaN()},
		{Patients: 8, Difficulty: 1.1},
		{Patients: 8, Size: 31},
		{Patients: 8, Size: 1025},
		{Patients: 8, Size: -1},
	} {
		dir := filepath.Join(t.TempDir(), "study")
		if _, err := Write(context.Background(), dir, o, nil); fault.Code(err) != fault.CodeUsage {
			t.Errorf("%+v: %v", o, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%+v left a folder", o)
		}
	}
}

func TestStops(t *testing.T) {
	parent := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Write(ctx, filepath.Join(parent, "study"), Options{Patients: 12, Size: 32}, func(done, total int) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("want the context's error: %v", err)
	}
	if left, _ := os.ReadDir(parent); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
