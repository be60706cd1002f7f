package cli

import (
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"magn/internal/fault"
	"magn/internal/report"
	"magn/internal/study"
)

func newStudyEvaluateCommand(env *Env) *cobra.Command {
	o := study.EvaluateOptions{Device: "auto"}
	out := ""
	c := &cobra.Command{
		Use:   "evaluate",
		Short: "Judge a locked model on another cohort",
		Long: `Answers for every case of a cohort with a model that a study left behind and judges
the answers: every metric with its interval, at 0.5 and at the model's threshold, the
probability as it is and calibrated as the model says. Nothing is fitted: networks,
threshold and calibration are the model's. The cohort must have the model's classes;
it must hold no patient whom the model was trained on, by group id or by an image's
voxels, or it is refused, and every such patient named.
Writes predictions.csv, results.json and index.html into --out.`,
		Example: `  magn study evaluate --model S/models/multi-view-attention --cohort S2 --out elsewhere`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.Device != "auto" && o.Device != "cpu" && o.Device != "cuda" {
				return &fault.Usage{Err: fmt.Errorf("--device %s: expected auto, cpu or cuda", o.Device)}
			}
			if o.Threads < 0 {
				return &fault.Usage{Err: fmt.Errorf("--threads %d: expected 0 or more", o.Threads)}
			}
			p := env.Progress("evaluate")
			o.Report = p.Set
			e, err := study.Evaluate(c.Context(), o)
			p.Close()
			if err != nil {
				return err
			}
			if err := e.Write(out); err != nil {
				return err
			}
			in := report.Input{Results: e.Results, Notes: []string{
				fmt.Sprintf("A locked model (%s, arm %s) judged on this cohort. Nothing was fitted here, and there are no folds.", e.Model.Study, e.Model.Arm),
			}}
			if n := len(e.Excluded); n > 0 {
				in.Notes = append(in.Notes, fmt.Sprintf("%d patients of the cohort were excluded, the last for: %s.", n, e.Excluded[n-1].Reason))
			}
			if err := report.Write(out, in); err != nil {
				return err
			}
			return env.Result(e.Results, func(w io.Writer) error {
				for _, a := range e.Results.Arms {
					m := a.Metrics
					if _, err := fmt.Fprintf(w, "%s: AUC %.3f (%.3f to %.3f), Brier %.3f, %d patients\n", a.Name, m.AUC.Value, m.AUC.Low, m.AUC.High, m.Brier.Value, a.N); err != nil {
						return err
					}
				}
				_, err := fmt.Fprintln(w, filepath.Join(out, "index.html"))
				return err
			})
		},
	}
	f := c.Flags()
	f.StringVar(&o.Model, "model", "", "a folder STUDY/models/ARM")
	f.StringVar(&o.Cohort, "cohort", "", "a study folder: cohort.csv and cases/")
	f.StringVar(&out, "out", "", "folder to write to")
	f.StringVar(&o.Device, "device", o.Device, "auto, cpu or cuda")
	f.BoolVar(&o.Shared, "allow-shared-patients", false, "judge patients of the model's training, too; the report says so at its top")
	f.IntVar(&o.Threads, "threads", 0, "threads to use; 0: one a processor")
	require(c, "model", "cohort", "out")
	return exits(c, fault.CodeInput, fault.CodeMissing, fault.CodeInterrupted)
}
