package intake

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"magn/internal/cohort"
	"magn/internal/convert"
	"magn/internal/fault"
)

// tables is the file of Options.Tables: how the tables are read, and which ids of
// the clinical table are which of the images where they differ.
type tables struct {
	Clinical cohort.TableOptions `yaml:"clinical"`
	Readers  cohort.TableOptions `yaml:"readers"`
	Matches  map[string]string   `yaml:"matches"` // id in the clinical table → PatientID
}

// readTables reads everything that is quick to read and may be wrong, before the
// images are looked at.
func (m *importer) readTables() error {
	var t tables
	if m.Tables != "" {
		data, err := readSmall(m.Tables)
		if err != nil {
			return err
		}
		if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&t); err != nil && !errors.Is(err, io.EOF) {
			return &fault.Input{File: m.Tables, Expected: "clinical, readers and matches", Err: err}
		}
	}
	m.matches, m.rules = t.Matches, cohort.DefaultRules()
	if m.Rules != "" {
		data, err := readSmall(m.Rules)
		if err != nil {
			return err
		}
		if m.rules, err = cohort.ParseRules(m.Rules, data); err != nil {
			return err
		}
	}
	m.result.Views = wanted(m.rules)
	var err error
	if m.clinical, err = cohort.ReadClinical(m.Clinical, t.Clinical); err != nil {
		return err
	}
	m.result.Notes = append(m.result.Notes, m.clinical.Notes...)
	if m.Readers != "" {
		if m.answers, err = cohort.ReadAnswers(m.Readers, t.Readers); err != nil {
			return err
		}
		m.result.Notes = append(m.result.Notes, m.answers.Notes...)
	}
	return nil
}

// readSmall reads a settings file.
func readSmall(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err == nil && st.Size() > 1<<20 {
		return nil, &fault.Input{File: path, Found: fmt.Sprintf("%d bytes", st.Size()), Expected: "settings of at most 1 MiB"}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, &fault.Input{File: path, Err: err}
	}
	return data, nil
}

// findPatients makes cases of the scan's patients.
func (m *importer) findPatients() error {
	by := map[string][]*convert.Candidate{}
	nameless := 0
	for _, c := range m.scan.Candidates {
		who := strings.TrimSpace(c.Facts.PatientID)
		if who == "" {
			nameless++
			continue
		}
		by[who] = append(by[who], c)
	}
	if nameless > 0 {
		m.fail(nil, &fault.Input{
			Field: "(0010,0020) Patient ID", Found: fmt.Sprintf("none in %d series", nameless), Expected: "the id that the clinical table has",
			Do: "export them again with their ids",
		})
	}
	if len(by) == 0 {
		return &fault.Input{File: strings.Join(m.Sources, ", "), Field: "DICOM files", Found: "no series with a patient id", Expected: "MR images"}
	}
	ids := make([]string, 0, len(by))
	for who := range by {
		ids = append(ids, who)
	}
	match, err := cohort.Match(rowIDs(m.clinical), ids, m.matches)
	if err != nil {
		return err
	}
	if m.walk, err = cohort.UpdateCrosswalk(m.Crosswalk, m.Study, ids, m.Shuffle); err != nil {
		return err
	}
	if err := cohort.RemoveTemporary(m.beside(uidsEnd), m.beside(filesEnd), m.beside(unmatchedEnd)); err != nil {
		return err
	}
	rowOf := map[string]*cohort.ClinicalRow{}
	for i := range m.clinical.Rows {
		rowOf[strings.TrimSpace(m.clinical.Rows[i].Patient)] = &m.clinical.Rows[i]
	}
	rowFor := map[string]*cohort.ClinicalRow{}
	for _, pair := range match.Pairs {
		rowFor[pair.Image] = rowOf[pair.Row]
	}
	var people []cohort.Person
	for who, list := range by {
		p := &patient{id: m.walk.Case(who), who: who, row: rowFor[who]}
		for _, c := range list {
			p.series = append(p.series, newSeries(c))
			f := c.Facts
			person := cohort.Person{Case: p.id, PatientID: who, Birth: cohort.ParseDICOMDate(f.BirthDate), Sex: f.Sex, Name: f.PatientName}
			if !slices.Contains(people, person) {
				people = append(people, person)
			}
		}
		if r := p.row; r != nil {
			people = append(people, cohort.Person{Case: p.id, PatientID: r.Patient, Birth: r.Birth, Sex: r.Sex, Name: r.Name})
		}
		p.arrange()
		m.patients = append(m.patients, p)
	}
	slices.SortFunc(m.patients, func(a, b *patient) int { return cmp.Compare(a.id, b.id) })
	groups := cohort.Groups(people)
	m.result.Notes = append(m.result.Notes, groups.Notes...)
	for _, j := range groups.Joined {
		m.result.Notes = append(m.result.Notes, fmt.Sprintf("%s and %s are one group: %s", j.Cases[0], j.Cases[1], j.Reason))
	}
	for _, p := range m.patients {
		p.group = groups.Group[p.id]
	}
	if err := m.allThere(); err != nil {
		return err
	}
	return m.writeUnmatched(match, rowOf)
}

