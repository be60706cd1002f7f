package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"magn/internal/convert"
	"magn/internal/fault"
	"magn/internal/gdcm"
)

type convertOptions struct {
	convert.Options
	out string
}

func newConvertCommand(env *Env) *cobra.Command {
	var o convertOptions
	c := &cobra.Command{
		Use:   "convert SRC...",
		Short: "Make NIfTI volumes of DICOM files",
		Long: `Reads every file at and below SRC, puts what is DICOM into series and series into
volumes, and writes each as NAME.nii.gz with a NAME.json beside it that holds what
a study needs of the header and no identifier of the patient.

files.csv says of every file what became of it: used, duplicate, skipped (no image
that volumes are made of) or refused, with the reason. uids.json has the UIDs of
each volume, for writing results back to the archive. Both may identify patients
and can be read by their owner only.

Slices are ordered by where they lie, never by number or name. A stack with
missing slices is refused unless --interpolate is given. Volumes that are there
already, whole and made of the same files, are kept. Volumes of an earlier run that
these files do not make are refused with their list before anything is written;
--prune removes them.`,
		Example: `  magn convert /media/dvd --out volumes
  magn convert export1 export2 --out volumes --interpolate --json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return o.run(c, env, args)
		},
	}
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "the folder to write to")
	f.BoolVar(&o.Interpolate, "interpolate", false, "fill missing slices from their neighbours")
	f.BoolVar(&o.Prune, "prune", false, "remove volumes that an earlier run wrote and this one does not make")
	f.IntVar(&o.Workers, "threads", 0, "files read at once (default one a processor)")
	require(c, "out")
	return exits(c, fault.CodeInput, fault.CodeMissing, fault.CodePartial, fault.CodeInterrupted)
}

func (o *convertOptions) run(c *cobra.Command, env *Env, args []string) error {
	if o.Workers < 0 {
		return &fault.Usage{Err: fmt.Errorf("--threads %d: expected at least 0", o.Workers)}
	}
	if err := apart(o.out, args); err != nil {
		return err
	}
	r, err := o.convert(c, env, args)
	if err != nil {
		return err
	}
	if err := env.convertResult(r, o.out); err != nil {
		return err
	}
	return r.Err()
}

// convert scans and converts.
func (o *convertOptions) convert(c *cobra.Command, env *Env, args []string) (*convert.Result, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dec := gdcm.New([]string{self, "work", "decode"})
	defer dec.Close()
	o.Decoder, o.Skip = dec, []string{o.out}
	p := env.Progress("scan")
	s, err := convert.NewScan(c.Context(), args, o.Options, p.Set)
	p.Close()
	if err != nil {
		return nil, err
	}
	p = env.Progress("convert")
	defer p.Close()
	return s.Run(c.Context(), o.out, p.Set)
}

// convertedVolume is a volume as --json prints it.
type convertedVolume struct {
	Volume  string     `json:"volume"`
	Status  string     `json:"status"` // written, kept or refused
	Size    [3]int     `json:"size"`
	Spacing [3]float64 `json:"spacing"`
	Notes   []string   `json:"notes,omitempty"`
	Reason  string     `json:"reason,omitempty"`
}

func (e *Env) convertResult(r *convert.Result, out string) error {
	list := make([]convertedVolume, len(r.Volumes))
	for i, v := range r.Volumes {
		list[i] = convertedVolume{v.Name, "written", v.Size, v.Spacing, v.Notes, ""}
		switch {
		case v.Err != nil:
			list[i].Status, list[i].Reason = "refused", v.Err.Error()
		case v.Kept:
			list[i].Status = "kept"
		}
	}
	if e.JSON {
		for _, v := range list {
			if err := e.Result(v, nil); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(e.Out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "volume\tvoxels\tspacing (mm)\tstatus\tnotes")
	for _, v := range list {
		size, spacing := "", ""
		if v.Status != "refused" {
			size = fmt.Sprintf("%d×%d×%d", v.Size[0], v.Size[1], v.Size[2])
			spacing = fmt.Sprintf("%.4g×%.4g×%.4g", v.Spacing[0], v.Spacing[1], v.Spacing[2])
		}
		// A refused volume's reason stands in the list at the end.
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", v.Volume, size, spacing, v.Status, strings.Join(v.Notes, "; "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	count := map[convert.Status]int{}
	for _, f := range r.Files {
		count[f.Status]++
	}
	_, err := fmt.Fprintf(e.Out, "%d files: %d used, %d duplicate, %d skipped, %d refused; each with its reason in %s\n", len(r.Files),
		count[convert.Used], count[convert.Duplicate], count[convert.Skipped], count[convert.Refused], joinOut(out, convert.FilesFile))
	return err
}

func joinOut(dir, name string) string { return strings.TrimSuffix(dir, "/") + "/" + name }

// apart refuses an output folder whose files would be among the sources, or would
// be passed over there: it is not read. Inside a source it is only a folder that
// is new, empty, or was written by an earlier run.
func apart(out string, sources []string) error {
	to, err := realPath(out)
	if err != nil {
		return err
	}
	for _, src := range sources {
		from, err := realPath(src)
		if err != nil {
			return err
		}
		switch rel, err := filepath.Rel(from, to); {
		case err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)):
			continue
		case rel == ".":
			return &fault.Usage{Err: fmt.Errorf("--out %s is the source %s; name another folder", out, src)}
		}
		names, err := os.ReadDir(to)
		if errors.Is(err, os.ErrNotExist) || err == nil && len(names) == 0 {
			continue
		}
		if !convert.IsOutput(to) {
			return &fault.Usage{Err: fmt.Errorf("--out %s lies in the source %s and has files of others, which would not be read; name another folder", out, src)}
		}
	}
	return nil
}

// realPath is an absolute path without links; of one that is not there, its
// nearest folder that is.
func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for at, rest := abs, ""; ; at, rest = filepath.Dir(at), filepath.Join(filepath.Base(at), rest) {
		if real, err := filepath.EvalSymlinks(at); err == nil {
			return filepath.Join(real, rest), nil
		}
		if at == filepath.Dir(at) {
			return abs, nil
		}
	}
}
