package stats

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// testdata/many_r.json is made by testdata/many.R.
func TestManyAgainstR(t *testing.T) {
	var m struct {
		Shapiro []struct {
			X    []float64
			W, P float64
		}
		Fisher []struct {
			T [][]int
			P float64
		}
		DeLong []struct {
			Y             []int
			A, B, AUC, CI []float64
			Var, P        float64
		}
		Wilcox []struct {
			A, B []float64
			U, P float64
		}
	}
	readJSON(t, "testdata/many_r.json", &m)
	if len(m.Shapiro) != 20 || len(m.Fisher) != 20 || len(m.DeLong) != 20 || len(m.Wilcox) != 20 {
		t.Fatal("testdata/many_r.json is not whole")
	}
	for _, c := range m.Shapiro {
		got := ShapiroWilk(c.X)
		near(t, "W", got.Statistic, c.W, exact)
		near(t, "p of W", got.P, c.P, exact)
	}
	var listed int
	for _, c := range m.Fisher {
		got := FisherExact(c.T, "R")
		if got.Name == "Fisher exact" {
			listed++
			near(t, "Fisher", got.P, c.P, exact)
		} else { // the Monte Carlo error, four times
			near(t, "Fisher by random tables", got.P, c.P, 4*math.Sqrt(c.P*(1-c.P)/fisherDraws)+1.0/fisherDraws)
		}
	}
	if listed < 15 || listed == 20 {
		t.Errorf("%d tables listed", listed)
	}
	for _, c := range m.DeLong {
		y := positives(c.Y)
		auc, cov := DeLong([][]float64{c.A, c.B}, y)
		near(t, "AUC", auc[0], c.AUC[0], exact)
		near(t, "AUC", auc[1], c.AUC[1], exact)
		near(t, "variance", cov[0][0], c.Var, exact)
		d, p := DeLongTest(c.A, c.B, y)
		near(t, "p", p, c.P, exact)
		near(t, "low", d.Low, c.CI[0], exact)
		near(t, "high", d.High, c.CI[1], exact)
	}
	names := map[string]int{}
	for _, c := range m.Wilcox {
		got := MannWhitney(c.A, c.B)
		names[got.Name]++
		near(t, "U", got.Statistic, c.U, exact)
		near(t, "p of U", got.P, c.P, exact)
	}
	if names["Mann–Whitney U"] < 8 || names["Mann–Whitney U, exact"] < 8 {
		t.Errorf("%v", names)
	}
}

// number is a float that R may write as "Inf" or "NaN".
type number float64

func (n *number) UnmarshalJSON(b []byte) error {
	x, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	*n = number(x)
	return err
}

// testdata/readers.json is made by testdata/readers.R from the R package MRMCaov
// of Hillis and Smith.
func TestObuchowskiRocketteAgainstMRMCaov(t *testing.T) {
	type analysis struct {
		F, DF, P   float64
		Difference [][]float64
		Mean       [][]number
	}
	var studies []struct {
		Y                                  []int
		Rating                             [][][]float64
		Components                         []float64
		Random, Fixed, DeLong, Sensitivity analysis
	}
	readJSON(t, "testdata/readers.json", &studies)
	if len(studies) != 24 {
		t.Fatal("testdata/readers.json is not whole")
	}
	check := func(what string, got ReaderStudy, want analysis) {
		t.Helper()
		near(t, what+": F", got.Equal.Statistic, want.F, exact*max(1, want.F))
		near(t, what+": degrees of freedom", got.Equal.DF, want.DF, exact*max(1, want.DF))
		near(t, what+": p", got.Equal.P, want.P, exact)
		for k, w := range want.Difference { // estimate, low, high, SE, p
			d := got.Differences[k].Mean
			for i, x := range []float64{d.Value, d.Low, d.High, d.SE, d.P} {
				near(t, what+": difference", x, w[i], exact)
			}
		}
		for k, w := range want.Mean { // estimate, low, high, SE, and degrees of freedom where random
			e := got.Modalities[k]
			for i, x := range []float64{e.Value, e.Low, e.High, e.SE} {
				near(t, what+": modality", x, float64(w[i]), exact)
			}
			if len(w) > 4 && !(math.IsInf(e.DF, 1) && w[4] > manyDF) { // R: of readers that agree, rounding
				near(t, what+": its degrees of freedom", e.DF, float64(w[4]), exact*max(1, float64(w[4])))
			}
		}
	}
	var bounded int
	for _, c := range studies {
		y := positives(c.Y)
		reads := Reads{Scores: c.Rating, Positive: y, Groups: eachItsOwn(len(y))}
		auc, cov := reads.Estimate(AUCOf())
		random := ObuchowskiRockette(auc, cov, true)
		check("random", random, c.Random)
		k := random.Components
		if fixed := ObuchowskiRockette(auc, cov, false); k.Cov2 >= k.Cov3 {
			check("fixed", fixed, c.Fixed)
		} else { // the package does not bound Cov2 − Cov3 for fixed readers; the Iowa program does
			bounded++
			if se := fixed.Differences[0].Mean.SE; se <= c.Fixed.Difference[0][3] {
				t.Errorf("SE %g with Cov2 < Cov3, %g without the bound", se, c.Fixed.Difference[0][3])
			}
		}
		for i, x := range []float64{k.Var, k.Cov1, k.Cov2, k.Cov3} {
			near(t, "component", x, c.Components[2+i], exact)
		}
		var flat [][]float64
		for _, m := range c.Rating {
			flat = append(flat, m...)
		}
		_, cov = DeLong(flat, y)
		check("DeLong", ObuchowskiRockette(auc, cov, true), c.DeLong)
		value, cov := reads.Estimate(SensitivityOf(4))
		check("sensitivity", ObuchowskiRockette(value, cov, true), c.Sensitivity)
	}
	if bounded == 0 || bounded > 4 {
		t.Errorf("%d studies with Cov2 < Cov3", bounded)
	}
}

