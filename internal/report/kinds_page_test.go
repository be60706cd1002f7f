package report

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/evidence"
)

// labelled are the labels of a whole input.
func labelled(in Input) labels { return labelsOf(figuresOf(in), tablesOf(in)) }

// With everything there, figures and tables have the paper's numbers.
func TestLabels(t *testing.T) {
	in := allKinds(t)
	l := labelled(in)
	for name, want := range map[string]string{
		"flow": "Figure 1", "transfer-01": "Figure 2", "auc": "Figure 3A", "differences": "Figure 3B", "roc": "Figure 4A", "roc-folds": "Figure 4B",
		"energy": "Figure 5A", "heatmaps-01": "Figure 5B", "heatmaps-02": "Figure 5C", "calibration": "Figure 6", "decision": "Figure 7",
		"robustness": "Figure S1", "learning": "Figure S2", "subgroups": "Figure S3", "training": "Figure S4",
	} {
		if l.figure[name] != want {
			t.Errorf("%s is %q, want %q", name, l.figure[name], want)
		}
	}
	for name, want := range map[string]string{"patients": "Table 1", "metrics": "Table 2", "comparisons": "Table 3", "subgroups": "Table S1", "features": "Table S2", "decision": "", "leakage": "Table S9", "leakage-violations": ""} {
		if l.table[name] != want {
			t.Errorf("table %s is %q, want %q", name, l.table[name], want)
		}
	}
	// Without the first ones the numbers close up.
	in.Flow, in.Transfer, in.Results.Patients = nil, nil, nil
	if l := labelled(in); l.figure["auc"] != "Figure 1A" || l.figure["roc"] != "Figure 2A" || l.table["metrics"] != "Table 1" {
		t.Errorf("numbers do not close up: %v", l)
	}
}

// The page says everything in the order in which it is read, each label once as
// its caption's, and no placeholder is left.
func TestPageOfEveryKind(t *testing.T) {
	in := allKinds(t)
	html, _ := pageOf(t, in)
	at := 0
	for _, want := range []string{
		"Primary comparison, fixed before the study ran", "The outline’s geometry alone reaches AUC",
		"<h2>Patients</h2>", "<b>Figure 1.</b>", "<b>Table 1.</b>", "<b>Figure 2.</b>", "<b>Table 2.</b>", "Networks</th>", "Radiomics</th>", "Readers</th>", "reader-B (5 years)", "mean of the folds’ balanced accuracies",
		"<b>Figure 3A.</b>", "Descriptive comparisons are no tests", "<b>Table 3.</b>", "Descriptive: no test is made", "<b>Figure 4A.</b>", "<h2>Robustness</h2>", "<h2>Learning curves</h2>", "<h2>Without the images</h2>",
		"<b>Figure 5A.</b>", "<b>Figure 5C.</b>", "<b>Figure 6.</b>", "<b>Figure 7.</b>", "<b>Table S1.</b>", "<b>Table S2.</b>", "of 768\u00a0candidates", "<b>Table S3.</b>",
		"Fleiss", "random", "<h2>Leakage</h2>", "The fitted steps are:", "No normalisation is fitted across patients", "Groups tested on", "<h2>Settings</h2>", "<h2>Run time and hardware</h2>", "CLAIM 2024", "TRIPOD&#43;AI 2024",
	} {
		i := strings.Index(html[at:], want)
		if i < 0 {
			t.Fatalf("the page does not say %q, or too early", want)
		}
		at += i
	}
	for _, bad := range []string{"⟦", "NaN", "ZgotmplZ", "%!"} {
		if i := strings.Index(html, bad); i >= 0 {
			t.Errorf("the page holds %q: %s", bad, html[max(0, i-60):i+20])
		}
	}
	for label, n := range map[string]int{"<b>Table 2.</b>": 1, "<b>Figure 4A.</b>": 1} {
		if strings.Count(html, label) != n {
			t.Errorf("%s stands %d times", label, strings.Count(html, label))
		}
	}
}

func TestSameBytesOfEveryKind(t *testing.T) {
	in := allKinds(t)
	first, figures := pageOf(t, in)
	for range 3 { // maps are walked in another order each time
		again, svgs := pageOf(t, in)
		if again != first {
			t.Fatal("the page differs")
		}
		for name, svg := range svgs {
			if string(svg) != string(figures[name]) {
				t.Errorf("%s differs", name)
			}
		}
	}
}

