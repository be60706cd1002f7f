package report

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

// With -report.out=DIR the reports of TestWrite are left there to be looked at.
var out = flag.String("report.out", "", "folder to leave the test's reports in")

func target(t *testing.T, name string) string {
	t.Helper()
	if *out != "" {
		return filepath.Join(*out, name)
	}
	return filepath.Join(t.TempDir(), name)
}

func TestWrite(t *testing.T) {
	side := 32
	if *out != "" {
		side = 256
	}
	for name, in := range map[string]Input{"two": fixture(side), "eight": eightArms(fixture(side)), "kinds": allKinds(t)} {
		dir := target(t, name)
		if err := Write(dir, in); err != nil {
			t.Fatal(err)
		}
		for _, f := range []string{
			"index.html", "figures/auc.svg", "figures/auc.png", "figures/differences.svg", "figures/roc.png",
			"figures/energy.svg", "figures/training.svg", "figures/heatmaps-01.png", "figures/heatmaps-02.svg",
			"tables/metrics.csv", "tables/metrics-inner.csv", "tables/folds.csv", "tables/comparisons.csv",
			"tables/heatmaps.csv", "tables/leakage.csv",
		} {
			if st, err := os.Stat(filepath.Join(dir, f)); err != nil || st.Size() == 0 {
				t.Errorf("%s: %s is missing or empty (%v)", name, f, err)
			}
		}
	}
}
