package convert

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"magn/internal/fault"
)

// variant is what slices of one stack differ in by accident: bits that one slice
// needed and another did not, an echo time that was measured anew, normalisation
// that was on for some. Slices that differ in nothing else are one stack where
// each has a place of its own; where two variants lie in one place they are two
// series' worth of images and stay apart.
type variant struct {
	bits  int
	te    float64
	image string
}

func variantOf(f *Facts) variant { return variant{f.Pixels.Stored, f.TE, f.ImageType} }

// alike is Image Type without the words of variant: Siemens' normalisation and
// distortion correction.
func alike(imageType string) string {
	words := strings.Split(imageType, `\`)
	for i := len(words) - 1; i >= 2; i-- {
		switch words[i] {
		case "NORM", "ND", "DIS2D", "DIS3D":
			words = slices.Delete(words, i, i+1)
		}
	}
	return strings.Join(words, `\`)
}

// teShare is how far echo times of one stack may lie apart.
const teShare = .01

// echoTimes gives each echo time of a list the smallest one that it is within
// teShare of.
func echoTimes(list []*slice) map[float64]float64 {
	var all []float64
	for _, s := range list {
		all = append(all, s.facts.TE)
	}
	slices.Sort(all)
	out, least := map[float64]float64{}, math.Inf(-1)
	for _, te := range slices.Compact(all) {
		if te > least*(1+teShare) || least <= 0 {
			least = te
		}
		out[te] = least
	}
	return out
}

// join parts slices of one orientation by variant, and puts those variants
// together that have no place in common: bits first, then echo times, then image
// types, so that where some collide the rest is joined with its like.
func join(list []*slice) [][]*slice {
	type group struct {
		variant
		list []*slice
	}
	var groups []group
	at := map[variant]int{}
	for _, s := range list {
		v := variantOf(s.facts)
		i, ok := at[v]
		if !ok {
			i, groups = len(groups), append(groups, group{variant: v})
			at[v] = i
		}
		groups[i].list = append(groups[i].list, s)
	}
	if len(groups) == 1 {
		return [][]*slice{list}
	}
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.image, b.image), cmp.Compare(a.te, b.te), cmp.Compare(a.bits, b.bits))
	})
	measure(list)
	for _, forget := range []func(v *variant){func(v *variant) { v.bits = 0 }, func(v *variant) { v.te = 0 }, func(v *variant) { v.image = "" }} {
		by := map[variant][]group{}
		var order []variant
		for _, g := range groups {
			forget(&g.variant)
			if by[g.variant] == nil {
				order = append(order, g.variant)
			}
			by[g.variant] = append(by[g.variant], g)
		}
		groups = nil
		for _, v := range order {
			lists := make([][]*slice, len(by[v]))
			for i, g := range by[v] {
				lists[i] = g.list
			}
			if disjoint(lists) {
				groups = append(groups, group{v, slices.Concat(lists...)})
			} else {
				groups = append(groups, by[v]...)
			}
		}
	}
	out := make([][]*slice, len(groups))
	for i, g := range groups {
		out[i] = g.list
	}
	return out
}

// disjoint says that no place holds slices of two lists. Slices must have d set.
func disjoint(lists [][]*slice) bool {
	of := map[*slice]int{}
	for i, l := range lists {
		for _, s := range l {
			of[s] = i
		}
	}
	for _, p := range places(slices.Concat(lists...)) {
		for _, s := range p[1:] {
			if of[s] != of[p[0]] {
				return false
			}
		}
	}
	return true
}

// differences say what the slices of one volume differ in by accident.
func differences(list []*slice) (notes []string) {
	bits, te, image, patient := map[int]bool{}, map[float64]bool{}, map[string]bool{}, map[string]bool{}
	for _, s := range list {
		f := s.facts
		bits[f.Pixels.Stored], te[f.TE], image[f.ImageType], patient[f.PatientID] = true, true, true, true
	}
	if len(bits) > 1 {
		notes = append(notes, fmt.Sprintf("slices differ in Bits Stored (%s)", listed(bits)))
	}
	if len(te) > 1 {
		notes = append(notes, fmt.Sprintf("slices differ in Echo Time (%s ms)", listed(te)))
	}
	if len(image) > 1 {
		notes = append(notes, "slices differ in Image Type, some normalised or corrected for distortion: intensities may not be comparable")
	}
	if len(patient) > 1 {
		notes = append(notes, "slices write Patient ID in several ways")
	}
	return notes
}

func listed[K cmp.Ordered](set map[K]bool) string {
	var all []K
	for k := range set {
		all = append(all, k)
	}
	slices.Sort(all)
	var words []string
	for _, k := range all {
		if len(words) == 4 {
			words = append(words, "…")
			break
		}
		words = append(words, fmt.Sprint(k))
	}
	return strings.Join(words, ", ")
}

// doubts finds volumes of one series that together make one even stack: they were
// parted for something in the header that may be an error, such as one slice that
// says it is another patient's. They are made, and said to be in doubt.
func (s *Scan) doubts() {
	type family struct {
		uid        string
		rows, cols int
		spacing    [2]int64
		stack      string
	}
	by := map[family][]*Candidate{}
	for _, c := range s.Candidates {
		f := c.Facts
		if c.Err != nil || f.SeriesUID == "" || len(c.suffix) > 0 || len(c.Missing) > 0 {
			continue
		}
		k := family{f.SeriesUID, f.Rows, f.Cols, seriesOf(f).spacing, f.Stack}
		by[k] = append(by[k], c)
	}
	for _, list := range by {
		for len(list) > 1 {
			var like, rest []*Candidate
			for _, c := range list {
				if parallel(c.first(), list[0].first()) {
					like = append(like, c)
				} else {
					rest = append(rest, c)
				}
			}
			if !doubt(like) && len(like) <= 16 {
				for i := range like {
					for j := range i {
						doubt([]*Candidate{like[j], like[i]})
					}
				}
			}
			list = rest
		}
	}
}

func parallel(a, b *slice) bool {
	for i := range 6 {
		if math.Abs(cosine(a, i)-cosine(b, i)) > sameDirection {
			return false
		}
	}
	return true
}

// doubt marks candidates that together make one even stack, of four slices at the
// least: two or three single ones are always even.
func doubt(list []*Candidate) bool {
	if len(list) < 2 {
		return false
	}
	var all []*slice
	var names []string
	sheared := false
	for _, c := range list {
		all = append(all, c.slices...)
		names = append(names, c.Name)
		sheared = sheared || c.Sheared
	}
	if len(all) < 4 {
		return false
	}
	measure(all)
	at := places(all)
	if len(at) < len(all) {
		return false
	}
	if st, err := build(all, Options{}); err != nil || st.sheared != sheared {
		return false
	}
	err := &fault.Input{
		File: strings.Join(names, ", "), Field: "(0020,000E) Series Instance UID",
		Found:    "one, and slices that together make one even stack, in volumes apart: their headers differ in " + strings.Join(unlike(list), ", "),
		Expected: "one volume", Do: "look whether they belong together, and mend the header or leave one out",
	}
	for _, c := range list {
		if c.Doubt == nil {
			c.Doubt = err
			c.Notes = append(c.Notes, "may be a part of a stack only: in doubt")
		}
	}
	return true
}

// unlike names what parted candidates of one series.
func unlike(list []*Candidate) (out []string) {
	f := list[0].Facts
	for _, x := range []struct {
		name string
		of   func(f *Facts) any
	}{
		{"Study Instance UID", func(f *Facts) any { return f.StudyUID }},
		{"Patient ID", func(f *Facts) any { return patientOf(f) }},
		{"Frame of Reference UID", func(f *Facts) any { return f.FrameOfReference }},
		{"Modality", func(f *Facts) any { return f.Modality }},
		{"Series Number", func(f *Facts) any { return f.SeriesNumber }},
		{"Image Type", func(f *Facts) any { return f.ImageType + f.Component + f.PhilipsType }},
		{"Echo Time", func(f *Facts) any { return f.TE }},
		{"Echo Number", func(f *Facts) any { return f.EchoNumber }},
		{"Pixel Representation", func(f *Facts) any { return f.Pixels.Signed }},
		{"Photometric Interpretation", func(f *Facts) any { return f.Pixels.Photometric }},
		{"Bits Stored", func(f *Facts) any { return f.Pixels.Stored }},
	} {
		if slices.ContainsFunc(list, func(c *Candidate) bool { return x.of(c.Facts) != x.of(f) }) {
			out = append(out, x.name)
		}
	}
	return out
}
