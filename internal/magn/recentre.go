package magn

import (
	"cmp"
	"context"
	"math"
	"slices"

	"magn/internal/cohort"
	"magn/internal/draw"
	"magn/internal/torch"
	"magn/internal/volume"
)

// Centre says where crops are centred other than on the outline, to learn what
// an answer owes to where somebody drew. The zero value is the outline's.
type Centre struct {
	// Jitter is how far every crop is moved in its slice, in a direction drawn by
	// case, view, slice and lesion: mm, or pixels where the spacing is unknown.
	Jitter float64 `json:"jitter,omitempty"`
	// Point stands for a user who gives a point instead of an outline: of each
	// lesion one crop, on the slice through the middle of its box, centred there.
	Point bool `json:"point,omitempty"`
	// At is such a point, patient mm, RAS+; masks are not read.
	At *[3]float64 `json:"at,omitempty"`
}

// read is a stack with its outline, or with the point that stands for it; ok is
// false where the stack does not hold that.
func (c Centre) read(s cohort.Stack, view volume.View) (r cohort.Read, ok bool, err error) {
	if c.At != nil {
		return s.ReadAt(view, *c.At)
	}
	r, err = s.Read(view)
	return r, true, err
}

// Validate names the setting that cannot be used.
func (c Centre) Validate() error {
	if !within(c.Jitter, 0, 200) {
		return settingError("jitter", c.Jitter, "0 to 200 mm")
	}
	return nil
}

// place says which crops stand for a stack's lesions, and where.
func (c Centre) place(of cohort.Case, view volume.View, stack int, g volume.Grid, drawn []volume.Drawn) []volume.Drawn {
	if c.Point {
		drawn = points(drawn)
	}
	if c.Jitter == 0 {
		return drawn
	}
	pixel := [2]float64{1, 1}
	if g.SpacingKnown {
		mm := g.Spacing()
		pixel = [2]float64{mm[0], mm[1]}
	}
	drawn = slices.Clone(drawn)
	for i := range drawn {
		d := &drawn[i]
		angle := 2 * math.Pi * draw.New("jitter", of.ID, view, stack, d.Slice, d.Label).Float64()
		d.Centre[0] += int(math.Round(c.Jitter * math.Cos(angle) / pixel[0]))
		d.Centre[1] += int(math.Round(c.Jitter * math.Sin(angle) / pixel[1]))
	}
	return drawn
}

// points is one place a lesion: the middle of the box around all its slices. All
// count alike, since a point has no area.
func points(drawn []volume.Drawn) []volume.Drawn {
	byLabel := map[uint16][]volume.Drawn{}
	var labels []uint16
	for _, d := range drawn {
		if byLabel[d.Label] == nil {
			labels = append(labels, d.Label)
		}
		byLabel[d.Label] = append(byLabel[d.Label], d)
	}
	slices.Sort(labels)
	var out []volume.Drawn
	for _, l := range labels {
		of := byLabel[l]
		slices.SortFunc(of, func(a, b volume.Drawn) int { return cmp.Compare(a.Slice, b.Slice) })
		p := of[len(of)/2] // a slice that shows it, should others between not
		p.Area = 1
		for _, d := range of {
			p.Box[0], p.Box[1] = min(p.Box[0], d.Box[0]), min(p.Box[1], d.Box[1])
			p.Box[2], p.Box[3] = max(p.Box[2], d.Box[2]), max(p.Box[3], d.Box[3])
		}
		p.Centre = [2]int{(p.Box[0] + p.Box[2]) / 2, (p.Box[1] + p.Box[3]) / 2}
		out = append(out, p)
	}
	return out
}

// Recentred answers for cases with the network that a unit left at path, its
// crops centred as centre says. Nothing is fitted.
func Recentred(ctx context.Context, path string, centre Centre, cases []cohort.Case, device string, threads int) ([]Score, error) {
	if err := centre.Validate(); err != nil {
		return nil, err
	}
	n, in, mode, err := openUnit(path, device, threads)
	if err != nil {
		return nil, err
	}
	defer n.Close()
	in.centre = centre
	answers, err := evaluate(ctx, n, in, mode, cases, 0)
	if err != nil {
		return nil, err
	}
	var out []Score
	for _, a := range answers {
		out = append(out, a.score())
	}
	return out, nil
}

// openUnit opens the network that a unit left at path, with the input and the mode
// it was trained with.
func openUnit(path, device string, threads int) (*Net, *input, torch.Mode, error) {
	d, err := OpenDevice(device, threads)
	if err != nil {
		return nil, nil, torch.Mode{}, err
	}
	n, info, err := OpenModel(path, d)
	if err != nil {
		return nil, nil, torch.Mode{}, err
	}
	return n, newInput(info.Network.Views, info.Training), torch.Mode{BF16: info.Training.Precision == "bf16"}, nil
}

func (a answer) score() Score {
	return Score{a.subject.ID, a.subject.Group, a.subject.Label, a.logit, sigmoid(a.logit)}
}
