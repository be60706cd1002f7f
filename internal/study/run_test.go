package study

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"magn/internal/fault"
)

func TestRun(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := fixture(t, fixtureConfig)
	var kinds []string
	last := -1.0
	s := open(t, dir)
	sum, err := s.Run(t.Context(), Options{Command: fakeCommand(""), Report: func(e Event) {
		if e.Kind != UnitProgress {
			kinds = append(kinds, string(e.Kind))
		}
		if e.Share < last || e.Share > 1+1e-9 {
			t.Errorf("share went from %v to %v", last, e.Share)
		}
		last = e.Share
	}})
	if err != nil || sum != (Summary{Units: 4, Ran: 4}) {
		t.Fatal(sum, err)
	}
	if got := strings.Join(kinds, " "); got != "started done started done started done started done" || last < 1-1e-9 {
		t.Errorf("events %s, share %v", got, last)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, runsFolder, "*", "*", checkpointFile)); len(left) > 0 {
		t.Errorf("checkpoints left: %v", left)
	}
	before := answers(t, dir)
	if sum, err = run(t, dir, "crash"); err != nil || sum != (Summary{Units: 4, Before: 4}) {
		t.Errorf("a second run did something: %+v, %v", sum, err)
	}
	if d := cmp.Diff(before, answers(t, dir)); d != "" {
		t.Error("a second run changed something: ", d)
	}
	// The same study elsewhere, and two workers at a time: the same bytes.
	other := fixture(t, fixtureConfig+"execution: {workers: 3}\n")
	mustRun(t, other)
	if d := cmp.Diff(before, answers(t, other)); d != "" {
		t.Error("another folder and three workers give other answers: ", d)
	}
}

