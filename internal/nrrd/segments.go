package nrrd

import (
	"fmt"
	"strconv"

	"magn/internal/fault"
)

// readSegments takes the segments out of the keys that 3D Slicer writes:
// Segment0_ID, Segment0_Name, Segment0_Layer, Segment0_LabelValue, Segment1_…
// Files of before version 4.11 have one layer a segment and neither of the last
// two (Slicer developer guide, "Segmentation file format").
func (im *Image) readSegments() error {
	values := map[uint16]bool{}
	for n := 0; ; n++ {
		prefix := fmt.Sprintf("Segment%d_", n)
		id, ok := im.Keys[prefix+"ID"]
		name, named := im.Keys[prefix+"Name"]
		if !ok && !named {
			break
		}
		if !named {
			name = id
		}
		s := Segment{ID: id, Name: name, Value: 1}
		layer, hasLayer := im.Keys[prefix+"Layer"]
		switch {
		case hasLayer:
			l, err := strconv.Atoi(layer)
			if err != nil || l < 0 || l >= im.Layers {
				return im.badKey(prefix+"Layer", fmt.Sprintf("a whole number below %d, the number of layers", im.Layers))
			}
			s.Layer = l
		case im.Layers > 1:
			if s.Layer = n; n >= im.Layers {
				return im.badKey(prefix+"Layer", "one layer a segment, or the number of its layer")
			}
		}
		if value, ok := im.Keys[prefix+"LabelValue"]; ok {
			v, err := strconv.ParseUint(value, 10, 16)
			if err != nil || v == 0 {
				return im.badKey(prefix+"LabelValue", "a whole number from 1 to 65535")
			}
			s.Value = uint16(v)
		}
		for _, o := range im.Segments {
			if key(o) == key(s) {
				return im.badKey(prefix+"LabelValue", fmt.Sprintf("another one than that of segment %q in the same layer", o.ID))
			}
		}
		values[s.Value] = true
		im.Segments = append(im.Segments, s)
		if len(im.Segments) > 1<<10 {
			return &fault.Input{File: im.name, Field: "segments", Found: "more than 1024", Expected: "lesions"}
		}
	}
	for i := range im.Segments {
		s := &im.Segments[i]
		if s.Label = s.Value; len(values) < len(im.Segments) {
			s.Label = uint16(i + 1)
		}
	}
	return nil
}

func (im *Image) badKey(k, expected string) error {
	return &fault.Input{File: im.name, Field: k, Found: quoted(im.Keys[k]), Expected: expected}
}
