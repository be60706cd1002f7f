package cohort

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"magn/internal/fault"
)

// Files that a person's verdicts are in, or change.
const (
	checkedFile = "checked.csv"
	flowFile    = "import/flowchart"
	checkedRule = "checked" // the step of the flowchart
)

// rejectedFor is what stands before a person's reason in excluded.csv.
const rejectedFor = "rejected in the check: "

// Checked is what a person who looked at a case says of it.
type Checked struct {
	Case     string
	Rejected bool   // otherwise accepted
	Reason   string // why; filled where it is rejected
}

// ReadChecked reads checked.csv of a study, by case; nil where there is none. It
// has the columns case, verdict (accept or reject) and reason; rows whose verdict
// is empty are not decided yet. What is wrong is returned as *Problems.
func ReadChecked(study string) (map[string]Checked, error) {
	return readChecked(filepath.Join(study, checkedFile))
}

func readChecked(path string) (map[string]Checked, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var ps Problems
	rows, more := readCSVFileMore(path, []string{"case"}, &ps)
	verdict, reason := slices.Index(more, "verdict"), slices.Index(more, "reason")
	if len(ps.List) == 0 && (verdict < 0 || reason < 0) {
		ps.add(&fault.Input{File: path, Field: "header", Found: "case," + strings.Join(more, ","), Expected: "columns case,verdict,reason"})
	}
	out := map[string]Checked{}
	for _, r := range rows {
		if verdict < 0 || reason < 0 {
			break
		}
		c := Checked{Case: r.at(0), Reason: r.more[reason]}
		switch r.more[verdict] {
		case "":
			continue
		case "accept":
		case "reject":
			if c.Rejected = true; c.Reason == "" {
				ps.add(r.fault("reason", "none", "why the case is rejected"))
			}
		default:
			ps.add(r.fault("verdict", fmt.Sprintf("%q", r.more[verdict]), "accept, reject or nothing"))
		}
		if _, twice := out[c.Case]; twice {
			ps.add(r.fault("case", c.Case+" a second time", "one row a case"))
		}
		out[c.Case] = c
	}
	return out, ps.err(path)
}

// Imported is Load before a person's verdicts: with the cases that checked.csv
// rejects, so that they can be looked at again.
func Imported(study string) (*Cohort, error) { return load(study) }

// Judge adds verdicts to those of a study and writes checked.csv, excluded.csv and
// the flowchart of the import. An accepted case that was rejected is in the cohort
// again. Where folds.csv is there the cohort is frozen: a verdict that would change
// it is refused, and nothing is written.
func Judge(study string, verdicts []Checked) error {
	was, err := ReadChecked(study)
	if err != nil {
		return err
	}
	c, err := load(study)
	if err != nil {
		return err
	}
	now := maps.Clone(was)
	if now == nil {
		now = map[string]Checked{}
	}
	path := filepath.Join(study, checkedFile)
	for _, v := range verdicts {
		if !c.has(v.Case) {
			return &fault.Input{File: study, Field: "case", Found: fmt.Sprintf("%q", v.Case), Expected: "a case of " + cohortFile, Do: c.meant(v.Case)}
		}
		if v.Rejected && strings.TrimSpace(v.Reason) == "" {
			return &fault.Input{File: path, Field: "reason", Found: "none for case " + v.Case, Expected: "why the case is rejected"}
		}
		if v.Rejected != was[v.Case].Rejected && exists(filepath.Join(study, foldsFile)) {
			return frozen(study, v)
		}
		v.Reason = strings.TrimSpace(v.Reason)
		now[v.Case] = v
	}
	rows := [][]string{{"case", "verdict", "reason"}}
	for _, k := range c.Cases {
		if v, ok := now[k.ID]; ok {
			rows = append(rows, []string{k.ID, v.word(), v.Reason})
		}
	}
	if err := writeCSV(path, rows); err != nil {
		return err
	}
	return syncChecked(study)
}

// ReadVerdicts reads a table as checked.csv is, such as the one that the contact
// sheet offers. Cases without a verdict are left out.
func ReadVerdicts(path string) ([]Checked, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, openFault(path, "", err)
	}
	by, err := readChecked(path)
	var out []Checked
	for _, v := range by {
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b Checked) int { return strings.Compare(a.Case, b.Case) })
	return out, err
}

func (v Checked) word() string {
	if v.Rejected {
		return "reject"
	}
	return "accept"
}

func frozen(study string, v Checked) error {
	return &fault.Input{
		File: filepath.Join(study, foldsFile), Field: "case " + v.Case, Found: "a frozen split", Expected: "verdicts before the split",
		Do: fmt.Sprintf("to %s the case after all, delete %s and %s (results of that split are void then) and say it again", v.word(), foldsFile, filepath.Join(study, "runs")),
	}
}

func (c *Cohort) has(id string) bool {
	return slices.ContainsFunc(c.Cases, func(k Case) bool { return k.ID == id })
}

func (c *Cohort) meant(id string) string {
	ids := make([]string, len(c.Cases))
	for i, k := range c.Cases {
		ids[i] = k.ID
	}
	if near := fault.Nearest(id, ids); near != "" {
		return "is " + near + " meant?"
	}
	return ""
}

