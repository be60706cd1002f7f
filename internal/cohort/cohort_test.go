package cohort

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/nifti"
	"magn/internal/volume"
)

func TestLoadRefuses(t *testing.T) {
	const header = "case,group,class,label\n"
	for name, test := range map[string]struct{ text, field, reason string }{
		"two labels":   {header + "a,a,tumour,1\na,a,cyst,0\n", "line 3, column case", "case a with two labels: tumour (1) and cyst (0)"},
		"twice":        {header + "a,a,tumour,1\na,a,tumour,1\n", "line 3, column case", "case a a second time"},
		"label":        {header + "a,a,tumour,yes\n", "line 2, column label", `"yes", expected 0 or 1`},
		"three":        {header + "a,a,tumour,1\nb,b,cyst,0\nc,c,other,0\n", "line 4, column class", `"other" with label 0`},
		"one class":    {header + "a,a,tumour,1\nb,b,tumour,0\n", "line 3, column class", `"tumour" with label 0`},
		"one label":    {header + "a,a,tumour,1\n", "label", "one class only"},
		"a path":       {header + "../a,a,tumour,1\n", "line 2, column case", `"../a"`},
		"no column":    {"case,group,label\na,a,1\n", "header", "no column class"},
		"column twice": {"case,group,class,label,case\n", "header", "two columns named case"},
		"not UTF-8":    {header + "a,\xff,tumour,1\n", "line 2, column group", "UTF-8"},
	} {
		dir := t.TempDir()
		writeText(t, filepath.Join(dir, cohortFile), test.text)
		_, err := Load(dir)
		t.Run(name, func(t *testing.T) { wantProblem(t, err, cohortFile, test.field, test.reason) })
	}
	_, err := Load(t.TempDir())
	wantProblem(t, err, cohortFile, "", "no such file")
}

func TestLoadTakesCovariates(t *testing.T) {
	dir := t.TempDir()
	writeText(t, filepath.Join(dir, cohortFile), "\xef\xbb\xbfage,label,case,class,group\r\n61,0,b,cyst,x\r\n,1,a,\"tumour, large\",x\r\n")
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Cases) != 2 || c.Cases[0].ID != "a" || c.Positive != "tumour, large" || c.Negative != "cyst" || c.Cases[1].Group != "x" {
		t.Errorf("%+v", c)
	}
}

// harmed imports a cohort, harms it, and gives what Check and Read of p1's
// coronal stack say.
func TestCheckRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		harm                func(t *testing.T, dir string)
		file, field, reason string
		readToo             bool // Read of the stack says the same
	}{
		"missing image":   {remove("coronal.nii.gz"), "p1/coronal.nii.gz", "", "no such file", true},
		"missing mask":    {remove("coronal_mask.nii.gz"), "p1/coronal_mask.nii.gz", "", "no such file", true},
		"missing sidecar": {remove("coronal.json"), "p1/coronal.json", "", "no such file", true},
		"truncated":       {cut("coronal.nii.gz"), "p1/coronal.nii.gz", "", "", true},
		"truncated mask":  {cut("coronal_mask.nii.gz"), "p1/coronal_mask.nii.gz", "", "", true},
		"bad sidecar": {
			func(t *testing.T, dir string) {
				writeText(t, filepath.Join(dir, "coronal.json"), `{"scaled_by":"size"}`)
			},
			"p1/coronal.json", "scaled_by", `"size"`, true,
		},
		"mistyped sidecar": {
			func(t *testing.T, dir string) {
				writeText(t, filepath.Join(dir, "coronal.json"), `{"scaledby":"slice"}`)
			},
			"p1/coronal.json", "", "scaledby", true,
		},
		"changed image": {changeVolume(func(v *volume.Volume) { v.Data[9]++ }), "p1/coronal.nii.gz", "voxels and grid", "something else than what was imported", true},
		"changed grid":  {changeMask(func(m *volume.Mask) { m.Labels[0] = 3 }), "p1/coronal_mask.nii.gz", "voxels and grid", "something else", true},
		"empty mask":    {changeMask(func(m *volume.Mask) { clear(m.Labels) }), "p1/coronal_mask.nii.gz", "voxels", "empty mask", true},
		"another grid": {
			changeMask(func(m *volume.Mask) { m.Affine[0][3] += 2 }),
			"p1/coronal_mask.nii.gz", "grid", "origin differs by 2 mm", true,
		},
		"another size": {
			changeMask(func(m *volume.Mask) { m.Size[2]--; m.Labels = m.Labels[:m.Len()] }),
			"p1/coronal_mask.nii.gz", "grid", "size", true,
		},
		"another view": {func(t *testing.T, dir string) {
			for _, end := range []string{".nii.gz", "_mask.nii.gz", ".json"} {
				if err := os.Rename(filepath.Join(dir, "axial"+end), filepath.Join(dir, "coronal"+end)); err != nil {
					t.Fatal(err)
				}
			}
		}, "p1/coronal.nii.gz", "", "axial", true},
		"NaN":      {nan, "p1/coronal.nii.gz", "", "NaN", true},
		"no stack": {func(t *testing.T, dir string) { os.RemoveAll(dir) }, "p1", "case p1", "no stack of any view", false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newFixture(t).mustImport()
			test.harm(t, c.Cases[0].Dir)
			err := c.Check(context.Background(), nil)
			wantProblem(t, err, test.file, test.field, test.reason)
			if stacks := c.Cases[0].Stacks(volume.Coronal); test.readToo {
				_, err := stacks[0].Read(volume.Coronal)
				wantProblem(t, err, test.file, test.field, test.reason)
				if name == "changed image" { // at a point as well, where no mask is read
					_, _, err := stacks[0].ReadAt(volume.Coronal, [3]float64{})
					wantProblem(t, err, test.file, test.field, test.reason)
				}
			}
		})
	}
}

