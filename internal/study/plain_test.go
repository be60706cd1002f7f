package study

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The attention loss has no part in an arm without attention: whatever its weight
// and form, the unit is that of the default settings, and has the hash that it had
// when they stood in it.
func TestHashOfAnArmWithoutAttention(t *testing.T) {
	defaults := strings.Replace(fixtureConfig, "lambda: [0.5], ", "", 1)
	before := hashes(t, fixture(t, defaults))
	for unit, want := range map[string]string{ // printed by the version before settings.json left them out
		"sagittal, fold 0, seed 1":           "0c99256f618d37d3d9d6fdfcf9d7dc92a24f9c182702ad39dc9c28c534a22999",
		"sagittal, fold 1, seed 1":           "5c4136caf485c8422f3201c778b40fea97dfeec735e404372d61f9dbe2d83c9c",
		"sagittal-attention, fold 0, seed 1": "7721dc941c1dacf8ae3bbd9e7d7cfa8c3850de92951495bced15a9dee38019bf",
	} {
		if before[unit] != want {
			t.Errorf("%s: hash %s, want %s", unit, before[unit], want)
		}
	}
	for _, training := range []string{"lambda: [0.7]", "lambda: [0.2, 0.3], attention_loss: energy"} {
		after := hashes(t, fixture(t, strings.Replace(fixtureConfig, "lambda: [0.5]", training, 1)))
		for unit, hash := range before {
			if same := after[unit] == hash; same == strings.Contains(unit, "attention") {
				t.Errorf("%s: the hash of %s is the same: %v", training, unit, same)
			}
		}
	}
}

// A unit without attention that was done when λ was in its hash stays done, under
// that hash, whatever λ is now; one with other settings besides does not.
func TestEarlierSettingsOfAnArmWithoutAttention(t *testing.T) {
	dir := fixture(t, fixtureConfig)
	plan, err := open(t, dir).Plan()
	if err != nil {
		t.Fatal(err)
	}
	// The plan of that time: its settings.json has the λ of study.yaml.
	for _, p := range plan {
		if p.Unit.Network.Attention {
			continue
		}
		text := bytes.Replace(p.settings, []byte("0.1,\n   0.5,\n   1\n"), []byte("0.5\n"), 1)
		if bytes.Equal(text, p.settings) {
			t.Fatalf("no λ in %s", p.settings)
		}
		if err := os.MkdirAll(p.Unit.Dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := writeFile(filepath.Join(p.Unit.Dir, settingsFile), text); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, dir)
	old := hashes(t, dir)
	rewrite(t, dir, "lambda: [0.5]", "lambda: [0.3]")
	if plan, err = open(t, dir).Plan(); err != nil {
		t.Fatal(err)
	}
	for _, p := range plan {
		attention := p.Unit.Network.Attention
		if (p.State == Done) == attention || (old[p.Name()] == p.Unit.Hash) == attention {
			t.Errorf("%s with another λ: %s, hash as before: %v", p.Name(), p.State, old[p.Name()] == p.Unit.Hash)
		}
	}
	mustRun(t, dir)
	if _, err := open(t, dir).Verify(t.Context(), nil); err != nil {
		t.Error(err)
	}
	rewrite(t, dir, "epochs: 4", "epochs: 5")
	for unit, hash := range hashes(t, dir) {
		if old[unit] == hash {
			t.Errorf("%s keeps its hash with other epochs", unit)
		}
	}
}
