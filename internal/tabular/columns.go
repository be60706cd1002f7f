package tabular

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"magn/internal/boost"
)

// maxCategories bounds how many words a column of text may have among the training
// cases: with more of them it is a name or a remark, and tells patients apart
// rather than classes.
const maxCategories = 10

// columns are the names of a table's columns, fitted on training rows. A name
// says all that is needed to fill it from a row: that of a Value; that of a Text,
// whose number it is; or name=word, which is 1 where the Text has that word and
// 0 where it has another.
type columns struct {
	names   []string
	leftOut []string // texts with too many words, a sentence each
	fit     boost.Fit
}

// fitColumns chooses the columns from the rows, which are training cases: values
// in the order in which they first come, then texts by name. A text is a number
// where all that are known are. ErrNoFeatures where no column has two values.
func fitColumns(rows []Row, from Source) (columns, error) {
	c := columns{fit: boost.Fit{Step: "columns"}}
	seen := map[string]bool{}
	words := map[string]map[string]bool{}
	numbers := map[string]bool{}
	for _, r := range rows {
		c.fit.Groups = append(c.fit.Groups, r.Group)
		for _, v := range r.Values {
			if !seen[v.Name] {
				seen[v.Name] = true
				c.names = append(c.names, v.Name)
			}
		}
		for _, t := range r.Texts {
			if words[t.Name] == nil {
				words[t.Name], numbers[t.Name] = map[string]bool{}, true
			}
			words[t.Name][t.Text] = true
			if _, ok := parseNumber(t.Text); !ok {
				numbers[t.Name] = false
			}
		}
	}
	slices.Sort(c.fit.Groups)
	c.fit.Groups = slices.Compact(c.fit.Groups)
	for _, name := range slices.Sorted(maps.Keys(words)) {
		switch {
		case numbers[name]:
			c.names = append(c.names, escape(name))
		case len(words[name]) > maxCategories:
			c.leftOut = append(c.leftOut, fmt.Sprintf("column %s has more than %d different words and is left out", name, maxCategories))
		default:
			for _, w := range slices.Sorted(maps.Keys(words[name])) {
				c.names = append(c.names, escape(name)+"="+escape(w))
			}
		}
	}
	if len(c.names) == 0 {
		return c, noFeatures(string(from), "columns", "none that is a number or has few words", "at least one", "leave the "+string(from)+" arm out")
	}
	m, err := c.matrix(rows)
	if err != nil {
		return c, err
	}
	if !varies(m) {
		return c, noFeatures(string(from), "columns", "the same value for every case", "a column that differs between cases", "leave the "+string(from)+" arm out")
	}
	return c, nil
}

// matrix fills the columns from rows. What a row does not have is missing, and so
// is what float32 cannot hold.
func (c *columns) matrix(rows []Row) (boost.Matrix, error) {
	data := make([][]float64, len(rows))
	for i, r := range rows {
		data[i] = r.fill(c.names)
	}
	m, err := boost.NewMatrix(c.names, data)
	if err != nil {
		return m, err
	}
	for _, r := range rows {
		m.Labels, m.Groups = append(m.Labels, r.Label), append(m.Groups, r.Group)
	}
	return m, nil
}

func (r *Row) fill(names []string) []float64 {
	known := make(map[string]float64, len(r.Values)+len(r.Texts))
	told := map[string]bool{} // texts of which something is known
	for _, v := range r.Values {
		known[v.Name] = v.Value
	}
	for _, t := range r.Texts {
		name := escape(t.Name)
		told[name] = true
		if x, ok := parseNumber(t.Text); ok {
			known[name] = x
		}
		known[name+"="+escape(t.Text)] = 1
	}
	out := make([]float64, len(names))
	for i, n := range names {
		x, there := known[n]
		if !there {
			x = math.NaN()
			if text, _, isWord := strings.Cut(n, "="); isWord && told[text] {
				x = 0
			}
		}
		if !(math.Abs(x) <= math.MaxFloat32) {
			x = math.NaN()
		}
		out[i] = x
	}
	return out
}

// varies says whether some column has two values, of which one may be missing.
func varies(m boost.Matrix) bool {
	w := len(m.Features)
	for i, x := range m.Data {
		first := m.Data[i%w]
		if x != first && (x == x || first == first) {
			return true
		}
	}
	return false
}

// parseNumber takes what Go writes and what spreadsheets do; no NaN, no infinity.
func parseNumber(text string) (float64, bool) {
	x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return x, err == nil && !math.IsNaN(x) && !math.IsInf(x, 0)
}

// escape makes a text part of a column's name, which may not hold what XGBoost's
// Python package refuses, and in which = divides name and word.
func escape(s string) string {
	return escaper.Replace(s)
}

var escaper = strings.NewReplacer("%", "%25", "=", "%3D", "[", "%5B", "]", "%5D", "<", "%3C", "\n", "%0A", "\r", "%0D", "\x00", "%00")
