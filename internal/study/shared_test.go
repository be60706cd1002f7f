package study

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/evidence"
	"magn/internal/testenv"
)

// trained is a study whose networks were trained, if only once over the patients.
func trained(t *testing.T) string {
	t.Helper()
	testenv.Torch(t)
	config := strings.Replace(fixtureConfig, "epochs: 4, lambda: [0.5]", "epochs: 1, batch: 4, inner_fraction: 0, lambda: [0.5]", 1)
	config = strings.Replace(config, "[sagittal, sagittal-attention]", "[sagittal]", 1)
	dir := fixture(t, config)
	if _, err := run(t, dir, realWork); err != nil {
		t.Fatal(err)
	}
	return dir
}

// rename gives every patient of a cohort another id and another group, but for
// those to keep; folders move with them.
func rename(t *testing.T, dir string, keepGroup string) {
	t.Helper()
	table := read(t, dir, "cohort.csv")
	for i := range 9 {
		id, group := "p"+string(rune('0'+i)), "g"+string(rune('0'+i))
		table = strings.ReplaceAll(table, id+",", "x"+id+",")
		if group != keepGroup {
			table = strings.ReplaceAll(table, group+",", "x"+group+",")
		}
		if err := os.Rename(filepath.Join(dir, "cases", id), filepath.Join(dir, "cases", "x"+id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "cohort.csv"), []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A locked model is judged on patients whom it does not know. Others are named,
// by group or by their images, and answered for only where that is asked for.
func TestEvaluateOnPatientsOfTheTraining(t *testing.T) {
	model := filepath.Join(trained(t), modelsFolder, "sagittal")
	evaluate := func(cohort string, shared bool) (*Evaluation, error) {
		return Evaluate(t.Context(), EvaluateOptions{Model: model, Cohort: cohort, Device: "cpu", Threads: 1, Shared: shared})
	}
	renamed := fixture(t, fixtureConfig)
	rename(t, renamed, "g3")
	_, err := evaluate(renamed, false)
	in := asInput(t, err)
	for _, want := range []string{"cohort.csv: patients: found 9 whom the model was trained on, expected none", "xp3: in the training of arm sagittal, folds ", "(the same group id and the same images)", "xp4: ", "(the same images)", "--allow-shared-patients"} {
		if !strings.Contains(in.Error(), want) {
			t.Errorf("%v\ndoes not say %q", in, want)
		}
	}
	e, err := evaluate(renamed, true)
	if err != nil {
		t.Fatal(err)
	}
	tr := e.Results.Training
	if tr == nil || !tr.Known || len(tr.Shared) != 9 || tr.Arm != "sagittal" {
		t.Fatalf("%+v", tr)
	}
	for _, p := range tr.Shared {
		// Two folds: each patient is in the training of the one that does not test it.
		if p.Group != (p.Case == "xp3") || !p.Image || len(p.Folds) != 1 {
			t.Errorf("%+v", p)
		}
	}

	// Other images under other ids are other patients.
	other := fixtureOf(t, "x", fixtureConfig)
	e, err = evaluate(other, false)
	if err != nil {
		t.Fatal(err)
	}
	if tr := e.Results.Training; !tr.Known || len(tr.Shared) > 0 || len(e.Results.Arms) != 2 || e.Results.Arms[0].N != 9 {
		t.Errorf("%+v", tr)
	}
	out := t.TempDir()
	if err := e.Write(out); err != nil {
		t.Fatal(err)
	}
	back, err := evidence.ReadResults(filepath.Join(out, resultsFile))
	if err != nil || !back.Locked || back.Training == nil || !back.Training.Known {
		t.Errorf("%+v, %v", back.Training, err)
	}
	text := strings.Replace(read(t, other, "cohort.csv"), "xg5,", "g5,", 1)
	if err := os.WriteFile(filepath.Join(other, "cohort.csv"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := evaluate(other, false); err == nil || !strings.Contains(err.Error(), "found 1 whom") || !strings.Contains(err.Error(), "xp5: in the training of arm sagittal, folds ") {
		t.Errorf("one group id of the training: %v", err)
	}

	// A model may not say.
	if i := strings.Index(read(t, model, modelJSON), `"trained_on"`); i < 0 || strings.Contains(read(t, model, modelJSON)[i:], `"g5"`) {
		t.Fatal("no trained_on, or ids in it")
	}
	resealed(t, model, func(m *Model) { m.TrainedOn = nil })
	if _, err := evaluate(other, false); err == nil || !strings.Contains(err.Error(), "trained_on: found nothing") {
		t.Errorf("a model that does not say: %v", err)
	}
	if e, err := evaluate(other, true); err != nil || e.Results.Training.Known {
		t.Errorf("a model that does not say, allowed: %v", err)
	}
}
