package evidence

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// better is the study of the tests with two arms more, whose answers are those of
// multi-view-attention moved towards the truth.
func better(t *testing.T) ([]Arm, []Unit) {
	arms, units := study(t)
	for name, by := range map[string]float64{"radiomics-axial": 2, "radiomics-multi-view": 1} {
		arms = append(arms, Arm{Name: name, Kind: KindRadiomics, Views: []string{name}})
		for _, u := range units {
			if u.Arm != "multi-view-attention" {
				continue
			}
			u.Arm, u.Maps, u.Predictions = name, nil, append([]Prediction{}, u.Predictions...)
			for i := range u.Predictions {
				p := &u.Predictions[i]
				p.Arm, p.Logit = name, p.Logit+by*(2*float64(p.Label)-1)
				p.Score = 1 / (1 + math.Exp(-p.Logit))
			}
			units = append(units, u)
		}
	}
	return arms, units
}

// The arm of the highest AUC is set against the one that the study is about and
// against the next best; neither is a test, and what is there is not made twice.
func TestChosenPairs(t *testing.T) {
	arms, units := better(t)
	about := Pair{"multi-view-attention", "multi-view", Primary}
	for _, c := range []struct {
		name  string
		pairs []Pair
		want  []string
	}{
		{"both", []Pair{about}, []string{"radiomics-axial − multi-view-attention", "radiomics-axial − radiomics-multi-view"}},
		{"the primary's first", []Pair{{"multi-view", "multi-view-attention", Primary}}, []string{"radiomics-axial − multi-view", "radiomics-axial − radiomics-multi-view"}},
		{"no primary", []Pair{{"multi-view", "multi-view-attention", ""}}, []string{"radiomics-axial − multi-view-attention", "radiomics-axial − radiomics-multi-view"}},
		{"tested", []Pair{about, {"multi-view-attention", "radiomics-axial", ""}}, []string{"radiomics-axial − radiomics-multi-view"}},
		{"no comparison", []Pair{}, nil},
	} {
		r, err := Summarise(Info{}, arms, units, c.pairs)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, k := range r.Comparisons[len(c.pairs):] {
			got = append(got, k.A+" − "+k.B)
			if !k.Chosen || k.Family != Descriptive || !math.IsNaN(k.P) || !math.IsNaN(k.PHolm) || !math.IsNaN(k.Fixed.P) || math.IsNaN(k.Fixed.DeltaAUC.Low) || !(k.Low < k.DeltaAUC) {
				t.Errorf("%s: %+v", c.name, k)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	arms, units = study(t)
	if r, err := Summarise(Info{}, arms, units, nil); err != nil || len(r.Comparisons) != 1 {
		t.Errorf("two arms that are compared: %v, %+v", err, r.Comparisons)
	}
}
