package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/report"
	"magn/internal/sheet"
)

func newFigureCommand(env *Env) *cobra.Command {
	c := &cobra.Command{
		Use:     "figure",
		Short:   "Draw a figure of one case",
		Example: `  magn figure transfer --case S/cases/case-001 --out figure2.svg`,
	}
	c.AddCommand(newFigureTransferCommand(env))
	return c
}

// figureTransferOptions are the flags of magn figure transfer.
type figureTransferOptions struct {
	dir, out string
	side     float64 // mm
	pixel    float64 // mm
}

func newFigureTransferCommand(env *Env) *cobra.Command {
	o := figureTransferOptions{}
	c := &cobra.Command{
		Use:   "transfer",
		Short: "Draw the outline of a case and where it was carried (Figure 2 of the paper)",
		Long: `Draws the views of a case of a study side by side, each at the slice with the lesion's
largest outline: the outline as it was drawn and as it was carried to the other views,
by which method, with a scale and the directions of the patient. The name's ending
says whether it is a PNG or an SVG. A letter more where a slice is oblique by 20°.`,
		Example: `  magn figure transfer --case S/cases/case-001 --out figure2.svg
  magn figure transfer --case S/cases/case-001 --out figure2.png --side 120`,
		Args: cobra.NoArgs,
		RunE: func(_ *cobra.Command, _ []string) error {
			if !(o.side >= 10 && o.side <= 1000 && o.pixel >= .1 && o.pixel <= 10 && o.side/o.pixel <= 1000) {
				return &fault.Usage{Err: fmt.Errorf("--side %g --pixel-mm %g: expected 10 to 1000 mm of at most 1000 pixels", o.side, o.pixel)}
			}
			if _, err := sheet.Render(report.Drawing{}, o.out); fault.Code(err) == fault.CodeUsage {
				return err
			}
			return o.run(env)
		},
	}
	f := c.Flags()
	f.StringVar(&o.dir, "case", "", "case folder of a study")
	f.StringVar(&o.out, "out", "", "file to write, .png or .svg")
	f.Float64Var(&o.side, "side", 150, "of a picture, mm; pixels in images of unknown spacing")
	f.Float64Var(&o.pixel, "pixel-mm", .5, "size of pixels, mm")
	require(c, "case", "out")
	return exits(c, fault.CodeInput)
}

func (o *figureTransferOptions) run(env *Env) error {
	if st, err := os.Stat(o.dir); err != nil || !st.IsDir() {
		return &fault.Input{File: o.dir, Field: "case", Found: "no such folder", Expected: "a folder below cases/ of a study"}
	}
	id := folderName(o.dir)
	d, err := sheet.Figure(cohort.Case{ID: id, Dir: o.dir}, sheet.Around(o.side, o.pixel))
	if err != nil {
		return err
	}
	b, err := sheet.Render(d, o.out)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(o.out, b, 0o644, renameio.WithTempDir(filepath.Dir(o.out))); err != nil {
		return fmt.Errorf("write %s: %w; name a file in a folder that can be written", o.out, err)
	}
	return env.Result(struct {
		Case   string `json:"case"`
		Figure string `json:"figure"`
	}{id, o.out}, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, o.out)
		return err
	})
}
