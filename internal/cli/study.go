package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"magn/internal/fault"
	"magn/internal/study"
)

func newStudyCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "study",
		Short: "Plan, run and report a cross-validated study",
		Example: `  magn study run S
  magn study report S`,
	}
	c.AddCommand(
		newStudyPlanCommand(env),
		newStudyCheckCommand(env),
		newStudyRunCommand(env),
		newStudyStatusCommand(env),
		newStudyReportCommand(env),
		newStudyEvaluateCommand(env),
		newStudyVerifyCommand(env),
	)
	return c
}

// plannedUnit is a unit as plan prints it.
type plannedUnit struct {
	Arm   string      `json:"arm"`
	Part  string      `json:"part,omitempty"` // heat maps: what looks closer at another unit's
	Fold  int         `json:"fold"`
	Seed  int         `json:"seed"`
	State study.State `json:"state"`
	Train int         `json:"train"`
	Test  int         `json:"test"`
	Hash  string      `json:"hash"`
}

func newStudyPlanCommand(env *Env) *cobra.Command {
	return exits(&cobra.Command{
		Use:   "plan STUDY",
		Short: "List the units of a study and how far each is",
		Long: `Lists every unit (an arm on a fold with a seed): done, started (it goes on from a
checkpoint) or to run. The hash stands for everything that its result depends on.
The first plan or run of a study writes folds.csv, which is frozen from then on.`,
		Example: `  magn study plan S
  magn study plan S --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := study.Open(args[0])
			if err != nil {
				return err
			}
			plan, err := s.Plan()
			if err != nil {
				return err
			}
			var units []plannedUnit
			for _, p := range plan {
				u := p.Unit
				part := ""
				if u.Exam != nil {
					part = "heat maps"
				}
				units = append(units, plannedUnit{u.Arm, part, u.Fold, u.Seed, p.State, len(u.Train), len(u.Test), u.Hash})
			}
			if env.JSON {
				for _, u := range units {
					if err := env.Result(u, nil); err != nil {
						return err
					}
				}
				return nil
			}
			w := tabwriter.NewWriter(env.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "arm\tfold\tseed\tstate\ttrain\ttest\thash")
			for _, u := range units {
				if u.Part != "" {
					u.Arm += ", " + u.Part
				}
				fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%d\t%d\t%.12s\n", u.Arm, u.Fold, u.Seed, u.State, u.Train, u.Test, u.Hash)
			}
			return w.Flush()
		},
	}, fault.CodeInput)
}

func newStudyStatusCommand(env *Env) *cobra.Command {
	return exits(&cobra.Command{
		Use:   "status STUDY",
		Short: "Say how far a study is",
		Example: `  magn study status S
  magn study status S --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := study.Open(args[0])
			if err != nil {
				return err
			}
			st, err := s.Status()
			if err != nil {
				return err
			}
			return env.Result(st, func(w io.Writer) error {
				running := "no run in progress"
				if st.Running {
					running = "a run is in progress"
				}
				t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintf(t, "%s: %s\narm\tdone\tstarted\tto run\n", s.Dir, running)
				for _, a := range st.Arms {
					fmt.Fprintf(t, "%s\t%d\t%d\t%d\n", a.Arm, a.Done, a.Started, a.ToRun)
				}
				if len(st.Excluded) > 0 {
					fmt.Fprintf(t, "excluded:\n")
				}
				for _, reason := range slices.Sorted(maps.Keys(st.Excluded)) {
					fmt.Fprintf(t, "%s\t%d\n", reason, st.Excluded[reason])
				}
				return t.Flush()
			})
		},
	}, fault.CodeInput)
}

func newStudyVerifyCommand(env *Env) *cobra.Command {
	return exits(&cobra.Command{
		Use:   "verify STUDY",
		Short: "Hold everything a study left against what it is computed from",
		Long: `Recomputes the sums of every stack's voxels, of each unit's settings and files and of
the models' networks, results.json from the predictions, and the statement that no
fitted step saw the groups that it is tested on. Ends with 1 where anything differs,
and names it.`,
		Example: `  magn study verify S`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := study.Open(args[0])
			if err != nil {
				return err
			}
			p := env.Progress("verify")
			v, err := s.Verify(c.Context(), p.Set)
			p.Close()
			if err != nil {
				return err
			}
			return env.Result(v, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s: %d cases, %d units with %d files, %d models and results.json are what they were computed to be; %d fitted steps saw no group that they are tested on\n",
					s.Dir, v.Cases, v.Units, v.Files, v.Models, v.Fits)
				return err
			})
		},
	}, fault.CodeInput, fault.CodeInterrupted)
}
