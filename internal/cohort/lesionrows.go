package cohort

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// onePerPatient joins the rows of a patient where each is a lesion; otherwise a
// second row is a problem.
func (c *columns) onePerPatient(rows []ClinicalRow, opt TableOptions) []ClinicalRow {
	first := map[string]int{}
	var out []ClinicalRow
	var lesions []int // rows of each
	for i, r := range rows {
		k, again := first[r.Patient]
		if !again {
			first[r.Patient] = len(out)
			out, lesions = append(out, r), append(lesions, 1)
			continue
		}
		what := out[k].differs(r)
		switch {
		case !opt.RowPerLesion:
			if what == "" {
				what = fieldLevel + " or another column"
			}
			c.fault(i, fieldPatient, fmt.Sprintf("the patient of %s again, with another value in %s", c.place(out[k].Line), what),
				"one row a patient", "take one of the rows out, or set row_per_lesion where each row is a lesion")
		case what != "":
			c.fault(i, fieldPatient, fmt.Sprintf("the patient of %s with another value in %s", c.place(out[k].Line), what),
				"rows of a patient that differ in level and diameter only", "")
		default:
			out[k].join(r)
			lesions[k]++
		}
		if c.ps.full() {
			return nil
		}
	}
	if opt.RowPerLesion {
		for k := range out {
			if out[k].Lesions == nil {
				out[k].Lesions = &lesions[k]
			}
		}
		c.notes = append(c.notes, fmt.Sprintf("%d rows, one a lesion, of %d patients", len(rows), len(out)))
	}
	return out
}

// differs names the first column in which two rows of a patient contradict each
// other; an unknown value contradicts nothing.
func (r ClinicalRow) differs(o ClinicalRow) string {
	text := func(a, b string) bool { return a != "" && b != "" && a != b }
	tri := func(a, b Tri) bool { return a != Unknown && b != Unknown && a != b }
	number := func(a, b *float64) bool { return a != nil && b != nil && *a != *b }
	switch {
	case text(r.Class, o.Class):
		return fieldClass
	case number(r.Age, o.Age):
		return fieldAge
	case text(r.Sex, o.Sex):
		return fieldSex
	case text(r.Birth.String(), o.Birth.String()):
		return fieldBirth
	case text(folded(r.Name), folded(o.Name)):
		return fieldName
	case r.Lesions != nil && o.Lesions != nil && *r.Lesions != *o.Lesions:
		return fieldLesions
	case text(r.Scanner, o.Scanner):
		return fieldScanner
	case tri(r.Treated, o.Treated):
		return fieldTreated
	case tri(r.Pathology, o.Pathology):
		return fieldPathology
	case tri(r.Quality, o.Quality):
		return fieldQuality
	case tri(r.Preoperative, o.Preoperative):
		return fieldPreop
	}
	for _, h := range slices.Sorted(maps.Keys(r.More)) {
		if text(r.More[h], o.More[h]) {
			return h
		}
	}
	return ""
}

// join adds a further lesion of the same patient.
func (r *ClinicalRow) join(o ClinicalRow) {
	or := func(a *string, b string) {
		if *a == "" {
			*a = b
		}
	}
	or(&r.Class, o.Class)
	or(&r.Sex, o.Sex)
	or(&r.Name, o.Name)
	or(&r.Scanner, o.Scanner)
	if r.Birth.IsZero() {
		r.Birth = o.Birth
	}
	if r.Age == nil {
		r.Age = o.Age
	}
	if r.Lesions == nil {
		r.Lesions = o.Lesions
	}
	if r.Diameter == nil || o.Diameter != nil && *o.Diameter > *r.Diameter {
		r.Diameter = o.Diameter
	}
	if o.Level != "" && !slices.Contains(strings.Split(r.Level, "; "), o.Level) {
		r.Level = strings.TrimPrefix(r.Level+"; "+o.Level, "; ")
	}
	for _, t := range [][2]*Tri{{&r.Treated, &o.Treated}, {&r.Pathology, &o.Pathology}, {&r.Quality, &o.Quality}, {&r.Preoperative, &o.Preoperative}} {
		*t[0] = max(*t[0], *t[1]) // they do not contradict each other
	}
	for h, v := range o.More {
		r.More[h] = v
	}
}
