package convert

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"magn/internal/volume"
)

// number sorts the candidates and gives them names. A name is
//
//	[studyNN/]SSS_words[_part][_eN][_view][_tN …][-b]
//
// the series number, what is left of its description when only known words are,
// which part of the measurement it is, which echo, which orientation where the
// series has several, and which volume. A second series that would have the same
// name gets -b. A folder a study where there are several, numbered by UID.
// Neither the order of files nor their names play a part.
func (s *Scan) number() {
	slices.SortStableFunc(s.Candidates, compare)
	studies := []string{}
	for _, c := range s.Candidates {
		if k := studyKey(c); !slices.Contains(studies, k) {
			studies = append(studies, k)
		}
	}
	slices.Sort(studies)
	bySeries := map[series][]*Candidate{}
	for _, c := range s.Candidates {
		k := seriesOf(c.Facts)
		// One series may have several matrices; its parts are numbered together.
		k.rows, k.cols, k.spacing, k.pixels, k.frame = 0, 0, [2]int64{}, "", ""
		bySeries[k] = append(bySeries[k], c)
	}
	stems := map[*Candidate]string{}
	for _, list := range bySeries {
		nameSeries(list, stems)
	}
	taken := map[string]int{}
	for _, c := range s.Candidates {
		name := stems[c]
		if len(studies) > 1 {
			i, _ := slices.BinarySearch(studies, studyKey(c))
			name = fmt.Sprintf("study%02d/%s", i+1, name)
		}
		taken[name]++
		if n := taken[name]; n > 1 {
			name += "-" + letters(n-1)
			taken[name]++
		}
		c.Name = name
	}
}

// letters counts b, c … z, ba …
func letters(n int) string {
	s := ""
	for ; ; n = n/26 - 1 {
		s = string(rune('a'+n%26)) + s
		if n < 26 {
			return s
		}
	}
}

func studyKey(c *Candidate) string { return c.Facts.StudyUID + "|" + patientOf(c.Facts) }

// nameSeries gives each candidate of one series its name within a study.
func nameSeries(list []*Candidate, names map[*Candidate]string) {
	type echo struct {
		te float64
		n  int
	}
	var echoes []echo
	views := map[string]map[string]int{} // part → orientation → how many before it
	keys := map[*Candidate]string{}
	for _, c := range list {
		e := echo{c.Facts.TE, c.Facts.EchoNumber}
		// Maps have no echo time of their own.
		if e.te > 0 && !slices.Contains(echoes, e) {
			echoes = append(echoes, e)
		}
		p := strings.Join(partWords(c.Facts), "_")
		if views[p] == nil {
			views[p] = map[string]int{}
		}
		keys[c] = orientationKey(c)
		if _, ok := views[p][keys[c]]; !ok {
			views[p][keys[c]] = len(views[p])
		}
	}
	slices.SortFunc(echoes, func(a, b echo) int { return cmp.Or(cmp.Compare(a.te, b.te), cmp.Compare(a.n, b.n)) })
	for _, c := range list {
		f := c.Facts
		slug := clean(f.Description, f.identifiers()...)
		if len(slug) == 0 {
			slug = clean(f.Protocol, f.identifiers()...)
		}
		if len(slug) == 0 {
			slug = []string{strings.ToLower(onlyLetters(f.Modality))}
		}
		words := strings.Join(slug, "-")
		if len(words) > 48 {
			words = strings.TrimRight(words[:48], "-")
		}
		name := []string{fmt.Sprintf("%03d", max(0, f.SeriesNumber)), words}
		name = append(name, partWords(f)...)
		if len(echoes) > 1 && f.TE > 0 {
			c.Echo = slices.Index(echoes, echo{f.TE, f.EchoNumber}) + 1
			name = append(name, fmt.Sprintf("e%d", c.Echo))
		}
		if v := views[strings.Join(partWords(f), "_")]; len(v) > 1 {
			name = append(name, viewWord(v, keys[c]))
		}
		names[c] = strings.Join(append(name, c.suffix...), "_")
	}
}

