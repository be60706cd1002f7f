package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magn/internal/evidence"
	"magn/internal/fault"
)

// pageOf is the page and the figures' SVG, without the cost of PNG files.
func pageOf(t testing.TB, in Input) (html string, svgs map[string][]byte) {
	t.Helper()
	inline := map[string]inlineFigure{}
	svgs = map[string][]byte{}
	figures := figuresOf(in)
	for _, f := range figures {
		svg, err := f.svg()
		if err != nil {
			t.Fatalf("figure %s: %v", f.name, err)
		}
		svgs[f.name] = standalone(svg)
		inline[f.name] = f.inline(svg)
	}
	tables := tablesOf(in)
	l := labelsOf(figures, tables)
	data, err := page(in, inline, append(tables, checklistTable(in, l)), l)
	if err != nil {
		t.Fatal(err)
	}
	return string(data), svgs
}

// fetched are the ways in which a page can ask for something: sources, style
// imports and urls, and references that are not links to click.
var fetched = regexp.MustCompile(`(?i)\b(src|srcset|poster|data|action|xlink:href)\s*=\s*["']?([^"'\s>]*)|url\(([^)]*)\)|@import|<(script|iframe|object|embed|link|base|form|video|audio)\b`)

func TestPageAsksForNothing(t *testing.T) {
	html, _ := pageOf(t, fixture(16))
	for _, m := range fetched.FindAllStringSubmatch(html, -1) {
		if !strings.HasPrefix(m[2], "data:image/png;base64,") {
			t.Errorf("the page fetches: %.80s", m[0])
		}
	}
	if i := strings.Index(html, "://"); i >= 0 {
		t.Errorf("the page names an address: %s", html[max(0, i-40):min(len(html), i+40)])
	}
	if n := strings.Count(html, "data:image/png;base64,"); n != 2*3*4 {
		t.Errorf("%d images for 2 cases × 3 views × 4 tiles", n)
	}
	for _, want := range []string{
		"40\u00a0patients in 38\u00a0independent groups", "18 meningioma (the positive class) and 22 glioma",
		"nothing about patients.", "energy 0.487 | share 0.071", "zero map | share 0.071",
		"none has seen a group", "1 h 10 min",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if got := strings.Count(html, "<svg role=\"img\""); got != 6 {
		t.Errorf("%d inline figures, want 6", got)
	}
}

// hostile names try to leave the place that they are printed in.
const hostile = "</text></svg><script>alert(1)</script>\"'><img src=x onerror=alert(2)> &amp; $& \x00\x1b]0;\xff=1+1 {{.}} ../../x"

func TestHostileNames(t *testing.T) {
	in := fixture(8)
	in.Results.Study, in.Results.Positive, in.Results.Negative = hostile, hostile, hostile
	for i := range in.Results.Arms {
		in.Results.Arms[i].Name = hostile + string(rune('a'+i))
		for k := range in.Results.Arms[i].Maps {
			in.Results.Arms[i].Maps[k].View = hostile
		}
	}
	in.Results.Comparisons[0].A, in.Results.Comparisons[0].B = hostile+"b", hostile+"a"
	in.Results.Leakage.Violations = []evidence.Violation{{Arm: hostile, Step: hostile, Groups: []string{hostile}}}
	in.Notes = []string{hostile}
	in.Run = RunInfo{Hardware: hostile, Versions: []Fact{{hostile, hostile}}}
	for i := range in.Panels {
		p := &in.Panels[i]
		p.Case, p.Truth = hostile, hostile
		for k := range p.Views {
			p.Views[k].View = hostile
			for m := range p.Views[k].Maps {
				p.Views[k].Maps[m].Predicted = hostile
				p.Views[k].Maps[m].Arm = hostile + string(rune('a'+m))
			}
		}
	}
	for i := range in.Histories {
		in.Histories[i].Arm = hostile
	}
	html, svgs := pageOf(t, in)
	for _, bad := range []string{"<script", "<img src=x", "</text></svg><", "\x00"} {
		if strings.Contains(strings.ToLower(html), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	if !strings.Contains(html, "&lt;script&gt;") {
		t.Error("the names are not printed at all")
	}
	for name, svg := range svgs {
		if bytes.Contains(svg, []byte("<script")) {
			t.Errorf("%s.svg holds a script", name)
		}
		wellFormed(t, name, svg)
		if strings.ContainsAny(name, "./<") {
			t.Errorf("a figure's file is called %q", name)
		}
	}
}

// wellFormed reads an SVG to its end, as a strict viewer would.
func wellFormed(t *testing.T, name string, svg []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%s.svg: %v", name, err)
			return
		}
	}
}

func TestSameInputSameBytes(t *testing.T) {
	first, err := render(fixture(8))
	if err != nil {
		t.Fatal(err)
	}
	second, err := render(fixture(8))
	if err != nil {
		t.Fatal(err)
	}
	if len(first) != len(second) {
		t.Fatalf("%d and %d files", len(first), len(second))
	}
	for i := range first {
		if first[i].name != second[i].name || !bytes.Equal(first[i].data, second[i].data) {
			t.Errorf("%s differs", first[i].name)
		}
	}
	if last := first[len(first)-1].name; last != "index.html" {
		t.Errorf("%s is written last, so the page may name what is not there yet", last)
	}
}

func TestLittleIsEnough(t *testing.T) {
	one := fixture(8)
	one.Results.Arms, one.Results.Comparisons = one.Results.Arms[:1], nil
	one.Panels, one.Histories, one.Notes, one.Run = nil, nil, nil, RunInfo{}
	partly := fixture(8)
	partly.Panels[0].Views[1].Maps = partly.Panels[0].Views[1].Maps[1:] // an arm without this view
	partly.Panels[1].Views = nil
	for _, c := range []struct {
		name    string
		in      Input
		say     string
		figures int
	}{
		{"one arm", one, "nothing to compare it with", 4},
		{"nothing", Input{}, "There are no results yet", 0},
		{"undefined", undefinedCase(), "cannot be tested", 8},
		{"panel without a view", partly, "crop", 7},
	} {
		html, svgs := pageOf(t, c.in)
		if !strings.Contains(html, c.say) || strings.Contains(html, "NaN") || strings.Contains(html, "ZgotmplZ") {
			t.Errorf("%s: the page does not say %q, or prints what a template could not", c.name, c.say)
		}
		if len(svgs) != c.figures {
			t.Errorf("%s: %d figures, want %d", c.name, len(svgs), c.figures)
		}
	}
}

// Numbers of any kind make a page and no crash: the report is also where
// a study that went wrong is looked at.
func TestAnyNumbers(t *testing.T) {
	num := rapid.OneOf(rapid.Float64(), rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, 1, -1}))
	iv := rapid.Custom(func(t *rapid.T) evidence.Interval {
		return evidence.Interval{Value: num.Draw(t, "value"), Low: num.Draw(t, "low"), High: num.Draw(t, "high")}
	})
	base := fixture(4)
	rapid.Check(t, func(rt *rapid.T) {
		a := base.Results.Arms[1]
		a.Metrics.AUC, a.Metrics.F1 = iv.Draw(rt, "auc"), iv.Draw(rt, "f1")
		a.ROC = []evidence.Point{{}, {FPR: num.Draw(rt, "fpr"), TPR: num.Draw(rt, "tpr")}, {FPR: 1, TPR: 1}}
		a.Maps = []evidence.MapSummary{{View: "axial", Crops: evidence.Shifted, Energy: iv.Draw(rt, "energy"), Share: iv.Draw(rt, "share")}}
		d := iv.Draw(rt, "delta")
		in := base
		in.Panels = nil
		in.Results.Arms = []evidence.ArmResult{a, base.Results.Arms[0]}
		in.Results.Comparisons = []evidence.Comparison{{A: a.Name, B: base.Results.Arms[0].Name, DeltaAUC: d.Value, Low: d.Low, High: d.High, P: num.Draw(rt, "p"), PHolm: num.Draw(rt, "holm")}}
		in.Histories = []History{{Arm: a.Name, Epoch: 1, Train: num.Draw(rt, "train"), Val: num.Draw(rt, "val")}, {Arm: a.Name, Epoch: 2, Train: num.Draw(rt, "train2"), Val: math.NaN()}}
		html, _ := pageOf(t, in)
		if strings.Contains(html, "NaN") || strings.Contains(html, "Inf") {
			i := max(strings.Index(html, "NaN"), strings.Index(html, "Inf"))
			rt.Fatalf("the page prints NaN or Inf: %s", html[max(0, i-100):min(len(html), i+100)])
		}
	})
}

