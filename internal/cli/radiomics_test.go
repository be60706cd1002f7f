package cli

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"magn/internal/radiomics"
	"magn/internal/testenv"
)

// describe reads a case from files and describes its label 1.
func describe(t *testing.T, image, mask string, e *radiomics.Extraction) radiomics.Lesion {
	t.Helper()
	c, err := caseFiles{}.Read(image, mask, 0)
	if err != nil {
		t.Fatal(err)
	}
	var one radiomics.Lesion
	err = e.Describe(t.Context(), c, radiomics.Target{Label: 1}, func(l radiomics.Lesion, err error) error {
		one = l
		return err
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return one
}

// What the files say reaches the features unchanged: PyRadiomics' numbers for
// brain1. Its baseline's settings, in the file's second row, are the defaults but
// for a voxelArrayShift of 2000.
func TestRadiomicsOfSharedFiles(t *testing.T) {
	dir := testenv.Data(t, "pyradiomics")
	settings := filepath.Join(t.TempDir(), "brain1.yaml")
	if err := os.WriteFile(settings, []byte("setting: {voxelArrayShift: 2000}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := radiomics.ParseSettings(settings)
	if err != nil {
		t.Fatal(err)
	}
	l := describe(t, filepath.Join(dir, "brain1_image.nrrd"), filepath.Join(dir, "brain1_label.nrrd"),
		&radiomics.Extraction{Settings: s, Profile: radiomics.PyRadiomics})
	found := map[string]float64{}
	for _, v := range l.Values {
		found[v.Name] = v.Value
	}
	rows := table(t, filepath.Join(dir, "baseline", "baseline_firstorder.csv"), ',')
	n := 0
	if rows[0][1] != "brain1" {
		t.Fatalf("columns are %v", rows[0])
	}
	for _, row := range rows[1:] {
		got, there := found[row[0]]
		if !there || !strings.HasPrefix(row[0], "original_") {
			continue
		}
		n++
		if want := float(t, row[1]); math.Abs(got-want) > 1e-6*math.Abs(want) {
			t.Errorf("%s is %v, want %v", row[0], got, want)
		}
	}
	if n < 18 {
		t.Errorf("%d features compared", n)
	}
}

// The standard's values of the digital phantom, and of configuration A of the CT
// phantom (no interpolation, bins of 25 HU from -500, range -500 to 400), within
// the tolerance of the reference manual; where that is less than half a unit of
// the last digit printed, within that.
func TestRadiomicsOfTheStandard(t *testing.T) {
	dir := testenv.Data(t, "ibsi")
	settings := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(settings, []byte("setting: {binWidth: 25, resegmentRange: [-500, 400]}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	configA, err := radiomics.ParseSettings(settings)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		phantom, reference string
		e                  radiomics.Extraction
		least              int
	}{
		{"digital", "dig_phantom", radiomics.Extraction{Settings: radiomics.DefaultSettings(), Levels: true}, 480},
		{"ct", "chest_config_a", radiomics.Extraction{Settings: configA}, 340},
	} {
		c.e.Profile = radiomics.IBSIProfile
		if err := c.e.Check(); err != nil {
			t.Fatal(err)
		}
		l := describe(t, filepath.Join(dir, c.phantom, "phantom.nii.gz"), filepath.Join(dir, c.phantom, "mask.nii.gz"), &c.e)
		found := map[string]float64{}
		for _, v := range l.Values {
			found[v.Name] = v.Value
		}
		n := 0
		for _, row := range table(t, filepath.Join(dir, "reference", "ibsi_1_"+c.reference+".csv"), ';')[1:] {
			if row[0] == "" || strings.HasSuffix(row[2], "_img") || strings.HasSuffix(row[2], "_roi") {
				continue // no reference value, or a fact about image and mask
			}
			got, there := found[row[2]]
			want, tolerance := float(t, row[0]), float(t, row[1])
			if !there || math.Abs(got-want) > max(tolerance, lastDigit(row[0])/2*(1+1e-9)) {
				t.Errorf("%s: %s is %v (%v), want %s ± %s", c.phantom, row[2], got, there, row[0], row[1])
			}
			n++
		}
		if n < c.least {
			t.Errorf("%s: %d features compared", c.phantom, n)
		}
		t.Logf("%s: %d features agree", c.phantom, n)
	}
}

// lastDigit is what one unit of the last digit printed stands for; of a whole
// number three digits count.
func lastDigit(text string) float64 {
	if _, fraction, ok := strings.Cut(text, "."); ok {
		return math.Pow(10, -float64(len(fraction)))
	}
	digits := strings.TrimLeft(text, "-0")
	return math.Pow(10, math.Max(0, float64(len(digits)-3)))
}

func float(t *testing.T, text string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func table(t *testing.T, path string, comma rune) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma = comma
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
