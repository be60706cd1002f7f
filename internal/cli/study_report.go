package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"magn/internal/evidence"
	"magn/internal/fault"
	"magn/internal/report"
	"magn/internal/study"
)

func newStudyReportCommand(env *Env) *cobra.Command {
	return exits(&cobra.Command{
		Use:   "report STUDY",
		Short: "Write the report of a finished study",
		Long: `Writes report/index.html, one page that needs nothing from any network, with every
figure as SVG and PNG and every table as CSV beside it, and report/results.json. A
leak (a fitted step that saw groups that it is tested on) is printed in the report
and ends the command with 1.`,
		Example: `  magn study report S`,
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := study.Open(args[0])
			if err != nil {
				return err
			}
			results, err := s.Evidence()
			var leak *study.LeakError
			if err != nil && !errors.As(err, &leak) {
				return err
			}
			in, err := reportInput(s, results)
			if err != nil {
				return err
			}
			if err := report.Write(s.ReportDir(), in); err != nil {
				return err
			}
			if leak != nil {
				return leak
			}
			page := filepath.Join(s.ReportDir(), "index.html")
			info := struct {
				Report  string `json:"report"`
				Results string `json:"results"`
			}{page, filepath.Join(s.ReportDir(), "results.json")}
			return env.Result(info, func(w io.Writer) error {
				_, err := fmt.Fprintln(w, page)
				return err
			})
		},
	}, fault.CodeInput)
}

// reportInput is everything that the report says.
func reportInput(s *study.Study, results evidence.Results) (report.Input, error) {
	in := report.Input{Results: results, Notes: reportNotes(s)}
	panels, err := s.Panels()
	if err != nil {
		return in, err
	}
	class := map[bool]string{true: results.Positive, false: results.Negative}
	for _, p := range panels {
		out := report.Panel{Case: p.Case, Truth: class[p.Label == 1]}
		for _, v := range p.Views {
			pv := report.PanelView{View: v.Crop.View.String(), W: v.Crop.Size, H: v.Crop.Size, Image: v.Crop.Image, Lesion: v.Crop.Lesion}
			for _, m := range v.Maps {
				pv.Maps = append(pv.Maps, report.PanelMap{
					Arm: m.Arm, Attention: m.Attention, Score: m.Score, Predicted: class[m.Score >= 0.5],
					Map: m.Map, Energy: m.Energy, Share: m.Share, Zero: m.Zero,
				})
			}
			out.Views = append(out.Views, pv)
		}
		in.Panels = append(in.Panels, out)
	}
	epochs, records, err := s.Histories()
	if err != nil {
		return in, err
	}
	for _, e := range epochs {
		in.Histories = append(in.Histories, report.History{
			Arm: e.Arm, Fold: e.Fold, Seed: e.Seed, Stage: e.Stage, Epoch: e.Epoch.Epoch, Train: e.Classification, Val: e.Validation,
		})
	}
	in.Run = runInfo(s, records)
	return in, nil
}

// reportNotes are the sentences that a reader must know.
func reportNotes(s *study.Study) []string {
	var notes []string
	if s.Config.Note != "" {
		notes = append(notes, s.Config.Note)
	}
	if s.Config.Training.Weights == "" {
		notes = append(notes, "The networks were trained from scratch, without pretrained weights.")
	}
	if n := len(s.Excluded); n > 0 {
		reasons := map[string]int{}
		var order []string
		for _, e := range s.Excluded {
			if reasons[e.Reason] == 0 {
				order = append(order, e.Reason)
			}
			reasons[e.Reason]++
		}
		slices.Sort(order)
		parts := make([]string, len(order))
		for i, r := range order {
			parts[i] = fmt.Sprintf("%d: %s", reasons[r], r)
		}
		notes = append(notes, fmt.Sprintf("%d patients were excluded (%s).", n, strings.Join(parts, "; ")))
	}
	return notes
}

// runInfo says where and how long the units ran, from their own records.
func runInfo(s *study.Study, records []*study.Record) report.RunInfo {
	var info report.RunInfo
	versions, devices, threads := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range records {
		info.Seconds += r.Seconds
		versions[r.Version], devices[r.Device], threads[fmt.Sprint(r.Threads)] = true, true, true
	}
	info.Hardware = strings.Join(sorted(devices), " and ")
	if m := machine(); m.Processor != "" && len(devices) == 1 && devices["cpu"] {
		info.Hardware = fmt.Sprintf("%s, %d threads available, no accelerator used", m.Processor, m.Processors)
	}
	info.Versions = []report.Fact{
		{Name: "magn", Value: strings.Join(sorted(versions), ", ")},
		{Name: "Backbone", Value: s.Config.Network.Backbone},
		{Name: "Precision", Value: s.Config.Training.Precision},
		{Name: "Threads a worker", Value: strings.Join(sorted(threads), ", ")},
	}
	return info
}

func sorted(set map[string]bool) []string {
	var out []string
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
