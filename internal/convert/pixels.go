package convert

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"magn/internal/dicom"
	"magn/internal/fault"
	"magn/internal/nifti"
)

// Convert reads a candidate's pixels. The image holds the stored values with
// slope and intercept where those are the same throughout, and float32 values
// where they differ from slice to slice. Multi-frame files stay open until Close.
func (s *Scan) Convert(ctx context.Context, c *Candidate) (*nifti.Image, error) {
	if c.Err != nil {
		return nil, c.Err
	}
	b := newBuilder(c)
	if int64(c.Grid.Size[0])*int64(c.Grid.Size[1])*int64(c.Grid.Size[2]) > maxVoxels {
		return nil, &fault.Input{File: c.Name, Found: fmt.Sprintf("%d×%d×%d voxels", c.Grid.Size[0], c.Grid.Size[1], c.Grid.Size[2]), Expected: fmt.Sprintf("at most %d", maxVoxels)}
	}
	b.raw = make([]byte, c.Grid.Len()*b.typ.Bytes())
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(s.opt.workers())
	for _, j := range jobs(c) {
		g.Go(func() error {
			if ctx.Err() != nil {
				return fault.ErrInterrupted
			}
			return s.fill(ctx, b, j)
		})
	}
	if err := g.Wait(); err != nil {
		if errors.Is(err, context.Canceled) {
			return nil, fault.ErrInterrupted
		}
		return nil, err
	}
	b.interpolate()
	return nifti.New(c.Grid, b.typ, b.slope, b.inter, b.raw)
}

// maxVoxels bounds a volume: 2,000 slices of 1024×1024.
const maxVoxels = 2 << 30

// job is slices that lie in one file, by k.
type job struct {
	file int32
	ks   []int
}

// jobPart is how many slices of one file a job takes at most.
const jobPart = 32

func jobs(c *Candidate) []job {
	ks := make([]int, 0, len(c.slices))
	for k, sl := range c.slices {
		if sl != nil {
			ks = append(ks, k)
		}
	}
	slices.SortStableFunc(ks, func(a, b int) int {
		x, y := c.slices[a], c.slices[b]
		return cmp.Or(cmp.Compare(x.file, y.file), cmp.Compare(x.frame, y.frame))
	})
	var out []job
	for _, k := range ks {
		sl := c.slices[k]
		if n := len(out); n > 0 && out[n-1].file == sl.file {
			last := c.slices[out[n-1].ks[len(out[n-1].ks)-1]]
			// A mosaic's tiles stay together: they are one frame.
			if len(out[n-1].ks) < jobPart || last.frame == sl.frame {
				out[n-1].ks = append(out[n-1].ks, k)
				continue
			}
		}
		out = append(out, job{sl.file, []int{k}})
	}
	return out
}

// fill reads a job's frames into the volume.
func (s *Scan) fill(ctx context.Context, b *builder, j job) error {
	path := s.Files[j.file].Path
	f, done, err := s.source(b.c.slices[j.ks[0]], path)
	if err != nil {
		return err
	}
	defer done()
	var values []int32
	frame := int32(-1)
	for _, k := range j.ks {
		if ctx.Err() != nil {
			return fault.ErrInterrupted
		}
		sl := b.c.slices[k]
		if sl.frame != frame {
			if values, err = f.Frame(ctx, int(sl.frame), s.opt.Decoder); err != nil {
				if m := (*fault.Missing)(nil); ctx.Err() != nil || errors.As(err, &m) {
					return err
				}
				return &fault.Input{File: path, Field: fmt.Sprintf("frame %d", sl.frame+1), Found: "pixels that cannot be read", Err: errors.New(reason(err, path))}
			}
			frame = sl.frame
		}
		if err := b.put(k, values); err != nil {
			return &fault.Input{File: path, Field: "(7FE0,0010) Pixel Data", Err: err, Do: "the file changed while it was read; run again"}
		}
	}
	return nil
}

// source is the open file of a slice, until done is called. One of many frames is
// kept for the next volume.
func (s *Scan) source(sl *slice, path string) (f *dicom.File, done func(), err error) {
	if sl.facts.Pixels.Frames > 1 {
		f, done, err = s.open.get(sl.file, path)
		if err != nil {
			done()
		}
		return f, done, err
	}
	if f, err = (dicom.Options{StopAtPixels: true}).Open(path); err != nil {
		return nil, nil, err
	}
	return f, func() { _ = f.Close() }, nil
}

// builder puts frames into a volume's bytes.
type builder struct {
	c            *Candidate
	typ          nifti.DataType
	slope, inter float64 // of the whole volume
	scaled       bool    // values are stored, not stored values: slopes differ
	invert       bool
	top          int64 // for invert: lowest and highest stored value together
	raw          []byte
}

