package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"magn/internal/fault"
	"magn/internal/radiomics"
)

type radiomicsOptions struct {
	image, mask, label string
	caseDir, study     string
	settings, profile  string
	batch, out         string
	threads            int
	target             radiomics.Target // of label
}

func newRadiomicsCommand(env *Env) *cobra.Command {
	var o radiomicsOptions
	c := &cobra.Command{
		Use:   "radiomics",
		Short: "Describe lesions by numbers, as PyRadiomics or the IBSI standard does",
		Long: `Computes radiomic features of the lesions that a mask outlines on an image, NIfTI or NRRD.
Without --label each label is described, and all of them as one (merged) where there are
two or more. PyRadiomics' parameter files work as they are; without one its defaults hold.

--profile pyradiomics gives PyRadiomics' names and numbers. --profile ibsi gives the
features of the Image Biomarker Standardisation Initiative under its tags: resampled,
re-segmented and put into the bins that --settings names, without them of the image as it is.
What of --settings a profile does not offer is refused by name.

--case takes the folder of a case, and describes every stack of its views. --study takes a
study folder, and writes a table of all its cases with the columns view, stack, class and
group; --label says which lesions.

--batch takes a CSV file with the columns image and mask, if wanted label and case, and any
others, which are carried along; relative paths start at the file. The table has a row for
each lesion, in the file's order; --out ends in .csv or .parquet. What cannot be described is
listed in errors.csv beside the table, and the command ends with 8. features.csv.journal keeps
what is done: the same command computes only what is missing or whose files or settings have
changed. features.provenance.json says what the table was made of.`,
		Example: `  magn radiomics --image t1.nii.gz --mask t1_mask.nii.gz
  magn radiomics --image ct.nrrd --mask ct.seg.nrrd --label 2 --settings Params.yaml --json
  magn radiomics --case study/cases/C0001 --settings Params.yaml
  magn radiomics --study study --out features.parquet --label merged
  magn radiomics --batch cases.csv --out features.csv --settings Params.yaml --threads 8`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e, err := o.verify()
			if err != nil {
				return err
			}
			if o.batch != "" || o.study != "" {
				return o.runBatch(c, env, e)
			}
			return o.runCase(c, env, e)
		},
	}
	f := c.Flags()
	f.StringVar(&o.image, "image", "", "the image")
	f.StringVar(&o.mask, "mask", "", "the mask, a label for each lesion")
	f.StringVar(&o.label, "label", "", "the lesion: a number, or merged for all as one (default every label)")
	f.StringVar(&o.settings, "settings", "", "PyRadiomics parameter file, YAML or JSON")
	f.StringVar(&o.profile, "profile", string(radiomics.PyRadiomics), "pyradiomics or ibsi")
	f.StringVar(&o.batch, "batch", "", "CSV file that lists cases")
	f.StringVar(&o.caseDir, "case", "", "folder of a case: every stack of its views")
	f.StringVar(&o.study, "study", "", "study folder: every stack of every case")
	f.StringVar(&o.out, "out", "", "the table that --batch and --study write: .csv or .parquet")
	f.IntVar(&o.threads, "threads", 0, "cases, or slabs of one, at once (default one a processor)")
	c.MarkFlagsRequiredTogether("image", "mask")
	c.MarkFlagsOneRequired("image", "case", "study", "batch")
	c.MarkFlagsMutuallyExclusive("image", "case", "study", "batch")
	c.MarkFlagsMutuallyExclusive("label", "batch")
	return exits(c, fault.CodeInput, fault.CodePartial, fault.CodeInterrupted)
}

// verify checks the options and reads the settings.
func (o *radiomicsOptions) verify() (*radiomics.Extraction, error) {
	if o.threads < 0 {
		return nil, &fault.Usage{Err: fmt.Errorf("--threads %d: expected at least 0", o.threads)}
	}
	if o.threads == 0 {
		o.threads = runtime.GOMAXPROCS(0)
	}
	e := &radiomics.Extraction{Profile: radiomics.Profile(o.profile), Program: Version(), Workers: o.threads}
	if e.Profile != radiomics.PyRadiomics && e.Profile != radiomics.IBSIProfile {
		return nil, &fault.Usage{Err: fmt.Errorf("--profile %s: expected pyradiomics or ibsi", o.profile)}
	}
	table := o.batch != "" || o.study != ""
	switch ext := strings.ToLower(filepath.Ext(o.out)); {
	case table && o.out == "":
		return nil, &fault.Usage{Err: errors.New("--batch and --study need --out")}
	case !table && o.out != "":
		return nil, &fault.Usage{Err: errors.New("--out goes with --batch or --study; the lesions of one case are printed")}
	case o.out != "" && ext != ".csv" && ext != ".parquet":
		return nil, &fault.Usage{Err: fmt.Errorf("--out %s: expected a name that ends in .csv or .parquet", o.out)}
	}
	var err error
	if o.target, err = radiomics.ParseTarget(o.label); err != nil {
		return nil, &fault.Usage{Err: fmt.Errorf("--%w", err)}
	}
	if o.settings == "" {
		e.Settings, e.Levels = radiomics.DefaultSettings(), true
		return e, nil
	}
	if e.Settings, err = radiomics.ParseSettings(o.settings); err != nil {
		return nil, err
	}
	if err := e.Check(); err != nil {
		return nil, radiomics.InFiles(err, "", "", o.settings)
	}
	return e, nil
}

// runBatch describes a list of cases.
func (o *radiomicsOptions) runBatch(c *cobra.Command, env *Env, e *radiomics.Extraction) error {
	cases, source, err := o.list()
	if err != nil {
		return err
	}
	e.Workers = max(1, o.threads/len(cases.Rows))
	p := env.Progress("radiomics")
	b := &radiomics.Batch{Extraction: *e, SettingsPath: o.settings, Cases: cases, Out: o.out, Source: source, Threads: o.threads, Progress: p.Set}
	s, err := b.Run(c.Context())
	p.Close()
	if err != nil {
		return err
	}
	err = env.Result(struct {
		Out        string `json:"out"`
		Errors     string `json:"errors"`
		Provenance string `json:"provenance"`
		Rows       int    `json:"rows"`
		Kept       int    `json:"kept"`
		Lesions    int    `json:"lesions"`
		Failed     int    `json:"failed"`
	}{s.Out, s.Errors, s.Provenance, s.Rows, s.Kept, s.Lesions, len(s.Failed)}, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s: %d lesions of %d rows, %d rows as they were, %d failures in %s\n", s.Out, s.Lesions, s.Rows, s.Kept, len(s.Failed), s.Errors)
		return err
	})
	if err != nil || len(s.Failed) == 0 {
		return err
	}
	bad := &fault.Partial{Done: s.Lesions, What: "lesions"}
	for _, f := range s.Failed {
		where := fmt.Sprintf("%s line %d", o.batch, f.Row.Line)
		if o.study != "" {
			where = "case " + f.Row.Case + ", " + f.Row.Others[0]
		}
		bad.Failed = append(bad.Failed, fmt.Errorf("%s: %w", where, f.Err))
	}
	return bad
}
