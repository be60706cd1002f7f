package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magn/internal/fault"
	"magn/internal/study"
	"magn/internal/testenv"
)

// A study of eight synthetic patients at 32×32 pixels, with libtorch and the
// program as it is installed. fp32, one thread and a checkpoint every epoch, so
// that what a killed run gives can be held against one that nobody disturbed.
const tinyStudy = `name: tiny
positive: myeloma
classes: [myeloma, metastasis]
folds: 2
arms: [multi-view-attention, sagittal]
network: {backbone: resnet18, shared: true}
training: {epochs: 2, batch: 4, lambda: [0.5], precision: fp32, threads: 1, crop: 32, pixel_mm: 1, shift: 4, checkpoint_seconds: 0}
`

// execute runs the program and returns what it printed, and its exit code.
func execute(t *testing.T, program string, args ...string) (out, errOut string, code int) {
	t.Helper()
	cmd := exec.Command(program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

func must(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, errOut, code := execute(t, program, args...)
	if code != 0 {
		t.Fatalf("magn %s: exit code %d: %s%s", strings.Join(args, " "), code, out, errOut)
	}
	return out
}

func tiny(t *testing.T, program string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "study")
	must(t, program, "phantom", "--study", dir, "--patients", "11", "--size", "32", "--seed", "3")
	if err := os.WriteFile(filepath.Join(dir, study.ConfigFile), []byte(tinyStudy), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// answersOf are the bytes that must not depend on interruptions.
func answersOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"report/results.json", "folds.csv", "models/*/*.safetensors", "runs/*/*/predictions.csv", "runs/*/*/maps.*", "runs/*/*/fits.json"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: nothing there, %v", pattern, err)
		}
		for _, p := range paths {
			data, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			rel, _ := filepath.Rel(dir, p)
			if len(data) > 1<<16 {
				data = fmt.Appendf(nil, "%d bytes, %x", len(data), sum(data))
			}
			out[rel] = string(data)
		}
	}
	return out
}

func TestStudyEndToEnd(t *testing.T) {
	testenv.Torch(t)
	program := testenv.Magn(t)
	dir := tiny(t, program)
	must(t, program, "study", "run", dir)
	want := answersOf(t, dir)

	t.Run("report", func(t *testing.T) {
		must(t, program, "study", "report", dir)
		page, err := os.ReadFile(filepath.Join(dir, "report", "index.html"))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{"tiny", "myeloma", "multi-view-attention", "trained from scratch", "1: no contrast-enhanced T1 of coronal"} {
			if !bytes.Contains(page, []byte(s)) {
				t.Errorf("the report does not say %q", s)
			}
		}
		if figures, _ := filepath.Glob(filepath.Join(dir, "report", "figures", "heatmaps-*.png")); len(figures) == 0 {
			t.Error("no heat maps")
		}
		if d := cmp.Diff(want, answersOf(t, dir)); d != "" {
			t.Error("the report changed answers: ", d)
		}
	})
	t.Run("verify", func(t *testing.T) {
		if out := must(t, program, "study", "verify", dir, "--json"); !strings.Contains(out, `"cases":10,"units":8,"files":28,"models":2`) {
			t.Error(out)
		}
	})
	t.Run("predict", func(t *testing.T) { predicts(t, program, dir) })
	t.Run("killed", func(t *testing.T) { killed(t, program, want) })
	t.Run("damaged checkpoint", func(t *testing.T) { damagedCheckpoint(t, program, want) })
	t.Run("full disk", func(t *testing.T) { fullDisk(t, program, dir, want) })
}

