package solid

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"magn/internal/volume"
)

// Kinds of lesions that a Cell can have.
var Kinds = []string{"ball", "ellipsoid", "lobes"}

// Cell is one row of a table of how well outlines travel: what lesions, how thick
// the slices of all series are, and how oblique the target lies to the series that
// the lesions were drawn on.
type Cell struct {
	Kind       string  `json:"kind"`
	DiameterMM float64 `json:"diameter_mm"`
	SliceMM    float64 `json:"slice_mm"`
	AngleDeg   float64 `json:"angle_deg"`
}

// Trial is one lesion, outlined on a sagittal series, and the truth on another.
type Trial struct {
	Outlined *volume.Mask // sagittal, pixels of .6 mm
	Truth    *volume.Mask // axial or coronal, pixels of PixelMM
	// Slices is on how many the outline is. One slice does not say on which side of
	// it there is more of the lesion: the mirror image is outlined alike. FloorMM is
	// half of the distance in the target's plane between the centres of both truths,
	// an error that any method makes on the one or on the other; 0 for several slices.
	Slices  int
	FloorMM float64
}

// PixelMM is the edge of the targets' pixels.
const PixelMM = .7

// Trials draws n lesions of a cell and makes two trials of each, axial and coronal.
// The sagittal series is turned by half of the cell's angle, the others by the
// angle. The same cell gives the same trials. A lesion that no slice shows has none.
func (c Cell) Trials(n int) ([]Trial, error) {
	if !slices.Contains(Kinds, c.Kind) || !(c.DiameterMM >= 1 && c.DiameterMM <= 100) || !(c.SliceMM >= .5 && c.SliceMM <= 20) {
		return nil, fmt.Errorf("no such cell: %s of %g mm on slices of %g mm", c.Kind, c.DiameterMM, c.SliceMM)
	}
	r := rand.New(rand.NewPCG(1, uint64(c.DiameterMM*1000+c.SliceMM*100+c.AngleDeg)))
	side := c.DiameterMM + 20
	var out []Trial
	for range n {
		s := c.lesion(r)
		from := Stack(volume.Sagittal, Rotation(0, c.AngleDeg/2, c.AngleDeg/2), .6, c.SliceMM, int(side/.6), int(side/c.SliceMM), [3]float64{})
		outlined, err := Drawn(from, s)
		if err != nil {
			return nil, err
		}
		var on []int
		for z := range from.Size[2] {
			w := from.Size[0] * from.Size[1]
			if slices.ContainsFunc(outlined.Labels[z*w:][:w], func(l uint16) bool { return l != 0 }) {
				on = append(on, z)
			}
		}
		if len(on) == 0 {
			continue
		}
		for _, view := range []volume.View{volume.Axial, volume.Coronal} {
			to := Stack(view, Rotation(c.AngleDeg, c.AngleDeg/3, 0), PixelMM, c.SliceMM, int(side/PixelMM), int(side/c.SliceMM), [3]float64{.2, .1, .3})
			t := Trial{Outlined: outlined, Slices: len(on)}
			if t.Truth, err = Drawn(to, s); err != nil {
				return nil, err
			}
			if len(on) == 1 {
				plane := from.Affine.Apply([3]float64{0, 0, float64(on[0])})
				other, err := Drawn(to, Mirrored{s, plane, Normal(from)})
				if err != nil {
					return nil, err
				}
				a, na, _ := Points(t.Truth)
				if b, nb, _ := Points(other); na > 0 && nb > 0 {
					t.FloorMM = InPlane(to, a, b) / 2
				}
			}
			out = append(out, t)
		}
	}
	return out, nil
}

func (c Cell) lesion(r *rand.Rand) Solid {
	switch e := Random(r, c.DiameterMM); c.Kind {
	case "ball":
		e.Radius = [3]float64{c.DiameterMM / 2, c.DiameterMM / 2, c.DiameterMM / 2}
		return e
	case "ellipsoid":
		return e
	}
	return RandomLobes(r, c.DiameterMM)
}

// Summary is the mean agreement over trials.
type Summary struct {
	Trials  int `json:"trials"`
	Lost    int `json:"lost"`      // no voxel of the lesion came over; counted in Dice only
	Missing int `json:"not_there"` // the truth has no voxel in the target; not counted

	Dice      float64 `json:"dice"`
	MeanMM    float64 `json:"surface_mean_mm"`
	P95MM     float64 `json:"surface_p95_mm"`
	CentreMM  float64 `json:"centre_mm"`
	InPlaneMM float64 `json:"centre_in_plane_mm"`
	WorstMM   float64 `json:"centre_in_plane_worst_mm"`
	Volume    float64 `json:"volume_error"`               // mean share by which it is too large
	FloorMM   float64 `json:"floor_mm"`                   // of the mean of InPlaneMM: Trial.FloorMM
	OneSlice  float64 `json:"one_slice"`                  // share of the trials whose outline is on one slice
	SeveralMM float64 `json:"centre_in_plane_several_mm"` // InPlaneMM of the others
}

// Summarise carries the outline of each trial over, and holds it against the truth.
func Summarise(trials []Trial, carry func(outlined *volume.Mask, to volume.Grid) (*volume.Mask, error)) (Summary, error) {
	s := Summary{}
	met, several := 0.0, 0.0
	for _, t := range trials {
		if _, n, _ := Points(t.Truth); n == 0 {
			s.Missing++
			continue
		}
		got, err := carry(t.Outlined, t.Truth.Grid)
		if err != nil {
			return s, err
		}
		s.Trials++
		s.FloorMM += t.FloorMM
		if t.Slices == 1 {
			s.OneSlice++
		}
		a, ok := Compare(got, t.Truth)
		if !ok {
			s.Lost++
			continue
		}
		met++
		s.Dice += a.Dice
		s.MeanMM, s.P95MM = s.MeanMM+a.Mean, s.P95MM+a.P95
		s.CentreMM, s.InPlaneMM, s.WorstMM = s.CentreMM+a.Centre, s.InPlaneMM+a.InPlane, max(s.WorstMM, a.InPlane)
		s.Volume += a.Volume
		if t.Slices > 1 {
			several++
			s.SeveralMM += a.InPlane
		}
	}
	all := math.Max(1, float64(s.Trials))
	s.Dice, s.FloorMM, s.OneSlice = s.Dice/all, s.FloorMM/all, s.OneSlice/all
	s.SeveralMM /= math.Max(1, several)
	met = math.Max(1, met)
	for _, x := range []*float64{&s.MeanMM, &s.P95MM, &s.CentreMM, &s.InPlaneMM, &s.Volume} {
		*x /= met
	}
	return s, nil
}
