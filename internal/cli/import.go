package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/study"
	"magn/internal/volume"
)

func newImportCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:   "import",
		Short: "Make a study folder from images",
		Example: `  magn import dicom /media/dvd --study S --clinical table.xlsx --classes myeloma,metastasis --annotations outlines
  magn import slices slices/manifest.csv --study S --classes meningioma,glioma`,
	}
	c.AddCommand(newImportDICOMCommand(env), newImportSlicesCommand(env))
	return c
}

type importSlicesOptions struct {
	cohort.ImportSlicesOptions
	views []string
	name  string
}

func newImportSlicesCommand(env *Env) *cobra.Command {
	var o importSlicesOptions
	c := &cobra.Command{
		Use:   "slices MANIFEST",
		Short: "Make a study folder from single slices with outlines",
		Long: `Makes a study folder from single slices (PNG or JPEG) with masks.

The manifest is a CSV with the columns slice, patient, group, class, view, image
and mask; the paths in it are relative to its folder. The slices of one patient and
view become a stack. Patients of other classes, or without one of the views, are
left out and listed in excluded.csv. Everything that is wrong is reported at once,
and then nothing is made. The folder gets a commented study.yaml, which is never
overwritten.`,
		Example: `  magn import slices slices/manifest.csv --study S --classes meningioma,glioma
  magn import slices slices/manifest.csv --study S --classes meningioma,glioma --positive glioma --views sagittal`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Manifest = args[0]
			if err := o.verify(); err != nil {
				return err
			}
			p := env.Progress("import")
			made, err := cohort.ImportSlices(c.Context(), o.ImportSlicesOptions, p.Set)
			p.Close()
			if err != nil {
				return err
			}
			config := study.DefaultConfig()
			config.Name, config.Arms = o.name, armsFor(o.Views)
			return env.studyMade(made, config)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Study, "study", "", "the study folder to make")
	f.StringSliceVar(&o.Classes, "classes", nil, "the two classes of the study")
	f.StringVar(&o.Positive, "positive", "", "the class to predict (default the first of --classes)")
	f.StringSliceVar(&o.views, "views", []string{"sagittal", "coronal", "axial"}, "views that a patient must have")
	f.StringVar(&o.name, "name", "", "what results and report call the study (default the folder's name)")
	require(c, "study", "classes")
	return exits(c, fault.CodeInput, fault.CodeInterrupted)
}

func (o *importSlicesOptions) verify() error {
	for _, name := range o.views {
		v, err := volume.ParseView(name)
		if err != nil {
			return &fault.Usage{Err: fmt.Errorf("--views: %w", err)}
		}
		if !slices.Contains(o.Views, v) {
			o.Views = append(o.Views, v)
		}
	}
	if o.Positive == "" && len(o.Classes) > 0 {
		o.Positive = o.Classes[0]
	}
	if o.name == "" {
		o.name = folderName(o.Study)
	}
	return nil
}

// armsFor are the arms that patients with these views can answer for.
func armsFor(views []volume.View) []string {
	if len(views) == len(volume.Views) {
		return study.DefaultConfig().Arms
	}
	if len(views) == 2 {
		views = slices.Clone(views)
		slices.Sort(views)
		two := views[0].String() + "-" + views[1].String()
		return []string{two, two + "-attention"}
	}
	var arms []string
	for _, v := range views {
		arms = append(arms, v.String(), v.String()+"-attention")
	}
	return arms
}

// studyMade gives a new study folder its settings and says what is in it.
func (e *Env) studyMade(c *cohort.Cohort, config study.Config) error {
	config.Positive, config.Classes = c.Positive, []string{c.Positive, c.Negative}
	wrote, err := study.WriteConfig(c.Dir, config)
	if err != nil {
		return err
	}
	positive := 0
	for _, k := range c.Cases {
		positive += k.Label
	}
	info := struct {
		Study    string `json:"study"`
		Cases    int    `json:"cases"`
		Positive int    `json:"positive"`
		Negative int    `json:"negative"`
		Excluded int    `json:"excluded"`
		Settings bool   `json:"settings_written"`
	}{c.Dir, len(c.Cases), positive, len(c.Cases) - positive, len(c.Excluded), wrote}
	return e.Result(info, func(w io.Writer) error {
		settings := "settings, each explained: "
		if !wrote {
			settings = "settings, kept as they were: "
		}
		_, err := fmt.Fprintf(w, "%s: %d cases (%d %s, %d %s), %d excluded\n%s%s\nnext: magn study run %s\n",
			c.Dir, info.Cases, positive, c.Positive, info.Negative, c.Negative, info.Excluded,
			settings, filepath.Join(c.Dir, study.ConfigFile), c.Dir)
		return err
	})
}

// folderName is a study's name where none is given.
func folderName(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		return filepath.Base(abs)
	}
	return filepath.Base(dir)
}

// require marks flags without which a command cannot run.
func require(c *cobra.Command, names ...string) {
	for _, n := range names {
		if err := c.MarkFlagRequired(n); err != nil {
			panic(err) // a flag that this file did not define
		}
	}
}
