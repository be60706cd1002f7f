package study

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/fault"
)

func removeFile(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// A file of a done unit that was rewritten does not go into the results, neither
// by study run nor by study report, and what the message says puts it right.
func TestRewrittenUnitFileIsRefused(t *testing.T) {
	config := strings.Replace(fixtureConfig, "[sagittal, sagittal-attention]", "[sagittal, sagittal-jitter-5, outline]", 1)
	config = strings.Replace(config, "epochs: 4", "epochs: 4, inner_fraction: 0", 1)
	dir := fixture(t, strings.Replace(config, "map_steps: 0", "map_steps: 2", 1))
	mustRun(t, dir)
	before := answers(t, dir)
	results := filepath.Join(dir, reportFolder, resultsFile)
	for unit, files := range map[string][]string{
		"sagittal/1-1":          {predictionsFile, mapRowsFile, fitsFile, historyFile},
		"sagittal-jitter-5/0-1": {predictionsFile, fitsFile},
		"outline/0-1":           {predictionsFile, fitsFile, featuresFile},
		"sagittal/0-1-maps":     {examsFile},
	} {
		for _, name := range files {
			path := filepath.Join(dir, runsFolder, filepath.FromSlash(unit), name)
			// One that can still be read, and one cut short.
			text := read(t, path)
			for _, other := range []string{text + "\n", text[:len(text)/2]} {
				if err := writeFile(path, []byte(other)); err != nil {
					t.Fatal(err)
				}
				_, reported := open(t, dir).Evidence()
				_, ran := run(t, dir, "")
				for what, err := range map[string]error{"report": reported, "run": ran} {
					if err == nil || fault.Code(err) != fault.CodeInput {
						t.Fatalf("%s, %s: %v", path, what, err)
					}
					if in := asInput(t, err); in.File != path || in.Found != "changed since the unit was done" || in.Do != again(filepath.Dir(path)) {
						t.Errorf("%s, %s: %v", path, what, in)
					}
				}
				if read(t, results) != before[resultsFile] {
					t.Fatalf("%s: results.json was written", path)
				}
			}
			removeFile(t, filepath.Join(filepath.Dir(path), recordFile))
			if sum, err := run(t, dir, ""); err != nil || sum.Ran != 1 || read(t, path) != text {
				t.Fatalf("%s: %+v, %v", path, sum, err)
			}
		}
	}
	for name, text := range answers(t, dir) {
		if before[name] != text {
			t.Errorf("%s: not as before", name)
		}
	}
}

// unit.json holds the sums of the others; what a model takes from it must agree
// with them.
func TestRewrittenThresholdIsRefused(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	mustRun(t, dir)
	path := filepath.Join(dir, runsFolder, "sagittal", "1-1", recordFile)
	text := read(t, path)
	changed := strings.Replace(text, `"threshold": 0.5`, `"threshold": 0.6`, 1)
	if changed == text {
		t.Fatal(text)
	}
	if err := writeFile(path, []byte(changed)); err != nil {
		t.Fatal(err)
	}
	if _, err := run(t, dir, ""); err == nil || asInput(t, err).File != path || asInput(t, err).Field != "threshold" {
		t.Error(err)
	}
	removeFile(t, path)
	mustRun(t, dir)
}