// A split by scanner says so, and names what each fold held out.
func TestSplitBySomething(t *testing.T) {
	in := fixture(4)
	in.Results.SplitBy, in.Results.FoldNames = "scanner", []string{"GE", "Philips", "Siemens", "Canon"}
	html, _ := pageOf(t, in)
	if !strings.Contains(html, "Each scanner was held out once, as a fold of its own (5), 1\u00a0seed.") || !strings.Contains(html, "<td>Canon</td>") {
		t.Error("the page does not say what was held out")
	}
	rows := read(t, tablesOf(in), "folds")
	if rows[0]["held_out"] != "GE" || rows[4]["held_out"] != "" { // the fifth has no name
		t.Errorf("%q and %q were held out", rows[0]["held_out"], rows[4]["held_out"])
	}
}

// Readers who chose classes are numbered points in the ROC figure, and the
// flowchart has its counts.
func TestFiguresOfEveryKind(t *testing.T) {
	_, svgs := pageOf(t, allKinds(t))
	for name, wants := range map[string][]string{
		"roc":        {">Readers<", ">bal. acc. 0.", ">reader-C<", ">1<", ">2<", ">Networks with attention<", ">Networks without attention<", ">Radiomics<"},
		"flow":       {">Excluded: n = 15<", ">9: no MRI before surgery<", ">n = 60<", ">30 myeloma, 30 metastasis<"},
		"robustness": {">crops moved by 20 mm (or pixels)<", ">forest, labels permuted for training<", ">with help<"},
		"auc":        {">Image-blind<", ">outline<"},
		"learning":   {">training groups, %<"},
	} {
		wellFormed(t, name, svgs[name])
		for _, want := range wants {
			if !strings.Contains(string(svgs[name]), want) {
				t.Errorf("%s does not show %q", name, want)
			}
		}
	}
	for name, bad := range map[string]string{"roc": "jitter", "roc-folds": "outline", "auc": "permuted", "robustness": "share"} {
		if strings.Contains(string(svgs[name]), bad) {
			t.Errorf("%s shows %s", name, bad)
		}
	}
}

func TestVerdictOfEveryKind(t *testing.T) {
	set := func(in Input, name string, auc float64) {
		for i := range in.Results.Arms {
			if a := &in.Results.Arms[i]; a.Name == name {
				a.Metrics.AUC = evidence.Interval{Value: auc, Low: auc - 0.03, High: auc + 0.02}
			}
		}
	}
	says := func(what string, v verdict, tone string, wants ...string) {
		t.Helper()
		all := strings.Join(append([]string{v.Headline, v.Primary, v.Matter, v.Blind}, v.Warnings...), " | ")
		for _, w := range wants {
			if !strings.Contains(all, w) {
				t.Errorf("%s: does not say %q: %s", what, w, all)
			}
		}
		if v.Tone != tone {
			t.Errorf("%s: tone %s, want %s", what, v.Tone, tone)
		}
	}
	in := allKinds(t)
	for i := range in.Results.Comparisons {
		in.Results.Comparisons[i].Seeds = evidence.MinSeeds
	}
	set(in, "reader-A", 0.96)
	says("a reader wins", verdictOf(in.Results), "shown", "A person has the highest AUC: the balanced accuracy of reader-A, mean of the folds, is 0.960", "no program’s AUC is higher")

	in = allKinds(t)
	set(in, "multi-view-attention-jitter-5", 0.999) // does not compete
	set(in, "outline", 0.97)
	set(in, "reader-C", 0.5)
	v := verdictOf(in.Results)
	says("blind arm above", v, "unsure", "multi-view-attention has the highest AUC", "The outline’s geometry alone reaches AUC 0.970", "above the best arm: these data do not show that images are needed")
	if !strings.Contains(v.Primary, "not adjusted") || len(v.Cards) != 3 || !strings.Contains(v.Cards[1].Label, "primary") {
		t.Errorf("the primary comparison is not said to be unadjusted: %q, %v", v.Primary, v.Cards)
	}

	in = allKinds(t)
	set(in, "multi-view-attention-permuted", 0.6)
	says("permuted labels are learned", verdictOf(in.Results), "warn", "Warning: multi-view-attention-permuted", "not 0.5")
	html, _ := pageOf(t, in)
	if !strings.Contains(html, `<p class="warning">Warning:`) {
		t.Error("the warning is not printed loudly")
	}
	set(in, "multi-view-attention-permuted", 0.51)
	if v := verdictOf(in.Results); len(v.Warnings) != 0 {
		t.Errorf("a warning where the interval holds 0.5: %v", v.Warnings)
	}
}

