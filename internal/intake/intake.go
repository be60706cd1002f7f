// Package intake makes a study folder of a hospital's DICOM files, clinical table
// and outlines.
//
// Nouns: a Series is a stack of slices that a scan found (convert.Candidate),
// with what speaks for and against its being the contrast-enhanced T1 of its
// view: a Verdict, a score and the reasons in words. A view of a patient is clear
// where one series, or one set of stations, is it beyond doubt; otherwise a person
// decides in series.csv, and the next import reads that. An outline is one file
// of outlined lesions, and the series that it was drawn on. An import goes on
// where the one before ended: a case whose inputs did not change is kept.
//
// docs/import-dicom.md lists the rules; docs/formats/series.md what is written.
// Nothing that is written into the study folder says who a patient is.
package intake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"magn/internal/annotation"
	"magn/internal/cohort"
	"magn/internal/convert"
	"magn/internal/dicom"
	"magn/internal/fault"
	"magn/internal/volume"
)

// Options say what becomes a study, and how.
type Options struct {
	Sources     []string // folders and files with DICOM
	Study       string   // the study folder
	Clinical    string   // table, CSV or xlsx
	Readers     string   // table of readers' answers; "" for none
	Annotations string   // folder of outlines; "" for none but those among Sources
	Crosswalk   string   // "" for its place beside the study folder
	Rules       string   // YAML list of inclusion rules; "" for the paper's
	Tables      string   // YAML with how the tables are read; "" where they speak for themselves

	Classes  []string // the two classes
	Positive string   // the one with label 1

	Method      annotation.Method // of carrying outlines to other views
	AnyFrame    bool              // carry between frames of reference that differ
	Fat         Fat               // which of a plain and a fat-suppressed variant
	Interpolate bool              // fill missing slices from their neighbours instead of refusing the series
	Decoder     dicom.Decoder     // of compressed pixels

	Shuffle func(n int, swap func(i, j int)) // order of new case ids; nil draws at random

	noShift bool // do not look whether the patient moved: most of a case's time, for tests of other things
}

// Fat says which variant is used where a view has one with and one without fat
// suppression.
type Fat string

// Ask leaves it to the person.
const (
	Ask        Fat = ""
	Suppressed Fat = "yes"
	Plain      Fat = "no"
)

// Reporter is told how far an import is. Both may be called from several
// goroutines.
type Reporter interface {
	// Stage begins a piece of work: scan, thumbnails, cases.
	Stage(name string)
	// Set says how much of it is done.
	Set(done, total int)
}

// Result is what an import did. It names cases, never patients.
type Result struct {
	Study     string
	Cohort    *cohort.Cohort // nil where there is none yet
	Flow      cohort.Flowchart
	Matching  string   // counts of table and images
	Undecided []string // case and view that a person has to decide
	Converted int      // cases written by this run
	Kept      int      // cases that were there, made of the same files
	Files     map[convert.Status]int
	Views     []volume.View // that every case must have
	List      string        // of what became of every file
	Notes     []string
	Failed    []error // one a thing that was not done
}

// Err is nil where everything was done; else a *fault.Partial that lists the rest.
func (r *Result) Err() error {
	if len(r.Failed) == 0 {
		return nil
	}
	return &fault.Partial{Done: r.Converted + r.Kept, What: "cases", Failed: r.Failed}
}

// Run imports. The error is about options, tables, the study folder, writing or
// an interruption; what is wrong with single patients stands in the result.
func Run(ctx context.Context, o Options, report Reporter) (*Result, error) {
	if err := o.verify(); err != nil {
		return nil, err
	}
	m := &importer{Options: o, ctx: ctx, report: report, result: &Result{Study: o.Study, Files: map[convert.Status]int{}}}
	if err := m.readTables(); err != nil {
		return nil, err
	}
	growth, err := cohort.Grow(o.Study, importFolder)
	if err != nil {
		return nil, err
	}
	defer growth.Abort()
	m.growth = growth
	defer m.close()
	for _, step := range []func() error{m.scanAll, m.findPatients, m.findOutlines, m.choose, m.writeSeries, m.makeCases, m.finish} {
		if err := step(); err != nil {
			if ctx.Err() != nil {
				return nil, fault.ErrInterrupted
			}
			return nil, err
		}
	}
	return m.result, nil
}

