package report

import (
	"strings"

	"magn/internal/evidence"
)

const checklistName = "checklist"

// guideItem is an item of a reporting guideline: its number there, what it asks
// for in our words, and where this report answers it. An answer is a list of
// parts: "table:metrics", "figure:roc" and "section:Settings" are places, printed
// where the report has them; anything else is a sentence that stands where any of
// the places does, or alone. An item without an answer is a blank for the
// authors, and Blank says what they are to write; one with both is filled in
// part.
type guideItem struct {
	number, topic string
	answer        []string
	blank         string
}

// guides are the two guidelines: CLAIM 2024 (Tejani et al., Radiology: Artificial
// Intelligence 2024, 6(4):e240300), 44 items, and TRIPOD+AI (Collins et al., BMJ
// 2024, 385:e078378), 27 items in 52 parts, with the numbers that they have there.
var guides = []struct {
	name  string
	items []guideItem
}{{"CLAIM 2024", claimItems}, {"TRIPOD+AI 2024", tripodItems}}

// checklistTable says for each item where it is, or who must write it.
func checklistTable(in Input, l labels) table {
	t := table{
		name:    checklistName,
		caption: "Reporting items. “To be written by the authors” is a blank that no program can fill.",
		columns: []column{
			{key: "guideline", only: fileOnly},
			{head: "Item", key: "item"},
			{head: "Asks for", key: "topic"},
			{head: "Where", key: "where"},
			{head: "Left to write", key: "blank"},
		},
	}
	has := sectionsThere(in, l)
	for _, g := range guides {
		head := g.name
		for _, it := range g.items {
			where := it.where(l, has)
			blank := it.blank
			if where == "" && blank == "" {
				blank = it.topic
			}
			if blank != "" {
				blank = "to be written by the authors: " + blank
			}
			t.add(head, words(g.name), words(it.number), words(it.topic), words(where), words(blank))
			head = ""
		}
	}
	return t
}

// where is what the report has of an item's answer; empty where it has nothing.
func (it guideItem) where(l labels, has map[string]string) string {
	var places, said []string
	asked := false
	for _, a := range it.answer {
		kind, name, _ := strings.Cut(a, ":")
		switch kind {
		case "table", "figure":
			asked = true
			label := l.table[name]
			if kind == "figure" {
				label = l.figure[name]
			}
			if label != "" {
				places = append(places, label)
			}
		case "section":
			asked = true
			if s := has[name]; s != "" {
				places = append(places, s)
			}
		default:
			said = append(said, a)
		}
	}
	if asked && len(places) == 0 {
		return ""
	}
	out := strings.Join(places, ", ")
	if len(said) > 0 {
		if out != "" {
			out += ": "
		}
		out += strings.Join(said, "; ")
	}
	return out
}

// sectionsThere are the parts of the page that have no figure or table, as far as
// the input has something for them.
func sectionsThere(in Input, l labels) map[string]string {
	r := in.Results
	validated := len(r.Arms) > 0 && len(r.Arms[0].Folds) > 0
	networks := false
	for _, a := range r.Arms {
		networks = networks || a.Kind == evidence.KindNetwork
	}
	out := map[string]string{}
	for _, p := range []struct {
		name, printed string
		there         bool
	}{
		{"Data", "the page’s head", validated},
		{"Settings", "“Settings”", len(in.Protocol) > 0},
		{"Training settings", "“Settings”", len(in.Protocol) > 0 && networks},
		{"Run time and hardware", "“Run time and hardware”", len(runFacts(in.Run)) > 0},
		{"Leakage", "“Leakage”", r.Leakage.Checked > 0},
		{"Comparisons", l.table["comparisons"], true},
		{"Primary comparison", l.table["comparisons"], inFamily(r, evidence.Primary) > 0},
		{"How to read the numbers", "“How to read the numbers”", validated},
		{"Several seeds", "several seeds", validated && severalSeeds(r)},
	} {
		if p.there {
			out[p.name] = p.printed
		}
	}
	return out
}
