package cohort

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sort"

	"magn/internal/fault"
)

// FoldsByCSV is FoldsCSV for a split in which every fold is held out whole by
// something known of the patients, such as the scanner: level says what, case by
// case. Fold k is the k-th of the levels in the order of their names, which are
// returned. It is an error where a group has two levels, where a level lacks
// a class, and where folds.csv holds another split.
func FoldsByCSV(studyDir string, cases []Case, by string, level map[string]string) ([]Fold, []string, error) {
	names := map[string]bool{}
	of := map[string]string{} // by group
	var ps Problems
	for _, c := range cases {
		l := level[c.ID]
		if l == "" {
			ps.add(&fault.Input{File: foldsFile, Field: "case " + c.ID, Found: "no " + by, Expected: "one for every case, since the split is by " + by, Do: "fill it in in " + cohortFile + ", or split without split_by"})
			continue
		}
		if before, ok := of[c.Group]; ok && before != l {
			ps.add(&fault.Input{File: foldsFile, Field: "group " + c.Group, Found: fmt.Sprintf("%s %s and %s", by, before, l), Expected: "one " + by + ", since a group is never split"})
		}
		of[c.Group], names[l] = l, true
	}
	levels := slices.Sorted(maps.Keys(names))
	if len(levels) < 2 {
		ps.add(&fault.Input{File: foldsFile, Field: by, Found: fmt.Sprintf("%d different", len(levels)), Expected: "two or more to split by"})
	}
	if err := ps.err(foldsFile); err != nil {
		return nil, nil, err
	}
	split := func() ([]Fold, error) {
		var out []Fold
		ofClass := [2][]int{make([]int, len(levels)), make([]int, len(levels))}
		for _, c := range cases {
			k := slices.Index(levels, level[c.ID])
			ofClass[c.Label][k]++
			out = append(out, Fold{c.ID, c.Group, k})
		}
		sort.Slice(out, func(i, j int) bool { return out[i].Case < out[j].Case })
		for k, l := range levels {
			for label, word := range []string{"negative", "positive"} {
				if ofClass[label][k] == 0 {
					ps.add(&fault.Input{File: foldsFile, Field: by + " " + l, Found: "no case of the " + word + " class", Expected: "both classes on every " + by, Do: "join it with another one in " + cohortFile + ", or leave its patients out"})
				}
			}
		}
		return out, ps.err(foldsFile)
	}
	out, err := frozenSplit(studyDir, cases, len(levels), split)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range out {
		if levels[f.Fold] != level[f.Case] {
			return nil, nil, &fault.Input{
				File: filepath.Join(studyDir, foldsFile), Field: "case " + f.Case, Found: fmt.Sprintf("fold %d", f.Fold),
				Expected: fmt.Sprintf("fold %d, that of %s %s", slices.Index(levels, level[f.Case]), by, level[f.Case]),
				Do:       "the split is frozen: delete the file to split anew (results of the old split are then void)",
			}
		}
	}
	return out, levels, nil
}
