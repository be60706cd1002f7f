// Package cohort holds the patients of a study: their images and masks by view,
// their class, who may be one person, who was left out and why, and the split
// that every arm shares.
//
// Nouns: a Case is one patient. A Cohort is the cases of a study and the
// exclusions. A Stack is one series of parallel slices of one view with its mask
// and its Sidecar, which says where the stack came from and what its voxels were
// when it was imported. A group is what must not be split between folds: cases
// that may be one person. A Fold says in which test fold a case is.
//
// What comes from a hospital: a Clinical table has a row for each patient, an
// Answers table a row for each answer of a reader. A Matching pairs their ids
// with those of the images. The Crosswalk gives each patient id a neutral case
// id and lies outside the study. Rules judge the Facts known of a patient; their
// Verdicts add up to the Flowchart (docs/formats/tables.md).
//
// On disk (docs/formats/cohort.md): cohort.csv, excluded.csv, folds.csv and
// cases/<id>/<view>.nii.gz, <view>_mask.nii.gz, <view>.json in the study folder.
package cohort

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"unicode"
	"unicode/utf8"

	"magn/internal/fault"
	"magn/internal/volume"
)

// Names in a study folder.
const (
	cohortFile   = "cohort.csv"
	excludedFile = "excluded.csv"
	foldsFile    = "folds.csv"
	settingsFile = "study.yaml"
	casesFolder  = "cases"
)

// cohortColumns are those that every cohort.csv has; all others are covariates.
var cohortColumns = []string{"case", "group", "class", "label"}

// Case is one patient.
type Case struct {
	ID    string // folder name under cases/
	Group string // cases of one group may be one person and share a fold
	Class string // e.g. meningioma
	Label int    // 1 for the positive class, 0 for the negative
	Dir   string // the case folder

	// Covariates by column of cohort.csv; what is not known is not in it.
	Covariates map[string]string `json:",omitempty"`
}

// Exclusion is a patient who was left out, and why.
type Exclusion struct{ ID, Group, Class, Reason string }

// Cohort is the patients of one study.
type Cohort struct {
	Dir                string // the study folder
	Positive, Negative string // class names: label 1 and label 0
	Cases              []Case // sorted by ID
	Excluded           []Exclusion
	Covariates         []string // columns of cohort.csv after the first four, in order
}

// Load reads cohort.csv and excluded.csv of a study folder. It opens no image:
// Check does. Columns after case, group, class and label are covariates, which
// may be empty. Cases that checked.csv rejects are among the excluded. What is
// wrong is returned as *Problems, all of it.
func Load(studyDir string) (*Cohort, error) {
	c, err := load(studyDir)
	if err != nil {
		return nil, err
	}
	if err := c.judged(); err != nil {
		return nil, err
	}
	return c, nil
}

// load is Load before a person's verdicts.
func load(studyDir string) (*Cohort, error) {
	c := &Cohort{Dir: studyDir}
	path := filepath.Join(studyDir, cohortFile)
	var ps Problems
	rows, more := readCSVFileMore(path, cohortColumns, &ps)
	c.Covariates = more
	classes := [2]string{}
	seen := map[string]Case{}
	for _, r := range rows {
		k := Case{ID: r.at(0), Group: r.at(1), Class: r.at(2), Dir: filepath.Join(studyDir, casesFolder, r.at(0))}
		if err := checkID(k.ID); err != nil {
			ps.add(r.fault("case", strconv.Quote(k.ID), err.Error()))
			continue
		}
		switch r.at(3) {
		case "0":
		case "1":
			k.Label = 1
		default:
			ps.add(r.fault("label", strconv.Quote(r.at(3)), "0 or 1"))
			continue
		}
		if p, ok := seen[k.ID]; ok {
			found := "case " + k.ID + " a second time"
			if p.Label != k.Label || p.Class != k.Class {
				found = fmt.Sprintf("case %s with two labels: %s (%d) and %s (%d)", k.ID, p.Class, p.Label, k.Class, k.Label)
			}
			ps.add(r.fault("case", found, "one row a case"))
			continue
		}
		seen[k.ID] = k
		k.Covariates = r.covariates(more)
		switch {
		case classes[k.Label] == "" && k.Class != classes[1-k.Label]:
			classes[k.Label] = k.Class
		case classes[k.Label] != k.Class:
			ps.add(r.fault("class", fmt.Sprintf("%q with label %d", k.Class, k.Label),
				"one class a label, and one label a class"))
			continue
		}
		c.Cases = append(c.Cases, k)
	}
	if len(ps.List) == 0 && (classes[0] == "" || classes[1] == "") {
		ps.add(&fault.Input{
			File: path, Field: "label", Found: "one class only",
			Expected: "cases of two classes, one with label 1 and one with label 0",
		})
	}
	c.Positive, c.Negative = classes[1], classes[0]
	sort.Slice(c.Cases, func(i, j int) bool { return c.Cases[i].ID < c.Cases[j].ID })

	path = filepath.Join(studyDir, excludedFile)
	if _, err := os.Stat(path); err == nil {
		for _, r := range readCSVFile(path, []string{"case", "group", "class", "reason"}, &ps) {
			c.Excluded = append(c.Excluded, Exclusion{r.at(0), r.at(1), r.at(2), r.at(3)})
		}
	}
	if err := ps.err(studyDir); err != nil {
		return nil, err
	}
	return c, nil
}

// Views of a case, in the network's order, for which it has at least one stack.
func (c Case) Views() []volume.View {
	var have []volume.View
	for _, v := range volume.Views {
		if len(c.Stacks(v)) > 0 {
			have = append(have, v)
		}
	}
	return have
}

// maxID bounds a case id, which is a folder name.
const maxID = 100

// checkID says whether an id can be a folder name on any system and a field of
// a CSV that people open in other programs.
func checkID(id string) error {
	const want = "a case id of 1 to 100 letters, digits, '.', '_', '-', '+' or '@' that begins with a letter or digit"
	if id == "" || len(id) > maxID || !utf8.ValidString(id) {
		return fmt.Errorf("%s", want)
	}
	for i, r := range id {
		plain := unicode.IsLetter(r) || unicode.IsDigit(r)
		mark := r == '.' || r == '_' || r == '-' || r == '+' || r == '@'
		if !plain && (!mark || i == 0) {
			return fmt.Errorf("%s", want)
		}
	}
	return nil
}
