package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"magn/internal/fault"
	"magn/internal/study"
)

func newStudyRunCommand(env *Env) *cobra.Command {
	backend := "local"
	c := &cobra.Command{
		Use:   "run STUDY",
		Short: "Train and evaluate every unit that is not done",
		Long: `Checks the cohort, then trains and evaluates every unit that is not done, each in
a process of its own, and writes models and report/results.json. A run that was
interrupted or killed goes on with the same command. A unit whose process crashes
is tried a second time; what fails is listed at the end, and the others go on.`,
		Example: `  magn study run S`,
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if backend != "local" {
				return &fault.Usage{Err: fmt.Errorf("--backend %s: expected local", backend)}
			}
			s, err := study.Open(args[0])
			if err != nil {
				return err
			}
			exe, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program, to start workers: %w", err)
			}
			check := env.Progress("check")
			var run *Progress
			checked := func() {
				if run == nil {
					check.Close()
					run = env.Progress("study run")
				}
			}
			sum, err := s.Run(c.Context(), study.Options{
				Command: []string{exe, "work"},
				Check:   check.Set,
				Report: func(e study.Event) {
					checked()
					env.runEvent(run, e)
				},
			})
			checked()
			run.Close()
			if err != nil {
				return err
			}
			return env.Result(sum, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s: %d units done, %d of them now\nnext: magn study report %s\n", s.Dir, sum.Units, sum.Ran, s.Dir)
				return err
			})
		},
	}
	c.Flags().StringVar(&backend, "backend", backend, "where workers run: local")
	return exits(c, fault.CodeInput, fault.CodeMissing, fault.CodePartial, fault.CodeInterrupted)
}

// runEvent passes what happens in a run to progress and log.
func (e *Env) runEvent(p *Progress, ev study.Event) {
	name := study.UnitName(ev.Unit)
	switch ev.Kind {
	case study.UnitStarted:
		e.Log.Info("started", "unit", name)
		p.Note(name)
	case study.UnitDone:
		e.Log.Info("done", "unit", name, "units", fmt.Sprintf("%d of %d", ev.Done, ev.Total))
	case study.UnitRetried:
		e.Log.Warn("crashed, tried again", "unit", name, "err", ev.Err)
	case study.UnitFailed:
		e.Log.Error("failed", "unit", name, "err", ev.Err)
	case study.UnitProgress:
		if ev.Inner.Message != "" {
			e.Log.Info(ev.Inner.Message, "unit", name)
		}
		if name += ", " + ev.Inner.Stage; ev.Inner.Epochs > 0 {
			name += fmt.Sprintf(", epoch %d of %d", ev.Inner.Epoch, ev.Inner.Epochs)
		}
		p.Note(name)
	}
	p.Share(ev.Share, ev.Old)
}

func newWorkCommand(env *Env) *cobra.Command {
	return exits(&cobra.Command{
		Use:    "work",
		Short:  "Run one unit; study run starts this by itself",
		Hidden: true,
		Long: `Reads one unit as a JSON line from standard input, runs it, and writes events and
a last line with the outcome to standard output. It stops when standard input ends.
docs/formats/study.md describes the lines.`,
		Example: `  magn work < job.json`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w := study.Worker{Version: Version(), Abandon: func() { os.Exit(fault.CodeFailed) }}
			return w.Work(c.Context(), env.In, env.Out)
		},
	}, fault.CodeInput, fault.CodeMissing, fault.CodeInterrupted)
}
