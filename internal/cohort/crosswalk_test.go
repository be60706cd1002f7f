package cohort

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

func TestCrosswalk(t *testing.T) {
	dir := t.TempDir()
	study := filepath.Join(dir, "spine")
	x, err := UpdateCrosswalk("", study, []string{"P3", " P1", "a,\"b\"", "P1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "spine-crosswalk.csv")
	mode := func() os.FileMode {
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return st.Mode().Perm()
	}
	if x.Path != path || mode() != 0o600 || x.Len() != 3 || x.Patient(x.Case("P1")) != "P1" || x.Case("nobody") != "" {
		t.Errorf("%+v, mode %o", x, mode())
	}
	// A file that was opened to others is closed again, and cases stay.
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	y, err := UpdateCrosswalk("", study, []string{"P9", "P1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if mode() != 0o600 || y.Case("P9") != "C0004" || y.Case("P1") != x.Case("P1") || y.Case(`a,"b"`) != x.Case(`a,"b"`) {
		t.Errorf("%+v, then %+v, mode %o", x, y, mode())
	}
	z, err := ReadCrosswalk(path)
	if err != nil || z.Len() != 4 || z.Case("P9") != "C0004" {
		t.Errorf("%v %+v", err, z)
	}
	t.Chdir(dir)
	if err := os.Mkdir("here", 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir("here")
	if got := CrosswalkPath("."); got != filepath.Join(dir, "here-crosswalk.csv") {
		t.Errorf("the crosswalk of . is %s", got)
	}
	if err := os.Remove(filepath.Join(dir, "here")); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if info, _ := n.Info(); info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", n.Name(), info.Mode())
		}
	}
}

// The order of the ids is drawn, not that of the patients.
func TestCrosswalkOrderIsDrawn(t *testing.T) {
	study := filepath.Join(t.TempDir(), "s")
	var patients []string
	for i := range 40 {
		patients = append(patients, fmt.Sprintf("2020%03d", i))
	}
	sorted := func(path string, shuffle func(int, func(i, j int))) int {
		x, err := UpdateCrosswalk(path, study, patients, shuffle)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i, p := range patients {
			if x.Case(p) == fmt.Sprintf("C%04d", i+1) {
				n++
			}
		}
		return n
	}
	if n := sorted(filepath.Join(filepath.Dir(study), "a.csv"), func(int, func(i, j int)) {}); n != 40 {
		t.Errorf("%d in order without a draw", n)
	}
	// At random one is expected in its place; 12 have a chance below 1e-9.
	if n := sorted(filepath.Join(filepath.Dir(study), "b.csv"), nil); n > 12 {
		t.Errorf("%d of 40 cases in the order of the patient ids", n)
	}
}

func TestCrosswalkRefused(t *testing.T) {
	dir := t.TempDir()
	study := filepath.Join(dir, "s")
	if err := os.MkdirAll(filepath.Join(study, "cases"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(study, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"s/x.csv", "s/cases/x.csv", "link/x.csv", "s/../s/new/x.csv", "s"} {
		_, err := UpdateCrosswalk(filepath.Join(dir, path), study, []string{"1"}, nil)
		wantProblem(t, err, filepath.Base(path), "crosswalk", "inside the study folder")
	}
	if _, err := UpdateCrosswalk(filepath.Join(dir, "s2.csv"), study, []string{"1"}, nil); err != nil {
		t.Errorf("beside a study whose name it begins with: %v", err)
	}
	for text, reason := range map[string]string{
		"patient,case\n1,C1\n1,C2\n": "a patient a second time", "patient,case\n1,C1\n2,c1\n": "case c1 a second time", "patient,case\n1,../x\n": "folder", "a,b\n": "no column patient",
		"patient,case\n1,\n": "an empty field",
	} {
		path := filepath.Join(dir, "bad.csv")
		writeText(t, path, text)
		_, err := UpdateCrosswalk(path, study, []string{"7"}, nil)
		wantProblem(t, err, "bad.csv", "", reason)
		if b, _ := os.ReadFile(path); string(b) != text {
			t.Errorf("a crosswalk that cannot be read was changed to %q", b)
		}
	}
	if _, err := UpdateCrosswalk("", study, []string{"a\nb"}, nil); err == nil {
		t.Error("an id with a line break")
	}
	if _, err := ReadCrosswalk(filepath.Join(dir, "none.csv")); err == nil {
		t.Error("a crosswalk that is not there")
	}
}

// However often and with whomever it is updated, a patient keeps his case and no
// two share one.
func TestCrosswalkIsStable(t *testing.T) {
	dir := t.TempDir()
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		study := filepath.Join(dir, fmt.Sprint(run))
		known := map[string]string{}
		for range rapid.IntRange(1, 4).Draw(t, "updates") {
			patients := rapid.SliceOfN(rapid.StringMatching(`[ ='",;0-9a-cé张]{1,4}`), 0, 6).Draw(t, "patients")
			x, err := UpdateCrosswalk("", study, patients, nil)
			if err != nil {
				t.Fatal(err)
			}
			used := map[string]string{}
			for _, p := range patients {
				p = idText(p)
				if p == "" {
					continue
				}
				c := x.Case(p)
				if was, ok := known[p]; c == "" || ok && was != c {
					t.Fatalf("%q was %q and is %q", p, was, c)
				}
				known[p] = c
			}
			for p, c := range known {
				if other, ok := used[c]; ok && other != p || checkID(c) != nil {
					t.Fatalf("%q and %q are %s", p, other, c)
				}
				used[c] = p
			}
		}
	})
}
