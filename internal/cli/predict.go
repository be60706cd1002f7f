package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"magn/internal/fault"
	"magn/internal/magn"
	"magn/internal/report"
	"magn/internal/study"
	"magn/internal/volume"
)

type predictOptions struct {
	model, caseDir, out string
	centre              []float64
	device              string
	threads             int
}

func newPredictCommand(env *Env) *cobra.Command {
	var o predictOptions
	c := &cobra.Command{
		Use:   "predict",
		Short: "Answer for one case with a model that a study left behind",
		Long: `Reads a case folder (<view>.nii.gz, <view>_mask.nii.gz and <view>.json a view, as
docs/formats/cohort.md says) and writes into --out: prediction.json with the
probability of the positive class, the calibrated one, the class at the model's
threshold and what each view contributes; and <view>.png with the crop, its outline
and the heat map. With --centre a point stands for the outlines. The answer is the mean of the model's networks.`,
		Example: `  magn predict --model S/models/multi-view-attention --case S/cases/p001 --out p001
  magn predict --model S/models/multi-view --case new/p7 --out p7 --json
  magn predict --model S/models/multi-view --case new/p8 --out p8 --centre=-3.5,12,40`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.device != "auto" && o.device != "cpu" && o.device != "cuda" {
				return &fault.Usage{Err: fmt.Errorf("--device %s: expected auto, cpu or cuda", o.device)}
			}
			if o.threads < 0 {
				return &fault.Usage{Err: fmt.Errorf("--threads %d: expected 0 or more", o.threads)}
			}
			var centre magn.Centre
			if c.Flags().Changed("centre") {
				if len(o.centre) != 3 {
					return &fault.Usage{Err: fmt.Errorf("--centre: found %d numbers, expected x,y,z in patient millimetres", len(o.centre))}
				}
				centre.At = &[3]float64{o.centre[0], o.centre[1], o.centre[2]}
			}
			p, got, err := study.PredictCase(c.Context(), o.model, o.caseDir, centre, o.device, o.threads)
			if err != nil {
				return err
			}
			if err := o.write(p, got); err != nil {
				return err
			}
			return env.Result(p, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "%s: %s (probability of %s %.3f, calibrated %.3f, threshold %.3f)\n",
					p.Case, p.Class, p.Positive, p.Probability, p.Calibrated, p.Threshold)
				for _, v := range p.Views {
					if err == nil {
						_, err = fmt.Fprintf(w, "  %-9s contributes %+.3f to the logit\n", v.View, v.Contribution)
					}
				}
				return err
			})
		},
	}
	f := c.Flags()
	f.StringVar(&o.model, "model", "", "a folder STUDY/models/ARM")
	f.StringVar(&o.caseDir, "case", "", "the case folder")
	f.StringVar(&o.out, "out", "", "folder to write to")
	f.Float64SliceVar(&o.centre, "centre", nil, "x,y,z of a point in the lesion, patient mm (RAS+, as NIfTI counts them), in the place of outlines: masks are not read")
	f.StringVar(&o.device, "device", "auto", "auto, cpu or cuda")
	f.IntVar(&o.threads, "threads", 0, "threads to use; 0: one a processor")
	require(c, "model", "case", "out")
	return exits(c, fault.CodeInput, fault.CodeMissing, fault.CodeInterrupted)
}

// write puts the pictures into the folder, and prediction.json last. Pictures that
// an earlier answer has of further views go.
func (o predictOptions) write(p *study.Prediction, got *magn.CasePrediction) error {
	var files []output
	others := map[string]bool{}
	for _, v := range volume.Views {
		others[v.String()+".png"] = true
	}
	for _, v := range got.Views {
		png, err := viewPicture(p, v)
		if err != nil {
			return err
		}
		name := v.View.String() + ".png"
		files = append(files, output{name, png})
		delete(others, name)
	}
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	files = append(files, output{"prediction.json", append(data, '\n')})
	return writeTogether(o.out, files, slices.Sorted(maps.Keys(others)))
}

// viewPicture is one view's crop, outline and heat map, drawn as the report's
// panels are.
func viewPicture(p *study.Prediction, v magn.ViewPrediction) ([]byte, error) {
	return report.PanelPNG(report.Panel{Case: p.Case, Truth: "predicted " + p.Class, Views: []report.PanelView{{
		View: v.View.String(), W: v.Crop.Size, H: v.Crop.Size, Image: v.Crop.Image, Lesion: v.Crop.Lesion,
		Maps: []report.PanelMap{{
			Arm: p.Arm, Score: p.Probability, Predicted: p.MapClass,
			Map: v.Map, Energy: v.Energy, Share: v.Share, Zero: v.Zero,
		}},
	}}})
}
