package study

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"magn/internal/cohort"
	"magn/internal/evidence"
	"magn/internal/fault"
)

// readersFile has readers' answers by case, where a study has any: the columns
// of docs/formats/tables.md. An import leaves its own in importFolder, which the
// study's own goes before.
const (
	readersFile  = "readers.csv"
	importFolder = "import"
)

// Reader is one reader's answers, with help of a program or without, for every
// case of the study. A chosen class is 0 or 1, a score stands on 0…1 as scaleOf
// says; where a patient's lesions were read one by one, the mean of them.
type Reader struct {
	Name   string
	Aided  bool
	Years  float64 // of experience; NaN where not known
	Binary bool    // a class was chosen, and all of a patient's lesions were given the same
	Both   bool    // answered with and without help
	Answer map[string]float64
}

// armName is how arms, results and figures call the reader.
func (r Reader) armName() string {
	name := "reader-" + strings.ReplaceAll(r.Name, " ", "-")
	if r.Aided {
		name += "-aided"
	}
	return name
}

func (r Reader) arm() evidence.Arm {
	a := evidence.Arm{Name: r.armName(), Kind: evidence.KindReader, Reader: r.Name, Aided: r.Aided, Binary: r.Binary}
	if !math.IsNaN(r.Years) {
		a.Years = r.Years
	}
	if r.Aided && r.Both {
		a.Of, a.Variant = Reader{Name: r.Name}.armName(), "aided"
	}
	return a
}

// readReaders reads readers.csv; nil where there is none. Readers who did not
// read every case cannot be compared on the same patients, and are refused.
func (s *Study) readReaders() ([]Reader, error) {
	path := filepath.Join(s.Dir, readersFile)
	if !exists(path) {
		if path = filepath.Join(s.Dir, importFolder, readersFile); !exists(path) {
			return nil, nil
		}
	}
	table, err := cohort.ReadAnswers(path, cohort.TableOptions{})
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, c := range s.Cohort.Cases {
		known[c.ID] = true
	}
	for _, e := range s.Cohort.Excluded {
		known[e.ID] = true
	}
	type key struct {
		reader string
		aided  bool
	}
	answers, years := map[key]map[string][]float64{}, map[string]float64{}
	seen := map[string]int{} // line of each answer
	if err := strayScore(path, table); err != nil {
		return nil, err
	}
	scale := scaleOf(table)
	for _, a := range table.Rows {
		at := func(column, found, expected string) error {
			return &fault.Input{File: path, Field: fmt.Sprintf("line %d, column %s", a.Line, column), Found: found, Expected: expected}
		}
		k := key{a.Reader, a.Aided == cohort.TriOf(true)}
		once := fmt.Sprint(k, a.Patient, a.Lesion)
		switch {
		case !known[a.Patient]:
			return nil, at("case", fmt.Sprintf("%q", a.Patient), "a case of cohort.csv or excluded.csv")
		case seen[once] > 0:
			return nil, at("read", fmt.Sprintf("a second answer; the first is in line %d", seen[once]), "one answer of a reader for a case or lesion, with and without help (nothing under aided means without)")
		case a.Score == nil && !slices.Contains([]string{s.Cohort.Positive, s.Cohort.Negative, "0", "1"}, a.Class):
			return nil, at("read", fmt.Sprintf("%q", a.Class), fmt.Sprintf("%s (or 1), %s (or 0), or scores throughout", s.Cohort.Positive, s.Cohort.Negative))
		}
		seen[once] = a.Line
		var x float64
		if a.Score != nil {
			x = scale(a.Reader, *a.Score)
		} else if a.Class == s.Cohort.Positive || a.Class == "1" {
			x = 1
		}
		if answers[k] == nil {
			answers[k] = map[string][]float64{}
		}
		answers[k][a.Patient] = append(answers[k][a.Patient], x)
		if a.Years != nil {
			years[a.Reader] = *a.Years
		}
	}
	keys := slices.SortedFunc(maps.Keys(answers), func(a, b key) int { // so that the same table gives the same message
		if a.reader != b.reader {
			return cmp.Compare(a.reader, b.reader)
		}
		return map[bool]int{true: 1}[a.aided] - map[bool]int{true: 1}[b.aided]
	})
	var out []Reader
	for _, k := range keys {
		of := answers[k]
		r := Reader{Name: k.reader, Aided: k.aided, Years: math.NaN(), Binary: true, Answer: map[string]float64{}}
		_, r.Both = answers[key{k.reader, !k.aided}]
		if y, ok := years[k.reader]; ok {
			r.Years = y
		}
		var missing []string
		for _, c := range s.Cases {
			reads := of[c.ID]
			if len(reads) == 0 {
				missing = append(missing, c.ID)
				continue
			}
			for _, x := range reads {
				r.Answer[c.ID] += x / float64(len(reads))
			}
			r.Binary = r.Binary && (r.Answer[c.ID] == 0 || r.Answer[c.ID] == 1)
		}
		if len(missing) > 0 {
			return nil, &fault.Input{
				File: path, Field: "reader " + k.reader + map[bool]string{true: ", aided"}[k.aided],
				Found:    fmt.Sprintf("answers for %d of %d cases; none for %s", len(s.Cases)-len(missing), len(s.Cases), some(missing)),
				Expected: "every case, since readers and models are compared on the same patients",
				Do:       "add the answers, or take the reader's rows out",
			}
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Reader) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.armName(), b.armName()))
	})
	for i, r := range out {
		if _, ok := arms[r.armName()]; ok || i > 0 && out[i-1].armName() == r.armName() {
			return nil, &fault.Input{File: path, Field: "reader", Found: fmt.Sprintf("%q", r.Name), Expected: "names that stay different when spaces become hyphens"}
		}
	}
	return out, nil
}

