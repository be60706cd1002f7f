package cohort

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The draw is part of what every unit's result depends on: it must not change.
func TestInnerSplitStays(t *testing.T) {
	var cases []Case
	for i := range 30 {
		cases = append(cases, Case{ID: fmt.Sprint("C", i), Group: fmt.Sprint("G", i/2*2+i%3/2), Label: i / 2 % 2})
	}
	for _, want := range []struct {
		seed, fold int
		aside      []string
	}{
		{1, 0, []string{"G0", "G11", "G16", "G18", "G21"}},
		{3, 2, []string{"G10", "G11", "G26", "G29", "G4", "G5", "G9"}},
	} {
		aside, err := InnerSplit(cases, 0.2, want.seed, want.fold)
		if err != nil || !slices.Equal(slices.Sorted(maps.Keys(aside)), want.aside) {
			t.Errorf("seed %d, fold %d: %v, %v, want %v", want.seed, want.fold, slices.Sorted(maps.Keys(aside)), err, want.aside)
		}
	}
}

// No group on both sides, both classes on both sides, whatever the cases' order.
func TestInnerSplitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cases []Case
		for y := range 2 {
			for g := range rapid.IntRange(2, 40).Draw(t, "groups") {
				for k := range rapid.IntRange(1, 3).Draw(t, "cases") {
					cases = append(cases, Case{ID: fmt.Sprint(y, g, k), Group: fmt.Sprint(y, "/", g), Label: y})
				}
			}
		}
		seed, fold := rapid.IntRange(0, 9).Draw(t, "seed"), rapid.IntRange(0, 4).Draw(t, "fold")
		aside, err := InnerSplit(cases, 0.2, seed, fold)
		if err != nil {
			t.Fatal(err)
		}
		var n [2][2]int
		for _, c := range cases {
			side := 0
			if aside[c.Group] {
				side = 1
			}
			n[side][c.Label]++
		}
		for y := range 2 {
			total := n[0][y] + n[1][y]
			if n[0][y] == 0 || n[1][y] == 0 || n[1][y] > total/5+3 {
				t.Fatalf("%d of %d cases of class %d set aside", n[1][y], total, y)
			}
		}
		mixed := rapid.Permutation(cases).Draw(t, "order")
		again, err := InnerSplit(mixed, 0.2, seed, fold)
		if err != nil || !maps.Equal(again, aside) {
			t.Fatalf("another order, another split: %v", err)
		}
	})
}
