package tabular

import (
	"encoding/json"
	"math"
	"os/exec"
	"testing"

	"magn/internal/testenv"
	"magn/internal/volume"
)

// A stack's features from its files by PyRadiomics 3.0.1 itself, with the default
// settings written as its parameter file: normalised, resampled in plane, within
// slices, 2-D wavelets. Relative differences are below 1e-4, which is what is asked
// for where the image is resampled.
func TestStackPyPI(t *testing.T) {
	python := testenv.Python(t, "radiomics", "SimpleITK", "pywt")
	m := block
	m.bright, m.rough = 90, 45
	c := newCohort(t, 4, always(m), nil).Cases[1]
	st := c.Stacks(volume.Axial)[0]
	out, err := exec.Command(python, "-c", `
import json, logging, sys
import radiomics
from radiomics import featureextractor
radiomics.logger.setLevel(logging.ERROR)
e = featureextractor.RadiomicsFeatureExtractor(sys.argv[1])
r = e.execute(sys.argv[2], sys.argv[3])
print(json.dumps({k: float(v) for k, v in r.items() if not k.startswith("diagnostics")}))
`, paramsFile(t, asFile), st.Image, st.Mask).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{}
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	r := row(t, c, of(Radiomics, volume.Axial), "")
	worst := 0.0
	for name, x := range want {
		got := valueOf(t, r, "axial_"+name)
		d := math.Abs(got-x) / max(math.Abs(x), 1e-9)
		worst = max(worst, d)
		if !(d <= 1e-4) {
			t.Errorf("%s is %v, PyRadiomics has %v", name, got, x)
		}
	}
	if len(want) != 5*93+14 {
		t.Errorf("%d features compared", len(want))
	}
	t.Logf("%d features, worst relative difference %.2g", len(want), worst)
}
