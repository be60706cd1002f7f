package stats

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"
)

// many is testdata/many.json, made by testdata/many.py (scikit-learn, scipy,
// statsmodels; the command is at its head): 20 random data sets with ties for
// each statistic.
type many struct {
	Rank []struct {
		A, B, AUC, FPR, TPR []float64
		Y, G                []int
		Cov, CCov           [][]float64
		Test, CTest         struct{ Delta, SE, P float64 }
		Brier, Scaled, F1   float64
	}
	Pooled []struct {
		Folds              []truthFold
		AUC, SE, Low, High float64
	}
	Shares []struct {
		K, N                 float64
		Wilson, Exact        [2]float64
		X                    []float64
		G                    []int
		Mean                 float64
		Clustered, Effective [2]float64
		Quantile             [3]float64
	}
	Holm    []struct{ P, Want []float64 }
	McNemar []struct {
		A, B, G       []int
		Exact, MidP   float64
		Chi, CChi     [2]float64
		Newcombe      [3]float64
		Cluster, Flip []float64
	}
	Kappa []struct {
		K       int
		A, B, G []int
		Want    map[string][4]float64
	}
	Fleiss []struct {
		K    int
		X    [][]int
		G    []int
		Want [3]float64
	}
	Calibration []struct {
		Z    []float64
		Y, G []int
		Want map[string][6]float64
	}
	Benefit []struct {
		P             []float64
		Y             []int
		T, Model, All float64
	}
	Loess []struct {
		X, Y, At, Want []float64
		Span           float64
	}
	Numbers []struct {
		A, B, C, D []float64
		Welch      [3]float64
		MW, Exact  [2]float64
		SMD        float64
	}
	Tables []struct {
		T, Two      [][]int
		Chi         [3]float64
		Fisher, SMD float64
	}
	Against []struct {
		S             [][]float64
		Y, G          []int
		Random, Fixed []float64
	}
}