// partWords name what kind of image it is, where it is not a plain magnitude.
func partWords(f *Facts) []string {
	var out []string
	if p := f.Part(); p != "" {
		out = append(out, p)
	}
	switch f.Component {
	case "phase":
		out = append(out, "ph")
	case "real", "imaginary":
		out = append(out, f.Component)
	case "field map":
		out = append(out, "fieldmap")
	}
	if f.Reversed {
		out = append(out, "reversed")
	}
	if len(out) == 0 && f.Derived() {
		out = append(out, "derived")
	}
	return out
}

// orientationKey is equal for stacks of one orientation, and tells stacks with
// a Stack ID apart.
func orientationKey(c *Candidate) string {
	sl := c.first()
	n := cross(sl.row, sl.col)
	return fmt.Sprintf("%s %.2f %.2f %.2f %s", viewOf(n), n[0], n[1], n[2], c.Facts.Stack)
}

func viewOf(n [3]float64) volume.View {
	best := 0
	for i := range n {
		if math.Abs(n[i]) > math.Abs(n[best]) {
			best = i
		}
	}
	return volume.View(best) // x: sagittal, y: coronal, z: axial
}

// viewWord is sag, cor or ax, with a number from the second of one view on.
func viewWord(all map[string]int, key string) string {
	short := map[string]string{"sagittal": "sag", "coronal": "cor", "axial": "ax"}
	view, _, _ := strings.Cut(key, " ")
	n := 1
	for k, at := range all {
		if strings.HasPrefix(k, view+" ") && at < all[key] {
			n++
		}
	}
	if n > 1 {
		return fmt.Sprintf("%s%d", short[view], n)
	}
	return short[view]
}

func (c *Candidate) first() *slice {
	for _, s := range c.slices {
		if s != nil {
			return s
		}
	}
	return nil // a candidate has a slice
}

func onlyLetters(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, s)
	if s == "" {
		return "image"
	}
	return s[:min(len(s), 8)]
}

// compare orders candidates by what they are, so that the order and what is
// numbered by it do not depend on files.
func compare(a, b *Candidate) int {
	f, g := a.Facts, b.Facts
	if c := cmp.Or(
		cmp.Compare(f.StudyUID, g.StudyUID), cmp.Compare(patientOf(f), patientOf(g)),
		cmp.Compare(f.SeriesNumber, g.SeriesNumber), cmp.Compare(f.SeriesUID, g.SeriesUID), cmp.Compare(f.Modality, g.Modality),
		cmp.Compare(f.ImageType, g.ImageType), cmp.Compare(f.Component, g.Component), cmp.Compare(f.PhilipsType, g.PhilipsType),
		cmp.Compare(f.TE, g.TE), cmp.Compare(f.EchoNumber, g.EchoNumber), cmp.Compare(f.Stack, g.Stack),
		cmp.Compare(f.Rows, g.Rows), cmp.Compare(f.Cols, g.Cols), cmp.Compare(f.FrameOfReference, g.FrameOfReference),
	); c != 0 {
		return c
	}
	x, y := a.first(), b.first()
	for i := range 6 {
		if d := cosine(x, i) - cosine(y, i); math.Abs(d) > sameDirection {
			return cmp.Compare(d, 0)
		}
	}
	if c := slices.CompareFunc(a.suffix, b.suffix, func(s, t string) int {
		return cmp.Or(cmp.Compare(s[:1], t[:1]), cmp.Compare(len(s), len(t)), cmp.Compare(s, t))
	}); c != 0 {
		return c
	}
	for i := range 3 {
		if c := cmp.Compare(x.pos[i], y.pos[i]); c != 0 {
			return c
		}
	}
	return cmp.Or(cmp.Compare(len(a.slices), len(b.slices)), cmp.Compare(x.keys[keyTime], y.keys[keyTime]), cmp.Compare(x.sop, y.sop))
}
