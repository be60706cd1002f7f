package study

import (
	"math"
	"strings"
	"testing"
)

// An arm against itself: the pairs are dealt out in the order of the seeds, and the
// difference is that of the arms' own AUCs.
func TestNullPairs(t *testing.T) {
	dir := fixture(t, strings.Replace(fixtureConfig, "arms: [sagittal, sagittal-attention]", "arms: [sagittal, sagittal-attention]\nseeds: [4, 5, 6, 7, 9]", 1))
	mustRun(t, dir)
	s := open(t, dir)
	pairs, err := s.NullPairs("sagittal", 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(pairs) != 1 || pairs[0].A != "seeds 4 to 5" || pairs[0].B != "seeds 6 to 7" || pairs[0].Seeds != 2 {
		t.Fatalf("found %+v, expected seeds 4 to 5 against 6 to 7", pairs)
	}
	if pairs, err = s.NullPairs("sagittal", 1); err != nil || len(pairs) != 2 {
		t.Fatalf("found %d pairs and %v, expected 2", len(pairs), err)
	}
	all, err := s.Evidence()
	if err != nil {
		t.Fatal(err)
	}
	auc := func(seed int) (sum float64) {
		for _, f := range all.Arms[0].Folds {
			if f.Seed == seed {
				sum += f.Metrics.AUC.Value / float64(s.Config.Folds)
			}
		}
		return sum
	}
	if want := auc(6) - auc(7); math.Abs(pairs[1].DeltaAUC-want) > 1e-12 {
		t.Errorf("seeds 6 and 7 differ by %v, found %v", want, pairs[1].DeltaAUC)
	}
	for _, wrong := range []struct {
		arm   string
		each  int
		field string
	}{{"sagittal", 3, "seeds"}, {"coronal", 1, "arms"}} {
		_, err := s.NullPairs(wrong.arm, wrong.each)
		if in := asInput(t, err); in.Field != wrong.field || !strings.Contains(in.Error(), "expected") {
			t.Errorf("%s by %d: found %v, expected one that names %s", wrong.arm, wrong.each, err, wrong.field)
		}
	}
}
