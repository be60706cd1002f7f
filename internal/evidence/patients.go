package evidence

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"

	"magn/internal/stats"
)

// Patients are what is known of the cases besides the answers: for Table 1 and
// for metrics by scanner, field strength and size. What is not known of a case is
// not in its facts.
type Patients struct {
	Columns []Column
	Facts   map[string]map[string]string // by case, then column
}

// Column is a fact that patients have.
type Column struct {
	Name   string
	Number bool // else a category
	Split  bool // metrics are given by it: by category, or below and above the median
}

// Characteristic is a row of Table 1: a fact in the two classes. Differences are
// positive minus negative class.
type Characteristic struct {
	Name     string  `json:"name"`
	Number   bool    `json:"number"`
	Positive Summary `json:"positive"`
	Negative Summary `json:"negative"`
	Levels   []Level `json:"levels"` // of a category, sorted
	Test     string  `json:"test"`
	P        Number  `json:"p"`
	SMD      Number  `json:"smd"` // standardised mean difference
}

// Summary of a number in a class; of a category N and Missing only.
type Summary struct {
	N       int    `json:"n"`
	Missing int    `json:"missing"`
	Mean    Number `json:"mean"`
	SD      Number `json:"sd"`
	Median  Number `json:"median"`
	Q1      Number `json:"q1"`
	Q3      Number `json:"q3"`
}

// Level is how often a category stands in each class.
type Level struct {
	Name     string `json:"name"`
	Positive int    `json:"positive"`
	Negative int    `json:"negative"`
}

// Subgroup is an arm on the patients who have a fact in common. Too few to have
// both classes in each fold, they have a pooled AUC.
type Subgroup struct {
	By       string  `json:"by"`
	Level    string  `json:"level"`
	N        int     `json:"n"`
	Positive int     `json:"positive"`
	Metrics  Metrics `json:"metrics"`
}

// characteristics make Table 1 of the cases that the arms answer for.
func (p Patients) characteristics(cases []tableCase) []Characteristic {
	var out []Characteristic
	for _, col := range p.Columns {
		c := Characteristic{Name: col.Name, Number: col.Number, P: Number(math.NaN()), SMD: Number(math.NaN())}
		var numbers [2][]float64
		levels := map[string]*Level{}
		sums := [2]*Summary{&c.Negative, &c.Positive}
		for _, k := range cases {
			v, known := p.Facts[k.id][col.Name]
			if !known {
				sums[k.label].Missing++
				continue
			}
			sums[k.label].N++
			if col.Number {
				x, _ := strconv.ParseFloat(v, 64) // the study has seen to it
				numbers[k.label] = append(numbers[k.label], x)
				continue
			}
			v = parts(v)
			if levels[v] == nil {
				levels[v] = &Level{Name: v}
			}
			if k.label == 1 {
				levels[v].Positive++
			} else {
				levels[v].Negative++
			}
		}
		for i, s := range sums {
			s.describe(numbers[i])
		}
		var test stats.Test
		if col.Number {
			test = stats.CompareNumbers(numbers[1], numbers[0])
			c.SMD = Number(stats.MeanDifference(numbers[1], numbers[0]))
		} else {
			var counts [][]int
			for _, l := range levels {
				c.Levels = append(c.Levels, *l)
			}
			slices.SortFunc(c.Levels, func(a, b Level) int { return cmp.Compare(a.Name, b.Name) })
			for _, l := range c.Levels {
				counts = append(counts, []int{l.Positive, l.Negative})
			}
			if test.P = math.NaN(); !c.TooThin() {
				test = stats.CompareCategories(counts, col.Name)
				c.SMD = Number(stats.CategoryDifference(counts))
			}
		}
		c.Test, c.P = test.Name, Number(test.P)
		out = append(out, c)
	}
	return out
}

// TooThin says whether a category has more levels than two and than a third of
// the patients of whom it is known. With fewer than three patients a level, each
// nearly has its own: the standardised difference is then large whatever the
// classes are, and a test can see nothing, so there is neither.
func (c Characteristic) TooThin() bool {
	return !c.Number && len(c.Levels) > 2 && 3*len(c.Levels) > c.Positive.N+c.Negative.N
}

// parts is a category whose parts are joined by +, such as the levels of a
// patient's lesions, with its parts in order: L2+L1 is L1+L2.
func parts(v string) string {
	of := strings.Split(v, "+")
	if len(of) < 2 {
		return v
	}
	for i := range of {
		of[i] = strings.TrimSpace(of[i])
	}
	slices.Sort(of)
	return strings.Join(of, "+")
}

func (s *Summary) describe(x []float64) {
	nan := Number(math.NaN())
	s.Mean, s.SD, s.Median, s.Q1, s.Q3 = nan, nan, nan, nan, nan
	if len(x) == 0 {
		return
	}
	slices.Sort(x)
	s.Mean = Number(mean(x))
	if len(x) > 1 {
		s.SD = Number(stat.StdDev(x, nil))
	}
	s.Q1, s.Median, s.Q3 = Number(quantile(x, 0.25)), Number(quantile(x, 0.5)), Number(quantile(x, 0.75))
}

// quantile of sorted values by linear interpolation (Hyndman & Fan 1996, type 7).
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	lo := int(at)
	hi := min(lo+1, len(sorted)-1)
	return sorted[lo] + (at-float64(lo))*(sorted[hi]-sorted[lo])
}

// subgroups are an arm's metrics by the facts that split: a level of fewer than
// minSubgroup patients, or of one class, joins no row.
func (t *table) subgroups(p Patients) []Subgroup {
	var out []Subgroup
	for _, col := range p.Columns {
		if !col.Split {
			continue
		}
		level := p.levels(col, t.cases)
		rows, names := map[string][]int{}, []string{}
		for i := range t.cases {
			l := level[i]
			if l == "" {
				continue
			}
			if rows[l] == nil {
				names = append(names, l)
			}
			rows[l] = append(rows[l], i)
		}
		slices.Sort(names)
		if len(names) < 2 {
			continue
		}
		for _, l := range names {
			s := Subgroup{By: col.Name, Level: l, N: len(rows[l])}
			for _, i := range rows[l] {
				s.Positive += t.cases[i].label
			}
			if s.N < minSubgroup {
				continue
			}
			s.Metrics, _ = t.metrics(rows[l], t.everySeed())
			out = append(out, s)
		}
	}
	return out
}

const minSubgroup = 5

// levels of a column, case by case: the category, or the half of the numbers.
func (p Patients) levels(col Column, cases []tableCase) []string {
	out := make([]string, len(cases))
	var known []float64
	for i, c := range cases {
		v, ok := p.Facts[c.id][col.Name]
		if !ok {
			continue
		}
		out[i] = v
		if x, err := strconv.ParseFloat(v, 64); col.Number && err == nil {
			known = append(known, x)
		}
	}
	if !col.Number || len(known) == 0 {
		return out
	}
	slices.Sort(known)
	median := quantile(known, 0.5)
	for i, v := range out {
		if v == "" {
			continue
		}
		if x, _ := strconv.ParseFloat(v, 64); x <= median {
			out[i] = fmt.Sprintf("at most %.4g", median)
		} else {
			out[i] = fmt.Sprintf("more than %.4g", median)
		}
	}
	return out
}