func (o *Options) verify() error {
	usage := func(format string, a ...any) error { return &fault.Usage{Err: fmt.Errorf(format, a...)} }
	switch {
	case len(o.Sources) == 0 || o.Study == "" || o.Clinical == "":
		return usage("sources, a study folder and a clinical table are needed")
	case len(o.Classes) != 2 || o.Classes[0] == o.Classes[1]:
		return usage("classes %s: two different ones are needed; a question about three is three studies of one against the rest", strings.Join(o.Classes, ","))
	case !slices.Contains(o.Classes, o.Positive):
		return usage("positive class %q is not one of the classes %s", o.Positive, strings.Join(o.Classes, ","))
	case o.Method != "" && o.Method != annotation.Shape && o.Method != annotation.Linear:
		return usage("method %s: expected shape or linear", o.Method)
	case o.Fat != Ask && o.Fat != Suppressed && o.Fat != Plain:
		return usage("fat suppression %q: expected yes or no", o.Fat)
	}
	if o.Method == "" {
		o.Method = annotation.Shape
	}
	return nil
}

// importFolder is the folder of the study folder that an import writes its lists to.
const importFolder = "import"

// importer is one run.
type importer struct {
	Options
	ctx    context.Context
	report Reporter
	result *Result
	growth *cohort.Growth

	clinical *cohort.Clinical
	answers  *cohort.Answers
	rules    cohort.Rules
	matches  map[string]string
	told     uses // what a person filled into series.csv

	scan     *convert.Scan
	walk     *crosswalk
	patients []*patient     // by case id
	others   map[string]int // files of the folder of annotations that are no outlines, by ending

	mu sync.Mutex // guards what fail changes
}

// crosswalk is the study's, for short.
type crosswalk = cohort.Crosswalk

// patient is one case on its way into the study.
type patient struct {
	id       string // case id
	who      string // PatientID; never written
	row      *cohort.ClinicalRow
	group    string
	series   []*Series
	outlines []*outline
	views    [3]choice
	facts    cohort.Facts
	failed   bool  // something about him stands in Result.Failed
	bad      bool  // an outline of his cannot be used
	made     *made // what his case folder holds; nil where there is none
}

func (m *importer) fail(p *patient, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p != nil {
		p.failed = true
	}
	m.result.Failed = append(m.result.Failed, err)
}

// close closes the files that were left open for the next series.
func (m *importer) close() {
	if m.scan != nil {
		m.scan.Close()
	}
}

func (m *importer) stage(name string) func(done, total int) {
	if m.report == nil {
		return nil
	}
	m.report.Stage(name)
	return m.report.Set
}

func (m *importer) path(name ...string) string {
	return filepath.Join(append([]string{m.Study, importFolder}, name...)...)
}

// scanAll reads all headers. Files that should have been an image and cannot be
// read are named.
func (m *importer) scanAll() error {
	o := convert.Options{Decoder: m.Decoder, Skip: []string{m.Study}, Interpolate: m.Interpolate}
	s, err := convert.NewScan(m.ctx, m.Sources, o, m.stage("scan"))
	if err != nil {
		return err
	}
	m.scan = s
	why, more := map[string]*fault.Input{}, map[string]int{}
	for _, f := range s.Files {
		m.result.Files[f.Status]++
		if f.Status != convert.Refused || len(f.Volumes) > 0 {
			continue // what no volume can be made of is said of the patient
		}
		if more[f.Reason]++; more[f.Reason] == 1 {
			why[f.Reason] = &fault.Input{File: f.Path, Err: errors.New(f.Reason)}
			m.fail(nil, why[f.Reason])
		}
	}
	for reason, n := range more {
		if n > 1 {
			why[reason].File += fmt.Sprintf(" and %d more", n-1)
		}
	}
	return os.MkdirAll(m.path("thumbnails"), 0o755)
}
