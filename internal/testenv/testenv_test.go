package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// verdict is a testing.TB that remembers how the test ended. Only what testenv
// calls is there; anything else would panic on the nil TB.
type verdict struct {
	testing.TB
	end, line string
}

func (v *verdict) Helper() {}

func (v *verdict) Skipf(format string, args ...any)  { v.stop("skip", format) }
func (v *verdict) Skip(args ...any)                  { v.stop("skip", "") }
func (v *verdict) Fatalf(format string, args ...any) { v.stop("fail", format) }
func (v *verdict) Fatal(args ...any)                 { v.stop("fail", "") }

func (v *verdict) stop(end, line string) {
	v.end, v.line = end, line
	panic(v)
}

// ends runs ask under the environment and says skip, fail or run.
func ends(t *testing.T, env map[string]string, ask func(testing.TB)) string {
	t.Helper()
	for _, k := range []string{"CI", "MAGN_DATA", "MAGN_NATIVE", "MAGN_PEERS", "MAGN_QA", "MAGN_PYTHON", "PATH"} {
		if v, ok := env[k]; ok {
			t.Setenv(k, v)
		} else if k != "PATH" {
			t.Setenv(k, "")
		}
	}
	v := &verdict{end: "run"}
	func() {
		defer func() {
			if r := recover(); r != nil && r != any(v) {
				panic(r)
			}
		}()
		ask(v)
	}()
	return v.end
}

func TestWhoMaySkip(t *testing.T) {
	empty := t.TempDir()
	library := t.TempDir()
	for _, file := range []string{"libmagn_torch.so", "libmagn_gdcm.so", "libxgboost.so.0"} {
		if err := os.WriteFile(filepath.Join(library, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	python, err := exec.LookPath("true") // imports anything
	if err != nil {
		t.Fatal(err)
	}
	no, err := exec.LookPath("false")
	if err != nil {
		t.Fatal(err)
	}
	data := func(t testing.TB) { Data(t, "brain-cet1") }
	sets := func(t testing.TB) { Sets(t) }
	torch := func(t testing.TB) { Torch(t) }
	gdcm := func(t testing.TB) { GDCM(t) }
	xgboost := func(t testing.TB) { XGBoost(t) }
	peer := func(t testing.TB) { Python(t, "torch") }
	browser := func(t testing.TB) { Browser(t) }
	type env = map[string]string
	for _, c := range []struct {
		name string
		env  env
		ask  func(testing.TB)
		want string
	}{
		{"data", env{"MAGN_DATA": filepath.Dir(empty)}, func(t testing.TB) { Data(t, filepath.Base(empty)) }, "run"},
		{"no data", env{"MAGN_DATA": empty}, data, "skip"},
		{"no data where it was promised", env{"MAGN_DATA": empty, "CI": "true"}, data, "fail"},
		{"scanner sets", env{"MAGN_QA": empty}, sets, "run"},
		{"no scanner sets, CI", env{"CI": "true"}, sets, "skip"},
		{"scanner sets that are not there", env{"MAGN_QA": filepath.Join(empty, "sets")}, sets, "fail"},
		{"library", env{"MAGN_NATIVE": library, "CI": "true"}, torch, "run"},
		{"another library", env{"MAGN_NATIVE": library, "CI": "true"}, gdcm, "run"},
		{"no other library, CI", env{"MAGN_NATIVE": empty, "CI": "true"}, gdcm, "fail"},
		{"no library", env{"MAGN_NATIVE": empty}, torch, "skip"},
		{"no library, CI", env{"MAGN_NATIVE": empty, "CI": "true"}, torch, "fail"},
		{"library left out on purpose", env{"MAGN_NATIVE": "none", "CI": "true"}, torch, "skip"},
		{"XGBoost of one's own", env{"MAGN_NATIVE": library, "CI": "true"}, xgboost, "run"},
		{"XGBoost left out on purpose", env{"MAGN_NATIVE": "none", "CI": "true"}, xgboost, "skip"},
		{"peer", env{"MAGN_PYTHON": python, "CI": "true"}, peer, "run"},
		{"no peer", env{"MAGN_PYTHON": no}, peer, "skip"},
		{"no peer, CI", env{"MAGN_PYTHON": no, "CI": "true"}, peer, "fail"},
		{"no peer, asked for by name", env{"MAGN_PYTHON": no, "MAGN_PEERS": "1"}, peer, "fail"},
		{"no Python", env{"MAGN_PYTHON": filepath.Join(empty, "python3"), "CI": "true"}, peer, "fail"},
		{"no browser", env{"PATH": empty}, browser, "skip"},
		{"no browser, CI", env{"PATH": empty, "CI": "true"}, browser, "fail"},
	} {
		if got := ends(t, c.env, c.ask); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// The built program lies in bin/ with lib/ beside bin/, where the native
// libraries are looked for.
func TestMagnIsBuiltAsInstalled(t *testing.T) {
	path := Magn(t)
	out, err := exec.Command(path, "version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "magn ") {
		t.Fatalf("%s version: %v\n%s", path, err, out)
	}
	lib, err := os.Readlink(filepath.Join(filepath.Dir(path), "..", "lib"))
	if err != nil || lib != filepath.Join(Root(t), "lib") {
		t.Errorf("lib beside bin is %q (%v)", lib, err)
	}
}
