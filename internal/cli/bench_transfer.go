package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"magn/internal/annotation"
	"magn/internal/fault"
	"magn/internal/nifti"
	"magn/internal/solid"
	"magn/internal/volume"
)

// benchTransferOptions are the flags of magn bench transfer.
type benchTransferOptions struct {
	lesions   int
	peer      string // plastimatch, or "" for none
	phantom   string // a folder of magn phantom --out, or "" for lesions of known shape
	kinds     []string
	diameters []float64 // mm
	slices    []float64 // mm
	angles    []float64 // degrees

	ctx  context.Context
	temp string // for files that the peer reads and writes
}

// transferMeasurement is a line of magn bench transfer: one cell, one method.
type transferMeasurement struct {
	solid.Cell
	View   string `json:"view,omitempty"` // of the target; "" for axial and coronal alike
	Method string `json:"method"`
	solid.Summary
	Cut int `json:"cut,omitempty"` // lesions left out that go on beyond the series that they were drawn on

	// Carried to the other series and back, against the outline as it was drawn; not
	// for peers, which take their time.
	RoundTripDice     *float64 `json:"round_trip_dice,omitempty"`
	RoundTripCentreMM *float64 `json:"round_trip_centre_mm,omitempty"`
}

// carrier is a way to bring a mask to a grid.
type carrier struct {
	name  string
	ours  bool
	carry func(m *volume.Mask, to volume.Grid) (*volume.Mask, error)
}

func newBenchTransferCommand(env *Env) *cobra.Command {
	o := benchTransferOptions{}
	c := &cobra.Command{
		Use:   "transfer",
		Short: "Measure how far transferred outlines are from true ones",
		Long: `Draws lesions of known shape on an oblique sagittal series, carries the outlines to
axial and coronal series, and holds them against the truth (a pixel is the lesion's
where at least half of its slab is): Dice, surface distance, error of the centre in
mm, by lesion, slice thickness and obliquity. floor_mm is what of the mean error of
the centre in plane no method can avoid, because lesions on one slice look alike
on either side of it. With --peer plastimatch that program resamples the same masks; with
--phantom the lesions are those of synthetic patients.`,
		Example: `  magn bench transfer
  magn bench transfer --peer plastimatch --json > transfer.jsonl
  magn bench transfer --phantom P
  magn bench transfer --kind ball --diameter 8,12 --slice 4.5 --angle 0 --lesions 40`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.lesions < 1 || o.lesions > 1000 {
				return &fault.Usage{Err: fmt.Errorf("--lesions %d: expected 1 to 1000", o.lesions)}
			}
			if o.peer != "" {
				if filepath.Base(o.peer) != "plastimatch" {
					return &fault.Usage{Err: fmt.Errorf("--peer %s: expected plastimatch", o.peer)}
				}
				if _, err := exec.LookPath(o.peer); err != nil {
					return &fault.Missing{What: "plastimatch", Do: "apt install plastimatch", Err: err}
				}
			}
			temp, err := os.MkdirTemp("", "magn-bench-transfer-")
			if err != nil {
				return err
			}
			defer os.RemoveAll(temp)
			o.ctx, o.temp = c.Context(), temp
			return o.run(env)
		},
	}
	f := c.Flags()
	f.IntVar(&o.lesions, "lesions", 20, "lesions a row; each is carried to an axial and a coronal series")
	f.StringVar(&o.phantom, "phantom", "", "carry the lesions of a folder that magn phantom --out made instead")
	f.StringVar(&o.peer, "peer", "", "plastimatch: let it resample the masks too")
	f.StringSliceVar(&o.kinds, "kind", []string{"ellipsoid", "lobes"}, "of lesions: "+strings.Join(solid.Kinds, ", "))
	f.Float64SliceVar(&o.diameters, "diameter", []float64{8, 12, 20, 36}, "of lesions, mm; lobes are 20 mm and larger")
	f.Float64SliceVar(&o.slices, "slice", []float64{3, 4.5}, "thickness of slices, mm")
	f.Float64SliceVar(&o.angles, "angle", []float64{0, 12, 25}, "between the series, degrees")
	return exits(c, fault.CodeInput, fault.CodeMissing, fault.CodeInterrupted)
}

// cells are the rows of the table.
func (o *benchTransferOptions) cells() []solid.Cell {
	var out []solid.Cell
	for _, kind := range o.kinds {
		for _, d := range o.diameters {
			for _, s := range o.slices {
				for _, a := range o.angles {
					if kind != "lobes" || d >= 20 {
						out = append(out, solid.Cell{Kind: kind, DiameterMM: d, SliceMM: s, AngleDeg: a})
					}
				}
			}
		}
	}
	return out
}

func (o *benchTransferOptions) run(env *Env) error {
	methods := o.methods()
	cells, trialsOf, err := o.table()
	if err != nil {
		return err
	}
	p := env.Progress("bench transfer")
	var lines []transferMeasurement
	for i, line := range cells {
		trials, err := trialsOf(i)
		if err != nil {
			return err
		}
		for n, m := range methods {
			if err := o.ctx.Err(); err != nil {
				return err
			}
			line.Method = m.name
			if line.Summary, err = solid.Summarise(trials, m.carry); err != nil {
				return err
			}
			line.RoundTripDice, line.RoundTripCentreMM = nil, nil
			if m.ours {
				dice, centre, err := roundTrip(trials, m)
				if err != nil {
					return err
				}
				line.RoundTripDice, line.RoundTripCentreMM = &dice, &centre
			}
			if env.JSON {
				if err := env.Result(line, nil); err != nil {
					return err
				}
			}
			lines = append(lines, line)
			p.Set(i*len(methods)+n+1, len(cells)*len(methods))
		}
	}
	p.Close()
	if env.JSON {
		return nil
	}
	return printTransfer(env.Out, lines)
}