// Every item has a place or a blank; what the run lacks is a blank.
func TestChecklist(t *testing.T) {
	in := allKinds(t)
	full, empty := checklistTable(in, labelled(in)), checklistTable(Input{}, labelled(Input{}))
	if len(full.rows) != len(claimItems)+len(tripodItems) || len(claimItems) != 44 || len(tripodItems) != 52 {
		t.Fatalf("%d rows for %d and %d items", len(full.rows), len(claimItems), len(tripodItems))
	}
	filled := 0
	for i, r := range full.rows {
		where, blank := r.cells[3].text, r.cells[4].text
		if where == "" && blank == "" || strings.Contains(where, ":  ") || strings.HasPrefix(where, ": ") {
			t.Errorf("item %s %s: where %q, blank %q", r.cells[0].text, r.cells[1].text, where, blank)
		}
		if where != "" {
			filled++
		}
		if where, blank := empty.rows[i].cells[3].text, empty.rows[i].cells[4].text; where != "" || !strings.HasPrefix(blank, "to be written by the authors: ") {
			t.Errorf("without results item %s %s is at %q, blank %q", r.cells[0].text, r.cells[1].text, where, blank)
		}
	}
	if filled < 55 {
		t.Errorf("%d items filled", filled)
	}
	seen := map[string]bool{}
	for _, g := range guides {
		for _, it := range g.items {
			if seen[g.name+it.number] {
				t.Errorf("%s %s twice", g.name, it.number)
			}
			seen[g.name+it.number] = true
			for _, a := range it.answer { // a place that does not exist would never be filled
				kind, name, _ := strings.Cut(a, ":")
				l, has := labelled(in), sectionsThere(in, labelled(in))
				if kind == "table" && l.table[name] == "" || kind == "figure" && l.figure[name] == "" || kind == "section" && has[name] == "" {
					t.Errorf("%s %s names %s, which is nowhere", g.name, it.number, a)
				}
			}
		}
	}
}

func TestHostileNamesOfEveryKind(t *testing.T) {
	in := allKinds(t)
	r := &in.Results
	r.Study, r.Positive, r.Negative = hostile, hostile, hostile
	for i := range r.Arms {
		a := &r.Arms[i]
		a.Name += hostile
		if a.Of != "" {
			a.Of += hostile
		}
		a.Features = append([]evidence.FeatureSummary{{Name: hostile}}, a.Features...)
		a.Subgroups = []evidence.Subgroup{{By: hostile, Level: hostile, N: 9, Positive: 3}}
	}
	r.Patients = []evidence.Characteristic{{Name: hostile, Test: hostile, Levels: []evidence.Level{{Name: hostile, Positive: 1}}}}
	r.Readers = &evidence.ReaderStudy{Performance: hostile, Kappas: []evidence.ReaderKappa{{A: hostile, B: hostile}}, Model: &evidence.ReaderEffect{Arm: hostile, Readers: []string{hostile}}}
	in.Flow = []FlowStep{{Label: hostile + strings.Repeat("x", 300), N: 3, Positive: 1, Negative: 2, Excluded: []FlowReason{{hostile, 1}}}, {Label: hostile, N: 2, Excluded: []FlowReason{{hostile, 1}}}}
	in.Transfer[0].Title, in.Transfer[0].Caption = hostile, hostile
	in.Backbone, in.Protocol, in.Run.Arms = hostile, []Fact{{hostile, hostile}}, []ArmTime{{Arm: hostile}}
	html, svgs := pageOf(t, in)
	for _, bad := range []string{"<script", "<img src=x", "</text></svg><", "\x00"} {
		if strings.Contains(strings.ToLower(html), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for name, svg := range svgs {
		wellFormed(t, name, svg)
	}
	for _, tab := range tablesOf(in) {
		read(t, []table{tab}, tab.name) // parses
	}
}

// Numbers of any kind in what is new make a page and no crash.
func TestAnyNumbersOfEveryKind(t *testing.T) {
	num := rapid.OneOf(rapid.Float64(), rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, 1, -1}))
	iv := rapid.Custom(func(t *rapid.T) evidence.Interval {
		return evidence.Interval{Value: num.Draw(t, "value"), Low: num.Draw(t, "low"), High: num.Draw(t, "high")}
	})
	whole := allKinds(t)
	pick := map[string]bool{"multi-view-attention": true, "multi-view-attention-share-25": true, "radiomics-multi-view": true, "multi-view-attention-permuted": true, "outline": true, "reader-A": true}
	rapid.Check(t, func(rt *rapid.T) {
		in := whole
		in.Panels, in.Histories = nil, nil
		in.Results.Comparisons = []evidence.Comparison{{A: "multi-view-attention", B: "outline", Family: evidence.Descriptive, Fixed: evidence.Fixed{DeltaAUC: iv.Draw(rt, "fixed"), McNemar: num.Draw(rt, "mcnemar")}}}
		in.Results.Arms = nil
		for _, a := range whole.Results.Arms {
			if !pick[a.Name] {
				continue
			}
			a.Metrics.AUC, a.Metrics.Sensitivity, a.Metrics.Specificity = iv.Draw(rt, "auc"), iv.Draw(rt, "sens"), iv.Draw(rt, "spec")
			a.Folds, a.Maps = a.Folds[:1], nil
			a.Decision = []evidence.Decision{{Threshold: 0.1, Model: iv.Draw(rt, "model"), All: iv.Draw(rt, "all")}, {Threshold: num.Draw(rt, "threshold"), Model: iv.Draw(rt, "model2")}}
			a.Calibration = &evidence.Calibration{Slope: iv.Draw(rt, "slope"), Bins: []evidence.CalibrationBin{{N: 1, Score: num.Draw(rt, "score"), Observed: iv.Draw(rt, "observed")}}, Curve: []evidence.CurvePoint{{Score: num.Draw(rt, "x"), Observed: num.Draw(rt, "y")}}}
			a.Subgroups = []evidence.Subgroup{{By: "scanner", Level: "x", N: 3, Metrics: evidence.Metrics{AUCPooled: iv.Draw(rt, "part")}}}
			in.Results.Arms = append(in.Results.Arms, a)
		}
		x := evidence.Number(num.Draw(rt, "patients"))
		in.Results.Patients = []evidence.Characteristic{{Name: "age", Number: true, Positive: evidence.Summary{N: 1, Mean: x, SD: x, Median: x, Q1: x, Q3: x}, P: x, SMD: x}}
		in.Flow = []FlowStep{{Label: "all", N: rapid.Int().Draw(rt, "n"), Positive: rapid.Int().Draw(rt, "positive")}}
		html, _ := pageOf(t, in)
		for _, bad := range []string{"NaN", "Inf", "%!"} {
			if i := strings.Index(html, bad); i >= 0 {
				rt.Fatalf("the page prints %s: %s", bad, html[max(0, i-100):min(len(html), i+60)])
			}
		}
	})
}

