package study

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"

	"magn/internal/annotation"
	"magn/internal/cohort"
	"magn/internal/evidence"
	"magn/internal/fault"
	"magn/internal/tabular"
	"magn/internal/volume"
)

// Facts that are found out where cohort.csv does not have them.
const (
	scannerFact  = "scanner"
	fieldFact    = "field_strength"
	lesionsFact  = "lesions"
	diameterFact = "diameter_mm"
)

// splits are the facts by which metrics are given.
var splits = []string{scannerFact, fieldFact, diameterFact}

// patients are the covariates of cohort.csv and, where it does not have them, the
// scanner and its field from the import, and number and largest diameter of the
// lesions from the outlines of the sagittal view (of the first view there is).
// A text in a column of numbers is a *fault.Input with its case.
func (s *Study) patients() (evidence.Patients, error) {
	p := evidence.Patients{Facts: map[string]map[string]string{}}
	columns := slices.Clone(s.Cohort.Covariates)
	for _, c := range s.Cases {
		facts, err := s.facts(c)
		if err != nil {
			return p, err
		}
		p.Facts[c.ID] = facts
	}
	for _, name := range []string{lesionsFact, diameterFact, scannerFact, fieldFact} {
		if !slices.Contains(columns, name) && slices.ContainsFunc(s.Cases, func(c cohort.Case) bool { return p.Facts[c.ID][name] != "" }) {
			columns = append(columns, name)
		}
	}
	declared, err := cohort.ReadColumnKinds(s.Dir)
	if err != nil {
		return p, err
	}
	for _, name := range columns {
		number, err := s.isNumber(name, p.Facts, declared)
		if err != nil {
			return p, err
		}
		p.Columns = append(p.Columns, evidence.Column{Name: name, Number: number, Split: slices.Contains(splits, name)})
	}
	return p, nil
}

// CheckFacts finds out before anything is run what would stop the evidence:
// a text among numbers, a column that the split is by and that is not there.
func (s *Study) CheckFacts() error {
	if _, err := s.patients(); err != nil {
		return err
	}
	if by := s.Config.SplitBy; by != "" {
		_, err := s.levelsOf(by)
		return err
	}
	return nil
}

// facts are a case's covariates, and what is found out besides.
func (s *Study) facts(c cohort.Case) (map[string]string, error) {
	own := map[string]bool{}
	for _, name := range s.Cohort.Covariates {
		own[name] = true
	}
	facts, err := s.findFacts(c, own)
	if err != nil {
		return nil, err
	}
	for name := range facts {
		if own[name] {
			delete(facts, name)
		}
	}
	maps.Copy(facts, c.Covariates)
	return facts, nil
}

// isNumber says whether a column is one of numbers: all that is known are, and more
// than two differ (0 and 1, or two field strengths, are categories). Texts among
// mostly numbers are refused unless import/columns.csv calls the column a category:
// one slip of a pen would otherwise make a category of every number.
func (s *Study) isNumber(name string, facts map[string]map[string]string, declared map[string]cohort.ColumnKind) (bool, error) {
	different := map[float64]bool{}
	known, numbers, text := 0, 0, ""
	for _, c := range s.Cases {
		v, ok := facts[c.ID][name]
		if !ok {
			continue
		}
		known++
		x, err := strconv.ParseFloat(v, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			if text == "" {
				text = c.ID
			}
			continue
		}
		numbers++
		different[x] = true
	}
	kind, there := declared[name]
	if text != "" && (kind.Number || !there && 2*numbers > known) {
		return false, &fault.Input{
			File: filepath.Join(s.Dir, "cohort.csv"), Field: fmt.Sprintf("case %s, column %s", text, name), Found: strconv.Quote(facts[text][name]),
			Expected: fmt.Sprintf("a number, as in %d of %d cases, or nothing where it is not known", numbers, known),
			Do:       "correct it, or call the column a category in " + filepath.Join("import", "columns.csv"),
		}
	}
	return text == "" && len(different) > 2 && (kind.Number || !there), nil
}

// findFacts looks for what cohort.csv does not tell.
func (s *Study) findFacts(c cohort.Case, own map[string]bool) (map[string]string, error) {
	out := map[string]string{}
	if !own[scannerFact] || !own[fieldFact] {
		acquired, err := tabular.ReadAcquisition(c.Dir)
		if err != nil {
			return nil, err
		}
		if len(acquired) > 0 {
			a := acquired[0].Acquisition
			word := func(key string) string { v, _ := a[key].(string); return v }
			if v := word("Manufacturer"); v != "" {
				out[scannerFact] = v
				if m := word("ManufacturersModelName"); m != "" {
					out[scannerFact] += " " + m
				}
			}
			if b, ok := a["MagneticFieldStrength"].(float64); ok {
				out[fieldFact] = strconv.FormatFloat(nominal(b), 'f', -1, 64) + " T"
			}
		}
	}
	views := c.Views()
	if own[lesionsFact] && own[diameterFact] || len(views) == 0 {
		return out, nil
	}
	return out, measure(c, views[0], out)
}

// nominal is the field strength that a magnet is sold by: headers say 1.49 or
// 1.494 of a 1.5 T one.
func nominal(tesla float64) float64 {
	for _, n := range []float64{0.2, 0.35, 0.5, 0.55, 1, 1.5, 3, 7} {
		if math.Abs(tesla-n) <= 0.03*n {
			return n
		}
	}
	return math.Round(tesla*100) / 100
}

// measure counts and measures the lesions of a view's stacks. Without a spacing
// there are no millimetres, and slices that stand by themselves make no lesions.
func measure(c cohort.Case, view volume.View, out map[string]string) error {
	lesions, diameter := 0, 0.0
	for _, stack := range c.Stacks(view) {
		if !stack.SpacingKnown {
			return nil
		}
		r, err := stack.Read(view)
		if err != nil {
			return err
		}
		found, err := annotation.Measure(r.Mask, annotation.Third)
		if err != nil {
			return err
		}
		lesions = max(lesions, len(found)) // stations of a view show the same labels
		for _, l := range found {
			diameter = max(diameter, l.DiameterMM)
		}
	}
	out[lesionsFact] = strconv.Itoa(lesions)
	out[diameterFact] = strconv.FormatFloat(diameter, 'f', 1, 64)
	return nil
}
