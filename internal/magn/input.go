package magn

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/volume"
)

// pair is one lesion on one slice with a patch around it: wide enough that
// a crop can be shifted and turned within it. Grey values are scaled so that the
// window's lower and upper end are 0 and 65535; padding is 0, the lower end.
type pair struct {
	area  int
	image []uint16 // side×side, row 0 at the top
	mask  []uint8  // 1: a lesion, 2: inside the image (padding is not)
}

const (
	inLesion = 1
	inImage  = 2
)

// subject is a case made ready: its pairs by view, the largest first.
type subject struct {
	cohort.Case
	views [][]pair // by the network's views
}

// input prepares cases: each one is read once, on first need, and kept.
type input struct {
	views    []volume.View
	training Training
	side     int // of a patch
	mu       *sync.Mutex
	ready    map[string]func() (*subject, error)
}

func newInput(views []volume.View, t Training) *input {
	// The farthest corner of a crop that is shifted and turned, on both sides.
	half := float64(t.Crop)/2 + float64(t.Shift)
	rad := t.Rotate * math.Pi / 180
	side := 2 * int(math.Ceil(half*(math.Cos(rad)+math.Sin(rad))+1))
	return &input{views: views, training: t, side: side, mu: new(sync.Mutex), ready: map[string]func() (*subject, error){}}
}

// get is the prepared case; several callers of one case wait for one reading.
func (in *input) get(c cohort.Case) (*subject, error) {
	in.mu.Lock()
	f, ok := in.ready[c.Dir]
	if !ok {
		f = sync.OnceValues(func() (*subject, error) { return in.prepare(c) })
		in.ready[c.Dir] = f
	}
	in.mu.Unlock()
	return f()
}

func (in *input) prepare(c cohort.Case) (*subject, error) {
	s := &subject{Case: c}
	for _, view := range in.views {
		pairs, err := in.pairs(c, view)
		if err != nil {
			return nil, err
		}
		s.views = append(s.views, pairs)
	}
	return s, nil
}

// pairs of one view, over all its stacks.
func (in *input) pairs(c cohort.Case, view volume.View) ([]pair, error) {
	var out []pair
	stacks := c.Stacks(view)
	if len(stacks) == 0 {
		return nil, &fault.Input{File: c.Dir, Field: view.String(), Found: "no volume of this view", Expected: view.String() + ".nii.gz", Do: "leave the case out, or use a model of the views that it has"}
	}
	for _, stack := range stacks {
		r, err := stack.Read(view)
		if err != nil {
			return nil, err
		}
		image, mask := r.Image, r.Mask
		if in.training.PixelMM > 0 {
			image, mask = image.ResampleInPlane(in.training.PixelMM), mask.ResampleInPlane(in.training.PixelMM)
		}
		var lo, hi float32
		if r.ScaledBy != cohort.BySlice {
			lo, hi = volume.Window(image.Data)
		}
		for _, d := range mask.Drawn() {
			plane := image.Slice(d.Slice)
			if r.ScaledBy == cohort.BySlice {
				lo, hi = volume.Window(plane.Pix)
			}
			out = append(out, in.patch(plane, mask, d, lo, hi))
		}
	}
	if len(out) == 0 {
		return nil, &fault.Input{File: stacks[0].Mask, Field: "voxels", Found: fmt.Sprintf("no lesion left at %g mm a pixel", in.training.PixelMM), Expected: "a lesion in every view"}
	}
	slices.SortStableFunc(out, func(a, b pair) int { return b.area - a.area })
	return out, nil
}

func (in *input) patch(plane volume.Plane, mask *volume.Mask, d volume.Drawn, lo, hi float32) pair {
	crop := plane.Crop(d.Centre[0], d.Centre[1], in.side, lo)
	lesion, inside := mask.CropLabels(d.Slice, d.Centre[0], d.Centre[1], in.side)
	p := pair{area: d.Area, image: make([]uint16, len(crop.Pix)), mask: make([]uint8, len(crop.Pix))}
	scale := float32(0)
	if hi > lo {
		scale = 65535 / (hi - lo)
	}
	for i, x := range crop.Pix {
		p.image[i] = uint16(min(max((x-lo)*scale, 0), 65535) + 0.5)
		if lesion[i] {
			p.mask[i] |= inLesion
		}
		if inside[i] {
			p.mask[i] |= inImage
		}
	}
	return p
}

// largest are the pairs that evaluation looks at.
func (in *input) largest(pairs []pair) []pair {
	return pairs[:min(in.training.Slices, len(pairs))]
}

// centred cuts the evaluation crop out of a patch: image 0…1 and flags.
func (in *input) centred(p pair) (image []float32, flags []uint8) {
	n := in.training.Crop
	image, flags = make([]float32, n*n), make([]uint8, n*n)
	at := (in.side - n) / 2
	for y := range n {
		from := (at+y)*in.side + at
		for x := range n {
			image[y*n+x] = float32(p.image[from+x]) / 65535
			flags[y*n+x] = p.mask[from+x]
		}
	}
	return image, flags
}
