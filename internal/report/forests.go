package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg/draw"

	"magn/internal/evidence"
)

// labelRunes bounds an arm's name in figures.
const labelRunes = 34

// aucFigure is the AUC of the arms that are no variants with intervals, and
// their folds' AUC under each.
func aucFigure(r evidence.Results) (figure, bool) {
	f := forest{xLabel: "AUC (mean of folds, 95 % interval)", line: 0.5, min: 0.45, max: 1, head: "AUC (95 % interval)"}
	looks := looksOf(r)
	for _, at := range byKind(r, func(a evidence.ArmResult) bool { return a.Of == "" }) {
		row := aucRow(r.Arms[at.i], looks[at.i], at.head)
		row.gap = at.head != "" && len(f.rows) > 0
		f.rows = append(f.rows, row)
	}
	f.fit()
	return figure{name: "auc", title: "AUC of every arm with its 95 % interval", w: textWidth, h: f.height(), draw: f.draw}, len(f.rows) > 0
}

// robustnessFigure is the variants beside the arm that they vary.
func robustnessFigure(r evidence.Results) (figure, bool) {
	f := forest{xLabel: "AUC (mean of folds, 95 % interval)", line: 0.5, min: 0.45, max: 1, head: "AUC (95 % interval)"}
	looks := looksOf(r)
	for _, fam := range variants(r) {
		head := clip(fam.name, 2*labelRunes)
		if fam.own >= 0 {
			row := aucRow(r.Arms[fam.own], looks[fam.own], head)
			if row.label, row.gap, head = "as it is", len(f.rows) > 0, ""; isReader(r.Arms[fam.own]) {
				row.label = "without help"
			}
			f.rows = append(f.rows, row)
		}
		for _, i := range fam.variants {
			row := aucRow(r.Arms[i], looks[i], head)
			if row.label, row.gap, head = clip(variantLabel(r, i, fam), 44), head != "" && len(f.rows) > 0, ""; r.Arms[i].Variant == "permuted" {
				row.look = look{color: muted, glyph: draw.CrossGlyph{}}
			}
			f.rows = append(f.rows, row)
		}
	}
	f.fit()
	return figure{name: "robustness", title: "AUC of variants beside the arm that they vary", w: textWidth, h: f.height(), draw: f.draw}, len(f.rows) > 0
}

// variantLabel says what differs; of a variant of a variant both things.
func variantLabel(r evidence.Results, i int, f family) string {
	a := r.Arms[i]
	if s := variantWords(a.Variant); a.Of == f.name || !strings.HasPrefix(a.Of, f.name) {
		return s
	}
	return strings.TrimPrefix(strings.TrimPrefix(a.Of, f.name), "-") + ", " + variantWords(a.Variant)
}

func aucRow(a evidence.ArmResult, l look, head string) forestRow {
	row := forestRow{
		label: clip(a.Name, labelRunes), iv: a.Metrics.AUC, look: l,
		ref: math.NaN(), text: withBounds(a.Metrics.AUC), head: head,
	}
	if choseClasses(a) {
		row.text += " *"
	}
	for _, fold := range a.Folds {
		row.dots = append(row.dots, fold.Metrics.AUC.Value)
	}
	return row
}

// fit widens the axis to hold all that is drawn.
func (f *forest) fit() {
	for _, row := range f.rows {
		for _, x := range append([]float64{row.iv.Low, row.iv.Value}, row.dots...) {
			if !isNaN(x) {
				f.min = math.Min(f.min, x-0.02)
			}
		}
	}
	f.min = math.Max(f.min, -0.02)
}

// differencesFigure is the comparisons' differences in AUC with intervals.
func differencesFigure(r evidence.Results) (figure, bool) {
	if len(r.Comparisons) == 0 {
		return figure{}, false
	}
	f := forest{xLabel: "difference in AUC (first minus second, 95 % interval)", head: "difference (95 % interval), p"}
	reach := 0.02
	all, heads := inFamilies(r)
	for i, c := range all {
		text := signedBounds(c)
		switch familyOf(c) {
		case evidence.Descriptive:
		case evidence.Primary:
			text += ", " + pValue(c.P)
		default:
			text += ", " + pValue(c.PHolm)
		}
		f.rows = append(f.rows, forestRow{
			label: clip(c.A, 30) + " − " + clip(c.B, 30),
			iv:    evidence.Interval{Value: c.DeltaAUC, Low: c.Low, High: c.High},
			look:  look{color: ink, glyph: diamond{}}, ref: math.NaN(),
			text: text, head: heads[i], gap: heads[i] != "" && i > 0,
		})
		for _, x := range []float64{c.Low, c.High, c.DeltaAUC} {
			if !isNaN(x) {
				reach = math.Max(reach, math.Abs(x)*1.08)
			}
		}
	}
	reach = math.Min(reach, 1.05) // a difference of two areas is at most 1
	f.min, f.max = -reach, reach
	return figure{name: "differences", title: "Differences in AUC between arms with their 95 % intervals", w: textWidth, h: f.height(), draw: f.draw}, true
}

// subgroupsFigure is the best program on patients who have a fact in common.
func subgroupsFigure(r evidence.Results) (figure, bool) {
	i := highest(r, func(a evidence.ArmResult) bool { return isModel(a) && len(a.Subgroups) > 0 })
	if i < 0 {
		return figure{}, false
	}
	a, l := r.Arms[i], looksOf(r)[i]
	f := forest{xLabel: "pooled AUC of " + clip(a.Name, labelRunes) + " (95 % interval)", line: 0.5, min: 0.45, max: 1, head: "AUC (95 % interval), positive / n"}
	f.rows = append(f.rows, forestRow{label: "all patients", iv: a.Metrics.AUCPooled, look: l, ref: math.NaN(), text: fmt.Sprintf("%s, %d / %d", withBounds(a.Metrics.AUCPooled), positives(a), a.N)})
	by := ""
	for _, s := range a.Subgroups {
		row := forestRow{label: clip(s.Level, labelRunes), iv: s.Metrics.AUCPooled, look: l, ref: math.NaN(), text: fmt.Sprintf("%s, %d / %d", withBounds(s.Metrics.AUCPooled), s.Positive, s.N)}
		if s.By != by {
			by, row.gap, row.head = s.By, true, clip(s.By, labelRunes)
		}
		f.rows = append(f.rows, row)
	}
	f.fit()
	return figure{name: "subgroups", title: "Pooled AUC of " + a.Name + " by scanner and other facts", w: textWidth, h: f.height(), draw: f.draw}, true
}

// tickLabel prints a tick with a fixed number of decimals.
func tickLabel(x float64, decimals int) string {
	s := strconv.FormatFloat(x, 'f', decimals, 64)
	if strings.Trim(s, "-0.") == "" {
		return "0"
	}
	return strings.Replace(s, "-", "−", 1)
}
