package report

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestNiceTicks(t *testing.T) {
	var got []string
	for _, k := range niceTicks(0.45, 1) {
		got = append(got, k.Label)
	}
	if len(got) != 6 || got[0] != "0.5" || got[5] != "1.0" {
		t.Errorf("0.45 to 1: %q", got)
	}
	// Whatever the range, there are few ticks, inside it, and it ends.
	any := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-2, 2))
	rapid.Check(t, func(t *rapid.T) {
		lo, hi := any.Draw(t, "lo"), any.Draw(t, "hi")
		ticks := niceTicks(lo, hi)
		slack := 1e-6 * math.Abs(hi-lo)
		for _, k := range ticks {
			if !(k.Value >= lo-slack && k.Value <= hi+slack) {
				t.Fatalf("tick at %g outside %g to %g", k.Value, lo, hi)
			}
		}
		if len(ticks) > 11 || (hi-lo > 1e-3 && lo > -10 && hi < 10 && len(ticks) < 4) {
			t.Fatalf("%d ticks from %g to %g", len(ticks), lo, hi)
		}
	})
}