func TestWriteKeepsAndRemoves(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "re[p]ort*")
	in := fixture(8)
	if err := Write(dir, in); err != nil {
		t.Fatal(err)
	}
	theirs := []string{"results.json", "figures/own.png", "figures/heatmaps-of-mine.svg"}
	for _, f := range theirs {
		if err := os.WriteFile(filepath.Join(dir, f), []byte("theirs"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	in.Panels, in.Histories, in.Results.Comparisons = in.Panels[:1], nil, nil
	if err := Write(dir, in); err != nil {
		t.Fatal(err)
	}
	for f, want := range map[string]bool{
		"figures/heatmaps-01.png": true, "figures/heatmaps-02.png": false, "figures/heatmaps-02.svg": false,
		"figures/training.svg": false, "figures/differences.png": false, "index.html": true,
		theirs[0]: true, theirs[1]: true, theirs[2]: true,
	} {
		if _, err := os.Stat(filepath.Join(dir, f)); (err == nil) != want {
			t.Errorf("%s: there %v, want %v", f, err == nil, want)
		}
	}
}

// A report that cannot be written names the file and leaves the old one whole.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	in := fixture(4)
	in.Panels = nil
	if err := Write(dir, in); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	blocked := filepath.Join(dir, "tables", "folds.csv")
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(blocked, "x"), 0o755); err != nil { // a folder where the file goes
		t.Fatal(err)
	}
	in.Results.Study = "another"
	err = Write(dir, in)
	if err == nil || !strings.Contains(err.Error(), blocked) {
		t.Errorf("the error does not name %s: %v", blocked, err)
	}
	after, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the page of the earlier report is not what it was (%v)", err)
	}
}

