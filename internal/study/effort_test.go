package study

import (
	"math"
	"testing"

	"magn/internal/cohort"
	"magn/internal/magn"
	"magn/internal/volume"
)

// Mean seconds of a unit on brain-cet1 (two workers of one thread): without and
// with attention, their maps, another crop, a table. The time that is left is
// reckoned in effort, so its ratios are to be the times', roughly.
func TestEffort(t *testing.T) {
	u := Unit{Train: make([]cohort.Case, 90), Test: make([]cohort.Case, 22)}
	net := func(attention bool) Unit {
		u := u
		u.Network = &NetworkWork{
			Attention: attention, Network: magn.Network{Views: volume.Views[:]},
			Training: magn.Training{Epochs: 15, InnerFraction: 0.2, Lambda: []float64{0.1, 0.5, 1}},
		}
		return u
	}
	maps, moved := u, u
	maps.Exam, moved.Recentred = &ExamWork{Steps: 10}, &RecentredWork{}
	whole := net(true).effort() / 787
	for name, c := range map[string]struct {
		unit    Unit
		seconds float64
	}{
		"multi-view": {net(false), 478}, "maps": {maps, 119}, "jitter": {moved, 18}, "table": {u, 4},
	} {
		if got := c.unit.effort() / whole; math.Abs(math.Log2(got/c.seconds)) > 1 {
			t.Errorf("%s: as if of %.0f s, took %.0f", name, got, c.seconds)
		}
	}
}
