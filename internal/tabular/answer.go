package tabular

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"magn/internal/boost"
	"magn/internal/cohort"
)

// Answer gives a fitted classifier's scores for cases, refitting nothing: model is
// a unit's ModelFile, s its settings. So a locked model meets another cohort.
func Answer(ctx context.Context, model string, cases []cohort.Case, s Settings, featuresDir string) ([]Score, error) {
	c, err := boost.LoadClassifier(model)
	if err != nil {
		return nil, err
	}
	e, err := s.extraction()
	if err != nil {
		return nil, err
	}
	rows := make([]Row, len(cases))
	for i, k := range cases {
		if rows[i], err = extract(ctx, k, s, e, featuresDir); err != nil {
			return nil, err
		}
	}
	return answer(ctx, c, rows)
}

// answer fills the columns that the trees use, by their names, and predicts.
func answer(ctx context.Context, c *boost.Classifier, rows []Row) ([]Score, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	cols := columns{names: c.Used()}
	m, err := cols.matrix(rows)
	if err != nil {
		return nil, err
	}
	margins, err := c.Predict(ctx, m)
	if err != nil {
		return nil, err
	}
	trees := float64(c.Model().Params().NumParallelTree)
	out := make([]Score, len(rows))
	for i, r := range rows {
		z := margins[i]
		if c.Method() == boost.RandomForest {
			// A share of trees has no finite log-odds at 0 and 1: half a tree is
			// added to either side.
			p := (c.Method().Probability(z)*trees + 0.5) / (trees + 1)
			z = math.Log(p / (1 - p))
		}
		out[i] = Score{Case: r.Case, Group: r.Group, Label: r.Label, Logit: z, Score: 1 / (1 + math.Exp(-z))}
	}
	return out, nil
}

// chosen is the ranking's top, and which of it the trees use.
func chosen(c *boost.Classifier) []Feature {
	used := c.Used()
	var out []Feature
	ranking := c.Ranking()
	for i := range c.Kept() {
		f := ranking[i]
		out = append(out, Feature{f.Feature, i + 1, f.Score, slices.Contains(used, f.Feature)})
	}
	return out
}

// notes counts how many cases each concerns.
func notes(rows []Row) []string {
	var order []string
	count := map[string]int{}
	for _, r := range rows {
		seen := map[string]bool{} // several views may say the same
		for _, n := range r.Notes {
			if seen[n] {
				continue
			}
			seen[n] = true
			if count[n] == 0 {
				order = append(order, n)
			}
			count[n]++
		}
	}
	slices.Sort(order)
	for i, n := range order {
		order[i] = fmt.Sprintf("%d of %d cases: %s", count[n], len(rows), n)
	}
	return order
}

// peakMemory is the most that the process had resident, 0 where the system does
// not say.
func peakMemory() int64 {
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kb << 10
		}
	}
	return 0
}
