package radiomics

import (
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magn/internal/fault"
	"magn/internal/testenv"
)

// Files that users have are read unchanged.
func TestSharedSettings(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testenv.Data(t, "pyradiomics/settings"), "*.yaml"))
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		s, err := ParseSettings(f)
		if filepath.Base(f) == "exampleVoxel.yaml" {
			if err == nil || !strings.Contains(err.Error(), "line 14, voxelSetting") {
				t.Errorf("%s: %v", f, err)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if len(s.ImageTypes) == 0 || len(s.Features) == 0 {
			t.Errorf("%s: %+v", f, s)
		}
	}
	s, err := ParseSettings(filepath.Join(testenv.Data(t, "pyradiomics/settings"), "MR_2D_extraction.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := defaultOptions()
	want.Normalize, want.NormalizeScale = true, 100
	want.ResampledPixelSpacing, want.PadDistance, want.PreCrop = &[3]float64{2, 2, 0}, 10, true
	want.Force2D, want.BinWidth, want.VoxelArrayShift = true, 5, 300
	if d := cmp.Diff(want, s.Options); d != "" {
		t.Error(d)
	}
	var images []string
	for _, i := range s.ImageTypes {
		images = append(images, i.Name)
	}
	if !slices.Equal(images, []string{"Original", "LoG", "Wavelet"}) {
		t.Error(images)
	}
	if got := s.ImageTypes[1].Options.Sigma; !slices.Equal(got, []Sigma{{2, false}, {3, false}, {4, false}, {5, false}}) {
		t.Error(got)
	}
}

// Every key, in the section setting and in an image type, with a value that is
// not its default.
func TestEveryKey(t *testing.T) {
	values := map[string]string{
		"label": "7", "label_channel": "2", "minimumROIDimensions": "3", "minimumROISize": "50", "geometryTolerance": "1e-3",
		"correctMask": "true", "additionalInfo": "true", "normalize": "true", "normalizeScale": "100", "removeOutliers": "3",
		"resampledPixelSpacing": "[1, 2.5, 0]", "interpolator": "sitkLinear", "preCrop": "true", "padDistance": "10",
		"resegmentRange": "[3, -3]", "resegmentMode": "sigma", "resegmentShape": "true", "binWidth": "12.5", "binCount": "64", "ivhBinWidth": "2.5", "ivhBinCount": "1000",
		"force2D": "true", "force2Ddimension": "2", "distances": "[1, 3]", "voxelArrayShift": "-300", "symmetricalGLCM": "false",
		"weightingNorm": "infinity", "gldm_a": "2", "sigma": "[1, 2.0]", "wavelet": "bior1.3", "start_level": "1", "level": "2",
		"gradientUseSpacing": "false", "lbp2DRadius": "2", "lbp2DSamples": "9", "lbp2DMethod": "ror", "lbp3DLevels": "3",
		"lbp3DIcosphereRadius": "1.5", "lbp3DIcosphereSubdivision": "2",
	}
	if len(values) != len(optionKeys) {
		t.Errorf("%d values for %d keys", len(values), len(optionKeys))
	}
	changed := map[string]bool{}
	for key, value := range values {
		for _, file := range []string{
			"setting:\n  " + key + ": " + value + "\n",
			"imageType:\n  Square:\n    " + key + ": " + value + "\n",
			`{"imageType": {"Square": {"` + key + `": ` + jsonValue(value) + `}}}`,
		} {
			s, err := parseSettings("p.yaml", []byte(file))
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if inType := strings.Contains(file, "Square"); inType != reflect.DeepEqual(s.Options, defaultOptions()) && key != "additionalInfo" {
				t.Errorf("%s: the extraction's options are %+v", file, s.Options)
			}
			got := reflect.ValueOf(s.ImageTypes[0].Options)
			for i := range got.NumField() {
				if !reflect.DeepEqual(got.Field(i).Interface(), reflect.ValueOf(defaultOptions()).Field(i).Interface()) {
					changed[got.Type().Field(i).Name] = true
				}
			}
		}
	}
	for i := range reflect.TypeFor[Options]().NumField() {
		if name := reflect.TypeFor[Options]().Field(i).Name; !changed[name] {
			t.Errorf("no key sets %s", name)
		}
	}
}

func jsonValue(v string) string {
	if strings.ContainsAny(v[:1], "[-0123456789tf") {
		return v
	}
	return `"` + v + `"`
}

// What is wrong is said with the line, and what was meant where that is clear.
func TestSettingsFaults(t *testing.T) {
	for _, c := range []struct{ file, want string }{
		{"settings: {}", `line 1, settings: found the key "settings", expected setting, imageType, featureClass; is "setting" meant?`},
		{"setting:\n  binWidth: 25\n  binwidth: 5", `line 3, setting.binwidth: found the key "binwidth", expected one that PyRadiomics documents; is "binWidth" meant?`},
		{"setting:\n  enableCExtensions: true", "line 2, setting.enableCExtensions"},
		{"imageType:\n  Orginal: {}", `line 2, imageType.Orginal: found the key "Orginal"`},
		{"imageType:\n  Wavelet:\n    wavelt: coif1", `line 3, imageType.Wavelet.wavelt: found the key "wavelt", expected one that PyRadiomics documents; is "wavelet" meant?`},
		{"imageType:\n  Original: {}\n  LBP3D: {}", "line 3, imageType.LBP3D: found the filter LBP3D"},
		{"imageType:\n  LoG: {}", "line 2, imageType.LoG: found no sigma"},
		{"featureClass:\n  glcm:\n  gclm:", `line 3, featureClass.gclm`},
		{"featureClass:\n  glcm:\n    - JointEntropy\n    - Joint", `line 4, featureClass.glcm.Joint`},
		{"featureClass:\n  glcm: JointEntropy", `line 2, featureClass.glcm: found "JointEntropy", expected a list of features`},
		{"voxelSetting:\n  kernelRadius: 2", "line 1, voxelSetting: found the section voxelSetting"},
		{"setting:\n  binWidth: 0", "line 2, setting.binWidth: found 0, expected a number above 0"},
		{"setting:\n  binWidth: -1.5", "found -1.5, expected a number above 0"},
		{"setting:\n  binWidth: .nan", "expected a number above 0"},
		{"setting:\n  binWidth: .inf", "expected a number above 0"},
		{"setting:\n  binWidth: '25'", `found "25", expected a number above 0`},
		{"setting:\n  binWidth:", "line 2, setting.binWidth: found null, expected a number above 0 here or in binCount"},
		{"setting:\n  label: 0", "expected a whole number from 1 to 65535"},
		{"setting:\n  label: 1.5", "expected a whole number from 1 to 65535"},
		{"setting:\n  label: 70000", "found 70000"},
		{"setting:\n  label: 99999999999999999999", "line 2, setting.label"},
		{"setting:\n  normalize: yes", `found "yes", expected true or false`},
		{"setting:\n  normalize: 1", "found 1, expected true or false"},
		{"setting:\n  resampledPixelSpacing: [1, 1]", "expected three lengths in mm"},
		{"setting:\n  resampledPixelSpacing: [1, 1, -1]", "expected three lengths in mm"},
		{"setting:\n  resampledPixelSpacing: 1", "expected three lengths in mm"},
		{"setting:\n  resegmentRange: []", "expected one or two thresholds"},
		{"setting:\n  resegmentRange: [1, 2, 3]", "expected one or two thresholds"},
		{"setting:\n  interpolator: sitkLanczosWindowedSinc", "this interpolator of PyRadiomics is not offered"},
		{"setting:\n  interpolator: 11", "found 11"},
		{"setting:\n  interpolator: cubic", `found "cubic"`},
		{"setting:\n  wavelet: db39", `found "db39"`},
		{"setting:\n  wavelet: morl", `found "morl"`},
		{"setting:\n  weightingNorm: chebyshev", "expected euclidean, manhattan, infinity, no_weighting"},
		{"setting:\n  distances: []", "found 0 elements, expected 1 to 100"},
		{"setting:\n  distances: [0]", "expected a whole number from 1"},
		{"setting:\n  level: 1000000", "expected a whole number from 1 to 16"},
		{"setting: [1]", "line 1, setting: found a list, expected keys with values"},
		{"setting:\n  label: 1\n  label: 2", "line 3"},
		{"- 1", "found a list, expected keys with values"},
		{"setting: {", "line 1"},
		{"setting: {}\n---\nsetting: {}", "found 2 documents"},
		{"setting:\n  level: *a", "line 2: found *a, expected a name that stands with & before it"},
		{"setting: &a {binWidth: *a}", "line 1: found *a"},
		{"setting:\n  <<: 5", "found 5, expected keys with values"},
		{"setting:\n  padDistance: &a 5\n  normalize: *a", "line 3, setting.normalize: found 5"},
		{doubling, "merges of merges"},
		{strings.Repeat(" ", maxSettings+1), "more than 128 KiB"},
		{"setting: " + strings.Repeat("[", 1001), "1001 opening brackets"},
	} {
		_, err := parseSettings("p.yaml", []byte(c.file))
		var bad *fault.Input
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "p.yaml: ") {
			t.Errorf("%.60q: %v, want %s", c.file, err, c.want)
		}
	}
	if _, err := ParseSettings(filepath.Join(t.TempDir(), "none.yaml")); fault.Code(err) != fault.CodeInput {
		t.Error(err)
	}
}

// Null is PyRadiomics' None, and an empty file its defaults: all classes, which
// a file that has none switches on.
func TestNulls(t *testing.T) {
	all := DefaultSettings()
	all.Features = append(all.Features, ClassFeatures{Class: "shape2D"})
	for _, file := range []string{
		"", "# nothing", "{}", "null", "setting:\nimageType:\nfeatureClass:", "setting: {minimumROISize: null, weightingNorm: , resegmentRange: ~}",
		"imageType: {}", "imageType: {Original: }", "featureClass: {}",
	} {
		s, err := parseSettings("p.yaml", []byte(file))
		if err != nil {
			t.Errorf("%q: %v", file, err)
			continue
		}
		if d := cmp.Diff(all, s); d != "" {
			t.Errorf("%q: %s", file, d)
		}
	}
	s, err := parseSettings("p.yaml", []byte("featureClass: {firstorder: , glcm: [], shape: [Compactness1, Compactness1]}\nsetting: {interpolator: , binWidth: , binCount: 8, normalize: }"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Interpolator != "" || s.BinWidth != 0 || s.BinCount != 8 {
		t.Errorf("%+v", s.Options)
	}
	if d := cmp.Diff([]ClassFeatures{{Class: "firstorder"}, {Class: "glcm"}, {Class: "shape", Names: []string{"Compactness1"}}}, s.Features); d != "" {
		t.Error(d)
	}
	if got := s.Features[0].Wanted(); len(got) != 18 || slices.Contains(got, "StandardDeviation") {
		t.Error(got)
	}
}

// An image type's own settings stand before the extraction's, wherever the
// section stands in the file.
func TestOwnSettings(t *testing.T) {
	s, err := parseSettings("p.yaml", []byte("imageType:\n  LBP2D: {binWidth: 1, force2D: true}\n  Original:\nsetting: {binWidth: 10, interpolator: 2}"))
	if err != nil {
		t.Fatal(err)
	}
	if o := s.ImageTypes[0].Options; o.BinWidth != 1 || !o.Force2D || o.Interpolator != Linear {
		t.Errorf("%+v", o)
	}
	if o := s.ImageTypes[1].Options; o.BinWidth != 10 || o.Force2D {
		t.Errorf("%+v", o)
	}
}

// Python's str of a number, as it stands in names of LoG images.
func TestSigmaNames(t *testing.T) {
	for file, want := range map[string]string{
		"3": "3", "3.0": "3-0", "0.5": "0-5", "1e-05": "1e-05", "12.25": "12-25", "1e+20": "1e+20", "100000.0": "100000-0",
	} {
		s, err := parseSettings("p.yaml", []byte("imageType: {LoG: {sigma: ["+file+"]}}"))
		if err != nil {
			t.Error(err)
			continue
		}
		if got := logName(s.ImageTypes[0].Options.Sigma[0]); got != "log-sigma-"+want+"-mm-3D" {
			t.Errorf("%s: %s", file, got)
		}
	}
}

func FuzzSettings(f *testing.F) {
	f.Add([]byte("setting: {binWidth: 25, resampledPixelSpacing: [1, 1, 0]}\nimageType: {LoG: {sigma: [1, 2.5]}, Wavelet: }\nfeatureClass: {glcm: [Idm]}"))
	f.Add([]byte("? [a]: b\n<<: *x"))
	f.Add([]byte("{\"setting\": {\"label\": 18446744073709551615}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseSettings("p.yaml", data)
		if err != nil {
			var bad *fault.Input
			if !errors.As(err, &bad) {
				t.Errorf("%T: %v", err, err)
			}
			return
		}
		if len(s.ImageTypes) == 0 || len(s.Features) == 0 || s.Label == 0 || s.BinWidth == 0 && s.BinCount == 0 {
			t.Errorf("%+v", s)
		}
	})
}
