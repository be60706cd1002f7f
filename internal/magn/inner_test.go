package magn

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"magn/internal/cohort"
)

// TestInnerSplit: no group on both sides, both classes on both sides, about the
// fraction asked for, the same for every arm.
func TestInnerSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := Unit{Seed: rapid.IntRange(0, 9).Draw(t, "seed"), Fold: rapid.IntRange(0, 4).Draw(t, "fold"), Training: DefaultTraining()}
		for y := range 2 {
			groups := rapid.IntRange(2, 40).Draw(t, "groups")
			for g := range groups {
				for k := range rapid.IntRange(1, 3).Draw(t, "cases") {
					u.Train = append(u.Train, cohort.Case{ID: fmt.Sprint(y, g, k), Group: fmt.Sprint(y, "/", g), Label: y})
				}
			}
		}
		train, val, err := innerSplit(u)
		if err != nil {
			t.Fatal(err)
		}
		if len(train)+len(val) != len(u.Train) {
			t.Fatal("cases lost")
		}
		for _, g := range groupsOf(val) {
			if slices.Contains(groupsOf(train), g) {
				t.Fatalf("group %s on both sides", g)
			}
		}
		for _, side := range [][]cohort.Case{train, val} {
			if !slices.ContainsFunc(side, func(c cohort.Case) bool { return c.Label == 1 }) || !slices.ContainsFunc(side, func(c cohort.Case) bool { return c.Label == 0 }) {
				t.Fatal("a side without both classes")
			}
		}
		if n := float64(len(u.Train)); float64(len(val)) > 0.2*n+6 || len(train) > 10 && float64(len(val)) < 0.2*n-6 {
			t.Fatalf("%d of %d set aside", len(val), len(u.Train))
		}
		u.Arm, u.Attention = "other", true
		_, again, _ := innerSplit(u)
		if !slices.EqualFunc(val, again, func(a, b cohort.Case) bool { return a.ID == b.ID }) {
			t.Fatal("another arm has another split")
		}
	})
	one := Unit{Training: DefaultTraining(), Train: []cohort.Case{{ID: "a", Group: "a"}, {ID: "b", Group: "b"}, {ID: "c", Group: "c", Label: 1}}}
	if _, _, err := innerSplit(one); err == nil {
		t.Error("one positive group cannot be on both sides")
	}
}

func TestChoose(t *testing.T) {
	// Smoothed over three: the lone dip at epoch 2 of λ=0.1 loses against the
	// valley of λ=0.5; between equal valleys the smaller λ wins.
	results := []innerResult{
		{"", 0.5, []float64{0.9, 0.5, 0.4, 0.5}, [][]float64{{0}, {1}, {2}, {3}}},
		{"", 0.1, []float64{0.9, 0.3, 0.9, 0.9}, [][]float64{{4}, {5}, {6}, {7}}},
	}
	if c, e, z := choose(results); c.lambda != 0.5 || e != 4 && e != 3 || z[0] != results[0].Logits[e-1][0] {
		t.Errorf("%+v, %d epochs, logits %v", c, e, z)
	}
	same := []innerResult{{"", 1, []float64{0.5, 0.5}, [][]float64{{0}, {1}}}, {"", 0.1, []float64{0.5, 0.5}, [][]float64{{2}, {3}}}}
	if c, e, _ := choose(same); c.lambda != 0.1 || e != 1 {
		t.Errorf("of equals: %+v, %d epochs; expected 0.1 and 1", c, e)
	}
	// Of equals the smaller network wins, whatever its λ and wherever it stands.
	losses, logits := []float64{0.5, 0.4, 0.3}, [][]float64{{0}, {1}, {2}}
	nets := []innerResult{{"resnet50", 0.1, losses, logits}, {"resnet34", 1, losses, logits}, {"resnet18", 1, losses, [][]float64{{2}, {3}, {4}}}, {"resnet18", 0.5, losses, [][]float64{{4}, {5}, {6}}}}
	if c, e, z := choose(nets); c != (candidate{"resnet18", 0.5}) || e != 3 || z[0] != 6 {
		t.Errorf("of equal networks: %+v, %d epochs, %v", c, e, z)
	}
	nets[0].Losses = []float64{0.5, 0.1}
	if c, _, _ := choose(nets); c != (candidate{"resnet50", 0.1}) {
		t.Errorf("the better network: %+v", c)
	}
	// What history.csv tells is what was chosen by.
	var history []Epoch
	for _, r := range nets {
		for e, l := range r.Losses {
			history = append(history, Epoch{Stage: fmt.Sprint("inner ", r.Backbone, r.Lambda), Backbone: r.Backbone, Lambda: r.Lambda, Epoch: e + 1, Validation: l})
		}
	}
	tried := TriedIn(append(history, Epoch{Stage: "fit", Epoch: 1, Validation: math.NaN()}))
	if len(tried) != 4 || tried[0] != (Tried{"resnet50", 0.1, 0.3, 1}) || tried[3].Lambda != 0.5 || math.Abs(tried[3].Loss-0.35) > 1e-15 {
		t.Errorf("%+v", tried)
	}
}

func TestThreshold(t *testing.T) {
	cases := []cohort.Case{{Label: 0}, {Label: 0}, {Label: 1}, {Label: 1}}
	if p := threshold([]float64{-3, 1, 2, 4}, cases); math.Abs(p-sigmoid(1.5)) > 1e-12 {
		t.Errorf("between 1 and 2: %g", p)
	}
	if p := threshold([]float64{2, 2, 2, 2}, cases); p != 0.5 {
		t.Errorf("scores all alike: %g", p)
	}
}

func TestCrossEntropy(t *testing.T) {
	// scipy: np.logaddexp(0, z) - y*z for z = (0.3, -800), y = (1, 0): mean 0.277177…
	got := crossEntropy([]float64{0.3, -800}, []cohort.Case{{Label: 1}, {Label: 0}})
	if math.Abs(got-0.5543552444685271/2) > 1e-15 {
		t.Error(got)
	}
}

// groupsOf lists the groups of cases.
func groupsOf(cases []cohort.Case) []string {
	var out []string
	for _, c := range cases {
		out = append(out, c.Group)
	}
	return out
}