// A setting that one arm's hash depends on runs that arm's units again, and
// nothing of the old settings is left.
func TestChangedSettings(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	mustRun(t, dir)
	text := strings.Replace(fixtureConfig, "epochs: 4", "epochs: 3", 1)
	if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	// A checkpoint of yet other settings lies there as well.
	stray := filepath.Join(dir, runsFolder, "sagittal", "0-1", checkpointFile)
	if err := os.WriteFile(stray, []byte(`{"Hash":"another"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if sum, err := run(t, dir, ""); err != nil || sum.Ran != 4 {
		t.Fatal(sum, err)
	}
	fresh := fixture(t, text)
	mustRun(t, fresh)
	if d := cmp.Diff(answers(t, fresh), answers(t, dir)); d != "" {
		t.Error(d)
	}
}

func TestWorkersThatFail(t *testing.T) {
	fresh := fixture(t, fixtureConfig)
	mustRun(t, fresh)
	want := answers(t, fresh)
	for _, c := range []struct {
		mode     string
		code     int
		ran      int
		says     []string
		attempts int // of the unit that fails
	}{
		{"crash-once", 0, 4, nil, 2},
		{"crash sagittal 0", 8, 3, []string{"3 units done, 1 not", "sagittal, fold 0, seed 1: the worker ended without its last line (signal: killed); it said: terminate called after throwing"}, 2},
		{"silent sagittal 0", 8, 3, []string{"sagittal, fold 0, seed 1: the worker ended without its last line (exit status 0)"}, 2},
		{"input sagittal 0", 8, 3, []string{"sagittal, fold 0, seed 1: case.nii.gz: found nonsense"}, 1},
		{"full sagittal 0", 1, 0, []string{"sagittal, fold 0, seed 1: write model.safetensors: write x: no space left on device; no other unit would fare better, so the run ends: free disk space"}, 1},
		{"missing", 4, 0, []string{"libtorch is missing; make native"}, 1},
	} {
		t.Run(c.mode, func(t *testing.T) {
			dir := fixture(t, fixtureConfig)
			attempts := 0
			sum, err := open(t, dir).Run(t.Context(), Options{Command: fakeCommand(c.mode), Report: func(e Event) {
				if e.Unit.Arm == "sagittal" && e.Unit.Fold == 0 && (e.Kind == UnitStarted || e.Kind == UnitRetried) {
					attempts++
				}
			}})
			if fault.Code(err) != c.code || sum.Ran != c.ran || attempts != c.attempts {
				t.Errorf("code %d, %+v, %d attempts: %v", fault.Code(err), sum, attempts, err)
			}
			for _, want := range c.says {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in %q", want, err)
				}
			}
			if c.code == 0 {
				return
			}
			if exists(filepath.Join(dir, reportFolder, resultsFile)) {
				t.Error("results of an unfinished study")
			}
			if _, err := open(t, dir).Evidence(); err == nil || fault.Code(err) != fault.CodeInput || !strings.Contains(err.Error(), "units done") {
				t.Errorf("evidence of an unfinished study: %v", err)
			}
			mustRun(t, dir) // the cause is gone
			if d := cmp.Diff(want, answers(t, dir)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestInterrupt(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := fixture(t, fixtureConfig)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := open(t, dir).Run(ctx, Options{Command: fakeCommand("slow sagittal 1"), Report: func(e Event) {
		if e.Unit.Fold == 1 && e.Inner.Epoch == 2 {
			cancel()
		}
	}})
	if !errors.Is(err, fault.ErrInterrupted) || fault.Code(err) != fault.CodeInterrupted {
		t.Fatal(err)
	}
	plan, err := open(t, dir).Plan()
	if err != nil {
		t.Fatal(err)
	}
	var states []State
	for _, p := range plan {
		states = append(states, p.State)
	}
	if fmt.Sprint(states) != "[done started to run to run]" {
		t.Errorf("states %v", states)
	}
	st, err := open(t, dir).Status()
	if err != nil || st.Running || st.Arms[0] != (ArmStatus{"sagittal", 1, 1, 0}) {
		t.Errorf("%+v, %v", st, err)
	}
	resumed := false
	if _, err := open(t, dir).Run(t.Context(), Options{Command: fakeCommand(""), Report: func(e Event) {
		if e.Kind == UnitStarted && e.Unit.Fold == 1 && e.Unit.Arm == "sagittal" && e.Old != 0.25 { // one of four units
			t.Errorf("%v is old before the checkpoint tells", e.Old)
		}
		if strings.Contains(e.Inner.Message, "checkpoint") {
			resumed = true
			if e.Old != 0.375 || e.Share != e.Old { // and half of the second one
				t.Errorf("at the checkpoint %v of %v is old, expected all", e.Old, e.Share)
			}
		} else if e.Old > 0.375 {
			t.Errorf("%v is old after %v", e.Old, e.Share)
		}
	}}); err != nil || !resumed {
		t.Errorf("resumed: %v, %v", resumed, err)
	}
}

// A worker that does not listen is killed after its grace.
func TestDeafWorker(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	ctx, cancel := context.WithCancel(t.Context())
	began := time.Now()
	_, err := open(t, dir).Run(ctx, Options{Command: fakeCommand("deaf"), Report: func(e Event) {
		if e.Inner.Epoch == 2 {
			cancel()
		}
	}})
	if !errors.Is(err, fault.ErrInterrupted) || time.Since(began) > 2*grace {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestTimeBound(t *testing.T) {
	dir := fixture(t, fixtureConfig+"execution: {unit_minutes: 0.008}\n")
	_, err := run(t, dir, "slow sagittal 0")
	if fault.Code(err) != fault.CodePartial || !strings.Contains(err.Error(), "sagittal, fold 0, seed 1: took longer than the 0.008 minutes") {
		t.Error(err)
	}
}

func TestMemoryBound(t *testing.T) {
	dir := fixture(t, fixtureConfig+"execution: {memory_gib: 0.001}\n") // Go's own start needs more
	_, err := run(t, dir, "")
	if fault.Code(err) != fault.CodeInput || !strings.Contains(err.Error(), "0 units done") || !strings.Contains(err.Error(), "ended without its last line") ||
		!strings.Contains(err.Error(), "line 9, execution.memory_gib: 0.001 ") || strings.Contains(err.Error(), "goroutine") {
		t.Errorf("workers in a megabyte: code %d, %v", fault.Code(err), err)
	}
	// Whatever it was that got no memory, the setting is named, with one exit code.
	for mode, want := range map[string]string{
		"memory":     "line 9, execution.memory_gib: 64 is too little: torch: [enforce fail",
		"unloadable": "line 9, execution.memory_gib: 64 is too little: libtorch is missing",
		"crash":      "line 9, execution.memory_gib: 64 may be too little: the worker ended without its last line (signal: killed); it said: terminate called",
		"input":      "seed 1: case.nii.gz: found nonsense",
	} {
		_, err := run(t, fixture(t, fixtureConfig+"execution: {memory_gib: 64}\n"), mode)
		if fault.Code(err) != fault.CodeInput || strings.Count(err.Error(), want) != 4 {
			t.Errorf("%s: code %d, %v", mode, fault.Code(err), err)
		}
	}
	if _, err := run(t, fixture(t, fixtureConfig), "memory"); fault.Code(err) != fault.CodeFailed || strings.Contains(err.Error(), "execution") {
		t.Errorf("no memory and no bound: code %d, %v", fault.Code(err), err)
	}
}

// A setting that only the worker can judge is told with the study file and its line.
func TestSettingOfTheWorker(t *testing.T) {
	dir := fixture(t, strings.Replace(fixtureConfig, "threads: 1", "threads: 1, device: cuda", 1))
	_, err := run(t, dir, "device")
	if want := filepath.Join(dir, ConfigFile) + ": line 7, training.device: found cuda, expected auto or cpu"; fault.Code(err) != fault.CodeInput || strings.Count(err.Error(), want) != 4 {
		t.Errorf("code %d, %v", fault.Code(err), err)
	}
	dir = fixture(t, strings.Replace(fixtureConfig, "threads: 1", "threads: 1, weights: nofile.pth", 1))
	_, err = open(t, dir).Plan()
	if want := filepath.Join(dir, ConfigFile) + ": line 7, training.weights: " + filepath.Join(dir, "nofile.pth") + ": no such file"; fault.Code(err) != fault.CodeInput || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("code %d, %v", fault.Code(err), err)
	}
}

func TestSecondRunIsRefused(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	tried := false
	_, err := open(t, dir).Run(ctx, Options{Command: fakeCommand("slow"), Report: func(e Event) {
		if e.Inner.Epoch != 2 {
			return
		}
		tried = true
		if st, err := open(t, dir).Status(); err != nil || !st.Running {
			t.Errorf("status while it runs: %+v, %v", st, err)
		}
		if _, err := run(t, dir, ""); err == nil || !strings.Contains(err.Error(), "another run of this study") {
			t.Errorf("second run: %v", err)
		}
		cancel()
	}})
	if !tried || !errors.Is(err, fault.ErrInterrupted) {
		t.Error(tried, err)
	}
}

// Run and worker are killed at moments drawn by chance, later each time, until
// the study is done: the answers are those of a run that nobody disturbed.
func TestKilledAtAnyMoment(t *testing.T) {
	whole := fixture(t, fixtureConfig)
	mustRun(t, whole)
	want := answers(t, whole)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	for round := range 2 {
		dir := fixture(t, fixtureConfig)
		kills := 0
		for {
			cmd := exec.Command(fakeCommand("")[0], "fake-run", "", dir)
			var said strings.Builder
			cmd.Stderr = &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			timer := time.AfterFunc(time.Duration(rng.IntN(60+15*kills))*time.Millisecond, func() { cmd.Process.Kill() })
			err := cmd.Wait()
			timer.Stop()
			if err == nil {
				break
			}
			if kills++; cmd.ProcessState.ExitCode() != -1 || kills > 200 {
				t.Fatalf("round %d, after %d kills: %v: %s", round, kills, err, said.String())
			}
		}
		if d := cmp.Diff(want, answers(t, dir)); d != "" {
			t.Fatalf("round %d, %d kills: %s", round, kills, d)
		}
		if _, err := open(t, dir).Verify(t.Context(), nil); err != nil {
			t.Errorf("after %d kills: %v", kills, err)
		}
		t.Logf("round %d: %d kills", round, kills)
	}
}

// A worker whose parent is gone ends by itself.
func TestOrphanEnds(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	cmd := exec.Command(fakeCommand("")[0], "fake-run", "slow", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(dir, runsFolder, "sagittal", "0-1")
	for !exists(filepath.Join(unit, checkpointFile)) {
		time.Sleep(5 * time.Millisecond)
	}
	cmd.Process.Kill()
	cmd.Wait()
	ctx, stop := context.WithTimeout(t.Context(), grace/2)
	defer stop()
	unlock, err := lockUnit(ctx, unit) // the worker's own lock
	if err != nil {
		t.Fatal("the worker goes on without its parent: ", err)
	}
	unlock()
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Getuid() == 0 {
		// Permissions do not bind root; a file where a folder must be does.
		dir := fixture(t, fixtureConfig)
		if err := os.WriteFile(filepath.Join(dir, runsFolder), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := run(t, dir, "")
		if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, runsFolder)) {
			t.Errorf("%v does not name the path", err)
		}
		return
	}
	dir := fixture(t, fixtureConfig)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	if _, err := run(t, dir, ""); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v does not name the path", err)
	}
}

func TestWorkerEnvironment(t *testing.T) {
	env := WorkerEnv([]string{"PATH=/bin", "OMP_NUM_THREADS=64", "MALLOC_TOP_PAD_=1"}, 3)
	want := []string{"PATH=/bin", "GOGC=25", "MALLOC_ARENA_MAX=1", "MALLOC_MMAP_THRESHOLD_=1073741824", "MALLOC_TOP_PAD_=16777216", "MALLOC_TRIM_THRESHOLD_=1099511627776", "OMP_NUM_THREADS=3"}
	if d := cmp.Diff(want, env); d != "" {
		t.Error(d)
	}
}

// What a stranger writes to a worker's input is refused in one line.
func TestWorkRefusesNonsense(t *testing.T) {
	for _, in := range []string{"", "{}\n", "hello\n", `{"unit":{"dir":"/nowhere","hash":"x"},"settings":"y"}` + "\n"} {
		var out strings.Builder
		err := Worker{Run: fakeRunner("")}.Work(t.Context(), strings.NewReader(in), &out)
		if fault.Code(err) != fault.CodeInput || strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), `"code":3`) {
			t.Errorf("%q: %v, said %q", in, err, out.String())
		}
	}
}

// A unit that cannot be trained is told once: what would answer with its network is
// left out, not reported as a second failure.
func TestDependentsOfAFailedUnit(t *testing.T) {
	dir := fixture(t, strings.NewReplacer("arms: [sagittal, sagittal-attention]", "arms: [sagittal, sagittal-attention, sagittal-jitter-5]", "map_steps: 0", "map_steps: 2").Replace(fixtureConfig))
	sum, err := run(t, dir, "input sagittal 0")
	var partial *fault.Partial
	if !errors.As(err, &partial) || len(partial.Failed) != 1 || !strings.Contains(err.Error(), "sagittal, fold 0, seed 1: case.nii.gz") {
		t.Fatalf("found %v, expected the one failure of sagittal, fold 0", err)
	}
	if left := 3; sum.Ran != sum.Units-left { // the unit, its jitter, its maps
		t.Errorf("%d of %d units ran, expected all but %d", sum.Ran, sum.Units, left)
	}
	mustRun(t, dir)
}
