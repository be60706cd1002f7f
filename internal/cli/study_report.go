package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"magn/internal/fault"
	"magn/internal/report"
	"magn/internal/study"
)

func newStudyReportCommand(env *Env) *cobra.Command {
	return exits(&cobra.Command{
		Use:   "report STUDY",
		Short: "Write the report of a finished study",
		Long: `Writes report/index.html, one page that needs nothing from any network, with every
figure as SVG and PNG and every table as CSV beside it, and report/results.json. A
leak (a fitted step that saw groups that it is tested on) is printed in the report
and ends the command with 1.`,
		Example: `  magn study report S`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := study.Open(args[0])
			if err != nil {
				return err
			}
			results, err := s.Evidence()
			var leak *study.LeakError
			if err != nil && !errors.As(err, &leak) {
				return err
			}
			in, err := reportInput(s, results)
			if err != nil {
				return err
			}
			if err := report.Write(s.ReportDir(), in); err != nil {
				return err
			}
			if leak != nil {
				return leak
			}
			page := filepath.Join(s.ReportDir(), "index.html")
			info := struct {
				Report  string `json:"report"`
				Results string `json:"results"`
			}{page, filepath.Join(s.ReportDir(), "results.json")}
			return env.Result(info, func(w io.Writer) error {
				_, err := fmt.Fprintln(w, page)
				return err
			})
		},
	}, fault.CodeInput)
}
