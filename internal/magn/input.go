package magn

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"magn/internal/cohort"
	"magn/internal/draw"
	"magn/internal/fault"
	"magn/internal/volume"
)

// pair is one lesion on one slice with a patch around it: wide enough that
// a crop can be shifted and turned within it. Grey values are scaled so that the
// window's lower and upper end are 0 and 65535; padding is 0, the lower end.
type pair struct {
	area   int
	planes [][]uint16 // the slice, side×side, row 0 at the top; or the slice before, itself and the one after
	mask   []uint8    // 1: a lesion, 2: inside the image (padding is not)
}

// middle is the plane that the lesion was drawn on.
func (p pair) middle() []uint16 { return p.planes[len(p.planes)/2] }

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
	centre   Centre
	side     int // of a patch
	mu       *sync.Mutex
	ready    map[string]func() (*subject, error)
}

func newInput(views []volume.View, t Training) *input {
	// The farthest corner of a crop that is shifted and turned, on both sides.
	half := float64(t.Crop)/2 + float64(t.Shift)
	rad := t.Rotate * math.Pi / 180
	side := 2 * int(math.Ceil(half*(math.Cos(rad)+math.Sin(rad))+1))
	side = max(side, t.Crop+2*t.mapShift())
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
	for n, stack := range stacks {
		r, ok, err := in.centre.read(stack, view)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		image, mask := r.Image, r.Mask
		if in.training.PixelMM > 0 {
			if err := in.affordable(stack.Image, image.Grid); err != nil {
				return nil, err
			}
			image, mask = image.ResampleInPlane(in.training.PixelMM), mask.ResampleInPlane(in.training.PixelMM)
		}
		if in.centre.At != nil { // one voxel may be lost between two of another size
			if at, ok := image.At(*in.centre.At); ok {
				mask = volume.PointMask(image.Grid, at)
			}
		}
		drawn := mask
		if in.training.Lesions == LesionsMerged {
			drawn = merged(mask)
		}
		window := windows(image, r.ScaledBy == cohort.BySlice)
		for _, d := range in.centre.place(c, view, n, mask.Grid, drawn.Drawn()) {
			p := in.maskPatch(mask, d)
			for _, k := range in.slicesOf(d.Slice, image.Size[2]) {
				lo, hi := window(k)
				p.planes = append(p.planes, in.imagePatch(image.Slice(k), d, lo, hi))
			}
			out = append(out, p)
		}
	}
	if len(out) == 0 && in.centre.At != nil {
		return nil, &fault.Input{File: c.Dir, Field: view.String(), Found: fmt.Sprintf("no stack that holds the point %v", *in.centre.At), Expected: "a point in patient millimetres (RAS+, as NIfTI counts them) within a stack of every view"}
	}
	if len(out) == 0 {
		return nil, &fault.Input{File: stacks[0].Mask, Field: "voxels", Found: fmt.Sprintf("no lesion left at %g mm a pixel", in.training.PixelMM), Expected: "a lesion in every view"}
	}
	slices.SortStableFunc(out, func(a, b pair) int { return b.area - a.area })
	return out, nil
}

// maxPixels bounds a resampled slice: a header may claim any spacing.
const maxPixels = 8192

func (in *input) affordable(path string, g volume.Grid) error {
	if !g.SpacingKnown {
		return nil
	}
	mm := g.Spacing()
	for axis := range 2 {
		if n := float64(g.Size[axis]) * mm[axis] / in.training.PixelMM; !within(n, 0.5, maxPixels) {
			return &fault.Input{
				File: path, Field: "spacing", Found: fmt.Sprintf("%g mm, %.0f pixels a side at %g mm", mm[axis], n, in.training.PixelMM),
				Expected: fmt.Sprintf("at most %d pixels", maxPixels), Do: "mend the header's unit or spacing, or set training.pixel_mm",
			}
		}
	}
	return nil
}

// merged is the mask with all lesions as one.
func merged(m *volume.Mask) *volume.Mask {
	out := &volume.Mask{Grid: m.Grid, Labels: make([]uint16, len(m.Labels))}
	for i, l := range m.Labels {
		out.Labels[i] = min(l, 1)
	}
	return out
}

// windows gives each slice's grey window: that of the stack, or the slice's own
// where the slices were scaled one by one. Each is computed once.
func windows(image *volume.Volume, bySlice bool) func(k int) (lo, hi float32) {
	type window struct{ lo, hi float32 }
	known := map[int]window{}
	return func(k int) (float32, float32) {
		pix := image.Data
		if bySlice {
			pix = image.Slice(k).Pix
		} else {
			k = -1
		}
		w, ok := known[k]
		if !ok {
			w.lo, w.hi = volume.Window(pix)
			known[k] = w
		}
		return w.lo, w.hi
	}
}

// channels is how many planes go into the network.
func (in *input) channels() int {
	if in.training.Channels == ChannelsAdjacent {
		return 3
	}
	return 1
}

// slicesOf are the slices of slice k's planes; a stack's first and last stand in
// for the neighbours that they lack.
func (in *input) slicesOf(k, slices int) []int {
	if in.channels() == 1 {
		return []int{k}
	}
	return []int{max(k-1, 0), k, min(k+1, slices-1)}
}

func (in *input) imagePatch(plane volume.Plane, d volume.Drawn, lo, hi float32) []uint16 {
	crop := plane.Crop(d.Centre[0], d.Centre[1], in.side, lo)
	out := make([]uint16, len(crop.Pix))
	scale := float32(0)
	if hi > lo {
		scale = 65535 / (hi - lo)
	}
	for i, x := range crop.Pix {
		out[i] = uint16(min(max((x-lo)*scale, 0), 65535) + 0.5)
	}
	return out
}

func (in *input) maskPatch(mask *volume.Mask, d volume.Drawn) pair {
	lesion, inside := mask.CropLabels(d.Slice, d.Centre[0], d.Centre[1], in.side)
	p := pair{area: d.Area, mask: make([]uint8, len(lesion))}
	for i := range lesion {
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

// centred is the shift of the crop that evaluation looks at.
var centred = [2]int{}

// mapShift is how far a crop is moved off the lesion, at most, to see whether
// its map follows: 64 pixels of 256.
func (t Training) mapShift() int { return t.Crop / 4 }

// shifts are the crops beside the centred one that a case's map is looked at on:
// evenly drawn whole pixels x, y by case and view, the same for every arm, fold
// and seed.
func (in *input) shifts(c cohort.Case, view volume.View, count int) [][2]int {
	r, most := draw.New("map shift", c.ID, view), in.training.mapShift()
	out := make([][2]int, count)
	for i := range out {
		out[i] = [2]int{r.IntN(2*most+1) - most, r.IntN(2*most+1) - most}
	}
	return out
}

// cut takes an evaluation crop out of a plane, its middle moved by shift to the
// right and down: grey 0…1.
func (in *input) cut(plane []uint16, shift [2]int) []float32 {
	n := in.training.Crop
	out := make([]float32, n*n)
	left, top := (in.side-n)/2+shift[0], (in.side-n)/2+shift[1]
	for y := range n {
		for x, v := range plane[(top+y)*in.side+left:][:n] {
			out[y*n+x] = float32(v) / 65535
		}
	}
	return out
}

// flags are a pair's mask on the crop that cut takes.
func (in *input) flags(p pair, shift [2]int) []uint8 {
	n := in.training.Crop
	out := make([]uint8, 0, n*n)
	left, top := (in.side-n)/2+shift[0], (in.side-n)/2+shift[1]
	for y := range n {
		out = append(out, p.mask[(top+y)*in.side+left:][:n]...)
	}
	return out
}
