//go:build unix

package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/volume"

	"magn/internal/testenv"
)

// fill sets the column use of a series of case C0001 as a spreadsheet program saves
// it: with semicolons and a byte-order mark.
func (w *ward) fill(answers map[string]string) {
	w.t.Helper()
	lines := []string{"\ufeff" + strings.Join(seriesColumns, ";")}
	for _, r := range w.rows() {
		if a, ok := answers[r["number"]]; ok && r["case"] == "C0001" {
			r["use"] = a
		}
		var cells []string
		for _, c := range seriesColumns {
			cells = append(cells, `"`+r[c]+`"`)
		}
		lines = append(lines, strings.Join(cells, ";"))
	}
	if err := os.WriteFile(filepath.Join(w.opt.Study, importFolder, seriesFile), []byte(strings.Join(lines, "\r\n")+"\r\n"), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func again(number int) func(b *body, shots []shot) []shot {
	return func(b *body, shots []shot) []shot {
		if b.seed == 1 {
			shots = append(shots, shot{view: volume.Coronal, number: number, minute: 30, desc: "t1_tse_cor rep", agent: "Gadovist"})
		}
		return shots
	}
}

// What the rules leave open a person decides in series.csv; a wrong answer is an
// error with its line, and an answer stays.
func TestUse(t *testing.T) {
	w := newWard(t, 3, again(7))
	r, err := w.run()
	if err != nil {
		t.Fatal(err)
	}
	if fault.Code(r.Err()) != fault.CodePartial || len(r.Undecided) != 1 || r.Undecided[0] != "C0001 coronal" || len(r.Cohort.Cases) != 2 {
		t.Fatalf("%+v %v", r, r.Err())
	}
	if s := r.Cohort.Excluded[0].Reason; !strings.Contains(s, "not known which series") {
		t.Error(s)
	}
	for answer, say := range map[string]string{
		"maybe": `line 7, column use: found "maybe"`, "axial": `line 7, column use: found "axial" for a stack of coronal slices`,
	} {
		w.fill(map[string]string{"7": answer})
		if _, err := w.run(); fault.Code(err) != fault.CodeInput || !strings.Contains(err.Error(), strings.Replace(say, "line 7", "line 8", 1)) {
			t.Errorf("%s: %v", answer, err)
		}
	}
	w.fill(map[string]string{"7": "Yes"})
	r = w.must()
	if got := w.numbers()["C0001 coronal"]; got != "7" || r.Converted != 1 || r.Kept != 2 {
		t.Errorf("series %s, %+v", got, r)
	}
	w.must()
	if got := w.numbers()["C0001 coronal"]; got != "7" {
		t.Errorf("the answer was lost: %s", w.list())
	}
	w.fill(map[string]string{"7": "no"})
	r = w.must()
	if got := w.numbers()["C0001 coronal"]; got != "5" || r.Converted != 1 {
		t.Errorf("series %s, %+v", got, r)
	}
	w.fill(map[string]string{"7": "", "5": "no"})
	w.must()
	if got := w.numbers()["C0001 coronal"]; got != "7" {
		t.Errorf("series %s", got)
	}
}

// A block of a 3-D sequence may stand for a view that nothing else shows.
func TestUseOfABlock(t *testing.T) {
	w := newWard(t, 2, func(_ *body, shots []shot) []shot {
		for i := range shots {
			if s := &shots[i]; s.number == 5 {
				*s = shot{view: volume.Sagittal, number: 5, minute: 19, agent: "Gadovist", scanning: "GR", acq: "3D", tr: 5, te: 2, flip: 10, step: 5, slices: 25}
			}
		}
		return shots
	})
	if r, err := w.run(); err != nil || r.Cohort != nil {
		t.Fatal(err)
	}
	w.fill(map[string]string{"4": "yes", "5": "coronal"})
	r, err := w.run()
	if err != nil {
		t.Fatal(err)
	}
	if r.Converted != 1 || w.numbers()["C0001 coronal"] != "5" {
		t.Errorf("%+v\n%s", r, w.list())
	}
}

// A bad patient costs himself.
func TestOneBadPatient(t *testing.T) {
	w := newWard(t, 3, nil)
	bad := w.bodies[2]
	files, err := filepath.Glob(filepath.Join(bad.dir, "*-006-*", "*.dcm"))
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	if err := os.Truncate(files[len(files)/2], 900); err != nil {
		t.Fatal(err)
	}
	r, err := w.run()
	if err != nil {
		t.Fatal(err)
	}
	if fault.Code(r.Err()) != fault.CodePartial || !strings.Contains(failures(r), "case C0003, no axial: series 6") {
		t.Errorf("%v", r.Err())
	}
	if len(r.Cohort.Cases) != 2 || r.Converted != 2 || !strings.Contains(r.Cohort.Excluded[0].Reason, "axial") {
		t.Errorf("%+v", r.Cohort)
	}
	noSecrets(t, w.opt.Study)
}

// Only what changed is done again.
func TestOnlyWhatChanged(t *testing.T) {
	w := newWard(t, 3, nil)
	if r := w.must(); r.Converted != 3 {
		t.Fatalf("%+v", r)
	}
	b := w.bodies[1]
	b.radius = 20
	w.outline(b, shot{view: volume.Sagittal}.grid(), b.id+"_sag.nii.gz")
	if r := w.must(); r.Converted != 1 || r.Kept != 2 {
		t.Errorf("%+v", r)
	}
	read, err := cohort.Case{Dir: filepath.Join(w.opt.Study, "cases", "C0002")}.Stacks(volume.Sagittal)[0].Read(volume.Sagittal)
	if err != nil || dice(b, read.Mask) != 1 {
		t.Errorf("%v", err)
	}
	// The study must not lose the patients of a source that is not named.
	sources := w.opt.Sources
	w.opt.Sources = []string{w.bodies[0].dir}
	if _, err := w.run(); fault.Code(err) != fault.CodeInput || !strings.Contains(err.Error(), "C0002, C0003") {
		t.Errorf("%v", err)
	}
	w.opt.Sources = sources
	// Nor those whose outlines are not named.
	w.opt.Annotations = ""
	if _, err := w.run(); fault.Code(err) != fault.CodeInput || !strings.Contains(err.Error(), "outlines: found none for cases that the study has: C0001, C0002, C0003") {
		t.Errorf("%v", err)
	}
	w.opt.Annotations = filepath.Join(w.root, "outlines")
	if c, err := cohort.Load(w.opt.Study); err != nil || len(c.Cases) != 3 {
		t.Errorf("%v", err)
	}
	// Rules that exclude a patient take his case out.
	w.opt.Rules = filepath.Join(w.root, "rules.yaml")
	w.write("rules.yaml", "- {rule: class}\n- {rule: age, max: 51}\n- {rule: diameter, min: 20}\n")
	r := w.must()
	if len(r.Cohort.Cases) != 2 || r.Kept != 2 {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(filepath.Join(w.opt.Study, "cases", "C0003")); !errors.Is(err, os.ErrNotExist) {
		t.Error("the case of an excluded patient is still there")
	}
}

// interrupter ends the context when a stage has come to n.
type interrupter struct {
	stage  string
	n      int
	cancel func()
	now    atomic.Value
}

func (i *interrupter) Stage(name string) { i.now.Store(name) }

func (i *interrupter) Set(done, _ int) {
	if i.now.Load() == i.stage && done >= i.n {
		i.cancel()
	}
}

// whole checks that each case folder that is there can be read.
func whole(t *testing.T, study string) int {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(study, "cases", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		for _, v := range volume.Views {
			stacks := cohort.Case{Dir: dir}.Stacks(v)
			if len(stacks) != 1 {
				t.Errorf("%s has %d stacks of %s", dir, len(stacks), v)
				continue
			}
			if _, err := stacks[0].Read(v); err != nil {
				t.Error(err)
			}
		}
		if readMade(dir) == nil {
			t.Errorf("%s has no %s", dir, madeFile)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(study), ".*.partial")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return len(dirs)
}

// Interrupted at any stage there are whole cases, and the next import goes on.
func TestInterrupted(t *testing.T) {
	w := newWard(t, 3, nil)
	for _, at := range []interrupter{{stage: "scan", n: 5}, {stage: "thumbnails", n: 3}, {stage: "cases", n: 1}} {
		ctx, cancel := context.WithCancel(t.Context())
		at.cancel = cancel
		_, err := Run(ctx, w.opt, &at)
		cancel()
		if !errors.Is(err, fault.ErrInterrupted) {
			t.Errorf("%s: %v", at.stage, err)
		}
		n := whole(t, w.opt.Study)
		t.Logf("interrupted in %s: %d whole cases", at.stage, n)
		if _, err := os.Stat(filepath.Join(w.opt.Study, "cohort.csv")); err == nil {
			t.Error("a cohort of an import that did not end")
		}
	}
	kept := whole(t, w.opt.Study)
	if r := w.must(); r.Kept != kept || r.Converted != 3-kept || kept == 0 {
		t.Errorf("%d whole cases, then %+v", kept, r)
	}
}

// A full disk ends the import with an error that names a file, and leaves whole
// cases only.
func TestFullDisk(t *testing.T) {
	w := newWard(t, 2, nil)
	for _, limit := range []int{50, 3000, 9000} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestOnFullDisk$")
		cmd.Env = append(os.Environ(), "MAGN_TEST_FULL="+strconv.Itoa(limit), "MAGN_TEST_DIR="+w.root)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "the error, code 1: ") || !strings.Contains(string(out), w.root) || !strings.Contains(string(out), "too large") {
			t.Errorf("limit %d: %v: %s", limit, err, out)
		}
		t.Logf("limit %d: %d whole cases; %s", limit, whole(t, w.opt.Study), strings.Split(string(out), "\n")[0])
	}
	if r := w.must(); len(r.Cohort.Cases) != 2 {
		t.Errorf("%+v", r)
	}
}

// TestOnFullDisk does nothing by itself: TestFullDisk runs it in a process in which
// no file can grow beyond a limit.
func TestOnFullDisk(t *testing.T) {
	n, err := strconv.ParseUint(os.Getenv("MAGN_TEST_FULL"), 10, 64)
	if err != nil {
		return
	}
	testenv.SmallDisk(t, n)
	root := os.Getenv("MAGN_TEST_DIR")
	_, err = Run(t.Context(), Options{
		Sources: []string{filepath.Join(root, "dvd")}, Study: filepath.Join(root, "study"), Clinical: filepath.Join(root, "clinical.csv"),
		Annotations: filepath.Join(root, "outlines"), Classes: []string{"myeloma", "metastasis"}, Positive: "myeloma",
		Shuffle: func(int, func(i, j int)) {}, noShift: true,
	}, nil)
	fmt.Printf("the error, code %d: %v\n", fault.Code(err), err)
}

// A stack that its headers tear apart is not taken as it is: a person is asked.
func TestTornStack(t *testing.T) {
	w := newWard(t, 2, nil)
	b := w.bodies[0]
	files, err := filepath.Glob(filepath.Join(b.dir, "*-004-*", "*"))
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	last := files[len(files)-1]
	raw, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	other := b.frame[:len(b.frame)-1] + "8"
	if err := os.WriteFile(last, bytes.ReplaceAll(raw, []byte(b.frame), []byte(other)), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := w.run()
	if err != nil {
		t.Fatal(err)
	}
	asked := false
	for _, row := range w.rows() {
		asked = asked || row["case"] == "C0001" && row["number"] == "4" && row["verdict"] == "unsure" && strings.Contains(row["reason"], "more slices of the same stack")
	}
	if !asked || len(r.Undecided) != 1 || r.Undecided[0] != "C0001 sagittal" {
		t.Errorf("%v\n%s", r.Undecided, w.list())
	}
}

// A series that lacks a slice is refused with what to do about it, and filled on
// request; the others' cases are made anew then, since they may have been filled too.
func TestMissingSlice(t *testing.T) {
	w := newWard(t, 3, nil)
	files, err := filepath.Glob(filepath.Join(w.bodies[2].dir, "*-006-*", "*.dcm"))
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	if err := os.Remove(files[len(files)/2]); err != nil {
		t.Fatal(err)
	}
	r, err := w.run()
	if err != nil {
		t.Fatal(err)
	}
	if say := failures(r); fault.Code(r.Err()) != fault.CodePartial || len(r.Cohort.Cases) != 2 || !strings.Contains(say, "case C0003, no axial: series 6: ") || !strings.Contains(say, "--interpolate") {
		t.Errorf("%v", r.Err())
	}
	w.opt.Interpolate = true
	if r := w.must(); len(r.Cohort.Cases) != 3 || r.Converted != 3 {
		t.Errorf("%+v", r)
	}
	stacks := cohort.Case{Dir: filepath.Join(w.opt.Study, "cases", "C0003")}.Stacks(volume.Axial)
	read, err := stacks[0].Read(volume.Axial)
	if err != nil || read.Image.Size[2] != 11 {
		t.Errorf("%v %v", err, read.Image.Size)
	}
}
