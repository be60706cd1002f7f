package radiomics

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"magn/internal/testenv"
	"magn/internal/volume"
)

// A long run: go test -run PyPICases -args -seed 7 -cases 500, or -answers with
// what testdata/cases.py wrote before (the folder, its lines in answers.jsonl).
var (
	casesSeed = flag.Int("seed", 1, "of the random cases")
	casesN    = flag.Int("cases", 120, "how many random cases")
	answers   = flag.String("answers", "", "a folder of random cases with PyRadiomics' answers.jsonl")
)

// A peerAnswer is what PyRadiomics makes of a random case.
type peerAnswer struct {
	Case, Error string
	Features    map[string]string
}

// Random images, lesions and settings, from the files on: what PyRadiomics
// extracts, and whether it refuses.
func TestPyPICases(t *testing.T) {
	python := testenv.Python(t, "radiomics", "SimpleITK")
	dir := *answers
	var out []byte
	var err error
	if dir == "" {
		dir = t.TempDir()
		var complaints bytes.Buffer
		cmd := exec.Command(python, "testdata/cases.py", dir, fmt.Sprint(*casesSeed), fmt.Sprint(*casesN))
		cmd.Stderr = &complaints
		if out, err = cmd.Output(); err != nil {
			t.Fatalf("%v\n%s", err, complaints.String())
		}
	} else if out, err = os.ReadFile(filepath.Join(dir, "answers.jsonl")); err != nil {
		t.Fatal(err)
	}
	var tally casesTally
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var want peerAnswer
		if err := json.Unmarshal(lines.Bytes(), &want); err != nil {
			t.Fatal(err)
		}
		tally.compare(t, filepath.Join(dir, want.Case), want)
	}
	t.Logf("%d cases: %d refused by both, %d by PyRadiomics alone, %d by us alone, %d values, %d of them apart by PyRadiomics' rounding, the worst of the others off by %.2g: %s; with resampling %.2g: %s", tally.cases, tally.refused, tally.ours, tally.notANumber,
		tally.values, tally.rounding, tally.worst[0].off, tally.worst[0].where, tally.worst[1].off, tally.worst[1].where)
	if n := tally.cases - tally.refused - tally.ours - tally.notANumber; n < *casesN/2 && *answers == "" || tally.values < 20*n || tally.rounding > tally.values/1000 {
		t.Errorf("%d values of %d lesions were compared but for %d", tally.values, n, tally.rounding)
	}
}

// casesTally counts what was compared.
type casesTally struct {
	cases, refused, ours, notANumber, values, rounding int
	worst                                              [2]struct { // as they are, and resampled
		off   float64
		where string
	}
}

func (y *casesTally) compare(t *testing.T, dir string, want peerAnswer) {
	y.cases++
	got, f, err := extractFiles(t, dir)
	if err != nil || want.Error != "" {
		if err == nil && (f.everywhere && strings.Contains(want.Error, "No labels found") || strings.Contains(want.Error, "angle count") || strings.Contains(want.Error, "MemoryError")) {
			y.ours++ // it looks for a second value in the mask; it ends where no voxel may have neighbours, and where levels are many
		} else if err == nil {
			t.Errorf("%s: PyRadiomics refuses (%s), we give %d values", dir, want.Error, len(got))
		} else if want.Error == "" && f.undefined && strings.Contains(err.Error(), "found NaN") {
			y.notANumber++ // the pattern var is none where neighbours are alike; PyRadiomics puts NaN into the highest bin
		} else if want.Error == "" {
			t.Errorf("%s: PyRadiomics gives %d values, we refuse: %v", dir, len(want.Features), err)
		} else {
			y.refused++
		}
		return
	}
	tolerance, w := 1e-6, &y.worst[0]
	if f.settings.ResampledPixelSpacing != nil {
		tolerance, w = 1e-4, &y.worst[1]
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		text, there := want.Features[name]
		if !there {
			if !oursAlone(name, want.Features) {
				t.Errorf("%s: PyRadiomics has no %s", dir, name)
			}
			continue
		}
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		y.values++
		off := relative(got[name], value)
		if floor := roundedBelow(name); math.Abs(value) < floor {
			off = math.Abs(got[name]-value) / floor
		}
		if !(off <= tolerance) && byRounding(name, got[name], value, !f.settings.SymmetricalGLCM, want.Features) {
			y.rounding++
			continue
		}
		if !(off <= tolerance) {
			t.Errorf("%s: %s is %v, want %v (%.2g)", dir, name, got[name], value, off)
		}
		if off > w.off || math.IsNaN(off) {
			w.off, w.where = off, filepath.Base(dir)+" "+name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want.Features)) {
		if _, there := got[name]; !there {
			t.Errorf("%s: no %s", dir, name)
		}
	}
}

