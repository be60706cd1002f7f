package intake

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/volume"
)

// wanted are the views that every case must have: those of the rule contrast-t1,
// else all.
func wanted(rules cohort.Rules) []volume.View {
	for _, r := range rules {
		if r.Rule != "contrast-t1" || len(r.Views) == 0 {
			continue
		}
		var out []volume.View
		for _, v := range volume.Views {
			for _, name := range r.Views {
				if name == v.String() {
					out = append(out, v)
					break
				}
			}
		}
		return out
	}
	return volume.Views
}

// finish judges every patient by all that is known now, and writes the lists and
// the cohort.
func (m *importer) finish() error {
	facts := make([]cohort.Facts, len(m.patients))
	for i, p := range m.patients {
		if p.made != nil {
			p.facts.Annotation = cohort.Yes
			if n := len(p.made.Lesions); p.facts.Lesions == nil {
				p.facts.Lesions = &n
			}
			if p.facts.Diameter == nil {
				for _, l := range p.made.Lesions {
					if p.facts.Diameter == nil || l.DiameterMM > *p.facts.Diameter {
						p.facts.Diameter = &l.DiameterMM
					}
				}
			}
		} else if p.bad {
			p.facts.Annotation = cohort.Unknown
		}
		facts[i] = p.facts
	}
	verdicts, flow := m.rules.Apply(facts, m.Classes)
	c := &cohort.Cohort{Positive: m.Positive}
	if m.clinical != nil {
		c.Covariates = m.clinical.CovariateNames()
	}
	for i, p := range m.patients {
		if v := verdicts[i]; !v.Include || p.made == nil || !slices.Contains(m.Classes, p.facts.Class) {
			reason := v.String()
			if v.Include {
				reason = "could not be imported"
				flow.Included--
				flow.Classes[p.facts.Class]--
			}
			c.Excluded = append(c.Excluded, cohort.Exclusion{ID: p.id, Group: p.group, Class: p.facts.Class, Reason: reason})
			if err := m.growth.Drop(p.id); err != nil {
				return err
			}
			continue
		}
		k := cohort.Case{ID: p.id, Group: p.group, Class: p.facts.Class, Covariates: p.row.Covariates()}
		if k.Class == m.Positive {
			k.Label = 1
		}
		c.Cases = append(c.Cases, k)
	}
	m.result.Flow = flow
	for _, write := range []func() error{m.writeFlow, m.writeKinds, m.writeOutlines, m.writeReaders, m.writeUIDs, m.writeFiles} {
		if err := write(); err != nil {
			return err
		}
	}
	got, err := m.growth.Finish(c)
	var bad *cohort.Problems
	if errors.As(err, &bad) { // cases of one class only, so far
		m.fail(nil, &fault.Input{
			File: m.Study, Field: "cases", Found: fmt.Sprintf("%d %s, %d %s", flow.Classes[m.Classes[0]], m.Classes[0], flow.Classes[m.Classes[1]], m.Classes[1]),
			Expected: "at least one of each class", Do: "see excluded.csv for each patient's reason",
		})
		return nil
	}
	m.result.Cohort = got
	return err
}

func (m *importer) writeFlow() error {
	b, err := m.result.Flow.JSON()
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(m.path("flowchart.json"), b, 0o644, renameio.WithTempDir(m.path())); err != nil {
		return fmt.Errorf("%s cannot be written: %w", m.path("flowchart.json"), err)
	}
	return cohort.WriteTable(m.path("flowchart.csv"), m.result.Flow.Table(), 0o644)
}

// writeOutlines lists where each mask is from.
func (m *importer) writeOutlines() error {
	rows := [][]string{{"case", "view", "stack", "series", "how", "drawn_on", "method", "lesions", "outlined", "volume_ml", "coverage", "shift_mm", "shift_doubt"}}
	number := func(x float64) string { return strconv.FormatFloat(x, 'f', 3, 64) }
	for _, p := range m.patients {
		if p.made == nil {
			continue
		}
		for _, s := range p.made.Stacks {
			o := s.Outline
			shift, doubt := "", ""
			if o.Shift != nil {
				if shift = number(o.Shift.Length); !o.Shift.Trusted {
					shift, doubt = "", o.Shift.Doubt
				}
			}
			rows = append(rows, []string{
				p.id, s.View.String(), strconv.Itoa(s.N), s.Series, o.How, o.DrawnOn, string(o.Method), strconv.Itoa(o.Lesions), strconv.Itoa(o.Outlined),
				number(o.VolumeML), number(o.Coverage), shift, doubt,
			})
			if o.Shift != nil && o.Shift.Trusted && o.Shift.Length > 3 {
				m.result.Notes = append(m.result.Notes, fmt.Sprintf("case %s, %s: the patient moved by %.1f mm since the series that was outlined", p.id, s.View, o.Shift.Length))
			}
			if o.Coverage < .5 {
				m.result.Notes = append(m.result.Notes, fmt.Sprintf("case %s, %s: the stacks hold %.0f%% of a lesion", p.id, s.View, 100*o.Coverage))
			}
		}
	}
	return cohort.WriteTable(m.path("annotations.csv"), rows, 0o644)
}