func rowIDs(c *cohort.Clinical) []string {
	var ids []string
	for _, r := range c.Rows {
		ids = append(ids, r.Patient)
	}
	return ids
}

// arrange sorts the series as they were acquired, makes their keys differ, and
// judges each examination.
func (p *patient) arrange() {
	slices.SortStableFunc(p.series, func(a, b *Series) int {
		f, g := a.Facts, b.Facts
		return cmp.Or(cmp.Compare(f.StudyUID, g.StudyUID), cmp.Compare(f.SeriesNumber, g.SeriesNumber), cmp.Compare(f.SeriesUID, g.SeriesUID), cmp.Compare(a.Name, b.Name))
	})
	seen := map[string]int{}
	exams := map[string][]*Series{}
	for _, s := range p.series {
		if seen[s.Key]++; seen[s.Key] > 1 {
			s.Key = fmt.Sprintf("%s-%d", s.Key, seen[s.Key])
		}
		exams[s.Facts.StudyUID] = append(exams[s.Facts.StudyUID], s)
	}
	for _, list := range exams {
		judge(list)
	}
}

// allThere refuses to go on where the study has cases that the sources do not: the
// cohort would lose them.
func (m *importer) allThere() error {
	here := map[string]bool{}
	for _, p := range m.patients {
		here[p.id] = true
	}
	cases, err := m.growth.Cases()
	if err != nil {
		return err
	}
	var gone []string
	for _, id := range cases {
		if !here[id] {
			gone = append(gone, id)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return &fault.Input{
		File: m.Study, Field: "cases", Found: "in the study and not among the sources: " + strings.Join(gone[:min(len(gone), 10)], ", "),
		Expected: "the sources of all cases", Do: "name all sources in one command",
	}
}

// writeUnmatched lists who stands on one side only: for the study folder by line
// and case, beside the crosswalk with the ids.
func (m *importer) writeUnmatched(match cohort.Matching, rowOf map[string]*cohort.ClinicalRow) error {
	m.result.Matching = match.String()
	rows := [][]string{{"only_in", "line", "case", "did_you_mean", "differs_in"}}
	for _, u := range match.RowsOnly {
		line, suggest, differs := "", []string{}, []string{}
		if r := rowOf[u.ID]; r != nil {
			line = fmt.Sprint(r.Line)
		}
		for _, s := range u.Suggest {
			suggest, differs = append(suggest, m.walk.Case(s.ID)), append(differs, s.Differs)
		}
		rows = append(rows, []string{"table", line, "", strings.Join(suggest, " "), strings.Join(differs, "; ")})
		m.result.Notes = append(m.result.Notes, fmt.Sprintf("line %s of the clinical table: no images%s", line, meant(suggest)))
	}
	for _, u := range match.ImagesOnly {
		suggest, differs := []string{}, []string{}
		for _, s := range u.Suggest {
			if r := rowOf[s.ID]; r != nil {
				suggest, differs = append(suggest, fmt.Sprintf("line %d", r.Line)), append(differs, s.Differs)
			}
		}
		rows = append(rows, []string{"images", "", m.walk.Case(u.ID), strings.Join(suggest, " "), strings.Join(differs, "; ")})
		m.result.Notes = append(m.result.Notes, fmt.Sprintf("case %s: no row in the clinical table%s", m.walk.Case(u.ID), meant(suggest)))
	}
	if err := cohort.WriteTable(m.path("unmatched.csv"), rows, 0o644); err != nil {
		return err
	}
	named := match.Table()
	beside := m.beside(unmatchedEnd)
	if len(named) == 1 {
		if err := os.Remove(beside); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	m.result.Notes = append(m.result.Notes, "with the patients' ids: "+beside)
	return cohort.WriteTable(beside, named, 0o600)
}

func meant(suggest []string) string {
	if len(suggest) == 0 {
		return ""
	}
	return "; is it " + strings.Join(suggest, " or ") + "?"
}
