package report

import (
	"fmt"
	"math"
	"sync"
	"testing"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	rnd "magn/internal/draw"
	"magn/internal/evidence"
)

// allKinds is real evidence of every kind of arm: the eight networks, radiomics,
// readers who chose classes and one who gave scores, with and without help,
// image-blind arms, and variants of each sort. 60 patients, five folds.
func allKinds(tb testing.TB) Input {
	tb.Helper()
	in, err := allKindsOnce()
	if err != nil {
		tb.Fatal(err)
	}
	in.Results.Arms = append([]evidence.ArmResult{}, in.Results.Arms...) // tests spoil theirs
	in.Results.Comparisons = append([]evidence.Comparison{}, in.Results.Comparisons...)
	return in
}

var allKindsOnce = sync.OnceValues(makeAllKinds)

func makeAllKinds() (Input, error) {
	all := []string{"sagittal", "coronal", "axial"}
	var arms []evidence.Arm
	skill := map[string]float64{}
	add := func(a evidence.Arm, d float64) {
		arms = append(arms, a)
		skill[a.Name] = d
	}
	for i, name := range []string{"sagittal", "coronal", "axial", "multi-view"} {
		views := all
		if i < 3 {
			views = all[i : i+1]
		}
		add(evidence.Arm{Name: name, Kind: evidence.KindNetwork, Views: views}, 1+0.25*float64(i))
		add(evidence.Arm{Name: name + "-attention", Kind: evidence.KindNetwork, Views: views, Attention: true}, 1.15+0.25*float64(i))
		add(evidence.Arm{Name: "radiomics-" + name, Kind: evidence.KindRadiomics, Views: views}, 0.9+0.2*float64(i))
	}
	const main = "multi-view-attention"
	for i, v := range []string{"jitter-5", "jitter-10", "jitter-20", "point", "permuted"} {
		add(evidence.Arm{Name: main + "-" + v, Kind: evidence.KindNetwork, Views: all, Attention: true, Of: main, Variant: v}, []float64{1.85, 1.7, 1.3, 1.5, 0}[i])
	}
	for _, a := range []evidence.Arm{{Name: "multi-view"}, {Name: main, Attention: true}} {
		for i, share := range []string{"share-25", "share-50"} {
			add(evidence.Arm{Name: a.Name + "-" + share, Kind: evidence.KindNetwork, Views: all, Attention: a.Attention, Of: a.Name, Variant: share}, 0.9+0.5*float64(i))
		}
	}
	add(evidence.Arm{Name: "radiomics-multi-view-forest", Kind: evidence.KindRadiomics, Views: all, Of: "radiomics-multi-view", Variant: "forest"}, 1.4)
	add(evidence.Arm{Name: "radiomics-multi-view-forest-permuted", Kind: evidence.KindRadiomics, Views: all, Of: "radiomics-multi-view-forest", Variant: "permuted"}, 0)
	for i, name := range []string{"outline", "clinical", "scanner"} {
		add(evidence.Arm{Name: name, Kind: evidence.KindBlind, Views: all}, []float64{1.3, 0.6, 0.1}[i])
	}
	for i, name := range []string{"A", "B", "C"} {
		a := evidence.Arm{Name: "reader-" + name, Kind: evidence.KindReader, Reader: name, Years: float64(5 * i), Binary: i < 2}
		add(a, 0.8+0.3*float64(i))
		a.Of, a.Variant, a.Aided, a.Name = a.Name, "aided", true, a.Name+"-aided"
		add(a, 1.1+0.3*float64(i))
	}
	info := evidence.Info{Study: "drawn, every kind of arm", Positive: "myeloma", Negative: "metastasis", Patients: evidence.Patients{
		Columns: []evidence.Column{{Name: "age", Number: true}, {Name: "sex"}, {Name: "scanner", Split: true}, {Name: "diameter_mm", Number: true, Split: true}},
		Facts:   map[string]map[string]string{},
	}}
	units := drawnUnits(arms, skill, info.Patients.Facts)
	r, err := evidence.Summarise(info, arms, units, nil)
	if err != nil {
		return Input{}, err
	}
	in := fixture(16)
	in.Results, in.Backbone, in.Histories = r, "resnet18", drawnHistories(arms)
	in.Flow = []FlowStep{
		{Label: "Patients with spinal MRI", N: 112, Positive: -1, Negative: -1},
		{Label: "MRI before surgery, in this hospital", N: 97, Positive: -1, Negative: -1, Excluded: []FlowReason{{"no MRI before surgery", 9}, {"images of another hospital", 6}}},
		{Label: "Contrast-enhanced T1 series of every view", N: 66, Positive: -1, Negative: -1, Excluded: []FlowReason{{"no contrast-enhanced T1 series of the coronal and of the axial view, although the request said that there should be one", 31}}},
		{Label: "Included", N: 60, Positive: 30, Negative: 30, Excluded: []FlowReason{{"lesions were not outlined", 4}, {"pathology not known", 2}}},
	}
	in.Transfer = []Picture{{Caption: "The outline as drawn and as carried.", Drawing: Drawing{Title: "transfer", W: textWidth, H: 40, Draw: func(dc draw.Canvas) {
		dc.FillText(sans(fontSize, ink), vg.Point{X: 4, Y: 20}, "a drawing of another package")
	}}}}
	in.Protocol = []Fact{{"Split", "5 folds by group, seed 1"}, {"Epochs", "at most 15"}}
	in.Run.Arms = []ArmTime{{main, 10, 4000}, {"outline", 10, 12}}
	return in, nil
}

