package cohort

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"magn/internal/fault"
)

// Crosswalk says which patient is which case: the one file that leads from a
// study back to its patients. It lies outside the study folder and only its
// owner may read it.
type Crosswalk struct {
	Path  string
	cases map[string]string // patient id → case id
}

var crosswalkColumns = []string{"patient", "case"}

// CrosswalkPath is where the crosswalk of a study is unless told otherwise:
// beside the study folder.
func CrosswalkPath(study string) string {
	study = filepath.Clean(study)
	if b := filepath.Base(study); b == "." || b == ".." { // a study named by where one stands
		if abs, err := filepath.Abs(study); err == nil {
			study = abs
		}
	}
	return study + "-crosswalk.csv"
}

// UpdateCrosswalk reads the crosswalk at path ("" for CrosswalkPath), gives each
// patient that is not in it a new case id, and writes it. A patient who is in it
// keeps his case. A path inside the study folder is refused.
//
// New ids are C0001, C0002 … in an order that shuffle draws, so that they tell
// nothing of the patient ids, which often follow the time of admission; nil
// draws at random.
func UpdateCrosswalk(path, study string, patients []string, shuffle func(n int, swap func(i, j int))) (*Crosswalk, error) {
	if path == "" {
		path = CrosswalkPath(study)
	}
	if err := outside(path, study); err != nil {
		return nil, err
	}
	// Two imports at a time must not give one case id to two patients.
	lock := flock.New(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".lock"), flock.SetPermissions(0o600))
	held, err := lock.TryLock()
	if err != nil {
		return nil, &fault.Input{File: path, Expected: "a folder that can be written", Err: err}
	}
	if !held {
		return nil, &fault.Input{File: path, Found: "another process that writes it", Do: "wait for it to end"}
	}
	defer lock.Close() // the file stays: one that is removed can be locked twice
	if err := RemoveTemporary(path); err != nil {
		return nil, err
	}
	x, err := readCrosswalk(path)
	if err != nil {
		return nil, err
	}
	if err := x.add(patients, shuffle); err != nil {
		return nil, err
	}
	return x, x.write()
}

// ReadCrosswalk reads a crosswalk that must be there.
func ReadCrosswalk(path string) (*Crosswalk, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, openFault(path, "", err)
	}
	return readCrosswalk(path)
}

func readCrosswalk(path string) (*Crosswalk, error) {
	x := &Crosswalk{Path: path, cases: map[string]string{}}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return x, nil
	}
	if err != nil {
		return nil, openFault(path, "", err)
	}
	defer f.Close()
	var ps Problems
	folder := map[string]bool{}
	for _, r := range readCSV(path, f, crosswalkColumns, &ps) {
		patient, id := r.at(0), r.at(1)
		switch low := strings.ToLower(id); {
		case checkID(id) != nil:
			ps.add(r.fault("case", "a name that cannot be a folder's", checkID(id).Error()))
		case x.cases[patient] != "":
			ps.add(r.fault("patient", "a patient a second time", "one row a patient"))
		case folder[low]:
			ps.add(r.fault("case", "case "+id+" a second time", "one patient a case"))
		default:
			x.cases[patient], folder[low] = id, true
		}
	}
	if err := ps.err(path); err != nil {
		return nil, err
	}
	return x, nil
}

// Case is the case id of a patient; "" where the crosswalk does not have him.
func (x *Crosswalk) Case(patient string) string { return x.cases[idText(patient)] }

// Patient is the patient id of a case; "" where there is none.
func (x *Crosswalk) Patient(caseID string) string {
	for p, c := range x.cases {
		if c == caseID {
			return p
		}
	}
	return ""
}

// Len is the number of patients.
func (x *Crosswalk) Len() int { return len(x.cases) }

func (x *Crosswalk) add(patients []string, shuffle func(int, func(i, j int))) error {
	fresh := idSet(patients)
	next := 0
	for p, c := range x.cases {
		delete(fresh, p)
		if n, err := strconv.Atoi(strings.TrimLeft(c, "cC")); err == nil {
			next = max(next, n)
		}
	}
	list := sortedIDs(fresh)
	for _, p := range list {
		if strings.ContainsFunc(p, func(r rune) bool { return r < ' ' }) {
			return &fault.Input{File: x.Path, Field: "patient", Found: "an id with a control character", Expected: "ids as in (0010,0020)"}
		}
	}
	if shuffle == nil {
		shuffle = rand.Shuffle
	}
	shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for i, p := range list {
		x.cases[p] = fmt.Sprintf("C%04d", next+1+i)
	}
	return nil
}

// write writes with mode 0600 even where the file had another one.
func (x *Crosswalk) write() error {
	patients := make([]string, 0, len(x.cases))
	for p := range x.cases {
		patients = append(patients, p)
	}
	sort.Slice(patients, func(i, j int) bool { return x.cases[patients[i]] < x.cases[patients[j]] })
	rows := [][]string{crosswalkColumns}
	for _, p := range patients {
		rows = append(rows, []string{p, x.cases[p]})
	}
	return WriteTable(x.Path, rows, 0o600)
}

// outside refuses a path within the study folder, also through symbolic links.
func outside(path, study string) error {
	in, err := realPath(path)
	if err != nil {
		return &fault.Input{File: path, Field: "crosswalk", Err: err}
	}
	dir, err := realPath(study)
	if err != nil {
		return &fault.Input{File: study, Field: "study folder", Err: err}
	}
	rel, err := filepath.Rel(dir, in)
	if err == nil && (rel == "." || rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))) {
		return &fault.Input{
			File: path, Field: "crosswalk", Found: "a path inside the study folder",
			Expected: "one outside it: who gets the study must not get the patients' ids", Do: "leave it out for " + CrosswalkPath(study),
		}
	}
	return nil
}

// realPath resolves the links of the part of a path that exists.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	rest := ""
	for {
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			return filepath.Join(real, rest), nil
		}
		if !errors.Is(err, os.ErrNotExist) || filepath.Dir(path) == path {
			return "", err
		}
		rest = filepath.Join(filepath.Base(path), rest)
		path = filepath.Dir(path)
	}
}
