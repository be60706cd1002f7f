package stats

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// Whatever the folds, an AUC lies in its interval, the interval has a width, and
// the interval of −score is its mirror image.
func TestCVAUCHoldsItsValue(t *testing.T) {
	gen := rapid.Custom(func(t *rapid.T) [][]Sample {
		folds := rapid.SliceOfN(sampleGen(false), 1, 6).Draw(t, "folds")
		rule := rapid.SampledFrom([]string{"any", "separated", "inverted", "tied"}).Draw(t, "rule")
		seeds := make([][]Sample, rapid.IntRange(1, 3).Draw(t, "seeds"))
		for s := range seeds {
			for _, f := range folds {
				scores := make([]float64, len(f.Scores))
				for i := range scores {
					switch rule {
					case "any":
						scores[i] = float64(rapid.IntRange(-6, 6).Draw(t, "score"))
					case "separated":
						scores[i] = float64(20*class(f.Positive[i]) + i%20)
					case "inverted":
						scores[i] = float64(-20*class(f.Positive[i]) + i%20)
					}
				}
				seeds[s] = append(seeds[s], Sample{scores, f.Positive, f.Groups})
			}
		}
		return seeds
	})
	rapid.Check(t, func(t *rapid.T) {
		seeds := gen.Draw(t, "seeds")
		iv := CVAUC(seeds)
		if !(0 <= iv.Low && iv.Low <= iv.Value && iv.Value <= iv.High && iv.High <= 1) || iv.High-iv.Low < 1e-3 {
			t.Fatalf("not an interval: %v", iv)
		}
		for _, folds := range seeds {
			for v := range folds {
				folds[v].Scores = mapped(folds[v].Scores, func(x float64) float64 { return -x })
			}
		}
		if m := CVAUC(seeds); !close9(Interval{1 - m.Value, 1 - m.High, 1 - m.Low}, iv) {
			t.Fatalf("%v of the scores, %v of their negatives", iv, m)
		}
	})
}

// Groups whose two cases, one of either class, have one score: their influences
// cancel, and what rounding leaves is not taken for a standard error.
func TestCancelledInfluence(t *testing.T) {
	var f Sample
	for g := range 7 {
		for _, pos := range []bool{true, false} {
			f.Scores, f.Positive, f.Groups = append(f.Scores, float64(g)), append(f.Positive, pos), append(f.Groups, strconv.Itoa(g))
		}
	}
	if e := influenceCurve([][]Sample{{f}}); e.se != 0 || e.pairs != 3 {
		t.Errorf("%+v", e)
	}
	if iv, want := CVAUC([][]Sample{{f}}), ClopperPearson(0.5, 3); !close12(iv, want) {
		t.Errorf("got %v, want %v", iv, want)
	}
}

func close9(a, b Interval) bool {
	return math.Abs(a.Value-b.Value) < 1e-9 && math.Abs(a.Low-b.Low) < 1e-9 && math.Abs(a.High-b.High) < 1e-9
}

// pairs by trying every pairing.
func TestPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Sample{}
		for range rapid.IntRange(0, 9).Draw(t, "n") {
			f.Positive = append(f.Positive, rapid.Bool().Draw(t, "positive"))
			f.Groups = append(f.Groups, strconv.Itoa(rapid.IntRange(0, 6).Draw(t, "group")))
		}
		var best func(used map[string]bool) int
		best = func(used map[string]bool) (most int) {
			for i, g := range f.Groups {
				for j, h := range f.Groups {
					if g != h && f.Positive[i] && !f.Positive[j] && !used[g] && !used[h] {
						used[g], used[h] = true, true
						most = max(most, 1+best(used))
						used[g], used[h] = false, false
					}
				}
			}
			return most
		}
		if got, want := pairs(f), best(map[string]bool{}); got != want {
			t.Fatalf("%d pairs, want %d", got, want)
		}
	})
}
