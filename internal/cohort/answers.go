package cohort

import (
	"fmt"
	"maps"
	"slices"

	"magn/internal/fault"
)

// Answer is one reader's answer for one patient, or for one of his lesions.
type Answer struct {
	Line    int
	Patient string // id, as in the images, or a case id
	Lesion  string // "" where the answer is for the patient
	Reader  string
	Class   string   // the answer where readers chose a class
	Score   *float64 // the answer where they gave a score
	Aided   Tri      // with help of a program
	Years   *float64 // of the reader's experience
}

// String is where the row stands.
func (r Answer) String() string { return fmt.Sprintf("row in line %d", r.Line) }

// Answers is a reader table.
type Answers struct {
	File    string
	Rows    []Answer
	Scores  bool     // answers are scores, else classes
	Readers []string // sorted
	Notes   []string
}

// ReadAnswers reads a CSV or xlsx table of readers' answers (docs/formats/tables.md).
// Answers are scores where all are numbers and one is neither 0 nor 1, else
// classes. Everything that cannot be used is returned as *Problems.
func ReadAnswers(path string, opt TableOptions) (*Answers, error) {
	data, err := readTableFile(path)
	if err != nil {
		return nil, err
	}
	return ParseAnswers(path, data, opt)
}

// ParseAnswers is ReadAnswers on a file's bytes; file is for messages.
func ParseAnswers(file string, data []byte, opt TableOptions) (*Answers, error) {
	var ps Problems
	out := &Answers{File: file}
	if t := parseTable(file, data, opt, readerFields, &ps); t != nil && len(ps.List) == 0 {
		at, rest := t.resolve(readerFields, []string{fieldPatient, fieldReader, fieldRead}, opt, &ps)
		if len(ps.List) == 0 {
			c := &columns{table: t, at: at, ps: &ps}
			c.answers(out, opt)
			if len(rest) > 0 {
				c.notes = append(c.notes, fmt.Sprintf("%d further columns are not read", len(rest)))
			}
			out.Notes = c.notes
		}
	}
	if err := ps.err(file); err != nil {
		return nil, err
	}
	return out, nil
}

func (c *columns) answers(out *Answers, opt TableOptions) {
	c.dropTwins()
	ids := c.ids(fieldPatient)
	answers := make([]string, len(c.rows))
	for i := range c.rows {
		answers[i] = c.usable(i, fieldRead)
		if answers[i] == "" && c.cell(i, fieldRead).kind != errorKind && c.cell(i, fieldRead).kind != formulaKind {
			c.fault(i, fieldRead, "no answer", "a class or a score", "take the row out where the reader gave none")
		}
		if c.ps.full() {
			return
		}
	}
	out.Scores = c.areScores(answers)
	classes := newClassNames(opt)
	type key struct {
		patient, lesion, reader string
		aided                   Tri
	}
	first := map[key]int{}
	years := map[string]float64{}
	readers := map[string]bool{}
	for i := range c.rows {
		if c.ps.full() {
			return
		}
		r := Answer{
			Line: c.rows[i].number, Patient: ids[i], Lesion: c.usable(i, fieldLesion), Reader: c.usable(i, fieldReader),
			Aided: c.tri(i, fieldAided, parseTri),
		}
		r.Years = c.number(i, fieldYears, func(s string) (float64, bool) { return parseNumber(s, yearUnits) }, 0, 80, "years from 0 to 80")
		if r.Reader == "" && c.cell(i, fieldReader).text == "" {
			c.fault(i, fieldReader, "no reader", "a name or number of the reader", "")
			continue
		}
		readers[r.Reader] = true
		if out.Scores {
			r.Score = c.number(i, fieldRead, func(s string) (float64, bool) { return parseNumber(s, scoreUnits) }, -1e9, 1e9, "a score, as in the other rows")
		} else {
			r.Class = classes.of(answers[i])
		}
		if r.Years != nil {
			if y, ok := years[r.Reader]; ok && y != *r.Years {
				c.fault(i, fieldYears, shown(c.cell(i, fieldYears).text), "the same experience in all rows of a reader", "")
			}
			years[r.Reader] = *r.Years
		}
		k := key{r.Patient, r.Lesion, r.Reader, r.Aided}
		if line, again := first[k]; again && r.Patient != "" {
			c.fault(i, fieldRead, "a second answer; the first is in "+c.place(line), "one answer of a reader for a patient or lesion, with and without help",
				"take one of the rows out, or name the column that tells them apart")
			continue
		}
		first[k] = r.Line
		out.Rows = append(out.Rows, r)
	}
	out.Readers = slices.Sorted(maps.Keys(readers))
	if len(c.ps.List) == 0 {
		c.checkAnswers(out)
	}
}

// areScores says whether the answers are numbers other than 0 and 1 alone. All
// with a per cent sign, or none.
func (c *columns) areScores(answers []string) bool {
	numbers, binary, percent := 0, 0, 0
	for _, s := range answers {
		x, ok := parseNumber(s, scoreUnits)
		if !ok {
			continue
		}
		numbers++
		if x == 0 || x == 1 {
			binary++
		}
		if f := folded(s); f[len(f)-1] == '%' {
			percent++
		}
	}
	if percent > 0 && percent < numbers {
		c.ps.add(&fault.Input{
			File: c.file, Field: "column " + c.header[c.at[fieldRead]], Found: fmt.Sprintf("%d scores with a per cent sign and %d without", percent, numbers-percent),
			Expected: "one kind of score",
		})
	}
	// A class here and there is then a score that cannot be read, with its line.
	return numbers > binary && 2*numbers > len(answers)
}

// checkAnswers refuses more than two classes: the question is binary.
func (c *columns) checkAnswers(out *Answers) {
	if out.Scores {
		c.notes = append(c.notes, fmt.Sprintf("answers are scores; %d readers", len(out.Readers)))
		return
	}
	count := map[string]int{}
	for _, r := range out.Rows {
		count[r.Class]++
	}
	if len(count) > 2 {
		var names []string
		for _, n := range slices.Sorted(maps.Keys(count)) {
			names = append(names, shown(n))
		}
		c.ps.add(&fault.Input{
			File: c.file, Field: "column " + c.header[c.at[fieldRead]], Found: fmt.Sprintf("%d different answers: %s", len(count), joinSome(names)),
			Expected: "two classes, or scores", Do: "list the words of a class under classes",
		})
	}
	c.notes = append(c.notes, fmt.Sprintf("answers are classes; %d readers", len(out.Readers)))
}
