package study

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magn/internal/fault"
)

func hashes(t *testing.T, dir string) map[string]string {
	t.Helper()
	plan, err := open(t, dir).Plan()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, p := range plan {
		out[p.Name()] = p.Unit.Hash
	}
	return out
}

func TestPlanOrder(t *testing.T) {
	dir := fixture(t, fixtureConfig+"seeds: [7, 3]\n")
	s := open(t, dir)
	plan, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	tested := map[string]int{}
	for _, p := range plan {
		got = append(got, fmt.Sprintf("%s/%d-%d", p.Unit.Arm, p.Unit.Fold, p.Unit.Seed))
		in := map[string]bool{}
		for _, c := range p.Unit.Train {
			in[c.Group] = true
		}
		for _, c := range p.Unit.Test {
			tested[c.ID]++
			if in[c.Group] {
				t.Errorf("%s: group %s on both sides", p.Name(), c.Group)
			}
		}
		if p.Unit.Network.Attention != strings.HasSuffix(p.Unit.Arm, "-attention") || p.State != ToRun {
			t.Errorf("%s: attention %v, %s", p.Name(), p.Unit.Network.Attention, p.State)
		}
	}
	want := "sagittal/0-7 sagittal/0-3 sagittal/1-7 sagittal/1-3 sagittal-attention/0-7 sagittal-attention/0-3 sagittal-attention/1-7 sagittal-attention/1-3"
	if strings.Join(got, " ") != want {
		t.Errorf("order %v", got)
	}
	for _, c := range s.Cases {
		if tested[c.ID] != 4 { // two arms, two seeds
			t.Errorf("%s is tested %d times", c.ID, tested[c.ID])
		}
	}
}

// A hash changes with all that the result depends on and with nothing else.
func TestHash(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	before := hashes(t, dir)
	again := fixture(t, fixtureConfig) // in another folder
	if fmt.Sprint(hashes(t, again)) != fmt.Sprint(before) {
		t.Error("the same study in another folder has other hashes")
	}
	set := func(old, new string) map[string]string {
		t.Helper()
		text := strings.Replace(fixtureConfig, old, new, 1)
		if text == fixtureConfig {
			t.Fatalf("%q is not in the fixture", old)
		}
		if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return hashes(t, dir)
	}
	for _, c := range []struct {
		old, new string
		changes  string // the hashes of which arms
	}{
		{"epochs: 4", "epochs: 5", "sagittal"},
		{"precision: fp32", "precision: fp64", "sagittal"},
		{"threads: 1", "threads: 2", "sagittal"},
		{"resnet18", "resnet34", "sagittal"},
		{"crop: 32", "crop: 64", "sagittal"},
		{"lambda: [0.5]", "lambda: [0.4]", "attention"}, // has no part in the other
		{"lambda: [0.5]", "lambda: [0.5], attention_loss: mse", "attention"},
		{"threads: 1", "threads: 1, device: cpu", "none"},
		{"threads: 1", "threads: 1, checkpoint_seconds: 0", "none"},
		{"folds: 2", "folds: 2\nexecution: {workers: 2, memory_gib: 4}", "none"},
		{"folds: 2", "folds: 2\nnote: hello", "none"},
		{"name: fixture", "name: other", "none"},
	} {
		after := set(c.old, c.new)
		for name, hash := range before {
			if changed := after[name] != hash; changed != strings.Contains(name, c.changes) {
				t.Errorf("%s: hash of %s changed: %v", c.new, name, changed)
			}
		}
	}
	set("name: fixture", "name: again")

	// The images of views that an arm does not see are no concern of it.
	side := func(view string) {
		t.Helper()
		path := filepath.Join(dir, "cases", "p3", view+".json")
		text := read(t, path)
		changed := strings.Replace(text, `"mask_sha256": "`, `"mask_sha256": "0`, 1)
		if changed == text {
			t.Fatal("no sum in the sidecar")
		}
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	side("axial")
	if fmt.Sprint(hashes(t, dir)) != fmt.Sprint(before) {
		t.Error("a change of the axial mask changed a sagittal arm")
	}
	side("sagittal")
	for name, hash := range hashes(t, dir) {
		if before[name] == hash {
			t.Errorf("%s: hash is the same although a mask changed", name)
		}
	}
}

// Who lacks a view of any arm is left out of all.
func TestMissingView(t *testing.T) {
	config := strings.Replace(fixtureConfig, "[sagittal, sagittal-attention]", "[multi-view, sagittal]", 1)
	dir := fixture(t, strings.Replace(config, "epochs: 4", "epochs: 4, inner_fraction: 0", 1))
	s := open(t, dir)
	if len(s.Cases) != 8 || len(s.Excluded) != 1 || s.Excluded[0].ID != "p8" || s.Excluded[0].Reason != "no stack of view axial" {
		t.Errorf("%d cases, excluded %v", len(s.Cases), s.Excluded)
	}
	plan, err := s.Plan()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plan {
		if n := len(p.Unit.Train) + len(p.Unit.Test); n != 8 {
			t.Errorf("%s: %d cases", p.Name(), n)
		}
	}
}

// A fold that leaves too few groups for the inner split is told before anything is
// trained.
func TestInnerSplitIsForeseen(t *testing.T) {
	config := strings.Replace(fixtureConfig, "[sagittal, sagittal-attention]", "[multi-view]", 1)
	dir := fixture(t, config)
	_, err := open(t, dir).Plan()
	if fault.Code(err) != fault.CodeInput || !strings.Contains(err.Error(), filepath.Join(dir, "folds.csv")+": test fold") || !strings.Contains(err.Error(), "inner_fraction: 0") {
		t.Errorf("%v", err)
	}
}

// The split is made once; a later one must fit the cohort.
func TestSplitIsFrozen(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	hashes(t, dir)
	split := read(t, dir, "folds.csv")
	text := strings.Replace(fixtureConfig, "folds: 2", "folds: 2\nseed: 99", 1)
	if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	hashes(t, dir)
	if read(t, dir, "folds.csv") != split {
		t.Error("another seed changed the split")
	}
	text = strings.Replace(fixtureConfig, "folds: 2", "folds: 3", 1)
	if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, dir).Plan(); err == nil || !strings.Contains(err.Error(), "frozen") {
		t.Errorf("three folds of a split into two: %v", err)
	}
}

// Looking does not freeze the split.
func TestStatusMakesNoSplit(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	st, err := open(t, dir).Status()
	if err != nil {
		t.Fatal(err)
	}
	if exists(filepath.Join(dir, foldsFile)) || len(st.Arms) != 2 || st.Arms[0].ToRun != 2 || st.Running {
		t.Errorf("%+v", st)
	}
	if _, err := open(t, dir).Plan(); err != nil {
		t.Fatal(err)
	}
	if again, err := open(t, dir).Status(); err != nil || again.Arms[0] != st.Arms[0] {
		t.Errorf("with a split: %+v, %v", again, err)
	}
}
