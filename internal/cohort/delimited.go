package cohort

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"magn/internal/fault"
)

// Bounds on a table, whatever its format. A cohort's tables are far smaller; the
// bounds keep a wrong or hostile file from filling the memory.
const (
	maxTableBytes = 64 << 20
	maxRows       = 100_000
	maxColumns    = 2_000
	maxCells      = 2_000_000
	headerSearch  = 20 // rows among which the header is looked for: titles may stand above it
)

// separators of a CSV, and what they are called in notes.
var separators = []struct {
	r    rune
	name string
}{{',', "comma"}, {';', "semicolon"}, {'\t', "tab"}}

// delimited splits text into rows. The separator is the one told, that of a
// first line "sep=;" as Excel reads it, or the one under which the header has
// most columns with a name that isHeader knows, then under which most of the
// first rows are as wide as it, then the one that gives most columns.
func delimited(file, text, told string, isHeader func([]string) int, ps *Problems) (g grid, note string) {
	if !strings.Contains(text, "\n") { // line ends of old Macintoshes
		text = strings.ReplaceAll(text, "\r", "\n")
	}
	if len(text) > 5 && strings.EqualFold(text[:4], "sep=") && (text[5] == '\n' || text[5] == '\r') {
		if told == "" {
			told = text[4:5]
		}
		text = text[5:] // the line stays, empty, so that lines keep their numbers
	}
	chosen := separators[0]
	if told != "" {
		chosen.r = 0
		for _, s := range separators {
			if told == string(s.r) || strings.EqualFold(told, s.name) {
				chosen = s
			}
		}
		if chosen.r == 0 {
			ps.add(&fault.Input{File: file, Field: "separator", Found: fmt.Sprintf("%q", told), Expected: "comma, semicolon or tab"})
			return grid{}, ""
		}
	} else {
		best := [3]int{-1, -1, -1}
		for _, s := range separators {
			if score := separatorScore(text, s.r, isHeader); greater(score, best) {
				chosen, best = s, score
			}
		}
	}
	g = splitRows(file, text, chosen.r, ps)
	return g, "separator: " + chosen.name
}

func greater(a, b [3]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] > b[i]
		}
	}
	return false
}

func newReader(text string, sep rune) *csv.Reader {
	r := csv.NewReader(strings.NewReader(keepAsText(text, sep)))
	r.Comma, r.FieldsPerRecord, r.TrimLeadingSpace = sep, -1, sep != '\t'
	return r
}

func separatorScore(text string, sep rune, isHeader func([]string) int) [3]int {
	// The first lines only: enough to tell, and 64 MiB are not read three times.
	if len(text) > 1<<16 {
		if cut := strings.LastIndexByte(text[:1<<16], '\n'); cut > 0 {
			text = text[:cut+1]
		}
	}
	r := newReader(text, sep)
	var rows [][]string
	for len(rows) < 200 {
		row, err := r.Read()
		if err != nil {
			break
		}
		rows = append(rows, row)
	}
	best := [3]int{}
	for _, header := range rows[:min(len(rows), headerSearch)] {
		if n := len(header); n > 1 {
			same := 0
			for _, row := range rows {
				if len(row) == n {
					same++
				}
			}
			if score := [3]int{isHeader(header), same, n}; greater(score, best) {
				best = score
			}
		} else if score := [3]int{isHeader(header)}; greater(score, best) {
			best = score
		}
	}
	return best
}

func splitRows(file, text string, sep rune, ps *Problems) grid {
	g := grid{file: file, rowWord: "line", strictWidth: true}
	r := newReader(text, sep)
	r.ReuseRecord = true
	cells := 0
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return g
		}
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			bad := &fault.Input{File: file, Field: fmt.Sprintf("line %d", parse.StartLine), Err: parse.Err}
			if errors.Is(parse.Err, csv.ErrBareQuote) || errors.Is(parse.Err, csv.ErrQuote) {
				bad.Found, bad.Err = `a quotation mark that opens or closes no field`, nil
				bad.Expected = `fields in "…" with inner quotation marks doubled`
			}
			ps.add(bad)
			return g
		}
		if err != nil {
			ps.add(&fault.Input{File: file, Err: err})
			return g
		}
		line, _ := r.FieldPos(0)
		cells += len(record)
		if bad := tooLarge(len(g.rows)+1, len(record), cells); bad != "" {
			ps.add(&fault.Input{File: file, Field: fmt.Sprintf("line %d", line), Found: bad, Expected: "a table of patients"})
			return g
		}
		row := gridRow{number: line, cells: make([]cell, len(record))}
		for i, f := range record {
			row.cells[i] = looseCell(f)
		}
		g.rows = append(g.rows, row)
	}
}

// tooLarge says which bound a table breaks, "" for none.
func tooLarge(rows, columns, cells int) string {
	switch {
	case rows > maxRows:
		return fmt.Sprintf("more than %d rows", maxRows)
	case columns > maxColumns:
		return fmt.Sprintf("more than %d columns", maxColumns)
	case cells > maxCells:
		return fmt.Sprintf("more than %d cells", maxCells)
	}
	return ""
}

// keepAsText quotes fields of the form ="00123", which hospital systems write so
// that Excel keeps the zeros, and which are no CSV: "=""00123""".
func keepAsText(text string, sep rune) string {
	if !strings.Contains(text, `="`) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 1024)
	quoted, start := false, true // within a quoted field; at the start of one
	for i := 0; i < len(text); i++ {
		if start && strings.HasPrefix(text[i:], `="`) {
			if n := strings.IndexAny(text[i+2:], "\"\r\n"); n >= 0 && text[i+2+n] == '"' {
				if end := i + 2 + n + 1; end == len(text) || text[end] == byte(sep) || text[end] == '\n' || text[end] == '\r' {
					b.WriteString(`"=""` + text[i+2:i+2+n] + `"""`)
					i, start = end-1, false
					continue
				}
			}
		}
		c := text[i]
		if c == '"' && (start || quoted) {
			quoted = !quoted // a doubled mark toggles twice
		}
		start = !quoted && (c == byte(sep) || c == '\n')
		b.WriteByte(c)
	}
	return b.String()
}
