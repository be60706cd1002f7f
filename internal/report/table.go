package report

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"

	"magn/internal/evidence"
)

// place says where a column is shown: the page has what a reader wants to see
// together, the CSV file each number alone.
type place int

const (
	everywhere place = iota
	fileOnly
	pageOnly
)

// kind says how a column's cells are printed.
type kind int

const (
	textual    kind = iota // as it is
	whole                  // a count or a number that is no proportion
	number                 // three decimals
	tenths                 // one decimal
	pvalue                 // three decimals, "< 0.001"
	interval               // value, and its ends below it
	change                 // interval of a difference, with its sign
	difference             // three decimals with their sign
	optional               // three decimals; empty where there is none, which needs no reason
)

// column of a table. In CSV it is one field, or three for an interval.
type column struct {
	group string // heading over several columns, may be empty
	head  string // in the page
	key   string // in CSV
	kind  kind
	bare  bool // the page shows an interval's value without its ends
	only  place
}

// cell is one value. Why says why it, or its interval, does not exist; remark
// says something of one that does; hidden says why the page does not show a
// number that the CSV file has.
type cell struct {
	text   string
	iv     evidence.Interval // Value alone for single numbers
	why    string
	remark string
	hidden string
	blank  bool // the page prints nothing: the number is 0 because there is none
}

// row is one line of a table.
type row struct {
	head     string // printed above it, over all columns
	cells    []cell
	fileOnly bool
}

// table is what the page and a CSV file both print.
type table struct {
	name    string // of its CSV file
	caption string
	columns []column
	rows    []row
	bare    bool // the CSV file alone
	folded  bool // the page shows it when asked: long, and seldom looked at
}

func (t *table) add(head string, cells ...cell) {
	t.rows = append(t.rows, row{head: head, cells: cells})
}

func words(s string) cell             { return cell{text: s} }
func wholeNumber(n int) cell          { return cell{iv: evidence.Interval{Value: float64(n)}} }
func single(x float64, w string) cell { return cell{iv: evidence.Interval{Value: x}, why: w} }
func span(iv evidence.Interval) cell  { return cell{iv: iv} }
func (c column) isInterval() bool     { return c.kind == interval || c.kind == change }
func (c cell) lacks(col column) bool  { return col.kind != textual && isNaN(c.iv.Value) }
func (c cell) boundless(col column) bool {
	return col.isInterval() && (isNaN(c.iv.Low) || isNaN(c.iv.High))
}

// reason is why the page prints an en dash, or no interval, or what is to be
// said of a number; empty where it prints all there is.
func (c cell) reason(col column) string {
	switch {
	case c.lacks(col) && col.kind == optional:
		return ""
	case c.lacks(col) && c.why != "":
		return c.why
	case c.lacks(col):
		return "not defined for these data"
	case c.boundless(col):
		return "too few independent groups for an interval"
	}
	return c.remark
}

// csv is the table with every number in full precision; an undefined number is
// an empty field, and the last column says why.
func (t table) csv() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	var head []string
	for _, c := range t.columns {
		if c.only == pageOnly {
			continue
		}
		head = append(head, c.key)
		if c.isInterval() {
			head = append(head, c.key+"_low", c.key+"_high")
		}
	}
	if err := w.Write(append(head, "note")); err != nil {
		return nil, err
	}
	for _, r := range t.rows {
		var fields, notes []string
		for i, c := range t.columns {
			v := r.cells[i]
			switch {
			case c.only == pageOnly:
				continue
			case c.kind == textual:
				fields = append(fields, v.text)
			case c.isInterval():
				fields = append(fields, exact(v.iv.Value), exact(v.iv.Low), exact(v.iv.High))
			default:
				fields = append(fields, exact(v.iv.Value))
			}
			if why := v.reason(c); why != "" {
				notes = append(notes, c.key+": "+why)
			}
		}
		if err := w.Write(append(fields, strings.Join(notes, "; "))); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// tableView is a table as the template prints it.
type tableView struct {
	Name, Caption string
	Groups        []headGroup // empty where no column has one
	Heads         []headCell
	Label         string
	Rows          []rowView
	Notes         []noteView
	Columns       int
	Folded        bool
	Wide          bool // many columns: set tighter
	Left          int  // rows that the CSV file alone has
}

type rowView struct {
	Head  string
	Cells []cellView
}

type headGroup struct {
	Text string
	Span int
}

type headCell struct {
	Text    string
	Numeric bool
}

type cellView struct {
	Text, Sub, Mark string
	Numeric         bool
}

type noteView struct{ Mark, Text string }

// view lays the table out for the page: equal reasons share one mark.
func (t table) view() tableView {
	v := tableView{Name: t.name, Caption: t.caption, Folded: t.folded}
	grouped := false
	for _, c := range t.columns {
		if c.only == fileOnly {
			continue
		}
		v.Heads = append(v.Heads, headCell{c.head, c.kind != textual})
		grouped = grouped || c.group != ""
		if n := len(v.Groups); n > 0 && v.Groups[n-1].Text == c.group {
			v.Groups[n-1].Span++
		} else {
			v.Groups = append(v.Groups, headGroup{c.group, 1})
		}
	}
	v.Columns, v.Wide = len(v.Heads), len(v.Heads) > 9
	if !grouped {
		v.Groups = nil
	}
	marks := map[string]string{}
	for _, r := range t.rows {
		if r.fileOnly {
			v.Left++
			continue
		}
		line := rowView{Head: r.head}
		for i, c := range t.columns {
			if c.only == fileOnly {
				continue
			}
			cv := r.cells[i].view(c)
			why := r.cells[i].reason(c)
			if h := r.cells[i].hidden; h != "" {
				cv.Text, cv.Sub, why = undefined, "", h
			}
			if r.cells[i].blank {
				why = ""
			}
			if why != "" && !(c.bare && !r.cells[i].lacks(c) && why != r.cells[i].remark) {
				if marks[why] == "" {
					marks[why] = letter(len(v.Notes))
					v.Notes = append(v.Notes, noteView{marks[why], why})
				}
				cv.Mark = marks[why]
			}
			line.Cells = append(line.Cells, cv)
		}
		v.Rows = append(v.Rows, line)
	}
	return v
}

func (c cell) view(col column) cellView {
	v := cellView{Numeric: col.kind != textual}
	if c.blank {
		return v
	}
	switch col.kind {
	case textual:
		v.Text = c.text
	case whole:
		v.Text = short(c.iv.Value)
	case number:
		v.Text = decimal(c.iv.Value)
	case difference:
		v.Text = signed(c.iv.Value)
	case tenths:
		v.Text = undefined
		if !c.lacks(col) {
			v.Text = strings.Replace(strconv.FormatFloat(c.iv.Value, 'f', 1, 64), "-", "−", 1)
		}
	case optional:
		if !c.lacks(col) {
			v.Text = decimal(c.iv.Value)
		}
	case pvalue:
		v.Text = pValue(c.iv.Value)
	case interval:
		v.Text = decimal(c.iv.Value)
		v.Sub = bounds(c.iv)
	case change:
		v.Text = signed(c.iv.Value)
		if !c.boundless(col) {
			v.Sub = signed(c.iv.Low) + " to " + signed(c.iv.High)
		}
	}
	if col.bare {
		v.Sub = ""
	}
	return v
}

// letter is the i-th mark: a … z, then aa, ab, …
func letter(i int) string {
	if i < 26 {
		return string(rune('a' + i))
	}
	return letter(i/26-1) + letter(i%26)
}
