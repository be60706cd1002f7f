package cli

import (
	"testing"

	"magn/internal/annotation"
	"magn/internal/solid"
	"magn/internal/testenv"
)

// Linear is what another program makes of the same mask by linear interpolation,
// voxel for voxel but for those on ½, and shape is nearer to the truth than both of
// that program's ways.
func TestTransferAgainstPlastimatchPeer(t *testing.T) {
	o := benchTransferOptions{ctx: t.Context(), temp: t.TempDir(), peer: testenv.Program(t, "plastimatch", "make setup-peers installs it")}
	trials, err := solid.Cell{Kind: "ellipsoid", DiameterMM: 20, SliceMM: 4.5, AngleDeg: 12}.Trials(3)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range trials {
		ours, err := annotation.Transfer(x.Outlined, x.Truth.Grid, annotation.Options{Method: annotation.Linear, Drawn: annotation.Third, Target: annotation.Third})
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := o.resample(x.Outlined, x.Truth.Grid, "linear")
		if err != nil {
			t.Fatal(err)
		}
		differ, n := 0, 0
		for i, l := range ours.Labels {
			if l != 0 {
				n++
			}
			if l != theirs.Labels[i] {
				differ++
			}
		}
		if n < 500 || differ > n/200 {
			t.Errorf("%d of %d voxels differ", differ, n)
		}
	}
	dice := map[string]float64{}
	for _, m := range o.methods() {
		s, err := solid.Summarise(trials, m.carry)
		if err != nil {
			t.Fatal(err)
		}
		dice[m.name] = s.Dice
	}
	for _, other := range []string{"linear", "plastimatch nearest", "plastimatch linear"} {
		if dice["shape"] < dice[other]+.03 {
			t.Errorf("Dice %v", dice)
		}
	}
}
