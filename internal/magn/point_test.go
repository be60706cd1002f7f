package magn

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/cohort"
	"magn/internal/nifti"
	"magn/internal/testenv"
	"magn/internal/torch"
	"magn/internal/volume"
)

// TestPredictAt expects a point, in a case that has images alone, to answer as an
// outline of the one voxel that holds it does.
func TestPredictAt(t *testing.T) {
	testenv.Torch(t)
	u := tinyUnit(t, make([]cohort.Case, 4))
	u.Network.Views = []volume.View{volume.Sagittal}
	n, err := NewNet(u.Network, torch.CPU, u.dtype(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	path := filepath.Join(t.TempDir(), ModelFile)
	if err := n.Save(path, ModelInfo{Network: u.Network, Training: u.Training, Threshold: 0.5, TrainingMean: map[string]float64{}}); err != nil {
		t.Fatal(err)
	}
	m, err := OpenModels([]string{path}, "cpu", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()

	image, _ := tinyStack(volume.Sagittal, "a", true)
	mask := &volume.Mask{Grid: image.Grid, Labels: make([]uint16, image.Len())}
	at := [3]int{7, 15, 1}
	mask.Labels[(at[2]*24+at[1])*24+at[0]] = 1
	w, err := cohort.Create(filepath.Join(t.TempDir(), "study"))
	if err != nil {
		t.Fatal(err)
	}
	c := &cohort.Cohort{Positive: "bright", Negative: "dark"}
	for i, id := range []string{"a", "b"} {
		c.Cases = append(c.Cases, cohort.Case{ID: id, Group: id, Class: []string{"dark", "bright"}[i], Label: i})
		if err := w.Stack(id, volume.Sagittal, 1, image, mask, cohort.Sidecar{SpacingKnown: true, ScaledBy: cohort.ByStack}); err != nil {
			t.Fatal(err)
		}
	}
	if c, err = w.Commit(c); err != nil {
		t.Fatal(err)
	}
	want, err := m.Predict(t.Context(), c.Cases[0])
	if err != nil {
		t.Fatal(err)
	}

	bare := cohort.Case{ID: "new", Dir: t.TempDir()}
	if err := nifti.WriteVolume(filepath.Join(bare.Dir, "sagittal.nii.gz"), image, nifti.Float32); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Predict(t.Context(), bare); err == nil {
		t.Error("a case without an outline is answered for")
	}
	// A little off the voxel's middle is still in it.
	mm := image.Affine.Apply([3]float64{float64(at[0]) + 0.3, float64(at[1]) - 0.4, float64(at[2]) + 0.2})
	got, err := m.PredictAt(t.Context(), bare, Centre{At: &mm})
	if err != nil {
		t.Fatal(err)
	}
	if got.Logit != want.Logit {
		t.Errorf("logit %g at the point, %g with an outline of its voxel", got.Logit, want.Logit)
	}
	for _, in := range got.Views[0].Crop.Lesion {
		if in {
			t.Fatal("a point has an outline")
		}
	}
	// On pixels of another size there is a voxel that holds the point, too.
	for _, in := range []float64{0.3, 1.4, 2.7} {
		m.infos[0].Training.PixelMM = in
		if _, err := m.PredictAt(t.Context(), bare, Centre{At: &mm}); err != nil {
			t.Errorf("%g mm a pixel: %v", in, err)
		}
	}
	m.infos[0].Training.PixelMM = 0
	far := [3]float64{1000, 0, 0}
	if _, err := m.PredictAt(t.Context(), bare, Centre{At: &far}); err == nil || !strings.Contains(err.Error(), "no stack that holds the point [1000 0 0]") {
		t.Errorf("a point outside: %v", err)
	}
	if err := os.WriteFile(filepath.Join(bare.Dir, "sagittal.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := m.PredictAt(t.Context(), bare, Centre{At: &mm}); err == nil || !strings.Contains(err.Error(), "sagittal.json") {
		t.Errorf("a broken sidecar: %v", err)
	}
}
