package radiomics

import (
	"context"
	"fmt"
	"math"
	"strings"
)

// waveletBands calls yield with the bands of the undecimated wavelet transform
// of the image, each cut to the box: at every level those with a high-pass
// letter, in the order LLH, LHL, LHH, HLL …, the first letter being that of
// x; after the last level the approximation LLL. From the second level on the
// number stands behind the word: wavelet2-LLH.
//
// It is PyRadiomics' transform: each level is pywt.swtn with level=1 of the
// approximation before, so that filters do not widen from level to level; an
// odd axis gets its first voxel once more behind its last and the rest is
// periodic; StartLevel approximations come before the first level; Force2D
// leaves out the axis across the slices. Values of a float32 image are computed
// in float32, as pywt does, others in float64, and sums in pywt's order.
func (im *Image) waveletBands(ctx context.Context, b box, o *Options, workers int, yield func(name string, values []float64) error) error {
	if im.Type == Float32 {
		return waveletBands[float32](ctx, im, b, o, workers, yield)
	}
	return waveletBands[float64](ctx, im, b, o, workers, yield)
}

// swt is one transform.
type swt[T float32 | float64] struct {
	axes      []int // along which bands are split, 0 for x
	low, high []T   // decomposition filters, of even length
	padded    [3]int
	workers   int
}

// part is a piece of an image. Along an axis that is whole it holds all padded
// voxels; along any other low is its first voxel, which may lie before the
// image's: what it holds from there is the periodic continuation.
type part[T float32 | float64] struct {
	values []T
	low    [3]int
	size   [3]int
	whole  [3]bool
}

func waveletBands[T float32 | float64](ctx context.Context, im *Image, b box, o *Options, workers int, yield func(string, []float64) error) error {
	low, high, err := waveletFilters(o.Wavelet)
	if err != nil {
		return err
	}
	s := &swt[T]{low: convert[T](low), high: convert[T](high), workers: workers}
	if strings.HasPrefix(o.Wavelet, "coif") {
		// PyWavelets' table has coiflets without the factor √2, which rounds
		// them twice in single precision.
		s.low, s.high = twice(s.low, low), twice(s.high, high)
	}
	for a := range 3 {
		s.padded[a] = im.Size[a] + im.Size[a]%2
		if !o.Force2D || a != 2-o.Force2DDimension {
			s.axes = append(s.axes, a)
		}
	}
	approximation := s.start(im, b, o.StartLevel+o.Level)
	last := ""
	for level := range o.StartLevel + o.Level {
		prefix := "wavelet-"
		if n := level - o.StartLevel + 1; n > 1 {
			prefix = fmt.Sprintf("wavelet%d-", n)
		}
		last = prefix
		var next *part[T]
		err := s.split(ctx, approximation, 0, "", level < o.StartLevel, func(name string, p *part[T]) error {
			if next == nil { // the first is the approximation
				next = p
				return nil
			}
			return yield(prefix+name, p.take(b))
		})
		if err != nil {
			return err
		}
		approximation = next
	}
	return yield(last+"LLL"[:len(s.axes)], approximation.take(b))
}

// start is the part of the image that steps transforms of the box depend on.
func (s *swt[T]) start(im *Image, b box, steps int) *part[T] {
	f := len(s.low)
	p := &part[T]{low: b.low, size: b.size}
	for _, a := range s.axes {
		before, after := (f-1-f/2)*steps, f/2*steps
		if n := b.size[a] + before + after; n < s.padded[a] {
			p.low[a], p.size[a] = b.low[a]-before, n
		} else {
			p.low[a], p.size[a], p.whole[a] = 0, s.padded[a], true
		}
	}
	// source is the image's voxel for each of the part's along an axis.
	var source [3][]int
	for a := range 3 {
		for i := range p.size[a] {
			n := (p.low[a] + i + s.padded[a]) % s.padded[a]
			if n == im.Size[a] {
				n = 0 // the wrapped voxel of an odd axis
			}
			source[a] = append(source[a], n)
		}
	}
	p.values = make([]T, 0, voxels(p.size))
	for _, z := range source[2] {
		for _, y := range source[1] {
			row := im.Values[im.Size[0]*(y+im.Size[1]*z):]
			for _, x := range source[0] {
				p.values = append(p.values, T(row[x]))
			}
		}
	}
	return p
}

// split filters p along the axes from number n on and calls leaf with each
// band, the approximation first. only leaves out all bands but that.
func (s *swt[T]) split(ctx context.Context, p *part[T], n int, name string, only bool, leaf func(string, *part[T]) error) error {
	if n == len(s.axes) {
		return leaf(name, p)
	}
	low, high, err := s.pass(ctx, p, s.axes[n], only)
	if err != nil {
		return err
	}
	if err := s.split(ctx, low, n+1, name+"L", only, leaf); err != nil || only {
		return err
	}
	return s.split(ctx, high, n+1, name+"H", only, leaf)
}

