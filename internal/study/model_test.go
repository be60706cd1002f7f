package study

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/fault"
)

// resealed changes what a model says and gives it the digest that goes with it.
func resealed(t testing.TB, dir string, change func(m *Model)) {
	t.Helper()
	path := filepath.Join(dir, modelJSON)
	m := &Model{}
	if err := json.Unmarshal([]byte(read(t, path)), m); err != nil {
		t.Fatal(err)
	}
	change(m)
	data, err := m.seal()
	if err != nil {
		t.Fatal(err)
	}
	if err := writeFile(path, data); err != nil {
		t.Fatal(err)
	}
}

// No byte of model.json can change unnoticed, nor be left out, nor be more.
func TestModelIsReadStrictly(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	mustRun(t, dir)
	path := filepath.Join(dir, modelsFolder, "sagittal", modelJSON)
	whole := read(t, path)
	if _, err := parseModel(path, []byte(whole)); err != nil {
		t.Fatal(err)
	}
	for i := range len(whole) {
		changed := []byte(whole)
		changed[i] ^= 1
		if _, err := parseModel(path, changed); err == nil {
			t.Fatalf("byte %d changed, of %q: taken", i, whole[max(0, i-20):i+1])
		} else if in := asInput(t, err); in.File != path {
			t.Fatal(in)
		}
	}
	for _, text := range []string{"", whole[:len(whole)/2], whole + "{}", whole + whole, "null", "{}"} {
		if _, err := parseModel(path, []byte(text)); err == nil {
			t.Errorf("%.40q: taken", text)
		}
	}
	for field, change := range map[string]func(m *Model){
		"positive, negative": func(m *Model) { m.Positive = "" },
		"networks":           func(m *Model) { m.Networks = nil },
		"views":              func(m *Model) { m.Views = nil },
		"format":             func(m *Model) { m.Format = "magn-study-model-9" },
	} {
		resealed(t, filepath.Dir(path), change)
		if _, _, err := ReadModel(filepath.Dir(path)); err == nil || asInput(t, err).Field != field {
			t.Errorf("%s: %v", field, err)
		}
		if err := writeFile(path, []byte(whole)); err != nil {
			t.Fatal(err)
		}
	}
}

// A model of an earlier version has no digest: it is refused, and study run writes
// it again without training anything, as it says.
func TestModelWithoutDigestIsWrittenAgain(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	mustRun(t, dir)
	at := filepath.Join(dir, modelsFolder, "sagittal")
	whole := read(t, at, modelJSON)
	from, to := strings.Index(whole, `  "sha256"`), strings.Index(whole, `  "study"`)
	if err := writeFile(filepath.Join(at, modelJSON), []byte(whole[:from]+whole[to:])); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadModel(at); err == nil || asInput(t, err).Do != writeAgain || !strings.Contains(err.Error(), "an earlier version") {
		t.Fatal(err)
	}
	if sum, err := run(t, dir, ""); err != nil || sum.Ran != 0 {
		t.Fatal(sum, err)
	}
	if _, _, err := ReadModel(at); err != nil || read(t, at, modelJSON) != whole {
		t.Error(err)
	}
}

// What a model says is held against what the units give.
func TestVerifyModel(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	mustRun(t, dir)
	at := filepath.Join(dir, modelsFolder, "sagittal-attention")
	whole := read(t, at, modelJSON)
	for key, change := range map[string]func(m *Model){
		"threshold":             func(m *Model) { m.Threshold.Logit += 0.5 },
		"calibration":           func(m *Model) { m.Calibration.Slope *= 2 },
		"positive and negative": func(m *Model) { m.Positive, m.Negative = m.Negative, m.Positive },
		"training":              func(m *Model) { m.Training.Crop++ },
		"networks":              func(m *Model) { m.Networks[0].Epochs++ },
		"trained_on":            func(m *Model) { m.TrainedOn = m.TrainedOn[1:] },
	} {
		resealed(t, at, change)
		_, err := open(t, dir).Verify(t.Context(), nil)
		var d *Differences
		if !errors.As(err, &d) || len(d.List) != 1 || !strings.Contains(d.List[0], "model.json: "+key+" is not what") {
			t.Errorf("%s: %v", key, err)
		}
		if err := writeFile(filepath.Join(at, modelJSON), []byte(whole)); err != nil {
			t.Fatal(err)
		}
	}
	if v, err := open(t, dir).Verify(t.Context(), nil); err != nil || v.Models != 2 {
		t.Error(v, err)
	}
}

// flip changes one bit of a file where it lies, as a disk does, so that every
// hard link to it has it too.
func flip(t testing.TB, path string) {
	t.Helper()
	data := []byte(read(t, path))
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A damaged network is never published, and what the messages say helps.
func TestDamagedNetwork(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	mustRun(t, dir)
	at := filepath.Join(dir, modelsFolder, "sagittal")
	unit := filepath.Join(dir, runsFolder, "sagittal", "1-1")
	network := filepath.Join(at, "fold-1-1.safetensors")
	good := read(t, network)

	// The model's own copy only.
	if err := writeFile(network, []byte("damaged")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ReadModel(at); err == nil || asInput(t, err).File != network || asInput(t, err).Do != linkAgain {
		t.Fatal(err)
	}
	if sum, err := run(t, dir, ""); err != nil || sum.Ran != 0 || read(t, network) != good {
		t.Fatal("not put in order", sum, err)
	}

	for _, lost := range []bool{false, true} { // the models' folder too
		flip(t, filepath.Join(unit, modelFile))
		if lost {
			if err := os.RemoveAll(filepath.Join(dir, modelsFolder)); err != nil {
				t.Fatal(err)
			}
		} else if read(t, network) == good {
			t.Fatal("no hard link")
		}
		_, err := run(t, dir, "")
		if err == nil || fault.Code(err) != fault.CodeInput {
			t.Fatal(err)
		}
		if in := asInput(t, err); in.File != filepath.Join(unit, modelFile) || in.Found != "changed since the unit was done" || !strings.HasPrefix(in.Do, "remove "+filepath.Join(unit, recordFile)+": ") {
			t.Fatal(in)
		}
		if lost && exists(filepath.Join(at, modelJSON)) {
			t.Error("a damaged network was published")
		}
		if err := os.Remove(filepath.Join(unit, recordFile)); err != nil {
			t.Fatal(err)
		}
		if sum, err := run(t, dir, ""); err != nil || sum.Ran != 1 {
			t.Fatal(sum, err)
		}
		if _, _, err := ReadModel(at); err != nil || read(t, network) != good {
			t.Error("not the network that was trained again", err)
		}
	}
}
