package cohort

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"magn/internal/fault"
)

// Fold says in which test fold a case is; folds are numbered from 0.
type Fold struct {
	Case, Group string
	Fold        int
}

// MakeFolds splits cases by group, stratified by class. Within a class, groups
// stand in the order of the hexadecimal SHA-256 of "folds/<seed>/<group>"; each
// goes to the fold with the fewest cases of that class so far, then the fewest
// cases, then the lowest number. The positive class is dealt first. A group with
// cases of both classes is dealt with the positive class. So the split depends
// on who is in the cohort and on the seed, not on the order of a file.
//
// The result is in the order of the case ids. It is an error where a fold would
// be left without one of the classes.
func MakeFolds(cases []Case, folds int, seed int64) ([]Fold, error) {
	if folds < 2 {
		return nil, &fault.Input{File: settingsFile, Field: "number of folds", Found: strconv.Itoa(folds), Expected: "2 or more"}
	}
	groups := map[string][]Case{}
	positive := map[string]bool{}
	for _, c := range cases {
		groups[c.Group] = append(groups[c.Group], c)
		if c.Label == 1 {
			positive[c.Group] = true
		}
	}
	// More folds than groups can never work; said before anything of that size is made.
	if folds > len(groups) {
		return nil, &fault.Input{
			File: settingsFile, Field: "number of folds", Found: fmt.Sprintf("%d folds for %d groups", folds, len(groups)),
			Expected: "at least one group of each class a fold", Do: "use fewer folds",
		}
	}
	fold := map[string]int{}
	all := make([]int, folds)
	ofClass := [2][]int{make([]int, folds), make([]int, folds)}
	for _, label := range []int{1, 0} {
		for _, g := range dealingOrder(groups, positive, label, seed) {
			best := 0
			for f := 1; f < folds; f++ {
				a, b := ofClass[label][f], ofClass[label][best]
				if a < b || a == b && all[f] < all[best] {
					best = f
				}
			}
			fold[g] = best
			for _, c := range groups[g] {
				ofClass[c.Label][best]++
				all[best]++
			}
		}
	}
	out := make([]Fold, 0, len(cases))
	for _, c := range cases {
		out = append(out, Fold{c.ID, c.Group, fold[c.Group]})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Case < out[j].Case })
	var ps Problems
	checkBothClasses(settingsFile, ofClass, "use fewer folds", &ps)
	if err := ps.err(settingsFile); err != nil {
		return nil, err
	}
	return out, nil
}

func dealingOrder(groups map[string][]Case, positive map[string]bool, label int, seed int64) []string {
	var names []string
	key := map[string]string{}
	for g := range groups {
		if positive[g] != (label == 1) {
			continue
		}
		sum := sha256.Sum256(fmt.Appendf(nil, "folds/%d/%s", seed, g))
		key[g] = hex.EncodeToString(sum[:])
		names = append(names, g)
	}
	sort.Slice(names, func(i, j int) bool { return key[names[i]] < key[names[j]] })
	return names
}

func checkBothClasses(file string, ofClass [2][]int, do string, ps *Problems) {
	for f := range ofClass[0] {
		for label, word := range []string{"negative", "positive"} {
			if ofClass[label][f] == 0 {
				ps.add(&fault.Input{
					File: file, Field: fmt.Sprintf("fold %d", f), Found: "no case of the " + word + " class",
					Expected: "both classes in every fold", Do: do,
				})
			}
		}
	}
}

// FoldsCSV is the study's split: folds.csv where it is there, which is frozen and
// must fit the cases (each in it once, in its group, no group in two folds, both
// classes in every fold, as many folds as asked for); else it is made and written.
func FoldsCSV(studyDir string, cases []Case, folds int, seed int64) ([]Fold, error) {
	return frozenSplit(studyDir, cases, folds, func() ([]Fold, error) { return MakeFolds(cases, folds, seed) })
}