// judged applies the verdicts of the study to the cohort that cohort.csv lists.
func (c *Cohort) judged() error {
	verdicts, err := ReadChecked(c.Dir)
	if err != nil {
		return err
	}
	c.Excluded = slices.DeleteFunc(c.Excluded, func(x Exclusion) bool { return c.has(x.ID) && strings.HasPrefix(x.Reason, rejectedFor) })
	var ps Problems
	path := filepath.Join(c.Dir, checkedFile)
	split := frozenCases(c.Dir)
	for _, id := range slices.Sorted(maps.Keys(verdicts)) {
		v := verdicts[id]
		switch {
		case !v.Rejected:
		case !c.has(id) && !slices.ContainsFunc(c.Excluded, func(x Exclusion) bool { return x.ID == id }):
			ps.add(&fault.Input{File: path, Field: "case", Found: fmt.Sprintf("%q", id), Expected: "a case of " + cohortFile + " or " + excludedFile, Do: c.meant(id)})
		case split[id]:
			ps.add(&fault.Input{
				File: path, Field: "case " + id, Found: "a rejected case that stands in the frozen split", Expected: "verdicts before the split",
				Do: fmt.Sprintf("take its row out, or delete %s and runs (results of that split are void then)", foldsFile),
			})
		}
	}
	if err := ps.err(path); err != nil {
		return err
	}
	in, out := c.Cases[:0:0], c.Excluded
	for _, k := range c.Cases {
		if v := verdicts[k.ID]; v.Rejected {
			out = append(out, Exclusion{ID: k.ID, Group: k.Group, Class: k.Class, Reason: rejectedFor + v.Reason})
			continue
		}
		in = append(in, k)
	}
	c.Cases, c.Excluded = in, out
	return nil
}

// frozenCases are those of folds.csv; what is wrong with the file is for FoldsCSV
// to say.
func frozenCases(study string) map[string]bool {
	path := filepath.Join(study, foldsFile)
	if !exists(path) {
		return nil
	}
	var ps Problems
	out := map[string]bool{}
	for _, r := range readCSVFile(path, []string{"case"}, &ps) {
		out[r.at(0)] = true
	}
	return out
}

// syncChecked brings excluded.csv and the import's flowchart in line with the
// verdicts. Load goes by checked.csv itself; these two are for people.
func syncChecked(study string) error {
	c, err := Load(study)
	if err != nil {
		return err
	}
	_, rows, err := c.tables()
	if err != nil {
		return err
	}
	if err := writeCSV(filepath.Join(study, excludedFile), rows); err != nil {
		return err
	}
	path := filepath.Join(study, filepath.FromSlash(flowFile))
	b, err := os.ReadFile(path + ".json")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var f Flowchart
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err != nil {
		return &fault.Input{File: path + ".json", Expected: "the flowchart of the import", Err: err, Do: "run the import again"}
	}
	f = f.checked(c.Excluded)
	if b, err = f.JSON(); err != nil {
		return err
	}
	if err := writeFile(path+".json", b); err != nil {
		return err
	}
	return writeCSV(path+".csv", f.Table())
}

// checked is the flowchart with the cases that a person rejected as its last step,
// and without those of an earlier time.
func (f Flowchart) checked(excluded []Exclusion) Flowchart {
	f.Classes = maps.Clone(f.Classes)
	if f.Classes == nil {
		f.Classes = map[string]int{}
	}
	f.Steps = slices.Clone(f.Steps)
	if n := len(f.Steps); n > 0 && f.Steps[n-1].Rule == checkedRule {
		f.Included += f.Steps[n-1].Excluded
		for c, k := range f.Steps[n-1].Classes {
			f.Classes[c] += k
		}
		f.Steps = f.Steps[:n-1]
	}
	s := Step{Rule: checkedRule, Before: f.Included, Reasons: map[string]int{}, Classes: map[string]int{}}
	for _, x := range excluded {
		if why, ok := strings.CutPrefix(x.Reason, rejectedFor); ok {
			s.Excluded++
			s.Any++
			s.Reasons[why]++
			s.Classes[x.Class]++
			f.Classes[x.Class]--
		}
	}
	if s.Excluded == 0 {
		return f
	}
	f.Included -= s.Excluded
	s.Left = f.Included
	f.Steps = append(f.Steps, s)
	return f
}

// withVerdicts is c with those cases among the excluded too that a person rejected
// in a study: what its excluded.csv says.
func (c *Cohort) withVerdicts(study string) *Cohort {
	verdicts, err := ReadChecked(study)
	if err != nil || len(verdicts) == 0 {
		return c // Load says what is wrong with the table
	}
	out := *c
	for _, k := range c.Cases {
		if v := verdicts[k.ID]; v.Rejected {
			out.Excluded = append(slices.Clip(out.Excluded), Exclusion{ID: k.ID, Group: k.Group, Class: k.Class, Reason: rejectedFor + v.Reason})
		}
	}
	return &out
}
