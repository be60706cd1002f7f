package evidence

import (
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"magn/internal/fault"
)

var (
	names  = rapid.StringMatching(`[^\pC]{1,9}`) // quotes, commas, blanks and all
	shares = rapid.Float64Range(0, 1)
)

// What is written is read back, every digit of it.
func TestTablesRoundTrip(t *testing.T) {
	predictions := rapid.Custom(func(t *rapid.T) Prediction {
		return Prediction{
			Case: names.Draw(t, "case"), Group: names.Draw(t, "group"), Arm: names.Draw(t, "arm"),
			Fold: rapid.IntRange(0, 9).Draw(t, "fold"), Seed: rapid.Int().Draw(t, "seed"), Label: rapid.IntRange(0, 1).Draw(t, "label"),
			Logit: rapid.Float64().Draw(t, "logit"), Score: shares.Draw(t, "score"), Threshold: rapid.Float64().Draw(t, "threshold"),
		}
	})
	overlaps := rapid.Custom(func(t *rapid.T) Overlap {
		return Overlap{shares.Draw(t, "energy"), shares.Draw(t, "iou"), rapid.Bool().Draw(t, "hit")}
	})
	maps := rapid.Custom(func(t *rapid.T) MapRow {
		m := MapRow{
			Case: names.Draw(t, "case"), Group: names.Draw(t, "group"), Arm: names.Draw(t, "arm"),
			Fold: rapid.IntRange(0, 9).Draw(t, "fold"), Seed: rapid.Int().Draw(t, "seed"), View: names.Draw(t, "view"),
			Share: shares.Draw(t, "share"), Zero: rapid.Bool().Draw(t, "zero"),
		}
		if !m.Zero {
			m.Map = overlaps.Draw(t, "map")
		}
		m.Gaussian = overlaps.Draw(t, "gaussian")
		if m.Crop = rapid.IntRange(0, 2).Draw(t, "crop"); m.Crop > 0 {
			m.ShiftX, m.ShiftY = rapid.IntRange(-64, 64).Draw(t, "x"), rapid.IntRange(-64, 64).Draw(t, "y")
		}
		return m
	})
	rapid.Check(t, func(t *rapid.T) {
		roundTrip(t, predictionFormat, rapid.SliceOfN(predictions, 0, 5).Draw(t, "predictions"))
		roundTrip(t, mapFormat, rapid.SliceOfN(maps, 0, 5).Draw(t, "maps"))
	})
}

// roundTrip holds that rows can be written and come back.
func roundTrip[T any](t interface{ Fatal(...any) }, f format[T], rows []T) {
	data, bad := f.encode(rows)
	if bad != nil {
		t.Fatal(bad)
	}
	got, bad := f.decode(bytes.NewReader(data))
	if bad != nil {
		t.Fatal(bad)
	}
	if d := cmp.Diff(rows, got, cmpopts.EquateEmpty()); d != "" {
		t.Fatal(d)
	}
}

func TestFitsRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fits.json")
	fits := []Fit{{"weights", []string{"b", "<a>"}}, {"threshold", []string{"c"}}}
	if err := WriteFits(path, fits); err != nil {
		t.Fatal(err)
	}
	if fits[0].Groups[0] != "b" {
		t.Error("writing sorted the caller's slice")
	}
	data, _ := os.ReadFile(path)
	const want = `[
  {
    "step": "weights",
    "groups": [
      "<a>",
      "b"
    ]
  },
  {
    "step": "threshold",
    "groups": [
      "c"
    ]
  }
]
`
	if string(data) != want {
		t.Errorf("%s", data)
	}
	got, err := ReadFits(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]Fit{{"weights", []string{"<a>", "b"}}, fits[1]}, got); d != "" {
		t.Error(d)
	}
	if err := WriteFits(path, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFits(path); err != nil || len(got) != 0 {
		t.Errorf("no fits: %v, %v", got, err)
	}
}

func TestResultsRoundTrip(t *testing.T) {
	r := summarised(t)
	nan := math.NaN()
	r.Arms[0].Metrics.F1 = Interval{0.1 + 0.2, nan, 1}
	r.Comparisons = append(r.Comparisons, Comparison{A: "a", B: "b", DeltaAUC: nan, Low: nan, High: nan, P: nan, PHolm: nan})
	r.Leakage.Violations = append(r.Leakage.Violations, Violation{Arm: "a", Step: "s", Groups: []string{"g"}})
	path := filepath.Join(t.TempDir(), "results.json")
	if err := WriteResults(path, r); err != nil {
		t.Fatal(err)
	}
	got, err := ReadResults(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, got, cmpopts.EquateNaNs()); d != "" {
		t.Error(d)
	}
	if !bytes.Equal(file(t, r), file(t, got)) {
		t.Error("written again, the bytes differ")
	}
}

