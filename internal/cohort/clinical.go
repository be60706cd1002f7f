package cohort

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// ClinicalRow is what a clinical table says of one patient. Patient, Birth and
// Name identify a person: they serve to match and to group, and are never
// written or shown.
type ClinicalRow struct {
	Line         int    // in the file, of the first row
	Patient      string // id, as in DICOM's (0010,0020)
	Birth        Date
	Name         string
	Class        string
	Age          *float64 // years; nil where unknown, as below
	Sex          string   // M, F, O or ""
	Level        string
	Lesions      *int
	Diameter     *float64 // of the largest lesion, mm
	Treated      Tri      // before the images
	Scanner      string
	Pathology    Tri               // the class is confirmed by histology or cytology
	Quality      Tri               // the images are good enough
	Preoperative Tri               // the images were made before surgery
	More         map[string]string // covariates by header
}

// String is where the row stands, so that no message shows who it is.
func (r ClinicalRow) String() string { return fmt.Sprintf("row in line %d", r.Line) }

// Clinical is a clinical table: one row a patient.
type Clinical struct {
	File  string
	Rows  []ClinicalRow
	More  []string     // headers of the further covariates, in the file's order
	Kinds []ColumnKind // of the further covariates, in the same order
	Notes []string     // how the file was read, and what was left out; no patient is named
}

// ReadClinical reads a CSV or xlsx table (docs/formats/tables.md). Everything that
// cannot be used is returned as *Problems.
func ReadClinical(path string, opt TableOptions) (*Clinical, error) {
	data, err := readTableFile(path)
	if err != nil {
		return nil, err
	}
	return ParseClinical(path, data, opt)
}

// ParseClinical is ReadClinical on a file's bytes; file is for messages.
func ParseClinical(file string, data []byte, opt TableOptions) (*Clinical, error) {
	var ps Problems
	out := &Clinical{File: file}
	if t := parseTable(file, data, opt, clinicalFields, &ps); t != nil && len(ps.List) == 0 {
		at, rest := t.resolve(clinicalFields, []string{fieldPatient}, opt, &ps)
		if len(ps.List) == 0 {
			c := &columns{table: t, at: at, ps: &ps}
			c.clinical(out, rest, opt)
			out.Notes = c.notes
		}
	}
	if err := ps.err(file); err != nil {
		return nil, err
	}
	return out, nil
}

func (c *columns) clinical(out *Clinical, rest []int, opt TableOptions) {
	c.dropTwins()
	ids := c.ids(fieldPatient)
	sexes, births := c.sexes(), c.dates(fieldBirth, opt.DateOrder)
	classes := newClassNames(opt)
	age := withDefault(ageUnits, c.headerOf(fieldAge))
	length := withDefault(lengthUnits, c.headerOf(fieldDiameter))
	rest = c.covariates(rest, ids, opt, &out.More)
	out.Kinds = c.kinds(rest, opt)
	var rows []ClinicalRow
	for i := range c.rows {
		if c.ps.full() {
			return
		}
		r := ClinicalRow{
			Line: c.rows[i].number, Patient: ids[i], Birth: births[i], Sex: sexes[i],
			Name:         c.usable(i, fieldName),
			Class:        classes.of(c.usable(i, fieldClass)),
			Level:        c.usable(i, fieldLevel),
			Scanner:      c.usable(i, fieldScanner),
			Treated:      c.tri(i, fieldTreated, parseTreated),
			Pathology:    c.tri(i, fieldPathology, parseTri),
			Quality:      c.tri(i, fieldQuality, parseTri),
			Preoperative: c.tri(i, fieldPreop, parseTri),
		}
		r.Age = c.number(i, fieldAge, func(s string) (float64, bool) { return parseNumber(s, age) }, 0, 120, "an age in years from 0 to 120")
		r.Diameter = c.number(i, fieldDiameter, func(s string) (float64, bool) { return parseDiameter(s, length) }, 0, 1000, "a length up to 1000 mm")
		whole := func(s string) (float64, bool) {
			x, ok := parseNumber(s, countUnits)
			return x, ok && x == math.Trunc(x)
		}
		if n := c.number(i, fieldLesions, whole, 0, 1000, "a whole number"); n != nil {
			k := int(*n)
			r.Lesions = &k
		}
		if len(rest) > 0 {
			r.More = make(map[string]string, len(rest))
			for _, j := range rest {
				if x := c.rows[i].cells[j]; x.kind != errorKind && x.kind != formulaKind && !missing(x.text) {
					r.More[c.header[j]] = x.text
				}
			}
		}
		rows = append(rows, r)
	}
	if len(c.ps.List) > 0 {
		return
	}
	out.Rows = c.onePerPatient(rows, opt)
	c.sayClasses(out.Rows)
	c.sayDiameters(out.Rows)
}

func (c *columns) headerOf(f string) string {
	if !c.has(f) {
		return ""
	}
	return c.header[c.at[f]]
}

// dropTwins drops rows that repeat another one cell for cell.
func (c *columns) dropTwins() {
	seen := map[string]bool{}
	var kept []gridRow
	for _, r := range c.rows {
		key := strings.Join(r.texts(), "\x00")
		if !seen[key] {
			seen[key] = true
			kept = append(kept, r)
		}
	}
	if n := len(c.rows) - len(kept); n > 0 {
		c.notes = append(c.notes, fmt.Sprintf("%d rows repeat another one word for word and are left out", n))
	}
	c.rows = kept
}

func (c *columns) sayClasses(rows []ClinicalRow) {
	count := map[string]int{}
	for _, r := range rows {
		count[r.Class]++
	}
	if !c.has(fieldClass) || len(count) > 20 {
		return
	}
	var parts []string
	for _, class := range slices.Sorted(maps.Keys(count)) {
		name := class
		if name == "" {
			name = "unknown"
		}
		parts = append(parts, fmt.Sprintf("%s %d", name, count[class]))
	}
	c.notes = append(c.notes, "class: "+strings.Join(parts, ", "))
}

// sayDiameters asks a question where no unit is written and the numbers look
// like centimetres.
func (c *columns) sayDiameters(rows []ClinicalRow) {
	var all []float64
	for _, r := range rows {
		if r.Diameter != nil {
			all = append(all, *r.Diameter)
		}
	}
	if sort.Float64s(all); len(all) >= 5 && all[len(all)-1] < 15 {
		c.notes = append(c.notes, "diameter: the largest is "+strconv.FormatFloat(all[len(all)-1], 'f', -1, 64)+
			" mm. Are these centimetres? Then write the unit into the header, as in "+strconv.Quote("diameter (cm)"))
	}
}
