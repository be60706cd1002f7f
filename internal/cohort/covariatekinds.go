package cohort

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"magn/internal/fault"
)

// A further column is one of numbers or of categories, for all rows alike. Where
// the file leaves that open the user says it (numbers, categories): a text among
// numbers would otherwise make a category of every number.

// ColumnKind says what a further column is, and by what.
type ColumnKind struct {
	Name     string
	Number   bool // else a category
	Known    int  // cells with a value
	Numbers  int  // of these, cells with a number
	Declared bool // by the user
}

// quantity is a number as people write it: a decimal point or comma, then a per cent
// sign or, after a space, a unit.
var quantity = regexp.MustCompile(`^([+-]?(?:\d+(?:[.,]\d+)?|[.,]\d+)(?:e[+-]?\d{1,3})?)(?: *([%‰])| +(\p{L}[^\d]{0,19}))?$`)

// parseQuantity gives a number as cohort.csv has it, with a decimal point, and its
// unit. A number that begins with a needless zero is a code.
func parseQuantity(text string) (number, unit string, ok bool) {
	if len(text) > 64 {
		return "", "", false
	}
	m := quantity.FindStringSubmatch(strings.ReplaceAll(folded(text), "−", "-"))
	if m == nil || isCode(m[1]) {
		return "", "", false
	}
	number = strings.Replace(m[1], ",", ".", 1)
	if x, err := strconv.ParseFloat(number, 64); err != nil || math.IsInf(x, 0) {
		return "", "", false
	}
	return number, m[2] + strings.TrimSpace(m[3]), true
}

func isCode(s string) bool { return len(s) > 1 && s[0] == '0' && s[1] >= '0' && s[1] <= '9' }

// known says that a further column has something in row i.
func (c *columns) known(i, j int) bool {
	x := c.rows[i].cells[j]
	return x.kind != errorKind && x.kind != formulaKind && !missing(x.text)
}

// number of row i of a further column, and its unit.
func (c *columns) quantity(i, j int) (number, unit string, ok bool) {
	x := c.rows[i].cells[j]
	if x.kind == dateKind {
		return "", "", false
	}
	return parseQuantity(x.text)
}

// numbersIn counts the cells of a further column that are known, and those of them
// that are numbers.
func (c *columns) numbersIn(j int) (known, numbers int) {
	for i := range c.rows {
		if !c.known(i, j) {
			continue
		}
		known++
		if _, _, ok := c.quantity(i, j); ok {
			numbers++
		}
	}
	return known, numbers
}

// mostlyNumbers says that a text in the column is rather a mistake than a category.
func (c *columns) mostlyNumbers(j int) bool {
	known, numbers := c.numbersIn(j)
	return 2*numbers > known
}

// kinds finds out which of the further columns are numbers and rewrites their cells
// with a decimal point and without unit. What contradicts that is a problem with row
// and column, unless the user said what the column is.
func (c *columns) kinds(rest []int, opt TableOptions) []ColumnKind {
	var out []ColumnKind
	for _, h := range append(slices.Clone(opt.Numbers), opt.Categories...) {
		if !slices.ContainsFunc(rest, func(j int) bool { return c.header[j] == h }) {
			c.ps.add(&fault.Input{
				File: c.file, Field: "numbers and categories", Found: "no further column " + strconv.Quote(h) + " that is carried", Expected: "headers of the file",
			})
		}
	}
	for _, j := range rest {
		k := ColumnKind{Name: c.header[j]}
		k.Known, k.Numbers = c.numbersIn(j)
		switch {
		case slices.Contains(opt.Categories, k.Name):
			k.Declared = true
		case slices.Contains(opt.Numbers, k.Name):
			k.Number, k.Declared = true, true
		case 2*k.Numbers > k.Known:
			k.Number = true
		case k.Numbers > 0:
			c.notes = append(c.notes, fmt.Sprintf("column %q is read as a category: %d of %d values are numbers (numbers: [%s] reads it as numbers)", k.Name, k.Numbers, k.Known, k.Name))
		}
		if k.Number {
			c.asNumbers(j, k.Declared)
		}
		out = append(out, k)
	}
	return out
}

// asNumbers rewrites a column. Told by the user, what is no number is unknown, with
// a note; else it is a problem.
func (c *columns) asNumbers(j int, told bool) {
	h := c.header[j]
	of := func(i int) string { return fmt.Sprintf("%s, column %s", c.place(c.rows[i].number), h) }
	ask := fmt.Sprintf("mend or empty the cell, or say numbers: [%s] to take it as unknown, or categories: [%s]", h, h)
	_, standard := headerUnit(h)
	units := map[string][]int{}
	var texts []int
	for i := range c.rows {
		if !c.known(i, j) {
			continue
		}
		number, unit, ok := c.quantity(i, j)
		if !ok {
			texts = append(texts, i)
			continue
		}
		if unit == "" {
			unit = standard
		}
		units[unit] = append(units[unit], i)
		c.rows[i].cells[j].text = number
	}
	usual := ""
	for u, rows := range units {
		if len(rows) > len(units[usual]) || len(rows) == len(units[usual]) && u < usual {
			usual = u
		}
	}
	for u, rows := range units {
		if u == usual {
			continue
		}
		for _, i := range rows {
			c.ps.add(&fault.Input{File: c.file, Field: of(i), Found: unitName(u), Expected: unitName(usual) + ", as in most rows", Do: "write all in one unit, or say categories: [" + h + "]"})
			if c.ps.full() {
				return
			}
		}
	}
	var unknown []string
	for _, i := range texts {
		x := &c.rows[i].cells[j]
		if told {
			unknown = append(unknown, c.place(c.rows[i].number))
			*x = cell{}
			continue
		}
		found := shape(x.text) // it may be a remark
		if x.kind == dateKind {
			found = "a date, which a spreadsheet program may have made of a number"
		}
		c.ps.add(&fault.Input{File: c.file, Field: of(i), Found: found, Expected: "a number, as in most rows of the column", Do: ask})
		if c.ps.full() {
			return
		}
	}
	if len(unknown) > 0 {
		c.notes = append(c.notes, fmt.Sprintf("column %q: no numbers, taken as unknown: %s", h, joinSome(unknown)))
	}
}

func unitName(unit string) string {
	if unit == "" {
		return "a number without a unit"
	}
	return "a number in " + unit
}