// A locked model on another cohort has one fold, nothing fitted, and itself with
// its calibration as a variant.
func TestLockedModel(t *testing.T) {
	in := Input{Results: allKinds(t).Results}
	r := &in.Results
	var a evidence.ArmResult
	for _, x := range r.Arms {
		if x.Name == "axial" {
			a = x
		}
	}
	a.Folds, a.Seeds = a.Folds[:1], a.Seeds[:1]
	b := a
	b.Name, b.Of, b.Variant = "axial-calibrated", "axial", recalibrated
	r.Arms, r.Comparisons, r.Leakage, r.Readers = []evidence.ArmResult{a, b}, nil, evidence.Leakage{}, nil
	html, svgs := pageOf(t, in)
	for _, want := range []string{"axial: AUC", "There is one arm", "No folds: every patient is answered for at once", "probabilities recalibrated"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(html, "of 0 checked") || svgs["roc-folds"] != nil || svgs["roc"] == nil {
		t.Error("folds or fitted steps, where there are none")
	}
	if rows := read(t, tablesOf(in), "calibration"); len(rows) != 2 || rows[1]["arm"] != "axial-calibrated" {
		t.Errorf("calibration: %v", rows)
	}
	// Whom it was trained on.
	for _, c := range []struct {
		training evidence.Training
		warning  string
	}{
		{evidence.Training{Arm: "axial", Known: true}, ""},
		{evidence.Training{Arm: "axial"}, "Warning: the model does not say whom it was trained on"},
		{evidence.Training{Arm: "axial", Known: true, Shared: []evidence.SharedPatient{{Case: "p07", Image: true}, {Case: "p11", Group: true}}}, "were in the training of axial, and these numbers are no test on new patients: p07, p11."},
	} {
		r.Training = &c.training
		v := verdictOf(*r)
		if c.warning == "" && (len(v.Warnings) > 0 || !strings.Contains(notTrainedOn(*r), "None of them was")) {
			t.Errorf("nobody shared: %q, %q", v.Warnings, notTrainedOn(*r))
		}
		if c.warning != "" && (len(v.Warnings) != 1 || !strings.Contains(v.Warnings[0], c.warning) || v.Tone != "warn" || strings.Contains(notTrainedOn(*r), "None")) {
			t.Errorf("%q, %s; want %q", v.Warnings, v.Tone, c.warning)
		}
	}
	r.Locked = true
	html, _ = pageOf(t, in)
	if at := strings.Index(html, "p07, p11."); at < 0 || at > strings.Index(html, "<table") {
		t.Errorf("the shared patients stand at %d, the first table at %d", at, strings.Index(html, "<table"))
	}
}