// The worked example of the method: two ways to read MR images of the aorta, five
// readers, 114 patients (Van Dyke 1993). AUCs, covariances and all results are
// those that OR-DBM MRMC 2.51 of the University of Iowa prints for it (trapezoidal
// area, jackknife), which Hillis 2007 and others analyse.
func TestObuchowskiRocketteOfVanDyke(t *testing.T) {
	auc := [][]float64{
		{0.91964573, 0.85877617, 0.90386473, 0.97310789, 0.82979066},
		{0.94782609, 0.90531401, 0.92173913, 0.99935588, 0.92995169},
	}
	variance, cov2 := [2]float64{0.00101410, 0.00059047}, [2]float64{0.00048396, 0.00020419}
	const cov1, cov3 = 0.00034661, 0.00023903
	cov := make([][]float64, 10)
	for x := range cov {
		cov[x] = make([]float64, 10)
		for y := range cov {
			switch {
			case x == y:
				cov[x][y] = variance[x/5]
			case x%5 == y%5:
				cov[x][y] = cov1
			case x/5 == y/5:
				cov[x][y] = cov2[x/5]
			default:
				cov[x][y] = cov3
			}
		}
	}
	same := func(what string, got, want, half float64) { // as printed: half of the last digit, and of the inputs'
		t.Helper()
		near(t, what, got, want, half)
	}
	s := ObuchowskiRockette(auc, cov, RandomReaders(5))
	same("MS(T)", s.Components.MSModality, 0.00479617, 2e-8)
	same("MS(R)", s.Components.MSReader, 0.00383620, 2e-8)
	same("MS(T·R)", s.Components.MSInteraction, 0.00055103, 2e-8)
	same("F", s.Equal.Statistic, 4.46, 0.005)
	same("degrees of freedom", s.Equal.DF, 15.26, 0.005)
	same("p", s.Equal.P, 0.0517, 5e-5)
	d := s.Differences[0].Mean
	for i, want := range []float64{-0.04380, 0.02075, 15.26, -2.11, 0.0517, -0.08796, 0.00036} {
		same("difference", []float64{d.Value, d.SE, d.DF, d.Statistic, d.P, d.Low, d.High}[i], want, []float64{6e-6, 6e-6, 0.005, 0.005, 5e-5, 6e-6, 6e-6}[i])
	}
	for m, want := range [][]float64{{0.89703704, 0.03317360, 12.74, 0.82522360, 0.96885048}, {0.94083736, 0.02156637, 12.71, 0.89413783, 0.98753689}} {
		e := s.Modalities[m]
		for i, x := range []float64{e.Value, e.SE, e.DF, e.Low, e.High} {
			same("modality, random readers", x, want[i], map[bool]float64{true: 0.005, false: 3e-6}[i == 2])
		}
	}
	s = ObuchowskiRockette(auc, cov, false)
	same("χ²", s.Equal.Statistic, 5.47595, 2e-4)
	same("p of χ²", s.Equal.P, 0.0193, 5e-5)
	d = s.Differences[0].Mean
	for i, want := range []float64{0.01872, -2.34, 0.0193, -0.08049, -0.00711} {
		same("difference, fixed readers", []float64{d.SE, d.Statistic, d.P, d.Low, d.High}[i], want, []float64{6e-6, 0.005, 5e-5, 6e-6, 6e-6}[i])
	}
	for m, want := range [][]float64{{0.02428971, 0.84943008, 0.94464399}, {0.01677632, 0.90795637, 0.97371835}} {
		e := s.Modalities[m]
		for i, x := range []float64{e.SE, e.Low, e.High} {
			same("modality, fixed readers", x, want[i], 3e-6)
		}
	}
	if !math.IsInf(d.DF, 1) {
		t.Errorf("%g degrees of freedom of z", d.DF)
	}
	// Reader 5 alone: Var .00121357, Cov1 .00024304 as printed.
	one := [][]float64{{0.00121357, 0.00024304}, {0.00024304, 0.00121357}}
	s = ObuchowskiRockette([][]float64{{auc[0][4]}, {auc[1][4]}}, one, false)
	d = s.Differences[0].ByReader[0]
	for i, want := range []float64{-0.10016, 0.04406, -2.27, 0.0230, -0.18651, -0.01381} {
		same("reader 5", []float64{d.Value, d.SE, d.Statistic, d.P, d.Low, d.High}[i], want, []float64{6e-6, 6e-6, 0.005, 5e-5, 6e-6, 6e-6}[i])
	}
	if d != s.Differences[0].Mean {
		t.Errorf("one reader: %v alone, %v as the mean of readers", d, s.Differences[0].Mean)
	}
}
