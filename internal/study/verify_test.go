package study

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"magn/internal/fault"
	"magn/internal/magn"
)

func TestVerifyNamesWhatChanged(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	mustRun(t, dir)
	if v, err := open(t, dir).Verify(t.Context(), nil); err != nil || v != (Verified{Cases: 9, Units: 4, Files: 24, Models: 2, Fits: 20, Results: 1}) {
		t.Fatal(v, err)
	}
	unit := filepath.Join(runsFolder, "sagittal", "1-1")
	for _, name := range []string{
		filepath.Join(unit, predictionsFile), filepath.Join(unit, mapRowsFile), filepath.Join(unit, fitsFile),
		filepath.Join(unit, historyFile), filepath.Join(unit, modelFile), filepath.Join(unit, mapsFile), filepath.Join(unit, settingsFile),
		filepath.Join(modelsFolder, "sagittal", "fold-1-1.safetensors"), filepath.Join(modelsFolder, "sagittal", modelJSON),
		filepath.Join(reportFolder, resultsFile),
	} {
		path := filepath.Join(dir, name)
		whole := read(t, path)
		bad := []byte(whole)
		bad[len(bad)/2] ^= 1
		// Beside and renamed, so that a hard link to it keeps its bytes.
		if err := writeFile(path, bad); err != nil {
			t.Fatal(err)
		}
		_, err := open(t, dir).Verify(t.Context(), nil)
		var d *Differences
		if !errors.As(err, &d) {
			t.Errorf("%s: a flipped bit: %v", name, err)
		} else if !strings.Contains(err.Error(), filepath.Base(name)) {
			t.Errorf("%s is not named: %v", name, err)
		}
		if err := writeFile(path, []byte(whole)); err != nil {
			t.Fatal(err)
		}
	}
	image := filepath.Join(dir, "cases", "p2", "coronal.nii.gz")
	whole := read(t, image)
	if err := writeFile(image, []byte(read(t, dir, "cases", "p4", "coronal.nii.gz"))); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir).Verify(t.Context(), nil); err == nil || !strings.Contains(err.Error(), image) || fault.Code(err) != fault.CodeFailed {
		t.Errorf("another patient's image: %v", err)
	}
	if err := writeFile(image, []byte(whole)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, unit, recordFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir).Verify(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "sagittal, fold 1, seed 1: not done") {
		t.Error(err)
	}
}

// A fitted step that saw a test group is a leak: results say it, and the run
// ends with 1.
func TestLeak(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	_, err := run(t, dir, "leak sagittal 1")
	var leak *LeakError
	if !errors.As(err, &leak) || len(leak.Leakage.Violations) != 1 || leak.Leakage.Violations[0].Fold != 1 {
		t.Fatal(err)
	}
	if !strings.Contains(read(t, dir, reportFolder, resultsFile), `"step": "weights"`) {
		t.Error("results.json does not say it")
	}
	if _, err := open(t, dir).Verify(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "leak: 1 of 20 fitted steps") {
		t.Error(err)
	}
}

func TestModelOfAStudy(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	mustRun(t, dir)
	at := filepath.Join(dir, modelsFolder, "sagittal-attention")
	m, paths, err := ReadModel(at)
	if err != nil || len(paths) != 2 || m.Threshold.Score != 0.5 || !m.Attention || m.Calibration.N != 9 || m.Positive != "tumour" {
		t.Fatal(m, err)
	}
	if got := read(t, paths[1]); got != read(t, dir, runsFolder, "sagittal-attention", "1-1", modelFile) {
		t.Error("the model's network is not the unit's")
	}
	// A network that does not belong any more is removed.
	stray := filepath.Join(at, "fold-9-1.safetensors")
	if err := os.WriteFile(stray, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).WriteModels(); err != nil || exists(stray) {
		t.Error("stray network kept", err)
	}
	resealed(t, at, func(m *Model) { m.Networks[0].File = "../../../secret" })
	if _, _, err := ReadModel(at); err == nil || !strings.Contains(asInput(t, err).Expected, "beside") {
		t.Errorf("a path out of the model's folder: %v", err)
	}
}

func TestHistoryComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), historyFile)
	rows := []magn.Epoch{
		{Stage: "inner λ=0.1", Lambda: 0.1, Epoch: 1, LR: 5e-4, Classification: 0.7, Attention: 1.0 / 3, Validation: math.Pi, Seconds: 1},
		{Stage: `fit, "last"`, Epoch: 2, Validation: math.NaN()},
	}
	if err := writeHistory(path, rows); err != nil {
		t.Fatal(err)
	}
	got, err := readHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(rows, got, cmpopts.EquateNaNs()); d != "" {
		t.Error(d)
	}
	if strings.Contains(read(t, path), backboneColumn) {
		t.Error("a column of backbones where there was one")
	}
	searched := slices.Clone(rows)
	searched[0].Backbone, searched[1].Backbone = "resnet18", "resnet34"
	other := filepath.Join(t.TempDir(), historyFile)
	if err := writeHistory(other, searched); err != nil {
		t.Fatal(err)
	}
	if got, err = readHistory(other); err != nil || !cmp.Equal(searched, got, cmpopts.EquateNaNs()) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(read(t, path), "0.7", "much", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readHistory(path); err == nil || asInput(t, err).Field != "line 2, classification" {
		t.Error(err)
	}
}

func FuzzParseHistory(f *testing.F) {
	head := strings.Join(historyColumns, ",") + "\n"
	f.Add(head + "fit,,1,0.1,,,,\n")
	f.Add(head + "fit,\"")
	f.Add("stage\n")
	f.Add(strings.Replace(head, "\n", ",backbone\nfit,,1,0.1,,,,,resnet18\n", 1))
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := parseHistory("history.csv", strings.NewReader(text)); err != nil {
			asInput(t, err)
		}
	})
}
