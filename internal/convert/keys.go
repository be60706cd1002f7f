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
	keyNumber           // Philips' number of b-value and gradient orientation
	keyLabel            // ASL: control, label, calibration
	keyTrigger          // cardiac trigger time or delay
	keyTI
	keyFlip
	keyTR
	keyCoil
	keyAcquisition // Acquisition Number
	keyTime        // of acquisition
	keyContent     // of the image
	keyTimer       // GE's timer of real-time series
	keyInstance    // Instance Number; only as byInstance has it
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
	keyNumber:      {"gradient number", "d", false},
	keyLabel:       {"label or control", "l", false},
	keyTrigger:     {"trigger time", "t", true},
	keyTI:          {"inversion time", "i", false},
	keyFlip:        {"flip angle", "f", false},
	keyTR:          {"repetition time", "r", false},
	keyCoil:        {"receive coil", "c", false},
	keyAcquisition: {"acquisition number", "t", false},
	keyTime:        {"acquisition time", "t", true},
	keyContent:     {"content time", "t", true},
	keyTimer:       {"acquisition timer", "t", true},
	keyInstance:    {"instance number", "t", true},
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

// byInstance parts slices by Instance Number where nothing else tells them apart:
// GE's fMRI series of older releases have nothing else. It counts only where the
// numbers run through all places, volume after volume, in the same order each
// time, as a scanner numbers them: numbers that an archive or an anonymiser gave
// anew would hardly do that. nil where they do not.
func byInstance(at [][]*slice) [][]*slice {
	n := len(at[0])
	if len(at) < 2 {
		return nil // all in one place: a wrong position as likely as a series of it
	}
	var first [][]*slice // of each place by number
	for _, p := range at {
		if len(p) != n {
			return nil
		}
		p = slices.Clone(p)
		slices.SortFunc(p, func(a, b *slice) int { return cmp.Compare(a.keys[keyInstance], b.keys[keyInstance]) })
		first = append(first, p)
	}
	classes := make([][]*slice, n)
	last := math.Inf(-1)
	for t := range n {
		low, high := math.Inf(1), math.Inf(-1)
		step := first[0][t].keys[keyInstance] - first[0][0].keys[keyInstance]
		for _, p := range first {
			v := p[t].keys[keyInstance]
			if v-p[0].keys[keyInstance] != step { // NaN is never equal
				return nil
			}
			low, high = min(low, v), max(high, v)
			classes[t] = append(classes[t], p[t])
		}
		if low <= last {
			return nil
		}
		last = high
	}
	return classes
}