// frozenSplit reads folds.csv, or makes the split and writes it.
func frozenSplit(studyDir string, cases []Case, folds int, split func() ([]Fold, error)) ([]Fold, error) {
	path := filepath.Join(studyDir, foldsFile)
	f, err := os.Open(path)
	if err == nil {
		defer f.Close()
		return parseFolds(path, f, cases, folds)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, openFault(path, "", err)
	}
	made, err := split()
	var ps *Problems
	var one *fault.Input
	if errors.As(err, &ps) { // they are of a file of the study
		ps.Where = filepath.Join(studyDir, ps.Where)
		for _, e := range ps.List {
			var f *fault.Input
			if errors.As(e, &f) {
				f.File = filepath.Join(studyDir, f.File)
			}
		}
	} else if errors.As(err, &one) {
		one.File = filepath.Join(studyDir, one.File)
	}
	if err != nil {
		return nil, err
	}
	rows := [][]string{{"case", "group", "fold"}}
	for _, m := range made {
		rows = append(rows, []string{m.Case, m.Group, strconv.Itoa(m.Fold)})
	}
	if err := writeCSV(path, rows); err != nil {
		return nil, err
	}
	return made, nil
}

// parseFolds reads a split and holds it against the cases.
func parseFolds(path string, r io.Reader, cases []Case, folds int) ([]Fold, error) {
	const do = "the split is frozen: restore the file, or delete it to split anew (results of the old split are then void)"
	var ps Problems
	byID := map[string]Case{}
	for _, c := range cases {
		byID[c.ID] = c
	}
	var out []Fold
	seen := map[string]bool{}
	groupFold := map[string]int{}
	var ofClass [2][]int
	for _, row := range readCSV(path, r, []string{"case", "group", "fold"}, &ps) {
		id, group := row.at(0), row.at(1)
		n, err := strconv.Atoi(row.at(2))
		c, known := byID[id]
		before := len(ps.List)
		switch {
		case err != nil || n < 0 || n >= folds: // a bound before counters are made
			ps.add(row.fault("fold", strconv.Quote(row.at(2)), fmt.Sprintf("a whole number from 0 to %d, since %d folds are asked for", folds-1, folds)))
		case !known:
			ps.add(row.fault("case", id+", which is not in "+cohortFile, "the cases of the cohort"))
		case seen[id]:
			ps.add(row.fault("case", id+" a second time", "one row a case"))
		case c.Group != group:
			ps.add(row.fault("group", group+" for case "+id, c.Group+" as in "+cohortFile))
		}
		if g, ok := groupFold[group]; ok && g != n && err == nil {
			ps.add(row.fault("fold", fmt.Sprintf("group %s in folds %d and %d", group, g, n), "one fold a group"))
		}
		if len(ps.List) > before {
			seen[id] = true // named already; do not name it again as missing
			continue
		}
		seen[id], groupFold[group] = true, n
		for n >= len(ofClass[0]) {
			ofClass[0], ofClass[1] = append(ofClass[0], 0), append(ofClass[1], 0)
		}
		ofClass[c.Label][n]++
		out = append(out, Fold{id, group, n})
	}
	for _, c := range cases {
		if !seen[c.ID] {
			ps.add(&fault.Input{File: path, Field: "case", Found: "no row for " + c.ID, Expected: "every case of the cohort"})
		}
	}
	if len(ps.List) == 0 {
		checkFolds(path, ofClass, folds, do, &ps)
	}
	if err := ps.err(path); err != nil {
		return nil, err
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Case < out[j].Case })
	return out, nil
}

// checkFolds says which of the folds that are asked for do not occur, and else
// which lack a class.
func checkFolds(path string, ofClass [2][]int, folds int, do string, ps *Problems) {
	var without []string
	for f := range folds {
		if f >= len(ofClass[0]) || ofClass[0][f]+ofClass[1][f] == 0 {
			without = append(without, strconv.Itoa(f))
		}
	}
	if len(without) == 0 {
		checkBothClasses(path, ofClass, do, ps)
		return
	}
	field := "fold "
	if len(without) > 1 {
		field = "folds "
	}
	ps.add(&fault.Input{
		File: path, Field: field + strings.Join(without, ", "), Found: "no case",
		Expected: fmt.Sprintf("cases in each of the %d folds asked for; they are numbered from 0", folds), Do: do,
	})
}
