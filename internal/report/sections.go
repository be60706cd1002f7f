package report

import (
	"fmt"
	"slices"

	"magn/internal/evidence"
)

// section is a part of the page: a heading, sentences, then figures and tables
// in order. One without any content is not printed.
type section struct {
	Title string
	Class string
	Words []string
	Items []item
}

// item is a figure, a table or the heat maps of a case.
type item struct {
	Figure *figureView
	Table  *tableView
	Case   *casePanel
	Facts  []Fact
	Key    bool // how heat maps are read
}

type figureView struct {
	inlineFigure
	Name, Label, Caption string
}

// captions of the figures that are not numbered by case.
var captions = map[string]string{
	"flow":        "Flow of patients. Each patient who was left out is counted under the first reason that applies.",
	"auc":         "AUC of every arm: the mean of its folds (marker) with its 95 % interval, clustered by group; rings: single folds; dashed line: guessing. Colour: views; marker: filled circle with attention, open circle without, square radiomics, triangle image-blind, diamond reader. *: of a reader who chose classes, the mean of the folds’ balanced accuracies.",
	"differences": "Differences in AUC on the same patients. An interval that includes zero (dashed) shows no difference. p of the primary comparison is not adjusted, that of the secondary ones is (Holm); descriptive ones have none.",
	"roc":         "Mean ROC curves (vertical averaging over folds), in panels by kind of arm where they are more than four, with the AUC (mean of folds); readers are in each panel. A reader who chose classes is a numbered point, of all patients at once; its number is the balanced accuracy of all patients, which is the pooled AUC of " + ref("metrics") + " and not the mean of folds. Colour: views; dashed: guessing.",
	"roc-folds":   "ROC curves of the folds (thin) and their mean (bold), with the mean AUC of the folds and its 95 % interval.",
	"robustness":  "Arms with one thing changed, beside the arm itself; rings: single folds. An arm whose labels were permuted for training (cross) is expected at 0.5.",
	"learning":    "AUC by share of the training groups, with 95 % intervals (moved apart to be seen); filled circles and solid lines with attention, open and dashed without.",
	"energy":      "Energy of the maps in the lesion, on crops shifted away from it by up to a quarter of their side. A map that knew nothing of the lesion would reach the lesion’s share of the crop (bar); the fixed Gaussian knows only that crops are usually centred on a lesion.",
	"calibration": "Calibration of the patients held out: tenths of the patients by their probability, with 95 % intervals; curve: local regression, drawn where neighbouring patients are less than .05 apart, and for no program with fewer than 50 patients or ten different probabilities; dashed: ideal.",
	"decision":    "Net benefit of treating by each program’s probability (bold; band: 95 % interval), of treating all (dashed) and of treating none (line at 0).",
	"subgroups":   "The program with the highest AUC on parts of the patients; no test is made between parts.",
	"training":    "Loss by epoch: single fits thin, mean of the fits that reached the epoch bold.",
}

// builder makes sections of what there is.
type builder struct {
	in       Input
	figures  map[string]inlineFigure
	tables   map[string]tableView
	labels   labels
	sections []section
}

func (b *builder) add(s section, parts ...[]item) {
	for _, p := range parts {
		s.Items = append(s.Items, p...)
	}
	if len(s.Items) > 0 {
		b.sections = append(b.sections, s)
	}
}

func (b *builder) figure(names ...string) (out []item) {
	for _, name := range names {
		if f, ok := b.figures[name]; ok {
			out = append(out, item{Figure: &figureView{f, name, b.labels.figure[name], b.labels.resolve(captions[name])}})
		}
	}
	return out
}

func (b *builder) table(names ...string) (out []item) {
	for _, name := range names {
		if t, ok := b.tables[name]; ok && b.labels.table[name] != "" {
			t.Label, t.Caption = b.labels.table[name], b.labels.resolve(t.Caption)
			out = append(out, item{Table: &t})
		}
	}
	return out
}

