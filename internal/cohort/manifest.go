package cohort

import (
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	"magn/internal/volume"
)

// manifestColumns of a slice manifest: slice id, patient, group, class, view,
// image and mask (paths relative to the manifest).
var manifestColumns = []string{"slice", "patient", "group", "class", "view", "image", "mask"}

// slice is one row of a manifest.
type slice struct {
	record
	view volume.View
}

func (s slice) id() string      { return s.at(0) }
func (s slice) patient() string { return s.at(1) }
func (s slice) group() string   { return s.at(2) }
func (s slice) class() string   { return s.at(3) }
func (s slice) image() string   { return s.at(5) }
func (s slice) mask() string    { return s.at(6) }

// patient is what a manifest says of one person: the slices of each view in the
// order in which they are stacked.
type patient struct {
	id, group, class string
	views            [3][]slice
}

// parseManifest reads a manifest and returns its patients, sorted by id. Rows that
// contradict each other are problems: a slice id twice, a patient with two
// classes or in two groups.
func parseManifest(file string, r io.Reader, ps *Problems) []*patient {
	byID := map[string]*patient{}
	line := map[string]int{}      // slice id → line
	said := map[[3]string]bool{}  // patient, column and value → already a problem
	folded := map[string]string{} // lower-case id → id: folders on other systems
	contradiction := func(s slice, column, have, now string) {
		if key := [3]string{s.patient(), column, now}; have != now && !said[key] {
			said[key] = true
			ps.add(s.fault(column, fmt.Sprintf("patient %s with two: %s and %s", s.patient(), have, now), "one "+column+" a patient"))
		}
	}
	for _, row := range readCSV(file, r, manifestColumns, ps) {
		s := slice{record: row}
		view, err := volume.ParseView(row.at(4))
		if err != nil {
			ps.add(row.fault("view", strconv.Quote(row.at(4)), "sagittal, coronal or axial"))
			continue
		}
		s.view = view
		if err := checkID(s.patient()); err != nil {
			ps.add(row.fault("patient", strconv.Quote(s.patient()), err.Error()))
			continue
		}
		if first, ok := line[s.id()]; ok {
			ps.add(row.fault("slice", fmt.Sprintf("slice %s a second time (first in line %d)", s.id(), first), "one row a slice"))
			continue
		}
		line[s.id()] = row.line
		p, ok := byID[s.patient()]
		if !ok {
			p = &patient{id: s.patient(), group: s.group(), class: s.class()}
			byID[p.id] = p
			low := strings.ToLower(p.id)
			if other, ok := folded[low]; ok {
				ps.add(row.fault("patient", fmt.Sprintf("%s and %s", other, p.id), "ids that differ in more than case: they are folder names"))
			}
			folded[low] = p.id
		}
		contradiction(s, "class", p.class, s.class())
		contradiction(s, "group", p.group, s.group())
		p.views[view] = append(p.views[view], s)
	}
	patients := make([]*patient, 0, len(byID))
	for _, p := range byID {
		for _, v := range p.views {
			sortSlices(v)
		}
		patients = append(patients, p)
	}
	sort.Slice(patients, func(i, j int) bool { return patients[i].id < patients[j].id })
	return patients
}

// sortSlices puts the slices of a view into stack order: by slice id where all
// ids are whole numbers, else as the rows stand.
func sortSlices(s []slice) {
	number := make(map[string]int, len(s))
	for _, x := range s {
		n, err := strconv.Atoi(x.id())
		if err != nil {
			return
		}
		number[x.id()] = n
	}
	sort.SliceStable(s, func(i, j int) bool { return number[s[i].id()] < number[s[j].id()] })
}
