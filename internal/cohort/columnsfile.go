package cohort

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// columnsFile says, inside a study, which columns of cohort.csv hold numbers.
var columnsFile = filepath.Join("import", "columns.csv")

const (
	asNumber   = "number"
	asCategory = "category"
)

// WriteColumnKinds writes import/columns.csv of a study.
func WriteColumnKinds(study string, kinds []ColumnKind) error {
	rows := [][]string{{"column", "kind", "known", "numbers", "declared"}}
	for _, k := range kinds {
		kind, declared := asCategory, "no"
		if k.Number {
			kind = asNumber
		}
		if k.Declared {
			declared = "yes"
		}
		rows = append(rows, []string{k.Name, kind, strconv.Itoa(k.Known), strconv.Itoa(k.Numbers), declared})
	}
	return WriteTable(filepath.Join(study, columnsFile), rows, 0o644)
}

// ReadColumnKinds reads name and kind of import/columns.csv of a study, by name; nil
// where there is none. What is wrong is returned as *Problems.
func ReadColumnKinds(study string) (map[string]ColumnKind, error) {
	path := filepath.Join(study, columnsFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var ps Problems
	out := map[string]ColumnKind{}
	for _, r := range readCSVFile(path, []string{"column", "kind"}, &ps) {
		k := ColumnKind{Name: r.at(0), Number: r.at(1) == asNumber}
		if kinds := []string{asNumber, asCategory}; !slices.Contains(kinds, r.at(1)) {
			ps.add(r.fault("kind", fmt.Sprintf("%q", r.at(1)), asNumber+" or "+asCategory))
		}
		if _, twice := out[k.Name]; twice {
			ps.add(r.fault("column", k.Name+" a second time", "one row a column"))
		}
		out[k.Name] = k
	}
	return out, ps.err(path)
}
