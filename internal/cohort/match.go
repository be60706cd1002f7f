package cohort

import (
	"fmt"
	"sort"
	"strings"

	"golang.org/x/text/unicode/norm"

	"magn/internal/fault"
)

// Pair is a patient of a table and of the images.
type Pair struct {
	Row   string // id in the table
	Image string // id in the images
}

// Unmatched is an id that stands on one side only.
type Unmatched struct {
	ID      string
	Suggest []Suggestion // ids of the other side that it may be
}

// Suggestion is an id of the other side, unmatched too, and in what the two
// differ: "leading zeros", "case", "spaces or punctuation", "full width".
type Suggestion struct{ ID, Differs string }

// Matching is who of a table has images. Its ids are patients': it may be shown
// to who asked for it and written beside the crosswalk, nowhere else.
type Matching struct {
	Pairs      []Pair
	RowsOnly   []Unmatched // in the table, without images
	ImagesOnly []Unmatched // with images, not in the table
}

// Match pairs the ids of a table with those of the images. Only equal ids are
// paired, spaces around them aside, which DICOM does not count; and those that
// accept (table id → image id) names, so that a user who has looked can confirm
// a suggestion. Everything is sorted; an id that repeats counts once.
func Match(rows, images []string, accept map[string]string) (Matching, error) {
	left, right := idSet(rows), idSet(images)
	var m Matching
	pairOf := map[string]string{} // image → row
	var ps Problems
	for _, row := range sortedIDs(left) {
		image := row
		if told, ok := accept[row]; ok {
			image = idText(told)
			if !right[image] {
				ps.add(&fault.Input{File: "matches", Field: "an accepted pair", Found: "an image id that no image has", Expected: "ids of the lists of unmatched patients"})
				continue
			}
		}
		if !right[image] {
			continue
		}
		if _, taken := pairOf[image]; taken {
			ps.add(&fault.Input{File: "matches", Field: "an accepted pair", Found: "two rows for one patient's images", Expected: "one row a patient"})
			continue
		}
		pairOf[image] = row
		m.Pairs = append(m.Pairs, Pair{row, image})
		delete(left, row)
	}
	for row := range accept {
		if !idSet(rows)[idText(row)] {
			ps.add(&fault.Input{File: "matches", Field: "an accepted pair", Found: "an id that the table does not have", Expected: "ids of the lists of unmatched patients"})
		}
	}
	for image := range pairOf {
		delete(right, image)
	}
	m.RowsOnly, m.ImagesOnly = unmatched(left, right), unmatched(right, left)
	return m, ps.err("matches")
}

func idSet(ids []string) map[string]bool {
	out := make(map[string]bool, len(ids))
	for _, id := range ids {
		if id = idText(id); id != "" {
			out[id] = true
		}
	}
	return out
}

func sortedIDs(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for id := range set {
		out = append(out, id)
	}
	sort.Strings(out)
	return out
}

func unmatched(here, there map[string]bool) []Unmatched {
	like := map[string][]string{}
	for _, id := range sortedIDs(there) {
		k := looseID(id)
		like[k] = append(like[k], id)
	}
	var out []Unmatched
	for _, id := range sortedIDs(here) {
		u := Unmatched{ID: id}
		for _, other := range like[looseID(id)] {
			if len(u.Suggest) < 5 {
				u.Suggest = append(u.Suggest, Suggestion{other, difference(id, other)})
			}
		}
		out = append(out, u)
	}
	return out
}

// idForms are the differences that are looked through, one after the other.
var idForms = []struct {
	name string
	of   func(string) string
}{
	{"full width", norm.NFKC.String},
	{"case", strings.ToLower},
	{"spaces or punctuation", func(s string) string { return strings.Join(nameWords(s), "") }},
	{"leading zeros", func(s string) string {
		// Of the number at the id's end, as in P007 and P7; of the whole where all are digits.
		head := strings.TrimRight(s, "0123456789")
		return head + strings.TrimLeft(s[len(head):], "0")
	}},
}

func looseID(id string) string {
	for _, f := range idForms {
		id = f.of(id)
	}
	return id
}

// difference names the forms in which two ids differ that looseID holds equal.
func difference(a, b string) string {
	var names []string
	for _, f := range idForms {
		was := a == b
		fa, fb := f.of(a), f.of(b)
		// A form made a difference where it brought the two nearer: applied to one
		// of them alone it changes it in a way the other does not have.
		if !was && (fa != a) != (fb != b) || !was && fa == fb {
			names = append(names, f.name)
		}
		a, b = fa, fb
	}
	return strings.Join(names, ", ")
}

// String counts, and names nobody.
func (m Matching) String() string {
	return fmt.Sprintf("%d patients in table and images, %d in the table only, %d with images only", len(m.Pairs), len(m.RowsOnly), len(m.ImagesOnly))
}

// Table is the unmatched of both sides as rows of a CSV for the user to look
// through: side, id, suggestion, difference.
func (m Matching) Table() [][]string {
	rows := [][]string{{"only_in", "patient", "did_you_mean", "differs_in"}}
	for _, side := range []struct {
		name string
		list []Unmatched
	}{{"table", m.RowsOnly}, {"images", m.ImagesOnly}} {
		for _, u := range side.list {
			if len(u.Suggest) == 0 {
				rows = append(rows, []string{side.name, u.ID, "", ""})
			}
			for _, s := range u.Suggest {
				rows = append(rows, []string{side.name, u.ID, s.ID, s.Differs})
			}
		}
	}
	return rows
}
