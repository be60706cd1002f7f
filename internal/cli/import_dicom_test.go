package cli

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magn/internal/cohort"
	"magn/internal/dicom"
	"magn/internal/dicom/dicomtest"
	"magn/internal/volume"
)

// toDICOM writes a volume as a series, a file a slice.
func toDICOM(t *testing.T, dir, patient, study string, number int, v *volume.Volume) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	sp := v.Spacing()
	lps := func(r int, x float64) float64 { return x * [3]float64{-1, -1, 1}[r] }
	var cosines []any
	for c := range 2 {
		for r := range 3 {
			cosines = append(cosines, lps(r, v.Affine[r][c]/sp[c]))
		}
	}
	for k := range v.Size[2] {
		pixels := make([]uint16, v.Size[0]*v.Size[1])
		for i := range pixels {
			pixels[i] = uint16(v.Data[k*len(pixels)+i])
		}
		p := v.Affine.Apply([3]float64{0, 0, float64(k)})
		s := dicomtest.MR(v.Size[1], v.Size[0], pixels).
			Put(dicom.PatientID, "LO", patient).
			Put(dicom.StudyInstanceUID, "UI", study).
			Put(dicom.FrameOfReferenceUID, "UI", study+".9").
			Put(dicom.SeriesInstanceUID, "UI", fmt.Sprintf("%s.%d", study, number)).
			Put(dicom.SOPInstanceUID, "UI", fmt.Sprintf("%s.%d.%d", study, number, k+1)).
			Put(dicom.SeriesNumber, "IS", number).
			Put(dicom.ImagePositionPatient, "DS", lps(0, p[0]), lps(1, p[1]), p[2]).
			Put(dicom.ImageOrientationPatient, "DS", cosines...).
			Put(dicom.PixelSpacing, "DS", sp[1], sp[0]).
			Put(dicom.SliceThickness, "DS", sp[2]).
			Put(dicom.ScanningSequence, "CS", "SE").
			Put(dicom.RepetitionTime, "DS", 600).
			Put(dicom.EchoTime, "DS", 12).
			Put(dicom.ContrastBolusAgent, "LO", "Dotarem").
			Put(dicom.AcquisitionDate, "DA", "20200102").
			Put(dicom.AcquisitionTime, "TM", fmt.Sprintf("09%02d00", number))
		if err := (dicomtest.File{Set: s}).Write(filepath.Join(dir, fmt.Sprintf("%d-%03d", number, k))); err != nil {
			t.Fatal(err)
		}
	}
}

// A study of synthetic patients goes through DICOM and comes back: the same voxels
// in the same places, a study that checks and plans.
func TestImportDICOMOfAPhantom(t *testing.T) {
	root := t.TempDir()
	at := func(name ...string) string { return filepath.Join(append([]string{root}, name...)...) }
	if out, errOut, code := call(t, "phantom", "--study", at("phantom"), "--patients", "13", "--size", "32", "--seed", "4"); code != 0 {
		t.Fatal(out, errOut)
	}
	c, err := cohort.Load(at("phantom"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(at("outlines"), 0o755); err != nil {
		t.Fatal(err)
	}
	table := [][]string{{"patient", "class", "age", "sex", "pathology confirmed"}}
	for n, k := range c.Cases {
		patient := fmt.Sprintf("P%03d", n)
		table = append(table, []string{patient, k.Class, "60", "F", "yes"})
		for _, v := range volume.Views {
			read, err := k.Stacks(v)[0].Read(v)
			if err != nil {
				t.Fatal(err)
			}
			toDICOM(t, at("dvd", patient), patient, fmt.Sprintf("1.2.3.%d", n), 2+int(v), read.Image)
		}
		mask, err := os.ReadFile(k.Stacks(volume.Sagittal)[0].Mask)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at("outlines", patient+".nii.gz"), mask, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(at("table.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := csv.NewWriter(f).WriteAll(table); err != nil {
		t.Fatal(err)
	}
	f.Close()
	args := []string{
		"import", "dicom", at("dvd"), "--study", at("S"), "--clinical", at("table.csv"), "--annotations", at("outlines"),
		"--classes", c.Positive + "," + c.Negative,
	}
	out, errOut, code := call(t, args...)
	if code != 0 || !strings.Contains(out, fmt.Sprintf("%d cases written, 0 kept", len(c.Cases))) || !strings.Contains(out, "next: magn study run") {
		t.Fatalf("code %d: %s%s", code, out, errOut)
	}
	for _, args := range [][]string{{"study", "check", at("S")}, {"study", "plan", at("S")}} {
		if out, errOut, code := call(t, args...); code != 0 {
			t.Fatalf("%v: code %d: %s%s", args, code, out, errOut)
		}
	}
	got, err := cohort.Load(at("S"))
	if err != nil {
		t.Fatal(err)
	}
	walk, err := cohort.ReadCrosswalk(at("S-crosswalk.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for n, k := range c.Cases {
		i := slices.IndexFunc(got.Cases, func(g cohort.Case) bool { return g.ID == walk.Case(fmt.Sprintf("P%03d", n)) })
		if i < 0 || got.Cases[i].Label != k.Label {
			t.Fatalf("patient %d: %d", n, i)
		}
		for _, v := range volume.Views {
			want, err := k.Stacks(v)[0].Read(v)
			if err != nil {
				t.Fatal(err)
			}
			have, err := got.Cases[i].Stacks(v)[0].Read(v)
			if err != nil {
				t.Fatal(err)
			}
			if err := have.Image.Match(want.Image.Grid); err != nil {
				t.Errorf("patient %d, %s: %v", n, v, err)
			}
			if !slices.Equal(have.Image.Data, want.Image.Data) {
				t.Errorf("patient %d, %s: other voxels", n, v)
			}
			if v == volume.Sagittal && !slices.Equal(have.Mask.Labels, want.Mask.Labels) {
				t.Errorf("patient %d: another sagittal mask", n)
			}
		}
	}
	out, errOut, code = call(t, append(args, "--json")...)
	if code != 0 || !strings.Contains(out, fmt.Sprintf(`"converted":0,"kept":%d`, len(c.Cases))) || strings.Count(out, "\n") != 1 {
		t.Errorf("code %d: %s%s", code, out, errOut)
	}
}
