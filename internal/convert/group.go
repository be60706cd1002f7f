package convert

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"magn/internal/dicom"
	"magn/internal/fault"
)

// series is what must be equal for slices to be one series' part: what the
// scanner called a series, and what no volume can mix. Series Number, matrix,
// spacing and patient stand in it because files exist in which several series
// share a UID.
type series struct {
	study, uid, patient, frame, modality string
	number, rows, cols                   int
	spacing                              [2]int64 // µm
	pixels                               string   // sign, photometric interpretation
}

// patientOf is a PatientID as it is compared: within one series, letters' case and
// spaces are no other patient.
func patientOf(f *Facts) string {
	return strings.ToUpper(strings.Join(strings.Fields(f.PatientID), " "))
}

func seriesOf(f *Facts) series {
	pixels := fmt.Sprintf("%t %s %d", f.Pixels.Signed, f.Pixels.Photometric, f.TileColumns)
	if inverted(f) { // within the stored bits
		pixels += fmt.Sprint(" ", f.Pixels.Stored)
	}
	return series{
		f.StudyUID, f.SeriesUID, patientOf(f), f.FrameOfReference, f.Modality,
		f.SeriesNumber, f.Rows, f.Cols,
		[2]int64{int64(math.Round(f.PixelSpacing[0] * 1e3)), int64(math.Round(f.PixelSpacing[1] * 1e3))},
		pixels,
	}
}

// part is what parts a series before places are looked at.
type part struct {
	image, component, stack string
	te                      float64 // the least of those that count as one, see echoTimes
	echo                    int
}

func partOf(f *Facts, te map[float64]float64) part {
	return part{alike(f.ImageType), fmt.Sprint(f.Component, "|", f.PhilipsType, "|", f.Reversed), f.Stack, te[f.TE], f.EchoNumber}
}

// sameDirection is how far direction cosines of one orientation may differ:
// they are written with four decimals at the least, and slices 0.1° apart are no
// stack.
const sameDirection = 1e-3

// orientations parts slices by orientation. The result does not depend on their
// order.
func orientations(list []*slice) [][]*slice {
	slices.SortStableFunc(list, func(a, b *slice) int {
		for i := range 6 {
			if c := cmp.Compare(cosine(a, i), cosine(b, i)); c != 0 {
				return c
			}
		}
		return 0
	})
	var out [][]*slice
next:
	for _, s := range list {
		for g := range out {
			same := true
			for i := range 6 {
				same = same && math.Abs(cosine(s, i)-cosine(out[g][0], i)) <= sameDirection
			}
			if same {
				out[g] = append(out[g], s)
				continue next
			}
		}
		// Bounded: a rotating projection of thousands of views is refused below,
		// and need not be compared with all before it.
		if len(out) >= maxOrientations {
			out[maxOrientations-1] = append(out[maxOrientations-1], s)
			continue
		}
		out = append(out, []*slice{s})
	}
	return out
}

// maxOrientations bounds a series' orientations.
const maxOrientations = 64

// planes says that slices which each have an orientation of their own may be the
// planes of a localizer: a dozen at most, 5° apart at the least. More, or nearer
// ones, are projections all round, a radial scan, or a stack whose orientations
// are wrong.
func planes(list []*slice) bool {
	for i, s := range list {
		n := cross(s.row, s.col)
		for _, t := range list[:i] {
			if math.Abs(dot(n, cross(t.row, t.col))) > math.Cos(5*math.Pi/180) {
				return false
			}
		}
	}
	return len(list) <= 12
}

func cosine(s *slice, i int) float64 {
	if i < 3 {
		return s.row[i]
	}
	return s.col[i-3]
}