// pass filters along one axis with the low-pass filter and, unless only that is
// wanted, the high-pass filter.
func (s *swt[T]) pass(ctx context.Context, p *part[T], axis int, only bool) (low, high *part[T], err error) {
	f := len(s.low)
	out := *p
	if !p.whole[axis] {
		out.low[axis] += f - 1 - f/2
		out.size[axis] -= f - 1
	}
	taps := s.taps(p, &out, axis)
	lo, hi := out, out
	lo.values = make([]T, voxels(out.size))
	if !only {
		hi.values = make([]T, voxels(out.size))
	}
	w, h, d := out.size[0], out.size[1], out.size[2]
	pw, ph := p.size[0], p.size[1]
	err = slabs(ctx, s.workers, h*d, func(_, from, to int) {
		for r := from; r < to; r++ {
			y, z := r%h, r/h
			l := lo.values[r*w:][:w]
			var g []T
			if !only {
				g = hi.values[r*w:][:w]
			}
			switch axis {
			case 0:
				alongRow(l, g, p.values[r*pw:][:pw], taps, s.low, s.high)
			case 1:
				acrossRows(l, g, p.values[z*pw*ph:], pw, taps[y*f:][:f], s.low, s.high)
			default:
				acrossRows(l, g, p.values[y*pw:], pw*ph, taps[z*f:][:f], s.low, s.high)
			}
		}
	})
	return &lo, &hi, err
}

// tap is one term of a sum: which filter coefficient, and which input voxel.
type tap struct{ coefficient, input int32 }

// taps lists for each output voxel along the axis the terms of its sum: output
// o is the sum over j of filter[j] * input[o+F/2-j], periodic, in the order of
// pywt's downsampling_convolution_periodization, which differs for the last F/2
// outputs of the whole axis.
func (s *swt[T]) taps(in, out *part[T], axis int) []tap {
	f, n := len(s.low), s.padded[axis]
	taps := make([]tap, 0, f*out.size[axis])
	for o := range out.size[axis] {
		global := ((out.low[axis]+o)%n + n) % n
		last := global + f/2 // the input that filter[0] meets
		add := func(j, input int) {
			if !in.whole[axis] {
				input = o + f - 1 - j
			}
			taps = append(taps, tap{int32(j), int32(input)})
		}
		if last < n {
			for j := range f {
				add(j, ((last-j)%n+n)%n)
			}
			continue
		}
		j := 0
		for last-j >= n {
			for k := 0; k < n && last-j >= n; k++ {
				add(last-n-j, k)
				j++
			}
		}
		for ; j < f; j++ {
			add(j, ((last-j)%n+n)%n)
		}
	}
	return taps
}

// alongRow filters one row.
func alongRow[T float32 | float64](low, high, row []T, taps []tap, lf, hf []T) {
	f := len(lf)
	for o := range low {
		var l, h T
		for _, t := range taps[o*f:][:f] {
			x := row[t.input]
			l += T(lf[t.coefficient] * x)
			h += T(hf[t.coefficient] * x)
		}
		low[o] = l
		if high != nil {
			high[o] = h
		}
	}
}

// acrossRows makes one row out of the rows that start every stride elements.
func acrossRows[T float32 | float64](low, high, rows []T, stride int, taps []tap, lf, hf []T) {
	w := len(low)
	// Two terms at a time: half as many passes over what was summed so far.
	for t := 0; t < len(taps); t += 2 {
		a, b := rows[int(taps[t].input)*stride:][:w], rows[int(taps[t+1].input)*stride:][:w]
		la, lb := lf[taps[t].coefficient], lf[taps[t+1].coefficient]
		if high == nil {
			for i := range low {
				low[i] = low[i] + T(la*a[i]) + T(lb*b[i])
			}
			continue
		}
		ha, hb := hf[taps[t].coefficient], hf[taps[t+1].coefficient]
		high := high[:w]
		for i := range low {
			x, y := a[i], b[i]
			low[i] = low[i] + T(la*x) + T(lb*y)
			high[i] = high[i] + T(ha*x) + T(hb*y)
		}
	}
}

// take is the box of a part that holds it.
func (p *part[T]) take(b box) []float64 {
	for a := range 3 {
		b.low[a] -= p.low[a]
	}
	return convert[float64](takeBox(b, p.values, p.size))
}

func twice[T float32 | float64](single []T, filter []float64) []T {
	root := T(math.Sqrt2)
	if float64(root) == math.Sqrt2 {
		return single // double precision keeps the filter
	}
	out := make([]T, len(filter))
	for i, c := range filter {
		out[i] = T(c/math.Sqrt2) * root
	}
	return out
}

func convert[To, From float32 | float64](values []From) []To {
	out := make([]To, len(values))
	for i, x := range values {
		out[i] = To(x)
	}
	return out
}
