package tabular

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"magn/internal/boost"
	"magn/internal/cohort"
	"magn/internal/draw"
	"magn/internal/testenv"
	"magn/internal/volume"
)

// The arms on brain-cet1, meningioma against glioma, in the folds that every study
// of it has, printed as a table of fold AUCs:
//
//	go test -run - -bench BrainCET1 -benchtime 1x -timeout 60m ./internal/tabular
func BenchmarkBrainCET1(b *testing.B) {
	testenv.XGBoost(b)
	c, folds := brain(b)
	cache := filepath.Join(b.TempDir(), "features")
	one := func(v volume.View) []volume.View { return []volume.View{v} }
	for _, arm := range []struct {
		name   string
		source Source
		views  []volume.View
	}{
		{"outline multi-view", Outline, volume.Views},
		{"outline sagittal", Outline, one(volume.Sagittal)},
		{"outline coronal", Outline, one(volume.Coronal)},
		{"outline axial", Outline, one(volume.Axial)},
		{"radiomics multi-view", Radiomics, volume.Views},
		{"radiomics sagittal", Radiomics, one(volume.Sagittal)},
		{"radiomics coronal", Radiomics, one(volume.Coronal)},
		{"radiomics axial", Radiomics, one(volume.Axial)},
	} {
		for _, method := range []boost.Method{boost.GradientBoosting, boost.RandomForest} {
			b.Run(fmt.Sprintf("%s %s", arm.name, method), func(b *testing.B) {
				for b.Loop() {
					s := DefaultSettings()
					s.Source, s.Views, s.Method = arm.source, arm.views, method
					report(b, c, folds, s, cache)
				}
			})
		}
	}
	b.Run("radiomics permuted", func(b *testing.B) {
		for b.Loop() {
			permuted(b, c, folds, cache)
		}
	})
	b.Run("radiomics single", func(b *testing.B) {
		for b.Loop() {
			single(b, c, cache)
		}
	})
}

// permuted deals the classes out anew among the groups, fifteen times.
func permuted(b *testing.B, c *cohort.Cohort, folds []cohort.Fold, cache string) {
	var means []float64
	for k := range 15 {
		label := map[string]int{}
		var groups []string
		var labels []int
		for _, x := range c.Cases {
			if _, there := label[x.Group]; !there {
				label[x.Group] = x.Label
				groups, labels = append(groups, x.Group), append(labels, x.Label)
			}
		}
		for i, j := range draw.New("permuted", k).Perm(len(groups)) {
			label[groups[i]] = labels[j]
		}
		dealt := *c
		dealt.Cases = slices.Clone(c.Cases)
		for i := range dealt.Cases {
			dealt.Cases[i].Label = label[dealt.Cases[i].Group]
		}
		mean, _, _ := run(b, &dealt, folds, DefaultSettings(), cache)
		means = append(means, mean)
	}
	slices.Sort(means)
	sum := 0.0
	for _, m := range means {
		sum += m
	}
	b.Logf("AUC %.3f, mean of %d permutations; %.3f to %.3f", sum/float64(len(means)), len(means), means[0], means[len(means)-1])
}

// single ranks features by their own AUC over all cases, either way round.
func single(b *testing.B, c *cohort.Cohort, cache string) {
	by := map[string][]Score{}
	for _, k := range c.Cases {
		for _, v := range row(b, k, DefaultSettings(), cache).Values {
			by[v.Name] = append(by[v.Name], Score{Label: k.Label, Logit: v.Value})
		}
	}
	names := slices.SortedFunc(maps.Keys(by), func(x, y string) int {
		return cmp.Or(cmp.Compare(math.Abs(auc(by[y])-0.5), math.Abs(auc(by[x])-0.5)), cmp.Compare(x, y))
	})
	for _, n := range names[:12] {
		b.Logf("%.3f %s", auc(by[n]), n)
	}
}

// brain imports the two-class cohort and makes its split.
func brain(tb testing.TB) (*cohort.Cohort, []cohort.Fold) {
	dir := filepath.Join(tb.TempDir(), "study")
	c, err := cohort.ImportSlices(tb.Context(), cohort.ImportSlicesOptions{
		Manifest: testenv.Data(tb, "brain-cet1", "manifest.csv"), Study: dir,
		Classes: []string{"glioma", "meningioma"}, Positive: "meningioma",
	}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	folds, err := cohort.MakeFolds(c.Cases, 5, 1)
	if err != nil {
		tb.Fatal(err)
	}
	return c, folds
}

// report runs a unit a fold and logs the AUC of each, their mean, and the
// accuracy at the inner threshold and at one half.
func report(b *testing.B, c *cohort.Cohort, folds []cohort.Fold, s Settings, cache string) {
	mean, candidates, text := run(b, c, folds, s, cache)
	b.Logf("AUC %.3f of %s; %d features offered", mean, text, candidates)
	b.ReportMetric(mean, "AUC")
}

func run(b *testing.B, c *cohort.Cohort, folds []cohort.Fold, s Settings, cache string) (mean float64, candidates int, text string) {
	var aucs []float64
	var right, half, n int
	sum := 0.0
	for f := range 5 {
		u := Unit{Arm: "bench", Fold: f, Seed: 1, Settings: s, Dir: b.TempDir(), FeaturesDir: cache}
		for i, k := range c.Cases {
			if folds[i].Fold == f {
				u.Test = append(u.Test, k)
			} else {
				u.Train = append(u.Train, k)
			}
		}
		r, err := RunUnit(b.Context(), u, nil)
		if err != nil {
			b.Fatal(err)
		}
		a := auc(r.Scores)
		aucs = append(aucs, a)
		sum += a
		candidates = r.Candidates
		for _, x := range r.Scores {
			n++
			if (x.Score >= r.Threshold) == (x.Label == 1) {
				right++
			}
			if (x.Score >= 0.5) == (x.Label == 1) {
				half++
			}
		}
	}
	return sum / 5, candidates, fmt.Sprintf("%.3f; accuracy %.3f at the inner threshold, %.3f at 0.5", aucs, float64(right)/float64(n), float64(half)/float64(n))
}

// auc is the Mann–Whitney statistic, ties counting half.
func auc(scores []Score) float64 {
	pos := slices.DeleteFunc(slices.Clone(scores), func(s Score) bool { return s.Label == 0 })
	neg := slices.DeleteFunc(slices.Clone(scores), func(s Score) bool { return s.Label == 1 })
	sum := 0.0
	for _, p := range pos {
		for _, n := range neg {
			sum += float64(1+cmp.Compare(p.Logit, n.Logit)) / 2
		}
	}
	return sum / float64(len(pos)*len(neg))
}
