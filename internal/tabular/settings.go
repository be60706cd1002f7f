package tabular

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"magn/internal/boost"
	"magn/internal/radiomics"
	"magn/internal/volume"
)

// Source says where the numbers of a row come from.
type Source string

// The sources.
const (
	Radiomics Source = "radiomics" // values, form and texture of the lesions
	Outline   Source = "outline"   // geometry of the masks; no image is opened
	Clinical  Source = "clinical"  // covariates of cohort.csv, but the scanner
	Scanner   Source = "scanner"   // maker, model, field strength and sequence
)

// Settings say how an arm answers.
type Settings struct {
	Source        Source          `json:"source" yaml:"source"`
	Views         []volume.View   `json:"views" yaml:"views"`                   // without effect for clinical
	Method        boost.Method    `json:"method" yaml:"method"`                 // boosting or forest
	Top           int             `json:"top" yaml:"top"`                       // features kept of the ranking, of which the first half is used
	Trees         int             `json:"trees" yaml:"trees"`                   // of the ranking's forest, and of the model's where that is the method
	InnerFraction float64         `json:"inner_fraction" yaml:"inner_fraction"` // of the training groups, to choose the threshold; 0: it is 0.5
	Features      FeatureSettings `json:"features" yaml:"features"`
}

// FeatureSettings say what radiomics computes.
type FeatureSettings struct {
	Mode     string  `json:"mode" yaml:"mode"`           // 2d: texture and wavelets within slices; 3d: on cubic voxels
	PixelMM  float64 `json:"pixel_mm" yaml:"pixel_mm"`   // resampled to, in plane or as cubes; 0: native; without effect where spacing is unknown
	BinWidth float64 `json:"bin_width" yaml:"bin_width"` // of grey levels, in hundredths of the image's standard deviation
	Wavelet  bool    `json:"wavelet" yaml:"wavelet"`     // the bands of one level beside the original
	Params   string  `json:"params" yaml:"params"`       // a PyRadiomics parameter file in the place of the four above; empty: none
}

// The modes of FeatureSettings.
const (
	Mode2D = "2d"
	Mode3D = "3d"
)

// DefaultSettings is radiomics of all views by gradient boosting.
func DefaultSettings() Settings {
	b := boost.Defaults()
	return Settings{
		Source: Radiomics, Views: slices.Clone(volume.Views), Method: b.Method, Top: b.Top, Trees: b.Trees, InnerFraction: 0.2,
		Features: FeatureSettings{Mode: Mode2D, PixelMM: 0.7, BinWidth: 5, Wavelet: true},
	}
}

// SettingError names a setting that cannot be used.
type SettingError struct{ Key, Found, Expected string }

func (e *SettingError) Error() string {
	return fmt.Sprintf("%s: found %s, expected %s", e.Key, e.Found, e.Expected)
}

func settingError(key string, found any, expected string) error {
	return &SettingError{key, fmt.Sprint(found), expected}
}

// Validate names the first setting that cannot be used, by its key, as
// a *SettingError. It opens no file.
func (s Settings) Validate() error {
	f := s.Features
	switch {
	case !slices.Contains([]Source{Radiomics, Outline, Clinical, Scanner}, s.Source):
		return settingError("source", s.Source, "radiomics, outline, clinical or scanner")
	case s.Source != Clinical && (len(s.Views) == 0 || len(s.Views) > len(volume.Views)):
		return settingError("views", s.Views, "one, two or three views")
	case s.Method != boost.GradientBoosting && s.Method != boost.RandomForest:
		return settingError("method", s.Method, "boosting or forest")
	case s.Top < 2 || s.Top > 1000 || s.Top%2 != 0:
		return settingError("top", s.Top, "an even number from 2 to 1000")
	case s.Trees < 10 || s.Trees > 10000:
		return settingError("trees", s.Trees, "10 to 10000")
	case !within(s.InnerFraction, 0, 0.5):
		return settingError("inner_fraction", s.InnerFraction, "0 to 0.5")
	case f.Mode != Mode2D && f.Mode != Mode3D:
		return settingError("features.mode", f.Mode, "2d or 3d")
	case f.PixelMM != 0 && !within(f.PixelMM, 0.05, 20):
		return settingError("features.pixel_mm", f.PixelMM, "0 for native, or 0.05 to 20")
	case !within(f.BinWidth, 0.1, 1000):
		return settingError("features.bin_width", f.BinWidth, "0.1 to 1000")
	}
	for i, v := range s.Views {
		if int(v) >= len(volume.Views) || slices.Contains(s.Views[:i], v) {
			return settingError("views", s.Views, "each view once")
		}
	}
	return nil
}

// within is false for NaN too.
func within(x, lo, hi float64) bool { return x >= lo && x <= hi }

// Hash tells settings apart that may give other answers: SHA-256, in hexadecimal.
// Of a parameter file it is what the file says that counts, not its name. The
// error is of that file.
func (s Settings) Hash() (string, error) {
	e, err := s.extraction()
	if err != nil {
		return "", err
	}
	s.Features = FeatureSettings{}
	return digest(formatVersion, s, e)
}

// formatVersion goes up when the same settings begin to mean other numbers.
const formatVersion = 2

// extraction is what a row depends on of the settings but for the views: nil but
// for radiomics.
func (s Settings) extraction() (*extraction, error) {
	if s.Source != Radiomics {
		return nil, nil
	}
	return newExtraction(s.Features)
}

func digest(parts ...any) (string, error) {
	text, err := json.Marshal(parts)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// classes are those of grey values; shape comes from the masks.
func classes(shape string) []radiomics.ClassFeatures {
	out := []radiomics.ClassFeatures{{Class: shape}}
	for _, c := range radiomics.FeatureClasses() {
		if c != "shape" && c != "shape2D" {
			out = append(out, radiomics.ClassFeatures{Class: c})
		}
	}
	return out
}
