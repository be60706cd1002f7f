package cli

import (
	"github.com/spf13/cobra"

	"magn/internal/gdcm"
)

func newWorkDecodeCommand(env *Env) *cobra.Command {
	return exits(&cobra.Command{
		Use:    "decode",
		Short:  "Decode compressed frames; what reads DICOM starts this by itself",
		Hidden: true,
		Long: `Reads compressed frames from standard input and writes their samples to standard
output, in the messages of internal/gdcm, until standard input ends.`,
		Example: `  magn work decode`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return gdcm.Serve(env.In, env.Out)
		},
	})
}
