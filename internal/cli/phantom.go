package cli

import (
	"github.com/spf13/cobra"

	"magn/internal/fault"
	"magn/internal/phantom"
	"magn/internal/study"
)

func newPhantomCommand(env *Env) *cobra.Command {
	var o phantom.Options
	var dir string
	c := &cobra.Command{
		Use:   "phantom",
		Short: "Make a study folder of synthetic patients",
		Long: `Makes a study folder of synthetic spine MRI with lesions of two classes, so that
everything can be tried without anybody's data. One person stands in it under two
ids, and one patient lacks a view and is excluded. The same options give the same
bytes. Its study.yaml is for a trial of minutes on two cores, not for a result; it
is never overwritten.`,
		Example: `  magn phantom --out demo/study --patients 24 --seed 1
  magn phantom --out hard --patients 60 --seed 2 --difficulty 0.8`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			p := env.Progress("phantom")
			made, err := phantom.Write(c.Context(), dir, o, p.Set)
			p.Close()
			if err != nil {
				return err
			}
			config := phantomConfig(o.Size)
			config.Name = folderName(dir)
			return env.studyMade(made, config)
		},
	}
	f := c.Flags()
	f.StringVar(&dir, "out", "", "the study folder to make")
	f.IntVar(&o.Patients, "patients", 24, "patients, one of whom is excluded")
	f.Int64Var(&o.Seed, "seed", 1, "of everything drawn")
	f.Float64Var(&o.Difficulty, "difficulty", 0.2, "0: the classes are plainly different; 1: they are not")
	f.IntVar(&o.Size, "size", 256, "pixels of a side in plane")
	require(c, "out")
	return exits(c, fault.CodeInput, fault.CodeInterrupted)
}

// phantomConfig is a study small enough to try: a few minutes on two cores.
func phantomConfig(size int) study.Config {
	c := study.DefaultConfig()
	c.Folds = 3
	c.Note = "Synthetic cohort: this says something about the software and nothing about patients."
	c.Network.Backbone = "resnet18"
	t := &c.Training
	t.Epochs, t.Batch, t.Lambda = 8, 8, []float64{0.5}
	t.Crop, t.PixelMM, t.Shift = 64, 1.2, 8
	if size < 128 {
		t.Crop, t.Shift = 32, 4
	}
	return c
}
