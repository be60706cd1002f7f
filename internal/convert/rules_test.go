package convert

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/dicom"
	"magn/internal/testenv"
	"magn/internal/volume"
)

func TestCases(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			writeAll(t, dir, c.make())
			s := scan(t, Options{}, dir)
			if got := summary(s); got != c.want {
				t.Errorf("%s\nwant\n%s", got, c.want)
			}
			for _, f := range s.Files {
				if f.Status == "" || f.Status == Skipped || (f.Status == Used) != (f.Reason == "") {
					t.Errorf("%s: status %q, reason %q", filepath.Base(f.Path), f.Status, f.Reason)
				}
			}
		})
	}
}

// dcm2niix makes the same volumes: as many, voxel for voxel, on the same grid.
func TestPeerDcm2niix(t *testing.T) {
	dcm2niix := testenv.Program(t, "dcm2niix", "apt-get install dcm2niix")
	for _, c := range cases {
		if !c.peer {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			dir, out := t.TempDir(), t.TempDir()
			writeAll(t, dir, c.make())
			if msg, err := exec.Command(dcm2niix, "-f", "%s_%p_%t_%d", "-b", "n", "-z", "n", "-o", out, dir).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, msg)
			}
			theirs := map[string]*volume.Volume{}
			files, err := filepath.Glob(filepath.Join(out, "*.nii"))
			if err != nil {
				t.Fatal(err)
			}
			s := scan(t, Options{}, dir)
			for _, file := range files {
				for i := range volumesOf(t, file) {
					im := reference(t, file, i)
					for _, view := range volume.Views {
						if v, err := im.Volume(); err == nil {
							if c, err := v.Canonical(view); err == nil {
								theirs[fmt.Sprint(file, i, view)] = c
							}
						}
					}
				}
			}
			n := 0
			for _, file := range files {
				n += volumesOf(t, file)
			}
			if n != len(s.Candidates) {
				t.Errorf("dcm2niix makes %d volumes, we\n%s", n, summary(s))
			}
			for _, c := range s.Candidates {
				view := viewOf(cross(c.first().row, c.first().col))
				got := canonical(t, image(t, s, c), view)
				var why []string
				same := false
				for name, v := range theirs {
					if strings.HasSuffix(name, view.String()) {
						d := differ(got, v)
						same = same || d == ""
						why = append(why, d)
					}
				}
				if !same {
					t.Errorf("%s is none of dcm2niix's: %s", c.Name, strings.Join(why, "\n  "))
				}
			}
		})
	}
}

// volumesOf is the number of volumes in a NIfTI-1 file.
func volumesOf(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := make([]byte, 352)
	if _, err := io.ReadFull(f, b); err != nil {
		t.Fatal(err)
	}
	if b[40] < 4 {
		return 1
	}
	return int(b[48]) | int(b[49])<<8
}

// The order of files, their names and the instance numbers change nothing.
func TestOrderDoesNotMatter(t *testing.T) {
	type outcome struct {
		name, note string
		grid       volume.Grid
		stored     string
	}
	outcomes := func(dir string) []outcome {
		var out []outcome
		s := scan(t, Options{}, dir)
		for _, c := range s.Candidates {
			o := outcome{name: c.Name, note: strings.Join(c.Notes, "; "), grid: c.Grid}
			if c.Err != nil {
				o.note = c.Err.Error()
			} else {
				o.stored = string(image(t, s, c).Stored())
			}
			out = append(out, o)
		}
		return out
	}
	base := t.TempDir()
	want := make([][]outcome, len(cases))
	for i, c := range cases {
		dir := filepath.Join(base, fmt.Sprint(i))
		writeAll(t, dir, c.make())
		want[i] = outcomes(dir)
	}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		i := rapid.IntRange(0, len(cases)-1).Draw(rt, "case")
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		list := cases[i].make()
		rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		dir := filepath.Join(base, fmt.Sprint("shuffled", n))
		n++
		for k, m := range list {
			m.Put(dicom.InstanceNumber, "IS", rng.IntN(500))
			sub := filepath.Join(dir, fmt.Sprint(rng.IntN(3)))
			if err := os.MkdirAll(sub, 0o700); err != nil {
				rt.Fatal(err)
			}
			f := m.file
			f.Set = m.Set
			if err := f.Write(filepath.Join(sub, fmt.Sprintf("%x-%d", rng.Uint32(), k))); err != nil {
				rt.Fatal(err)
			}
		}
		got := outcomes(dir)
		if !slices.Equal(got, want[i]) {
			rt.Fatalf("%s: %d candidates, want %d; first %+.300v, want %+.300v", cases[i].name, len(got), len(want[i]), got[0], want[i][0])
		}
	})
}