// stations marks slices with which of the corners in plane they have, where
// a few corners are shared by several places each: a spine taken in two stations
// under one series. Tilted stacks, where each place has its own, have none, however
// many copies or time points lie in a place.
func stations(list []*slice) {
	row, col := list[0].row, list[0].col
	sorted := slices.Clone(list)
	var corners [][2]float64
	of := make([]int, len(sorted))
	slices.SortStableFunc(sorted, func(a, b *slice) int {
		if c := cmp.Compare(dot(a.pos, row), dot(b.pos, row)); c != 0 {
			return c
		}
		return cmp.Compare(dot(a.pos, col), dot(b.pos, col))
	})
	const most = 16
	var reach [][2]float64 // of each corner, the first and last place along the normal
next:
	for i, s := range sorted {
		at := [2]float64{dot(s.pos, row), dot(s.pos, col)}
		for c, corner := range corners {
			if math.Hypot(at[0]-corner[0], at[1]-corner[1]) <= stationGap {
				of[i] = c
				reach[c] = [2]float64{min(reach[c][0], s.d), max(reach[c][1], s.d)}
				continue next
			}
		}
		if len(corners) == most {
			return
		}
		of[i] = len(corners)
		corners, reach = append(corners, at), append(reach, [2]float64{s.d, s.d})
	}
	if len(corners) < 2 || slices.ContainsFunc(reach, func(r [2]float64) bool { return r[1]-r[0] < samePlace }) {
		return
	}
	// Within a station corners agree; in a tilted stack they run through.
	for i, s := range sorted {
		c := corners[of[i]]
		if math.Hypot(dot(s.pos, row)-c[0], dot(s.pos, col)-c[1]) > 2*inLine {
			return
		}
	}
	for i, s := range sorted {
		s.keys[keyStation] = float64(of[i])
	}
}

// maker makes candidates of the slices of one series and part.
type maker struct {
	ctx  context.Context
	scan *Scan
	out  []*Candidate

	open map[int32]*dicom.File // read from lately, by file
	same map[[2]int32]bool     // files that were compared byte for byte
}

