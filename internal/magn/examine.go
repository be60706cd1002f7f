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

// Exam is what becomes of an answer when its crop is changed along its map, and
// how the map lies to the outline by Otsu's cut, on one crop of one view's largest
// pair. Beside it the best fixed Gaussian, which looks at nothing.
type Exam struct {
	Case, Group string
	View        volume.View
	Crop        int    // 0 is centred on the lesion; 1 the first of the shifted crops
	Shift       [2]int // of the crop's middle, pixels right and down
	Otsu        Along  // IoU of the lesion and what lies above Otsu's threshold (1979)
	Deletion    Along  // mean probability of the predicted class while its strongest pixels are blackened first (Petsiuk 2018)
	Insertion   Along  // … while they are first to come back into a blurred crop
	True        TrueExam
}

// TrueExam is what an exam finds with the map of the true class, and the true
// class's probability, in the place of the predicted one's.
type TrueExam struct {
	Overlap
	Otsu, Deletion, Insertion float64
}

// Along is a number of the map's and the Gaussian's.
type Along struct{ Map, Gaussian float64 }

// examShifts is how many shifted crops a case and view is examined on: the first
// of those that its map is looked at on. One, since each takes as long as the
// centred one, and the cases' differ.
const examShifts = 1

// blurShare of a crop's side is the deviation of the blur that insertion begins
// with: nothing of a lesion is left.
const blurShare = 1.0 / 16

// Examine looks at held-out cases with the network that a unit left at path. The
// fixed Gaussians are as wide as fits the outlines of the training cases, as in
// the unit. The curves have steps+1 points, evenly spaced over the image's
// pixels. Nothing else is fitted.
func Examine(ctx context.Context, path string, train, test []cohort.Case, steps int, device string, threads int, report func(Event)) ([]Exam, error) {
	n, in, mode, err := openUnit(path, device, threads)
	if err != nil {
		return nil, err
	}
	defer n.Close()
	answers, err := evaluate(ctx, n, in, mode, test, examShifts)
	if err != nil {
		return nil, err
	}
	widths, err := in.widths(train)
	if err != nil {
		return nil, err
	}
	var out []Exam
	for done, a := range answers {
		report(Event{Stage: "maps", Done: float64(done) / float64(len(answers))})
		for v, view := range in.views {
			fixed := gaussian(in.training.Crop, widths[v])
			for i, shift := range append([][2]int{centred}, in.shifts(a.subject.Case, view, examShifts)...) {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				e := exam{net: n, in: in, mode: mode, answer: a, view: v, steps: steps, crop: i, shift: shift}
				row, err := e.run(view, fixed)
				if err != nil {
					return nil, err
				}
				out = append(out, row)
			}
		}
	}
	return out, nil
}

// widths are the Gaussians of the training cases, read without a network.
func (in *input) widths(train []cohort.Case) ([]float64, error) {
	var answers []answer
	for _, c := range train {
		s, err := in.get(c)
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer{subject: s})
	}
	widths, _ := in.gaussians(answers)
	return widths, nil
}

// exam is one crop of one view of one case.
type exam struct {
	net    *Net
	in     *input
	mode   torch.Mode
	answer answer
	view   int
	steps  int
	crop   int // 0, or that of a shifted crop
	shift  [2]int
}

func (e exam) run(view volume.View, fixed []float32) (Exam, error) {
	s, size := e.answer.subject, e.in.training.Crop
	p := s.views[e.view][0]
	image, flags := e.in.cut(p.middle(), e.shift), e.in.flags(p, e.shift)
	positive, truth := e.answer.logit > 0, s.Label == 1
	signed := e.answer.cams[e.view][e.crop]
	predicted := signed.rectified(positive).enlarge(size)
	row := Exam{
		Case: s.ID, Group: s.Group, View: view, Crop: e.crop, Shift: e.shift,
		Otsu: Along{otsuIoU(predicted, flags), otsuIoU(fixed, flags)},
	}
	black, soft := make([]float32, len(image)), blurred(image, size, blurShare*float64(size))
	var curves []changed
	along := func(m []float32, positive bool) {
		order := e.order(m, flags)
		curves = append(curves, changed{image, black, order, positive}, changed{soft, image, order, positive})
	}
	along(predicted, positive)
	along(fixed, positive)
	right := predicted
	if truth != positive {
		right = signed.rectified(truth).enlarge(size)
		along(right, truth)
	}
	areas, err := e.areas(curves)
	if err != nil {
		return row, err
	}
	row.Deletion, row.Insertion = Along{areas[0], areas[2]}, Along{areas[1], areas[3]}
	row.True = TrueExam{score(right, flags), otsuIoU(right, flags), areas[0], areas[1]}
	if truth != positive {
		row.True.Deletion, row.True.Insertion = areas[4], areas[5]
	}
	return row, nil
}