// strayScore finds a score that is off the scale on which its reader gave nearly
// all others, such as 1000 among shares or 850 among per cent: it would move all
// of them. Whole numbers up to 10 may be a scale of their own, with 1 its end that
// was chosen nine times in ten.
func strayScore(path string, table *cohort.Answers) error {
	of := map[string][]cohort.Answer{}
	for _, a := range table.Rows {
		if a.Score != nil {
			of[a.Reader] = append(of[a.Reader], a)
		}
	}
	for _, reader := range slices.Sorted(maps.Keys(of)) {
		for _, end := range []float64{1, 10, 100} {
			var stray []cohort.Answer
			shares := false
			for _, a := range of[reader] {
				if *a.Score < 0 || *a.Score > end {
					stray = append(stray, a)
				} else if *a.Score != math.Trunc(*a.Score) {
					shares = true
				}
			}
			if len(stray) == 0 {
				break // this is the scale
			}
			if 10*len(stray) > len(of[reader]) {
				continue
			}
			if x := *stray[0].Score; x > 10*end || x < -end || end == 100 || end == 1 && shares {
				return &fault.Input{
					File: path, Field: fmt.Sprintf("line %d, column read", stray[0].Line), Found: fmt.Sprint(x),
					Expected: fmt.Sprintf("0 to %g, where %d of the %d scores of reader %s lie", end, len(of[reader])-len(stray), len(of[reader]), reader),
					Do:       "correct it; scores of one reader are on one scale",
				}
			}
		}
	}
	return nil
}

// scaleOf brings scores to 0…1, where one half divides them. Scores of a reader
// that all lie there stay as they are, whatever others write; of the rest those
// up to 100 and beyond 10 are per cent, and others stand between the smallest and
// the largest that any reader of their kind gave, such as 1 and 5.
func scaleOf(table *cohort.Answers) func(reader string, x float64) float64 {
	share := map[string]bool{} // readers whose scores lie within 0…1
	for _, a := range table.Rows {
		if a.Score != nil {
			before, seen := share[a.Reader]
			share[a.Reader] = (before || !seen) && *a.Score >= 0 && *a.Score <= 1
		}
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, a := range table.Rows {
		if a.Score != nil && !share[a.Reader] {
			low, high = min(low, *a.Score), max(high, *a.Score)
		}
	}
	if low >= 0 && high > 10 && high <= 100 {
		low, high = 0, 100
	}
	return func(reader string, x float64) float64 {
		switch {
		case share[reader]:
			return x
		case high > low:
			return (x - low) / (high - low)
		}
		return 0.5
	}
}

// some lists the first of many.
func some(ids []string) string {
	if len(ids) > 5 {
		return strings.Join(ids[:5], ", ") + fmt.Sprintf(" and %d more", len(ids)-5)
	}
	return strings.Join(ids, ", ")
}

// readerUnits are the readers' answers in the study's folds. Nothing was fitted.
func (s *Study) readerUnits(fold map[string]int) []evidence.Unit {
	var out []evidence.Unit
	for _, r := range s.Readers {
		for k := range s.Config.Folds {
			u := evidence.Unit{Arm: r.armName(), Fold: k}
			for _, c := range s.Cases {
				if fold[c.ID] != k {
					continue
				}
				x := r.Answer[c.ID]
				u.TestGroups = append(u.TestGroups, c.Group)
				u.Predictions = append(u.Predictions, evidence.Prediction{
					Case: c.ID, Group: c.Group, Arm: u.Arm, Fold: k, Label: c.Label, Logit: logit(x), Score: x, Threshold: 0.5,
				})
			}
			out = append(out, u)
		}
	}
	return out
}