// oursAlone says of a feature that PyRadiomics leaves it out: those whose method
// raises a DeprecationWarning, even if asked for by name; and the outline of a
// lesion on one slice where that has one voxel along x, y, z, for
// force2Ddimension 0, 1, 2, though slices are then those of z, y, x.
func oursAlone(name string, peer map[string]string) bool {
	parts := strings.Split(name, "_")
	switch strings.Join(parts[len(parts)-2:], "_") {
	case "glcm_Dissimilarity", "glcm_Homogeneity1", "glcm_Homogeneity2", "glcm_SumVariance", "gldm_GrayLevelNonUniformityNormalized", "gldm_DependencePercentage":
		return true
	}
	for other := range peer {
		if strings.HasPrefix(other, "original_shape2D_") {
			return false
		}
	}
	return strings.HasPrefix(name, "original_shape2D_")
}

// roundedBelow is what a value of the feature must reach to be compared by its
// own size: below it what cancels leaves rounding, of which a root is large.
func roundedBelow(name string) float64 {
	switch name[strings.LastIndex(name, "_")+1:] {
	case "MCC", "Imc2":
		return .1
	case "Elongation", "Flatness", "LeastAxisLength", "MinorAxisLength":
		return 1
	case "Correlation", "Imc1":
		return 1e-3
	}
	return 1e-5
}

// byRounding says that the difference is one of PyRadiomics' last bits: the mean
// of values that are all alike may be another than theirs, which then have a
// skewness and a kurtosis; and of directions in which levels are independent
// some have a root of less than nothing and are left out of the mean, where ours
// is 0.
func byRounding(name string, ours, theirs float64, asymmetric bool, peer map[string]string) bool {
	image, feature := name[:strings.Index(name, "_")], name[strings.LastIndex(name, "_")+1:]
	switch feature {
	case "Skewness", "Kurtosis":
		spread, err := strconv.ParseFloat(peer[image+"_firstorder_Range"], 64)
		largest, _ := strconv.ParseFloat(peer[image+"_firstorder_Maximum"], 64)
		return ours == 0 && math.Abs(math.Abs(theirs)-1) < 1e-9 || err == nil && spread < 1e-9*math.Abs(largest)
	case "MCC", "Imc2":
		if math.IsNaN(theirs) && ours < 1e-6 { // all of them
			return true
		}
		// ours is their mean times the share of directions that they have.
		for n := 2; n <= 171; n++ { // directions of distances 1 to 3, half of 7³ − 1
			if share := ours / theirs * float64(n); ours < theirs && math.Abs(share-math.Round(share)) < 1e-5*float64(n) {
				return true
			}
		}
	case "Correlation":
		// Some directions count 1, having no variance, where the other has a variance of
		// 1e-32 and they count 0.
		for n := 1; n <= 171; n++ {
			if d := (ours - theirs) * float64(n); asymmetric && math.Abs(d) > .5 && math.Abs(d-math.Round(d)) < 1e-6*float64(n) {
				return true
			}
		}
	}
	return false
}

// caseFacts are what the comparison goes by.
type caseFacts struct {
	settings   *Settings
	everywhere bool // the mask is the lesion's in every voxel
	undefined  bool // an image type has no value where neighbours are alike
}

// extractFiles is what we make of a random case.
func extractFiles(t *testing.T, dir string) (map[string]float64, caseFacts, error) {
	t.Helper()
	s, err := ParseSettings(filepath.Join(dir, "settings.yaml"))
	f := caseFacts{settings: s, everywhere: true}
	if err != nil {
		return nil, f, err
	}
	f.undefined = slices.ContainsFunc(s.ImageTypes, func(i ImageType) bool { return i.Name == "LBP2D" && i.Options.LBP2DMethod == "var" })
	im := &Image{}
	im.Grid, im.Values, im.Type = readNRRD(t, filepath.Join(dir, "image.nrrd"))
	m := &volume.Mask{}
	var labels []float64
	m.Grid, labels, _ = readNRRD(t, filepath.Join(dir, "mask.nrrd"))
	for _, l := range labels {
		m.Labels = append(m.Labels, uint16(l))
		f.everywhere = f.everywhere && l == labels[0]
	}
	r, err := Extract(context.Background(), im, m, s.Label, s, 1)
	if err != nil {
		return nil, f, err
	}
	found := map[string]float64{}
	for _, x := range r.Features {
		found[x.FullName()] = x.Value
	}
	return found, f, nil
}