// order is the image's pixels, the map's strongest first; equal ones, as where
// a map is zero, in an order drawn by case and view.
func (e exam) order(m []float32, flags []uint8) []int {
	var pixels []int
	for i, f := range flags {
		if f&inImage != 0 {
			pixels = append(pixels, i)
		}
	}
	draw.New("examine", e.answer.subject.ID, e.in.views[e.view]).Shuffle(len(pixels), func(i, j int) { pixels[i], pixels[j] = pixels[j], pixels[i] })
	slices.SortStableFunc(pixels, func(a, b int) int { return cmp.Compare(m[b], m[a]) })
	return pixels
}

// changed is a crop that becomes another one, pixel by pixel, and the class whose
// probability is looked at.
type changed struct {
	from, to []float32
	order    []int
	positive bool
}

// at is the crop with a share of its pixels changed.
func (c changed) at(share float64) []float32 {
	out := slices.Clone(c.from)
	for _, i := range c.order[:int(math.Round(share*float64(len(c.order))))] {
		out[i] = c.to[i]
	}
	return out
}

// areas under the curves of a class's probability, by the trapezium rule. The
// crop stands in the place of the largest pair's centred one; the other pairs and
// views stay as they are: the head is linear, so that only this crop's term moves.
func (e exam) areas(curves []changed) ([]float64, error) {
	size, planes := e.in.training.Crop, e.in.channels()
	p := e.answer.subject.views[e.view][0]
	var images []float32
	add := func(middle []float32, shift [2]int) {
		for k, plane := range p.planes {
			if k == planes/2 {
				images = append(images, middle...)
			} else { // slices beside the one that is explained stay
				images = append(images, e.in.cut(plane, shift)...)
			}
		}
	}
	add(e.in.cut(p.middle(), centred), centred)
	for _, c := range curves {
		for k := range e.steps + 1 {
			add(c.at(float64(k)/float64(e.steps)), e.shift)
		}
	}
	area := planes * size * size
	var terms []float64
	for start := 0; start < len(images); start += evalBatch * area {
		part := images[start:min(start+evalBatch*area, len(images))]
		one := make([]answer, len(part)/area)
		c := chunk{view: e.view, images: part}
		for i := range one {
			one[i].terms = make([]float64, len(e.in.views))
			c.crops = append(c.crops, crop{of: i, term: true, cam: -1})
		}
		if err := e.net.evaluateChunk(e.mode, size, c, one); err != nil {
			return nil, err
		}
		for i := range c.crops {
			terms = append(terms, one[i].terms[e.view])
		}
	}
	pairs := float64(len(e.in.largest(e.answer.subject.views[e.view])))
	out := make([]float64, len(curves))
	for c := range curves {
		probability := func(i int) float64 {
			z := e.answer.logit + (terms[i]-terms[0])/pairs
			if !curves[c].positive {
				z = -z
			}
			return sigmoid(z)
		}
		at := 1 + c*(e.steps+1)
		for k := range e.steps {
			out[c] += (probability(at+k) + probability(at+k+1)) / 2 / float64(e.steps)
		}
	}
	return out, nil
}

// otsuIoU is the IoU of the lesion with what lies above Otsu's threshold of a map
// (256 levels between its smallest and its largest value); 0 for a map that is
// the same everywhere. Padding is left out.
func otsuIoU(m []float32, flags []uint8) float64 {
	scaled := unit(m)
	level := func(i int) int { return min(int(scaled[i]*256), 255) }
	var count [256]float64
	var n, total float64
	for i, f := range flags {
		if f&inImage != 0 {
			count[level(i)]++
			n++
			total += float64(level(i))
		}
	}
	cut, best, below, sum := -1, 0.0, 0.0, 0.0
	for l := range 255 {
		below += count[l]
		sum += count[l] * float64(l)
		if below == 0 || below == n {
			continue
		}
		d := sum/below - (total-sum)/(n-below)
		if between := below * (n - below) * d * d; between > best {
			best, cut = between, l
		}
	}
	if cut < 0 {
		return 0
	}
	var both, either float64
	for i, f := range flags {
		if f&inImage == 0 {
			continue
		}
		hot, in := level(i) > cut, f&inLesion != 0
		if hot && in {
			both++
		}
		if hot || in {
			either++
		}
	}
	return both / max(either, 1)
}

// blurred is an image under a Gaussian of deviation sigma pixels; beyond its edge
// it goes on as at the edge.
func blurred(image []float32, size int, sigma float64) []float32 {
	reach := int(math.Ceil(3 * sigma))
	kernel := make([]float32, 2*reach+1)
	var sum float32
	for i := range kernel {
		d := float64(i-reach) / sigma
		kernel[i] = float32(math.Exp(-d * d / 2))
		sum += kernel[i]
	}
	pass := func(in []float32, step, line int) []float32 {
		out := make([]float32, len(in))
		for y := range size {
			for x := range size {
				var v float32
				for k, w := range kernel {
					v += w * in[y*line+min(max(x+k-reach, 0), size-1)*step]
				}
				out[y*line+x*step] = v / sum
			}
		}
		return out
	}
	return pass(pass(image, 1, size), size, 1)
}