func readMany(t *testing.T) many {
	t.Helper()
	var m many
	readJSON(t, "testdata/many.json", &m)
	for what, n := range map[string]int{
		"rank": len(m.Rank), "pooled": len(m.Pooled), "shares": len(m.Shares), "Holm": len(m.Holm), "McNemar": len(m.McNemar),
		"kappa": len(m.Kappa), "Fleiss": len(m.Fleiss), "calibration": len(m.Calibration), "benefit": len(m.Benefit),
		"loess": len(m.Loess), "numbers": len(m.Numbers), "tables": len(m.Tables), "against": len(m.Against),
	} {
		if n != 20 {
			t.Fatalf("testdata/many.json is not whole: %d of %s", n, what)
		}
	}
	return m
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

// exact is how near a number must be that another program computes too, relative
// to numbers of the size of 1.
const exact = 1e-9

func names(groups []int) []string {
	out := make([]string, len(groups))
	for i, g := range groups {
		out[i] = "g" + strconv.Itoa(g)
	}
	return out
}

func nearLimits(t *testing.T, what string, got Interval, value, low, high float64) {
	t.Helper()
	near(t, what, got.Value, value, exact)
	near(t, what+", low", got.Low, low, exact)
	near(t, what+", high", got.High, high, exact)
}

func TestManyRanks(t *testing.T) {
	for _, c := range readMany(t).Rank {
		y, g := positives(c.Y), names(c.G)
		curve := ROC(c.A, y)
		if len(curve) != len(c.FPR) {
			t.Fatalf("%d points, want %d", len(curve), len(c.FPR))
		}
		for i, p := range curve {
			near(t, "FPR", p.FPR, c.FPR[i], exact)
			near(t, "TPR", p.TPR, c.TPR[i], exact)
		}
		auc, cov := DeLong([][]float64{c.A, c.B}, y)
		_, ccov := ClusteredDeLong([][]float64{c.A, c.B}, y, g)
		for i := range 2 {
			near(t, "AUC", auc[i], c.AUC[i], exact)
			for j := range 2 {
				near(t, "DeLong covariance", cov[i][j], c.Cov[i][j], 1e-12)
				near(t, "clustered covariance", ccov[i][j], c.CCov[i][j], 1e-12)
			}
		}
		d, p := DeLongTest(c.A, c.B, y)
		nearLimits(t, "DeLong", d, c.Test.Delta, c.Test.Delta-Z*c.Test.SE, c.Test.Delta+Z*c.Test.SE)
		near(t, "DeLong p", p, c.Test.P, exact)
		d, p = ClusteredDeLongTest(c.A, c.B, y, g)
		nearLimits(t, "clustered DeLong", d, c.CTest.Delta, c.CTest.Delta-Z*c.CTest.SE, c.CTest.Delta+Z*c.CTest.SE)
		near(t, "clustered DeLong p", p, c.CTest.P, exact)
		brier, scaled := Brier(c.A, y, nil)
		near(t, "Brier", brier, c.Brier, exact)
		near(t, "scaled Brier", scaled, c.Scaled, exact)
		var f Confusion
		for i, s := range c.A {
			f.Add(y[i], s >= 0.5, 1)
		}
		near(t, "F1", f.F1(), c.F1, exact)
	}
}

func TestManyFoldMeans(t *testing.T) {
	for _, c := range readMany(t).Pooled {
		var folds []Sample
		for _, f := range c.Folds {
			folds = append(folds, f.sample())
		}
		near(t, "standard error", influenceCurve([][]Sample{folds}).se, c.SE, exact)
		nearLimits(t, "fold-mean AUC", CVAUC([][]Sample{folds}), c.AUC, c.Low, c.High)
	}
}

func TestManyShares(t *testing.T) {
	for _, c := range readMany(t).Shares {
		nearLimits(t, "Wilson", Wilson(c.K/c.N, c.N), c.K/c.N, c.Wilson[0], c.Wilson[1])
		nearLimits(t, "Clopper–Pearson", ClopperPearson(c.K/c.N, c.N), c.K/c.N, c.Exact[0], c.Exact[1])
		nearLimits(t, "clustered Wilson", ClusteredWilson(c.X, names(c.G)), c.Mean, c.Effective[0], c.Effective[1])
		nearLimits(t, "clustered mean", ClusteredMean(c.X, names(c.G)), c.Mean, c.Clustered[0], min(1, c.Clustered[1]))
		for i, q := range []float64{0.025, 0.5, 0.975} {
			near(t, "quantile", quantile(defined(c.X), q), c.Quantile[i], exact)
		}
	}
	for _, c := range readMany(t).Holm {
		for i, p := range Holm(c.P) {
			near(t, "Holm", p, c.Want[i], exact)
		}
	}
}

func TestManyMcNemar(t *testing.T) {
	var few, many, flips int
	for _, c := range readMany(t).McNemar {
		a, b, g := positives(c.A), positives(c.B), names(c.G)
		r := McNemar(a, b, nil)
		near(t, "exact", r.Exact, c.Exact, exact)
		near(t, "mid-p", r.MidP, c.MidP, exact)
		near(t, "χ²", r.ChiSquare.Statistic, c.Chi[0], exact)
		near(t, "p of χ²", r.ChiSquare.P, c.Chi[1], exact)
		nearLimits(t, "Newcombe", r.Difference, c.Newcombe[0], c.Newcombe[1], c.Newcombe[2])
		if r.OnlyA+r.OnlyB < FewDiscordant {
			few++
			near(t, "by the rule", r.Test.P, c.Exact, exact)
		} else {
			many++
			near(t, "by the rule", r.Test.P, c.Chi[1], exact)
		}
		r = McNemar(a, b, g)
		near(t, "clustered χ²", r.ChiSquare.Statistic, c.CChi[0], exact)
		near(t, "p of clustered χ²", r.ChiSquare.P, c.CChi[1], exact)
		nearLimits(t, "clustered difference", r.Difference, c.Cluster[0], c.Cluster[1], c.Cluster[2])
		if c.Flip != nil {
			flips++
			near(t, "clustered exact", r.Exact, c.Flip[0], exact)
			near(t, "clustered mid-p", r.MidP, c.Flip[1], exact)
		}
	}
	if few < 5 || many < 5 || flips < 10 {
		t.Errorf("%d sets with few discordant pairs, %d with many, %d with all signs", few, many, flips)
	}
}

func TestManyKappas(t *testing.T) {
	m := readMany(t)
	for _, c := range m.Kappa {
		for name, w := range map[string]Weighting{"unweighted": Unweighted, "linear": Linear, "quadratic": Quadratic} {
			want := c.Want[name]
			k := CohenKappa(c.A, c.B, c.K, w, nil)
			nearLimits(t, name+" κ", k.Interval, want[0], max(-1, want[0]-Z*want[1]), min(1, want[0]+Z*want[1]))
			near(t, name+" SE", k.SE, want[1], exact)
			near(t, name+" p", k.P, normalP(want[0], want[2]), exact)
			near(t, name+" clustered SE", CohenKappa(c.A, c.B, c.K, w, names(c.G)).SE, want[3], exact)
		}
	}
	for _, c := range m.Fleiss {
		k := FleissKappa(c.X, c.K, names(c.G))
		near(t, "Fleiss' κ", k.Value, c.Want[0], exact)
		near(t, "its SE", k.SE, c.Want[1], exact)
		near(t, "its p", k.P, normalP(c.Want[0], c.Want[2]), exact)
	}
}

func TestManyCalibrations(t *testing.T) {
	m := readMany(t)
	for _, c := range m.Calibration {
		for name, g := range map[string][]string{"independent": nil, "clustered": names(c.G)} {
			want := c.Want[name]
			r := Recalibrate(c.Z, positives(c.Y), g)
			for i, k := range []Coefficient{r.InTheLarge, r.Intercept, r.Slope} {
				near(t, name, k.Value, want[2*i], exact)
				near(t, name+" SE", k.SE, want[2*i+1], exact)
				near(t, name+" low", k.Low, want[2*i]-Z*want[2*i+1], exact)
			}
		}
	}
	for _, c := range m.Benefit {
		b := DecisionCurve([][]float64{c.P}, positives(c.Y), []float64{c.T}, nil, "")[0]
		near(t, "net benefit", b.Model.Value, c.Model, exact)
		near(t, "of treating all", b.All.Value, c.All, exact)
		near(t, "gain", b.Gain.Value, c.Model-max(0, c.All), exact)
	}
	for _, c := range m.Loess {
		for i, v := range Loess(c.X, c.Y, c.Span, c.At) {
			near(t, "loess", v, c.Want[i], exact)
		}
	}
}

func TestManyTable1(t *testing.T) {
	m := readMany(t)
	for _, c := range m.Numbers {
		w := WelchT(c.A, c.B)
		near(t, "t", w.Statistic, c.Welch[0], exact)
		near(t, "its degrees of freedom", w.DF, c.Welch[1], exact)
		near(t, "p of t", w.P, c.Welch[2], exact)
		u := MannWhitney(c.A, c.B)
		near(t, "U", u.Statistic, c.MW[0], exact)
		if u.Name == "Mann–Whitney U" {
			near(t, "p of U", u.P, c.MW[1], exact)
		}
		u = MannWhitney(c.C, c.D)
		near(t, "U without ties", u.Statistic, c.Exact[0], exact)
		near(t, "exact p of U", u.P, c.Exact[1], exact)
		near(t, "difference in standard deviations", MeanDifference(c.A, c.B), c.SMD, exact)
	}
	for _, c := range m.Tables {
		x := ChiSquare(c.T)
		near(t, "χ²", x.Statistic, c.Chi[0], exact)
		near(t, "its degrees of freedom", x.DF, c.Chi[1], 0)
		near(t, "p of χ²", x.P, c.Chi[2], exact)
		near(t, "Fisher 2×2", FisherExact(c.Two, "").P, c.Fisher, exact)
		near(t, "difference of categories", CategoryDifference(c.T), c.SMD, exact)
	}
}

func TestManyModelsAgainstReaders(t *testing.T) {
	for _, c := range readMany(t).Against {
		reads := Reads{Scores: [][][]float64{c.S}, Positive: positives(c.Y), Groups: names(c.G)}
		auc, cov := reads.Estimate(AUCOf())
		e, by := AgainstReaders(auc[0], cov, true)
		for i, got := range []float64{e.Value, e.Low, e.High, e.SE, e.DF, e.P} {
			near(t, "random readers "+strconv.Itoa(i), got, c.Random[i], exact*max(1, c.Random[i]))
		}
		e, _ = AgainstReaders(auc[0], cov, false)
		for i, got := range []float64{e.Value, e.Low, e.High, e.SE, e.P} {
			near(t, "fixed readers "+strconv.Itoa(i), got, c.Fixed[i], exact)
		}
		if len(by) != len(c.S)-1 {
			t.Errorf("%d readers, want %d", len(by), len(c.S)-1)
		}
	}
}
