package study

import (
	"os"
	"path/filepath"
	"testing"
)

// What killed processes left half written goes with the next run, in units that
// are done and in those that are not; a user's own files stay.
func TestTemporariesGo(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	mustRun(t, dir)
	done, todo := filepath.Join(dir, runsFolder, "sagittal", "0-1"), filepath.Join(dir, runsFolder, "sagittal", "1-1")
	removeFile(t, filepath.Join(todo, recordFile))
	var gone []string
	for _, unit := range []string{done, todo} {
		for _, name := range []string{checkpointFile, modelFile, mapsFile, predictionsFile, settingsFile, recordFile} {
			gone = append(gone, filepath.Join(unit, "."+name+"4037200794"))
		}
	}
	for _, name := range []string{
		".folds.csv1234567", ".frozen.json1234567", "report/.results.json1234567", "report/.index.html1234567",
		"report/figures/.roc.svg1234567", "report/tables/.arms.csv1234567",
		"models/sagittal/.model.json1234567", "models/sagittal/.fold-0-1.safetensors1234567", "models/sagittal/fold-7-1.safetensors.tmp",
	} {
		gone = append(gone, filepath.Join(dir, filepath.FromSlash(name)))
	}
	stay := []string{filepath.Join(done, "notes1234567"), filepath.Join(done, ".mine1234567"), filepath.Join(dir, reportFolder, ".htaccess"), filepath.Join(dir, modelsFolder, "sagittal", "mine.tmp")}
	for _, path := range append(gone, stay...) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, dir)
	for _, path := range gone {
		if exists(path) {
			t.Errorf("%s is still there", path)
		}
	}
	for _, path := range stay {
		if !exists(path) {
			t.Errorf("%s is gone", path)
		}
	}
}
