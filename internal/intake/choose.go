package intake

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"magn/internal/cohort"
	"magn/internal/fault"
	"magn/internal/volume"
)

// choice is what is used for one view of a patient.
type choice struct {
	use   []*Series // one, or the stations from head to feet
	ask   string    // why a person must decide; "" where clear or missing
	asked bool      // a person decided
}

func (c choice) known() cohort.Tri {
	switch {
	case len(c.use) > 0:
		return cohort.Yes
	case c.ask != "":
		return cohort.Unknown
	}
	return cohort.No
}

// choose decides for every patient and view, with what a person filled into the
// series.csv of the import before.
func (m *importer) choose() error {
	told, err := readUse(m.path(seriesFile))
	if err != nil {
		return err
	}
	if err := told.check(m.patients); err != nil {
		return err
	}
	m.told = told
	for _, p := range m.patients {
		m.chooseFor(p, told)
	}
	return nil
}

func (m *importer) chooseFor(p *patient, told uses) {
	for _, v := range volume.Views {
		for _, s := range p.series {
			if told.says(p.id, s.Key, v) && s.Err == nil {
				p.views[v].use = append(p.views[v].use, s)
				p.views[v].asked = true
			}
		}
		byHeight(p.views[v].use)
	}
	open := []*Series{}
	for _, s := range p.series {
		if told.no(p.id, s.Key) {
			s.rule("a person said no")
		} else if s.Verdict != No {
			open = append(open, s)
		}
	}
	exam := examination(open)
	for _, v := range volume.Views {
		if !p.views[v].asked {
			p.views[v] = m.decide(of(open, v), exam)
		}
	}
}

// examination is the study that all the patient's images are to be of: the one
// that was annotated, or the only one with a certain series; "" where several have
// one.
func examination(list []*Series) string {
	for _, want := range []func(*Series) bool{
		func(s *Series) bool { return s.drawnOn },
		func(s *Series) bool { return s.Verdict == Yes },
	} {
		studies := map[string]bool{}
		one := ""
		for _, s := range list {
			if want(s) {
				one = s.Facts.StudyUID
				studies[one] = true
			}
		}
		if len(studies) == 1 {
			return one
		}
	}
	return ""
}

func of(list []*Series, v volume.View) []*Series {
	var out []*Series
	for _, s := range list {
		if s.View == v {
			out = append(out, s)
		}
	}
	return out
}

// decide narrows the series of one view down, a rule after the other, and asks
// where that leaves more than one.
func (m *importer) decide(list []*Series, exam string) choice {
	var sure, unsure []*Series
	for _, s := range list {
		if s.Verdict == Yes {
			sure = append(sure, s)
		} else {
			unsure = append(unsure, s)
		}
	}
	if len(sure) == 0 {
		switch len(unsure) {
		case 0:
			return choice{}
		case 1:
			return choice{ask: "one series that may be it: " + strings.Join(unsure[0].Reasons, "; ")}
		}
		return choice{ask: fmt.Sprintf("%d series that may be it, none for certain", len(unsure))}
	}
	if exam != "" {
		sure = keep(sure, func(s *Series) bool { return s.Facts.StudyUID == exam }, "of another examination")
	}
	sure = m.variants(sure)
	if len(sure) > 1 && !stations(sure) {
		// What was outlined is what the readers looked at.
		var drawn []*Series
		for _, s := range sure {
			if s.drawnOn {
				drawn = append(drawn, s)
			}
		}
		if len(drawn) == 1 {
			sure = keep(sure, func(o *Series) bool { return o == drawn[0] || stations([]*Series{o, drawn[0]}) }, "the outlines were drawn on another series")
		}
	}
	if len(sure) == 0 {
		return choice{ask: "none of the examination whose images are used for the other views"}
	}
	if len(sure) > 1 && !stations(sure) {
		return choice{ask: fmt.Sprintf("%d series that it could be: %s", len(sure), difference(sure))}
	}
	low := sure[0].Score
	for _, s := range sure {
		low = min(low, s.Score)
	}
	for _, u := range unsure {
		if u.Score > low-2 && (exam == "" || u.Facts.StudyUID == exam) && !stations(append(slices.Clone(sure), u)) {
			return choice{ask: fmt.Sprintf("series %d may be it as well", u.Facts.SeriesNumber)}
		}
	}
	byHeight(sure)
	return choice{use: sure}
}

// keep takes the others out with a reason, unless none would be left.
func keep(list []*Series, want func(*Series) bool, why string) []*Series {
	if !slices.ContainsFunc(list, want) {
		return list
	}
	var out []*Series
	for _, s := range list {
		if want(s) {
			out = append(out, s)
		} else {
			s.rule("%s", why)
		}
	}
	return out
}