func predicts(t *testing.T, program, dir string) {
	out := filepath.Join(t.TempDir(), "out")
	caseDir := filepath.Join(dir, "cases", "phantom-0001")
	text := must(t, program, "predict", "--model", filepath.Join(dir, "models", "multi-view-attention"), "--case", caseDir, "--out", out, "--threads", "1", "--json")
	var p study.Prediction
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	if p.Case != "phantom-0001" || len(p.Views) != 3 || len(p.Networks) != 2 || p.Probability <= 0 || p.Probability >= 1 ||
		p.Calibrated <= 0 || p.Calibrated >= 1 || (p.Class == "myeloma") != (p.Probability >= p.Threshold) {
		t.Errorf("%+v", p)
	}
	for _, view := range []string{"sagittal", "coronal", "axial"} {
		f, err := os.Open(filepath.Join(out, view+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(f); err != nil {
			t.Error(err)
		}
		f.Close()
	}
	// A case without two of the views.
	lame := filepath.Join(t.TempDir(), "lame")
	if err := os.MkdirAll(lame, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sagittal.nii.gz", "sagittal_mask.nii.gz", "sagittal.json"} {
		if err := os.Symlink(filepath.Join(caseDir, name), filepath.Join(lame, name)); err != nil {
			t.Fatal(err)
		}
	}
	_, errOut, code := execute(t, program, "predict", "--model", filepath.Join(dir, "models", "multi-view-attention"), "--case", lame, "--out", out)
	if code != fault.CodeInput || !strings.Contains(errOut, "views: found sagittal, expected sagittal, coronal, axial") {
		t.Errorf("code %d: %s", code, errOut)
	}
	must(t, program, "predict", "--model", filepath.Join(dir, "models", "sagittal"), "--case", lame, "--out", out)
}

// killed kills run and worker again and again at moments drawn by chance.
func killed(t *testing.T, program string, want map[string]string) {
	dir := tiny(t, program)
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 2))
	const kills = 3
	done := 0
	for range kills {
		cmd := exec.Command(program, "study", "run", dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(600+rng.IntN(2500))*time.Millisecond, func() { cmd.Process.Kill() })
		if cmd.Wait() == nil {
			done++
		}
		timer.Stop()
	}
	// And once told to stop, which is another way: it says so.
	cmd := exec.Command(program, "study", "run", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(500*time.Millisecond, func() { _ = cmd.Process.Signal(os.Interrupt) })
	if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != fault.CodeInterrupted {
		t.Errorf("interrupted: %v", err)
	}
	t.Logf("seed %d, %d of %d runs were done before they were killed", seed, done, kills)
	must(t, program, "study", "run", dir)
	if d := cmp.Diff(want, answersOf(t, dir)); d != "" {
		t.Errorf("seed %d: %s", seed, d)
	}
}

// started is a tiny study that was killed when a unit had a checkpoint. A kill
// that comes after the unit's end is tried again.
func started(t *testing.T, program string) (dir, checkpoint string) {
	t.Helper()
	for range 5 {
		dir, checkpoint = killedAtCheckpoint(t, program)
		if _, err := os.Stat(checkpoint); err == nil {
			return dir, checkpoint
		}
	}
	t.Fatal("five times the unit was done before the kill")
	return "", ""
}

func killedAtCheckpoint(t *testing.T, program string) (dir, checkpoint string) {
	t.Helper()
	dir = tiny(t, program)
	checkpoint = filepath.Join(dir, "runs", "multi-view-attention", "0-1", "checkpoint.safetensors")
	cmd := exec.Command(program, "study", "run", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(checkpoint); err == nil {
			break
		}
		if time.Since(began) > time.Minute {
			t.Fatal("no checkpoint within a minute")
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	time.Sleep(time.Second) // the orphan stops within a step
	return dir, checkpoint
}

func damagedCheckpoint(t *testing.T, program string, want map[string]string) {
	dir, checkpoint := started(t, program)
	whole, err := os.ReadFile(checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)*2/3] ^= 4
	for name, data := range map[string][]byte{"truncated": whole[:len(whole)-100], "a flipped bit": flipped} {
		if err := os.WriteFile(checkpoint, data, 0o644); err != nil {
			t.Fatal(err)
		}
		_, errOut, code := execute(t, program, "study", "run", dir)
		if code != fault.CodePartial || !strings.Contains(errOut, checkpoint) || !strings.Contains(errOut, "delete this checkpoint") {
			t.Errorf("%s: exit code %d: %s", name, code, errOut)
		}
	}
	if err := os.Remove(checkpoint); err != nil {
		t.Fatal(err)
	}
	must(t, program, "study", "run", dir)
	if d := cmp.Diff(want, answersOf(t, dir)); d != "" {
		t.Error(d)
	}
}

// fullDisk bounds the size of files, which fails a write as a full disk does,
// while one unit of a finished study is run again.
func fullDisk(t *testing.T, program, dir string, want map[string]string) {
	again := filepath.Join(dir, "runs", "sagittal", "1-1")
	if err := os.Remove(filepath.Join(again, "unit.json")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", `ulimit -f 1000; exec "$0" study run "$1"`, program, dir)
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != fault.CodeFailed {
		t.Fatalf("exit code %d, %v: %s", code, err, out)
	}
	if !strings.Contains(string(out), filepath.Join(again, "checkpoint.safetensors")) || !strings.Contains(string(out), "file too large; no other unit would fare better") {
		t.Errorf("the path and the reason are not named: %s", out)
	}
	// All else is whole, and only this unit is not done.
	_, errOut, code := execute(t, program, "study", "verify", dir)
	if code != fault.CodeFailed || !strings.Contains(errOut, "(1):\n  sagittal, fold 1, seed 1: not done") {
		t.Errorf("exit code %d: %s", code, errOut)
	}
	must(t, program, "study", "run", dir)
	must(t, program, "study", "verify", dir)
	if d := cmp.Diff(want, answersOf(t, dir)); d != "" {
		t.Error(d)
	}
}
