package stats

import (
	"math"
	"testing"
)

// From R 4.2.2: 2*pt(-x, df), qt(.975, df), pf(f, d1, d2, lower.tail = FALSE),
// pchisq(6, 3, lower.tail = FALSE), 2*pnorm(-1.96). (scipy 1.10's t.ppf is good to 1e-8.)
func TestDistributions(t *testing.T) {
	for _, c := range []struct{ df, x, p, q float64 }{
		{1.3, 0.5, 0.68850781643397341, 7.5005293255620273},
		{4, 2, 0.11611652351681551, 2.7764451051977934},
		{15.26, 2.11, 0.051763113167020279, 2.1282909146280669},
		{99.5, 6, 3.2088423635855856e-08, 1.9840936109906235},
		{10000, 1.5, 0.13364597182361967, 1.9602012398906257},
		{200000, 0.5, 0.61707562755362133, 1.9599758459667678},
		{1e+06, 2, 0.045500533851319185, 1.9599663568141066},
		{1e+08, 1, 0.31731051028262164, 1.9599640082627663},
		{1e+12, 0.25, 0.80258734863420411, 1.9599639845424257},
	} {
		near(t, "p of t", studentP(c.x, c.df), c.p, 1e-11)
		near(t, "quantile", studentQuantile(c.df), c.q, 1e-10)
	}
	for _, c := range []struct{ f, d1, d2, p float64 }{
		{4.46, 1, 15.26, 0.051580149386436021},
		{4.46, 1, 1e+09, 0.034697497769482236},
		{3.1, 2, 7.5, 0.10441853864245047},
		{3.1, 2, 1e+06, 0.045049635316683552},
		{2.2, 3, 40, 0.10301833512263585},
	} {
		near(t, "p of F", fisherP(c.f, c.d1, c.d2), c.p, 1e-9)
	}
	near(t, "p of F without end", fisherP(2, 3, math.Inf(1)), 0.11161022509471268, 1e-12)
	near(t, "p of z", studentP(1.96, math.Inf(1)), 0.04999579029644087, 1e-15)
	if studentQuantile(math.Inf(1)) != Z {
		t.Error("the quantile of z is not Z")
	}
}
