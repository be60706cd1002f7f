package cli

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"magn/internal/evidence"
	"magn/internal/fault"
	"magn/internal/study"
)

func newBenchNullCommand(env *Env) *cobra.Command {
	var arm string
	var each int
	c := &cobra.Command{
		Use:   "null STUDY",
		Short: "Compare an arm of a study with itself under other seeds",
		Long: `Compares an arm of a finished study with itself, so many training seeds against as
many others, pair after pair, by the procedure that compares two arms: what it finds it
finds wrongly. The study's seeds are dealt out in their order.`,
		Example: `  magn bench null S --each 3
  magn bench null S --arm multi-view --each 1 --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if each < 1 {
				return &fault.Usage{Err: fmt.Errorf("--each %d: expected at least 1 seed on each side", each)}
			}
			s, err := study.Open(args[0])
			if err != nil {
				return err
			}
			pairs, err := s.NullPairs(arm, each)
			if err != nil {
				return err
			}
			significant := 0
			for _, p := range pairs {
				if p.P < 0.05 {
					significant++
				}
			}
			out := struct {
				Arm         string                `json:"arm"`
				Each        int                   `json:"seeds_each"`
				Pairs       []evidence.Comparison `json:"pairs"`
				Significant int                   `json:"significant"` // p < .05
			}{arm, each, pairs, significant}
			return env.Result(out, func(w io.Writer) error {
				tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(tw, "A\tB\tAUC A - B\tlow\thigh\tp\tp of the fixed models")
				for _, p := range pairs {
					fmt.Fprintf(tw, "%s\t%s\t%+.3f\t%+.3f\t%+.3f\t%.2f\t%.2f\n", p.A, p.B, p.DeltaAUC, p.Low, p.High, p.P, p.Fixed.P)
				}
				fmt.Fprintf(tw, "p < .05 in %d of %d pairs\n", significant, len(pairs))
				return tw.Flush()
			})
		},
	}
	f := c.Flags()
	f.StringVar(&arm, "arm", "multi-view", "arm to compare with itself")
	f.IntVar(&each, "each", 3, "seeds on each side of a pair")
	return exits(c, fault.CodeInput)
}
