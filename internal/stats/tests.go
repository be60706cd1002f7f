package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Test is a test of no effect. Statistic and DF are NaN for a test that has
// none; P is two-sided.
type Test struct {
	Name          string // what to call it in a table
	Statistic, DF float64
	P             float64
}

// noTest is a test that cannot be made.
func noTest(name string) Test { return Test{name, math.NaN(), math.NaN(), math.NaN()} }

// chiSquare is the test of a statistic that is χ² with df degrees of freedom.
func chiSquare(name string, x, df float64) Test {
	return Test{name, x, df, distuv.ChiSquared{K: df}.Survival(x)}
}

// studentP is the two-sided p of t with df degrees of freedom, +Inf for the normal
// distribution. The library loses digits as df grows; above manyDF the normal
// distribution at Wallace's (1959) argument is nearer than 1e-11.
func studentP(t, df float64) float64 {
	if df > manyDF {
		z := t * (1 - 1/(4*df)) / math.Sqrt(1+t*t/(2*df))
		return 2 * distuv.UnitNormal.CDF(-math.Abs(z))
	}
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: df}.CDF(-math.Abs(t))
}

// studentQuantile is the quantile of a two-sided interval at Confidence; Newton's
// steps mend what the library's lacks for many degrees of freedom.
func studentQuantile(df float64) float64 {
	if math.IsInf(df, 1) {
		return Z
	}
	d := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: math.Min(df, manyDF)}
	t := d.Quantile(0.5 + Confidence/2)
	for range 3 {
		t += (studentP(t, df) - (1 - Confidence)) / (2 * d.Prob(t))
	}
	return t
}

// fisherP is P(F > f) with d1 and d2 degrees of freedom, d2 up to +Inf.
func fisherP(f, d1, d2 float64) float64 {
	switch {
	case d1 == 1:
		return studentP(math.Sqrt(f), d2)
	case d2 > 100*manyDF:
		return distuv.ChiSquared{K: d1}.Survival(d1 * f)
	}
	return distuv.F{D1: d1, D2: d2}.Survival(f)
}

// manyDF is where the library's Student distribution has ten digits left.
const manyDF = 1e5
