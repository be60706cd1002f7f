// Package study takes a cohort through planned units to evidence and models.
//
// Nouns: a Study is a folder with its settings (study.yaml, a Config) and its
// cohort. The plan is its units, arm by arm, fold by fold, seed by seed, each
// with a hash of everything that its result depends on; a unit is done when its
// folder holds a unit.json with that hash. Run brings every unit there, each in
// a worker: a process of its own, which reads the unit from standard input and
// tells how far it is on standard output. Evidence is made of the units' files;
// a model of their weights. Nothing here prints.
//
// docs/formats/study.md describes the folder and what workers speak.
package study

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/volume"
)

// Study is a study folder whose settings and cohort have been read.
type Study struct {
	Dir      string
	Config   Config
	Cohort   *cohort.Cohort
	Cases    []cohort.Case      // those with every view that an arm needs
	Excluded []cohort.Exclusion // the cohort's, and those without a view
	Readers  []Reader           // of readers.csv, where there is one

	at     place    // where in study.yaml its keys stand
	levels []string // of the column that the split is by, fold by fold; known with the plan
}

// Open reads study.yaml and the tables of the cohort, and no image: Check does
// that.
func Open(dir string) (*Study, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, &fault.Input{File: dir, Field: "study folder", Err: plainCause(err), Do: "magn import or magn phantom makes one"}
	} else if !info.IsDir() {
		return nil, &fault.Input{File: dir, Field: "study folder", Found: "a file", Expected: "a folder"}
	}
	path := filepath.Join(dir, ConfigFile)
	config, at, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	c, err := cohort.Load(dir)
	if err != nil {
		return nil, err
	}
	s := &Study{Dir: dir, Config: config, Cohort: c, Excluded: c.Excluded, at: at}
	have := [2]string{c.Positive, c.Negative}
	if config.Positive != c.Positive || config.negative() != c.Negative {
		return nil, at.fault("classes", fmt.Sprintf("%s (positive) and %s", config.Positive, config.negative()),
			fmt.Sprintf("%s and %s, as in cohort.csv", have[0], have[1]))
	}
	s.chooseCases()
	if len(s.Cases) == 0 {
		return nil, at.fault("arms", "no case with the views that they need", "at least one")
	}
	if s.Readers, err = s.readReaders(); err != nil {
		return nil, err
	}
	for _, name := range config.Primary {
		if !slices.Contains(config.Arms, name) && !slices.ContainsFunc(s.Readers, func(r Reader) bool { return r.armName() == name }) {
			return nil, at.fault("primary", name, "an arm of the study or a reader of readers.csv")
		}
	}
	return s, s.checkFrozen()
}

// chooseCases leaves out who lacks a view that any arm needs, so that all arms
// answer for the same patients.
func (s *Study) chooseCases() {
	needed := map[volume.View]bool{}
	for _, a := range s.Config.Arms {
		for _, v := range arms[a].views {
			needed[v] = true
		}
	}
	for _, c := range s.Cohort.Cases {
		var missing []string
		for _, v := range volume.Views {
			if needed[v] && len(c.Stacks(v)) == 0 {
				missing = append(missing, v.String())
			}
		}
		if len(missing) == 0 {
			s.Cases = append(s.Cases, c)
			continue
		}
		s.Excluded = append(s.Excluded, cohort.Exclusion{
			ID: c.ID, Group: c.Group, Class: c.Class, Reason: "no stack of view " + strings.Join(missing, " and "),
		})
	}
}

// Names of what a study leaves in its folder.
const (
	ConfigFile     = "study.yaml"
	runsFolder     = "runs"
	featuresFolder = "features"
	modelsFolder   = "models"
	reportFolder   = "report"
	resultsFile    = "results.json"
	lockFile       = ".lock"
	foldsFile      = "folds.csv"
)

// ReportDir is where results.json and the report go.
func (s *Study) ReportDir() string { return filepath.Join(s.Dir, reportFolder) }
