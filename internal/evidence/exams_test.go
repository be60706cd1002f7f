package evidence

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An exam counts with the mean of its case's seeds, beside the Gaussian; arms with
// attention are paired with the same views without.
func TestExams(t *testing.T) {
	arms := []Arm{
		{Name: "axial", Kind: KindNetwork, Views: []string{"axial"}},
		{Name: "axial-attention", Kind: KindNetwork, Views: []string{"axial"}, Attention: true},
	}
	var units []Unit
	for _, a := range arms {
		for fold := range 2 {
			for seed := range 2 {
				u := Unit{Arm: a.Name, Fold: fold, Seed: seed, Fits: []Fit{{"weights", []string{"other"}}}}
				for i := range 4 {
					id := fmt.Sprintf("p%d%d", fold, i)
					u.Predictions = append(u.Predictions, Prediction{id, id, a.Name, fold, seed, i % 2, 0, 0.5, 0.5})
					energy := 0.1 * float64(i+seed)
					if a.Attention {
						energy += 0.2
					}
					u.Maps = append(u.Maps, MapRow{Case: id, Group: id, Arm: a.Name, Fold: fold, Seed: seed, View: "axial", Crop: 1, Map: Overlap{Energy: energy, Hit: a.Attention}})
					for crop := range 2 {
						u.Exams = append(u.Exams, ExamRow{
							Case: id, Group: id, Arm: a.Name, Fold: fold, Seed: seed, View: "axial", Crop: crop, ShiftX: 3 * crop,
							Deletion: Along{0.1*float64(seed) + 0.2*float64(crop)*one(a.Attention), 0.5}, Insertion: Along{0.5 + 0.05*float64(i), 0.5}, Otsu: Along{0.3, 0.2},
							True: TrueExam{Overlap: Overlap{Energy: 0.25, Hit: true}, Insertion: 0.5 + energy/4, Zero: i == 0},
						})
					}
				}
				units = append(units, u)
			}
		}
	}
	r, err := Summarise(Info{}, arms, units, nil)
	if err != nil {
		t.Fatal(err)
	}
	e := r.Arms[1].Exams[0]
	near(t, "deletion", e.Deletion.Map.Value, 0.05, 1e-12)
	near(t, "deletion beside the Gaussian", e.Deletion.Difference.Value, -0.45, 1e-12)
	near(t, "deletion on shifted crops", r.Arms[1].Exams[1].Deletion.Map.Value, 0.25, 1e-12)
	near(t, "Otsu", e.Otsu.Difference.Value, 0.1, 1e-12)
	if len(r.Arms[1].Exams) != 2 || e.Crops != Centred || r.Arms[1].Exams[1].Crops != Shifted || e.N != 16 || e.TrueZero != 4 || e.TrueHit.Value != 1 {
		t.Errorf("%+v", e)
	}
	if len(r.MapDifferences) != 1 {
		t.Fatalf("%+v", r.MapDifferences)
	}
	d := r.MapDifferences[0]
	if d.A != "axial-attention" || d.B != "axial" || d.Crops != Shifted || d.N != 8 {
		t.Errorf("%+v", d)
	}
	near(t, "energy", d.Energy.Value, 0.2, 1e-12)
	near(t, "energy, no spread", d.Energy.Low, 0.2, 1e-9)
	near(t, "hit", d.Hit.Value, 1, 1e-12)
	near(t, "deletion, difference", d.Deletion.Value, 0.2, 1e-12)
	near(t, "Otsu, the same in both", d.Otsu.Value, 0, 1e-12)
	near(t, "insertion, the same in both", d.Insertion.High, 0, 1e-9)
	near(t, "insertion of the true class", d.TrueInsertion.Value, 0.05, 1e-12)

	path := filepath.Join(t.TempDir(), "exams.csv")
	if err := WriteExams(path, units[3].Exams); err != nil {
		t.Fatal(err)
	}
	got, err := ReadExams(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(units[3].Exams, got); d != "" {
		t.Error(d)
	}
	was := units[3].Exams[1]
	units[3].Exams[1] = units[3].Exams[0]
	if _, err := Summarise(Info{}, arms, units, nil); err == nil {
		t.Error("two exams of one crop are taken")
	}
	units[3].Exams[1] = was
	// Of arms that were not examined nothing is known, rather than 0.
	for i := range units {
		u := units[i]
		u.Exams = nil
		units[i] = u
	}
	if r, err = Summarise(Info{}, arms, units, nil); err != nil || !math.IsNaN(r.MapDifferences[0].Otsu.Value) || math.IsNaN(r.MapDifferences[0].Energy.Value) {
		t.Errorf("without exams: %+v, %v", r.MapDifferences, err)
	}
	units[3].Exams = []ExamRow{was}
	units[3].Exams[0].Case = "nobody"
	if _, err := Summarise(Info{}, arms, units, nil); err == nil {
		t.Error("an exam of a case that the unit does not predict is taken")
	}
	if err := WriteExams(path, []ExamRow{{Case: "a", Group: "a", Arm: "a", View: "axial", Deletion: Along{1.5, 0}}}); err == nil {
		t.Error("a probability of 1.5 is written")
	}
}