// drawnUnits draws every arm's answers: normal scores, moved apart by its skill.
func drawnUnits(arms []evidence.Arm, skill map[string]float64, facts map[string]map[string]string) []evidence.Unit {
	const folds, perFold = 5, 12
	var units []evidence.Unit
	for _, a := range arms {
		seeds := 2
		if a.Kind == evidence.KindReader {
			seeds = 1
		}
		for fold := range folds {
			for seed := range seeds {
				u := evidence.Unit{Arm: a.Name, Fold: fold, Seed: seed}
				for i := range perFold {
					id := fmt.Sprintf("p%02d", perFold*fold+i)
					label := i % 2
					patient := rnd.New("patient", id)
					z := 0.7*patient.NormFloat64() + 0.7*rnd.New("answer", a.Name, id, seed).NormFloat64() + skill[a.Name]*(float64(label)-0.5)
					p := 1 / (1 + math.Exp(-1.3*z))
					if a.Binary {
						p = math.Round(p)
					}
					u.Predictions = append(u.Predictions, evidence.Prediction{
						Case: id, Group: id, Arm: a.Name, Fold: fold, Seed: seed, Label: label, Score: p, Threshold: 0.45,
					})
					facts[id] = map[string]string{
						"age": fmt.Sprint(45 + patient.IntN(40)), "sex": []string{"f", "m"}[patient.IntN(2)],
						"scanner": []string{"Siemens 1.5 T", "GE 1.5 T", "Philips 3 T"}[patient.IntN(3)], "diameter_mm": fmt.Sprint(10 + patient.IntN(40)),
					}
					if i == 3 {
						delete(facts[id], "age")
					}
					if a.Kind == evidence.KindNetwork && (a.Of == "" || a.Variant == "jitter-5") {
						for k, v := range a.Views {
							if a.Of == "" {
								for crop := range 2 {
									u.Exams = append(u.Exams, evidence.ExamRow{
										Case: id, Group: id, Arm: a.Name, Fold: fold, Seed: seed, View: v, Crop: crop, ShiftX: 9 * crop,
										Otsu: evidence.Along{Map: 0.2 + 0.1*patient.Float64(), Gaussian: 0.3}, Deletion: evidence.Along{Map: 0.3 + 0.1*patient.Float64(), Gaussian: 0.5},
										Insertion: evidence.Along{Map: 0.6, Gaussian: 0.5},
										True:      evidence.TrueExam{Overlap: evidence.Overlap{Energy: 0.3, IoU: 0.2, Hit: label == 1}, Otsu: 0.25, Deletion: 0.3 + 0.1*patient.Float64(), Insertion: 0.5},
									})
								}
							}
							for crop := range 2 {
								e := 0.1 + 0.05*float64(k) + 0.2*patient.Float64()
								if a.Attention {
									e += 0.2
								}
								u.Maps = append(u.Maps, evidence.MapRow{
									Case: id, Group: id, Arm: a.Name, Fold: fold, Seed: seed, View: v, Crop: crop, ShiftX: 9 * crop, Share: 0.08,
									Map: evidence.Overlap{Energy: e, IoU: e / 2, Hit: e > 0.3}, Gaussian: evidence.Overlap{Energy: 0.5 - 0.35*float64(crop), IoU: 0.3, Hit: crop == 0},
								})
							}
						}
					}
				}
				switch a.Kind {
				case evidence.KindReader:
				case evidence.KindNetwork:
					u.Epochs = 9 + fold
					if a.Attention {
						u.Lambda = []float64{0.1, 0.5, 0.5, 1, 0.5}[fold]
						for _, l := range []float64{0.1, 0.5, 1} {
							u.Tried = append(u.Tried, evidence.Tried{Lambda: l, Loss: 0.4 + 0.1*math.Abs(l-u.Lambda), Epoch: 10})
						}
					}
					u.Fits = []evidence.Fit{{Step: "weights", Groups: []string{"other"}}}
				default:
					u.Candidates = 768
					for k := range 20 {
						u.Features = append(u.Features, evidence.Feature{Name: fmt.Sprintf("%s_wavelet-LH_glcm_Feature%02d", a.Name, (k+3*fold)%25), Rank: k + 1, Importance: 1 / float64(k+1), Used: k < 10})
					}
					u.Fits = []evidence.Fit{{Step: "ranking", Groups: []string{"other"}}}
				}
				units = append(units, u)
			}
		}
	}
	return units
}

func drawnHistories(arms []evidence.Arm) []History {
	var rows []History
	for _, a := range arms {
		if a.Kind != evidence.KindNetwork || a.Of != "" {
			continue
		}
		lambdas := []float64{0}
		if a.Attention {
			lambdas = []float64{0.1, 0.5, 1}
		}
		for fold := range 2 {
			rng := rnd.New("history", a.Name, fold)
			for _, l := range lambdas {
				for _, h := range historyOf(rng, a.Name, fold) {
					if h.Stage += fmt.Sprint(" ", l); h.Val > 0 || l == lambdas[0] {
						h.Lambda = l
						rows = append(rows, h)
					}
				}
			}
		}
	}
	return rows
}