// Lists are never null, and writing leaves the caller's value alone.
func TestEmptyResults(t *testing.T) {
	r := Results{Arms: []ArmResult{{Folds: []FoldResult{{}}}}, Leakage: Leakage{Violations: []Violation{{}}}}
	data := file(t, r)
	if bytes.Contains(data, []byte("null")) {
		t.Errorf("null in %s", data)
	}
	if r.Arms[0].Folds[0].ROC != nil || r.Arms[0].Views != nil || r.Leakage.Violations[0].Groups != nil {
		t.Error("writing changed the caller's value")
	}
	want := "{\n  \"study\": \"\",\n  \"positive\": \"\",\n  \"negative\": \"\",\n  \"cases\": 0,\n  \"groups\": 0,\n" +
		"  \"arms\": [],\n  \"comparisons\": [],\n  \"leakage\": {\n    \"checked\": 0,\n    \"steps\": [],\n    \"violations\": []\n  },\n  \"map_differences\": [],\n  \"patients\": []\n}\n"
	if got := string(file(t, Results{})); got != want {
		t.Errorf("%s", got)
	}
}

// Absent is undefined, not 0.
func TestAbsentNumbers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	os.WriteFile(path, []byte(`{"arms": [{"metrics": {"auc": {"value": 0.5}}}], "comparisons": [{"a": "x"}]}`), 0o600)
	r, err := ReadResults(path)
	if err != nil {
		t.Fatal(err)
	}
	m, c := r.Arms[0].Metrics, r.Comparisons[0]
	if m.AUC.Value != 0.5 || !math.IsNaN(m.AUC.Low) || !math.IsNaN(m.Brier.Value) || !math.IsNaN(c.DeltaAUC) || !math.IsNaN(c.PHolm) {
		t.Errorf("%+v %+v", m, c)
	}
}

