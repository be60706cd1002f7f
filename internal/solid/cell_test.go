package solid

import (
	"math"
	"slices"
	"testing"

	"magn/internal/volume"
)

// The same cell gives the same trials, some of them on one slice, with a floor. The
// truth agrees with the truth, and lesions that do not come over are counted.
func TestTrials(t *testing.T) {
	c := Cell{Kind: "ellipsoid", DiameterMM: 8, SliceMM: 4.5, AngleDeg: 12}
	trials, err := c.Trials(12)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Trials(12)
	if err != nil || len(trials) != len(again) || len(trials) < 20 {
		t.Fatal(err, len(trials))
	}
	one := 0
	for i, x := range trials {
		if !slices.Equal(x.Truth.Labels, again[i].Truth.Labels) || !slices.Equal(x.Outlined.Labels, again[i].Outlined.Labels) {
			t.Fatal("another time, other trials")
		}
		if x.Slices == 1 {
			one++
		} else if x.FloorMM != 0 {
			t.Errorf("a floor of %g mm on %d slices", x.FloorMM, x.Slices)
		}
	}
	if one == 0 {
		t.Fatal("no lesion on one slice")
	}
	n := 0
	truth := func(_ *volume.Mask, _ volume.Grid) (*volume.Mask, error) { n++; return trials[n-1].Truth, nil }
	s, err := Summarise(trials, truth)
	if err != nil || s.Dice != 1 || s.InPlaneMM != 0 || s.P95MM != 0 || s.Lost != 0 || s.FloorMM <= 0 || s.OneSlice != float64(one)/float64(len(trials)) {
		t.Errorf("%+v %v", s, err)
	}
	s, err = Summarise(trials, func(_ *volume.Mask, g volume.Grid) (*volume.Mask, error) {
		return &volume.Mask{Grid: g, Labels: make([]uint16, g.Len())}, nil
	})
	if err != nil || s.Dice != 0 || s.Lost != s.Trials || math.IsNaN(s.CentreMM) {
		t.Errorf("%+v %v", s, err)
	}
	for _, bad := range []Cell{{"cube", 8, 3, 0}, {"ball", 0, 3, 0}, {"ball", 8, math.NaN(), 0}, {"ball", 1e9, 3, 0}} {
		if _, err := bad.Trials(1); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}