// table is the rows to measure and the trials of each.
func (o *benchTransferOptions) table() ([]transferMeasurement, func(i int) ([]solid.Trial, error), error) {
	if o.phantom != "" {
		rows, trials, err := phantomCells(o.phantom)
		return rows, func(i int) ([]solid.Trial, error) { return trials[i], nil }, err
	}
	var rows []transferMeasurement
	for _, c := range o.cells() {
		if _, err := c.Trials(0); err != nil { // a wrong flag is found before the first line
			return nil, nil, &fault.Usage{Err: err}
		}
		rows = append(rows, transferMeasurement{Cell: c})
	}
	return rows, func(i int) ([]solid.Trial, error) { return rows[i].Cell.Trials(o.lesions) }, nil
}

// printTransfer is the table for a person.
func printTransfer(out io.Writer, lines []transferMeasurement) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "lesion\tmm\tslice\tangle\tmethod\tDice\tmean\t95 %\tcentre\tin plane\tfloor\tvolume\tround trip\tlost\t")
	for _, l := range lines {
		back := ""
		if l.RoundTripDice != nil {
			back = fmt.Sprintf("%.3f", *l.RoundTripDice)
		}
		fmt.Fprintf(w, "%s\t%g\t%g\t%g\t%s\t%.3f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%+.0f %%\t%s\t%d\t\n", strings.TrimSpace(l.Kind+" "+l.View), l.DiameterMM, l.SliceMM, l.AngleDeg, l.Method,
			l.Dice, l.MeanMM, l.P95MM, l.CentreMM, l.InPlaneMM, l.FloorMM, 100*l.Volume, back, l.Lost)
	}
	return w.Flush()
}

// roundTrip is the mean agreement of outlines that went there and back with what
// they were; one that got lost agrees by nothing and has no centre.
func roundTrip(trials []solid.Trial, m carrier) (dice, centre float64, err error) {
	met := 0.0
	for _, t := range trials {
		there, err := m.carry(t.Outlined, t.Truth.Grid)
		if err != nil {
			return 0, 0, err
		}
		back, err := m.carry(there, t.Outlined.Grid)
		if err != nil {
			return 0, 0, err
		}
		if a, ok := solid.Compare(back, t.Outlined); ok {
			met++
			dice, centre = dice+a.Dice, centre+a.Centre
		}
	}
	return dice / max(1, float64(len(trials))), centre / max(1, met), nil
}

// methods are ours and the peer's.
func (o *benchTransferOptions) methods() []carrier {
	var out []carrier
	for _, method := range []annotation.Method{annotation.Shape, annotation.Linear} {
		out = append(out, carrier{string(method), true, func(m *volume.Mask, to volume.Grid) (*volume.Mask, error) {
			return annotation.Transfer(m, to, annotation.Options{Method: method, Drawn: annotation.Third, Target: annotation.Third})
		}})
	}
	if o.peer != "" {
		out = append(out,
			carrier{"plastimatch nearest", false, func(m *volume.Mask, to volume.Grid) (*volume.Mask, error) { return o.resample(m, to, "nn") }},
			carrier{"plastimatch linear", false, func(m *volume.Mask, to volume.Grid) (*volume.Mask, error) { return o.resample(m, to, "linear") }})
	}
	return out
}

// resample lets plastimatch bring a mask to a grid, as its user would: nearest
// neighbour, or linear and half of it.
func (o *benchTransferOptions) resample(m *volume.Mask, to volume.Grid, how string) (*volume.Mask, error) {
	mask, fixed, out := filepath.Join(o.temp, "mask.nii"), filepath.Join(o.temp, "fixed.nii"), filepath.Join(o.temp, "out.nii")
	v := &volume.Volume{Grid: m.Grid, Data: make([]float32, len(m.Labels))}
	for i, l := range m.Labels {
		v.Data[i] = float32(l)
	}
	if err := nifti.WriteVolume(mask, v, nifti.Float32); err != nil {
		return nil, err
	}
	if err := nifti.WriteMask(fixed, &volume.Mask{Grid: to, Labels: make([]uint16, to.Len())}); err != nil {
		return nil, err
	}
	said, err := exec.CommandContext(o.ctx, o.peer, "resample", "--input", mask, "--fixed", fixed, "--interpolation", how,
		"--default-value", "0", "--output-type", "float", "--output", out).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("plastimatch: %w\n%s", err, said)
	}
	im, err := nifti.Read(out)
	if err != nil {
		return nil, err
	}
	got, err := im.Volume()
	if err != nil {
		return nil, err
	}
	if got.Size != to.Size {
		return nil, fmt.Errorf("plastimatch: %v voxels, expected %v", got.Size, to.Size)
	}
	back := &volume.Mask{Grid: to, Labels: make([]uint16, to.Len())}
	for i, x := range got.Data {
		if x >= .5 {
			back.Labels[i] = 1
		}
	}
	return back, nil
}
