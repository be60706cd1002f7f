package study

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magn/internal/evidence"
)

// A list of one backbone is that backbone; a list of several is another unit, the
// same in whatever order they stand, and is handed to the worker.
func TestBackboneList(t *testing.T) {
	with := func(backbone string) *Study {
		return open(t, fixture(t, strings.Replace(fixtureConfig, "backbone: resnet18", "backbone: "+backbone, 1)))
	}
	plan := func(backbone string) []Planned {
		t.Helper()
		p, err := with(backbone).Plan()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	one, listed, several, turned := plan("resnet18"), plan("[resnet18]"), plan("[resnet18, resnet50]"), plan("[resnet50, resnet18]")
	for i := range one {
		if one[i].Unit.Hash != listed[i].Unit.Hash || one[i].Unit.Network.Backbones != nil {
			t.Errorf("%s: a list of one is another unit", one[i].Name())
		}
		if several[i].Unit.Hash == one[i].Unit.Hash || several[i].Unit.Hash != turned[i].Unit.Hash {
			t.Errorf("%s: hashes %s, %s, %s", one[i].Name(), one[i].Unit.Hash, several[i].Unit.Hash, turned[i].Unit.Hash)
		}
		if u := turned[i].Unit.network(); !slices.Equal(u.Backbones, []string{"resnet18", "resnet50"}) || u.Network.Backbone != "resnet18" {
			t.Errorf("%s: %+v of %v", one[i].Name(), u.Network, u.Backbones)
		}
	}
	c := with("[resnet18, resnet50]").Config
	back, _, err := parseConfig("study.yaml", template(c))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c, back); d != "" {
		t.Errorf("through a study file (-before +after):\n%s", d)
	}
	for _, bad := range []struct{ old, new, want string }{
		{"backbone: resnet18", "backbone: []", "network.backbone: found none"},
		{"backbone: resnet18", "backbone: [resnet18, vgg]", "line 6, network.backbone: found vgg, expected"},
		{"backbone: resnet18", "backbone: [resnet18, resnet18]", "each once"},
		{"backbone: resnet18", "backbone: {a: 1}", "study.yaml"},
		{"backbone: resnet18}\ntraining: {", "backbone: [resnet18, resnet34]}\ntraining: {inner_fraction: 0, ", "one, since inner_fraction is 0"},
		{"backbone: resnet18}\ntraining: {", "backbone: [resnet18, resnet34]}\ntraining: {weights: w.pth, ", "one, whose weights training.weights are"},
		{"resnet18}", "resnet18}\n#", ""},
	} {
		text := strings.Replace(fixtureConfig, bad.old, bad.new, 1)
		if text == fixtureConfig {
			t.Fatalf("%q is not in the fixture", bad.old)
		}
		if _, _, err := parseConfig("study.yaml", []byte(text)); (err == nil) != (bad.want == "") || err != nil && !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%s: %v, want %q", bad.new, err, bad.want)
		}
	}
}

// What the inner split tried stands in the unit, the model and the results, also of
// a unit whose record an earlier version wrote.
func TestTriedIsTold(t *testing.T) {
	dir := fixture(t, strings.Replace(fixtureConfig, "backbone: resnet18", "backbone: [resnet18, resnet34]", 1))
	mustRun(t, dir)
	want := []evidence.Tried{{Backbone: "resnet18", Lambda: 0.5, Loss: 0.75, Epoch: 1}, {Backbone: "resnet34", Lambda: 0.5, Loss: 0.5, Epoch: 1}}
	rec, err := readRecord(filepath.Join(dir, runsFolder, "sagittal-attention", "1-1"))
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := ReadModel(filepath.Join(dir, modelsFolder, "sagittal-attention"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := evidence.ReadResults(filepath.Join(dir, reportFolder, resultsFile))
	if err != nil {
		t.Fatal(err)
	}
	f := r.Arms[1].Folds[1]
	for what, got := range map[string]struct {
		tried    []evidence.Tried
		backbone string
	}{"unit.json": {rec.Tried, rec.Backbone}, "model.json": {m.Networks[1].Tried, m.Networks[1].Backbone}, "results.json": {f.Tried, f.Backbone}} {
		if d := cmp.Diff(want, got.tried); d != "" || got.backbone != "resnet34" {
			t.Errorf("%s: chose %q of\n%s", what, got.backbone, d)
		}
	}
	if _, err := open(t, dir).Verify(t.Context(), nil); err != nil {
		t.Error(err)
	}
}
