package study

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The primary comparison is the first run's, whoever named it; where that run's
// note of it is gone, nobody says that it was named before results were seen.
func TestPrimaryIsTheFirstRuns(t *testing.T) {
	views := strings.NewReplacer("arms: [sagittal, sagittal-attention]", "arms: [multi-view, multi-view-attention]", "{epochs: 4,", "{inner_fraction: 0, epochs: 4,").Replace(fixtureConfig)
	dir := fixture(t, views)
	mustRun(t, dir)
	frozenIn := filepath.Join(dir, frozenFile)
	late := func() bool {
		t.Helper()
		r, err := open(t, dir).Evidence()
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Comparisons) == 0 || r.Comparisons[0].A != "multi-view-attention" || r.Comparisons[0].Family != "primary" {
			t.Fatalf("comparisons %+v", r.Comparisons)
		}
		return r.PrimaryLate
	}
	if late() {
		t.Error("called late after a run that began with nothing done")
	}

	// Another arm beside them changes nothing; without one of them it is refused.
	set := func(arms string) {
		t.Helper()
		text := strings.Replace(views, "arms: [multi-view, multi-view-attention]", "arms: ["+arms+"]", 1)
		if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set("multi-view, sagittal")
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "no multi-view-attention") {
		t.Errorf("without the primary comparison: %v", err)
	}
	set("multi-view, multi-view-attention")

	if err := os.Remove(frozenIn); err != nil {
		t.Fatal(err)
	}
	if !late() {
		t.Error("not called late where nothing says when it was named")
	}
	mustRun(t, dir)
	if !late() {
		t.Error("not called late where a run found units done")
	}
}
