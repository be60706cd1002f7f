package radiomics

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"magn/internal/testenv"
)

// settingFiles use what the shared parameter files do not.
var settingFiles = map[string]string{
	"filters.yaml": `imageType:
  Original: {}
  Square: {}
  SquareRoot: {binWidth: 10}
  Logarithm: {}
  Exponential: {binWidth: 5}
  Gradient: {gradientUseSpacing: false}
  LBP2D: {binWidth: 1}
  LoG: {sigma: [2, 3.5]}
  Wavelet: {wavelet: sym4, level: 2}
setting: {binCount: 32, resegmentRange: [-2, 2], resegmentMode: sigma, resegmentShape: true, distances: [1, 2], minimumROISize: 20}
featureClass: {firstorder: , glcm: , gldm: , glrlm: , glszm: , ngtdm: , shape: }
`,
	"slices.yaml": `imageType:
  Wavelet: {wavelet: bior1.5, start_level: 1}
  Original: {}
setting: {normalize: true, removeOutliers: 3, normalizeScale: 100, force2D: true, force2Ddimension: 1, resampledPixelSpacing: [1, 1, 3],
  interpolator: sitkLinear, binWidth: 5, resegmentRange: [-50], padDistance: 3}
featureClass: {firstorder: , glcm: , glszm: , shape: }
`,
}

// Parameter files give what they give PyRadiomics: the same features, in the
// same order, with the same values. Left out are shared files that PyRadiomics
// itself refuses for these lesions (shape2D of several slices) or that ask for
// voxel maps.
func TestPyPISettings(t *testing.T) {
	python := testenv.Python(t, "radiomics", "SimpleITK", "skimage")
	dir := testenv.Data(t, "pyradiomics")
	var files []string
	for _, name := range []string{"Params", "exampleCT", "exampleMR_3mm", "exampleMR_5mm", "exampleMR_NoResampling", "example_allShape"} {
		files = append(files, filepath.Join(dir, "settings", name+".yaml"))
	}
	for name, text := range settingFiles {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	for _, name := range []string{"brain1", "breast1"} {
		im, mask := sharedCase(t, name)
		cmd := exec.Command(python, append([]string{
			"testdata/settings.py", filepath.Join(dir, name+"_image.nrrd"), filepath.Join(dir, name+"_label.nrrd"),
		}, files...)...)
		raw, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var truth [][][2]any
		if err := json.Unmarshal(raw, &truth); err != nil {
			t.Fatal(err)
		}
		for i, file := range files {
			s, err := ParseSettings(file)
			if err != nil {
				t.Fatal(err)
			}
			r, err := Extract(context.Background(), im, mask, 1, s, 2)
			if err != nil {
				t.Fatal(file, err)
			}
			if len(r.Features) != len(truth[i]) {
				t.Errorf("%s %s: %d features, want %d", name, filepath.Base(file), len(r.Features), len(truth[i]))
				continue
			}
			worst, where := 0.0, ""
			for k, f := range r.Features {
				got := f.Image + "_" + f.Class + "_" + f.Name
				if got != truth[i][k][0] {
					t.Errorf("%s %s: feature %d is %s, want %v", name, filepath.Base(file), k, got, truth[i][k][0])
					break
				}
				want, ok := truth[i][k][1].(float64)
				switch {
				case !ok:
					if !math.IsNaN(f.Value) {
						t.Errorf("%s %s: %s is %v, want NaN", name, filepath.Base(file), got, f.Value)
					}
				case f.Value != want:
					far := math.Abs(f.Value-want) / math.Abs(want)
					if !(far <= 1e-6) {
						t.Errorf("%s %s: %s is %v, want %v", name, filepath.Base(file), got, f.Value, want)
					}
					if far > worst {
						worst, where = far, got
					}
				}
			}
			t.Logf("%-8s %-30s %4d features, %.1e %s", name, filepath.Base(file), len(r.Features), worst, where)
		}
	}
}
