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
	"magn/internal/volume"
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
	recordFile      = "unit.json" // last: the unit is done
)

// resultFiles are what a done unit has besides unit.json, which has their sums.
var resultFiles = []string{predictionsFile, mapRowsFile, fitsFile, historyFile, modelFile, mapsFile}

// Record is unit.json. Its numbers of time and memory are about the run, and
// nothing is computed from them.
type Record struct {
	Hash      string            `json:"hash"`
	Arm       string            `json:"arm"`
	Fold      int               `json:"fold"`
	Seed      int               `json:"seed"`
	Lambda    float64           `json:"lambda"`
	Epochs    int               `json:"epochs"`
	Threshold float64           `json:"threshold"` // on the score
	Files     map[string]string `json:"files"`     // name → SHA-256
	Device    string            `json:"device"`
	Threads   int               `json:"threads"`
	Seconds   float64           `json:"seconds"`
	PeakBytes int64             `json:"peak_bytes"`
	Version   string            `json:"version"` // of the program
}

// complete says whether every file of the record is there.
func (r *Record) complete(dir string) bool {
	for _, name := range resultFiles {
		if r.Files[name] == "" || !exists(filepath.Join(dir, name)) {
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
	stale := append([]string{recordFile}, resultFiles...)
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
func writeResult(u magn.Unit, r *magn.Result, version string) error {
	path := func(name string) string { return filepath.Join(u.Dir, name) }
	predictions := make([]evidence.Prediction, 0, len(r.Scores))
	for _, s := range r.Scores {
		predictions = append(predictions, evidence.Prediction{
			Case: s.Case, Group: s.Group, Arm: u.Arm, Fold: u.Fold, Seed: u.Seed,
			Label: s.Label, Logit: s.Logit, Score: s.Score, Threshold: r.Threshold,
		})
	}
	maps := make([]evidence.MapRow, 0, len(r.Maps))
	for _, m := range r.Maps {
		maps = append(maps, evidence.MapRow{
			Case: m.Case, Group: m.Group, Arm: u.Arm, Fold: u.Fold, Seed: u.Seed, View: m.View.String(),
			Crop: m.Crop, ShiftX: m.Shift[0], ShiftY: m.Shift[1], Share: m.Share,
			Map:      evidence.Overlap{Energy: m.Energy, IoU: m.IoU, Hit: m.Hit},
			Gaussian: evidence.Overlap{Energy: m.Gaussian.Energy, IoU: m.Gaussian.IoU, Hit: m.Gaussian.Hit},
			Zero:     m.Zero,
		})
	}
	fits := make([]evidence.Fit, 0, len(r.Fits))
	for _, f := range r.Fits {
		fits = append(fits, evidence.Fit{Step: f.Step, Groups: f.Groups})
	}
	if err := errors.Join(
		evidence.WritePredictions(path(predictionsFile), predictions),
		evidence.WriteMaps(path(mapRowsFile), maps),
		evidence.WriteFits(path(fitsFile), fits),
		writeHistory(path(historyFile), r.History),
	); err != nil {
		return err
	}
	rec := Record{
		Hash: u.Hash, Arm: u.Arm, Fold: u.Fold, Seed: u.Seed,
		Lambda: r.Lambda, Epochs: r.Epochs, Threshold: r.Threshold, Files: map[string]string{},
		Device: r.Device, Threads: u.Training.Threads, Seconds: r.Seconds, PeakBytes: r.PeakBytes, Version: version,
	}
	for _, name := range resultFiles {
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

// readUnit reads what a done unit left.
func readUnit(u magn.Unit, rec *Record) (evidence.Unit, error) {
	out := evidence.Unit{Arm: u.Arm, Fold: u.Fold, Seed: u.Seed, Lambda: rec.Lambda, Epochs: rec.Epochs}
	if !u.Attention {
		out.Lambda = 0
	}
	for _, c := range u.Test {
		out.TestGroups = append(out.TestGroups, c.Group)
	}
	var err error
	if out.Predictions, err = evidence.ReadPredictions(filepath.Join(u.Dir, predictionsFile)); err != nil {
		return out, err
	}
	if out.Maps, err = evidence.ReadMaps(filepath.Join(u.Dir, mapRowsFile)); err != nil {
		return out, err
	}
	out.Fits, err = evidence.ReadFits(filepath.Join(u.Dir, fitsFile))
	return out, err
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
	if err := renameio.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func viewAt(i int) volume.View { return volume.View(i) }
