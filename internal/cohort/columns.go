package cohort

import (
	"errors"
	"fmt"
	"strings"

	"magn/internal/fault"
)

// columns reads a table's cells by field and collects what is wrong with them.
type columns struct {
	*table
	at map[string]int
	ps *Problems
}

func (c *columns) has(f string) bool { i, ok := c.at[f]; return ok && i >= 0 }

// cell is that of a field in row i, a blank one where the table has no such column.
func (c *columns) cell(i int, f string) cell {
	if !c.has(f) {
		return cell{}
	}
	return c.rows[i].cells[c.at[f]]
}

// fault adds a problem with a field of row i.
func (c *columns) fault(i int, f, found, expected, do string) {
	c.ps.add(&fault.Input{
		File: c.file, Field: fmt.Sprintf("%s, column %s", c.place(c.rows[i].number), c.header[c.at[f]]),
		Found: found, Expected: expected, Do: do,
	})
}

// usable is the text of a cell, "" where it is unknown; errors and formulas of a
// spreadsheet are problems.
func (c *columns) usable(i int, f string) string {
	switch x := c.cell(i, f); {
	case x.kind == errorKind:
		c.fault(i, f, "an error of the spreadsheet ("+shown(x.text)+")", "a value", "")
	case x.kind == formulaKind:
		c.fault(i, f, "a formula without a stored value", "a value", "open the file in a spreadsheet program and save it")
	case !missing(x.text):
		return x.text
	}
	return ""
}

// ids reads the column of patients. A damaged id is a problem, and "" here.
func (c *columns) ids(f string) []string {
	out := make([]string, len(c.rows))
	cells := make([]cell, len(c.rows))
	for i := range c.rows {
		x := c.cell(i, f)
		x.text = idText(strings.TrimPrefix(x.text, "'")) // by which Excel marks text
		cells[i] = x
		switch damage := idDamage(x); {
		case x.text == "" && x.kind != formulaKind:
			c.fault(i, f, "no id", "the id of a patient", "")
		case damage != "":
			c.fault(i, f, damage, "an id as the archive has it", saveAsText)
		default:
			out[i] = x.text
		}
		if c.ps.full() {
			return out
		}
	}
	length, lost := zerosLost(cells)
	for _, i := range lost {
		if out[i] != "" && !c.ps.full() {
			c.fault(i, f, fmt.Sprintf("a number of %d digits among ids of %d that begin with zeros: leading zeros were lost", len(cells[i].text), length),
				"an id as the archive has it", saveAsText)
		}
		out[i] = ""
	}
	return out
}

// number reads a number of a field within bounds; nil where it is unknown.
func (c *columns) number(i int, f string, parse func(string) (float64, bool), lo, hi float64, what string) *float64 {
	s := c.usable(i, f)
	if s == "" {
		return nil
	}
	x, ok := parse(s)
	if !ok || x < lo || x > hi {
		c.fault(i, f, shown(s), what, "")
		return nil
	}
	return &x
}

func (c *columns) tri(i int, f string, parse func(string) (Tri, bool)) Tri {
	s := c.usable(i, f)
	t, ok := parse(s)
	if !ok {
		c.fault(i, f, shown(s), "yes or no", "")
	}
	return t
}

// sexes reads a column by the words of docs/formats/tables.md. Digits are those of
// ISO/IEC 5218 and GB/T 2261.1: 0 unknown, 1 male, 2 female, 9 not applicable.
// A column with 0 and 1 but without 2 may as well mean "0 female, 1 male" or
// the reverse, so it is refused.
func (c *columns) sexes() []string {
	out := make([]string, len(c.rows))
	if !c.has(fieldSex) {
		return out
	}
	seen := map[string]int{}
	for i := range c.rows {
		w := folded(c.usable(i, fieldSex))
		seen[w]++
		switch {
		case w == "", w == "0", w == "9":
		case w == "1", maleWords[w]:
			out[i] = "M"
		case w == "2", femaleWords[w]:
			out[i] = "F"
		case otherWords[w]:
			out[i] = "O"
		default:
			c.fault(i, fieldSex, shown(w), "M or F, 男 or 女, 1 (male) or 2 (female)", "")
		}
	}
	if seen["0"] > 0 && seen["1"] > 0 && seen["2"] == 0 {
		c.ps.add(&fault.Input{
			File: c.file, Field: "column " + c.header[c.at[fieldSex]], Found: "0 and 1, of which it is not known which is male",
			Expected: "M and F, or 1 (male) and 2 (female)", Do: "replace them in the table",
		})
	}
	if seen["1"]+seen["2"] > 0 {
		c.notes = append(c.notes, "sex: 1 is read as male, 2 as female (ISO/IEC 5218)")
	}
	return out
}

// dates reads a column of birth dates; what lacks a day is unknown.
func (c *columns) dates(f, told string) []Date {
	out := make([]Date, len(c.rows))
	if !c.has(f) {
		return out
	}
	texts := make([]string, len(c.rows))
	for i := range c.rows {
		texts[i] = c.usable(i, f)
	}
	var order dateOrder
	switch strings.ToLower(told) {
	case "dmy":
		order = dayFirst
	case "mdy":
		order = monthFirst
	case "":
		var both bool
		if order, both = orderOf(texts); both {
			c.ps.add(&fault.Input{
				File: c.file, Field: "column " + c.header[c.at[f]], Found: "dates with the day first and dates with the month first",
				Expected: "one order", Do: "write the dates as yyyy-mm-dd",
			})
			return out
		}
	default:
		c.ps.add(&fault.Input{File: c.file, Field: "date_order", Found: shown(told), Expected: "dmy or mdy"})
		return out
	}
	incomplete, serials := 0, 0
	for i, s := range texts {
		if s == "" {
			continue
		}
		d, err := parseDate(s, order, c.date1904)
		switch {
		case errors.Is(err, errIncomplete):
			incomplete++
		case err != nil:
			// A birth date is an identifier: its form only.
			c.fault(i, f, err.Error()+" ("+shape(s)+")", "a date such as 1960-01-31", "or say date_order: dmy or mdy where day and month cannot be told apart")
		default:
			if serial.MatchString(s) {
				serials++
			}
			out[i] = d
		}
		if c.ps.full() {
			return out
		}
	}
	if incomplete > 0 {
		c.notes = append(c.notes, fmt.Sprintf("%s: %d dates without a day are taken as unknown", f, incomplete))
	}
	if serials > 0 {
		c.notes = append(c.notes, fmt.Sprintf("%s: %d numbers are read as serial dates of a spreadsheet", f, serials))
	}
	if order != unknownOrder {
		c.notes = append(c.notes, fmt.Sprintf("%s: dates are read with the %s first", f, [...]string{dayFirst: "day", monthFirst: "month"}[order]))
	}
	return out
}

// classNames gives words of a table the class they stand for: the class itself in
// any case and spacing, or a word that the options list under it. Others stay
// as they are, in the spelling met first.
type classNames map[string]string

func newClassNames(opt TableOptions) classNames {
	n := classNames{}
	for class, words := range opt.Classes {
		n[folded(class)] = class
		for _, w := range words {
			n[folded(w)] = class
		}
	}
	return n
}

func (n classNames) of(s string) string {
	key := folded(s)
	if key == "" {
		return ""
	}
	if _, ok := n[key]; !ok {
		n[key] = s
	}
	return n[key]
}
