package report

import (
	"bytes"
	"encoding/csv"
	"strings"

	"magn/internal/evidence"
)

// kind says how a column's cells are printed.
type kind int

const (
	textual  kind = iota // as it is
	whole                // a count or a number that is no proportion
	number               // three decimals
	pvalue               // three decimals, "< 0.001"
	interval             // value, and its ends below it
	change               // interval of a difference, with its sign
)

// column of a table. In CSV it is one field, or three for an interval.
type column struct {
	group string // heading over several columns, may be empty
	head  string // in the page
	key   string // in CSV
	kind  kind
	bare  bool // the page shows an interval's value without its ends
}

// cell is one value. Why says why it, or its interval, does not exist.
type cell struct {
	text string
	iv   evidence.Interval // Value alone for single numbers
	why  string
}

// table is what the page and a CSV file both print.
type table struct {
	name    string // of its CSV file
	caption string
	columns []column
	rows    [][]cell
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

// reason is why the page prints an en dash, or no interval; empty where it
// prints all there is.
func (c cell) reason(col column) string {
	switch {
	case c.lacks(col) && c.why != "":
		return c.why
	case c.lacks(col):
		return "not defined for these data"
	case c.boundless(col):
		return "too few independent groups for an interval"
	}
	return ""
}

// csv is the table with every number in full precision; an undefined number is
// an empty field, and the last column says why.
func (t table) csv() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	var head []string
	for _, c := range t.columns {
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
			v := r[i]
			switch {
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
	Rows          [][]cellView
	Notes         []noteView
	Wide          bool // many columns: set tighter
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
	v := tableView{Name: t.name, Caption: t.caption, Wide: len(t.columns) > 12}
	grouped := false
	for _, c := range t.columns {
		v.Heads = append(v.Heads, headCell{c.head, c.kind != textual})
		grouped = grouped || c.group != ""
		if n := len(v.Groups); n > 0 && v.Groups[n-1].Text == c.group {
			v.Groups[n-1].Span++
		} else {
			v.Groups = append(v.Groups, headGroup{c.group, 1})
		}
	}
	if !grouped {
		v.Groups = nil
	}
	marks := map[string]string{}
	for _, r := range t.rows {
		row := make([]cellView, len(r))
		for i, c := range t.columns {
			row[i] = r[i].view(c)
			why := r[i].reason(c)
			if why == "" || (c.bare && !r[i].lacks(c)) {
				continue
			}
			if marks[why] == "" {
				marks[why] = letter(len(v.Notes))
				v.Notes = append(v.Notes, noteView{marks[why], why})
			}
			row[i].Mark = marks[why]
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

func (c cell) view(col column) cellView {
	v := cellView{Numeric: col.kind != textual}
	switch col.kind {
	case textual:
		v.Text = c.text
	case whole:
		v.Text = short(c.iv.Value)
	case number:
		v.Text = decimal(c.iv.Value)
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