// orientation makes candidates of slices that have one orientation.
func (m *maker) orientation(list []*slice) error {
	measure(list)
	snap(list)
	stations(list)
	list, err := m.dropCopies(list)
	if err != nil {
		m.refuse(list, err)
		return nil
	}
	if !math.IsNaN(list[0].keys[keyStation]) {
		if classes := split([][]*slice{list}, keyStation); classes != nil {
			for i, c := range classes {
				if err := m.volumes(c, []level{{keyStation, i + 1, len(classes)}}); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return m.volumes(list, nil)
}

// level says which of the classes of a key a volume is.
type level struct{ key, index, of int }

// volumes parts slices until no place holds two, and builds each part.
func (m *maker) volumes(list []*slice, levels []level) error {
	at := places(list)
	most := 0
	for _, p := range at {
		most = max(most, len(p))
	}
	if most == 1 {
		for _, run := range m.runs(list) {
			m.candidate(run.list, append(slices.Clone(levels), run.levels...))
		}
		return nil
	}
	if key, classes := choose(at); classes != nil {
		return m.classes(key, classes, levels)
	}
	return m.doubles(list, at, most, levels)
}

// choose is the first key that tells all slices of each place apart, else the
// first that tells some apart: where an acquisition number stands for two time
// points, the times know better. But no time comes before a b-value, an inversion
// time or another key that says what was measured: where slices of several are
// taken in another order from place to place, times would mix them.
func choose(at [][]*slice) (key int, classes [][]*slice) {
	for k := keyStation + 1; k < keyInstance; k++ {
		if classes != nil && key <= keyFlip && !keyNames[key].ranked && keyNames[k].ranked {
			continue
		}
		c := split(at, k)
		if c == nil {
			continue
		}
		if classes == nil {
			key, classes = k, c
		}
		if !slices.ContainsFunc(c, crowded) {
			return k, c
		}
	}
	return key, classes
}

// crowded says that two of the slices lie in one place.
func crowded(list []*slice) bool {
	return slices.ContainsFunc(places(slices.Clone(list)), func(p []*slice) bool { return len(p) > 1 })
}

// classes makes volumes of each class of a key, in the order of acquisition; of
// their values where that says nothing. A class that lacks places which another
// has is a volume that was never finished.
func (m *maker) classes(key int, classes [][]*slice, levels []level) error {
	slices.SortStableFunc(classes, func(a, b []*slice) int {
		if x, y := earliest(a, keyTime), earliest(b, keyTime); x < y {
			return -1
		} else if x > y {
			return 1
		}
		return 0
	})
	fullest := 0
	for _, c := range classes {
		fullest = max(fullest, len(places(c)))
	}
	for i, c := range classes {
		l := append(slices.Clone(levels), level{key, i + 1, len(classes)})
		if n := len(places(c)); n < fullest && within(c, classes) {
			m.refuseAs(c, l, &fault.Input{
				Field: keyNames[key].name, Found: fmt.Sprintf("%d of the %d slices that the series' other volumes have", n, fullest),
				Expected: "a whole volume", Do: "the scan was stopped or the export is incomplete; export the series again, or do without this volume",
			})
			continue
		}
		if err := m.volumes(c, l); err != nil {
			return err
		}
	}
	return nil
}

// within says that another class has slices in all places of c, and more.
func within(c []*slice, classes [][]*slice) bool {
	mine := places(c)
	for _, other := range classes {
		theirs := places(other)
		if len(theirs) <= len(mine) {
			continue
		}
		all, i := true, 0
		for _, p := range mine {
			for i < len(theirs) && theirs[i][len(theirs[i])-1].d < p[0].d-samePlace {
				i++
			}
			all = all && i < len(theirs) && theirs[i][0].d <= p[0].d+samePlace
		}
		if all {
			return true
		}
	}
	return false
}

// doubles deals with places that hold several slices which nothing in the
// header tells apart: equal pixels are copies; a few others are split off;
// a whole series of them is refused.
func (m *maker) doubles(list []*slice, at [][]*slice, most int, levels []level) error {
	rest, err := m.dropEqual(list, at)
	if err != nil {
		m.refuseAs(list, levels, err)
		return nil
	}
	classes := byInstance(at)
	if len(rest) < len(list) && (classes == nil || m.even(rest, list)) {
		return m.volumes(rest, levels)
	}
	if classes != nil {
		return m.classes(keyInstance, classes, levels)
	}
	full := 0
	for _, p := range at {
		if len(p) > 1 {
			full++
		}
	}
	if 2*full > len(at) {
		m.refuseAs(list, levels, &fault.Input{
			Field: "(0020,0032) Image Position (Patient)", Found: fmt.Sprintf("%d places with up to %d slices each that differ in pixels and in nothing of the header", full, most),
			Expected: "a time, a temporal position or another attribute that says which belong together",
			Do:       "export the series as separate series, or as enhanced multi-frame",
		})
		return nil
	}
	var main, off []*slice
	for _, p := range at {
		slices.SortStableFunc(p, earlier)
		main = append(main, p[0])
		off = append(off, p[1:]...)
	}
	if err := m.volumes(main, append(slices.Clone(levels), level{keyCount, 1, 2})); err != nil {
		return err
	}
	return m.volumes(off, append(slices.Clone(levels), level{keyCount, 2, 2}))
}

// even says that what is left of a list without copies is whole: each place has as
// many slices, so that the copies were of volumes, and not slices of the same
// emptiness at the edge of several volumes; or that files of it are refused.
func (m *maker) even(rest, list []*slice) bool {
	at := places(slices.Clone(rest))
	return slices.ContainsFunc(list, func(s *slice) bool { return m.scan.Files[s.file].Status != "" }) ||
		!slices.ContainsFunc(at, func(p []*slice) bool { return len(p) != len(at[0]) })
}

// earlier orders slices of one place by acquisition: by their times, else by
// acquisition number, else by SOP Instance UID, whose numbers scanners count up.
func earlier(a, b *slice) int {
	for _, k := range [...]int{keyTime, keyContent, keyAcquisition} {
		if x, y := a.keys[k], b.keys[k]; x < y || x > y {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Or(cmp.Compare(len(a.sop), len(b.sop)), cmp.Compare(a.sop, b.sop), cmp.Compare(a.digest, b.digest))
}

type run struct {
	list   []*slice
	levels []level
}

// runs are a volume's slabs, nearly always one.
func (m *maker) runs(list []*slice) []run {
	parts := slabs(list)
	if len(parts) == 1 {
		parts = thicknesses(list)
	}
	if len(parts) == 1 {
		return []run{{list: list}}
	}
	out := make([]run, len(parts))
	for i, p := range parts {
		out[i] = run{p, []level{{keySlab, i + 1, len(parts)}}}
	}
	return out
}

const keySlab = keyCount + 1