func TestPanelsThatDoNotFit(t *testing.T) {
	for want, spoil := range map[string]func(*PanelView){
		"image: found 3 pixels, expected 16":      func(v *PanelView) { v.Image = v.Image[:3] },
		"annotation: found 0 pixels, expected 16": func(v *PanelView) { v.Lesion = nil },
		"map of arm multi-view: found 1 pixels":   func(v *PanelView) { v.Maps[0].Map = v.Maps[0].Map[:1] },
		"size: found 0×4":                         func(v *PanelView) { v.W = 0 },
		"size: found 4×1000000000":                func(v *PanelView) { v.H = 1e9 },
	} {
		in := fixture(4)
		spoil(&in.Panels[0].Views[2])
		dir := filepath.Join(t.TempDir(), "r")
		err := Write(dir, in)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `case "patient-017", view axial`) || fault.Code(err) != fault.CodeInput {
			t.Errorf("want %q with case and view, got %v", want, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s: something was written", want)
		}
	}
}

func TestCurves(t *testing.T) {
	nan := math.NaN()
	rows := []History{
		{Arm: "a", Fold: 0, Stage: "inner", Epoch: 2, Train: 4, Val: 6},
		{Arm: "a", Fold: 0, Stage: "inner", Epoch: 1, Train: 8, Val: 9},
		{Arm: "a", Fold: 0, Stage: "refit", Epoch: 1, Train: 2, Val: nan},
		{Arm: "b", Fold: 0, Stage: "inner", Epoch: 1, Train: 100, Val: 100},
	}
	fits, mean := curves("a", rows, func(h History) float64 { return h.Train })
	if len(fits) != 2 || fits[0][0].Y != 8 || fits[0][1].Y != 4 {
		t.Errorf("fits %v", fits)
	}
	if len(mean) != 2 || mean[0].Y != 5 || mean[1].Y != 4 { // (8+2)/2, and 4 alone
		t.Errorf("mean %v", mean)
	}
	if fits, _ := curves("a", rows, func(h History) float64 { return h.Val }); len(fits) != 1 {
		t.Errorf("a stage without validation is drawn: %v", fits)
	}
	r := evidence.Results{Arms: []evidence.ArmResult{{Name: "b"}, {Name: "a"}}}
	rows = append(rows, History{Arm: "z"})
	if d := cmp.Diff([]string{"b", "a", "z"}, historyArms(r, rows)); d != "" {
		t.Error(d)
	}
}
