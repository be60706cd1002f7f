package convert

import (
	"cmp"
	"math"
	"slices"
)

// A key is a number of a slice's header that may tell apart slices which lie in
// the same place: the volumes of a four-dimensional series. They are tried in
// this order.
const (
	keyStation   = iota // where in its plane the slice begins; set while stacks are made
	keyDimension        // the multi-frame dimension indices that are not the place
	keyTemporal         // Temporal Position Identifier or Index
	keyB                // b-value
	keyGradient         // b-value and direction
	keyTrigger          // cardiac trigger time or delay
	keyTI
	keyFlip
	keyTR
	keyCoil
	keyAcquisition // Acquisition Number
	keyTime        // of acquisition
	keyContent     // of the image
	keyCount
)

// keyNames say what told volumes apart, and the letter in their names.
var keyNames = [keyCount]struct {
	name, letter string
	ranked       bool // where the values differ from slice to slice, their order counts: first, second …
}{
	keyStation:     {"place in the plane (station)", "p", false},
	keyDimension:   {"dimension index", "t", false},
	keyTemporal:    {"temporal position", "t", false},
	keyB:           {"b-value", "b", false},
	keyGradient:    {"diffusion direction", "d", false},
	keyTrigger:     {"trigger time", "t", true},
	keyTI:          {"inversion time", "i", false},
	keyFlip:        {"flip angle", "f", false},
	keyTR:          {"repetition time", "r", false},
	keyCoil:        {"receive coil", "c", false},
	keyAcquisition: {"acquisition number", "t", false},
	keyTime:        {"acquisition time", "t", true},
	keyContent:     {"content time", "t", true},
}

// places puts slices that lie in the same place together: by position along the
// normal, places in order, each place's slices sorted by nothing yet. Slices
// must have d set.
func places(stack []*slice) [][]*slice {
	slices.SortStableFunc(stack, func(a, b *slice) int { return cmp.Compare(a.d, b.d) })
	var out [][]*slice
	for i, s := range stack {
		if i > 0 && s.d-stack[i-1].d < samePlace {
			out[len(out)-1] = append(out[len(out)-1], s)
			continue
		}
		out = append(out, []*slice{s})
	}
	return out
}

// split parts the slices of places that hold more than one by key: into classes
// none of which has all of any place's slices where there are several. nil where
// the key does not tell them apart, or is a time that would mix b-values.
//
// Two ways count. The key has as many values in all as the fullest place has
// slices' values: then a value is a class. Or, for times, each place has that
// many: then the first of each place are a class, and so on.
func split(at [][]*slice, key int) [][]*slice {
	all := map[float64]int{}
	most, least := 0, math.MaxInt
	for _, p := range at {
		here := map[float64]bool{}
		for _, s := range p {
			v := s.keys[key]
			if math.IsNaN(v) {
				return nil
			}
			all[v]++
			here[v] = true
		}
		most, least = max(most, len(here)), min(least, len(here))
	}
	if most < 2 {
		return nil
	}
	classes := make([][]*slice, most)
	switch {
	case len(all) == most:
		values := make([]float64, 0, len(all))
		for v := range all {
			values = append(values, v)
		}
		slices.Sort(values)
		for _, p := range at {
			for _, s := range p {
				i, _ := slices.BinarySearch(values, s.keys[key])
				classes[i] = append(classes[i], s)
			}
		}
	case keyNames[key].ranked && least == most:
		for _, p := range at {
			p = slices.Clone(p)
			slices.SortStableFunc(p, func(a, b *slice) int { return cmp.Compare(a.keys[key], b.keys[key]) })
			rank := 0
			for i, s := range p {
				if i > 0 && s.keys[key] != p[i-1].keys[key] {
					rank++
				}
				classes[rank] = append(classes[rank], s)
			}
		}
	default:
		return nil
	}
	if keyNames[key].ranked && slices.ContainsFunc(classes, mixed) {
		return nil
	}
	return classes
}

// mixed says that slices of one volume-to-be have several b-values, directions or
// flip angles.
func mixed(list []*slice) bool {
	for _, key := range [...]int{keyGradient, keyFlip} {
		first := list[0].keys[key]
		for _, s := range list {
			if v := s.keys[key]; v != first && !(math.IsNaN(v) && math.IsNaN(first)) {
				return true
			}
		}
	}
	return false
}

// earliest is the smallest value of a time key among the slices; NaN where none
// says it.
func earliest(list []*slice, key int) float64 {
	t := nan
	for _, s := range list {
		if s != nil && !math.IsNaN(s.keys[key]) && !(s.keys[key] >= t) {
			t = s.keys[key]
		}
	}
	return t
}
