package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"magn/internal/cohort"
	"magn/internal/evidence"
	"magn/internal/fault"
	"magn/internal/report"
	"magn/internal/sheet"
	"magn/internal/study"
)

// reportInput is everything that the report says.
func reportInput(s *study.Study, results evidence.Results) (report.Input, error) {
	in := report.Input{Results: results, Notes: reportNotes(s), Protocol: protocol(s), Backbone: strings.Join(s.Config.Network.Backbone, " or ")}
	var err error
	if in.Flow, err = flow(s); err != nil {
		return in, err
	}
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
			Arm: e.Arm, Fold: e.Fold, Seed: e.Seed, Stage: e.Stage, Lambda: e.Lambda, Epoch: e.Epoch.Epoch, Train: e.Classification, Val: e.Validation,
		})
	}
	in.Run = runInfo(s, records)
	in.Notes = append(in.Notes, noColumnNotes(records)...)
	in.Transfer = transferred(s, panels)
	return in, nil
}

// reportNotes are the sentences that a reader must know.
func reportNotes(s *study.Study) []string {
	var notes []string
	if s.Config.Note != "" {
		notes = append(notes, s.Config.Note)
	}
	if s.Config.Training.Weights == "" && networks(s) {
		notes = append(notes, "The networks were trained from scratch, without pretrained weights.")
	}
	return notes
}

