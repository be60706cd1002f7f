package cli

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/fault"
	"magn/internal/nifti"
	"magn/internal/volume"
)

// scans is a folder as magn convert leaves it: a sagittal and an axial volume of
// one frame of reference, one of another, and a mask drawn on the first. The
// anatomy in the axial ones lies 3 mm further up.
func scans(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	anatomy := func(x, y, z float64) float64 {
		return 200 + 40*(math.Sin(x/4+y/9)+math.Sin(y/5-z/8+1)+math.Sin(z/4+x/7+2)+math.Sin((x+y+z)/6))
	}
	write := func(name string, a volume.Affine, size [3]int, up float64) {
		v := &volume.Volume{Grid: volume.Grid{Size: size, Affine: a, SpacingKnown: true}}
		m := &volume.Mask{Grid: v.Grid}
		for n := range v.Len() {
			at := v.Voxel(n)
			p := a.Apply([3]float64{float64(at[0]), float64(at[1]), float64(at[2])})
			v.Data = append(v.Data, float32(math.Round(anatomy(p[0], p[1], p[2]-up))))
			l := uint16(0)
			if math.Hypot(math.Hypot(p[0], p[1]), p[2]) < 9 {
				l = 2
			}
			m.Labels = append(m.Labels, l)
		}
		if err := nifti.WriteVolume(filepath.Join(dir, name+".nii.gz"), v, nifti.Int16); err != nil {
			t.Fatal(err)
		}
		if err := nifti.WriteMask(filepath.Join(dir, name+"_mask.nii.gz"), m); err != nil {
			t.Fatal(err)
		}
	}
	write("sag", volume.Affine{{0, 0, 3, -30}, {-1.5, 0, 0, 36}, {0, -1.5, 0, 36}}, [3]int{48, 48, 21}, 0)
	axial := volume.Affine{{-1.5, 0, 0, 36}, {0, -1.5, 0, 36}, {0, 0, 3, -36}}
	write("axial", axial, [3]int{48, 48, 25}, 3)
	write("other", axial, [3]int{48, 48, 25}, 3)
	uids := `[{"volume":"sag","study_instance_uid":"1.1","frame_of_reference_uid":"1.2"},
		{"volume":"axial","study_instance_uid":"1.1","frame_of_reference_uid":"1.2"},
		{"volume":"other","study_instance_uid":"1.1","frame_of_reference_uid":"1.3"}]`
	if err := os.WriteFile(filepath.Join(dir, "uids.json"), []byte(uids), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTransfer(t *testing.T) {
	dir := scans(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	args := []string{"transfer", "--mask", at("sag_mask.nii.gz"), "--series", at("sag.nii.gz"), "--out", at("out.nii.gz"), "--onto"}
	out, errOut, code := call(t, append(args, at("axial.nii.gz"), "--json")...)
	if code != 0 {
		t.Fatal(code, out, errOut)
	}
	var r transferResult
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	ml := 4. / 3 * math.Pi * 9 * 9 * 9 / 1000
	if len(r.Lesions) != 1 || r.Lesions[0].Label != 2 || math.Abs(r.Lesions[0].VolumeAfter/ml-1) > .1 || math.Abs(r.Lesions[0].DiameterMM-18) > 1 || r.Lesions[0].Covered != 1 {
		t.Errorf("%+v, a ball of %.3f ml", r.Lesions, ml)
	}
	if s := r.Shift; s == nil || !s.Trusted || math.Abs(s.MM[2]-3) > .5 || math.Abs(s.Length-3) > .5 {
		t.Errorf("shift %+v, want 3 mm up", s)
	}
	im, err := nifti.Read(at("out.nii.gz"))
	if err != nil || im.Size != [3]int{48, 48, 25} {
		t.Fatal(err, im)
	}
	if out, _, code = call(t, append(args, at("axial.nii.gz"))...); code != 0 || !strings.Contains(out, "shift around the lesions: 3.") {
		t.Error(code, out)
	}

	// Another frame of reference is refused, and taken on request.
	_, errOut, code = call(t, append(args, at("other.nii.gz"))...)
	if code != fault.CodeInput || !strings.Contains(errOut, "sag_mask.nii.gz: FrameOfReferenceUID: ") || strings.Contains(errOut, "1.3") {
		t.Error(code, errOut)
	}
	if _, errOut, code = call(t, append(args, at("other.nii.gz"), "--any-frame")...); code != 0 {
		t.Error(code, errOut)
	}

	// A mask that is not the series' says in what it differs, and by how much.
	_, errOut, code = call(t, "transfer", "--mask", at("axial_mask.nii.gz"), "--series", at("sag.nii.gz"), "--onto", at("axial.nii.gz"), "--out", at("out.nii.gz"))
	if code != fault.CodeInput || !strings.Contains(errOut, "axial_mask.nii.gz: grid: ") || !strings.Contains(errOut, " mm") {
		t.Error(code, errOut)
	}
}

// Where magn convert put studies into folders, its list is one folder up.
func TestTransferAcrossStudies(t *testing.T) {
	from := scans(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	for to, name := range map[string]string{
		"study01/sag.nii.gz": "sag.nii.gz", "study01/axial.nii.gz": "axial.nii.gz", "study02/axial.nii.gz": "axial.nii.gz",
		"study01/sag_mask.nii.gz": "sag_mask.nii.gz", "elsewhere/sag_mask.nii.gz": "sag_mask.nii.gz",
	} {
		b, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(at(to)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at(to), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	uids := `[{"volume":"study01/sag","study_instance_uid":"1.1","frame_of_reference_uid":"1.2"},
		{"volume":"study01/axial","study_instance_uid":"1.1","frame_of_reference_uid":"1.2"},
		{"volume":"study02/axial","study_instance_uid":"2.1","frame_of_reference_uid":"2.2"}]`
	if err := os.WriteFile(at("uids.json"), []byte(uids), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		mask, series, onto string
		code               int
		checked            bool
	}{
		{"study01/sag_mask.nii.gz", "study01/sag.nii.gz", "study01/axial.nii.gz", 0, true},
		{"study01/sag_mask.nii.gz", "study01/sag.nii.gz", "study02/axial.nii.gz", fault.CodeInput, true},
		{"study01/sag_mask.nii.gz", "", "study01/axial.nii.gz", 0, true}, // the volume beside it
		{"study01/sag_mask.nii.gz", "", "study02/axial.nii.gz", fault.CodeInput, true},
		{"elsewhere/sag_mask.nii.gz", "", "study02/axial.nii.gz", 0, false},
	} {
		args := []string{"transfer", "--mask", at(c.mask), "--onto", at(c.onto), "--out", at("out.nii.gz")}
		if c.series != "" {
			args = append(args, "--series", at(c.series))
		}
		out, errOut, code := call(t, args...)
		if code != c.code || code != 0 && !strings.Contains(errOut, "FrameOfReferenceUID") {
			t.Errorf("%+v: %d %s", c, code, errOut)
		}
		if code == 0 && strings.Contains(out, "was not checked") == c.checked {
			t.Errorf("%+v: %s", c, out)
		}
	}
}

// A file that does not say where left is is not carried, nor carried to.
func TestTransferUnoriented(t *testing.T) {
	dir := scans(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"sag", "sag_mask", "axial"} {
		f, err := os.Open(at(name + ".nii.gz"))
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(z)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		clear(b[252:256]) // qform_code, sform_code (nifti1.h)
		if err := os.WriteFile(at(name+"_bare.nii"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range [][3]string{
		{"sag_mask_bare.nii", "sag.nii.gz", "axial.nii.gz"},
		{"sag_mask.nii.gz", "sag_bare.nii", "axial.nii.gz"},
		{"sag_mask.nii.gz", "sag.nii.gz", "axial_bare.nii"},
	} {
		_, errOut, code := call(t, "transfer", "--mask", at(c[0]), "--series", at(c[1]), "--onto", at(c[2]), "--out", at("out.nii.gz"), "--any-frame")
		if code != fault.CodeInput || !strings.Contains(errOut, "_bare.nii: qform_code, sform_code: found 0") {
			t.Errorf("%v: %d %s", c, code, errOut)
		}
	}
}

// A target that holds nothing of the lesions is refused, and what is read is not
// written over.
func TestTransferWritesNothing(t *testing.T) {
	dir := scans(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	far := volume.Grid{Size: [3]int{8, 8, 4}, SpacingKnown: true, Affine: volume.Affine{{-1, 0, 0, 500}, {0, -1, 0, 500}, {0, 0, 3, 500}}}
	v := &volume.Volume{Grid: far, Data: make([]float32, far.Len())}
	if err := nifti.WriteVolume(at("far.nii"), v, nifti.Int16); err != nil {
		t.Fatal(err)
	}
	_, errOut, code := call(t, "transfer", "--mask", at("sag_mask.nii.gz"), "--onto", at("far.nii"), "--out", at("out.nii.gz"))
	if _, err := os.Stat(at("out.nii.gz")); code != fault.CodeInput || !strings.Contains(errOut, "far.nii: found no voxel of a lesion") || err == nil {
		t.Error(code, errOut, err)
	}
	if err := os.Symlink(at("sag_mask.nii.gz"), at("link.nii.gz")); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(at("sag_mask.nii.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{"sag_mask.nii.gz", "link.nii.gz", "sag.nii.gz", "axial.nii.gz"} {
		_, errOut, code := call(t, "transfer", "--mask", at("sag_mask.nii.gz"), "--series", at("sag.nii.gz"), "--onto", at("axial.nii.gz"), "--out", at(out))
		if code != fault.CodeUsage || !strings.Contains(errOut, "expected another file") {
			t.Errorf("%s: %d %s", out, code, errOut)
		}
	}
	if after, err := os.ReadFile(at("sag_mask.nii.gz")); err != nil || string(after) != string(before) {
		t.Error("the mask is another", err)
	}
}
