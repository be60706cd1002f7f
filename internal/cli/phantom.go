package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"magn/internal/fault"
	"magn/internal/phantom"
	"magn/internal/study"
)

type phantomOptions struct {
	phantom.Options
	out, study string
}

func newPhantomCommand(env *Env) *cobra.Command {
	var o phantomOptions
	c := &cobra.Command{
		Use:   "phantom (--out DIR | --study S)",
		Short: "Make synthetic patients, as DICOM or as a study folder",
		Long: `Makes synthetic spine MRI with lesions of two classes, so that everything can be tried
without anybody's data. Results on it are about the software and not about patients.

--out DIR writes what a hospital's researcher has: DICOM as an archive exports it, in the
manner of three vendors, with series to choose between; outlines on the sagittal series;
clinical.csv, readers.csv, rules.yaml; a study.yaml for a trial of minutes; and the truth
apart. One person stands in it under two ids, one moved between series, and some patients
have to be excluded. magn import dicom makes a study of it.

--study S makes a study folder at once, without DICOM.

The same options give the same bytes, on any number of processors. A folder that was made
with the same options is left as it is.`,
		Example: `  magn phantom --out demo --patients 24 --seed 1
  magn import dicom demo/dicom --study S --clinical demo/clinical.csv --annotations demo/annotations \
      --rules demo/rules.yaml --classes myeloma,metastasis
  magn phantom --study hard --patients 60 --seed 2 --difficulty 0.8`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if (o.out == "") == (o.study == "") {
				return &fault.Usage{Err: errors.New("expected either --out DIR or --study S")}
			}
			if o.study != "" {
				return o.runStudy(c, env)
			}
			return o.run(c, env)
		},
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "the folder to make: DICOM, outlines, tables, truth")
	f.StringVar(&o.study, "study", "", "the study folder to make instead")
	f.IntVar(&o.Patients, "patients", 24, "patients, an eighth of whom is to be excluded")
	f.Int64Var(&o.Seed, "seed", 1, "of everything drawn")
	f.Float64Var(&o.Difficulty, "difficulty", 0.2, "0: the classes are plainly different; 1: they are not")
	f.IntVar(&o.Size, "size", 256, "pixels of a side in plane")
	f.Float64Var(&o.Moved, "moved", 9, "mm by which one patient moved between series; 0: nobody did")
	return exits(c, fault.CodeInput, fault.CodeInterrupted)
}

func (o *phantomOptions) run(c *cobra.Command, env *Env) error {
	p := env.Progress("phantom")
	made, err := phantom.Write(c.Context(), o.out, o.Options, p.Set)
	p.Close()
	if err != nil {
		return err
	}
	// Beside the data lie the settings of a trial: import writes those of a study.
	config := phantomConfig(o.Size)
	config.Name = folderName(o.out)
	config.Positive, config.Classes = phantom.Positive, []string{phantom.Positive, phantom.Negative}
	if _, err := study.WriteConfig(o.out, config); err != nil {
		return err
	}
	return env.Result(made, func(w io.Writer) error {
		dir := made.Dir
		in := func(name string) string { return filepath.Join(dir, name) }
		kept := ""
		if made.Kept {
			kept = ", kept as they were"
		}
		next := strings.Join([]string{
			"magn import dicom", in("dicom"), "--study S --clinical", in("clinical.csv"), "--annotations", in("annotations"), "--rules", in("rules.yaml"),
			"--readers", in("readers.csv"), "--classes", phantom.Positive + "," + phantom.Negative,
		}, " ")
		_, err := fmt.Fprintf(w, "%s: %d patients (%d to be excluded), %d series, %d image files%s\nnext: %s\n",
			dir, made.Patients, made.Excluded, made.Series, made.Files, kept, next)
		return err
	})
}

func (o *phantomOptions) runStudy(c *cobra.Command, env *Env) error {
	p := env.Progress("phantom")
	made, err := phantom.WriteStudy(c.Context(), o.study, o.Options, p.Set)
	p.Close()
	if err != nil {
		return err
	}
	config := phantomConfig(o.Size)
	config.Name = folderName(o.study)
	return env.studyMade(made, config)
}

// phantomConfig is a study small enough to try: a few minutes on two cores.
func phantomConfig(size int) study.Config {
	c := study.DefaultConfig()
	c.Folds = 3
	c.Note = "Synthetic cohort: this says something about the software and nothing about patients."
	c.Network.Backbone = study.Backbones{"resnet18"}
	c.MapSteps = 4
	t := &c.Training
	t.Epochs, t.Batch, t.Lambda = 8, 8, []float64{0.5}
	t.Crop, t.PixelMM, t.Shift = 64, 1.2, 8
	if size < 128 {
		t.Crop, t.Shift = 32, 4
	}
	return c
}
