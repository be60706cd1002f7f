package stats

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// truth is testdata/truth.json, made by testdata/truth.py (scikit-learn, scipy,
// statsmodels; the command is at its head).
type truth struct {
	CVAUC []struct {
		Folds []truthFold
		SE    float64
		Want  [3]float64
	}
	ROC []struct {
		Folds     []truthFold
		AUC, Mean []float64
		FPR, TPR  [][]float64
	}
	DeLong []struct {
		A, B, AUC    []float64
		Labels       []int
		Cov          [][]float64
		Delta, SE, P float64
	}
	Wilson, Exact []struct {
		K, N float64
		Want [2]float64
	}
	Clustered []struct {
		Values                          []float64
		Groups                          []string
		Mean, Variance, Low, High, Deff float64
		Wilson                          [2]float64
	}
	Holm     []struct{ P, Want []float64 }
	Quantile []struct {
		X    []float64
		Want [3]float64
	}
}

type truthFold struct {
	Scores []float64
	Labels []int
	Groups []string
}

func (f truthFold) sample() Sample { return Sample{f.Scores, positives(f.Labels), f.Groups} }

func positives(labels []int) []bool {
	out := make([]bool, len(labels))
	for i, l := range labels {
		out[i] = l == 1
	}
	return out
}

func readTruth(t *testing.T) truth {
	t.Helper()
	data, err := os.ReadFile("testdata/truth.json")
	if err != nil {
		t.Fatal(err)
	}
	var tr truth
	if err := json.Unmarshal(data, &tr); err != nil {
		t.Fatal(err)
	}
	if len(tr.CVAUC) < 10 || len(tr.ROC) < 4 || len(tr.DeLong) < 2 || len(tr.Wilson) < 5 || len(tr.Exact) < 9 || len(tr.Clustered) < 3 || len(tr.Holm) < 4 || len(tr.Quantile) < 4 {
		t.Fatal("testdata/truth.json is not whole")
	}
	return tr
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol) {
		t.Errorf("%s: got %.17g, want %.17g", what, got, want)
	}
}

func nearInterval(t *testing.T, what string, got Interval, value, low, high float64) {
	t.Helper()
	near(t, what, got.Value, value, 1e-12)
	near(t, what+", low", got.Low, low, 1e-12)
	near(t, what+", high", got.High, high, 1e-12)
}

func TestCVAUCAgainstLeDell(t *testing.T) {
	var zero int
	for _, c := range readTruth(t).CVAUC {
		var folds []Sample
		for _, f := range c.Folds {
			folds = append(folds, f.sample())
		}
		near(t, "standard error", influenceCurve([][]Sample{folds}).se, c.SE, 1e-14)
		nearInterval(t, "cvAUC", CVAUC([][]Sample{folds}), c.Want[0], c.Want[1], c.Want[2])
		if c.SE == 0 {
			zero++
		}
	}
	if zero < 5 {
		t.Errorf("%d truths without a standard error", zero)
	}
}

func TestROCAgainstScikitLearn(t *testing.T) {
	for _, c := range readTruth(t).ROC {
		var curves [][]Point
		for v, f := range c.Folds {
			curve := ROC(f.Scores, positives(f.Labels))
			curves = append(curves, curve)
			near(t, "AUC", AUC(f.Scores, positives(f.Labels)), c.AUC[v], 1e-14)
			if len(curve) != len(c.FPR[v]) {
				t.Fatalf("%d points, want %d", len(curve), len(c.FPR[v]))
			}
			for i, p := range curve {
				near(t, "FPR", p.FPR, c.FPR[v][i], 1e-15)
				near(t, "TPR", p.TPR, c.TPR[v][i], 1e-15)
			}
		}
		mean := MeanROC(curves, len(c.Mean))
		if mean[0] != (Point{}) || mean[len(mean)-1] != (Point{1, 1}) {
			t.Errorf("mean curve from %v to %v", mean[0], mean[len(mean)-1])
		}
		for k, want := range c.Mean {
			near(t, "mean TPR", mean[k+1].TPR, want, 1e-14)
		}
	}
}

func TestDeLongAgainstKernel(t *testing.T) {
	for _, c := range readTruth(t).DeLong {
		pos := positives(c.Labels)
		auc, cov := DeLong([][]float64{c.A, c.B}, pos)
		for a := range auc {
			near(t, "AUC", auc[a], c.AUC[a], 1e-14)
			for b := range auc {
				near(t, "covariance", cov[a][b], c.Cov[a][b], 1e-15)
			}
		}
		delta, p := DeLongTest(c.A, c.B, pos)
		near(t, "p", p, c.P, 1e-12)
		nearInterval(t, "delta", delta, c.Delta, c.Delta-Z*c.SE, c.Delta+Z*c.SE)
	}
}

func TestProportionsAgainstStatsmodels(t *testing.T) {
	tr := readTruth(t)
	for _, c := range tr.Wilson {
		nearInterval(t, "Wilson", Wilson(c.K/c.N, c.N), c.K/c.N, c.Want[0], c.Want[1])
	}
	for _, c := range tr.Exact {
		nearInterval(t, "Clopper–Pearson", ClopperPearson(c.K/c.N, c.N), c.K/c.N, c.Want[0], c.Want[1])
	}
	for _, c := range tr.Clustered {
		mean, variance, _ := clustered(c.Values, c.Groups)
		near(t, "mean", mean, c.Mean, 1e-13)
		near(t, "variance", variance, c.Variance, 1e-13)
		nearInterval(t, "clustered Wilson", ClusteredWilson(c.Values, c.Groups), c.Mean, c.Wilson[0], c.Wilson[1])
		iv := ClusteredMean(c.Values, c.Groups)
		near(t, "clustered mean", iv.Value, c.Mean, 1e-13)
		near(t, "clustered mean, low", iv.Low, c.Low, 1e-9) // scipy's t quantile is good to 1e-9
		near(t, "clustered mean, high", iv.High, c.High, 1e-9)
	}
	if tr.Clustered[0].Deff < 1.2 {
		t.Error("the clustered case has no design effect: it tests nothing")
	}
}

func TestHolmAndQuantile(t *testing.T) {
	tr := readTruth(t)
	for _, c := range tr.Holm {
		for i, p := range Holm(c.P) {
			near(t, "Holm", p, c.Want[i], 1e-15)
		}
	}
	for _, c := range tr.Quantile {
		x := defined(c.X)
		for i, q := range []float64{0.025, 0.5, 0.975} {
			near(t, "quantile", quantile(x, q), c.Want[i], 1e-14)
		}
	}
}
