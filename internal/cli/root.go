// Package cli is the command line. A command is options → verify → run: its
// file reads flags into an options struct, checks them, and calls the package
// that does the work with a context and a progress callback. Nothing below this
// package prints or exits.
//
// Standard output carries the result: lines for a person, or with --json one
// JSON object a line, an error too. Progress and logs go to standard error.
package cli

import (
	"github.com/spf13/cobra"
)

// newRoot lists the commands.
func newRoot(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "magn",
		Short: "Multi-view attention-guided networks for lesions on MRI",
		Long: `magn trains a multi-view network with guided attention on a cohort of patients,
cross-validates it by patient, and reports what the evidence is worth.
For research only: it is no medical device.`,
		Example: `  magn doctor
  magn phantom --study demo/study --patients 24 --seed 1
  magn study run demo/study
  magn study report demo/study`,
	}
	root.PersistentFlags().BoolVar(&env.JSON, "json", env.JSON, "print one JSON object a line, for programs; errors too")
	work := newWorkCommand(env)
	work.AddCommand(newWorkDecodeCommand(env))
	root.AddCommand(
		newBenchCommand(env),
		newConvertCommand(env),
		newDoctorCommand(env),
		newFigureCommand(env),
		newImportCommand(env),
		newPhantomCommand(env),
		newPredictCommand(env),
		newRadiomicsCommand(env),
		newStudyCommand(env),
		newTransferCommand(env),
		newVersionCommand(env),
		work,
	)
	return root
}
