package boost

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"magn/internal/testenv"
)

// forestCase has 30 informative features of 200, the last of them hardly so.
func forestCase() (fit, test Matrix) {
	m := spec{name: "forest", rows: 400, columns: 200, informative: 30, effect: 1}.make()
	return rows(m, 0, 200), rows(m, 200, 400)
}

// With scikit-learn's forest of 500 trees: the top 30 and the AUC on other cases.
func TestForestPeer(t *testing.T) {
	testenv.XGBoost(t)
	noneLeft(t)
	fit, test := forestCase()
	two := []Params{{Seed: 1}, {Seed: 2}}
	answers := peer(t, "sklearn", "forest", fit, test, two)
	theirs, again := answers[0], answers[1]
	ranking, _, err := Rank(context.Background(), fit, 500, 1, 1)
	fatal(t, err)
	kept, _ := Select(ranking, 30)
	name := func(columns []int) (out []string) {
		for _, c := range columns {
			out = append(out, fit.Features[c])
		}
		return out
	}
	overlap, itself := common(kept, name(theirs.Top)), common(name(theirs.Top), name(again.Top))
	known := func(names []string) int { return common(names, fit.Features[:30]) }
	ours := auc(predict(t, train(t, fit, Forest(len(fit.Features))), test), test.Labels)
	sk := auc(theirs.Margins, test.Labels)
	t.Logf("top 30: %d in common with scikit-learn's, whose two seeds share %d; informative %d and %d; AUC %.4f and %.4f",
		overlap, itself, known(kept), known(name(theirs.Top)), ours, sk)
	if overlap < itself-3 || known(kept) < known(name(theirs.Top))-2 || ours < sk-0.01 {
		t.Error("another forest than scikit-learn's")
	}
}

func common(a, b []string) int {
	n := 0
	for _, f := range a {
		if slices.Contains(b, f) {
			n++
		}
	}
	return n
}

func learn(t testing.TB, m Matrix, change func(*Settings)) *Classifier {
	t.Helper()
	s := Defaults()
	s.Trees, s.Seed = 100, 3
	if change != nil {
		change(&s)
	}
	c, err := Learn(context.Background(), m, s)
	fatal(t, err)
	return c
}

func TestLearn(t *testing.T) {
	testenv.XGBoost(t)
	noneLeft(t)
	fit, test := forestCase()
	for _, method := range []Method{GradientBoosting, RandomForest} {
		c := learn(t, fit, func(s *Settings) { s.Method = method })
		if len(c.Ranking()) != 200 || len(c.Kept()) != 30 || !slices.Equal(c.Used(), c.Kept()[:15]) {
			t.Errorf("%s: %d ranked, %d kept, used %v", method, len(c.Ranking()), len(c.Kept()), c.Used())
		}
		if !slices.IsSortedFunc(c.Ranking(), func(a, b Ranked) int {
			if a.Score > b.Score || a.Score == b.Score && a.Feature < b.Feature {
				return -1
			}
			return 1
		}) {
			t.Errorf("%s: the ranking is not in order", method)
		}
		margins, err := c.Predict(context.Background(), test)
		fatal(t, err)
		if a := auc(margins, test.Labels); a < 0.85 {
			t.Errorf("%s: AUC %g on cases whose classes 30 features tell apart", method, a)
		}
		for _, m := range margins {
			if p := method.Probability(m); p < 0 || p > 1 || (p > 0.5) != (m > 0) {
				t.Errorf("%s: probability %g at margin %g", method, p, m)
			}
		}
		var steps []string
		for _, f := range c.Fits() {
			steps = append(steps, f.Step)
			if len(f.Groups) != 100 || f.Groups[0] != "g000" || f.Groups[99] != "g099" {
				t.Errorf("%s: %s saw %d groups", method, f.Step, len(f.Groups))
			}
		}
		if !slices.Equal(steps, []string{"ranking", "selection", "trees"}) {
			t.Errorf("%s: steps %v", method, steps)
		}

		path := filepath.Join(t.TempDir(), "classifier")
		fatal(t, c.Save(path))
		back, err := LoadClassifier(path)
		fatal(t, err)
		again, err := back.Predict(context.Background(), test)
		fatal(t, err)
		if !slices.Equal(margins, again) || !slices.Equal(back.Kept(), c.Kept()) || len(back.Fits()) != 3 || back.Method() != method {
			t.Errorf("%s: another classifier after saving and loading", method)
		}
	}
}

