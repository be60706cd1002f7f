package radiomics

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whole numbers add up to the same however they are grouped, and a value that is
// none leaves no least, no greatest and no sum, wherever it stands.
func TestExtent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := make([]float64, rapid.IntRange(1, 19).Draw(t, "length"))
		want := 0.0
		for k := range x {
			x[k] = float64(rapid.IntRange(-1000, 1000).Draw(t, "value"))
			want += x[k]
		}
		if lo, hi, sum := extent(x); lo != slices.Min(x) || hi != slices.Max(x) || sum != want {
			t.Fatalf("%v, %v and %v of %v", lo, hi, sum, x)
		}
		x[rapid.IntRange(0, len(x)-1).Draw(t, "where")] = math.NaN()
		if lo, hi, sum := extent(x); !math.IsNaN(lo) || !math.IsNaN(hi) || !math.IsNaN(sum) {
			t.Fatalf("%v, %v and %v of %v", lo, hi, sum, x)
		}
	})
	if lo, hi, sum := extent([]float64{math.Inf(1), 3, math.Inf(-1)}); lo != math.Inf(-1) || hi != math.Inf(1) || !math.IsNaN(sum) {
		t.Errorf("%v, %v and %v", lo, hi, sum)
	}
}
