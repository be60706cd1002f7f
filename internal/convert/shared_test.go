package convert

import (
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"

	"magn/internal/nifti"
	"magn/internal/testenv"
)

// reference is volume t of a file that dcm2niix (or, for the *_anat sets,
// dicom2nifti) has written.
func reference(t *testing.T, path string, volume int) *nifti.Image {
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
	if filepath.Ext(path) == ".gz" || binary.LittleEndian.Uint16(b[40:]) == 3 {
		im, err := nifti.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		return im
	}
	// One volume of a 4-D file: dim[0] to 3, and its part of the voxels.
	le := binary.LittleEndian
	n := int(le.Uint16(b[42:])) * int(le.Uint16(b[44:])) * int(le.Uint16(b[46:])) * int(le.Uint16(b[72:])) / 8
	le.PutUint16(b[40:], 3)
	le.PutUint16(b[48:], 1)
	b = append(b, make([]byte, n)...)
	if _, err := f.ReadAt(b[352:], int64(352+volume*n)); err != nil {
		t.Fatal(err)
	}
	one := filepath.Join(t.TempDir(), "one.nii")
	if err := os.WriteFile(one, b, 0o600); err != nil {
		t.Fatal(err)
	}
	im, err := nifti.Read(one)
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// The shared sets: every volume is that of its reference, voxel for voxel, on
// the same grid to 1e-3 mm.
func TestReferences(t *testing.T) {
	type ref struct {
		name, file string
		volume     int
	}
	siemens, philips := "Siemens_REST1_w_SMS_PF7-8_6.nii", "Philips_WIP_B0_NS_801_"
	for set, want := range map[string][]ref{
		"ts": {
			{"001_ax", "1.nii", 0},
			{"002_ax", "2.nii", 0},
			{"003_ax", "3.nii", 0},
			{"004_ax", "4.nii", 0},
			{"005_ax", "5.nii", 0},
			{"006_ax", "6.nii", 0},
			{"007_ax", "7.nii", 0},
			{"008_ax", "8.nii", 0},
			{"009_ax", "9.nii", 0},
		},
		"12bit": {{"002_fmri-ax", "2.nii", 0}, {"003_fmri-ax", "3.nii", 0}, {"004_fmri-ax", "4.nii", 0}},
		"enh": {
			{"study01/006_rest1-w-sms_t1", siemens, 0},
			{"study01/006_rest1-w-sms_t2", siemens, 1},
			{"study01/006_rest1-w-sms_t3", siemens, 2},
			{"study01/006_rest1-w-sms_t4", siemens, 3},
			{"study02/801_b0_fieldmap", philips + "e2_fieldmaphz.nii", 0},
			{"study02/801_b0", philips + "e1.nii", 0},
		},
		"pdt2": {
			{"003_pd-t2-tse-sag-iso_e1", "Siemens_pd+t2_tse_sag_ISO_1.8mm_3_e1.nii", 0},
			{"003_pd-t2-tse-sag-iso_e2", "Siemens_pd+t2_tse_sag_ISO_1.8mm_3_e2.nii", 0},
		},
		"ge_anat":               {{"004_mr", "001_ground_truth.nii.gz", 0}},
		"ge_anat_implicit":      {{"004_mr", "001_implicit_ground_truth.nii.gz", 0}},
		"philips_anat":          {{"401_mr", "001_ground_truth.nii.gz", 0}},
		"philips_anat_implicit": {{"401_mr", "001_implicit_ground_truth.nii.gz", 0}},
	} {
		t.Run(set, func(t *testing.T) {
			dir := testenv.Data(t, "dicom", "convert", set)
			s := scan(t, Options{Decoder: decoder(t)}, filepath.Join(dir, "In"))
			if len(s.Candidates) != len(want) {
				t.Fatalf("volumes:\n%swant %d", summary(s), len(want))
			}
			for _, f := range s.Files {
				if f.Status != Used {
					t.Errorf("%s: %s, %s", f.Path, f.Status, f.Reason)
				}
			}
			for i, w := range want {
				c := s.Candidates[i]
				if c.Name != w.name {
					t.Errorf("volume %d is %s, want %s", i, c.Name, w.name)
				}
				view := viewOf(cross(c.first().row, c.first().col))
				got := canonical(t, image(t, s, c), view)
				if d := differ(got, canonical(t, reference(t, filepath.Join(dir, "Ref", w.file), w.volume), view)); d != "" {
					t.Errorf("%s against %s: %s", c.Name, w.file, d)
				}
			}
		})
	}
}

// Of the annotated sets: the T1 that belong to the RTSTRUCTs, against the images
// that the data's authors made of them; and a dynamic series whose acquisition
// number stands for two of its three time points and which has no acquisition
// times: content time tells them apart (60 positions, 180 files; times 10:25:51,
// 10:32:38, 10:38:32 by pydicom).
func TestAnnotated(t *testing.T) {
	dir := testenv.Data(t, "dicom", "annotated")
	for _, set := range []string{"sts_004", "sts_008"} {
		s := scan(t, Options{}, filepath.Join(dir, set, "image"))
		if len(s.Candidates) != 1 {
			t.Fatalf("%s:\n%s", set, summary(s))
		}
		c := s.Candidates[0]
		got := canonical(t, image(t, s, c), viewOf(cross(c.first().row, c.first().col)))
		want := canonical(t, reference(t, filepath.Join(dir, set, "MR_T1_image.nii.gz"), 0), viewOf(cross(c.first().row, c.first().col)))
		if d := differ(got, want); d != "" {
			t.Errorf("%s: %s", set, d)
		}
	}
	s := scan(t, Options{}, filepath.Join(dir, "breast_seg"))
	if len(s.Candidates) != 3 {
		t.Fatalf("breast_seg:\n%s", summary(s))
	}
	for i, seconds := range []float64{0, 407, 761} {
		c := s.Candidates[i]
		if c.Content-s.Candidates[0].Content != seconds || c.By != "content time" || c.Index != i+1 || c.Of != 3 || c.Grid.Size[2] != 60 {
			t.Errorf("%s: %g s, %d of %d by %s", c.Name, c.Content-s.Candidates[0].Content, c.Index, c.Of, c.By)
		}
	}
}