func newBuilder(c *Candidate) *builder {
	p := c.Facts.Pixels
	b := &builder{c: c}
	stored := 1
	for _, sl := range c.slices {
		if sl != nil {
			stored = max(stored, sl.facts.Pixels.Stored)
		}
	}
	bits := uint(min(stored, 32))
	low, high := int64(0), int64(1)<<bits-1
	if p.Signed {
		low, high = -1<<(bits-1), 1<<(bits-1)-1
	}
	switch {
	case low >= 0 && high <= math.MaxUint8:
		b.typ = nifti.Uint8
	case low >= math.MinInt16 && high <= math.MaxInt16:
		b.typ = nifti.Int16
	case low >= 0 && high <= math.MaxUint16:
		b.typ = nifti.Uint16
	case low >= 0:
		b.typ = nifti.Uint32
	default:
		b.typ = nifti.Int32
	}
	// MONOCHROME1 shows low values bright. Numbers with a unit mean the same
	// either way, so they are left alone.
	b.invert, b.top = inverted(c.Facts), low+high
	first := true
	for _, sl := range c.slices {
		if sl == nil {
			continue
		}
		if first {
			b.slope, b.inter, first = sl.slope, sl.inter, false
		} else if sl.slope != b.slope || sl.inter != b.inter {
			b.scaled = true
		}
	}
	if b.scaled {
		b.typ, b.slope, b.inter = nifti.Float32, 1, 0
	}
	return b
}

// inverted says that a MONOCHROME1 image is turned round.
func inverted(f *Facts) bool {
	return f.Pixels.Photometric == "MONOCHROME1" && f.Modality != "CT" && f.Modality != "PT" && (f.RescaleType == "" || f.RescaleType == "US")
}

// put writes slice k from its frame's values.
func (b *builder) put(k int, values []int32) error {
	f, sl := b.c.Facts, b.c.slices[k]
	w, h := f.Cols, f.Rows
	stride, from, need := w, 0, w*h
	if sl.tile >= 0 {
		stride = w * f.TileColumns
		from = int(sl.tile)/f.TileColumns*h*stride + int(sl.tile)%f.TileColumns*w
		need = from + (h-1)*stride + w
	}
	if len(values) < need {
		return fmt.Errorf("%d values where %d were promised", len(values), need)
	}
	dst := b.raw[k*w*h*b.typ.Bytes():]
	for y := range h {
		b.row(dst[y*w*b.typ.Bytes():], values[from+y*stride:][:w], sl)
	}
	return nil
}

func (b *builder) row(dst []byte, src []int32, sl *slice) {
	le := binary.LittleEndian
	if b.scaled {
		for i, v := range src {
			x := float64(b.stored(v))
			le.PutUint32(dst[4*i:], math.Float32bits(float32(float64(x*sl.slope)+sl.inter)))
		}
		return
	}
	switch b.typ.Bytes() {
	case 1:
		for i, v := range src {
			dst[i] = byte(b.stored(v))
		}
	case 2:
		if !b.invert {
			for i, v := range src {
				le.PutUint16(dst[2*i:], uint16(v))
			}
			return
		}
		for i, v := range src {
			le.PutUint16(dst[2*i:], uint16(b.stored(v)))
		}
	default:
		for i, v := range src {
			le.PutUint32(dst[4*i:], uint32(b.stored(v)))
		}
	}
}

// stored is the value as it goes into the volume. 32-bit unsigned ones come
// wrapped into int32.
func (b *builder) stored(v int32) int64 {
	x := int64(v)
	if !b.c.Facts.Pixels.Signed {
		x = int64(uint32(v))
	}
	if b.invert {
		x = b.top - x
	}
	return x
}

// interpolate fills missing slices linearly between their neighbours, rounded to
// whole numbers where the type has only those.
func (b *builder) interpolate() {
	size := b.c.Grid.Size
	n := size[0] * size[1]
	for _, k := range b.c.Missing {
		lo, hi := k-1, k+1
		for b.c.slices[lo] == nil {
			lo--
		}
		for b.c.slices[hi] == nil {
			hi++
		}
		share := float64(k-lo) / float64(hi-lo)
		for i := range n {
			a, z := b.get(lo*n+i), b.get(hi*n+i)
			b.set(k*n+i, a+share*(z-a))
		}
	}
}

func (b *builder) get(i int) float64 {
	le := binary.LittleEndian
	switch b.typ {
	case nifti.Uint8:
		return float64(b.raw[i])
	case nifti.Int16:
		return float64(int16(le.Uint16(b.raw[2*i:])))
	case nifti.Uint16:
		return float64(le.Uint16(b.raw[2*i:]))
	case nifti.Int32:
		return float64(int32(le.Uint32(b.raw[4*i:])))
	case nifti.Uint32:
		return float64(le.Uint32(b.raw[4*i:]))
	}
	return float64(math.Float32frombits(le.Uint32(b.raw[4*i:])))
}

func (b *builder) set(i int, x float64) {
	le := binary.LittleEndian
	switch b.typ {
	case nifti.Uint8:
		b.raw[i] = byte(math.Round(x))
	case nifti.Int16, nifti.Uint16:
		le.PutUint16(b.raw[2*i:], uint16(int64(math.Round(x))))
	case nifti.Int32, nifti.Uint32:
		le.PutUint32(b.raw[4*i:], uint32(int64(math.Round(x))))
	default:
		le.PutUint32(b.raw[4*i:], math.Float32bits(float32(x)))
	}
}