// noColumnNotes are the folds in which a table told nothing apart, each once.
func noColumnNotes(records []*study.Record) []string {
	var out []string
	for _, r := range records {
		for _, n := range r.Notes {
			if n = r.Arm + ", " + n + "."; strings.Contains(n, study.NoColumn) && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// runInfo says where and how long the units ran, from their own records.
func runInfo(s *study.Study, records []*study.Record) report.RunInfo {
	var info report.RunInfo
	versions, devices, threads := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range records {
		info.Seconds += r.Seconds
		if n := len(info.Arms); n == 0 || info.Arms[n-1].Arm != r.Arm {
			info.Arms = append(info.Arms, report.ArmTime{Arm: r.Arm})
		}
		last := &info.Arms[len(info.Arms)-1]
		last.Units++
		last.Seconds += r.Seconds
		versions[r.Version], devices[r.Device], threads[fmt.Sprint(r.Threads)] = true, true, true
	}
	info.Hardware = strings.Join(sorted(devices), " and ")
	if m := machine(); m.Processor != "" && len(devices) == 1 && devices["cpu"] {
		info.Hardware = fmt.Sprintf("%s, %d threads available, no accelerator used", m.Processor, m.Processors)
	}
	info.Versions = []report.Fact{
		{Name: "magn", Value: strings.Join(sorted(versions), ", ")},
		{Name: "Threads a worker", Value: strings.Join(sorted(threads), ", ")},
	}
	info.Versions = append(info.Versions, unitNotes(records)...)
	return info
}

// unitNotes are what units noted of their inputs, arm by arm, each once.
func unitNotes(records []*study.Record) []report.Fact {
	var out []report.Fact
	at := map[string]int{}
	for _, r := range records {
		for _, n := range r.Notes {
			i, ok := at[r.Arm]
			if !ok {
				i = len(out)
				at[r.Arm], out = i, append(out, report.Fact{Name: "Noted by " + r.Arm})
			}
			if f := &out[i]; !strings.Contains(f.Value, n) {
				f.Value = strings.TrimPrefix(f.Value+"; "+n, "; ")
			}
		}
	}
	return out
}

func sorted(set map[string]bool) []string {
	var out []string
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// networks says whether the study trains any.
func networks(s *study.Study) bool {
	plan, err := s.Plan()
	return err == nil && slices.ContainsFunc(plan, func(p study.Planned) bool { return p.Unit.Network != nil })
}

// importFlow is where an import leaves the counts of its rules.
const importFlow = "import/flowchart.json"

// flow is how the patients came into the study: the rules of the import where it
// left their counts and they are of this cohort, then who lacks a view.
func flow(s *study.Study) ([]report.FlowStep, error) {
	imported := s.Cohort.Excluded
	missing := s.Excluded[len(imported):]
	all := len(s.Cases) + len(s.Excluded)
	steps := []report.FlowStep{{Label: "Patients", N: all, Positive: -1, Negative: -1}}
	if chart, err := readFlow(filepath.Join(s.Dir, importFlow)); err != nil {
		return nil, err
	} else if chart != nil && chart.Included == len(s.Cohort.Cases) {
		steps = chartSteps(chart)
	} else if len(imported) > 0 {
		steps = append(steps, report.FlowStep{Label: "In the cohort", N: all - len(imported), Positive: -1, Negative: -1, Excluded: reasons(imported)})
	}
	if len(missing) > 0 {
		steps = append(steps, report.FlowStep{Label: "With every view that an arm needs", Excluded: reasons(missing)})
	}
	last := &steps[len(steps)-1]
	last.N, last.Positive = len(s.Cases), 0
	for _, c := range s.Cases {
		last.Positive += c.Label
	}
	last.Negative = last.N - last.Positive
	return steps, nil
}

// readFlow is nil where there is no such file.
func readFlow(path string) (*cohort.Flowchart, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var chart cohort.Flowchart
	if err == nil {
		err = json.Unmarshal(b, &chart)
	}
	if err != nil {
		return nil, &fault.Input{File: path, Err: err, Do: "the import writes it anew; without it the report counts excluded.csv"}
	}
	return &chart, nil
}

// ruleWords are what is true of those whom a rule lets pass.
var ruleWords = map[string]string{
	"class":        "Diagnosis is one of the two classes",
	"preoperative": "MRI before surgery, in this hospital",
	"contrast-t1":  "Contrast-enhanced T1 series of the views",
	"quality":      "Images of sufficient quality",
	"pathology":    "Diagnosis confirmed by pathology",
	"complete":     "Clinical data complete",
	"annotation":   "Lesions outlined",
	"untreated":    "Not treated before",
	"age":          "Age within the limits",
	"diameter":     "Lesion size within the limits",
	"lesions":      "Number of lesions within the limits",
	"checked":      "Accepted when every case was looked at",
}

// chartSteps are the import's steps that left anybody out.
func chartSteps(chart *cohort.Flowchart) []report.FlowStep {
	steps := []report.FlowStep{{Label: "Patients", N: chart.Patients, Positive: -1, Negative: -1}}
	left := chart.Patients
	for _, s := range chart.Steps {
		if left = s.Left; s.Excluded == 0 {
			continue
		}
		label := ruleWords[s.Rule]
		if label == "" {
			label = s.Rule
		}
		steps = append(steps, report.FlowStep{Label: label, N: s.Left, Positive: -1, Negative: -1, Excluded: counted(s.Reasons)})
	}
	if left > chart.Included {
		steps = append(steps, report.FlowStep{
			Label: "Imported", N: chart.Included, Positive: -1, Negative: -1,
			Excluded: []report.FlowReason{{Reason: "could not be imported", N: left - chart.Included}},
		})
	}
	return steps
}

func reasons(excluded []cohort.Exclusion) []report.FlowReason {
	n := map[string]int{}
	for _, e := range excluded {
		n[e.Reason]++
	}
	return counted(n)
}

// counted are reasons, the most frequent first.
func counted(n map[string]int) []report.FlowReason {
	var out []report.FlowReason
	for _, reason := range slices.Sorted(maps.Keys(n)) {
		out = append(out, report.FlowReason{Reason: reason, N: n[reason]})
	}
	slices.SortStableFunc(out, func(a, b report.FlowReason) int { return cmp.Compare(b.N, a.N) })
	return out
}

// transferTries is how many cases may fail to be drawn.
const transferTries = 3

// transferred is the figure of the transfer, of the first of the cases shown as
// heat maps, or of the study, whose outline was carried to another view. A case
// that cannot be drawn is no reason to go without a report.
func transferred(s *study.Study, shown []study.Panel) []report.Picture {
	var order []cohort.Case
	for _, p := range shown {
		for _, c := range s.Cases {
			if c.ID == p.Case {
				order = append(order, c)
			}
		}
	}
	order = append(order, s.Cases...)
	settings := sheet.Around(figureSideMM, figurePixelMM)
	for _, c := range order[:min(transferTries, len(order))] {
		card, err := sheet.Read(c, settings)
		if err != nil || !slices.ContainsFunc(card.Views, func(v sheet.View) bool { return v.Method != "" && v.How != "drawn" }) {
			continue
		}
		d, err := sheet.Figure(c, settings)
		if err != nil {
			continue
		}
		return []report.Picture{{Drawing: d, Caption: "Case " + c.ID + ": the outline as it was drawn, and as it was carried to the other views, each at the slice with the lesion’s largest outline. Coverage: the share of the lesion that the slices of a view hold."}}
	}
	return nil
}

// Size of the transfer figure's pictures and of their pixels, as magn figure
// transfer draws them by default.
const figureSideMM, figurePixelMM = 150, .5

// protocol is how the study was done: its settings, in words.
func protocol(s *study.Study) []report.Fact {
	c, t := s.Config, s.Config.Training
	var facts []report.Fact
	add := func(name, format string, args ...any) {
		facts = append(facts, report.Fact{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	if c.SplitBy == "" {
		add("Split", "%d folds by group and class, drawn with seed %d and frozen in folds.csv", c.Folds, c.Seed)
	} else {
		add("Split", "each value of %s held out once, frozen in folds.csv", c.SplitBy)
	}
	add("Seeds", "%s, shared by the arms", list(c.Seeds))
	if len(c.Primary) == 2 {
		add("Primary comparison", "%s against %s", c.Primary[0], c.Primary[1])
	}
	add("Inner split", "%g of the training groups, for epochs, λ and threshold", t.InnerFraction)
	if networks(s) {
		add("Network", "%s, stride %d, log-sum-exp pooling with r = %g; %s", strings.Join(c.Network.Backbone, " or ")+either(len(c.Network.Backbone) > 1, " as the inner split chooses", ""), c.Network.Stride, c.Network.R, either(c.Network.Shared, "one backbone for all views", "one backbone a view"))
		add("Initial weights", "%s", either(t.Weights == "", "drawn (He, uniform)", filepath.Base(t.Weights)))
		add("Training", "Adam, learning rate %g × %g every %d epochs, at most %d epochs, batches of %d", t.LR, t.Decay, t.DecayEvery, t.Epochs, t.Batch)
		add("Attention loss", "%s, λ of %s", t.Loss, list(t.Lambda))
		add("Augmentation", "shift up to %d pixels, rotation up to %g°, brightness ±%g, noise %g", t.Shift, t.Rotate, t.Brightness, t.Noise)
		add("Crops", "%d×%d pixels of %s around %s, channels: %s; the %d largest outlines a view are answered for", t.Crop, t.Crop,
			either(t.PixelMM > 0, fmt.Sprintf("%g mm (as they are where the spacing is unknown)", t.PixelMM), "the images’ own size"),
			either(t.Lesions == "each", "each lesion", "all lesions of the slice"), t.Channels, t.Slices)
		add("Precision", "%s", t.Precision)
	}
	if slices.ContainsFunc(c.Arms, func(a string) bool { return strings.HasPrefix(a, "radiomics-") }) {
		f := c.Radiomics
		add("Radiomics", "%s", either(f.Params != "", "settings of "+filepath.Base(f.Params), fmt.Sprintf("%s, %s, bins of %g hundredths of the image’s standard deviation, %s", f.Mode,
			either(f.PixelMM > 0, fmt.Sprintf("pixels of %g mm", f.PixelMM), "pixels as they are"), f.BinWidth, either(f.Wavelet, "with wavelets", "without wavelets"))))
	}
	return facts
}

func either(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

func list[T any](xs []T) string {
	words := make([]string, len(xs))
	for i, x := range xs {
		words[i] = fmt.Sprint(x)
	}
	return strings.Join(words, ", ")
}