// What trees do not need: standardised by the training rows' mean and deviation,
// or by any scale, features are ranked and used alike. Scales are powers of two
// here, so that rounding is the same.
func TestScaleDoesNotMatter(t *testing.T) {
	testenv.XGBoost(t)
	fit, test := forestCase()
	c := learn(t, fit, nil)
	want, err := c.Predict(context.Background(), test)
	fatal(t, err)
	scaled := func(m Matrix) Matrix {
		m.Data = slices.Clone(m.Data)
		for i := range m.Data {
			m.Data[i] *= float32(int(1) << (i % 200 % 9))
		}
		return m
	}
	s := learn(t, scaled(fit), nil)
	got, err := s.Predict(context.Background(), scaled(test))
	fatal(t, err)
	if !slices.Equal(s.Ranking(), c.Ranking()) || !slices.Equal(got, want) {
		t.Error("a scale changed ranking or margins")
	}
}

func TestRepeats(t *testing.T) {
	testenv.XGBoost(t)
	noneLeft(t)
	fit, _ := forestCase()
	small, err := fit.Select(fit.Features[:40])
	fatal(t, err)
	var kinds [][]byte
	for _, method := range []string{"exact", "hist"} {
		for _, threads := range []int{1, 2} {
			p := Boosting()
			p.TreeMethod, p.Threads, p.Rounds, p.Subsample, p.ColsampleByNode, p.Seed = method, threads, 4, 0.6, 0.3, 9
			first := bytesOf(t, train(t, small, p))
			if !bytes.Equal(first, bytesOf(t, train(t, small, p))) {
				t.Errorf("%s, %d threads: the same training gave other bytes", method, threads)
			}
			kinds = append(kinds, first[bytes.LastIndexByte(first, '\n'):])
			p.Seed++
			if bytes.Equal(first, bytesOf(t, train(t, small, p))) {
				t.Errorf("%s, %d threads: another seed gave the same bytes", method, threads)
			}
		}
	}
	t.Logf("trees the same with one and two threads: exact %v, hist %v", bytes.Equal(kinds[0], kinds[1]), bytes.Equal(kinds[2], kinds[3]))
}

// Two trainings at once do not disturb each other's random numbers.
func TestTrainingsSideBySide(t *testing.T) {
	testenv.XGBoost(t)
	noneLeft(t)
	fit, _ := forestCase()
	small, err := fit.Select(fit.Features[:20])
	fatal(t, err)
	p := Boosting()
	p.Rounds, p.Subsample = 5, 0.5
	want := bytesOf(t, train(t, small, p))
	got := make(chan []byte)
	for range 4 {
		go func() {
			m, err := Train(context.Background(), small, p)
			if err != nil {
				got <- nil
				return
			}
			b, _ := m.MarshalText()
			got <- b
		}()
	}
	for range 4 {
		if !bytes.Equal(<-got, want) {
			t.Error("other bytes beside other trainings")
		}
	}
}

func TestChoices(t *testing.T) {
	fold := func(kept ...string) *Classifier {
		return &Classifier{classifierLines{Kept: kept}, &Model{features: kept[:len(kept)/2]}}
	}
	got := Choices([]*Classifier{fold("a", "b", "c", "d"), fold("b", "a", "d", "e"), fold("b", "d", "a", "c")})
	want := []Choice{{"b", 3, 3}, {"a", 3, 2}, {"d", 3, 1}, {"c", 2, 0}, {"e", 1, 0}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestTiesByName(t *testing.T) {
	testenv.XGBoost(t)
	m := Matrix{Features: []string{"z", "b", "a"}, Groups: make([]string, 40)}
	for i := range m.Groups {
		m.Groups[i] = fmt.Sprint("g", i)
		m.Labels = append(m.Labels, i%2)
		m.Data = append(m.Data, float32(i%2), 1, 1)
	}
	r, _, err := Rank(context.Background(), m, 10, 0, 1)
	fatal(t, err)
	if want := []Ranked{{"z", 1}, {"a", 0}, {"b", 0}}; !slices.Equal(r, want) {
		t.Errorf("%v, want %v", r, want)
	}
	for i := range m.Data {
		m.Data[i] = 1
	}
	if _, err := Learn(context.Background(), m, Defaults()); err == nil || !strings.Contains(err.Error(), "0 for every feature") {
		t.Errorf("features without a difference: %v", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no")
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("no file: %v", err)
	}
	fatal(t, os.WriteFile(path, []byte("other"), 0o600))
	if _, err := LoadClassifier(path); err == nil {
		t.Error("another file was a classifier")
	}
}
