package cli

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magn/internal/cohort"
	"magn/internal/nifti"
	"magn/internal/testenv"
	"magn/internal/volume"
)

// tableOf is a CSV file as rows by column name.
func tableOf(t *testing.T, path string) []map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		out = append(out, m)
	}
	return out
}

func canonicalVolume(t *testing.T, path string, view volume.View) *volume.Volume {
	t.Helper()
	im, err := nifti.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	v, err := im.Volume()
	if err != nil {
		t.Fatal(err)
	}
	if v, err = v.Canonical(view); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// diceOf is that of two masks, whatever their labels.
func diceOf(a, b []uint16) float64 {
	both, all := 0., 0.
	for i := range a {
		if a[i] != 0 && b[i] != 0 {
			both++
		}
		for _, l := range []uint16{a[i], b[i]} {
			if l != 0 {
				all++
			}
		}
	}
	return 2 * both / all
}

// From DICOM to a study: of every patient the series that the phantom made for it
// are chosen, voxel for voxel; those with a flaw are excluded for it; outlines come
// through NIfTI, NRRD, SEG and RTSTRUCT; who moved is seen.
func TestPhantomToStudy(t *testing.T) {
	root := t.TempDir()
	at := func(name ...string) string { return filepath.Join(append([]string{root}, name...)...) }
	if out, errOut, code := call(t, "phantom", "--out", at("P"), "--patients", "16", "--size", "72", "--seed", "1", "--moved", "9"); code != 0 ||
		!strings.Contains(out, "16 patients (2 to be excluded)") || !strings.Contains(out, "next: magn import dicom") {
		t.Fatal(out, errOut)
	}
	out, errOut, code := call(t, "import", "dicom", at("P", "dicom"), "--study", at("S"), "--clinical", at("P", "clinical.csv"),
		"--annotations", at("P", "annotations"), "--rules", at("P", "rules.yaml"), "--readers", at("P", "readers.csv"), "--classes", "myeloma,metastasis", "--json")
	if code != 0 {
		t.Fatalf("code %d: %s%s", code, out, errOut)
	}
	var result struct {
		Cases, Excluded int
		Notes           []string
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatal(err)
	}
	if result.Cases != 14 || result.Excluded != 2 {
		t.Errorf("%d cases, %d excluded", result.Cases, result.Excluded)
	}
	c, err := cohort.Load(at("S"))
	if err != nil {
		t.Fatal(err)
	}
	walk, err := cohort.ReadCrosswalk(at("S-crosswalk.csv"))
	if err != nil {
		t.Fatal(err)
	}
	group, formats := map[string]string{}, map[string]int{}
	for _, p := range tableOf(t, at("P", "truth", "patients.csv")) {
		id := walk.Case(p["patient"])
		i := slices.IndexFunc(c.Cases, func(k cohort.Case) bool { return k.ID == id })
		if (i >= 0) != (p["included"] == "yes") {
			t.Errorf("%s: included %v, want %s", p["patient"], i >= 0, p["included"])
		}
		if i >= 0 {
			formats[p["outline"]]++
			if was, ok := group[p["group"]]; ok && was != c.Cases[i].Group || c.Cases[i].Class != p["class"] {
				t.Errorf("%s: group %s, class %s", p["patient"], c.Cases[i].Group, c.Cases[i].Class)
			}
			group[p["group"]] = c.Cases[i].Group
			continue
		}
		if j := slices.IndexFunc(c.Excluded, func(x cohort.Exclusion) bool { return x.ID == id }); j < 0 || c.Excluded[j].Reason != p["reason"] {
			t.Errorf("%s: excluded %v, want %q", p["patient"], c.Excluded, p["reason"])
		}
	}
	for _, f := range []string{"NIfTI", "NRRD", "SEG", "RTSTRUCT"} {
		if formats[f] == 0 {
			t.Errorf("no outline of an included patient is %s: %v", f, formats)
		}
	}
	if len(group) != len(c.Cases)-1 {
		t.Errorf("%d groups of %d cases", len(group), len(c.Cases))
	}
	moved := 0
	for _, n := range result.Notes {
		if strings.Contains(n, "the patient moved by") {
			if !strings.Contains(n, walk.Case("phantom-0003")) {
				t.Errorf("who did not move: %s", n)
			}
			moved++
		}
	}
	if moved == 0 {
		t.Errorf("nobody moved: %q", result.Notes)
	}

	// Made at once, the study has the same outlines, which went through no file format.
	if out, errOut, code := call(t, "phantom", "--study", at("D"), "--patients", "16", "--size", "72", "--seed", "1", "--moved", "9"); code != 0 {
		t.Fatal(out, errOut)
	}
	direct, err := cohort.Load(at("D"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range direct.Cases {
		i := slices.IndexFunc(c.Cases, func(x cohort.Case) bool { return x.ID == walk.Case(k.ID) })
		if i < 0 {
			t.Errorf("%s is in one study only", k.ID)
			continue
		}
		want, errA := k.Stacks(volume.Sagittal)[0].Read(volume.Sagittal)
		have, errB := c.Cases[i].Stacks(volume.Sagittal)[0].Read(volume.Sagittal)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if err := have.Mask.Match(want.Mask.Grid); err != nil || diceOf(have.Mask.Labels, want.Mask.Labels) != 1 {
			t.Errorf("%s: another outline (%v), Dice %.3f", k.ID, err, diceOf(have.Mask.Labels, want.Mask.Labels))
		}
	}

	scores := map[string][]float64{}
	used := map[string]int{}
	for _, s := range tableOf(t, at("P", "truth", "series.csv")) {
		id := walk.Case(s["patient"])
		i := slices.IndexFunc(c.Cases, func(k cohort.Case) bool { return k.ID == id })
		if i < 0 {
			continue
		}
		view, err := volume.ParseView(s["view"])
		if err != nil {
			t.Fatal(err)
		}
		folder := at("P", filepath.FromSlash(s["folder"]))
		to := at("V", s["patient"], filepath.Base(folder))
		if out, errOut, code := call(t, "convert", folder, "--out", to); code != 0 {
			t.Fatal(out, errOut)
		}
		files, err := filepath.Glob(filepath.Join(to, "*.nii.gz"))
		if err != nil || len(files) != 1 {
			t.Fatalf("%s: %v, %v", folder, files, err)
		}
		want := canonicalVolume(t, files[0], view)
		truth, err := readCanonicalMask(at("P", filepath.FromSlash(s["mask"])), view)
		if err != nil {
			t.Fatal(err)
		}
		if err := want.Match(truth.Grid); err != nil {
			t.Errorf("%s %s: the truth lies elsewhere: %v", s["patient"], view, err)
		}
		found := false
		for _, stack := range c.Cases[i].Stacks(view) {
			have, err := stack.Read(view)
			if err != nil {
				t.Fatal(err)
			}
			if have.Image.Match(want.Grid) != nil || !slices.Equal(have.Image.Data, want.Data) {
				continue
			}
			found = true
			if s["moved_z"] == "0.000" || view == volume.Sagittal {
				scores[view.String()] = append(scores[view.String()], diceOf(have.Mask.Labels, truth.Labels))
			}
		}
		used[id+view.String()]++
		if !found && slices.ContainsFunc(truth.Labels, func(l uint16) bool { return l == 1 }) && s["station"] == "1" {
			t.Errorf("%s %s: another series was chosen", s["patient"], view)
		}
	}
	for view, list := range scores {
		sum := 0.
		for _, d := range list {
			sum += d
		}
		mean := sum / float64(len(list))
		t.Logf("%s: mean Dice of the study's mask and the truth %.3f of %d stacks", view, mean, len(list))
		if least := map[string]float64{"sagittal": .85}[view]; mean < max(least, .6) {
			t.Errorf("%s: mean Dice %.3f", view, mean)
		}
	}
	several := 0
	for _, n := range used {
		if n > 1 {
			several++
		}
	}
	if several < 3 {
		t.Errorf("%d views in two stations", several)
	}
	if out, errOut, code := call(t, "study", "check", at("S")); code != 0 {
		t.Errorf("%s%s", out, errOut)
	}
}

func readCanonicalMask(path string, view volume.View) (*volume.Mask, error) {
	im, err := nifti.Read(path)
	if err != nil {
		return nil, err
	}
	m, err := im.Mask()
	if err != nil {
		return nil, err
	}
	return m.Canonical(view)
}

// dcm2niix and magn convert make the same volumes of the phantom's files of each
// maker: the same voxels, the same place.
func TestPeerPhantomConversion(t *testing.T) {
	dcm2niix := testenv.Program(t, "dcm2niix", "apt-get install dcm2niix")
	root := t.TempDir()
	at := func(name ...string) string { return filepath.Join(append([]string{root}, name...)...) }
	if out, errOut, code := call(t, "phantom", "--out", at("P"), "--patients", "9", "--size", "48", "--seed", "1"); code != 0 {
		t.Fatal(out, errOut)
	}
	makers := map[string]string{} // and one of multi-frame files: the folder of a patient of each
	for n, p := range tableOf(t, at("P", "truth", "patients.csv")) {
		maker := p["scanner"]
		if p["multi_frame"] == "yes" {
			maker += ", multi-frame"
		}
		makers[maker] = fmt.Sprintf("PA%06d", n+1)
	}
	if len(makers) != 4 {
		t.Errorf("examinations of %v", makers)
	}
	compared := 0
	for maker, person := range makers {
		if out, errOut, code := call(t, "convert", at("P", "dicom", person), "--out", at("ours", person)); code != 0 {
			t.Fatal(out, errOut)
		}
		if err := os.MkdirAll(at("theirs", person), 0o755); err != nil {
			t.Fatal(err)
		}
		if msg, err := exec.Command(dcm2niix, "-f", "%s_%d", "-b", "n", "-z", "n", "-o", at("theirs", person), at("P", "dicom", person)).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, msg)
		}
		ours, _ := filepath.Glob(at("ours", person, "*.nii.gz"))
		theirs, _ := filepath.Glob(at("theirs", person, "*.nii"))
		if strings.HasSuffix(maker, "multi-frame") { // dcm2niix makes one 4-D file of a localizer's three planes
			isLocalizer := func(path string) bool { return strings.HasPrefix(filepath.Base(path), "101_") }
			ours, theirs = slices.DeleteFunc(ours, isLocalizer), slices.DeleteFunc(theirs, isLocalizer)
		}
		if len(ours) != len(theirs) || len(ours) < 4 {
			t.Errorf("%s: %d volumes, dcm2niix %d", person, len(ours), len(theirs))
		}
		for _, a := range ours {
			nearest := "nothing in that view"
			if !slices.ContainsFunc(theirs, func(b string) bool {
				why := sameVolume(t, a, b)
				if why != "" && why != "another view" {
					nearest = why
				}
				return why == ""
			}) {
				t.Errorf("%s: %s is none of dcm2niix's; %s", person, filepath.Base(a), nearest)
			}
			compared++
		}
	}
	t.Logf("%d volumes are dcm2niix's", compared)
}

// sameVolume is "" where two files hold the same voxels in the same places, in
// whatever order; values to single precision.
func sameVolume(t *testing.T, a, b string) string {
	t.Helper()
	for _, view := range volume.Views {
		var c [2]*volume.Volume
		for i, path := range []string{a, b} {
			im, err := nifti.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			v, err := im.Volume()
			if err != nil {
				t.Fatal(err)
			}
			if c[i], err = v.Canonical(view); err != nil {
				c[i] = nil
			}
		}
		if c[0] == nil || c[1] == nil {
			continue
		}
		if err := c[0].Match(c[1].Grid); err != nil {
			return err.Error()
		}
		for i, x := range c[0].Data {
			if y := c[1].Data[i]; math.Abs(float64(x-y)) > 1e-6*math.Abs(float64(y)) {
				return fmt.Sprintf("voxel %d: %v, dcm2niix %v", i, x, y)
			}
		}
		return ""
	}
	return "another view"
}
