package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/sheet"
	"magn/internal/study"
)

// studyCheckOptions are the flags of magn study check.
type studyCheckOptions struct {
	reject, accept, why []string
	verdicts            string
}

func newStudyCheckCommand(env *Env) *cobra.Command {
	var o studyCheckOptions
	c := &cobra.Command{
		Use:   "check STUDY",
		Short: "Read everything, report all that is wrong, and make the contact sheet",
		Long: `Reads study.yaml, the tables and every stack of every case, and reports all at once:
unreadable or truncated files, NaN, masks that are empty or on another grid, voxels
that changed since the import, one patient with two labels, identical slices under
two groups, a split that does not fit, a fold that cannot be trained or judged.
Nothing is run and no split is made.

It writes report/check/index.html, the contact sheet: of each case the slices with
the lesion's largest outlines, the crop, how much of the lesion each view covers, how
far the patient moved, and what may be wrong, sortable by suspicion. Verdicts are
kept in checked.csv (case, verdict, reason): given here, taken from the table that
the page offers for download, or written by hand. A rejected case is excluded with
its reason, until folds.csv is there and the cohort is frozen.`,
		Example: `  magn study check S
  magn study check S --reject case-017 --why "moved between the series"
  magn study check S --accept case-017
  magn study check S --verdicts ~/Downloads/checked.csv`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			verdicts, err := o.given()
			if err != nil {
				return err
			}
			return o.run(c, env, args[0], verdicts)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.reject, "reject", nil, "exclude this case; may be repeated")
	f.StringArrayVar(&o.why, "why", nil, "why: one reason for all that are rejected, or one each in their order")
	f.StringArrayVar(&o.accept, "accept", nil, "keep this case, or take it back; may be repeated")
	f.StringVar(&o.verdicts, "verdicts", "", "take the verdicts of this table, as the page gives it")
	return exits(c, fault.CodeInput, fault.CodeInterrupted)
}

// given are the verdicts of the command line, those of the table first.
func (o *studyCheckOptions) given() ([]cohort.Checked, error) {
	if n := len(o.why); n != len(o.reject) && (n != 1 || len(o.reject) == 0) {
		return nil, &fault.Usage{Err: fmt.Errorf("%d --why for %d --reject: expected one for all, or one each", n, len(o.reject))}
	}
	var out []cohort.Checked
	if o.verdicts != "" {
		var err error
		if out, err = cohort.ReadVerdicts(o.verdicts); err != nil {
			return nil, err
		}
	}
	for i, id := range o.reject {
		out = append(out, cohort.Checked{Case: id, Rejected: true, Reason: o.why[min(i, len(o.why)-1)]})
	}
	for _, id := range o.accept {
		out = append(out, cohort.Checked{Case: id})
	}
	return out, nil
}

func (o *studyCheckOptions) run(c *cobra.Command, env *Env, dir string, verdicts []cohort.Checked) error {
	if len(verdicts) > 0 {
		if err := cohort.Judge(dir, verdicts); err != nil {
			return err
		}
	}
	s, err := study.Open(dir)
	if err != nil {
		return err
	}
	p := env.Progress("check")
	wrong := s.Cohort.Check(c.Context(), p.Set)
	p.Close()
	if c.Context().Err() != nil {
		return wrong
	}
	if err := s.CheckFacts(); err != nil && wrong == nil {
		wrong = err
	}
	page, cards, err := contactSheet(c, env, s)
	if err != nil {
		return err
	}
	if wrong != nil {
		return wrong
	}
	units := s.Units()
	if splitMade(s.Dir) {
		plan, err := s.Plan()
		if err != nil {
			return err
		}
		units = len(plan)
	} else if s.Config.SplitBy == "" {
		// What plan and run would split, without the file that freezes it.
		if _, err := cohort.MakeFolds(s.Cohort.Cases, s.Config.Folds, s.Config.Seed); err != nil {
			return err
		}
	}
	info := struct {
		Cases      int    `json:"cases"`
		Excluded   int    `json:"excluded"`
		Units      int    `json:"units"`
		Page       string `json:"page"`
		Suspicious int    `json:"suspicious"` // cases with findings
		Accepted   int    `json:"accepted"`
		Rejected   int    `json:"rejected"`
	}{Cases: len(s.Cases), Excluded: len(s.Excluded), Units: units, Page: page}
	for _, k := range cards {
		if k.Suspicion() > 0 {
			info.Suspicious++
		}
	}
	checked, err := cohort.ReadChecked(s.Dir)
	if err != nil {
		return err
	}
	for _, v := range checked {
		if v.Rejected {
			info.Rejected++
		} else {
			info.Accepted++
		}
	}
	return env.Result(info, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: %d cases, %d excluded, %d units planned; nothing wrong\n%d with findings, %d accepted, %d rejected: %s\n",
			s.Dir, info.Cases, info.Excluded, info.Units, info.Suspicious, info.Accepted, info.Rejected, page)
		return err
	})
}

// splitMade says whether folds.csv is there, and the cohort frozen.
func splitMade(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "folds.csv"))
	return !errors.Is(err, fs.ErrNotExist)
}

// contactSheet writes the page, of all cases that were imported: who is rejected
// can be taken back.
func contactSheet(c *cobra.Command, env *Env, s *study.Study) (string, []sheet.Card, error) {
	all, err := cohort.Imported(s.Dir)
	if err != nil {
		return "", nil, err
	}
	checked, err := cohort.ReadChecked(s.Dir)
	if err != nil {
		return "", nil, err
	}
	settings := sheet.Settings{Crop: s.Config.Training.Crop, PixelMM: s.Config.Training.PixelMM}
	dir := filepath.Join(s.ReportDir(), "check")
	p := env.Progress("contact sheet")
	cards, err := sheet.Make(c.Context(), dir, all.Cases, settings, p.Set)
	p.Close()
	if err != nil {
		return "", nil, err
	}
	b, err := sheet.Page(s.Config.Name, cards, checked, settings, splitMade(s.Dir))
	if err != nil {
		return "", nil, err
	}
	page := filepath.Join(dir, "index.html")
	if err := renameio.WriteFile(page, b, 0o644, renameio.WithTempDir(dir)); err != nil {
		return "", nil, fmt.Errorf("writing %s: %w", page, err)
	}
	return page, cards, nil
}