// writeReaders writes the readers' answers by case.
func (m *importer) writeReaders() error {
	if m.answers == nil {
		return nil
	}
	rows := [][]string{{"case", "lesion", "reader", "read", "aided", "years"}}
	number := func(x *float64) string {
		if x == nil {
			return ""
		}
		return strconv.FormatFloat(*x, 'f', -1, 64)
	}
	images := map[string]string{} // id in the clinical table → PatientID
	for row, image := range m.matches {
		images[strings.TrimSpace(row)] = strings.TrimSpace(image)
	}
	known := map[string]bool{}
	for _, p := range m.patients {
		known[p.id] = true
	}
	for _, a := range m.answers.Rows {
		who := strings.TrimSpace(a.Patient)
		if image, ok := images[who]; ok {
			who = image
		}
		id := m.walk.Case(who)
		if id == "" && known[who] {
			id = who
		}
		if id == "" {
			m.result.Notes = append(m.result.Notes, fmt.Sprintf("line %d of the reader table: no images of that patient", a.Line))
			continue
		}
		read := a.Class
		if a.Score != nil {
			read = number(a.Score)
		}
		aided := ""
		if a.Aided != cohort.Unknown {
			aided = a.Aided.String()
		}
		rows = append(rows, []string{id, a.Lesion, a.Reader, read, aided, number(a.Years)})
	}
	return cohort.WriteTable(m.path("readers.csv"), rows, 0o644)
}

// writeFiles says what became of every file among the sources. Paths often have
// patients' names in them: beside the crosswalk.
func (m *importer) writeFiles() error {
	rows := [][]string{{"file", "status", "reason", "notes"}}
	for _, f := range m.scan.Files {
		rows = append(rows, []string{f.Path, string(f.Status), f.Reason, strings.Join(f.Notes, "; ")})
	}
	m.result.List = m.beside(filesEnd)
	return cohort.WriteTable(m.result.List, rows, 0o600)
}

// The files beside the crosswalk, by how their names end.
const (
	uidsEnd      = "-uids.json"
	filesEnd     = "-files.csv"
	unmatchedEnd = "-unmatched.csv"
)

// beside is the path of a file that may name patients: where the crosswalk is.
func (m *importer) beside(end string) string { return strings.TrimSuffix(m.walk.Path, ".csv") + end }

// stackUIDs is what writing results back to the archive needs of one stack.
type stackUIDs struct {
	Case      string   `json:"case"`
	View      string   `json:"view"`
	Stack     int      `json:"stack"`
	Study     string   `json:"study_instance_uid"`
	Series    string   `json:"series_instance_uid"`
	Frame     string   `json:"frame_of_reference_uid,omitempty"`
	Instances []string `json:"sop_instance_uids"` // by slice; "" where it was interpolated
}

// writeUIDs writes the UIDs beside the crosswalk: they lead to the patients.
func (m *importer) writeUIDs() error {
	list := []stackUIDs{}
	for _, p := range m.patients {
		if p.made == nil {
			continue
		}
		by := map[string]*Series{}
		for _, s := range p.series {
			by[s.Key] = s
		}
		for _, k := range p.made.Stacks {
			s := by[k.Series]
			if s == nil {
				continue
			}
			u := stackUIDs{Case: p.id, View: k.View.String(), Stack: k.N, Study: s.Facts.StudyUID, Series: s.Facts.SeriesUID, Frame: s.Facts.FrameOfReference}
			for _, sl := range m.scan.Slices(s.Candidate) {
				u.Instances = append(u.Instances, sl.SOP)
			}
			list = append(list, u)
		}
	}
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	file := m.beside(uidsEnd)
	if err := renameio.WriteFile(file, append(b, '\n'), 0o600, renameio.WithTempDir(filepath.Dir(file)), renameio.WithStaticPermissions(0o600)); err != nil {
		return &fault.Input{File: file, Err: err}
	}
	return os.Chmod(file, 0o600)
}

func (m *importer) writeKinds() error { return cohort.WriteColumnKinds(m.Study, m.clinical.Kinds) }
