package study

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"magn/internal/evidence"
	"magn/internal/fault"
	"magn/internal/magn"
)

// Files of a unit's folder.
const (
	settingsFile    = "settings.json" // before the unit starts
	checkpointFile  = "checkpoint.safetensors"
	modelFile       = "model.safetensors"
	mapsFile        = "maps.safetensors"
	predictionsFile = "predictions.csv"
	mapRowsFile     = "maps.csv"
	fitsFile        = "fits.json"
	historyFile     = "history.csv"
	featuresFile    = "features.csv"
	examsFile       = "exams.csv"
	tableModelFile  = "model.json"
	recordFile      = "unit.json" // last: the unit is done
)

// Record is unit.json. Its numbers of time and memory are about the run, and
// nothing is computed from them.
type Record struct {
	Hash       string            `json:"hash"`
	Arm        string            `json:"arm"`
	Fold       int               `json:"fold"`
	Seed       int               `json:"seed"`
	Backbone   string            `json:"backbone,omitempty"` // where the inner split chose it
	Lambda     float64           `json:"lambda"`
	Epochs     int               `json:"epochs"`
	Threshold  float64           `json:"threshold"`            // on the score
	Candidates int               `json:"candidates,omitempty"` // features that a table's arm chose from
	Tried      []evidence.Tried  `json:"tried,omitempty"`      // what the inner split chose among
	Notes      []string          `json:"notes,omitempty"`
	Files      map[string]string `json:"files"` // name → SHA-256
	Device     string            `json:"device"`
	Threads    int               `json:"threads"`
	Seconds    float64           `json:"seconds"`
	PeakBytes  int64             `json:"peak_bytes"`
	Version    string            `json:"version"` // of the program
}

// complete says whether every file of a unit is there.
func (r *Record) complete(u Unit) bool {
	for _, name := range u.files() {
		if r.Files[name] == "" || !exists(filepath.Join(u.Dir, name)) {
			return false
		}
	}
	return true
}

// readRecord is nil where the unit is not done; a file that does not parse, which
// no killed run leaves, is an error.
func readRecord(dir string) (*Record, error) {
	path := filepath.Join(dir, recordFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &fault.Input{File: path, Err: plainCause(err)}
	}
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, &fault.Input{File: path, Err: err, Do: "delete the file; the unit is then run again"}
	}
	return &r, nil
}

// prepareDir makes a unit's folder ready: what other settings left there goes,
// a checkpoint of the same settings stays.
func prepareDir(p Planned) error {
	dir := p.Unit.Dir
	// unit.json first: from here on the unit is not done.
	stale := append([]string{recordFile}, p.Unit.files()...)
	if !startedAs(dir, p.Unit.Hash) {
		stale = append(stale, checkpointFile, settingsFile)
	}
	for _, name := range stale {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("unit %s: %w", p.Name(), err)
		}
	}
	return writeFile(filepath.Join(dir, settingsFile), p.settings)
}

// writeResult writes what a unit found, unit.json last, and then drops the
// checkpoint. The weights and maps are there already.
func writeResult(u Unit, r *Result, version string) error {
	path := func(name string) string { return filepath.Join(u.Dir, name) }
	err := u.checkSteps(r.Fits, r.Threshold, r.Notes)
	if err != nil {
		return err
	}
	if u.Exam == nil {
		err = errors.Join(evidence.WritePredictions(path(predictionsFile), r.Predictions), evidence.WriteFits(path(fitsFile), r.Fits))
	}
	switch {
	case u.Exam != nil:
		err = evidence.WriteExams(path(examsFile), r.Exams)
	case u.Network != nil:
		err = errors.Join(err, evidence.WriteMaps(path(mapRowsFile), r.Maps), writeHistory(path(historyFile), r.History))
	case u.Table != nil:
		err = errors.Join(err, evidence.WriteFeatures(path(featuresFile), r.Features))
	}
	if err != nil {
		return err
	}
	rec := Record{
		Hash: u.Hash, Arm: u.Arm, Fold: u.Fold, Seed: u.Seed,
		Backbone: r.Backbone, Lambda: r.Lambda, Epochs: r.Epochs, Threshold: r.Threshold, Tried: tried(r.History), Files: map[string]string{},
		Device: r.Device, Threads: u.Threads, Seconds: r.Seconds, PeakBytes: r.PeakBytes, Version: version, Candidates: r.Candidates, Notes: r.Notes,
	}
	for _, name := range u.files() {
		sum, err := hashFile(path(name))
		if err != nil {
			return err
		}
		rec.Files[name] = sum
	}
	data, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(path(recordFile), append(data, '\n')); err != nil {
		return err
	}
	return magn.RemoveCheckpoint(u.Dir)
}

// readUnit reads what a done unit left, once it is found to be what the unit wrote.
func readUnit(u Unit, rec *Record) (evidence.Unit, error) {
	out := evidence.Unit{Arm: u.Arm, Fold: u.Fold, Seed: u.Seed, Backbone: rec.Backbone, Lambda: rec.Lambda, Epochs: rec.Epochs, Candidates: rec.Candidates}
	if u.Network == nil || !u.Network.Attention {
		out.Lambda = 0
	}
	for _, c := range u.Test {
		out.TestGroups = append(out.TestGroups, c.Group)
	}
	err := u.checkFiles(rec)
	if err != nil {
		return out, err
	}
	if out.Predictions, err = evidence.ReadPredictions(filepath.Join(u.Dir, predictionsFile)); err != nil {
		return out, err
	}
	for _, p := range out.Predictions {
		if p.Threshold != rec.Threshold { // the record has no sum of its own
			return out, &fault.Input{
				File: filepath.Join(u.Dir, recordFile), Field: "threshold", Found: fmt.Sprint(rec.Threshold),
				Expected: fmt.Sprintf("%v, as in %s", p.Threshold, predictionsFile), Do: again(u.Dir),
			}
		}
	}
	switch {
	case u.Network != nil:
		history, e := readHistory(filepath.Join(u.Dir, historyFile))
		out.Tried = tried(history) // not from the record: those of earlier versions lack it
		out.Maps, err = evidence.ReadMaps(filepath.Join(u.Dir, mapRowsFile))
		err = errors.Join(err, e)
	case u.Table != nil:
		out.Features, err = evidence.ReadFeatures(filepath.Join(u.Dir, featuresFile))
	}
	if err != nil {
		return out, err
	}
	if out.Fits, err = evidence.ReadFits(filepath.Join(u.Dir, fitsFile)); err != nil {
		return out, err
	}
	return out, anew(u.Dir, u.checkSteps(out.Fits, rec.Threshold, rec.Notes))
}

// tried is what a unit's inner split chose among, as its history tells.
func tried(history []magn.Epoch) []evidence.Tried {
	var out []evidence.Tried
	for _, t := range magn.TriedIn(history) {
		out = append(out, evidence.Tried{Backbone: t.Backbone, Lambda: t.Lambda, Loss: t.Loss, Epoch: t.Epoch})
	}
	return out
}

// hashFile is the SHA-256 of a file's bytes in hexadecimal.
func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// writeFile writes beside and renames.
func writeFile(path string, data []byte) error {
	if err := renameio.WriteFile(path, data, 0o644, renameio.WithTempDir(filepath.Dir(path))); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
