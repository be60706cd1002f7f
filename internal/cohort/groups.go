package cohort

import (
	"fmt"
	"sort"
	"strings"
)

// Person is what one source says of who a case is: a series' header, or a row of
// the clinical table. A case may have several.
type Person struct {
	Case      string // neutral id
	PatientID string
	Birth     Date
	Sex       string // M, F or O
	Name      string // as in DICOM or as in a table
}

// Joining says why two cases are in one group.
type Joining struct {
	Cases  [2]string
	Reason string // "the same patient id", or "the same birth date, sex and name"
}

// Grouping is the groups of a cohort.
type Grouping struct {
	Group  map[string]string // case → group
	Joined []Joining
	Notes  []string
}

const (
	sameID     = "the same patient id"
	samePerson = "the same birth date, sex and name"
)

// Groups unites cases that may be one person: the same patient id, or the same
// birth date, sex and name, directly or through a third case. Names are compared
// without case, accents, spaces and punctuation, in either order, in each of the
// groups of a DICOM name. Anything unknown joins nobody.
//
// A group has the number of its first case, G0007 for C0007: no more is told than
// the cases' ids tell, and it stays where cases come or go.
func Groups(people []Person) Grouping {
	cases := map[string]string{} // union-find: parent of each case
	root := func(c string) string {
		for cases[c] != c {
			cases[c] = cases[cases[c]]
			c = cases[c]
		}
		return c
	}
	for _, p := range people {
		cases[p.Case] = p.Case
	}
	g := Grouping{Group: map[string]string{}}
	// The first case under a key; sorted, so that the order of the input does not matter.
	sorted := append([]Person(nil), people...)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].Case < sorted[j].Case })
	sharing := map[string]map[string]bool{}
	first := map[string]string{}
	said := map[Joining]bool{}
	meet := func(key, c, reason string) {
		other, ok := first[key]
		if !ok {
			first[key] = c
			sharing[key] = map[string]bool{c: true}
			return
		}
		sharing[key][c] = true
		j := Joining{[2]string{other, c}, reason}
		if other == c || said[j] {
			return
		}
		said[j] = true
		g.Joined = append(g.Joined, j)
		a, b := root(other), root(c)
		cases[max(a, b)] = min(a, b)
	}
	for _, p := range sorted {
		if id := idText(p.PatientID); id != "" {
			meet("id\x00"+id, p.Case, sameID)
		}
		if p.Sex == "" || placeholderDate(p.Birth) {
			continue
		}
		for _, name := range nameKeys(p.Name) {
			meet(strings.Join([]string{"person", p.Birth.String(), p.Sex, name}, "\x00"), p.Case, samePerson)
		}
	}
	for key, who := range sharing {
		if n := len(who); n > 4 && strings.HasPrefix(key, "person") {
			g.Notes = append(g.Notes, fmt.Sprintf("%d cases from %s on share one birth date, sex and name: "+
				"if these were made up to hide who the patients are, take the name out of the tables", n, first[key]))
		}
	}
	sort.Strings(g.Notes)
	for c := range cases {
		g.Group[c] = groupID(root(c))
	}
	return g
}

func groupID(first string) string {
	if number, ok := strings.CutPrefix(first, "C"); ok && digits.MatchString(number) {
		return "G" + number
	}
	return "G-" + first
}
