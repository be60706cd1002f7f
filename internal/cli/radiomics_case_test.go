package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/volume"
)

// lesionStudy is a study of four cases with two lesions in every stack; the axial
// view of the first case has two stacks, and its sagittal slices scales of their
// own.
func lesionStudy(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "study")
	w, err := cohort.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := &cohort.Cohort{Positive: "wolf", Negative: "sheep"}
	for i := range 4 {
		k := cohort.Case{ID: fmt.Sprintf("C%d", i), Group: fmt.Sprintf("G%d", i), Class: "sheep"}
		if i%2 == 1 {
			k.Class, k.Label = "wolf", 1
		}
		c.Cases = append(c.Cases, k)
		for view, axes := range map[volume.View]volume.Affine{
			volume.Sagittal: {{0, 0, 4, 0}, {-1, 0, 0, 0}, {0, -1, 0, 0}},
			volume.Axial:    {{-1, 0, 0, 0}, {0, -1, 0, 0}, {0, 0, 4, 0}},
		} {
			stacks := 1
			if i == 0 && view == volume.Axial {
				stacks = 2
			}
			for n := range stacks {
				g := volume.Grid{Size: [3]int{12, 10, 3}, Affine: axes, SpacingKnown: true}
				side := cohort.Sidecar{ScaledBy: cohort.ByStack}
				if i == 0 && view == volume.Sagittal {
					side.ScaledBy, g.SpacingKnown = cohort.BySlice, false
					g.Affine[0][2] = 1
				}
				v := &volume.Volume{Grid: g, Data: make([]float32, g.Len())}
				m := &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}
				for j := range v.Data {
					v.Data[j] = float32((j*j*(7+i) + 13*j*(n+1)) % 251)
					at := g.Voxel(j)
					if at[1] >= 3 && at[1] < 8 {
						m.Labels[j] = uint16(min(2, at[0]/4))
					}
				}
				if err := w.Stack(k.ID, view, n+1, v, m, side); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if _, err := w.Commit(c); err != nil {
		t.Fatal(err)
	}
	return dir
}

// --case describes every stack as --image and --mask would, and says which it is.
func TestRadiomicsOfACase(t *testing.T) {
	study := lesionStudy(t)
	dir := filepath.Join(study, "cases", "C0")
	out, errOut, code := call(t, "radiomics", "--case", dir, "--json")
	if code != 0 {
		t.Fatalf("exit code %d, %s", code, errOut)
	}
	type lesion struct {
		Case, View, Image string
		Stack             int
		Label             any
		Features          map[string]float64
		Notes             []string
	}
	var heads []string
	for line := range strings.Lines(out) {
		var l lesion
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		heads = append(heads, fmt.Sprint(l.Case, " ", l.View, " ", l.Stack, " ", l.Label))
		label := fmt.Sprint(l.Label)
		alone, errOut, code := call(t, "radiomics", "--image", l.Image, "--mask", strings.Replace(l.Image, ".nii.gz", "_mask.nii.gz", 1), "--label", label, "--json")
		if code != 0 {
			t.Fatalf("exit code %d, %s", code, errOut)
		}
		var want lesion
		if err := json.Unmarshal([]byte(alone), &want); err != nil {
			t.Fatal(err)
		}
		if len(want.Features) < 100 || fmt.Sprint(l.Features) != fmt.Sprint(want.Features) {
			t.Errorf("%s: other features than by --image", heads[len(heads)-1])
		}
		if scaled := slices.ContainsFunc(l.Notes, func(n string) bool { return strings.Contains(n, "scaled by itself") }); scaled != (l.View == "sagittal") {
			t.Errorf("%s: notes %q", heads[len(heads)-1], l.Notes)
		}
	}
	var want []string
	for _, stack := range []string{"sagittal 1", "axial 1", "axial 2"} {
		for _, label := range []string{"1", "2", "merged"} {
			want = append(want, "C0 "+stack+" "+label)
		}
	}
	if !slices.Equal(heads, want) {
		t.Errorf("lesions %q, want %q", heads, want)
	}

	out, _, code = call(t, "radiomics", "--case", dir, "--label", "merged")
	if first, _, _ := strings.Cut(out, "\n"); code != 0 || strings.Join(strings.Fields(first), " ") != "feature sagittal merged axial merged axial_2 merged" {
		t.Errorf("exit code %d, %q", code, first)
	}
}

// One stack that cannot be read does not keep the others back.
func TestRadiomicsOfACaseWithAHole(t *testing.T) {
	dir := filepath.Join(lesionStudy(t), "cases", "C1")
	if err := os.Remove(filepath.Join(dir, "axial_mask.nii.gz")); err != nil {
		t.Fatal(err)
	}
	out, _, code := call(t, "radiomics", "--case", dir, "--json")
	if code != fault.CodePartial || strings.Count(out, `"view":"sagittal"`) != 3 || !strings.Contains(out, "axial_mask.nii.gz: no such file") {
		t.Errorf("exit code %d, %.300s", code, out)
	}
}

// --study is a batch of all stacks, with the cases' class and group carried along.
func TestRadiomicsOfAStudy(t *testing.T) {
	study := lesionStudy(t)
	to := filepath.Join(t.TempDir(), "features.csv")
	args := []string{"radiomics", "--study", study, "--out", to, "--label", "2", "--json"}
	out, errOut, code := call(t, args...)
	if code != 0 || !strings.Contains(out, `"rows":9,"kept":0,"lesions":9,"failed":0`) {
		t.Fatalf("exit code %d, %s %s", code, out, errOut)
	}
	rows := table(t, to, ',')
	if want := []string{"case", "image", "mask", "label", "label_name", "view", "stack", "class", "group"}; !slices.Equal(rows[0][:9], want) {
		t.Errorf("columns %q", rows[0][:9])
	}
	if want := []string{"C0", "cases/C0/axial_2.nii.gz", "cases/C0/axial_2_mask.nii.gz", "2", "", "axial", "2", "sheep", "G0"}; !slices.Equal(rows[3][:9], want) {
		t.Errorf("row %q, want %q", rows[3][:9], want)
	}
	if out, _, _ := call(t, args...); !strings.Contains(out, `"kept":9`) {
		t.Errorf("a second run computes again: %s", out)
	}
	// Its numbers are those of one case.
	one, _, _ := call(t, "radiomics", "--case", filepath.Join(study, "cases", "C0"), "--label", "2", "--json")
	var first struct{ Features map[string]float64 }
	if err := json.NewDecoder(strings.NewReader(one)).Decode(&first); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for i, name := range rows[0] {
		if want, there := first.Features[name]; there {
			compared++
			if got := float(t, rows[1][i]); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
	}
	if compared != len(first.Features) || compared < 100 {
		t.Errorf("%d of %d features compared", compared, len(first.Features))
	}

	if err := os.WriteFile(filepath.Join(study, "cases", "C2", "axial.nii.gz"), []byte("torn"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, errOut, code = call(t, "radiomics", "--study", study, "--out", strings.Replace(to, ".csv", ".parquet", 1))
	if code != fault.CodePartial || !strings.Contains(errOut, "case C2, axial: ") {
		t.Errorf("exit code %d, %s", code, errOut)
	}
}