func (b *builder) build() error {
	r := b.in.Results
	b.add(section{Title: "Patients"}, b.figure("flow"), b.table("patients"))
	b.add(section{Title: "Annotation and transfer"}, b.transfer())
	once := "every patient is predicted once a seed, by a model that has not seen any patient of the group."
	if r.Locked {
		once = "every patient is predicted once, by a model that was fitted elsewhere" + notTrainedOn(r)
	}
	b.add(section{Title: "Which arm, and by how much", Words: []string{
		"Where the intervals come from: " + once + " An AUC is the mean of the folds’ AUCs (and over seeds), a reader’s too; its interval is made by influence curves clustered by group. Shares (accuracy, sensitivity, specificity) have Wilson intervals at the effective number of groups; F1 and Brier score have bootstrap intervals of groups within folds. All are at 95 %.",
	}}, b.table("metrics"), b.figure("auc"))
	b.add(section{Title: "Comparisons", Words: comparisonWords(r)}, b.table("comparisons"), b.figure("differences"))
	b.add(section{Title: "ROC curves"}, b.figure("roc", "roc-folds"))
	b.add(section{Title: "Robustness", Words: []string{"No test was made of these changes: a variant stands beside its arm and does not compete."}}, b.table("robustness"), b.figure("robustness"))
	b.add(section{Title: "Learning curves"}, b.figure("learning"), b.table("learning"))
	b.add(section{Title: "Without the images"}, b.table("blind"))
	if err := b.heatmaps(r); err != nil {
		return err
	}
	b.add(section{Title: "Calibration"}, b.figure("calibration"), b.table("calibration"))
	b.add(section{Title: "Decision curves"}, b.figure("decision"))
	b.add(section{Title: "Scanners and other parts of the patients"}, b.figure("subgroups"), b.table("subgroups"))
	b.add(section{Title: "Selected features"}, b.table("features"))
	b.add(section{Title: "Thresholds of the inner splits"}, b.table("metrics-inner"))
	b.add(section{Title: "The trained models as they are"}, b.table("comparisons-fixed"))
	b.add(section{Title: "What the inner splits chose"}, b.table("backbones", "inner"))
	b.add(section{Title: "Training"}, b.figure("training"))
	b.add(section{Title: "Readers"}, b.table("readers-agreement", "readers-differences"))
	b.add(section{Title: "Folds"}, b.table("folds"))
	leak := section{Title: "Leakage", Words: leakageWords(r.Leakage), Items: b.table("leakage-violations", "leakage")}
	if len(r.Leakage.Violations) > 0 {
		leak.Class = "leaktext"
	}
	b.sections = append(b.sections, leak, section{Title: "How to read the numbers", Class: "reading", Words: readingWords(r)})
	if len(b.in.Protocol) > 0 {
		b.add(section{Title: "Settings", Class: "run"}, []item{{Facts: b.in.Protocol}})
	}
	if facts := runFacts(b.in.Run); len(facts) > 0 {
		b.add(section{Title: "Run time and hardware", Class: "run"}, []item{{Facts: facts}}, b.table("runtime"))
	}
	b.add(section{Title: "Checklists", Words: []string{
		"Items of CLAIM 2024 and TRIPOD+AI 2024, in our words and with their numbers: where this page has what is asked for, or a blank that the authors must fill. Reporting an item is not meeting it.",
	}}, b.table(checklistName))
	return nil
}

// comparisonWords say what is tested and what is not.
func comparisonWords(r evidence.Results) []string {
	words := "Where the intervals and p values come from: a bootstrap that draws groups within folds and classes, and seeds, the same for both arms."
	if len(r.Arms) > 0 && fewSeeds(r) {
		words += fmt.Sprintf(" With fewer than %d seeds the noise of training is not in them, or hardly: another training may differ by more.", evidence.MinSeeds)
	}
	if inFamily(r, evidence.Primary) > 0 {
		words += " The primary comparison was " + fixed(r) + ", and its p stands as it is."
	}
	if n := inFamily(r, evidence.Secondary); n > 1 {
		words += fmt.Sprintf(" The %d secondary ones are adjusted for each other by Holm’s method.", n)
	}
	if inFamily(r, evidence.Descriptive) > 0 {
		words += " Descriptive comparisons are no tests: they have an interval and no p."
	}
	return []string{words}
}

// severalSeeds says whether any arm was trained more than once.
func severalSeeds(r evidence.Results) bool {
	return slices.ContainsFunc(r.Arms, func(a evidence.ArmResult) bool { return len(a.Seeds) > 1 })
}

// fewSeeds says whether an arm was trained too few times for a claim.
func fewSeeds(r evidence.Results) bool {
	for _, a := range r.Arms {
		if a.Kind != evidence.KindReader && len(a.Seeds) < evidence.MinSeeds {
			return true
		}
	}
	return false
}

func readingWords(r evidence.Results) []string {
	words := "The unit is the patient; every interval clusters or resamples by group. The pooled AUC ranks all patients’ scores at once, although each fold has a model, and so a scale of scores, of its own. Brier: mean squared error of the probability, lower is better. “–” is a number that does not exist for these data, or that is not shown; the note says why."
	if len(r.Arms) > 2 {
		words += " The highest of several AUCs is on the whole a little too high: the best of equals was lucky, too."
	}
	return []string{words}
}

func (b *builder) transfer() (out []item) {
	for i, p := range b.in.Transfer {
		for _, it := range b.figure(transferName(i)) {
			it.Figure.Caption = p.Caption
			out = append(out, it)
		}
	}
	return out
}

// heatmaps are the cases' panels beside the numbers.
func (b *builder) heatmaps(r evidence.Results) error {
	s := section{Title: "Heat maps", Words: mapSentences(r)}
	if len(s.Words) > 0 {
		s.Words = append(s.Words, "No test was made of these differences.")
	}
	s.Items = append(b.figure("energy"), b.table("heatmaps", "heatmaps-differences", "heatmaps-differences-true", "heatmaps-exams", "heatmaps-exams-true")...)
	for i, p := range b.in.Panels {
		c, err := casePanelOf(p)
		if err != nil {
			return fmt.Errorf("case %s: %w", p.Case, err)
		}
		c.Label = b.labels.figure[panelName(i)]
		if len(c.Rows) > 0 {
			s.Items = append(s.Items, item{Case: &c, Key: i == len(b.in.Panels)-1})
		}
	}
	b.add(s)
	return nil
}

// fixed says when the primary comparison was named.
func fixed(r evidence.Results) string {
	if r.PrimaryLate {
		return "fixed after units were done (so results may have been seen before)"
	}
	return "fixed before the study ran"
}