// variants leaves one image of each acquisition, and the wanted fat suppression.
func (m *importer) variants(list []*Series) []*Series {
	water := m.Fat != Plain
	list = dropEach(list, func(s, o *Series) string {
		if !sameAcquisition(s, o) {
			return ""
		}
		p, q := s.Facts.Part(), o.Facts.Part()
		if p != q && (q == "water" && p == "in" && water || q == "in" && p == "water" && !water) {
			return "another part of the same Dixon acquisition is used: " + q
		}
		// ND is the image before the correction of distortion.
		if p == q && s.Fat == o.Fat && hasType(s, "ND") && hasType(o, "DIS2D", "DIS3D") {
			return "the same acquisition without the correction of distortion"
		}
		// NORM is the image after the correction of the coil's sensitivity.
		if p == q && s.Fat == o.Fat && !hasType(s, "NORM") && hasType(o, "NORM") && hasType(s, "ND") == hasType(o, "ND") {
			return "the same acquisition without the correction of the coil's sensitivity"
		}
		return ""
	})
	if m.Fat != Ask {
		list = keep(list, func(s *Series) bool { return s.Fat == (m.Fat == Suppressed) }, "not the variant of fat suppression that was asked for")
	}
	return list
}

func dropEach(list []*Series, why func(s, o *Series) string) []*Series {
	var out []*Series
next:
	for _, s := range list {
		for _, o := range list {
			if o == s {
				continue
			}
			if w := why(s, o); w != "" {
				s.rule("%s", w)
				continue next
			}
		}
		out = append(out, s)
	}
	return out
}

func hasType(s *Series, any ...string) bool {
	return slices.ContainsFunc(strings.Split(s.Facts.ImageType, `\`), func(w string) bool { return slices.Contains(any, w) })
}

// sameAcquisition says that two images were made of one measurement.
func sameAcquisition(a, b *Series) bool {
	return a.Facts.StudyUID == b.Facts.StudyUID && a.Grid.Size == b.Grid.Size && parallel(a, b) && centreDistance(a, b) < 1 &&
		(math.Abs(a.begin()-b.begin()) < twinGap || a.Facts.SeriesUID == b.Facts.SeriesUID) && near(a.Facts.TR, b.Facts.TR, .01)
}

// stations says that the series are one acquisition in several places: the same
// examination, parameters and fat suppression, and each pair less than half on the
// same part of the body. They may be turned to each other, as axial blocks are that
// follow the discs of a lumbar spine.
func stations(list []*Series) bool {
	for i, a := range list {
		for _, b := range list[i+1:] {
			if a.Facts.StudyUID != b.Facts.StudyUID || !sameParameters(a, b) || a.Fat != b.Fat || a.Facts.Part() != b.Facts.Part() || overlap(a, b) > .5 {
				return false
			}
		}
	}
	return true
}

// overlap is the share of the smaller of two stacks' boxes that lies in the other,
// both taken along the axes of the first.
func overlap(a, b *Series) float64 {
	share := 1.0
	p, q := centre(a), centre(b)
	sa, sb := a.Grid.Spacing(), b.Grid.Spacing()
	for c := range 3 {
		d := 0.0
		for r := range 3 {
			d += a.Grid.Affine[r][c] / sa[c] * (q[r] - p[r])
		}
		la, lb := sa[c]*float64(a.Grid.Size[c]), sb[c]*float64(b.Grid.Size[c])
		common := min(la/2, d+lb/2) - max(-la/2, d-lb/2)
		share *= max(0, min(1, common/min(la, lb)))
	}
	return share
}

func byHeight(list []*Series) {
	slices.SortStableFunc(list, func(a, b *Series) int {
		p, q := centre(a), centre(b)
		return cmp.Or(cmp.Compare(q[2], p[2]), cmp.Compare(p[1], q[1]), cmp.Compare(p[0], q[0]))
	})
}

// difference says in what the series differ that remain.
func difference(list []*Series) string {
	differs := func(f func(s *Series) string) bool {
		return slices.ContainsFunc(list, func(s *Series) bool { return f(s) != f(list[0]) })
	}
	var parts []string
	for _, x := range []struct {
		what string
		of   func(s *Series) string
	}{
		{"examination", func(s *Series) string { return s.Facts.StudyUID }},
		{"fat suppression", func(s *Series) string { return fmt.Sprint(s.Fat) }},
		{"Dixon part", func(s *Series) string { return s.Facts.Part() }},
		{"2-D and 3-D", func(s *Series) string { return s.Facts.AcquisitionType }},
		{"TR", func(s *Series) string { return fmt.Sprintf("%.0f", s.Facts.TR) }},
		{"size", func(s *Series) string { return fmt.Sprint(s.Grid.Size) }},
	} {
		if differs(x.of) {
			parts = append(parts, x.what)
		}
	}
	if len(parts) == 0 {
		return "the same, acquired again"
	}
	return "they differ in " + strings.Join(parts, ", ")
}

// undecided is what the terminal and the list of failures say of a view.
func undecided(p *patient, v volume.View) error {
	return &fault.Input{
		File: "case " + p.id, Field: v.String(), Found: p.views[v].ask,
		Do: "fill the column use of " + importFolder + "/" + seriesFile + " and import again",
	}
}
