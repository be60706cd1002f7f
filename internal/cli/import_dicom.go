package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"magn/internal/annotation"
	"magn/internal/cohort"
	"magn/internal/convert"
	"magn/internal/fault"
	"magn/internal/gdcm"
	"magn/internal/intake"
	"magn/internal/study"
)

type importDICOMOptions struct {
	intake.Options
	method, fat, name string
}

func newImportDICOMCommand(env *Env) *cobra.Command {
	var o importDICOMOptions
	c := &cobra.Command{
		Use:   "dicom SRC...",
		Short: "Make a study folder from DICOM, a clinical table and outlines",
		Long: `Reads every file at and below SRC, finds of each patient the contrast-enhanced T1
series of each view, brings the outlined lesions to them, and makes a study folder with
those patients who meet the rules of inclusion.

import/series.csv in the study folder lists every series with a thumbnail, what speaks for
and against it, and an empty column use. Where a view has no series that is it beyond
doubt, the others are imported, the command ends with 8, and you fill in the column (yes,
no, or the views) and run the same command again. It does only what is missing or changed.

Outlines are NIfTI or NRRD files in --annotations, named by the patient's id, or SEG and
RTSTRUCT files there or among SRC. They are carried to the views that have none of their own.

Patients get case ids. Who is who stands in the crosswalk, which lies outside the study and
only you can read. No other file of the study folder says who a patient is.`,
		Example: `  magn import dicom /media/dvd --study S --clinical table.xlsx --classes myeloma,metastasis --annotations outlines
  magn import dicom export1 export2 --study S --clinical table.csv --classes myeloma,metastasis --fat-suppression yes`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			o.Sources = args
			return o.run(c, env)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Study, "study", "", "the study folder to make, or to go on with")
	f.StringVar(&o.Clinical, "clinical", "", "table with a row for each patient: CSV or xlsx")
	f.StringSliceVar(&o.Classes, "classes", nil, "the two classes of the study")
	f.StringVar(&o.Positive, "positive", "", "the class to predict (default the first of --classes)")
	f.StringVar(&o.Annotations, "annotations", "", "folder with outlines")
	f.StringVar(&o.Readers, "readers", "", "table of readers' answers: CSV or xlsx")
	f.StringVar(&o.Crosswalk, "crosswalk", "", "which patient is which case (default STUDY-crosswalk.csv)")
	f.StringVar(&o.Rules, "rules", "", "YAML list of inclusion rules (default the paper's)")
	f.StringVar(&o.Tables, "tables", "", "YAML with how the tables are read: clinical, readers, matches")
	f.StringVar(&o.method, "method", string(annotation.Shape), "how outlines are carried to other views: shape or linear")
	f.BoolVar(&o.AnyFrame, "any-frame", false, "carry also between frames of reference or studies that differ")
	f.BoolVar(&o.Interpolate, "interpolate", false, "fill missing slices from their neighbours instead of refusing the series")
	f.StringVar(&o.fat, "fat-suppression", "", "yes or no: which one where a view has both (default it is asked)")
	f.StringVar(&o.name, "name", "", "what results and report call the study (default the folder's name)")
	require(c, "study", "clinical", "classes")
	return exits(c, fault.CodeInput, fault.CodeMissing, fault.CodePartial, fault.CodeInterrupted)
}

func (o *importDICOMOptions) run(c *cobra.Command, env *Env) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dec := gdcm.New([]string{self, "work", "decode"})
	defer dec.Close()
	o.Decoder, o.Method, o.Fat = dec, annotation.Method(o.method), intake.Fat(o.fat)
	if o.Positive == "" && len(o.Classes) > 0 {
		o.Positive = o.Classes[0]
	}
	if o.name == "" {
		o.name = folderName(o.Study)
	}
	p := &stages{env: env}
	r, err := intake.Run(c.Context(), o.Options, p)
	p.close()
	if err != nil {
		return err
	}
	if err := env.importedDICOM(r, o); err != nil {
		return err
	}
	return r.Err()
}

// stages shows one progress after the other.
type stages struct {
	env *Env
	mu  sync.Mutex
	p   *Progress
}

// Stage begins a piece of work.
func (s *stages) Stage(name string) {
	s.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.p = s.env.Progress(name)
}

// Set says how much of it is done.
func (s *stages) Set(done, total int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.p != nil {
		s.p.Set(done, total)
	}
}

func (s *stages) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.p != nil {
		s.p.Close()
		s.p = nil
	}
}

// importedDICOM says what an import did, and gives the study its settings.
func (e *Env) importedDICOM(r *intake.Result, o *importDICOMOptions) error {
	info := struct {
		Study     string                 `json:"study"`
		Patients  int                    `json:"patients"`
		Cases     int                    `json:"cases"`
		Excluded  int                    `json:"excluded"`
		Converted int                    `json:"converted"`
		Kept      int                    `json:"kept"`
		Undecided []string               `json:"undecided"`
		Files     map[convert.Status]int `json:"files"`
		Notes     []string               `json:"notes"`
	}{Study: r.Study, Patients: r.Flow.Patients, Converted: r.Converted, Kept: r.Kept, Undecided: r.Undecided, Files: r.Files, Notes: r.Notes}
	if r.Cohort != nil {
		info.Cases, info.Excluded = len(r.Cohort.Cases), len(r.Cohort.Excluded)
	}
	for _, list := range []*[]string{&info.Undecided, &info.Notes} {
		if *list == nil {
			*list = []string{}
		}
	}
	err := e.Result(info, func(w io.Writer) error {
		for _, n := range r.Notes {
			fmt.Fprintln(w, n)
		}
		fmt.Fprintf(w, "%d files used, %d duplicate, %d skipped, %d refused; each with its reason: %s\n", r.Files[convert.Used], r.Files[convert.Duplicate], r.Files[convert.Skipped], r.Files[convert.Refused], r.List)
		fmt.Fprintln(w, r.Matching)
		left := r.Flow.Patients
		for _, s := range r.Flow.Steps {
			if s.Excluded > 0 {
				fmt.Fprintf(w, "%d patients, rule %s excludes %d\n", left, s.Rule, s.Excluded)
			}
			left = s.Left
		}
		fmt.Fprintf(w, "%d cases written, %d kept as they were; every series with its reasons: %s\n", r.Converted, r.Kept, filepath.Join(r.Study, "import", "series.csv"))
		if r.Cohort == nil {
			fmt.Fprintln(w, "no study yet: it needs cases of both classes")
		}
		return nil
	})
	if err != nil || r.Cohort == nil {
		return err
	}
	if err := cohort.RemoveTemporary(filepath.Join(r.Cohort.Dir, study.ConfigFile)); err != nil {
		return err
	}
	config := study.DefaultConfig()
	config.Name, config.Arms = o.name, armsFor(r.Views)
	if e.JSON { // one object is the result
		config.Positive, config.Classes = r.Cohort.Positive, []string{r.Cohort.Positive, r.Cohort.Negative}
		_, err := study.WriteConfig(r.Cohort.Dir, config)
		return err
	}
	return e.studyMade(r.Cohort, config)
}
