package boost

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"magn/internal/fault"
)

// maxColumns bounds what is asked of XGBoost, whose feature numbers have 31 bits.
const maxColumns = 1 << 24

// Matrix is features of cases. Where it is only predicted from, Labels and
// Groups may be nil.
type Matrix struct {
	Features []string  // names of the columns, each once
	Data     []float32 // row-major, a row a case, len(Features) columns; NaN is missing
	Labels   []int     // 1 for the positive class, 0 for the other
	Groups   []string  // what must not be split between folds, e.g. the patient
}

// NewMatrix copies rows of float64 features into a Matrix. What float32 cannot
// hold becomes infinite, which training and prediction refuse. The error is
// a *fault.Input where a row has another length than features.
func NewMatrix(features []string, rows [][]float64) (Matrix, error) {
	m := Matrix{Features: features, Data: make([]float32, 0, len(rows)*len(features))}
	for i, row := range rows {
		if len(row) != len(features) {
			return Matrix{}, refuse(fmt.Sprintf("row %d", i+1), fmt.Sprintf("%d values", len(row)), fmt.Sprintf("%d, one a feature", len(features)))
		}
		for _, v := range row {
			m.Data = append(m.Data, float32(v))
		}
	}
	return m, nil
}

// Rows is the number of cases.
func (m Matrix) Rows() int {
	if len(m.Features) == 0 {
		return 0
	}
	return len(m.Data) / len(m.Features)
}

// Select copies the named columns, in the order of names; labels and groups are
// shared. The error is a *fault.Input that names the first feature that is not there.
func (m Matrix) Select(names []string) (Matrix, error) {
	at := make(map[string]int, len(m.Features))
	for i, f := range m.Features {
		at[f] = i
	}
	columns := make([]int, len(names))
	for i, name := range names {
		column, ok := at[name]
		if !ok {
			return Matrix{}, refuse("feature "+name, "no such column", "every feature that the classifier uses")
		}
		columns[i] = column
	}
	out := Matrix{Features: slices.Clone(names), Labels: m.Labels, Groups: m.Groups}
	rows, width := m.Rows(), len(m.Features)
	out.Data = make([]float32, 0, rows*len(names))
	for i := range rows {
		row := m.Data[i*width:][:width]
		for _, column := range columns {
			out.Data = append(out.Data, row[column])
		}
	}
	return out, nil
}

// checkShape says what is wrong with the names and the number of values.
func (m Matrix) checkShape() error {
	if len(m.Features) == 0 || len(m.Features) > maxColumns {
		return refuse("features", fmt.Sprint(len(m.Features)), fmt.Sprintf("1 to %d", maxColumns))
	}
	if bad := checkNames(m.Features); bad != nil {
		return bad
	}
	if n := len(m.Features); len(m.Data) == 0 || len(m.Data)%n != 0 {
		return refuse("values", fmt.Sprint(len(m.Data)), fmt.Sprintf("rows of %d, one or more", n))
	}
	return nil
}

// check says in addition which value is infinite.
func (m Matrix) check() error {
	if err := m.checkShape(); err != nil {
		return err
	}
	width := len(m.Features)
	for i, v := range m.Data {
		if math.IsInf(float64(v), 0) {
			return refuse(fmt.Sprintf("row %d, feature %s", i/width+1, m.Features[i%width]), "an infinite value", "a number below 3.4e38, or NaN where there is none")
		}
	}
	return nil
}

// checkTraining says in addition what is wrong with the labels.
func (m Matrix) checkTraining() error {
	if err := m.check(); err != nil {
		return err
	}
	if len(m.Labels) != m.Rows() {
		return refuse("labels", fmt.Sprint(len(m.Labels)), fmt.Sprintf("%d, one a row", m.Rows()))
	}
	var n [2]int
	for i, l := range m.Labels {
		if l != 0 && l != 1 {
			return refuse(fmt.Sprintf("label of row %d", i+1), fmt.Sprint(l), "0 or 1")
		}
		n[l]++
	}
	if n[0] == 0 || n[1] == 0 {
		return refuse("labels", fmt.Sprintf("%d of class 0 and %d of class 1", n[0], n[1]), "cases of both classes")
	}
	return nil
}

// checkGroups says whether every row has its group.
func (m Matrix) checkGroups() error {
	if len(m.Groups) != m.Rows() {
		return refuse("groups", fmt.Sprint(len(m.Groups)), fmt.Sprintf("%d, one a row", m.Rows()))
	}
	if i := slices.Index(m.Groups, ""); i >= 0 {
		return refuse(fmt.Sprintf("group of row %d", i+1), "none", "a name")
	}
	return nil
}

// saw is the groups of the rows, each once, sorted.
func (m Matrix) saw() []string { return slices.Compact(slices.Sorted(slices.Values(m.Groups))) }

// checkNames refuses names that XGBoost's Python package would refuse too, so
// that it can open what is saved here.
func checkNames(names []string) error {
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		switch {
		case name == "" || strings.ContainsAny(name, "[]<\x00\n"):
			return refuse(fmt.Sprintf("name of feature %d", i+1), fmt.Sprintf("%q", name), "one line without [, ] and <")
		case seen[name]:
			return refuse("feature "+name, "the name twice", "each once")
		}
		seen[name] = true
	}
	return nil
}

func refuse(field, found, expected string) error {
	return &fault.Input{File: "features", Field: field, Found: found, Expected: expected}
}