func remove(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func cut(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		writeText(t, filepath.Join(dir, name), string(b[:len(b)/2]))
	}
}

func changeVolume(harm func(v *volume.Volume)) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, "coronal.nii.gz")
		im, err := nifti.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		v, err := im.Volume()
		if err != nil {
			t.Fatal(err)
		}
		harm(v)
		if err := nifti.WriteVolume(path, v, nifti.Float32); err != nil {
			t.Fatal(err)
		}
	}
}

func changeMask(harm func(m *volume.Mask)) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, "coronal_mask.nii.gz")
		im, err := nifti.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := im.Mask()
		if err != nil {
			t.Fatal(err)
		}
		harm(m)
		if err := nifti.WriteMask(path, m); err != nil {
			t.Fatal(err)
		}
	}
}

// nan writes a NaN where our own writer would refuse to: in the bytes.
func nan(t *testing.T, dir string) {
	changeVolume(func(*volume.Volume) {})(t, dir) // as float32
	path := filepath.Join(dir, "coronal.nii.gz")
	packed, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	binary.LittleEndian.PutUint32(b[352+4*5:], math.Float32bits(float32(math.NaN())))
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(b)
	w.Close()
	writeText(t, path, out.String())
}

// Compressing a file anew, as other programs do, is no change.
func TestCheckLooksAtVoxelsNotBytes(t *testing.T) {
	c := newFixture(t).mustImport()
	changeVolume(func(*volume.Volume) {})(t, c.Cases[0].Dir) // another type too
	if err := c.Check(context.Background(), nil); err != nil {
		t.Error(err)
	}
}

func TestCheckFindsOnePersonUnderTwoGroups(t *testing.T) {
	c := newFixture(t).mustImport()
	for _, end := range []string{".nii.gz", "_mask.nii.gz", ".json"} {
		b, err := os.ReadFile(filepath.Join(c.Cases[0].Dir, "axial"+end))
		if err != nil {
			t.Fatal(err)
		}
		writeText(t, filepath.Join(c.Cases[2].Dir, "axial_2"+end), string(b))
	}
	if n := len(c.Cases[2].Stacks(volume.Axial)); n != 2 {
		t.Fatalf("%d axial stacks", n)
	}
	err := c.Check(context.Background(), nil)
	wantProblem(t, err, "p3/axial_2.nii.gz", "slice 0", "the same pixels under two groups: p3 here, p1 in")
	if n := strings.Count(err.Error(), "same pixels"); n != 1 {
		t.Errorf("said %d times", n)
	}
	c.Cases[2].Group = "p1"
	if err := c.Check(context.Background(), nil); err != nil {
		t.Errorf("in one group: %v", err)
	}
}

func TestCheckReportsProgress(t *testing.T) {
	c := newFixture(t).mustImport()
	var calls []string
	if err := c.Check(context.Background(), func(done, total int) { calls = append(calls, fmt.Sprint(done, total)) }); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(calls) != "[1 4 2 4 3 4 4 4]" {
		t.Error(calls)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.Check(ctx, nil); err != context.Canceled {
		t.Errorf("want the context's error: %v", err)
	}
}
