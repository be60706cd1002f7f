package radiomics

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// The extreme eigenvalue against gonum's dense solver, for matrices of every
// kind: few levels, repeated and clustered eigenvalues, blocks.
func TestLargestMagnitude(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		// Not smaller ones: gonum v0.17.0 panics on a matrix of 1e-123.
		value := rapid.OneOf(rapid.IntRange(-1000, 1000), rapid.SampledFrom([]int{0, 0, 0, 500, 1000}))
		m := mat.NewSymDense(n, nil)
		for i := range n {
			for j := i; j < n; j++ {
				m.SetSym(i, j, float64(value.Draw(t, "value"))/1000)
			}
		}
		var e mat.EigenSym
		if !e.Factorize(m, false) {
			t.Skip("gonum found no eigenvalues")
		}
		want := 0.0
		for _, l := range e.Values(nil) {
			want = max(want, math.Abs(l))
		}
		got := largestMagnitude(n, func(y, x []float64) {
			mat.NewVecDense(n, y).MulVec(m, mat.NewVecDense(n, x))
		})
		if !(math.Abs(got-want) <= 1e-9*want+1e-13) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
