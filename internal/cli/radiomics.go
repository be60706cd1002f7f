package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"magn/internal/fault"
	"magn/internal/radiomics"
)

type radiomicsOptions struct {
	image, mask, label string
	settings, profile  string
	batch, out         string
	threads            int
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
features of the Image Biomarker Standardisation Initiative under its tags, of the image as it
is: grey values are levels, or are put into the bins of --settings. What of --settings a
profile does not offer is refused by name.

--batch takes a CSV file with the columns image and mask, if wanted label and case, and any
others, which are carried along; relative paths start at the file. The table has a row for
each lesion, in the file's order. What cannot be described is listed in errors.csv beside
the table, and the command ends with 8. features.csv.journal keeps what is done: the same
command computes only what is missing or whose files or settings have changed.
features.provenance.json says what the table was made of.`,
		Example: `  magn radiomics --image t1.nii.gz --mask t1_mask.nii.gz
  magn radiomics --image ct.nrrd --mask ct.seg.nrrd --label 2 --settings Params.yaml --json
  magn radiomics --batch cases.csv --out features.csv --settings Params.yaml --threads 8`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			e, err := o.verify()
			if err != nil {
				return err
			}
			if o.batch != "" {
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
	f.StringVar(&o.out, "out", "", "the table that --batch writes: .csv")
	f.IntVar(&o.threads, "threads", 0, "cases, or slabs of one, at once (default one a processor)")
	c.MarkFlagsRequiredTogether("image", "mask")
	c.MarkFlagsRequiredTogether("batch", "out")
	c.MarkFlagsOneRequired("image", "batch")
	c.MarkFlagsMutuallyExclusive("image", "batch")
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
	switch ext := strings.ToLower(filepath.Ext(o.out)); {
	case ext == ".parquet":
		return nil, &fault.Usage{Err: fmt.Errorf("--out %s: Parquet is not offered yet; expected a name that ends in .csv", o.out)}
	case o.out != "" && ext != ".csv":
		return nil, &fault.Usage{Err: fmt.Errorf("--out %s: expected a name that ends in .csv", o.out)}
	}
	if o.settings == "" {
		e.Settings, e.Levels = radiomics.DefaultSettings(), true
		return e, nil
	}
	var err error
	if e.Settings, err = radiomics.ParseSettings(o.settings); err != nil {
		return nil, err
	}
	if err := e.Check(); err != nil {
		return nil, radiomics.InFiles(err, "", "", o.settings)
	}
	return e, nil
}

// lesionFeatures is a lesion as --json prints it.
type lesionFeatures struct {
	Image       string   `json:"image"`
	Mask        string   `json:"mask"`
	Label       any      `json:"label"` // a number, or "merged"
	Name        string   `json:"name,omitempty"`
	Profile     string   `json:"profile"`
	Features    ordered  `json:"features"`
	Diagnostics ordered  `json:"diagnostics"`
	Notes       []string `json:"notes,omitempty"`
}

// ordered is a JSON object that keeps its order, of numbers that may be
// undefined, which are null.
type ordered []radiomics.Diagnostic

// MarshalJSON writes the object.
func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for k, d := range o {
		if k > 0 {
			b.WriteByte(',')
		}
		value := d.Value
		if x, is := value.(float64); is && (math.IsNaN(x) || math.IsInf(x, 0)) {
			value = nil
		}
		name, err := json.Marshal(d.Name)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(text)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// runCase describes the lesions of one mask.
func (o *radiomicsOptions) runCase(c *cobra.Command, env *Env, e *radiomics.Extraction) error {
	target, err := radiomics.ParseTarget(o.label)
	if err != nil {
		return &fault.Usage{Err: fmt.Errorf("--%w", err)}
	}
	var files caseFiles
	var sums [2]string
	for k, path := range []string{o.image, o.mask} {
		if sums[k], err = files.Hash(path); err != nil {
			return err
		}
	}
	in, err := files.Read(o.image, o.mask, e.Settings.LabelChannel)
	if err != nil {
		return err
	}
	p := env.Progress("radiomics")
	var lesions []radiomics.Lesion
	var failed []error
	named := func(err error) error { return radiomics.InFiles(err, o.image, o.mask, o.settings) }
	err = e.Describe(c.Context(), in, target, func(l radiomics.Lesion, err error) error {
		if err != nil {
			failed = append(failed, named(err))
		} else {
			l.Diagnostics = append(l.Diagnostics, radiomics.FileDiagnostics(sums[0], sums[1])...)
			lesions = append(lesions, l)
		}
		return nil
	}, p.Set)
	p.Close()
	if err != nil {
		return named(err)
	}
	if err := env.lesions(lesions, o); err != nil {
		return err
	}
	if len(failed) == 1 && len(lesions) == 0 {
		return failed[0]
	}
	if len(failed) > 0 {
		return &fault.Partial{Done: len(lesions), What: "lesions", Failed: failed}
	}
	return nil
}

// lesions prints an object a lesion, or one table of them.
func (e *Env) lesions(all []radiomics.Lesion, o *radiomicsOptions) error {
	if e.JSON {
		for _, l := range all {
			t := lesionFeatures{Image: o.image, Mask: o.mask, Label: l.Label, Name: l.Name, Profile: o.profile, Diagnostics: l.Diagnostics, Notes: l.Notes}
			if l.Label != radiomics.MergedLabel {
				t.Label = json.Number(l.Label)
			}
			for _, v := range l.Values {
				t.Features = append(t.Features, radiomics.Diagnostic{Name: v.Name, Value: v.Value})
			}
			if err := e.Result(t, nil); err != nil {
				return err
			}
		}
		return nil
	}
	if len(all) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(e.Out, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "feature")
	for _, l := range all {
		fmt.Fprintf(w, "\t%s", strings.TrimSpace(l.Label+" "+l.Name))
	}
	fmt.Fprintln(w)
	// All lesions of a mask have the same features, but for images that one is
	// too small for.
	value := make([]map[string]float64, len(all))
	var names []string
	seen := map[string]bool{}
	for k, l := range all {
		value[k] = map[string]float64{}
		for _, v := range l.Values {
			value[k][v.Name] = v.Value
			if !seen[v.Name] {
				seen[v.Name] = true
				names = append(names, v.Name)
			}
		}
	}
	for _, n := range names {
		fmt.Fprint(w, n)
		for k := range all {
			x, there := value[k][n]
			switch {
			case !there:
				fmt.Fprint(w, "\t-")
			default:
				fmt.Fprintf(w, "\t%.6g", x)
			}
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return notes(e.Out, all)
}

// notes prints each note once.
func notes(to io.Writer, all []radiomics.Lesion) error {
	seen := map[string]bool{}
	for _, l := range all {
		for _, n := range l.Notes {
			if seen[n] {
				continue
			}
			seen[n] = true
			if _, err := fmt.Fprintf(to, "note: %s\n", n); err != nil {
				return err
			}
		}
	}
	return nil
}

// runBatch describes a list of cases.
func (o *radiomicsOptions) runBatch(c *cobra.Command, env *Env, e *radiomics.Extraction) error {
	cases, err := radiomics.ReadCases(o.batch)
	if err != nil {
		return err
	}
	e.Workers = max(1, o.threads/len(cases.Rows))
	p := env.Progress("radiomics")
	b := &radiomics.Batch{Extraction: *e, SettingsPath: o.settings, Cases: cases, Out: o.out, Source: caseFiles{}, Threads: o.threads, Progress: p.Set}
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
		bad.Failed = append(bad.Failed, fmt.Errorf("%s line %d: %w", o.batch, f.Row.Line, f.Err))
	}
	return bad
}