func TestBadFiles(t *testing.T) {
	const head = "case,group,arm,fold,seed,label,logit,score,threshold\n"
	const mapHead = "case,group,arm,fold,seed,view,crop,shift_x,shift_y,share,energy,iou,hit,zero,gaussian_energy,gaussian_iou,gaussian_hit\n"
	predictions := func(p string) error { _, err := ReadPredictions(p); return err }
	maps := func(p string) error { _, err := ReadMaps(p); return err }
	fits := func(p string) error { _, err := ReadFits(p); return err }
	results := func(p string) error { _, err := ReadResults(p); return err }
	for _, c := range []struct {
		read func(string) error
		text string
		want string
	}{
		{predictions, "", "an empty file"},
		{predictions, "case,arm\n", "line 1: found the columns case,arm"},
		{predictions, head + "a,g,m,0,1,1,0.5,0.6,0.5\na,g,m,0\n", "line 3: found 4 columns, expected 9"},
		{predictions, head + "a,g,m,0,1,1,0.5,0.6,0.5\n\"a\nb\",g,m,0,1,1,0,1.0,x\n", `line 3, threshold: found "x", expected a number`},
		{predictions, head + "a,g,m,zero,1,1,0,1,0.5\n", `line 2, fold: found "zero", expected a whole number`},
		{predictions, head + "a,g,m,-1,1,1,0,1,0.5\n", "line 2, fold: found -1, expected 0 or more"},
		{predictions, head + "a,g,m,0,1,2,0,1,0.5\n", "line 2, label: found 2, expected 0 or 1"},
		{predictions, head + "a,g,m,0,1,1,NaN,1,0.5\n", "line 2, logit: found NaN"},
		{predictions, head + "a,g,m,0,1,1,0,1.5,0.5\n", "line 2, score: found 1.5"},
		{predictions, head + "a,g,m,0,1,1,0,1e999,0.5\n", `line 2, score: found "1e999"`},
		{predictions, head + ",g,m,0,1,1,0,1,0.5\n", `line 2, case: found ""`},
		{predictions, head + "a\tb,g,m,0,1,1,0,1,0.5\n", `line 2, case: found "a\tb"`},
		{predictions, head + "a,\"g,m,0,1,1,0,1,0.5\n", "line 2: extraneous or missing"},
		{maps, mapHead + "a,g,m,0,1,axial,0,0,0,0.1,0.1,0.1,yes,0,0,0,0\n", `line 2, hit: found "yes", expected 0 or 1`},
		{maps, mapHead + "a,g,m,0,1,axial,0,0,0,0.1,0.1,-0.1,1,0,0,0,0\n", "line 2, iou: found -0.1"},
		{maps, mapHead + "a,g,m,0,1,axial,0,0,0,0.1,0.1,0,0,1,0,0,0\n", "line 2, zero: found a zero map that scores"},
		{maps, mapHead + "a,g,m,0,1,,0,0,0,0.1,0.1,0,0,0,0,0,0\n", "line 2, view"},
		{maps, mapHead + "a,g,m,0,1,axial,0,3,0,0.1,0.1,0,0,0,0,0,0\n", "line 2, shift_x, shift_y: found a shift of crop 0"},
		{maps, mapHead + "a,g,m,0,1,axial,0,0,0,0.1,0.1,0,0,0,2,0,0\n", "line 2, gaussian_energy: found 2"},
		{fits, "", "too early"},
		{fits, "[{\"step\": \"weights\",\n \"groups\": [1]}]", "line 2: json: cannot unmarshal number"},
		{fits, "[\n\n{]", "line 3: invalid character"},
		{fits, "[]\n[]", "something after the end"},
		{fits, `[{"step": "", "groups": ["a"]}]`, "fit 1, step"},
		{fits, `[{"step": "a", "groups": ["a"]}, {"step": "b"}]`, "fit 2, groups: found none"},
		{results, `{"arms": [`, "too early"},
		{results, `{"arms": [{"metrics": {"auc": {"value": "high"}}}]}`, "metrics: interval: json: cannot unmarshal string"},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := c.read(path)
		var in *fault.Input
		if !errors.As(err, &in) || in.File != path || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
	for _, read := range []func(string) error{predictions, maps, fits, results} {
		if err := read(filepath.Join(t.TempDir(), "absent")); fault.Code(err) != fault.CodeInput || !errors.Is(err, os.ErrNotExist) {
			t.Errorf("absent file: %v", err)
		}
	}
}

// What cannot be written leaves the old file whole, and nothing beside it.
func TestFailedWritesLeaveTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"a score above 1":      WritePredictions(path, []Prediction{{Case: "a", Group: "a", Arm: "a", Score: 2}}),
		"a view with newline":  WriteMaps(path, []MapRow{{Case: "a", Group: "a", Arm: "a", View: "a\nb"}}),
		"a fit without groups": WriteFits(path, []Fit{{Step: "weights"}}),
		"an infinite number":   WriteResults(path, Results{Comparisons: []Comparison{{P: math.Inf(1)}}}),
	} {
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v does not name the file", name, err)
		}
	}
	if data, _ := os.ReadFile(path); string(data) != "old" {
		t.Errorf("the old file is now %q", data)
	}
	if err := WritePredictions(filepath.Join(path, "below"), nil); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("below a file: %v", err)
	}
	target := filepath.Join(dir, "folder")
	os.Mkdir(target, 0o700)
	if err := WriteResults(target, Results{}); err == nil || !strings.Contains(err.Error(), target) {
		t.Errorf("over a folder: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}

// What is accepted can be written again, and comes back as it was.
func FuzzReadPredictions(f *testing.F) {
	f.Add([]byte("case,group,arm,fold,seed,label,logit,score,threshold\na,g,m,0,1,1,0.5,0.6,0.5\n"))
	f.Add([]byte("case,group,arm,fold,seed,label,logit,score,threshold\n\"a\"\"\",g,m,0,1,1,-0,1e-320,0x1p-2\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if rows, bad := predictionFormat.decode(bytes.NewReader(data)); bad == nil {
			roundTrip(t, predictionFormat, rows)
		}
	})
}

func FuzzReadMaps(f *testing.F) {
	f.Add([]byte("case,group,arm,fold,seed,view,energy,share,iou,hit,zero\na,g,m,0,1,axial,0.1,0.1,0.1,1,0\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if rows, bad := mapFormat.decode(bytes.NewReader(data)); bad == nil {
			roundTrip(t, mapFormat, rows)
		}
	})
}

func FuzzReadFits(f *testing.F) {
	f.Add([]byte(`[{"step":"weights","groups":["a","b"]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var fits, again []Fit
		if parseJSON(data, &fits) != nil || checkFits(fits) != nil {
			return
		}
		sameJSON(t, list(fits), &again)
		if checkFits(again) != nil {
			t.Fatal("written again, it is refused")
		}
	})
}

func FuzzReadResults(f *testing.F) {
	f.Add([]byte(`{"arms":[{"metrics":{"auc":{"value":0.5,"low":null}},"folds":[{"roc":[{"fpr":0,"tpr":1}]}]}],"comparisons":[{"p":1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r, again Results
		if parseJSON(data, &r) == nil {
			sameJSON(t, r.filled(), &again)
		}
	})
}

// sameJSON writes v and reads it into again.
func sameJSON[T any](t *testing.T, v T, again *T) {
	data, err := encodeJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	if bad := parseJSON(data, again); bad != nil {
		t.Fatal(bad)
	}
	if d := cmp.Diff(v, *again, cmpopts.EquateNaNs()); d != "" {
		t.Fatal(d)
	}
}
