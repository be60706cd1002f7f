package nrrd

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"magn/internal/fault"
	"magn/internal/volume"
)

// Volume is the image as float32. It is an error where a voxel has several
// values, or one that is NaN or infinite or becomes so in float32; the first
// such voxel is named.
func (im *Image) Volume() (*volume.Volume, error) {
	if im.Layers > 1 {
		return nil, &fault.Input{
			File: im.name, Field: "sizes", Found: fmt.Sprintf("%d values a voxel", im.Layers), Expected: "one value a voxel",
			Do: "a segmentation is a mask; of a colour or time series image take one channel",
		}
	}
	data := make([]float32, im.Len())
	at := im.reader()
	for i := range data {
		data[i] = float32(at(i))
		if x := data[i]; x-x != 0 { // NaN or infinite
			return nil, &fault.Input{File: im.name, Field: im.voxel(i), Found: fmt.Sprint(at(i)), Expected: "a finite number", Do: "mend the image: a voxel without a value cannot be used"}
		}
	}
	return &volume.Volume{Grid: im.Grid, Data: data}, nil
}

// Float64s is the image's values, layer by layer. Integers beyond 2^53 are
// rounded.
func (im *Image) Float64s() []float64 {
	at := im.reader()
	out := make([]float64, len(im.raw)/im.Type.Bytes())
	for i := range out {
		out[i] = at(i)
	}
	return out
}

// Mask is the image as labels. Where the file lists segments each has its
// Segment.Label; names (or IDs) choose some of them, none means all. A voxel
// that two segments share goes to the smaller one, which would otherwise vanish
// inside the larger: shared says how many there are.
//
// It is an error where a voxel is no whole number from 0 to 65535, where it has
// several values that no segments explain, and where a layer holds a value that
// is no segment's.
func (im *Image) Mask(names ...string) (m *volume.Mask, shared int, err error) {
	if im.Segments == nil && im.Layers > 1 {
		return nil, 0, &fault.Input{File: im.name, Field: "sizes", Found: fmt.Sprintf("%d values a voxel and no list of segments", im.Layers), Expected: "a label map, or a segmentation of 3D Slicer"}
	}
	if im.Segments == nil && len(names) > 0 {
		return nil, 0, &fault.Input{File: im.name, Field: "segments", Found: "none", Expected: strings.Join(names, ", ")}
	}
	n := im.Len()
	values, err := im.labels()
	if err != nil {
		return nil, 0, err
	}
	if im.Segments == nil {
		return &volume.Mask{Grid: im.Grid, Labels: values}, 0, nil
	}
	chosen, err := im.choose(names)
	if err != nil {
		return nil, 0, err
	}
	counts, err := im.count(values)
	if err != nil {
		return nil, 0, err
	}
	slices.SortStableFunc(chosen, func(a, b Segment) int { return counts[key(b)] - counts[key(a)] })
	m = &volume.Mask{Grid: im.Grid, Labels: make([]uint16, n)}
	for _, s := range chosen {
		for i, v := range values[s.Layer*n:][:n] {
			if v != s.Value {
				continue
			}
			if m.Labels[i] != 0 {
				shared++
			}
			m.Labels[i] = s.Label
		}
	}
	return m, shared, nil
}

// labels is every layer's values.
func (im *Image) labels() ([]uint16, error) {
	values := make([]uint16, len(im.raw)/im.Type.Bytes())
	if im.Type == Uint8 {
		for i, x := range im.raw {
			values[i] = uint16(x)
		}
		return values, nil
	}
	at := im.reader()
	for i := range values {
		x := at(i)
		if !(x >= 0 && x <= math.MaxUint16) || x != math.Trunc(x) {
			return nil, &fault.Input{
				File: im.name, Field: im.voxel(i % im.Len()), Found: fmt.Sprint(x), Expected: "a label: a whole number from 0 to 65535",
				Do: "is this the image rather than its mask, or a mask that was interpolated?",
			}
		}
		values[i] = uint16(x)
	}
	return values, nil
}

// place is where a segment's voxels are found.
type place struct {
	layer int
	value uint16
}

func key(s Segment) place { return place{s.Layer, s.Value} }

// count is the number of voxels of each segment.
func (im *Image) count(values []uint16) (map[place]int, error) {
	counts := map[place]int{}
	n := im.Len()
	for layer := range im.Layers {
		var c [math.MaxUint16 + 1]int
		for _, v := range values[layer*n:][:n] {
			c[v]++
		}
		for v := 1; v < len(c); v++ {
			p := place{layer, uint16(v)}
			if c[v] > 0 && !slices.ContainsFunc(im.Segments, func(s Segment) bool { return key(s) == p }) {
				return nil, &fault.Input{File: im.name, Field: "segments", Found: fmt.Sprintf("%d voxels of value %d in layer %d", c[v], v, layer), Expected: "values of the segments that the header lists"}
			}
			counts[p] = c[v]
		}
	}
	return counts, nil
}

// choose is the segments with the given names or IDs.
func (im *Image) choose(names []string) ([]Segment, error) {
	if len(names) == 0 {
		return slices.Clone(im.Segments), nil
	}
	var chosen []Segment
	for _, name := range names {
		at := slices.IndexFunc(im.Segments, func(s Segment) bool { return s.Name == name || s.ID == name })
		if at < 0 {
			var have []string
			for _, s := range im.Segments {
				have = append(have, strconv.Quote(s.Name))
			}
			return nil, &fault.Input{File: im.name, Field: "segments", Found: strings.Join(have, ", "), Expected: strconv.Quote(name)}
		}
		chosen = append(chosen, im.Segments[at])
	}
	return chosen, nil
}

// reader gives value i, layer after layer.
func (im *Image) reader() func(i int) float64 {
	le, b := binary.LittleEndian, im.raw
	switch im.Type {
	case Uint8:
		return func(i int) float64 { return float64(b[i]) }
	case Int8:
		return func(i int) float64 { return float64(int8(b[i])) }
	case Uint16:
		return func(i int) float64 { return float64(le.Uint16(b[2*i:])) }
	case Int16:
		return func(i int) float64 { return float64(int16(le.Uint16(b[2*i:]))) }
	case Uint32:
		return func(i int) float64 { return float64(le.Uint32(b[4*i:])) }
	case Int32:
		return func(i int) float64 { return float64(int32(le.Uint32(b[4*i:]))) }
	case Float32:
		return func(i int) float64 { return float64(math.Float32frombits(le.Uint32(b[4*i:]))) }
	case Uint64:
		return func(i int) float64 { return float64(le.Uint64(b[8*i:])) }
	case Int64:
		return func(i int) float64 { return float64(int64(le.Uint64(b[8*i:]))) }
	default: // Float64; Read lets no other type in
		return func(i int) float64 { return math.Float64frombits(le.Uint64(b[8*i:])) }
	}
}
