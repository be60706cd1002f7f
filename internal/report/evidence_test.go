package report

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"magn/internal/draw"
	"magn/internal/evidence"
)

// summarised is real evidence: drawn scores of 40 patients in 38 groups, two
// arms, two seeds, five folds; with oneClass the last fold has no positive.
func summarised(t *testing.T, oneClass bool) evidence.Results {
	t.Helper()
	views := []string{"sagittal", "axial"}
	arms := []evidence.Arm{{Name: "multi-view", Kind: "magn", Views: views}, {Name: "multi-view-attention", Kind: "magn", Views: views, Attention: true}}
	var units []evidence.Unit
	for _, a := range arms {
		for fold := range 5 {
			for seed := range 2 {
				u := evidence.Unit{Arm: a.Name, Fold: fold, Seed: seed, Epochs: 7}
				rng := draw.New("summarised", a.Name, fold, seed)
				for i := range 8 {
					id := fmt.Sprintf("p%02d", 8*fold+i)
					group := id
					if i == 1 && fold < 2 { // with the patient before, maybe one person
						group = fmt.Sprintf("p%02d", 8*fold)
					}
					label := i / 4
					if oneClass && fold == 4 {
						label = 0
					}
					score := 0.3 + 0.2*float64(label) + 0.4*rng.Float64()
					u.Predictions = append(u.Predictions, evidence.Prediction{
						Case: id, Group: group, Arm: a.Name, Fold: fold, Seed: seed, Label: label, Logit: math.Log(score / (1 - score)), Score: score, Threshold: 0.55,
					})
					for _, v := range views {
						for crop := range 2 {
							u.Maps = append(u.Maps, evidence.MapRow{
								Case: id, Group: group, Arm: a.Name, Fold: fold, Seed: seed, View: v, Crop: crop, ShiftX: 9 * crop,
								Share: 0.08, Map: evidence.Overlap{Energy: rng.Float64() / 2, IoU: 0.1, Hit: i%2 == 0}, Gaussian: evidence.Overlap{Energy: 0.5, Hit: true},
							})
						}
					}
				}
				u.Fits = []evidence.Fit{{Step: "weights", Groups: []string{"other"}}}
				units = append(units, u)
			}
		}
	}
	r, err := evidence.Summarise(evidence.Info{Study: "drawn", Positive: "meningioma", Negative: "glioma"}, arms, units, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEvidenceAsItComes(t *testing.T) {
	r := summarised(t, false)
	html, _ := pageOf(t, Input{Results: r})
	for _, want := range []string{
		"40\u00a0patients in 38\u00a0independent groups", "20 meningioma (the positive class) and 20 glioma. 5-fold cross-validation by group, 2\u00a0seeds.",
		withBounds(r.Arms[0].Metrics.AUC), withBounds(r.Arms[1].Metrics.AUC), "20\u00a0fitted steps", "sagittal",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	// All is defined but what was not done here: the notes say why it is not shown.
	for _, note := range regexp.MustCompile(`<li><sup>\w+</sup> ([^<]*)`).FindAllStringSubmatch(html, -1) {
		if !slices.Contains([]string{"the primary comparison stands alone and is not adjusted", "no inner fit with it", "the maps of this arm were not examined"}, note[1]) {
			t.Errorf("a note on something undefined, where all is defined: %s", note[1])
		}
	}
}

func TestEvidenceOfAFoldWithOneClass(t *testing.T) {
	html, _ := pageOf(t, Input{Results: summarised(t, true)})
	for _, want := range []string{
		"No arm has an AUC that is defined", "fold 4 holds one class only, so that a mean over folds does not exist",
		"one class only in this fold", "no positive patient in this fold", "the AUC of one of the two arms is not defined",
	} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
